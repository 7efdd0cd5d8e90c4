resource "terraform_data" "to_several" {
  input = "one"
}
resource "terraform_data" "to_one" {
  input = "one\ntwo"
}
resource "terraform_data" "gone" {
  input = "one\ntwo\n"
}
resource "terraform_data" "line_end" {
  input = "one\ntwo"
}
