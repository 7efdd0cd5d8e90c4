locals {
  a =
  b = 1 +
  c = true ?
    1 : 2
  d = true
    ? 1
    : 2
  e
  f = [1,,2]
}
