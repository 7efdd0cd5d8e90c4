resource "terraform_data" "a" {
  input = "a"
}
check "fails" {
  assert {
    condition     = terraform_data.a.input == "b"
    error_message = "It is not b, it is ${terraform_data.a.input}."
  }
}
check "later" {
  assert {
    condition     = terraform_data.a.output == "b"
    error_message = "Not known yet."
  }
}
