locals {
  scripts = [
    <<EOT
echo hello
EOT, "b"
  ]
}

output "x" {
  value = = 1
}
