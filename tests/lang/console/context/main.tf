# What the expressions of ../*.txt refer to. There is no state: every
# attribute of a resource is known after apply.

variable "str" { default = "hello" }
variable "num" { default = 42 }
variable "yes" { default = true }
variable "empty_str" { default = "" }

variable "list" {
  type    = list(string)
  default = ["a", "b", "c"]
}
variable "nums" {
  type    = list(number)
  default = [3, 1, 2]
}
variable "set" {
  type    = set(string)
  default = ["y", "x", "z", "x"]
}
variable "map" {
  type    = map(string)
  default = { one = "1", two = "2", three = "3" }
}
variable "obj" {
  type = object({
    name = string
    size = optional(number, 7)
    tags = optional(map(string))
    sub  = optional(object({ a = optional(string, "A"), b = optional(bool) }), {})
  })
  default = { name = "n" }
}
variable "objs" {
  type = list(object({ name = string, ports = list(number) }))
  default = [
    { name = "web", ports = [80, 443] },
    { name = "ssh", ports = [22] },
    { name = "none", ports = [] },
  ]
}
variable "objmap" {
  default = { a = { n = 1 }, b = { n = 2 } }
}
variable "tuple" {
  type    = tuple([string, number, bool])
  default = ["s", 1, true]
}
variable "any" {
  type    = any
  default = { list = [1, "two", [3]], nul = null }
}
variable "empty_list" {
  type    = list(string)
  default = []
}
variable "empty_map" {
  type    = map(string)
  default = {}
}

variable "nul" { default = null }
variable "nul_str" {
  type    = string
  default = null
}
variable "nul_num" {
  type    = number
  default = null
}
variable "nul_bool" {
  type    = bool
  default = null
}
variable "nul_list" {
  type    = list(string)
  default = null
}
variable "nul_map" {
  type    = map(string)
  default = null
}
variable "nul_obj" {
  type    = object({ a = string })
  default = null
}

variable "secret" {
  default   = "hunter2"
  sensitive = true
}
variable "secret_num" {
  default   = 5
  sensitive = true
}
variable "secret_yes" {
  default   = true
  sensitive = true
}
variable "secret_list" {
  type      = list(string)
  default   = ["p", "q"]
  sensitive = true
}
variable "secret_map" {
  type      = map(string)
  default   = { k = "v" }
  sensitive = true
}
variable "eph" {
  default   = "e"
  ephemeral = true
}

resource "terraform_data" "u" {
  input = "i"
}
resource "terraform_data" "many" {
  count = 2
}
resource "terraform_data" "each" {
  for_each = toset(["a", "b"])
}

locals {
  unknown_str  = tostring(terraform_data.u.id)
  unknown_num  = tonumber(terraform_data.u.output)
  unknown_bool = tobool(terraform_data.u.output)
  unknown_list = tolist(terraform_data.u.output)
  unknown_map  = tomap(terraform_data.u.output)
  unknown_any  = terraform_data.u.output
  part_list    = ["a", terraform_data.u.id, "c"]
  part_obj     = { a = 1, b = terraform_data.u.id }
  upper        = upper(var.str)
}
