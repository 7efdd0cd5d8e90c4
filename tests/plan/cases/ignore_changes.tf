@stage
resource "terraform_data" "one" { input = { a = 1, b = { c = [1, 2] } } }
resource "terraform_data" "all" {
  input            = 1
  triggers_replace = 1
}
resource "terraform_data" "trigger" {
  input            = 1
  triggers_replace = 1
}
resource "terraform_data" "added" { input = 1 }
@stage
resource "terraform_data" "one" {
  input = { a = 2, b = { c = [1, 3] } }
  lifecycle { ignore_changes = [input.b.c] }
}
resource "terraform_data" "all" {
  input            = 2
  triggers_replace = 2
  lifecycle { ignore_changes = all }
}
resource "terraform_data" "trigger" {
  input            = 2
  triggers_replace = 2
  lifecycle { ignore_changes = [triggers_replace] }
}
resource "terraform_data" "added" {
  input            = 1
  triggers_replace = 1
  lifecycle { ignore_changes = [input] }
}
@stage
resource "terraform_data" "one" {
  lifecycle { ignore_changes = [input] }
}
resource "terraform_data" "all" {
  lifecycle { ignore_changes = all }
}
resource "terraform_data" "trigger" {
  input = 3
  lifecycle { ignore_changes = [triggers_replace, input] }
}
resource "terraform_data" "added" {
  lifecycle { ignore_changes = [input] }
}
