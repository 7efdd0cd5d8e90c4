resource "aws_vpc" "main" {
  tags.Name = "x"
  list[0]   = 1
}
