@stage
resource "terraform_data" "a" {
  input            = 1
  triggers_replace = ["one"]
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "b" {
  input            = terraform_data.a.id
  triggers_replace = terraform_data.a.id
}
resource "terraform_data" "below" { triggers_replace = "one" }
resource "terraform_data" "above" {
  input = terraform_data.below.id
  lifecycle { create_before_destroy = true }
}
@stage
resource "terraform_data" "a" {
  input            = 2
  triggers_replace = ["two"]
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "b" {
  input            = terraform_data.a.id
  triggers_replace = terraform_data.a.id
}
resource "terraform_data" "below" { triggers_replace = "two" }
resource "terraform_data" "above" {
  input = terraform_data.below.id
  lifecycle { create_before_destroy = true }
}
@stage -replace=terraform_data.b
@same
