locals {
  a = [for x in y]
  b = { for x in y : x }
  c = [for x in y : x => 1]
  d = [for x in y : x...]
  e = [for x of y : x]
  f = for x in y : x
  g = [for a, b, c in y : a]
}
