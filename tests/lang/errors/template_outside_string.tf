locals {
  a = ${var.x}
  b = %{ if x }
}
