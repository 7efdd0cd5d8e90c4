resource "terraform_data" "lonely" {
  input = "l"
}
