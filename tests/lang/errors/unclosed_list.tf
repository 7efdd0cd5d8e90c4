locals {
  zones = [
    "a",
    "b",
  count = 2
}
