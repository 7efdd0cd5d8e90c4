output "same" {
  value = "s"
}
output "added" {
  value = { a = [1, 2] }
}
output "changed" {
  value = ["a", "c"]
}
output "text" {
  value = "one\nthree\n"
}
output "nothing" {
  value = null
}
output "longer_name" {
  value = 2
}
