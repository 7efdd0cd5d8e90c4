/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/call.h"

#include "aws/config.h"
#include "aws/credentials.h"
#include "base/diag.h"
#include "base/file.h"
#include "lang/value/json.h"
#include "lang/value/value.h"
#include "tests/support/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct loop *loop;
static struct http *http;
static struct server *server;
static struct aws_config *config;
static struct aws_identity *identity;
static struct aws *aws;
static struct arena *arena;
static struct diags diags;
static struct buf log_text;
static int64_t clock_now;

/* What the server does with one request after the other; the last one serves for all that follow. */
struct turn {
	unsigned status; /* 0: hangs up without an answer; 1: never answers */
	const char *headers, *body;
};
static const struct turn *script;
static size_t turn;
static unsigned requests;
static bool arrived;
static struct seen {
	char method[16], target[300], body[600], authorization[400], date[40], header[200];
} seen[64];

static void handle(void *ctx, const struct server_request *r)
{
	(void)ctx;
	const struct turn *t = &script[turn];
	struct seen *s = &seen[requests % ARRAY_LEN(seen)];
	snprintf(s->method, sizeof(s->method), "%s", r->method);
	snprintf(s->target, sizeof(s->target), "%s", r->target);
	snprintf(s->body, sizeof(s->body), "%s", r->body);
	server_header(r, "Authorization", s->authorization, sizeof(s->authorization));
	server_header(r, "X-Amz-Date", s->date, sizeof(s->date));
	server_header(r, "X-Amz-Content-Sha256", s->header, sizeof(s->header));
	requests++;
	arrived = true;
	if (script[turn + 1].status || script[turn + 1].headers)
		turn++;
	if (t->status == 0)
		server_hang_up(r->server, r->fd);
	else if (t->status > 1)
		server_answer(r->server, r->fd, t->status, t->headers ? t->headers : "", t->body);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return clock_now;
}

static void log_line(void *ctx, const char *line)
{
	(void)ctx;
	buf_addf(&log_text, "%s\n", line);
}

static int setup(void **state)
{
	(void)state;
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_MAX_ATTEMPTS");
	loop = loop_new();
	loop_skip_waits(loop);
	server = server_start(loop, handle, NULL);
	http = http_new(loop, NULL);
	diags_init(&diags);
	arena = arena_new();
	static const char *services[] = {"ec2", "iam", "s3", "ssm", "efs", "route53"};
	const char *urls[ARRAY_LEN(services)];
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		urls[i] = server->url;
	struct aws_settings settings = {.region = "eu-west-1",
					.access_key = "AKIDEXAMPLE",
					.secret_key = "secret-of-the-test",
					.skip_metadata = true,
					.endpoint_services = services,
					.endpoint_urls = urls,
					.endpoint_count = ARRAY_LEN(services)};
	config = aws_config_new(&settings, &diags);
	assert_non_null(config);
	identity = aws_identity_new(loop, http, config);
	clock_now = 1709208000;
	aws = aws_new(&(struct aws_options){.loop = loop,
					    .http = http,
					    .config = config,
					    .identity = identity,
					    .log = log_line,
					    .now = now});
	turn = requests = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aws_free(aws);
	aws_identity_free(identity);
	aws_config_free(config);
	http_free(http);
	server_stop(server);
	loop_free(loop);
	diags_release(&diags);
	arena_free(arena);
	buf_release(&log_text);
	return 0;
}

/* What came of a call. */
struct outcome {
	unsigned calls;
	enum aws_result result;
	struct buf value; /* as JSON */
	char code[100], message[200], error[300], request_id[50];
	struct buf diag;
	bool refused;
	unsigned tries;
	size_t pages;
};
static struct outcome outcome;

