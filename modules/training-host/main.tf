# SPDX-License-Identifier: Apache-2.0
#
# One host that trains: its identity, its disks, and the boot script that makes it ready.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  family = split(".", var.instance_type)[0]

  # What a family computes with decides image, drivers and metrics. Families that are not here compute on the CPU.
  accelerators = {
    dl1   = "gaudi"
    dl2q  = "qualcomm"
    g4dn  = "nvidia"
    g5    = "nvidia"
    g6    = "nvidia"
    g6e   = "nvidia"
    p2    = "nvidia-old"
    p3    = "nvidia-old"
    p3dn  = "nvidia-old"
    p4d   = "nvidia"
    p4de  = "nvidia"
    p5    = "nvidia"
    p5e   = "nvidia"
    p5en  = "nvidia"
    trn1  = "neuron"
    trn1n = "neuron"
  }
  accelerator = lookup(local.accelerators, local.family, "none")

  # Deep Learning images by accelerator; nvidia-old are the generations before Turing, which the open driver left out.
  images = {
    gaudi = {
      owner = "amazon"
      name  = "Deep Learning AMI Habana PyTorch*(Ubuntu*"
    }
    nvidia = {
      owner = "amazon"
      name  = "Deep Learning OSS Nvidia Driver AMI GPU PyTorch*(Ubuntu 22.04)*"
    }
    nvidia-old = {
      owner = "amazon"
      name  = "Deep Learning Proprietary Nvidia Driver AMI GPU PyTorch*(Ubuntu*"
    }
    neuron = {
      owner = "amazon"
      name  = "Deep Learning AMI Neuron*(Ubuntu 22.04)*"
    }
    none = {
      owner = "099720109477" # Canonical
      name  = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
  }

  # Families that exist in few regions. Within a region, zones differ, too.
  regions = {
    dl1  = ["us-east-1", "us-west-2"]
    dl2q = ["us-west-2", "eu-central-1"]
  }

  user_data = templatefile("${path.module}/boot.sh.tftpl", {
    name            = var.name
    region          = data.aws_region.current.name
    dns_suffix      = data.aws_partition.current.dns_suffix
    efs_id          = var.efs_id
    accelerator     = local.accelerator
    volume_id       = var.data_volume == null ? "" : aws_ebs_volume.data[0].id
    device_name     = local.data_device
    agent_parameter = aws_ssm_parameter.agent.name
    namespace       = var.metrics_namespace
    code_repository = var.code_repository == null ? "" : var.code_repository
  })

  data_device = "/dev/sdf"
}

# ---- identity

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

