@stage
variable "n" { default = 2 }
resource "terraform_data" "c" {
  count = var.n
  input = "c${count.index}"
}
resource "terraform_data" "e" {
  for_each = { a = 1, b = 2 }
  input    = "${each.key}=${each.value}"
}
resource "terraform_data" "s" {
  for_each = toset(["x", "y"])
  input    = each.value
}
output "all" { value = { c = terraform_data.c[*].input, e = { for k, v in terraform_data.e : k => v.output } } }
@stage -var=n=3
@same
@stage -var=n=1
@same
@stage
resource "terraform_data" "c" {
  input = "alone"
}
resource "terraform_data" "e" {
  for_each = { b = 3, c = 2 }
  input    = "${each.key}=${each.value}"
}
resource "terraform_data" "s" {
  for_each = toset([])
  input    = each.value
}
@stage
resource "terraform_data" "c" {
  for_each = { alone = 1 }
  input    = "alone"
}
resource "terraform_data" "e" {
  count = 1
  input = "e"
}
