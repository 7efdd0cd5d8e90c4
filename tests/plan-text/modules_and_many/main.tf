module "net" {
  source = "./m"
  count  = 2
  name   = "n${count.index}"
}
resource "terraform_data" "summary" {
  input = module.net[*].inner
}
output "inner" {
  value = module.net[0].inner
}
