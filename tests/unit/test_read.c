/* SPDX-License-Identifier: Apache-2.0 */
/* Reading security groups in sets from a server with pages: what is found, and in how many requests. */
#include "aws/protocol.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "providers/aws/provider_kind.h"
#include "tests/support/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct provider_kind *const kind = &aws_provider_kind;
static struct loop *loop;
static struct server *server;
static struct provider *provider;
static struct arena *arena;
static struct diags diags;

/* The account has groups 0 .. group_count-1; lists them in this order. */
static unsigned group_count, page_size, fail_at, listings, filters, alone;
static bool (*is_there)(unsigned group);
static bool stuck;

static bool always(unsigned group)
{
	(void)group;
	return true;
}

static const struct value *text(struct arena *a, const char *s)
{
	return value_string(a, s);
}

static const struct value *object(struct arena *a, const char *name, const struct value *v, const char *name2, const struct value *v2)
{
	const char *names[] = {name, name2};
	const struct value *items[] = {v, v2};
	return value_object(a, names, items, v2 ? 2 : 1);
}

static const struct value *group(struct arena *a, unsigned number)
{
	return object(a, "GroupId", text(a, arena_printf(a, "sg-%u", number)), "GroupName", text(a, arena_printf(a, "name %u", number)));
}

static void handle(void *ctx, const struct server_request *r)
{
	(void)ctx;
	struct arena *a = arena_new();
	char type[128];
	struct http_header header = {"content-type", server_header(r, "Content-Type", type, sizeof(type))};
	struct aws_incoming in = {r->method, r->target, "", &header, 1, r->body, r->body_len};
	const struct aws_operation *op = aws_match_operation(aws_service_find("ec2"), &in);
	AUTO_BUF struct buf why = BUF_INIT;
	assert_non_null(op);
	assert_string_equal(aws_text(op->name), "DescribeSecurityGroups");
	const char *unknown;
	const struct value *params = aws_decode_request(a, op, &in, &unknown, &why);
	assert_non_null(params);
	const struct value *filter = value_get(params, "Filters"), *limit = value_get(params, "MaxResults"), *next = NULL;
	VEC(const struct value *) found = {0};
	struct aws_reply reply = {0};
	if (filter && filter->state == VALUE_KNOWN) {
		const struct value *wanted = value_get(filter->items[0], "Values");
		filters++;
		alone += wanted->count == 1;
		assert_true(wanted->count <= 200);
		for (uint32_t i = 0; i < wanted->count; i++) {
			unsigned number = (unsigned)strtoul(wanted->items[i]->text + 3, NULL, 10);
			if (number < group_count && is_there(number))
				vec_add(&found, group(a, number));
		}
	} else {
		const char *token = value_get_text(params, "NextToken");
		unsigned at = token ? (unsigned)strtoul(token, NULL, 10) : 0;
		int64_t most = 0;
		assert_true(limit && number_to_int(limit->number, &most) && most == 1000);
		if (++listings == fail_at) {
			struct aws_failure failure = {.code = "UnauthorizedOperation", .message = "not all of them", .request_id = "r"};
			aws_encode_error(a, op, &failure, &reply);
		}
		/* a server may give fewer than it was allowed to, even none */
		for (unsigned i = 0; i < page_size && at < group_count; i++, at++) {
			if (is_there(at))
				vec_add(&found, group(a, at));
		}
		if (at < group_count)
			next = text(a, stuck ? "7" : arena_printf(a, "%u", at));
	}
	if (!reply.status) {
		const struct value *list = value_tuple(a, found.items, found.count);
		assert_true(aws_encode_answer(a, op, object(a, "SecurityGroups", list, "NextToken", next), "r", &reply, &why));
	}
	server_answer(r->server, r->fd, reply.status, "Content-Type: text/xml\r\n", reply.body);
	vec_free(&found);
	arena_free(a);
}

static void on_ready(void *ctx, bool ok)
{
	*(bool *)ctx = true;
	assert_true(ok);
}

static int setup(void **state)
{
	(void)state;
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	loop = loop_new();
	loop_skip_waits(loop);
	server = server_start(loop, handle, NULL);
	setenv("AWS_ENDPOINT_URL", server->url, 1);
	arena = arena_new();
	diags_init(&diags);
	const struct value *empty = schema_empty(arena, kind->config_schema());
	const char **names = arena_array_of(arena, empty->count, const char *);
	const struct value **items = arena_memdup(arena, empty->items, empty->count * sizeof(*items));
	for (uint32_t i = 0; i < empty->count; i++) {
		names[i] = value_key_at(empty, i);
		if (!strcmp(names[i], "region"))
			items[i] = text(arena, "eu-west-1");
		else if (!strcmp(names[i], "skip_requesting_account_id"))
			items[i] = &value_true;
	}
	struct provider_context context = {.loop = loop, .version = "test"};
	provider = kind->configure(&context, value_object(arena, names, items, empty->count), SRC_NOWHERE, &diags);
	assert_non_null(provider);
	bool ready = false;
	kind->connect(provider, on_ready, &ready, &diags);
	assert_true(loop_run_until(loop, &ready));
	group_count = listings = filters = alone = fail_at = 0;
	page_size = 1000;
	is_there = always;
	stuck = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kind->close(provider);
	server_stop(server);
	loop_free(loop);
	diags_release(&diags);
	arena_free(arena);
	return 0;
}

static unsigned found_count, gone_count, failed_count, wrong_count;

