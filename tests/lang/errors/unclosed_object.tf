locals {
  tags = {
    Name = "x"
    Team = "y"
}

output "tags" {
  value = local.tags
}
