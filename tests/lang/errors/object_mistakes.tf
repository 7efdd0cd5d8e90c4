locals {
  a = { x }
  b = { x => 1 }
  c = { x = }
  d = {
    inner {
      y = 1
    }
  }
  e = { my key = 1 }
  f = { , }
}
