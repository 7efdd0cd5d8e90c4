variable "secret" {
  type      = string
  sensitive = true
}
resource "terraform_data" "created" {
  input = var.secret
}
resource "terraform_data" "inside" {
  input = { user = "me", password = "${var.secret}2", list = ["a", var.secret] }
}
resource "terraform_data" "becomes" {
  input = var.secret
}
resource "terraform_data" "no_longer" {
  input = "hunter2"
}
resource "aws_ssm_parameter" "token" {
  name  = "/lab/token"
  type  = "SecureString"
  value = "new"
}
output "kept" {
  value     = "${var.secret}3"
  sensitive = true
}
output "fresh" {
  value     = var.secret
  sensitive = true
}
output "opened" {
  value = "plain"
}
