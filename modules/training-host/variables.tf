# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Name of the host, its role and its parameters under /NAME in SSM."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.name))
    error_message = "The name must be 1 to 32 lower-case letters, digits and dashes, and start with a letter."
  }
}

variable "instance_type" {
  description = "Instance type, such as dl1.24xlarge (8 Gaudi), p3.8xlarge (4 V100) or t3.large (none, to try things out)."
  type        = string
  default     = "dl1.24xlarge"

  # Each family has its generation in its name: dl1, p3, g4dn. A type without one is a slip of the hand.
  validation {
    condition     = can(regex("^[a-z]+[0-9]+[a-z0-9-]*\\.([0-9]*x?large|nano|micro|small|medium|metal|[0-9]*metal-[0-9]+xl)$", var.instance_type))
    error_message = "An instance type is a family with its generation, a dot and a size: dl1.24xlarge, p3.8xlarge."
  }
}

variable "subnet_id" {
  description = "Subnet of the host."
  type        = string
}

variable "availability_zone" {
  description = "Zone of that subnet; the data volume must lie in it."
  type        = string
}

variable "security_group_ids" {
  description = "Security groups of the host."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "Without a group of its own the host would fall into the VPC's default group."
  }
}

variable "key_name" {
  description = "Key pair that opens the host."
  type        = string
}

variable "efs_id" {
  description = "File system mounted at /efs."
  type        = string
}

variable "ami" {
  description = "Image; null takes the newest Deep Learning image for the accelerator, or plain Ubuntu for a type without one."
  type        = string
  default     = null

  validation {
    condition     = var.ami == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami))
    error_message = "An image id looks like ami-0a1b2c3d4e5f67890."
  }
}

variable "root_volume_size" {
  description = "Size of the root volume in GiB. Deep Learning images need more than 100."
  type        = number
  default     = 200

  validation {
    condition     = var.root_volume_size >= 8 && var.root_volume_size <= 16384 && floor(var.root_volume_size) == var.root_volume_size
    error_message = "The root volume must have 8 to 16384 GiB, a whole number."
  }
}

variable "data_volume" {
  description = "A volume for the training data, mounted at /data; null for none. It outlives the host."
  type = object({
    size = number # GiB
    type = optional(string, "gp3")
    iops = optional(number)
  })
  default = null

  validation {
    condition     = var.data_volume == null || try(contains(["gp3", "io2"], var.data_volume.type), false)
    error_message = "The data volume must be of type gp3 or io2."
  }
}

variable "spot" {
  description = "Rent the host on the spot market; null for on demand. After an interruption the same host is started again when there is room, as a persistent request asks for it."
  type = object({
    max_price = optional(string) # USD per hour; null: up to the price on demand
    behavior  = optional(string, "stop")
  })
  default = null

  validation {
    condition     = var.spot == null || try(contains(["stop", "hibernate"], var.spot.behavior), false)
    error_message = "A persistent request can stop or hibernate the host; to terminate it would lose the root volume."
  }
}

variable "checkpoint_bucket_arn" {
  description = "Bucket that the host may write checkpoints to; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.checkpoint_bucket_arn == null || can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$", var.checkpoint_bucket_arn))
    error_message = "A bucket's ARN looks like arn:aws:s3:::my-checkpoints."
  }
}

variable "readable_parameter_arns" {
  description = "SSM parameters that the host may read beside its own under /NAME."
  type        = list(string)
  default     = []
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the host's metrics; it may write to no other."
  type        = string
  default     = "Training"
}

variable "code_repository" {
  description = "Git repository to clone into the login user's home at first boot; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.code_repository == null || can(regex("^https://[A-Za-z0-9./_-]+$", var.code_repository))
    error_message = "The repository must be an https address."
  }
}

variable "tags" {
  description = "Tags of every object here, beside Name."
  type        = map(string)
  default     = {}
}
