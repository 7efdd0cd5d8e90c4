@stage
resource "terraform_data" "forgotten" { input = 1 }
resource "terraform_data" "destroyed" { input = 1 }
resource "terraform_data" "many" { count = 2 }
module "m" { source = "./mod" }
@file mod/main.tf
resource "terraform_data" "x" { input = 1 }
resource "terraform_data" "y" { input = 1 }
@stage
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
removed {
  from = terraform_data.destroyed
  lifecycle { destroy = true }
}
removed {
  from = module.m.terraform_data.x
  lifecycle { destroy = false }
}
resource "terraform_data" "many" { count = 2 }
module "m" { source = "./mod" }
@file mod/main.tf
resource "terraform_data" "y" { input = 1 }
@stage
removed {
  from = module.m
  lifecycle { destroy = false }
}
removed {
  from = terraform_data.many
  lifecycle { destroy = false }
}
