resource "terraform_data" "count" {
  count = 1
  input = count.index
}
resource "terraform_data" "each" {
  for_each = toset(["a", "c"])
  input    = each.key
}
module "m" {
  source   = "./m"
  for_each = toset(["x"])
  name     = each.key
}

resource "terraform_data" "single" {
  input = 1
}
resource "terraform_data" "now_counted" {
  count = 0
  input = 1
}