static void on_item(void *ctx, const struct read_item *item, enum read_outcome outcome, const struct value *value)
{
	(void)ctx;
	found_count += outcome == READ_FOUND;
	gone_count += outcome == READ_GONE;
	failed_count += outcome == READ_FAILED;
	const char *id = value_get_text(item->prior, "id");
	if (outcome == READ_FOUND)
		wrong_count += strcmp(value_get_text(value, "id"), id) ||
			       strtoul(value_get_text(value, "name") + 5, NULL, 10) != strtoul(id + 3, NULL, 10);
}

static void on_end(void *ctx)
{
	*(bool *)ctx = true;
}

/* Reads `count` groups: numbers from, from + step ... */
static void read_groups(unsigned from, unsigned step, unsigned count)
{
	const struct resource_type *type = kind->find_type("aws_security_group", false, &diags);
	assert_non_null(type);
	struct read_item *items = arena_array_of(arena, count, struct read_item);
	for (unsigned i = 0; i < count; i++) {
		AUTO_BUF struct buf why = BUF_INIT;
		const char *prior = arena_printf(arena, "{\"id\":\"sg-%u\"}", from + i * step);
		const char *address = arena_printf(arena, "aws_security_group.a[%u]", i);
		items[i] = (struct read_item){.address = address, .prior = value_from_json(arena, prior, strlen(prior), &why)};
		assert_non_null(items[i].prior);
	}
	bool end = false;
	found_count = gone_count = failed_count = wrong_count = 0;
	kind->read(provider, type, items, count, on_item, on_end, &end, &diags);
	assert_true(end || loop_run_until(loop, &end));
	assert_int_equal(wrong_count, 0);
	assert_int_equal(found_count + gone_count + failed_count, count);
}

#define expect(what, number) assert_int_equal(what, number)

static void few_are_asked_for_by_id(void **state)
{
	(void)state;
	group_count = 5000;
	read_groups(100, 3, 799);
	expect(found_count, 799);
	expect(filters, 4);
	expect(listings, 0);
}

static void many_come_page_by_page(void **state)
{
	(void)state;
	static const struct {
		unsigned count, requests;
	} cases[] = {{800, 1}, {1000, 1}, {1001, 2}, {1300, 2}, {2300, 3}, {10000, 10}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		listings = filters = 0;
		group_count = cases[i].count;
		read_groups(0, 1, cases[i].count);
		expect(found_count, cases[i].count);
		expect(listings, cases[i].requests);
		expect(filters, 0);
	}
}

static void others_in_the_account_do_not_cost_more_than_ids_would(void **state)
{
	(void)state;
	/* every second one is ours: pages pay */
	group_count = 4000;
	read_groups(0, 2, 2000);
	expect(found_count, 2000);
	expect(listings, 4);
	expect(filters, 0);
	/* one of ten is ours: the first page shows that they do not */
	listings = filters = 0;
	group_count = 20000;
	read_groups(0, 10, 2000);
	expect(found_count, 2000);
	expect(listings, 1);
	expect(filters, 10); /* 1900 by 200 */
	/* ours are the last ones */
	listings = filters = 0;
	read_groups(19000, 1, 1000);
	expect(found_count, 1000);
	expect(listings, 1);
	expect(filters, 5);
}

static bool not_every_hundredth(unsigned number)
{
	return number % 100 != 99;
}

static void what_no_page_has_is_asked_for_alone_before_it_is_gone(void **state)
{
	(void)state;
	group_count = 1000;
	is_there = not_every_hundredth;
	read_groups(0, 1, 1000);
	expect(found_count, 990);
	expect(gone_count, 10);
	expect(listings, 1);
	expect(alone, 10);
	expect(filters, 11);
	expect(diags.count, 0);
}

static void all_may_be_gone(void **state)
{
	(void)state;
	read_groups(0, 1, 800);
	expect(gone_count, 800);
	expect(listings, 1);
	expect(filters, 4 + 800);
}

static void one_object_may_be_read_for_several(void **state)
{
	(void)state;
	group_count = 2000;
	read_groups(7, 0, 3000);
	expect(found_count, 3000);
	expect(filters, 1);
	expect(listings, 0);
}

static void a_listing_that_fails_is_made_good_by_id(void **state)
{
	(void)state;
	for (fail_at = 1; fail_at <= 2; fail_at++) {
		listings = filters = 0;
		group_count = 2000;
		read_groups(0, 1, 2000);
		expect(found_count, 2000);
		expect(listings, fail_at);
		expect(filters, fail_at == 1 ? 10 : 5);
		expect(diags.count, 0);
	}
}

static void a_listing_that_does_not_move_ends(void **state)
{
	(void)state;
	stuck = true;
	group_count = 5000;
	read_groups(0, 1, 5000);
	expect(found_count, 5000);
	assert_true(listings < 4);
	expect(diags.count, 0);
}

static void short_pages_end_the_listing(void **state)
{
	(void)state;
	page_size = 50; /* fewer than by id */
	group_count = 1000;
	read_groups(0, 1, 1000);
	expect(found_count, 1000);
	expect(listings, 1);
	expect(filters, 5);
	page_size = 250;
	listings = filters = 0;
	read_groups(0, 1, 1000);
	expect(listings, 4);
	expect(filters, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(few_are_asked_for_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(many_come_page_by_page, setup, teardown),
		cmocka_unit_test_setup_teardown(others_in_the_account_do_not_cost_more_than_ids_would, setup, teardown),
		cmocka_unit_test_setup_teardown(what_no_page_has_is_asked_for_alone_before_it_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(all_may_be_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(one_object_may_be_read_for_several, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listing_that_fails_is_made_good_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listing_that_does_not_move_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(short_pages_end_the_listing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
