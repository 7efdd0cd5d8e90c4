variable "size" {
  default = 3
  validation {
    condition     = var.size < 3
    error_message = "The size must be below 3."
  }
}
resource "terraform_data" "a" {
  input = var.size
}
