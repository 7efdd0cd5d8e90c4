locals { a = 1, b = 2 }
locals { a = 1
}
resource "a" "b" { lifecycle { x = 1 } }
locals {
  a = 1 }
locals {} locals {}
