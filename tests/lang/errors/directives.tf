locals {
  a = "%{ if x }y"
  b = "%{ for x in y }z%{ endif }"
  c = "%{ endif }"
  d = "%{ iff x }y%{ endif }"
  e = "%{ if x }y%{ elseif z }w%{ endif }"
  f = "%{ if x }1%{ else }2%{ else }3%{ endif }"
  g = "%{ else if x }"
}
