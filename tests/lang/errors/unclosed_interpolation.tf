locals {
  name = "${var.prefix-host"
  next = 1
  more = "${var.prefix
  last = "${upper(var.x}"
}
