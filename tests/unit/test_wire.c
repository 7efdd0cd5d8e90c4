/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the wire: times, verdicts, waits, rates, pages, XML. */
#include "aws/page.h"
#include "aws/rate.h"
#include "aws/retry.h"
#include "aws/time.h"
#include "aws/xml.h"
#include "base/buf.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void times_are_read_and_printed(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2024-02-29T12:00:00Z", 1709208000000},
		{"2024-02-29T12:00:00.25Z", 1709208000250},
		{"2024-02-29T12:00:00.999999999Z", 1709208000999},
		{"2024-02-29t13:30:00+01:30", 1709208000000},
		{"2024-02-29T07:00:00-0500", 1709208000000},
		{"2024-02-29 12:00:00", 1709208000000},
		{"2024-02-29", 1709164800000},
		{"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000000},
		{"1709208000", 1709208000000},
		{"1709208000.25", 1709208000250},
		{" 1709208000 ", 1709208000000},
		{"-1.5", -1500},
		{"1969-12-31T23:59:59.5Z", -500},
		{"0001-01-01T00:00:00Z", -62135596800000},
		{"9999-12-31T23:59:59Z", 253402300799000},
	};
	static const char *const bad[] = {"", "now", "2024-02-30T12:00:00Z", "2024-13-01", "2024-02-29T25:00:00Z",
					  "2024-02-29T12:00:00Zx", "29 Feb 2024", "1e9", "12345678901234567890", "1.",
					  "Thu, 29 Feb 2024 12:00:00 CET", "2024-00-01"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		int64_t ms;
		assert_true(aws_time_parse(good[i].text, strlen(good[i].text), &ms));
		assert_int_equal(ms, good[i].ms);
		char text[40];
		aws_time_print_exact(ms, text);
		assert_true(aws_time_parse(text, strlen(text), &ms) && ms == good[i].ms);
		aws_time_print_epoch(ms, text);
		assert_true(aws_time_parse(text, strlen(text), &ms) && ms == good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t ms;
		assert_false(aws_time_parse(bad[i], strlen(bad[i]), &ms));
	}
	char text[40];
	aws_time_print(1709208000999, text);
	assert_string_equal(text, "2024-02-29T12:00:00Z");
	aws_time_print_exact(1709208000250, text);
	assert_string_equal(text, "2024-02-29T12:00:00.250Z");
	aws_time_print_rfc822(1709208000250, text);
	assert_string_equal(text, "Thu, 29 Feb 2024 12:00:00 GMT");
	aws_time_print_epoch(1709208000250, text);
	assert_string_equal(text, "1709208000.25");
}

