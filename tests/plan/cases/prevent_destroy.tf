@stage
resource "terraform_data" "kept" {
  triggers_replace = 1
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "many" {
  count = 2
  lifecycle { prevent_destroy = true }
}
@stage
@only
resource "terraform_data" "kept" {
  triggers_replace = 2
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "many" {
  count = 2
  lifecycle { prevent_destroy = true }
}
@stage
@only
resource "terraform_data" "kept" {
  triggers_replace = 1
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "many" {
  count = 1
  lifecycle { prevent_destroy = true }
}
@stage -destroy
@same
@only
@stage
resource "terraform_data" "many" { count = 1 }
