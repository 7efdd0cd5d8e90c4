@stage
variable "size" {
  default = 3
  validation {
    condition     = var.size < 10
    error_message = "At most nine."
  }
}
resource "terraform_data" "a" {
  input = var.size
  lifecycle {
    precondition {
      condition     = var.size > 0
      error_message = "More than none."
    }
    postcondition {
      condition     = self.output < 8
      error_message = "Less than eight."
    }
  }
}
check "small" {
  assert {
    condition     = var.size < 5
    error_message = "It grows."
  }
}
output "size" {
  value = terraform_data.a.output
  precondition {
    condition     = var.size != 6
    error_message = "Not six."
  }
}
@stage -var=size=5
@same
@stage -var=size=0
@same
@only
@stage -var=size=6
@same
@only
@stage -var=size=12
@same
@only
@stage -var=size=9
@same
@only
