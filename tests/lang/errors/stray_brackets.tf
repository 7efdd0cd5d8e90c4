locals {
  a = 1]
  b = [1)]
}
}
locals {
  c = = 2
]
