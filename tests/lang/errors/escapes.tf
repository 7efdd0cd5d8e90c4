locals {
  a = "C:\Users\me"
  b = "\d+"
  c = "\u12"
  d = "\ud83d\ude00"
  e = "\U00110000"
  f = "fine\n"
}
