# SPDX-License-Identifier: Apache-2.0

locals {
  jump    = module.core.jump_public_ip
  worker  = one(module.trainer[*].private_ip)
  monitor = one(module.monitor[*].private_ip)
}

output "jump_public_ip" {
  description = "The jump host."
  value       = local.jump
}

output "worker_private_ip" {
  description = "The training host, inside the VPC; null while it is turned off."
  value       = local.worker
}

output "monitor_private_ip" {
  description = "The monitor, inside the VPC; null while it is turned off."
  value       = local.monitor
}

output "efs_id" {
  description = "The file system that the hosts share."
  value       = module.core.efs_id
}

output "ssh_worker" {
  description = "How to reach the training host. ProxyJump keeps your key on your machine; agent forwarding would lend it to the jump host."
  value       = local.worker == null ? null : "ssh -J ubuntu@${local.jump} ubuntu@${local.worker}"
}

output "ssh_monitor" {
  description = "How to see Grafana at http://localhost:3000 and TensorBoard at http://localhost:6006."
  value = local.monitor == null ? null : format("ssh -N %s ubuntu@%s",
    join(" ", [for port in values(one(module.monitor[*].ports)) : "-L ${port}:${local.monitor}:${port}"]),
  local.jump)
}
