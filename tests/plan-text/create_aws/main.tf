resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "main", Team = "ml" }
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8, 1)
}

resource "aws_security_group" "ssh" {
  name   = "ssh"
  vpc_id = aws_vpc.main.id

  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["192.0.2.0/24", "198.51.100.0/24"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "host" {
  count = 2

  ami                    = "ami-0a1b2c3d4e5f60002"
  instance_type          = "p3.2xlarge"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.ssh.id]
  key_name               = "lab"
  user_data              = <<-EOT
    #!/bin/sh
    echo ${count.index}
  EOT

  root_block_device {
    volume_size = 100
    volume_type = "gp3"
    tags        = { Name = "root" }
  }

  instance_market_options {
    market_type = "spot"
    spot_options {
      max_price = "1.10"
    }
  }

  tags = { Name = "host-${count.index}" }
}

output "vpc_id" {
  value = aws_vpc.main.id
}

output "ips" {
  value = aws_instance.host[*].private_ip
}
