variable "name" {}
resource "terraform_data" "inner" {
  input = var.name
}
resource "terraform_data" "list" {
  count = 2
  input = "${var.name}${count.index}"
}
