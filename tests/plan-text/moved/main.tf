resource "terraform_data" "new" {
  input = "x"
}
resource "terraform_data" "new_changed" {
  input = "y2"
}
resource "terraform_data" "counted" {
  count = 2
  input = "z"
}
module "m" {
  source = "./m"
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
moved {
  from = terraform_data.old_changed
  to   = terraform_data.new_changed
}
moved {
  from = terraform_data.lonely
  to   = module.m.terraform_data.lonely
}
