resource "terraform_data" "t" {
  input = tomap({ same = "s", changed = "b", added = "n", "with space" = "w2", aaa = "1", bbb = "2" })
}
resource "terraform_data" "object" {
  input = { same = 1, changed = [2], added = { x = 1 }, nothing = null }
}
resource "terraform_data" "empty" {
  input = tomap({})
}
resource "terraform_data" "filled" {
  input = tomap({ a = "1" })
}
resource "terraform_data" "many" {
  input = { for i in range(12) : "key${i}" => i == 3 ? "new" : "old" }
}
