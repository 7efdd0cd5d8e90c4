locals {
  a = "echo ${HOME:-/root}"
  b = <<-EOT
    for f in ${files[@]}; do
      echo $f
    done
  EOT
}
