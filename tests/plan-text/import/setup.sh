for name in existing existing-changed; do
	aws --endpoint-url "$AWS_ENDPOINT_URL" iam create-role --role-name $name \
		--assume-role-policy-document '{"Version":"2012-10-17","Statement":[]}'
done
