locals {
  a = [1 2]
  b = ["x, "y"]
  c = max(1 2)
  d = { x = 1 y = 2 }
  e = [
    "one"
    "two"
  ]
}
