resource "aws_vpc", "main" {
}
resource "aws_vpc" "${var.name}" {
}
resource aws_vpc.main {
}
resource "aws_vpc" "main"
resource "aws_vpc" 1 {
}
