variable "size" {
  default = 3
}
resource "terraform_data" "a" {
  input = "a"
  lifecycle {
    precondition {
      condition     = var.size == 2
      error_message = "Two letters are needed, not ${var.size}."
    }
  }
}
