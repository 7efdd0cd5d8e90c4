locals {
  a = `one`
}
