@stage
resource "terraform_data" "a" { input = "a" }
module "m" {
  count  = 2
  source = "./mod"
}
module "n" { source = "./mod" }
@file mod/main.tf
resource "terraform_data" "in" { input = "in" }
@stage
@only
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
module "m" {
  count  = 1
  source = "./mod"
}
@file mod/main.tf
resource "terraform_data" "in" { input = "in" }
