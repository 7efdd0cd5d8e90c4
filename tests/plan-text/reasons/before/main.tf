resource "terraform_data" "count" {
  count = 3
  input = count.index
}
resource "terraform_data" "each" {
  for_each = toset(["a", "b"])
  input    = each.key
}
module "m" {
  source   = "./m"
  for_each = toset(["x", "y"])
  name     = each.key
}

resource "terraform_data" "single" {
  count = 2
  input = 1
}
resource "terraform_data" "now_counted" {
  input = 1
}
resource "terraform_data" "gone" {
  input = 1
}
module "gone" {
  source = "./m"
  name   = "g"
}
