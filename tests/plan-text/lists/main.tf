resource "terraform_data" "insert" {
  input = ["a", "x", "b", "c", "d", "e"]
}
resource "terraform_data" "remove" {
  input = ["a", "c", "d", "e", "f"]
}
resource "terraform_data" "change" {
  input = [1, 20, 3]
}
resource "terraform_data" "reorder" {
  input = tolist(["c", "a", "b"])
}
resource "terraform_data" "objects" {
  input = [{ n = "a", v = 1 }, { n = "b", v = 20 }, { n = "c", v = 3 }]
}
resource "terraform_data" "nested" {
  input = [[1, 2], [3, 4, 5], []]
}
resource "terraform_data" "strings" {
  input = ["one\ntwo changed\nthree", "x"]
}
resource "terraform_data" "emptied" {
  input = []
}
resource "terraform_data" "set" {
  input = toset(["a", "c", "d"])
}
resource "terraform_data" "set_of_objects" {
  input = toset([{ n = "a", v = 1 }, { n = "b", v = 20 }])
}
