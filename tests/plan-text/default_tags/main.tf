provider "aws" {
  alias  = "tagged"
  region = "us-east-1"
  default_tags {
    tags = { Owner = "lab", Name = "default" }
  }
}
resource "aws_vpc" "v" {
  provider   = aws.tagged
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "v" }
}
resource "aws_vpc" "plain" {
  provider   = aws.tagged
  cidr_block = "10.1.0.0/16"
}
