resource "aws_iam_policy" "p" {
  name = "p"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "One"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
        Resource = "*"
      },
      {
        Sid      = "Three"
        Effect   = "Deny"
        Action   = "ec2:*"
        Resource = "*"
      },
    ]
  })
}

resource "terraform_data" "t" {
  input = jsonencode({ a = 1, b = [1, 2], c = { d = "x\ny" } })
}

resource "terraform_data" "whitespace" {
  input = "{ \"a\": 1 }"
}
resource "terraform_data" "to_json" {
  input = jsonencode({ a = 1 })
}
resource "terraform_data" "from_json" {
  input = "plain"
}
resource "terraform_data" "array" {
  input = jsonencode([1, 2, 4])
}
resource "terraform_data" "emptied" {
  input = jsonencode({})
}
