# SPDX-License-Identifier: Apache-2.0

output "instance_id" {
  description = "The host."
  value       = aws_instance.this.id
}

output "private_ip" {
  description = "Its address inside the VPC."
  value       = aws_instance.this.private_ip
}

output "accelerator" {
  description = "What it computes with: gaudi, nvidia, nvidia-old, neuron or none."
  value       = local.accelerator
}

output "role_name" {
  description = "Its role, to attach more rights to."
  value       = aws_iam_role.this.name
}

output "data_volume_id" {
  description = "Its data volume, or null."
  value       = one(aws_ebs_volume.data[*].id)
}
