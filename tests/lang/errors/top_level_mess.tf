1 + 1
{
  a = 1
}
output "x" {
  value = = 2
}
