/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of AWS in all protocols, good ones and errors; two bytes choose the operation. */
#include "aws/protocol.h"
#include "base/buf.h"
#include "lang/value/value.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *const operations[][2] = {
	{"ec2", "DescribeInstances"}, {"ec2", "CreateVpc"},	 {"iam", "GetRole"},	     {"sts", "AssumeRole"},
	{"ssm", "GetParameter"},      {"efs", "DescribeFileSystems"}, {"s3", "ListObjectsV2"}, {"s3", "GetBucketTagging"},
	{"route53", "ListHostedZones"}, {"sqs", "GetQueueAttributes"}, {"lambda", "GetFunction"}, {"dynamodb", "DescribeTable"},
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 2)
		return 0;
	const char *const *name = operations[bytes[0] % ARRAY_LEN(operations)];
	const struct aws_operation *op = aws_operation_find(aws_service_find(name[0]), name[1]);
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	struct http_response response = {
		.result = HTTP_OK,
		.status = bytes[1] & 1 ? 200 : 400,
		.body = arena_strndup(arena, (const char *)bytes + 2, len - 2),
		.body_len = len - 2,
	};
	if (aws_is_error(op, &response)) {
		struct aws_failure failure;
		aws_decode_error(arena, op, &response, &failure);
		if (!failure.code || !failure.message)
			bug("an error without a code");
	} else if (!aws_decode_answer(arena, op, &response, &why) && !why.len) {
		bug("a refusal without a reason");
	}
	arena_free(arena);
	return 0;
}