static void codes_are_judged(void **state)
{
	(void)state;
	const struct aws_service *ec2 = aws_service_find("ec2"), *s3 = aws_service_find("s3"), *kms = aws_service_find("kms");
	assert_int_equal(aws_judge(ec2, 503, "RequestLimitExceeded", ""), AWS_THROTTLED);
	assert_int_equal(aws_judge(ec2, 503, "Client.RequestLimitExceeded", ""), AWS_THROTTLED);
	assert_int_equal(aws_judge(ec2, 500, "InsufficientInstanceCapacity", ""), AWS_FINAL);
	assert_int_equal(aws_judge(ec2, 500, "InternalError", ""), AWS_TRANSIENT);
	assert_int_equal(aws_judge(ec2, 502, "502", ""), AWS_TRANSIENT);
	assert_int_equal(aws_judge(ec2, 400, "VpcLimitExceeded", ""), AWS_FINAL);
	assert_int_equal(aws_judge(ec2, 501, "NotImplemented", ""), AWS_FINAL);
	assert_int_equal(aws_judge(kms, 429, "429", ""), AWS_THROTTLED);
	assert_int_equal(aws_judge(kms, 400, "LimitExceededException", ""), AWS_FINAL);
	assert_int_equal(aws_judge(s3, 301, "301", ""), AWS_ELSEWHERE);
	assert_int_equal(aws_judge(ec2, 301, "301", ""), AWS_FINAL);
	assert_int_equal(aws_judge(kms, 403, "InvalidSignatureException", "Signature expired: 2024 is now earlier"), AWS_SKEWED);
	assert_int_equal(aws_judge(kms, 403, "InvalidSignatureException", "does not match"), AWS_FINAL);
	assert_int_equal(aws_judge(kms, 400, "ExpiredTokenException", ""), AWS_EXPIRED);

	static const struct {
		const char *service, *operation;
		bool repeatable;
	} cases[] = {
		{"ec2", "DescribeVpcs", true},  {"ec2", "CreateVpc", false},      {"ec2", "DeleteVpc", true},
		{"ec2", "RunInstances", false}, {"ec2", "CreateTags", true},      {"ec2", "AllocateAddress", false},
		{"s3", "GetObject", true},      {"s3", "PutObject", true},        {"s3", "CreateMultipartUpload", false},
		{"iam", "CreateRole", false},   {"efs", "CreateMountTarget", false}, {"ec2", "AssociateAddress", false},
		{"dynamodb", "UpdateItem", false}, {"ecs", "RegisterTaskDefinition", false}, {"ec2", "StopInstances", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct aws_operation *op = aws_operation_find(aws_service_find(cases[i].service), cases[i].operation);
		assert_int_equal(aws_is_repeatable(op), cases[i].repeatable);
	}
}

static void waits_grow_and_are_bounded(void **state)
{
	(void)state;
	for (unsigned tries = 1; tries < 40; tries++) {
		assert_true(aws_backoff_ms(AWS_THROTTLED, tries, 0, UINT64_MAX) <= 20000);
		assert_int_equal(aws_backoff_ms(AWS_THROTTLED, tries, 0, 0), 0);
	}
	assert_true(aws_backoff_ms(AWS_TRANSIENT, 1, 0, 200) == 200);
	assert_true(aws_backoff_ms(AWS_TRANSIENT, 3, 0, 800) == 800);
	assert_true(aws_backoff_ms(AWS_TRANSIENT, 1, 5000, 77) >= 5000);
	assert_int_equal(aws_retry_after_ms(NULL, 0), 0);
	assert_int_equal(aws_retry_after_ms("3", 1709208000), 3000);
	assert_int_equal(aws_retry_after_ms("99999", 1709208000), 300000);
	assert_int_equal(aws_retry_after_ms("Thu, 29 Feb 2024 12:00:10 GMT", 1709208000), 10000);
	assert_int_equal(aws_retry_after_ms("Thu, 29 Feb 2024 11:00:10 GMT", 1709208000), 0);
	assert_int_equal(aws_retry_after_ms("soon", 1709208000), 0);
}

static unsigned served;
static void serve(void *ctx)
{
	assert_int_equal(*(unsigned *)ctx, served);
	served++;
}

static void buckets_have_the_documented_rates(void **state)
{
	(void)state;
	static const struct {
		const char *operation;
		double rate;
	} cases[] = {{"RunInstances", 2}, {"CreateVolume", 5}, {"CreateTags", 10}, {"CreateVpcEndpoint", 0.3}, {"CreateNatGateway", 1},
		     {"CreateSnapshots", 5}, {"DescribeSecurityGroups", 20}, {"DescribeSpotInstanceRequests", 20}, {"GetConsoleOutput", 20},
		     {"AuthorizeSecurityGroupIngress", 5}, {"RequestSpotInstances", 5}, {"CreateVpc", 5}};
	struct loop *loop = loop_new();
	struct aws_rates *rates = aws_rates_new(loop);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct aws_operation *op = aws_operation_find(aws_service_find("ec2"), cases[i].operation);
		assert_non_null(op);
		double rate = aws_bucket_rate(aws_bucket_for(rates, op, "us-east-1", true));
		assert_true(rate == cases[i].rate);
	}
	aws_rates_free(rates);
	loop_free(loop);
}

static void buckets_let_through_in_order(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	loop_skip_waits(loop);
	struct aws_rates *rates = aws_rates_new(loop);
	const struct aws_operation *run = aws_operation_find(aws_service_find("ec2"), "RunInstances");
	struct aws_bucket *bucket = aws_bucket_for(rates, run, "us-east-1", true);
	assert_ptr_equal(bucket, aws_bucket_for(rates, run, "us-east-1", true));
	assert_ptr_not_equal(bucket, aws_bucket_for(rates, run, "us-east-2", true));
	/* Five at once, then two a second. */
	static struct aws_waiter waiters[45];
	static unsigned numbers[ARRAY_LEN(waiters)];
	uint64_t before = loop_now_ms(loop);
	served = 0;
	for (unsigned i = 0; i < ARRAY_LEN(waiters); i++) {
		numbers[i] = i;
		waiters[i] = (struct aws_waiter){0};
		aws_bucket_enter(bucket, &waiters[i], serve, &numbers[i]);
	}
	assert_int_equal(served, 5);
	loop_run(loop);
	assert_int_equal(served, ARRAY_LEN(waiters));
	assert_in_range(loop_now_ms(loop) - before, 19900, 20500);
	/* Who leaves is not served. */
	static unsigned tail[3];
	for (unsigned i = 0; i < 3; i++) {
		tail[i] = served + (i == 2);
		aws_bucket_enter(bucket, &waiters[i], serve, &tail[i]);
	}
	aws_bucket_leave(&waiters[1]);
	loop_run(loop);
	assert_int_equal(served, ARRAY_LEN(waiters) + 2);

	/* Elsewhere there is no limit until the server throttles. */
	struct aws_bucket *local = aws_bucket_for(rates, run, "us-east-1", false);
	assert_true(aws_bucket_rate(local) == 0);
	served = 0;
	for (unsigned i = 0; i < ARRAY_LEN(waiters); i++)
		aws_bucket_enter(local, &waiters[i], serve, &numbers[i]);
	assert_int_equal(served, ARRAY_LEN(waiters));
	aws_bucket_throttled(local);
	double rate = aws_bucket_rate(local);
	assert_true(rate > 1 && rate < 40);
	aws_bucket_throttled(local); /* of the same burst */
	assert_true(aws_bucket_rate(local) == rate);
	loop_advance(loop, 5000);
	for (unsigned i = 0; i < 1000; i++)
		aws_bucket_succeeded(local);
	assert_true(aws_bucket_rate(local) == 0);
	aws_rates_free(rates);
	loop_free(loop);
}

