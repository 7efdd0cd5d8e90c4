variable "region" {
  type    = string
  default = 'eu-west-1'
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16
  tags = {
    Name = "main"
  }
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8 1)
  tags       = { Name = "a" Zone = "b" }
  count      = var.on ? 1
}

output "id" {
  value: aws_vpc.main.id
}

locals {
  good  = 1
  names = ["a", "b"
  more  = 2
}
