locals {
  a = 1
}

/* This was to be finished later
locals {
  b = 2
}
