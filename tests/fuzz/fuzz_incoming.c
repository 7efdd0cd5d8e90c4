/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as the sandbox gets them; the first byte chooses the service, the rest is method, path, query, body by lines. */
#include "aws/protocol.h"
#include "base/buf.h"
#include "lang/value/value.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const services[] = {"ec2", "iam", "ssm", "efs", "s3", "route53", "lambda", "sqs"};
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
	if (len < 2)
		return 0;
	struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)bytes + 2, len - 2);
	char *path = strsep(&text, "\n"), *query = strsep(&text, "\n"), *target = strsep(&text, "\n");
	const struct http_header headers[] = {
		{"content-type", "application/x-www-form-urlencoded"},
		{"x-amz-target", target ? target : ""},
	};
	struct aws_incoming in = {
		.method = methods[bytes[1] % ARRAY_LEN(methods)],
		.path = path && *path == '/' ? path : "/",
		.query = query ? query : "",
		.headers = headers,
		.header_count = ARRAY_LEN(headers),
		.body = text ? text : "",
		.body_len = text ? strlen(text) : 0,
	};
	const char *unknown;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct aws_service *service = aws_service_find(services[bytes[0] % ARRAY_LEN(services)]);
	const struct aws_operation *op = aws_match_operation(service, &in);
	if (op && !aws_decode_request(arena, op, &in, &unknown, &why) && !why.len)
		bug("a refusal without a reason");
	arena_free(arena);
	return 0;
}
