locals {
  a = “one”
  b = ‘two’
}
