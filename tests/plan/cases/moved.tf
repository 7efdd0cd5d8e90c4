@stage
resource "terraform_data" "a" { input = "a" }
resource "terraform_data" "single" { input = "s" }
resource "terraform_data" "many" {
  count = 2
  input = count.index
}
resource "terraform_data" "inner" { input = "i" }
module "old" { source = "./mod" }
@file mod/main.tf
resource "terraform_data" "in" { input = "in" }
output "id" { value = terraform_data.in.id }
@stage
resource "terraform_data" "b" { input = "a" }
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
resource "terraform_data" "single" {
  count = 2
  input = "s"
}
resource "terraform_data" "many" {
  for_each = { zero = 0, one = 1 }
  input    = each.value
}
moved {
  from = terraform_data.many[0]
  to   = terraform_data.many["zero"]
}
moved {
  from = terraform_data.many[1]
  to   = terraform_data.many["one"]
}
module "new" { source = "./mod" }
moved {
  from = module.old
  to   = module.new
}
moved {
  from = terraform_data.inner
  to   = module.new.terraform_data.inner
}
@file mod/main.tf
resource "terraform_data" "in" { input = "changed" }
resource "terraform_data" "inner" { input = "i" }
output "id" { value = terraform_data.in.id }
@stage
resource "terraform_data" "c" { input = "c" }
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
moved {
  from = terraform_data.b
  to   = terraform_data.c
}
resource "terraform_data" "single" { input = "s" }
resource "terraform_data" "lot" {
  for_each = { zero = 0, one = 1 }
  input    = each.value
}
moved {
  from = terraform_data.many
  to   = terraform_data.lot
}
module "new" {
  source = "./mod"
  count  = 1
}
@file mod/main.tf
resource "terraform_data" "renamed" { input = "changed" }
moved {
  from = terraform_data.in
  to   = terraform_data.renamed
}
output "id" { value = terraform_data.renamed.id }
