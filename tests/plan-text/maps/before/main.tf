resource "terraform_data" "t" {
  input = tomap({ same = "s", changed = "a", removed = "r", "with space" = "w1", aaa = "1", bbb = "2" })
}
resource "terraform_data" "object" {
  input = { same = 1, changed = [1], removed = "x", nothing = null }
}
resource "terraform_data" "empty" {
  input = tomap({ a = "1" })
}
resource "terraform_data" "filled" {
  input = tomap({})
}
resource "terraform_data" "many" {
  input = { for i in range(12) : "key${i}" => "old" }
}
