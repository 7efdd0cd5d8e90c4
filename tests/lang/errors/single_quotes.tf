locals {
  a = ['one', 'two']
  b = 'x'
}

resource 'aws_vpc' 'main' {
}
