@stage
resource "terraform_data" "t" {
  count            = 2
  input            = { a = 1, b = count.index }
  triggers_replace = 1
}
resource "terraform_data" "whole" {
  lifecycle { replace_triggered_by = [terraform_data.t] }
}
resource "terraform_data" "first" {
  lifecycle { replace_triggered_by = [terraform_data.t[0]] }
}
resource "terraform_data" "attribute" {
  lifecycle { replace_triggered_by = [terraform_data.t[1].input.a] }
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.t[count.index].input] }
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole.id] }
}
@stage
resource "terraform_data" "t" {
  count            = 2
  input            = { a = 1, b = count.index * 7 }
  triggers_replace = 1
}
resource "terraform_data" "whole" {
  lifecycle { replace_triggered_by = [terraform_data.t] }
}
resource "terraform_data" "first" {
  lifecycle { replace_triggered_by = [terraform_data.t[0]] }
}
resource "terraform_data" "attribute" {
  lifecycle { replace_triggered_by = [terraform_data.t[1].input.a] }
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.t[count.index].input] }
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole.id] }
}
@stage
resource "terraform_data" "t" {
  count            = 2
  input            = { a = 2, b = count.index * 7 }
  triggers_replace = 2
}
resource "terraform_data" "whole" {
  lifecycle { replace_triggered_by = [terraform_data.t] }
}
resource "terraform_data" "first" {
  lifecycle { replace_triggered_by = [terraform_data.t[0]] }
}
resource "terraform_data" "attribute" {
  lifecycle { replace_triggered_by = [terraform_data.t[1].input.a] }
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.t[count.index].input] }
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole.id] }
}
