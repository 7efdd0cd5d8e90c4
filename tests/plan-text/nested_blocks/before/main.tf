resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main", Team = "ml" }
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
  tags       = { Name = "a" }

  availability_zone = "us-east-1a"
}

resource "aws_instance" "host" {
  ami           = "ami-0a1b2c3d4e5f60001"
  instance_type = "t3.micro"
  private_ip    = "10.0.1.10"
  subnet_id     = aws_subnet.a.id
  user_data     = "#!/bin/sh\n"

  root_block_device {
    volume_size = 20
    volume_type = "gp2"
  }

  metadata_options {
    http_tokens = "optional"
  }

  tags = { Name = "host" }
}
