/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/retry.h"

#include "aws/time.h"

#include <string.h>

struct judged {
	const char *code;
	const char *service; /* NULL: all */
	enum aws_verdict verdict;
	const char *reason;
};

static const struct judged judged[] = {
	{"Throttling", NULL, AWS_THROTTLED, "the query services' word for too many requests"},
	{"ThrottlingException", NULL, AWS_THROTTLED, "that of the json services"},
	{"ThrottledException", NULL, AWS_THROTTLED, "and of some others"},
	{"RequestThrottled", NULL, AWS_THROTTLED, "SQS and older services"},
	{"RequestThrottledException", NULL, AWS_THROTTLED, "the same"},
	{"TooManyRequestsException", NULL, AWS_THROTTLED, "Lambda, Batch, Backup"},
	{"TooManyRequests", NULL, AWS_THROTTLED, "EFS, API gateways"},
	{"RequestLimitExceeded", NULL, AWS_THROTTLED, "EC2: the bucket of the operation is empty"},
	{"EC2ThrottledException", NULL, AWS_THROTTLED, "services that call EC2 for us"},
	{"BandwidthLimitExceeded", NULL, AWS_THROTTLED, "older services"},
	{"LimitExceededException", "kms", AWS_FINAL, "a quota, not a rate"},
	{"ProvisionedThroughputExceededException", "dynamodb", AWS_THROTTLED, "the table's own rate"},
	{"TransactionInProgressException", "dynamodb", AWS_THROTTLED, "the same transaction is still running"},
	{"SlowDown", "s3", AWS_THROTTLED, "S3's word"},
	{"OperationAborted", "s3", AWS_THROTTLED, "another change of the bucket is being made; nothing was done"},
	{"PriorRequestNotComplete", "route53", AWS_THROTTLED, "one change of a zone at a time"},
	{"TooManyUpdates", "ssm", AWS_THROTTLED, "one change of an object at a time"},
	{"ConcurrentModification", "iam", AWS_THROTTLED, "another change of the object is being made"},
	{"LimitExceededException", "logs", AWS_FINAL, "a quota, not a rate"},

	{"InternalError", NULL, AWS_TRANSIENT, "the server failed"},
	{"InternalFailure", NULL, AWS_TRANSIENT, "the server failed"},
	{"InternalServerError", NULL, AWS_TRANSIENT, "the server failed"},
	{"InternalServiceError", NULL, AWS_TRANSIENT, "the server failed"},
	{"ServiceFailure", NULL, AWS_TRANSIENT, "IAM: the server failed"},
	{"ServiceUnavailable", NULL, AWS_TRANSIENT, "the server is overloaded or restarting"},
	{"ServiceUnavailableException", NULL, AWS_TRANSIENT, "the same"},
	{"Unavailable", NULL, AWS_TRANSIENT, "EC2's word for it"},
	{"RequestTimeout", NULL, AWS_TRANSIENT, "the server waited in vain for the rest of the request"},
	{"RequestTimeoutException", NULL, AWS_TRANSIENT, "the same"},
	{"IDPCommunicationError", "sts", AWS_TRANSIENT, "the identity provider did not answer STS"},

	/* EC2 answers these with status 500, but nothing was made, and another try is not ours to decide. */
	{"InsufficientInstanceCapacity", NULL, AWS_FINAL, "no machine of this type in this zone"},
	{"InsufficientHostCapacity", NULL, AWS_FINAL, "no dedicated host"},
	{"InsufficientReservedInstanceCapacity", NULL, AWS_FINAL, "no reserved instances left to buy"},
	{"InsufficientAddressCapacity", NULL, AWS_FINAL, "no addresses"},
	{"InsufficientCapacity", NULL, AWS_FINAL, "no capacity"},
	{"InsufficientCapacityException", NULL, AWS_FINAL, "no capacity"},
	{"InsufficientVolumeCapacity", NULL, AWS_FINAL, "no room for volumes of this kind"},
	{"InsufficientThroughputCapacity", "efs", AWS_FINAL, "no throughput to provision"},
	{"UnsupportedOperation", "ec2", AWS_FINAL, "a sentence about the request"},

	{"ExpiredToken", NULL, AWS_EXPIRED, "the session's credentials have ended"},
	{"ExpiredTokenException", NULL, AWS_EXPIRED, "the same"},
	{"InvalidClientTokenId", NULL, AWS_EXPIRED, "the key is not known, perhaps not yet"},
	{"UnrecognizedClientException", NULL, AWS_EXPIRED, "the same"},
	{"InvalidAccessKeyId", "s3", AWS_EXPIRED, "the same"},
	{"TokenRefreshRequired", "s3", AWS_EXPIRED, "the session's credentials have ended"},

	{"RequestTimeTooSkewed", NULL, AWS_SKEWED, "S3: our clock is wrong"},
	{"RequestExpired", NULL, AWS_SKEWED, "EC2: our clock is wrong"},
	{"RequestInTheFuture", NULL, AWS_SKEWED, "our clock is wrong"},

	{"PermanentRedirect", "s3", AWS_ELSEWHERE, "the bucket lives in another region"},
	{"TemporaryRedirect", "s3", AWS_ELSEWHERE, "a new bucket's name is not known everywhere yet"},
	{"AuthorizationHeaderMalformed", "s3", AWS_ELSEWHERE, "signed for another region than the bucket's"},
	{"IllegalLocationConstraintException", "s3", AWS_FINAL, "created in another region than asked"},
};

