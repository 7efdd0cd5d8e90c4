resource "terraform_data" "number" {
  input = 1
}
resource "terraform_data" "bool" {
  input = true
}
resource "terraform_data" "to_null" {
  input = "x"
}
resource "terraform_data" "from_null" {
  input = null
}
resource "terraform_data" "string_to_list" {
  input = "x"
}
resource "terraform_data" "list_to_object" {
  input = ["x"]
}
resource "terraform_data" "number_to_string" {
  input = 5
}
resource "terraform_data" "tuple_to_list" {
  input = ["x"]
}
resource "terraform_data" "replaced" {
  input            = "x"
  triggers_replace = ["a", 2]
}
resource "terraform_data" "big" {
  input = 1e21
}
