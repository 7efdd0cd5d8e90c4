resource "aws_instance" "a" {
  ami = "ami-1"
  root_block_device {
    volume_size = 100
}

output "x" {
  value = 1
}
