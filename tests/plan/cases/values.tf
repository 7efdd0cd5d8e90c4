@stage
variable "secret" {
  type      = string
  sensitive = true
}
locals {
  mixed = { n = 1.5, big = 123456789012345678901234567890, b = true, nothing = null, l = [1, "a", [true]], e = {} }
}
resource "terraform_data" "a" { input = local.mixed }
resource "terraform_data" "text" { input = "é\n\"q\" $${x} %%{y} \t" }
resource "terraform_data" "secret" { input = { s = var.secret, list = [var.secret, "open"] } }
resource "terraform_data" "unknown" {
  input = {
    later = terraform_data.a.id
    list  = [terraform_data.a.id, "x"]
    text  = "id is ${terraform_data.a.id}"
    deep  = { k = { v = terraform_data.a.output } }
    len   = length(terraform_data.a.id)
    cond  = terraform_data.a.id == "" ? "none" : "some"
    set   = toset([terraform_data.a.id, "x"])
    map   = { for k in ["a", "b"] : k => "${k}-${terraform_data.a.id}" }
    split = split("-", terraform_data.a.id)
    tern  = true ? "known" : terraform_data.a.id
    json  = jsonencode({ id = terraform_data.a.id })
  }
}
resource "terraform_data" "typed" {
  input            = toset(["b", "a"])
  triggers_replace = tolist([1, 2])
}
output "secret" {
  value     = terraform_data.secret.output
  sensitive = true
}
output "later" { value = terraform_data.unknown.output }
output "id" { value = terraform_data.a.id }
output "nothing" { value = null }
@stage
variable "secret" {
  type      = string
  sensitive = true
}
resource "terraform_data" "a" { input = { n = 1.50, b = "true", nothing = null, l = ["a", 1] } }
resource "terraform_data" "text" { input = "é\n\"q\" $${x} %%{y}" }
resource "terraform_data" "secret" { input = { s = "hunter2", list = [var.secret, "open"] } }
resource "terraform_data" "unknown" {
  input = { later = terraform_data.a.id, out = terraform_data.a.output }
}
resource "terraform_data" "typed" {
  input            = ["a", "b"]
  triggers_replace = [1, 2]
}
output "secret" {
  value     = nonsensitive(terraform_data.secret.output.s)
}
output "id" { value = terraform_data.a.id }
output "nothing" { value = null }
