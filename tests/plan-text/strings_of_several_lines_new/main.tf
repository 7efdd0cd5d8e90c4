resource "terraform_data" "created" {
  input = "one\ntwo\n"
}
resource "terraform_data" "to_several" {
  input = "one\ntwo"
}
resource "terraform_data" "to_one" {
  input = "one"
}
resource "terraform_data" "odd" {
  input = "tab\there \"quoted\" $${x} %%{y} back\\slash é \u0007"
}
resource "terraform_data" "line_end" {
  input = "one\ntwo\n"
}
