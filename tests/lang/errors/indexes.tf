locals {
  a = x.0.1
  b = x.*.y.*.z
  c = x.[0]
  d = x.
  e = x[0, 1]
  f = x["a"
}
