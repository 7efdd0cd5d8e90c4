# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Name of the monitor and its role."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.name))
    error_message = "The name must be 1 to 32 lower-case letters, digits and dashes, and start with a letter."
  }
}

variable "instance_type" {
  description = "Instance type of the monitor."
  type        = string
  default     = "t3.small"
}

variable "subnet_id" {
  description = "Subnet of the monitor."
  type        = string
}

variable "security_group_ids" {
  description = "Security groups of the monitor."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "Without a group of its own the monitor would fall into the VPC's default group."
  }
}

variable "key_name" {
  description = "Key pair that opens the monitor."
  type        = string
}

variable "efs_id" {
  description = "File system mounted at /efs; Grafana keeps its data in /efs/monitor, TensorBoard reads /efs/runs."
  type        = string
}

variable "ami" {
  description = "Image, of the Debian family; null takes the newest Ubuntu 22.04 image when the monitor is first made."
  type        = string
  default     = null

  validation {
    condition     = var.ami == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami))
    error_message = "An image id looks like ami-0a1b2c3d4e5f67890."
  }
}

variable "grafana_version" {
  description = "Version of Grafana."
  type        = string
  default     = "11.2.2"

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", var.grafana_version))
    error_message = "Name a full version, such as 11.2.2, so that a rebuilt monitor is the same one."
  }
}

variable "tensorboard_version" {
  description = "Version of TensorBoard."
  type        = string
  default     = "2.17.1"

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", var.tensorboard_version))
    error_message = "Name a full version, such as 2.17.1, so that a rebuilt monitor is the same one."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace that the training hosts write to."
  type        = string
  default     = "Training"
}

variable "ports" {
  description = "Ports on which the pages are served."
  type = object({
    grafana     = optional(number, 3000)
    tensorboard = optional(number, 6006)
  })
  default = {}
}

variable "tags" {
  description = "Tags of every object here, beside Name."
  type        = map(string)
  default     = {}
}
