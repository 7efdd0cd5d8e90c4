locals {
  a = var.f(1)
  b = f(1...
  c = f(1..., 2)
  d = provider::aws::arn
  e = provider::1
}
