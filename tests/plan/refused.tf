@case unknown_resource_type
resource "aws_instanse" "a" {}
@case unknown_data_source
data "aws_amis" "a" {}
@case unknown_provider
resource "awz_instance" "a" {}
@case argument_misspelt
resource "aws_vpc" "a" { cidr_blok = "10.0.0.0/16" }
@case argument_missing
resource "aws_subnet" "a" { cidr_block = "10.0.0.0/24" }
@case argument_of_wrong_type
resource "aws_vpc" "a" {
  cidr_block         = ["10.0.0.0/16"]
  enable_dns_support = "perhaps"
}
@case argument_computed_only
resource "aws_vpc" "a" {
  cidr_block = "10.0.0.0/16"
  arn        = "arn:x"
}
@case argument_as_block
resource "aws_vpc" "a" {
  cidr_block = "10.0.0.0/16"
  tags {
    Name = "x"
  }
}
@case block_as_argument
resource "aws_instance" "a" {
  ami               = "ami-1"
  instance_type     = "t3.micro"
  root_block_device = { volume_size = 8 }
}
@case block_unknown
resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  root_block_devise { volume_size = 8 }
}
@case block_too_many
resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  root_block_device { volume_size = 8 }
  root_block_device { volume_size = 9 }
}
@case value_not_allowed
resource "aws_vpc" "a" {
  cidr_block       = "10.0.0.0"
  instance_tenancy = "alone"
}
@case attribute_misspelt
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
output "x" { value = aws_vpc.a.cidr }
@case resource_undeclared
resource "terraform_data" "host" {}
output "x" { value = terraform_data.hots.id }
@case data_undeclared
output "x" { value = data.aws_ami.nothing.id }
@case variable_undeclared
variable "region" { default = "x" }
output "x" { value = var.regoin }
@case local_undeclared
locals { prefix = "x" }
output "x" { value = local.prefx }
@case module_undeclared
output "x" { value = module.network.id }
@case module_output_undeclared
module "m" { source = "./m" }
output "x" { value = module.m.idd }
@file m/main.tf
output "id" { value = 1 }
@case module_argument_unknown
module "m" {
  source = "./m"
  siez   = 1
}
@file m/main.tf
variable "size" { default = 1 }
@case module_argument_missing
module "m" { source = "./m" }
@file m/main.tf
variable "size" { type = number }
@case module_argument_of_wrong_type
module "m" {
  source = "./m"
  size   = "many"
}
@file m/main.tf
variable "size" { type = number }
@case module_source_missing
module "m" { source = "./nowhere" }
@case module_without_source
module "m" {}
@case module_source_not_constant
variable "s" { default = "./m" }
module "m" { source = var.s }
@case variable_without_value
variable "region" { type = string }
output "x" { value = var.region }
@case variable_of_wrong_type -var=n=many
variable "n" { type = number }
@case variable_unknown_on_command_line -var=regoin=x
variable "region" { default = "x" }
@case variable_default_of_wrong_type
variable "n" {
  type    = number
  default = "many"
}
@case variable_type_unknown
variable "n" { type = text }
@case variable_null -var=n=null
variable "n" {
  type     = number
  nullable = false
}
@case variable_name_reserved
variable "source" {}
@case validation_without_message
variable "n" {
  validation { condition = var.n > 1 }
}
@case cycle
resource "terraform_data" "a" { input = terraform_data.b.id }
resource "terraform_data" "b" { input = terraform_data.c.id }
resource "terraform_data" "c" { input = terraform_data.a.id }
@case cycle_of_locals
locals {
  a = local.b
  b = local.a
}
@case self_reference
resource "terraform_data" "a" { input = terraform_data.a.id }
@case self_outside
resource "terraform_data" "a" { input = self.id }
@case duplicate_resource
resource "terraform_data" "a" {}
resource "terraform_data" "a" {}
@case duplicate_variable
variable "a" {}
variable "a" {}
@case duplicate_output
output "a" { value = 1 }
output "a" { value = 2 }
@case duplicate_local
locals { a = 1 }
locals { a = 2 }
@case duplicate_module
module "m" { source = "./m" }
module "m" { source = "./m" }
@file m/main.tf
output "id" { value = 1 }
@case duplicate_argument
resource "terraform_data" "a" {
  input = 1
  input = 2
}
@case duplicate_provider
provider "aws" {}
provider "aws" {}
@case count_negative
resource "terraform_data" "a" { count = -1 }
@case count_fraction
resource "terraform_data" "a" { count = 1.5 }
@case count_text
resource "terraform_data" "a" { count = "two" }
@case count_null
resource "terraform_data" "a" { count = null }
@case count_unknown
resource "terraform_data" "b" {}
resource "terraform_data" "a" { count = length(terraform_data.b.id) }
@case count_sensitive
variable "n" {
  default   = 1
  sensitive = true
}
resource "terraform_data" "a" { count = var.n }
@case count_and_for_each
resource "terraform_data" "a" {
  count    = 1
  for_each = toset(["a"])
}
@case count_of_itself
resource "terraform_data" "a" { count = length(terraform_data.a) }
@case count_index_outside
resource "terraform_data" "a" { input = count.index }
@case each_outside
resource "terraform_data" "a" { input = each.key }
@case each_wrong_name
resource "terraform_data" "a" {
  for_each = toset(["a"])
  input    = each.name
}
@case for_each_list
resource "terraform_data" "a" { for_each = ["a", "b"] }
@case for_each_number
resource "terraform_data" "a" { for_each = 3 }
@case for_each_set_of_numbers
resource "terraform_data" "a" { for_each = toset([1, 2]) }
output "x" { value = terraform_data.a["1"].id }
@case for_each_set_of_objects
resource "terraform_data" "a" { for_each = toset([{ a = 1 }]) }
@case for_each_null
resource "terraform_data" "a" { for_each = null }
@case for_each_null_member
resource "terraform_data" "a" { for_each = toset(["a", null]) }
@case for_each_unknown
resource "terraform_data" "b" {}
resource "terraform_data" "a" { for_each = toset([terraform_data.b.id]) }
@case for_each_sensitive
variable "s" {
  default   = ["a"]
  sensitive = true
}
resource "terraform_data" "a" { for_each = toset(var.s) }
@case for_each_error
resource "terraform_data" "a" {
  for_each = toset(local.nothing)
  input    = each.value
}
@case index_missing
resource "terraform_data" "a" { count = 2 }
output "x" { value = terraform_data.a.id }
@case index_out_of_range
resource "terraform_data" "a" { count = 2 }
output "x" { value = terraform_data.a[2].id }
@case index_on_single
resource "terraform_data" "a" {}
output "x" { value = terraform_data.a[0].id }
@case key_missing
resource "terraform_data" "a" { for_each = toset(["x"]) }
output "x" { value = terraform_data.a["y"].id }
@case provider_alias_missing
resource "aws_vpc" "a" {
  provider   = aws.west
  cidr_block = "10.0.0.0/16"
}
@case provider_argument_unknown
provider "aws" { regoin = "us-east-1" }
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
@case provider_passed_unknown
module "m" {
  source    = "./m"
  providers = { aws = aws.west }
}
@file m/main.tf
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
@case lifecycle_unknown
resource "terraform_data" "a" {
  lifecycle { prevent_destory = true }
}
@case lifecycle_variable
variable "b" { default = true }
resource "terraform_data" "a" {
  lifecycle { create_before_destroy = var.b }
}
@case ignore_changes_unknown
resource "terraform_data" "a" {
  lifecycle { ignore_changes = [inptu] }
}
@case replace_triggered_by_undeclared
resource "terraform_data" "a" {
  lifecycle { replace_triggered_by = [terraform_data.nothing] }
}
@case replace_triggered_by_value
variable "v" { default = 1 }
resource "terraform_data" "a" {
  lifecycle { replace_triggered_by = [var.v] }
}
@case depends_on_undeclared
resource "terraform_data" "a" { depends_on = [terraform_data.nothing] }
@case depends_on_text
resource "terraform_data" "a" { depends_on = ["terraform_data.nothing"] }
@case precondition_without_message
resource "terraform_data" "a" {
  lifecycle {
    precondition { condition = path.module == "." }
  }
}
@case precondition_false
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = path.module != "."
      error_message = "One is not greater."
    }
  }
}
@case ephemeral_instances
variable "e" {
  ephemeral = true
  default   = ["x"]
}
resource "terraform_data" "count" { count = length(var.e) }
resource "terraform_data" "each" { for_each = toset(var.e) }
resource "aws_security_group" "block" {
  dynamic "ingress" {
    for_each = var.e
    content {
      from_port = 1
      to_port   = 1
      protocol  = "tcp"
    }
  }
}
@case for_each_wrong_once
locals { x = { a = 1 } }
resource "terraform_data" "a" { for_each = local.x.b }
resource "terraform_data" "b" { for_each = tonumber("x") }
@case replace_triggered_by_keys
resource "terraform_data" "a" {
  for_each = toset(["a"])
  lifecycle { replace_triggered_by = [each.key, self.id] }
}
@case terraform_blocks_twice
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
terraform {
  required_providers {
    random = { source = "hashicorp/random" }
  }
  backend "local" {}
  backend "local" {}
}
@case ephemeral_resource
ephemeral "random_password" "p" {
  length = 3
}
@case scope_misspelt
variable "region" { default = "us-east-1" }
locals { zone = "a" }
provider "aws" { region = "${vars.region}" }
output "x" { value = [locals.zone, variable.region, vars.zone] }
@case backend_local_argument
terraform {
  backend "local" {
    paht = "x.tfstate"
  }
}
@case experiments
terraform {
  experiments = [x]
}
@case provider_of_others
terraform {
  required_providers {
    aws = { source = "acme/aws" }
  }
}
data "aws_region" "r" {}
@case condition_constant
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = 1 > 2
      error_message = "One is not greater."
    }
  }
}
variable "v" {
  default = 1
  validation {
    condition     = upper("a") == "A"
    error_message = "Not upper."
  }
}
output "o" {
  value = 1
  precondition {
    condition     = alltrue([for x in [1, 2] : x > 0])
    error_message = "Not all."
  }
}
check "c" {
  assert {
    condition     = true
    error_message = "Never."
  }
}
@case validation_of_another
variable "v" {
  default = 1
  validation {
    condition     = var.w == 1
    error_message = "It is not one."
  }
}
variable "w" { default = 1 }
@case assert_incomplete
locals { x = 1 }
check "c" {
  assert { condition = local.x == 1 }
}
@case output_without_value
output "x" {}
@case output_sensitive
variable "s" {
  default   = "x"
  sensitive = true
}
output "x" { value = var.s }
@case function_unknown
output "x" { value = lenght([]) }
@case function_arguments
output "x" { value = upper("a", "b") }
@case function_wrong_type
output "x" { value = length(3) }
@case operand_wrong
output "x" { value = 1 + "a" }
@case condition_types
output "x" { value = true ? 1 : [2] }
@case null_attribute
locals { a = null }
output "x" { value = local.a.b }
@case object_attribute_missing
locals { a = { name = 1 } }
output "x" { value = local.a.nmae }
@case moved_still_declared
resource "terraform_data" "a" {}
resource "terraform_data" "b" {}
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
@case moved_to_itself
resource "terraform_data" "a" {}
moved {
  from = terraform_data.a
  to   = terraform_data.a
}
@case moved_twice
resource "terraform_data" "b" {}
resource "terraform_data" "c" {}
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
moved {
  from = terraform_data.a
  to   = terraform_data.c
}
@case moved_in_a_circle
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
moved {
  from = terraform_data.b
  to   = terraform_data.a
}
@case moved_to_another_kind
module "m" { source = "./m" }
moved {
  from = terraform_data.a
  to   = module.m
}
@file m/main.tf
output "id" { value = 1 }
@case removed_still_declared
resource "terraform_data" "a" {}
removed {
  from = terraform_data.a
  lifecycle { destroy = false }
}
@case import_undeclared
import {
  to = terraform_data.nothing
  id = "x"
}
@case import_twice
resource "terraform_data" "a" {}
import {
  to = terraform_data.a
  id = "x"
}
import {
  to = terraform_data.a
  id = "y"
}
@case check_without_assert
check "c" {}
@case dynamic_unknown_block
resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  dynamic "ebs_block_devise" {
    for_each = [1]
    content { device_name = "x" }
  }
}
@case dynamic_without_content
resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  dynamic "ebs_block_device" { for_each = [1] }
}
@case labels_missing
resource "terraform_data" {}
@case labels_too_many
variable "a" "b" {}
@case name_invalid
resource "terraform_data" "1a" {}
@case block_unknown_at_top
resorce "terraform_data" "a" {}
@case version_constraint
terraform { required_version = "< 0.1" }
@case provider_in_count_module
module "m" {
  source = "./m"
  count  = 2
}
@file m/main.tf
provider "aws" { region = "us-east-1" }
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
@case terraform_attribute
output "x" { value = terraform.workspce }
@case path_attribute
output "x" { value = path.modul }
@case splat_on_map
resource "terraform_data" "a" { for_each = toset(["x"]) }
output "x" { value = terraform_data.a[*].id }
@case tunnel_in_tf
tunnel "grafana" {
  host = "10.0.0.1"
  port = 3000
}
@case tunnel_arguments
locals {}
@file main.infra
tunnel "grafana" {
  hots       = "10.0.0.1"
  port       = 70000
  local_port = 0
  remote {}
}
@case tunnel_references
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
output "ip" { value = "10.0.0.1" }
@file main.infra
tunnel "grafana" {
  host = aws_vpc.b.id
  port = var.prot
  path = module.net.path
}
@case tunnel_label
locals {}
@file main.infra
tunnel {
  host = "10.0.0.1"
  port = 1
}
tunnel "two words" {
  host = "10.0.0.1"
  port = 1
}
@case tunnel_twice
locals {}
@file main.infra
tunnel "a" {
  host = "10.0.0.1"
  port = 1
}
tunnel "a" {
  host = "10.0.0.2"
  port = 1
}
@case tunnel_in_module
module "net" { source = "./net" }
@file net/main.tf
locals {}
@file net/main.infra
tunnel "a" {
  host = "10.0.0.1"
  port = 1
}
