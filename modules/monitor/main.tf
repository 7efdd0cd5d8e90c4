# SPDX-License-Identifier: Apache-2.0
#
# One small host that shows what the others measure: Grafana over CloudWatch, TensorBoard over the shared files.
# It keeps nothing of its own, so a change of its boot script simply replaces it.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # Panels as they follow from top to bottom, two in a row: what the agent on the hosts calls a metric, and its unit.
  panels = [
    { title = "Gaudi use", metric = "gaudi_utilization", unit = "percent" },
    { title = "Gaudi memory", metric = "gaudi_memory_used", unit = "decmbytes" },
    { title = "GPU use", metric = "nvidia_smi_utilization_gpu", unit = "percent" },
    { title = "GPU memory", metric = "nvidia_smi_memory_used", unit = "decmbytes" },
    { title = "CPU", metric = "cpu_usage_active", unit = "percent" },
    { title = "Memory", metric = "mem_used_percent", unit = "percent" },
  ]

  dashboard = jsonencode({
    uid           = "training"
    title         = "Training"
    timezone      = "browser"
    schemaVersion = 39
    refresh       = "1m"
    time          = { from = "now-6h", to = "now" }
    panels = [for index, panel in local.panels : {
      id          = index + 1
      type        = "timeseries"
      title       = panel.title
      datasource  = { type = "cloudwatch", uid = "cloudwatch" }
      gridPos     = { x = index % 2 * 12, y = floor(index / 2) * 8, w = 12, h = 8 }
      fieldConfig = { defaults = { unit = panel.unit, min = 0 }, overrides = [] }
      targets = [{
        refId            = "A"
        queryMode        = "Metrics"
        metricQueryType  = 0
        metricEditorMode = 1
        region           = "default"
        expression       = "SEARCH('Namespace=\"${var.metrics_namespace}\" MetricName=\"${panel.metric}\"', 'Average')"
        label            = "$${PROP('Dim.InstanceId')}"
        period           = "60"
      }]
    }]
  })

  data_sources = yamlencode({
    apiVersion = 1
    datasources = [{
      name      = "CloudWatch"
      uid       = "cloudwatch"
      type      = "cloudwatch"
      isDefault = true
      jsonData  = { authType = "default", defaultRegion = data.aws_region.current.name }
    }]
  })

  dashboard_providers = yamlencode({
    apiVersion = 1
    providers = [{
      name    = "files"
      type    = "file"
      options = { path = "/etc/grafana/provisioning/dashboards" }
    }]
  })
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

# What Grafana's CloudWatch data source asks for. These actions know no resources.
data "aws_iam_policy_document" "read" {
  statement {
    sid = "Metrics"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:DescribeAlarmsForMetric",
      "cloudwatch:GetMetricData",
      "cloudwatch:GetMetricStatistics",
      "cloudwatch:ListMetrics",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Names"
    actions   = ["ec2:DescribeInstances", "ec2:DescribeRegions", "ec2:DescribeTags", "tag:GetResources"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "Monitor ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json

  tags = var.tags
}

resource "aws_iam_role_policy" "read" {
  name   = "read-metrics"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  role = aws_iam_role.this.name

  tags = var.tags
}

data "aws_ami" "ubuntu" {
  count = var.ami == null ? 1 : 0

  most_recent = true
  owners      = ["099720109477"] # Canonical

  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"]
  }
}

resource "aws_instance" "this" {
  ami                    = var.ami == null ? data.aws_ami.ubuntu[0].id : var.ami
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_group_ids
  key_name               = var.key_name
  iam_instance_profile   = aws_iam_instance_profile.this.name

  user_data_replace_on_change = true
  user_data = templatefile("${path.module}/boot.sh.tftpl", {
    name                = var.name
    region              = data.aws_region.current.name
    dns_suffix          = data.aws_partition.current.dns_suffix
    efs_id              = var.efs_id
    ports               = var.ports
    grafana_version     = var.grafana_version
    tensorboard_version = var.tensorboard_version
    dashboard           = local.dashboard
    data_sources        = local.data_sources
    dashboard_providers = local.dashboard_providers
  })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # Grafana asks from inside its container
  }

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    ignore_changes = [ami]

    precondition {
      condition     = length(local.dashboard) < 8192
      error_message = "User data ends at 16 KB; a dashboard of ${length(local.dashboard)} bytes leaves too little room for the boot script."
    }
  }
}
