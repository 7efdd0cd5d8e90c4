resource "terraform_data" "source" {
  input            = "x"
  triggers_replace = "b"
}
resource "terraform_data" "whole" {
  input = terraform_data.source.id
}
resource "terraform_data" "part" {
  input = { name = "n", id = terraform_data.source.id, list = ["a", terraform_data.source.id] }
}
resource "terraform_data" "text" {
  input = "id is ${terraform_data.source.id}\nand more"
}
resource "terraform_data" "json" {
  input = jsonencode({ id = terraform_data.source.id })
}
resource "terraform_data" "replaced" {
  triggers_replace = terraform_data.source.id
}
output "id" {
  value = terraform_data.source.id
}
output "list" {
  value = [terraform_data.source.id, "b"]
}
