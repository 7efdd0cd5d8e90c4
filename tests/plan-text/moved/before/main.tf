resource "terraform_data" "old" {
  input = "x"
}
resource "terraform_data" "old_changed" {
  input = "y"
}
resource "terraform_data" "counted" {
  input = "z"
}
resource "terraform_data" "lonely" {
  input = "l"
}
