# SPDX-License-Identifier: Apache-2.0
#
# Everything to train DCGAN on Mapillary Street-Level Sequences: a network, a training host with Gaudi accelerators,
# and a monitor.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project = var.name
    }
  }
}

module "core" {
  source = "../../modules/core"

  name              = var.name
  availability_zone = var.availability_zone
  ssh_cidr_blocks   = var.ssh_cidr_blocks
  public_key        = file(pathexpand(var.public_key_file))
}

module "trainer" {
  source = "../../modules/training-host"
  count  = var.enable_trainer ? 1 : 0

  name                    = "${var.name}-train"
  instance_type           = var.instance_type
  subnet_id               = module.core.private_subnet_id
  availability_zone       = module.core.availability_zone
  security_group_ids      = [module.core.worker_security_group_id]
  key_name                = module.core.key_name
  efs_id                  = module.core.efs_id
  readable_parameter_arns = [module.core.efs_id_parameter_arn]
  checkpoint_bucket_arn   = var.checkpoint_bucket_arn
  data_volume             = var.data_volume_size == 0 ? null : { size = var.data_volume_size }
  spot                    = var.spot ? {} : null
  code_repository         = "https://github.com/DMW2151/msls-pytorch-dcgan"
}

module "monitor" {
  source = "../../modules/monitor"
  count  = var.enable_monitor ? 1 : 0

  name               = "${var.name}-monitor"
  subnet_id          = module.core.private_subnet_id
  security_group_ids = [module.core.monitor_security_group_id]
  key_name           = module.core.key_name
  efs_id             = module.core.efs_id
}
