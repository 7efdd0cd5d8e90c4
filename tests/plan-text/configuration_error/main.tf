variable "number" {
  type    = number
  default = "x"
}
resource "terraform_data" "a" {
  inputs = 1
}
resource "terraform_data" "b" {
  input = var.nope
}
output "c" {
  value = terraform_data.zzz.id
}
