resource "terraform_data" "number" {
  input = 1.5
}
resource "terraform_data" "bool" {
  input = false
}
resource "terraform_data" "to_null" {
  input = null
}
resource "terraform_data" "from_null" {
  input = "x"
}
resource "terraform_data" "string_to_list" {
  input = ["x"]
}
resource "terraform_data" "list_to_object" {
  input = { x = 1 }
}
resource "terraform_data" "number_to_string" {
  input = "5"
}
resource "terraform_data" "tuple_to_list" {
  input = tolist(["x"])
}
resource "terraform_data" "replaced" {
  input            = "x"
  triggers_replace = ["b", 2]
}
resource "terraform_data" "big" {
  input = 123456789012345678901234567890
}
