locals {
  script = <<EOT
echo hello
echo there
}

output "x" {
  value = 1
}
