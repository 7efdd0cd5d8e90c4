locals {
  a = merge(var.tags, { Name = "x" }
  b = 1
}
