locals {
  a = 100GB
  b = 0xFF
  c = 1_000
  d = .5
  e = 1.2.3
  f = 10.0.0.0/16
}
