variable "nope" {}
variable "other" {
  type = number
}
