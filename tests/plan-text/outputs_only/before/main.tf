output "same" {
  value = "s"
}
output "removed" {
  value = "r"
}
output "changed" {
  value = ["a", "b"]
}
output "text" {
  value = "one\ntwo\n"
}
output "longer_name" {
  value = 1
}
