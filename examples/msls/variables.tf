# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Prefix of all names, and the tag `project` of all objects."
  type        = string
  default     = "msls"
}

variable "region" {
  description = "Region. DL1 hosts exist in us-east-1 and us-west-2 only."
  type        = string
  default     = "us-east-1"
}

variable "availability_zone" {
  description = "Zone; null for the first one. If it has no DL1 hosts, try the next."
  type        = string
  default     = null
}

variable "ssh_cidr_blocks" {
  description = "Where you ssh from, such as [\"203.0.113.7/32\"]."
  type        = list(string)
}

variable "public_key_file" {
  description = "Your public ssh key."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}

variable "enable_trainer" {
  description = "Whether the training host exists. Turn it off while you only look at results."
  type        = bool
  default     = true
}

variable "instance_type" {
  description = "Type of the training host."
  type        = string
  default     = "dl1.24xlarge"
}

variable "spot" {
  description = "Whether the training host is rented on the spot market."
  type        = bool
  default     = false
}

variable "data_volume_size" {
  description = "GiB for the training images beside the root volume; 0 for none."
  type        = number
  default     = 500
}

variable "checkpoint_bucket_arn" {
  description = "Bucket for checkpoints; null keeps them on the file system alone."
  type        = string
  default     = null
}

variable "enable_monitor" {
  description = "Whether the monitor exists."
  type        = bool
  default     = true
}
