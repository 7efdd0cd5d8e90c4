locals {
  a = <<"EOT"
x
EOT
  b = << EOT
x
EOT
  c = <<EOT  
x
EOT
  d = <<~EOT
x
EOT
  e = <<EOT # why
x
EOT
  f = 1
}
