resource "aws_iam_role" "host" {
  name = "host"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "s3" {
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.s3.json
}

data "aws_iam_policy_document" "s3" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_iam_role.host.arn}/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceVpc"
      values   = ["vpc-1"]
    }
  }
}

resource "aws_iam_instance_profile" "host" {
  name = "host"
  role = aws_iam_role.host.name
}

resource "aws_efs_file_system" "data" {
  encrypted       = true
  throughput_mode = "elastic"
  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
}

resource "aws_efs_mount_target" "data" {
  for_each       = toset(["subnet-b", "subnet-a"])
  file_system_id = aws_efs_file_system.data.id
  subnet_id      = each.key
}

resource "aws_ssm_parameter" "token" {
  name  = "/lab/token"
  type  = "SecureString"
  value = var.secret
}

variable "secret" {
  type      = string
  sensitive = true
}
