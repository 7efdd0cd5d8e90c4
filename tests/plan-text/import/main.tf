import {
  to = aws_iam_role.r
  id = "existing"
}
import {
  to = aws_iam_role.changed
  id = "existing-changed"
}
resource "aws_iam_role" "r" {
  name               = "existing"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_iam_role" "changed" {
  name               = "existing-changed"
  description        = "now described"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
