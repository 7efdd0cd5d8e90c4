resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main", Team = "ml" }

  lifecycle {
    ignore_changes = [tags]
  }
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
  tags       = { Name = "a" }

  availability_zone = "us-east-1a"
}

resource "terraform_data" "uses" {
  input = aws_vpc.main.tags.Name
}

output "name" {
  value = aws_vpc.main.tags.Name
}
