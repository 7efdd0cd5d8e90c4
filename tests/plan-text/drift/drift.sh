aws --endpoint-url "$AWS_ENDPOINT_URL" ec2 create-tags --resources "$aws_vpc_main" \
	--tags Key=Name,Value=renamed Key=By,Value=hand
aws --endpoint-url "$AWS_ENDPOINT_URL" ec2 delete-subnet --subnet-id "$aws_subnet_b"
