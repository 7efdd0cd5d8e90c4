resource "terraform_data" "t" {
  input = <<-EOT
    first
    second
    third
    fourth
    fifth
    sixth
  EOT
}
