# A project that describes two types of its own: types/sqs.hcl and types/logs.hcl.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "retention_in_days" {
  type    = number
  default = 14
}

variable "wait" {
  type    = number
  default = 10
}

resource "aws_cloudwatch_log_group" "training" {
  name              = "/training/runs"
  retention_in_days = var.retention_in_days

  tags = {
    Project = "own-types"
  }
}

resource "aws_sqs_queue" "failed" {
  name = "training-failed"
}

resource "aws_sqs_queue" "jobs" {
  name                       = "training-jobs"
  receive_wait_time_seconds  = var.wait
  visibility_timeout_seconds = 600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed.arn
    maxReceiveCount     = 3
  })

  tags = {
    Project = "own-types"
  }
}

output "queue_url" {
  value = aws_sqs_queue.jobs.url
}
