resource "terraform_data" "t" {
  input = <<-EOT
    first
    second, changed
    third
    fourth
    sixth
    last
  EOT
}
