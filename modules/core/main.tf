# SPDX-License-Identifier: Apache-2.0
#
# The network that every other module stands on: one VPC with a public and a private subnet in one zone, the way
# out, a jump host, and a file system that the private hosts share.

data "aws_availability_zones" "open" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  availability_zone = var.availability_zone == null ? data.aws_availability_zones.open.names[0] : var.availability_zone
  subnet_ranges     = cidrsubnets(var.cidr_block, 4, 1)
}

# ---- network

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true # the file system is mounted by its name

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    precondition {
      condition     = contains(data.aws_availability_zones.open.names, local.availability_zone)
      error_message = "Zone ${local.availability_zone} is not open here; these are: ${join(", ", data.aws_availability_zones.open.names)}."
    }
  }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = local.subnet_ranges[0]
  availability_zone = local.availability_zone

  tags = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = local.subnet_ranges[1]
  availability_zone = local.availability_zone

  tags = merge(var.tags, { Name = "${var.name}-private" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }

  tags = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-private" })
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

# A subnet that is added later and told nothing is private.
resource "aws_main_route_table_association" "this" {
  vpc_id         = aws_vpc.this.id
  route_table_id = aws_route_table.private.id
}

resource "aws_eip" "nat" {
  count = var.enable_nat ? 1 : 0

  domain = "vpc"

  tags = merge(var.tags, { Name = "${var.name}-nat" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = var.enable_nat ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public.id

  tags = merge(var.tags, { Name = var.name })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "private_out" {
  count = var.enable_nat ? 1 : 0

  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

# ---- who may talk to whom
#
# A group that something is attached to cannot be deleted, and a mount target never lets go of its group by itself.
# So a group that must be replaced is made anew first, attached, and only then is the old one removed: hence
# name_prefix and create_before_destroy.

resource "aws_security_group" "jump" {
  name_prefix = "${var.name}-jump-"
  description = "Jump host: ssh from outside"
  vpc_id      = aws_vpc.this.id

  ingress {
    description = "ssh"
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = var.ssh_cidr_blocks
  }

  egress {
    description = "anywhere"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = merge(var.tags, { Name = "${var.name}-jump" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "worker" {
  name_prefix = "${var.name}-worker-"
  description = "Training hosts: ssh from the jump host, everything among themselves"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-worker" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "worker_ssh" {
  security_group_id            = aws_security_group.worker.id
  ip_protocol                  = "tcp"
  from_port                    = 22
  to_port                      = 22
  referenced_security_group_id = aws_security_group.jump.id

  tags = merge(var.tags, { Name = "${var.name}-worker-ssh" })
}

# The ranks of one job talk to each other. EFA, where hosts use it, wants the group itself named as a destination, too.
resource "aws_vpc_security_group_ingress_rule" "worker_peers" {
  security_group_id            = aws_security_group.worker.id
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.worker.id

  tags = merge(var.tags, { Name = "${var.name}-worker-peers" })
}

resource "aws_vpc_security_group_egress_rule" "worker_peers" {
  security_group_id            = aws_security_group.worker.id
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.worker.id

  tags = merge(var.tags, { Name = "${var.name}-worker-peers" })
}

resource "aws_vpc_security_group_egress_rule" "worker_out" {
  security_group_id = aws_security_group.worker.id
  ip_protocol       = "-1"
  description       = "anywhere"
  cidr_ipv4         = "0.0.0.0/0"

  tags = merge(var.tags, { Name = "${var.name}-worker-out" })
}

resource "aws_security_group" "monitor" {
  name_prefix = "${var.name}-monitor-"
  description = "Monitor: ssh and its pages from the jump host"
  vpc_id      = aws_vpc.this.id

  dynamic "ingress" {
    for_each = merge({ ssh = 22 }, var.monitor_ports)

    content {
      description     = ingress.key
      protocol        = "tcp"
      from_port       = ingress.value
      to_port         = ingress.value
      security_groups = [aws_security_group.jump.id]
    }
  }

  egress {
    description = "anywhere"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = merge(var.tags, { Name = "${var.name}-monitor" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "efs" {
  name_prefix = "${var.name}-efs-"
  description = "File system: NFS from our hosts"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-efs" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group_rule" "efs" {
  for_each = {
    jump    = aws_security_group.jump.id
    worker  = aws_security_group.worker.id
    monitor = aws_security_group.monitor.id
  }

  security_group_id        = aws_security_group.efs.id
  type                     = "ingress"
  description              = "NFS from ${each.key}"
  protocol                 = "tcp"
  from_port                = 2049
  to_port                  = 2049
  source_security_group_id = each.value
}

# ---- shared files

resource "aws_efs_file_system" "this" {
  creation_token  = "${var.name}-shared"
  encrypted       = true
  throughput_mode = var.efs_throughput_mode

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_efs_mount_target" "this" {
  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = aws_subnet.private.id
  security_groups = [aws_security_group.efs.id]
}

resource "aws_ssm_parameter" "efs_id" {
  name        = "/${var.name}/efs-id"
  description = "File system that the hosts mount at /efs"
  type        = "String"
  value       = aws_efs_file_system.this.id

  tags = var.tags
}

# ---- jump host

resource "aws_key_pair" "this" {
  key_name   = var.name
  public_key = trimspace(var.public_key)

  tags = var.tags
}

data "aws_ami" "ubuntu" {
  count = var.jump_ami == null ? 1 : 0

  most_recent = true
  owners      = ["099720109477"] # Canonical

  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

resource "aws_instance" "jump" {
  ami                    = var.jump_ami == null ? data.aws_ami.ubuntu[0].id : var.jump_ami
  instance_type          = var.jump_instance_type
  subnet_id              = aws_subnet.public.id
  vpc_security_group_ids = [aws_security_group.jump.id]
  key_name               = aws_key_pair.this.key_name

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  tags = merge(var.tags, { Name = "${var.name}-jump" })

  lifecycle {
    ignore_changes = [ami] # a newer image is no reason to replace a running host
  }
}

# An address of its own, so that it stays the same when the host is stopped over night.
resource "aws_eip" "jump" {
  domain   = "vpc"
  instance = aws_instance.jump.id

  tags = merge(var.tags, { Name = "${var.name}-jump" })

  depends_on = [aws_internet_gateway.this]
}