static void done(void *ctx, const struct aws_answer *answer)
{
	struct outcome *o = ctx;
	o->calls++;
	o->result = answer->result;
	buf_clear(&o->value);
	buf_clear(&o->diag);
	if (answer->result == AWS_OK) {
		value_to_json(answer->value, false, &o->value);
	} else {
		struct diags out;
		diags_init(&out);
		assert_non_null(aws_error_diag(answer, SRC_NOWHERE, &out));
		diags_print(&out, NULL, false, 0, &o->diag);
		diags_release(&out);
	}
	snprintf(o->code, sizeof(o->code), "%s", answer->failure.code ? answer->failure.code : "");
	snprintf(o->message, sizeof(o->message), "%s", answer->failure.message ? answer->failure.message : "");
	snprintf(o->error, sizeof(o->error), "%s", answer->error ? answer->error : "");
	snprintf(o->request_id, sizeof(o->request_id), "%s", answer->request_id ? answer->request_id : "");
	o->refused = answer->refused;
	o->tries = answer->tries;
	o->pages = answer->pages;
}

static const struct value *params(const char *json)
{
	struct buf why = BUF_INIT;
	const struct value *value = json ? value_from_json(arena, json, strlen(json), &why) : NULL;
	assert_true(!json || value);
	buf_release(&why);
	return value;
}

static void run(const struct turn *turns, struct aws_call_options options, const char *json)
{
	script = turns;
	turn = requests = 0;
	buf_clear(&log_text);
	buf_release(&outcome.value);
	buf_release(&outcome.diag);
	outcome = (struct outcome){0};
	options.params = params(json);
	aws_call(aws, &options, done, &outcome);
	loop_run(loop);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(aws_active(aws), 0);
}

#define EC2_ERROR(code) "<Response><Errors><Error><Code>" code "</Code><Message>No.</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
#define VPCS(id, more) "<DescribeVpcsResponse><vpcSet><item><vpcId>" id "</vpcId></item></vpcSet>" more "</DescribeVpcsResponse>"
#define MADE_VPC "<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>"

