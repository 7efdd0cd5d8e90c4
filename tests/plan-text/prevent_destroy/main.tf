resource "terraform_data" "a" {
  input            = "a"
  triggers_replace = 2
  lifecycle {
    prevent_destroy = true
  }
}
