# SPDX-License-Identifier: Apache-2.0

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "availability_zone" {
  description = "Zone of both subnets; volumes of the hosts must lie in it, too."
  value       = local.availability_zone
}

output "public_subnet_id" {
  description = "Subnet of the jump host and the NAT gateway."
  value       = aws_subnet.public.id
}

output "private_subnet_id" {
  description = "Subnet of the training hosts and the monitor."
  value       = aws_subnet.private.id

  # A host in it that boots before the way out exists cannot install anything.
  depends_on = [aws_route.private_out, aws_route_table_association.private]
}

output "worker_security_group_id" {
  description = "Security group for training hosts."
  value       = aws_security_group.worker.id
}

output "monitor_security_group_id" {
  description = "Security group for the monitor."
  value       = aws_security_group.monitor.id
}

output "key_name" {
  description = "Key pair that opens every host."
  value       = aws_key_pair.this.key_name
}

output "efs_id" {
  description = "File system that the hosts share."
  value       = aws_efs_file_system.this.id

  # Whoever mounts it needs the mount target and the rules that let them in.
  depends_on = [aws_efs_mount_target.this, aws_security_group_rule.efs]
}

output "efs_dns_name" {
  description = "Name under which the file system is mounted inside the VPC."
  value       = aws_efs_file_system.this.dns_name
}

output "jump_instance_id" {
  description = "The jump host."
  value       = aws_instance.jump.id
}

output "jump_public_ip" {
  description = "Address of the jump host; the same after a stop and a start."
  value       = aws_eip.jump.public_ip
}

output "efs_id_parameter_arn" {
  description = "SSM parameter that holds the id of the file system."
  value       = aws_ssm_parameter.efs_id.arn
}
