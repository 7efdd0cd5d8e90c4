vpc=$(aws --endpoint-url "$AWS_ENDPOINT_URL" ec2 create-vpc --cidr-block 10.9.0.0/16 \
	--query Vpc.VpcId --output text)
aws --endpoint-url "$AWS_ENDPOINT_URL" ec2 create-tags --resources "$vpc" --tags Key=Name,Value=shared