data "aws_iam_policy_document" "host" {
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # the action knows no resources; the condition narrows it

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.metrics_namespace]
    }
  }

  statement {
    sid       = "WhoAmI"
    actions   = ["ec2:DescribeTags"]
    resources = ["*"]
  }

  statement {
    sid     = "Parameters"
    actions = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = concat([
      "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:parameter/${var.name}/*",
    ], var.readable_parameter_arns)
  }

  dynamic "statement" {
    for_each = var.checkpoint_bucket_arn[*]

    content {
      sid       = "Checkpoints"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      resources = ["${statement.value}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.checkpoint_bucket_arn[*]

    content {
      sid       = "ListCheckpoints"
      actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
      resources = [statement.value]
    }
  }
}

# The host may stop itself and nothing else, so that a finished job ends the bill without a laptop awake.
data "aws_iam_policy_document" "stop_self" {
  statement {
    actions   = ["ec2:StopInstances"]
    resources = [aws_instance.this.arn]
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "Training host ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json

  tags = var.tags
}

resource "aws_iam_policy" "host" {
  name        = "${var.name}-host"
  description = "Metrics, parameters and checkpoints of ${var.name}"
  policy      = data.aws_iam_policy_document.host.json

  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "host" {
  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.host.arn
}

# A way in without ssh, through Systems Manager, for the day on which the boot script broke it.
resource "aws_iam_role_policy_attachment" "session" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy" "stop_self" {
  name   = "stop-self"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.stop_self.json
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  role = aws_iam_role.this.name

  tags = var.tags
}

# ---- what the host measures

resource "aws_ssm_parameter" "agent" {
  name        = "/${var.name}/cloudwatch-agent"
  description = "Configuration of the CloudWatch agent on ${var.name}"
  type        = "String"

  value = jsonencode({
    agent = {
      metrics_collection_interval = 60
    }
    metrics = {
      namespace         = var.metrics_namespace
      append_dimensions = { InstanceId = "$${aws:InstanceId}" }
      metrics_collected = merge(
        {
          cpu  = { measurement = ["usage_active", "usage_iowait"], totalcpu = true }
          mem  = { measurement = ["used_percent"] }
          disk = { measurement = ["used_percent"], resources = ["/", "/data"] }
          net  = { measurement = ["bytes_sent", "bytes_recv"] }
        },
        startswith(local.accelerator, "nvidia") ? {
          nvidia_gpu = { measurement = ["utilization_gpu", "memory_used", "memory_total", "temperature_gpu"] }
        } : {},
      )
    }
  })

  tags = var.tags
}

# ---- host and disks

data "aws_ami" "this" {
  count = var.ami == null ? 1 : 0

  most_recent = true
  owners      = [lookup(local.images, local.accelerator, local.images.none).owner]

  filter {
    name   = "name"
    values = [lookup(local.images, local.accelerator, local.images.none).name]
  }

  filter {
    name   = "state"
    values = ["available"]
  }
}

resource "aws_instance" "this" {
  ami                    = var.ami == null ? data.aws_ami.this[0].id : var.ami
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_group_ids
  key_name               = var.key_name
  iam_instance_profile   = aws_iam_instance_profile.this.name
  user_data              = local.user_data

  root_block_device {
    volume_type = "gp3"
    volume_size = var.root_volume_size
    encrypted   = true

    tags = merge(var.tags, { Name = "${var.name}-root" })
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # containers on the host ask, too
    instance_metadata_tags      = "enabled"
  }

  dynamic "instance_market_options" {
    for_each = var.spot[*]

    content {
      market_type = "spot"

      spot_options {
        max_price                      = instance_market_options.value.max_price
        spot_instance_type             = "persistent"
        instance_interruption_behavior = instance_market_options.value.behavior
      }
    }
  }

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    ignore_changes = [ami] # a newer image must not replace a host in the middle of a training

    precondition {
      condition     = startswith(var.availability_zone, data.aws_region.current.name)
      error_message = "Zone ${var.availability_zone} does not lie in region ${data.aws_region.current.name}."
    }

    precondition {
      condition     = contains(lookup(local.regions, local.family, [data.aws_region.current.name]), data.aws_region.current.name)
      error_message = "${var.instance_type} is not offered in ${data.aws_region.current.name}, only in ${join(", ", lookup(local.regions, local.family, []))}."
    }

    precondition {
      condition     = var.ami != null || contains(keys(local.images), local.accelerator)
      error_message = "There is no Deep Learning image for ${var.instance_type} that this module knows; name one by `ami`."
    }
  }

  depends_on = [aws_iam_role_policy_attachment.host] # the boot script reads its parameter at once
}

resource "aws_ebs_volume" "data" {
  count = var.data_volume == null ? 0 : 1

  availability_zone = var.availability_zone
  size              = var.data_volume.size
  type              = var.data_volume.type
  iops              = var.data_volume.iops
  encrypted         = true

  tags = merge(var.tags, { Name = "${var.name}-data" })
}

resource "aws_volume_attachment" "data" {
  count = var.data_volume == null ? 0 : 1

  device_name = local.data_device
  volume_id   = aws_ebs_volume.data[0].id
  instance_id = aws_instance.this.id

  stop_instance_before_detaching = true # a file system in use is not pulled out from under a job
}
