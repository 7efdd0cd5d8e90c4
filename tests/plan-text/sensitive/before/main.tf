variable "secret" {
  type      = string
  sensitive = true
}
resource "terraform_data" "inside" {
  input = { user = "me", password = var.secret, list = ["a", "b"] }
}
resource "terraform_data" "becomes" {
  input = "hunter2"
}
resource "terraform_data" "no_longer" {
  input = var.secret
}
resource "aws_ssm_parameter" "token" {
  name  = "/lab/token"
  type  = "SecureString"
  value = "old"
}
output "kept" {
  value     = var.secret
  sensitive = true
}
output "opened" {
  value     = "plain"
  sensitive = true
}
