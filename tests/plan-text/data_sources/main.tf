data "aws_vpc" "found" {
  tags = { Name = "shared" }
}
data "aws_availability_zones" "all" {
  state = "available"
}
resource "aws_subnet" "s" {
  vpc_id            = data.aws_vpc.found.id
  cidr_block        = "10.9.1.0/24"
  availability_zone = data.aws_availability_zones.all.names[0]
}
data "aws_subnet" "later" {
  id = aws_subnet.s.id
}
data "aws_region" "after" {
  depends_on = [aws_subnet.s]
}
output "cidr" {
  value = data.aws_vpc.found.cidr_block
}
output "later" {
  value = data.aws_subnet.later.availability_zone
}
