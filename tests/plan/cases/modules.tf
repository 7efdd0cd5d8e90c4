@stage
module "outer" {
  source   = "./outer"
  for_each = toset(["p", "q"])
  name     = each.key
  size     = 2
}
output "names" { value = [for m in module.outer : m.names] }
output "one" { value = module.outer["p"].names[0] }
@file outer/main.tf
variable "name" { type = string }
variable "size" { type = number }
module "inner" {
  source = "../inner"
  count  = var.size
  name   = "${var.name}${count.index}"
}
resource "terraform_data" "o" {
  input = module.inner[*].id
}
output "names" { value = module.inner[*].name }
@file inner/main.tf
variable "name" { type = string }
locals { upper = upper(var.name) }
resource "terraform_data" "i" { input = local.upper }
output "id" { value = terraform_data.i.id }
output "name" { value = terraform_data.i.output }
@stage
module "outer" {
  source   = "./outer"
  for_each = toset(["q", "r"])
  name     = each.key
  size     = each.key == "q" ? 1 : 2
}
output "names" { value = [for m in module.outer : m.names] }
@file outer/main.tf
variable "name" { type = string }
variable "size" { type = number }
module "inner" {
  source = "../inner"
  count  = var.size
  name   = "new-${var.name}${count.index}"
}
resource "terraform_data" "o" {
  input = module.inner[*].id
  depends_on = [module.inner]
}
output "names" { value = module.inner[*].name }
@file inner/main.tf
variable "name" { type = string }
locals { upper = upper(var.name) }
resource "terraform_data" "i" { input = local.upper }
output "id" { value = terraform_data.i.id }
output "name" { value = terraform_data.i.output }
@stage -target=module.outer["q"].module.inner
module "outer" {
  source   = "./outer"
  for_each = toset(["q", "r"])
  name     = "x${each.key}"
  size     = 1
}
output "names" { value = [for m in module.outer : m.names] }
@file outer/main.tf
variable "name" { type = string }
variable "size" { type = number }
module "inner" {
  source = "../inner"
  count  = var.size
  name   = "new-${var.name}${count.index}"
}
resource "terraform_data" "o" { input = module.inner[*].id }
output "names" { value = module.inner[*].name }
@file inner/main.tf
variable "name" { type = string }
resource "terraform_data" "i" { input = var.name }
output "id" { value = terraform_data.i.id }
output "name" { value = terraform_data.i.output }
@stage -destroy
@same