enum aws_verdict aws_judge(const struct aws_service *service, unsigned status, const char *code, const char *message)
{
	const char *name = aws_text(service->name);
	/* "Client.RequestLimitExceeded", "Server.Internal": seen where EC2's errors pass through others. */
	const char *bare = !strncmp(code, "Client.", 7) || !strncmp(code, "Server.", 7) ? code + 7 : code;
	for (size_t i = 0; i < ARRAY_LEN(judged); i++) {
		if (!strcmp(judged[i].code, bare) && (!judged[i].service || !strcmp(judged[i].service, name)))
			return judged[i].verdict;
	}
	/* Signatures that are too old or too new have no code of their own. */
	if ((!strcmp(bare, "InvalidSignatureException") || !strcmp(bare, "SignatureDoesNotMatch") ||
	     !strcmp(bare, "AuthFailure")) &&
	    (strstr(message, "Signature expired") || strstr(message, "Signature not yet current")))
		return AWS_SKEWED;
	if (status == 429)
		return AWS_THROTTLED;
	if (!strcmp(name, "s3") && (status == 301 || status == 307))
		return AWS_ELSEWHERE;
	if (status == 500 || status == 502 || status == 503 || status == 504)
		return AWS_TRANSIENT;
	return AWS_FINAL;
}

static bool begins_with(const struct aws_operation *op, const char *const *beginnings, size_t count)
{
	const char *name = aws_text(op->name);
	for (size_t i = 0; i < count; i++) {
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return true;
	}
	return false;
}

bool aws_only_reads(const struct aws_operation *op)
{
	static const char *const beginnings[] = {"Describe", "Get", "List", "Head", "Search", "Lookup", "BatchGet", "Query", "Scan",
						 "Filter", "Simulate", "Decode", "Validate", "Test", "Check", "Estimate", "Preview",
						 "Count"};
	return op->flags & AWS_OP_READONLY || !strcmp(aws_text(op->method), "GET") || !strcmp(aws_text(op->method), "HEAD") ||
	       begins_with(op, beginnings, ARRAY_LEN(beginnings));
}

bool aws_is_repeatable(const struct aws_operation *op)
{
	/* saying how things shall be */
	static const char *const beginnings[] = {
		"Put", "Modify", "Update", "Set", "Delete", "Remove", "Tag", "Untag", "Enable", "Disable", "Start", "Stop",
		"Terminate", "Cancel", "Revoke", "Deregister", "Detach", "Disassociate", "Replace", "Release", "Reset",
		"Change", "Unassign", "BatchDelete", "Suspend", "Resume",
	};
	static const char *const exact[] = {"CreateTags", "CreateOrUpdateTags", "AddTags", "AddTagsToResource",
					    "AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy",
					    "AddUserToGroup", "CreateBucket",
					    "CopyObject", "UploadPart", "AuthorizeSecurityGroupIngress",
					    "AuthorizeSecurityGroupEgress", "AssociateRouteTable"};
	/* Each of these does more the second time. */
	static const char *const never[] = {"StartInstanceRefresh", "StartTask", "StartExecution", "StartBackupJob",
					    "StartRestoreJob", "StartCopyJob", "StartAutomationExecution",
					    "StartPipelineReexecution", "ResetServiceSpecificCredential",
					    "UpdateItem", "StartQuery", "ReplaceRouteTableAssociation"};
	const char *name = aws_text(op->name);
	if (op->flags & AWS_OP_IDEMPOTENT || aws_only_reads(op))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (!strcmp(name, never[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(exact); i++) {
		if (!strcmp(name, exact[i]))
			return true;
	}
	return begins_with(op, beginnings, ARRAY_LEN(beginnings));
}

unsigned aws_backoff_ms(enum aws_verdict verdict, unsigned tries, unsigned retry_after_ms, uint64_t random)
{
	enum { LONGEST = 20000 };
	unsigned limit = verdict == AWS_THROTTLED ? 1000 : 200;
	for (unsigned i = 1; i < tries && limit < LONGEST; i++)
		limit *= 2;
	if (limit > LONGEST)
		limit = LONGEST;
	unsigned wait = (unsigned)(random % (limit + 1));
	/* Some jitter above the floor, so that those who were told the same do not come back together. */
	if (retry_after_ms && wait < retry_after_ms)
		wait = retry_after_ms + (unsigned)(random % (retry_after_ms / 10 + 50));
	return wait;
}

unsigned aws_retry_after_ms(const char *header, int64_t now)
{
	enum { LONGEST = 300 };
	int64_t at;
	if (!header || !*header || !aws_time_parse(header, strlen(header), &at))
		return 0;
	int64_t seconds = at / 1000;
	/* A number is a span, a date a moment. */
	if (strchr(header, ',') || strchr(header, ':'))
		seconds -= now;
	else if (at % 1000)
		seconds++;
	return seconds <= 0 ? 0 : (unsigned)(seconds > LONGEST ? LONGEST : seconds) * 1000;
}
