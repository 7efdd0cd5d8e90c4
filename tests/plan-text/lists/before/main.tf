resource "terraform_data" "insert" {
  input = ["a", "b", "c", "d", "e"]
}
resource "terraform_data" "remove" {
  input = ["a", "b", "c", "d", "e", "f"]
}
resource "terraform_data" "change" {
  input = [1, 2, 3]
}
resource "terraform_data" "reorder" {
  input = tolist(["a", "b", "c"])
}
resource "terraform_data" "objects" {
  input = [{ n = "a", v = 1 }, { n = "b", v = 2 }, { n = "c", v = 3 }]
}
resource "terraform_data" "nested" {
  input = [[1, 2], [3, 4], []]
}
resource "terraform_data" "strings" {
  input = ["one\ntwo\nthree", "x"]
}
resource "terraform_data" "emptied" {
  input = ["a"]
}
resource "terraform_data" "set" {
  input = toset(["a", "b", "c"])
}
resource "terraform_data" "set_of_objects" {
  input = toset([{ n = "a", v = 1 }, { n = "b", v = 2 }])
}
