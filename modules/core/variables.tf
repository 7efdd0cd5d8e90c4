# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Prefix of the names of everything here, and of the parameters under /NAME in SSM."
  type        = string
  default     = "msls"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "The name must be 1 to 24 lower-case letters, digits and dashes, and start with a letter."
  }
}

variable "cidr_block" {
  description = "Address range of the VPC. Private address space only: a public range would hide the real owner's hosts."
  type        = string
  default     = "10.42.0.0/20"

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && can(regex("/(1[6-9]|2[0-4])$", var.cidr_block))
    error_message = "The range must be IPv4 in CIDR notation with a prefix of 16 to 24 bits, such as 10.42.0.0/20."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr_block))
    error_message = "The range must lie in private address space: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "availability_zone" {
  description = "Zone of both subnets; null takes the first one that is open. Accelerator types are not offered in every zone: ask with `aws ec2 describe-instance-type-offerings --location-type availability-zone`."
  type        = string
  default     = null
}

variable "ssh_cidr_blocks" {
  description = "Who may reach the jump host by ssh, such as [\"203.0.113.7/32\"]."
  type        = list(string)

  validation {
    condition     = length(var.ssh_cidr_blocks) > 0 && alltrue([for block in var.ssh_cidr_blocks : can(cidrnetmask(block))])
    error_message = "Name at least one IPv4 range in CIDR notation; a single address ends in /32."
  }

  validation {
    condition     = !anytrue([for block in var.ssh_cidr_blocks : endswith(block, "/0")])
    error_message = "The jump host must not be open to the whole internet; name the addresses you work from."
  }
}

variable "public_key" {
  description = "OpenSSH public key that opens every host, as one line."
  type        = string

  validation {
    condition     = can(regex("^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]+=*( .*)?$", trimspace(var.public_key)))
    error_message = "AWS takes ed25519 and RSA keys in OpenSSH's one-line form (ssh-ed25519 AAAA...)."
  }
}

variable "jump_instance_type" {
  description = "Instance type of the jump host; it only passes connections on."
  type        = string
  default     = "t3.micro"
}

variable "jump_ami" {
  description = "Image of the jump host; null takes the newest Ubuntu 22.04 image when the host is first made."
  type        = string
  default     = null

  validation {
    condition     = var.jump_ami == null || can(regex("^ami-[0-9a-f]{8,17}$", var.jump_ami))
    error_message = "An image id looks like ami-0a1b2c3d4e5f67890."
  }
}

variable "enable_nat" {
  description = "Whether the private subnet reaches the internet through a NAT gateway. It is billed by the hour, used or not."
  type        = bool
  default     = true
}

variable "efs_throughput_mode" {
  description = "Throughput mode of the file system. `bursting` limits reads to 50 KiB/s for each GiB stored once its credits are gone, which starves an accelerator."
  type        = string
  default     = "elastic"

  validation {
    condition     = contains(["elastic", "bursting"], var.efs_throughput_mode)
    error_message = "The throughput mode must be elastic or bursting."
  }
}

variable "monitor_ports" {
  description = "Ports of the monitor that the jump host may reach: what runs there, by port."
  type        = map(number)
  default = {
    grafana     = 3000
    tensorboard = 6006
  }
}

variable "tags" {
  description = "Tags of every object here, beside Name."
  type        = map(string)
  default     = {}
}
