locals {
  name = "café"
  other = "é"
}