static void an_answer_comes(void **state)
{
	(void)state;
	static const struct turn turns[] = {{200, "x-amzn-RequestId: q-7\r\n", VPCS("vpc-1", "")}, {0}};
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs"}, "{\"VpcIds\":[\"vpc-1\"]}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(buf_text(&outcome.value), "{\"Vpcs\":[{\"VpcId\":\"vpc-1\"}]}");
	assert_string_equal(outcome.request_id, "q-7");
	assert_string_equal(seen[0].method, "POST");
	assert_string_equal(seen[0].target, "/");
	assert_string_equal(seen[0].body, "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1");
	assert_non_null(strstr(seen[0].authorization, "Credential=AKIDEXAMPLE/20240229/eu-west-1/ec2/aws4_request"));
	assert_string_equal(seen[0].date, "20240229T120000Z");
	size_t count;
	const struct aws_stat *stats = aws_stats(aws, &count);
	assert_int_equal(count, 1);
	assert_int_equal(stats->requests, 1);
	assert_int_equal(stats->calls, 1);
	assert_int_equal(stats->bytes_sent, strlen(seen[0].body));
	assert_int_equal(stats->bytes_received, strlen(turns[0].body));
}

static void errors_are_told(void **state)
{
	(void)state;
	static const struct turn turns[] = {{400, NULL, EC2_ERROR("VpcLimitExceeded")}, {0}};
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{\"CidrBlock\":\"10.0.0.0/16\"}");
	assert_int_equal(outcome.result, AWS_ERROR);
	assert_int_equal(requests, 1);
	assert_string_equal(outcome.code, "VpcLimitExceeded");
	assert_string_equal(outcome.request_id, "r-1");
	assert_non_null(strstr(buf_text(&outcome.diag), "ec2 CreateVpc in eu-west-1: VpcLimitExceeded (HTTP 400): No."));
	assert_non_null(strstr(buf_text(&outcome.diag), "A quota of the account is used up"));
	assert_non_null(strstr(buf_text(&outcome.diag), "Request id: r-1"));

	static const struct turn denied[] = {{403, NULL, EC2_ERROR("UnauthorizedOperation")}, {0}};
	run(denied, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{}");
	assert_non_null(strstr(buf_text(&outcome.diag), "a policy has to allow ec2:CreateVpc."));
}

static void throttled_calls_come_again(void **state)
{
	(void)state;
	static const struct turn turns[] = {{503, NULL, EC2_ERROR("RequestLimitExceeded")},
					    {503, NULL, EC2_ERROR("RequestLimitExceeded")},
					    {200, NULL, MADE_VPC},
					    {0}};
	/* Even a create: being throttled is certain to have had no effect. */
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{\"CidrBlock\":\"10.0.0.0/16\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_int_equal(outcome.tries, 3);
	size_t count;
	assert_int_equal(aws_stats(aws, &count)->throttles, 2);

	static const struct turn forever[] = {{503, NULL, EC2_ERROR("RequestLimitExceeded")}, {0}};
	run(forever, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc", .tries = 4}, "{}");
	assert_int_equal(outcome.result, AWS_ERROR);
	assert_int_equal(requests, 4);
}

static void a_create_is_never_sent_twice(void **state)
{
	(void)state;
	static const struct turn hang_up[] = {{0, "", ""}, {200, NULL, MADE_VPC}, {0}};
	static const struct turn broken[] = {{500, NULL, EC2_ERROR("InternalError")}, {200, NULL, MADE_VPC}, {0}};
	static const struct turn gateway[] = {{502, NULL, "<html>Bad Gateway</html>"}, {200, NULL, MADE_VPC}, {0}};
	static const struct turn garbage[] = {{200, NULL, "<CreateVpcResp"}, {200, NULL, MADE_VPC}, {0}};
	static const struct turn full[] = {{500, NULL, EC2_ERROR("InsufficientInstanceCapacity")}, {200, NULL, MADE_VPC}, {0}};
	struct aws_call_options options = {.service = "ec2", .operation = "CreateVpc"};
	const struct turn *const cases[] = {hang_up, broken, gateway, garbage};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		run(cases[i], options, "{}");
		assert_int_equal(outcome.result, AWS_LOST);
		assert_int_equal(requests, 1);
		assert_non_null(strstr(buf_text(&outcome.diag), "may or may not have been carried out"));
	}
	run(broken, options, "{}");
	assert_string_equal(outcome.code, "InternalError");
	/* On a connection that was kept, too: libcurl would like to repeat it. */
	static const struct turn kept[] = {{200, NULL, MADE_VPC}, {0, "", ""}, {200, NULL, MADE_VPC}, {0}};
	run(kept, options, "{}");
	assert_int_equal(outcome.result, AWS_OK);
	options.params = params("{}");
	outcome.calls = 0;
	aws_call(aws, &options, done, &outcome);
	loop_run(loop);
	assert_int_equal(outcome.result, AWS_LOST);
	assert_int_equal(requests, 2);
	/* No capacity is an answer, although its status is 500. */
	run(full, (struct aws_call_options){.service = "ec2", .operation = "RunInstances"}, "{\"MinCount\":1,\"MaxCount\":1}");
	assert_int_equal(outcome.result, AWS_ERROR);
	assert_int_equal(requests, 1);
}

static void reads_are_repeated(void **state)
{
	(void)state;
	static const struct turn turns[] = {{0, "", ""},
					    {500, NULL, EC2_ERROR("InternalError")},
					    {200, NULL, "garbage"},
					    {200, NULL, VPCS("vpc-1", "")},
					    {0}};
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs", .tries = 5}, NULL);
	assert_int_equal(outcome.result, AWS_OK);
	assert_int_equal(requests, 4);
	static const struct turn never[] = {{200, NULL, "garbage"}, {0}};
	run(never, (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs"}, NULL);
	assert_int_equal(outcome.result, AWS_LOST);
	assert_int_equal(requests, 3);
	assert_non_null(strstr(outcome.error, "could not be read"));
}

static void tokens_make_a_create_repeatable_where_wanted(void **state)
{
	(void)state;
	static const struct turn turns[] = {{0, "", ""}, {200, NULL, "<RunInstancesResponse><reservationId>r</reservationId></RunInstancesResponse>"}, {0}};
	struct aws_call_options options = {.service = "ec2", .operation = "RunInstances", .token = "tok-1"};
	/* This endpoint is not AWS's own: it may not look at tokens. */
	run(turns, options, "{\"MinCount\":1,\"MaxCount\":1}");
	assert_int_equal(outcome.result, AWS_LOST);
	assert_int_equal(requests, 1);
	options.repeat = AWS_REPEAT_ALWAYS;
	run(turns, options, "{\"MinCount\":1,\"MaxCount\":1}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_int_equal(requests, 2);
	assert_non_null(strstr(seen[0].body, "ClientToken=tok-1"));
	assert_string_equal(seen[0].body, seen[1].body);
	/* A random one is made where none is given, and kept for all tries. */
	options.token = NULL;
	run(turns, options, "{\"MinCount\":1,\"MaxCount\":1}");
	assert_non_null(strstr(seen[0].body, "ClientToken="));
	assert_null(strstr(seen[0].body, "tok-1"));
	assert_string_equal(seen[0].body, seen[1].body);
	/* A read may be forbidden to come again. */
	options = (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs", .repeat = AWS_REPEAT_NEVER};
	run(turns, options, NULL);
	assert_int_equal(outcome.result, AWS_LOST);
	assert_int_equal(requests, 1);
}

static bool count_page(void *ctx, const struct value *page)
{
	unsigned *left = ctx;
	assert_non_null(value_get(page, "Vpcs"));
	return --*left > 0;
}

static void pages_are_gathered(void **state)
{
	(void)state;
	static const struct turn turns[] = {{200, NULL, VPCS("vpc-1", "<nextToken>t1</nextToken>")},
					    {503, NULL, EC2_ERROR("Unavailable")},
					    {200, NULL, VPCS("vpc-2", "<nextToken>t2</nextToken>")},
					    {200, NULL, VPCS("vpc-3", "<nextToken/>")},
					    {0}};
	struct aws_call_options options = {.service = "ec2", .operation = "DescribeVpcs", .all_pages = true, .page_size = 5000};
	run(turns, options, NULL);
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(buf_text(&outcome.value), "{\"Vpcs\":[{\"VpcId\":\"vpc-1\"},{\"VpcId\":\"vpc-2\"},{\"VpcId\":\"vpc-3\"}]}");
	assert_int_equal(outcome.pages, 3);
	assert_int_equal(requests, 4);
	/* The model bounds a page of this operation by 1000. */
	assert_string_equal(seen[0].body, "Action=DescribeVpcs&Version=2016-11-15&MaxResults=1000");
	assert_string_equal(seen[2].body, "Action=DescribeVpcs&Version=2016-11-15&MaxResults=1000&NextToken=t1");
	assert_string_equal(seen[3].body, "Action=DescribeVpcs&Version=2016-11-15&MaxResults=1000&NextToken=t2");

	/* One page, and its token, where all are not asked for. */
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs"}, NULL);
	assert_string_equal(buf_text(&outcome.value), "{\"NextToken\":\"t1\",\"Vpcs\":[{\"VpcId\":\"vpc-1\"}]}");

	unsigned left = 2;
	options = (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs", .page = count_page, .page_ctx = &left};
	run(turns, options, NULL);
	assert_int_equal(outcome.result, AWS_OK);
	assert_int_equal(outcome.pages, 2);
	assert_int_equal(left, 0);

	static const struct turn stuck[] = {{200, NULL, VPCS("vpc-1", "<nextToken>same</nextToken>")}, {0}};
	run(stuck, (struct aws_call_options){.service = "ec2", .operation = "DescribeVpcs", .all_pages = true}, NULL);
	assert_int_equal(outcome.result, AWS_LOST);
	assert_int_equal(requests, 2);

	static const struct turn marked[] = {
		{200, NULL, "<R><ListRolesResult><Roles><member><RoleName>a</RoleName></member></Roles><IsTruncated>true</IsTruncated><Marker>m</Marker></ListRolesResult></R>"},
		{200, NULL, "<R><ListRolesResult><Roles><member><RoleName>b</RoleName></member></Roles><IsTruncated>false</IsTruncated><Marker>n</Marker></ListRolesResult></R>"},
		{0}};
	run(marked, (struct aws_call_options){.service = "iam", .operation = "ListRoles", .all_pages = true}, NULL);
	assert_string_equal(buf_text(&outcome.value), "{\"IsTruncated\":true,\"Roles\":[{\"RoleName\":\"a\"},{\"RoleName\":\"b\"}]}");
	assert_int_equal(requests, 2);
}

static void clocks_may_differ(void **state)
{
	(void)state;
	static const struct turn turns[] = {{400, "Date: Thu, 29 Feb 2024 14:00:00 GMT\r\n", EC2_ERROR("RequestExpired")},
					    {200, NULL, MADE_VPC},
					    {0}};
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(seen[0].date, "20240229T120000Z");
	assert_string_equal(seen[1].date, "20240229T140000Z");
	/* It is remembered, and not corrected for ever. */
	static const struct turn always[] = {{403, "Date: Thu, 29 Feb 2024 16:00:00 GMT\r\n",
					      "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>"},
					     {0}};
	run(always, (struct aws_call_options){.service = "s3", .operation = "ListBuckets"}, NULL);
	assert_int_equal(outcome.result, AWS_ERROR);
	assert_int_equal(requests, 2);
	assert_string_equal(seen[0].date, "20240229T140000Z");
	assert_string_equal(seen[1].date, "20240229T160000Z");
}

static void refused_credentials_are_renewed_once(void **state)
{
	(void)state;
	static const struct turn turns[] = {{400, NULL, "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}"}, {0}};
	run(turns, (struct aws_call_options){.service = "ssm", .operation = "GetParameter"}, "{\"Name\":\"a\"}");
	assert_int_equal(outcome.result, AWS_ERROR);
	assert_string_equal(outcome.code, "ExpiredTokenException");
	assert_int_equal(requests, 2);
	assert_non_null(strstr(buf_text(&outcome.diag), "log in again"));
}

static void buckets_are_followed(void **state)
{
	(void)state;
	static const struct turn turns[] = {{301, "x-amz-bucket-region: us-west-2\r\n",
					     "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>"},
					    {200, NULL, "<VersioningConfiguration/>"},
					    {0}};
	struct aws_call_options options = {.service = "s3", .operation = "GetBucketVersioning"};
	run(turns, options, "{\"Bucket\":\"bucket\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(seen[0].target, "/bucket?versioning");
	assert_non_null(strstr(seen[0].authorization, "/eu-west-1/s3/"));
	assert_non_null(strstr(seen[1].authorization, "/us-west-2/s3/"));
	/* From now on at once. */
	static const struct turn good[] = {{200, NULL, "<VersioningConfiguration/>"}, {0}};
	run(good, options, "{\"Bucket\":\"bucket\"}");
	assert_int_equal(requests, 1);
	assert_non_null(strstr(seen[0].authorization, "/us-west-2/s3/"));
	static const struct turn head[] = {{400, "x-amz-bucket-region: ap-south-1\r\n", ""}, {200, NULL, "<AccessControlPolicy/>"}, {0}};
	options.operation = "GetBucketAcl";
	run(head, options, "{\"Bucket\":\"bucket\"}");
	assert_int_equal(requests, 2);
	assert_non_null(strstr(seen[1].authorization, "/ap-south-1/s3/"));
}

static void wrong_requests_do_not_leave(void **state)
{
	(void)state;
	static const struct turn turns[] = {{200, NULL, MADE_VPC}, {0}};
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{\"CidrBlok\":\"10.0.0.0/16\"}");
	assert_int_equal(outcome.result, AWS_NOT_SENT);
	assert_true(outcome.refused);
	assert_int_equal(requests, 0);
	assert_non_null(strstr(buf_text(&outcome.diag), "did you mean \"CidrBlock\"?"));
	run(turns, (struct aws_call_options){.service = "ec2", .operation = "MakeVpc"}, NULL);
	assert_non_null(strstr(outcome.error, "has no operation \"MakeVpc\""));
	run(turns, (struct aws_call_options){.service = "ec3", .operation = "MakeVpc"}, NULL);
	assert_non_null(strstr(outcome.error, "There is no service \"ec3\""));
	assert_true(outcome.refused);
}

static void nobody_listens(void **state)
{
	(void)state;
	server_stop(server);
	run(NULL, (struct aws_call_options){.service = "ec2", .operation = "CreateVpc"}, "{}");
	assert_int_equal(outcome.result, AWS_NOT_SENT);
	assert_false(outcome.refused);
	assert_int_equal(outcome.tries, 4);
	assert_non_null(strstr(buf_text(&outcome.diag), "The endpoint is http://127.0.0.1:"));
	server = server_start(loop, handle, NULL);
}

static void the_server_says_how_long_to_wait(void **state)
{
	(void)state;
	static const struct turn turns[] = {{429, "Retry-After: 7\r\n", "{\"__type\":\"TooManyRequestsException\"}"},
					    {200, NULL, "{}"},
					    {0}};
	uint64_t before = loop_now_ms(loop);
	run(turns, (struct aws_call_options){.service = "ssm", .operation = "GetParameter"}, "{\"Name\":\"a\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_true(loop_now_ms(loop) - before >= 7000);
	assert_true(loop_now_ms(loop) - before < 9000);
}

static void calls_can_be_cancelled(void **state)
{
	(void)state;
	static const struct turn turns[] = {{1, "", ""}, {0}};
	struct outcome unused = {0};
	script = turns;
	struct aws_call_options options = {.service = "ec2", .operation = "DescribeVpcs"};
	aws_call_id first = aws_call(aws, &options, done, &unused), second = aws_call(aws, &options, done, &unused);
	aws_cancel(aws, first);
	arrived = false;
	assert_true(loop_run_until(loop, &arrived));
	assert_int_equal(aws_active(aws), 1);
	aws_cancel(aws, second);
	aws_cancel(aws, second);
	loop_run(loop);
	assert_int_equal(unused.calls, 0);
	assert_int_equal(aws_active(aws), 0);
	/* One is left for aws_free(). */
	aws_call(aws, &options, done, &unused);
	arrived = false;
	assert_true(loop_run_until(loop, &arrived));
}

static bool take_bytes(void *ctx, const void *bytes, size_t len)
{
	buf_add(ctx, bytes, len);
	return true;
}

static void bodies_come_from_files_and_go_to_readers(void **state)
{
	(void)state;
	static const struct turn put[] = {{200, "ETag: \"e\"\r\n", ""}, {0}};
	char path[] = "/tmp/test_call_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "from a file", 11), 11);
	close(fd);
	run(put, (struct aws_call_options){.service = "s3", .operation = "PutObject", .body_file = path},
	    "{\"Bucket\":\"bucket\",\"Key\":\"a b\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(buf_text(&outcome.value), "{\"ETag\":\"\\\"e\\\"\"}");
	assert_string_equal(seen[0].target, "/bucket/a%20b");
	assert_string_equal(seen[0].body, "from a file");
	/* sha256 of "from a file" */
	assert_string_equal(seen[0].header, "552b49dcb23b4558021df8fda10272de45986bce69dd80283fc0b2a2fa57c209");
	unlink(path);

	static const struct turn get[] = {{200, NULL, "the object"}, {0}};
	struct buf body = BUF_INIT;
	run(get, (struct aws_call_options){.service = "s3", .operation = "GetObject", .on_data = take_bytes, .data_ctx = &body},
	    "{\"Bucket\":\"bucket\",\"Key\":\"k\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_string_equal(buf_text(&body), "the object");
	buf_release(&body);
}

static void logs_keep_secrets(void **state)
{
	(void)state;
	static const struct turn turns[] = {{200, NULL, "{\"Version\":1}"}, {0}};
	run(turns, (struct aws_call_options){.service = "ssm", .operation = "PutParameter"},
	    "{\"Name\":\"/a\",\"Value\":\"hunter2\",\"Type\":\"SecureString\"}");
	assert_int_equal(outcome.result, AWS_OK);
	assert_non_null(strstr(seen[0].body, "hunter2"));
	assert_non_null(strstr(buf_text(&log_text), "ssm PutParameter"));
	assert_non_null(strstr(buf_text(&log_text), "Value: (sensitive)"));
	assert_null(strstr(buf_text(&log_text), "hunter2"));
	assert_null(strstr(buf_text(&log_text), "secret-of-the-test"));
}

static unsigned good_answers;
static void count_done(void *ctx, const struct aws_answer *answer)
{
	(void)ctx;
	good_answers += answer->result == AWS_OK;
}

/* A server that takes a number of requests a second: what is learned from it lets all of many calls through. */
static uint64_t limit_at;
static double limit_tokens;
static unsigned throttled;
static void limited(void *ctx, const struct server_request *r)
{
	(void)ctx;
	uint64_t at = loop_now_ms(loop);
	limit_tokens += (double)(at - limit_at) / 1000 * 10;
	limit_at = at;
	if (limit_tokens > 20)
		limit_tokens = 20;
	if (limit_tokens < 1) {
		throttled++;
		server_answer(r->server, r->fd, 503, "", EC2_ERROR("RequestLimitExceeded"));
		return;
	}
	limit_tokens--;
	server_answer(r->server, r->fd, 200, "", MADE_VPC);
}

static void many_calls_find_the_servers_rate(void **state)
{
	(void)state;
	server->fn = limited;
	limit_tokens = 20;
	limit_at = loop_now_ms(loop);
	good_answers = throttled = 0;
	struct aws_call_options options = {.service = "ec2", .operation = "CreateVpc", .params = params("{}")};
	enum { CALLS = 400 };
	for (unsigned i = 0; i < CALLS; i++)
		aws_call(aws, &options, count_done, NULL);
	uint64_t before = loop_now_ms(loop);
	loop_run(loop);
	uint64_t seconds = (loop_now_ms(loop) - before) / 1000;
	assert_int_equal(good_answers, CALLS);
	/* 38 s at best. */
	assert_true(seconds < 120);
	assert_true(throttled < 2 * CALLS);
	server->fn = handle;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_answer_comes),
		CASE(errors_are_told),
		CASE(throttled_calls_come_again),
		CASE(a_create_is_never_sent_twice),
		CASE(reads_are_repeated),
		CASE(tokens_make_a_create_repeatable_where_wanted),
		CASE(pages_are_gathered),
		CASE(clocks_may_differ),
		CASE(refused_credentials_are_renewed_once),
		CASE(buckets_are_followed),
		CASE(wrong_requests_do_not_leave),
		CASE(nobody_listens),
		CASE(the_server_says_how_long_to_wait),
		CASE(calls_can_be_cancelled),
		CASE(bodies_come_from_files_and_go_to_readers),
		CASE(logs_keep_secrets),
		CASE(many_calls_find_the_servers_rate),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_release(&outcome.value);
	buf_release(&outcome.diag);
	return failed;
}
