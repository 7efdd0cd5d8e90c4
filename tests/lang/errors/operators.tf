locals {
  a = x and y
  b = x or y
  c = not x
  d = 2 ** 3
  e = 2 ^ 3
  f = x & y
  g = x | y
  h = ~x
  i = x === y
  j = "a" "b"
  k = x ?: y
}
