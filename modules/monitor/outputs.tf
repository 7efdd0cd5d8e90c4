# SPDX-License-Identifier: Apache-2.0

output "instance_id" {
  description = "The monitor."
  value       = aws_instance.this.id
}

output "private_ip" {
  description = "Its address inside the VPC."
  value       = aws_instance.this.private_ip
}

output "ports" {
  description = "Its pages, by name."
  value       = var.ports
}