static void pages_are_found_by_path(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct buf why = BUF_INIT;
	static const char json[] = "{\"A\":{\"B\":\"b\"},\"L\":[{\"K\":\"1\"},{\"K\":\"2\"}],\"E\":\"\",\"N\":null}";
	const struct value *v = value_from_json(arena, json, strlen(json), &why);
	assert_string_equal(aws_page_at(v, "A.B")->text, "b");
	assert_string_equal(aws_page_at(v, "L[-1].K")->text, "2");
	assert_string_equal(aws_page_at(v, "E||L[-1].K")->text, "2");
	assert_string_equal(aws_page_at(v, "A.B||L[-1].K")->text, "b");
	assert_null(aws_page_at(v, "E"));
	assert_null(aws_page_at(v, "N"));
	assert_null(aws_page_at(v, "X.Y.Z"));
	assert_null(aws_page_at(v, "A[-1].K"));
	buf_release(&why);
	arena_free(arena);
}

static void xml_is_read_element_by_element(void **state)
{
	(void)state;
	static const char text[] = "<?xml version='1.0'?><!-- c --><a x:y='1' xmlns:x='u'>t<b/>u<c>&lt;<![CDATA[&]]>&#65;</c></a>";
	struct aws_xml *xml = aws_xml_open(text, strlen(text));
	size_t len;
	assert_int_equal(aws_xml_next(xml), AWS_XML_OPEN);
	assert_string_equal(aws_xml_name(xml), "a");
	assert_string_equal(aws_xml_attribute(xml, "x:y"), "1");
	assert_null(aws_xml_attribute(xml, "z"));
	assert_int_equal(aws_xml_next(xml), AWS_XML_OPEN);
	assert_int_equal(aws_xml_depth(xml), 2);
	assert_int_equal(aws_xml_next(xml), AWS_XML_CLOSE);
	assert_string_equal(aws_xml_name(xml), "b");
	aws_xml_content(xml, &len);
	assert_int_equal(len, 0);
	assert_int_equal(aws_xml_next(xml), AWS_XML_OPEN);
	assert_int_equal(aws_xml_next(xml), AWS_XML_CLOSE);
	assert_string_equal(aws_xml_content(xml, &len), "<&A");
	assert_int_equal(aws_xml_next(xml), AWS_XML_CLOSE);
	assert_int_equal(aws_xml_next(xml), AWS_XML_END);
	aws_xml_close(xml);

	static const char *const bad[] = {"", "<a>", "<a></b>", "<a>&x;</a>", "<!DOCTYPE a><a/>", "text", "<a/><b/>"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		xml = aws_xml_open(bad[i], strlen(bad[i]));
		enum aws_xml_event event;
		while ((event = aws_xml_next(xml)) == AWS_XML_OPEN || event == AWS_XML_CLOSE)
			;
		assert_int_equal(event, AWS_XML_ERROR);
		assert_true(*aws_xml_error(xml));
		aws_xml_close(xml);
	}
	struct buf out = BUF_INIT;
	aws_xml_escape("a<b>&\"\n", 7, &out);
	assert_string_equal(buf_text(&out), "a&lt;b&gt;&amp;&quot;&#xA;");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_and_printed),  cmocka_unit_test(codes_are_judged),
		cmocka_unit_test(waits_grow_and_are_bounded),  cmocka_unit_test(buckets_have_the_documented_rates),
		cmocka_unit_test(buckets_let_through_in_order),
		cmocka_unit_test(pages_are_found_by_path),     cmocka_unit_test(xml_is_read_element_by_element),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
