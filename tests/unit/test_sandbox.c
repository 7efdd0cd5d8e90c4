/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/db.h"
#include "lang/value/json.h"
#include "sandbox/auth.h"
#include "sandbox/faults.h"
#include "sandbox/http_server.h"
#include "sandbox/resource.h"
#include "sandbox/run.h"
#include "sandbox/store.h"
#include "sandbox/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena *arena;

static const struct value *json(const char *text)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = value_from_json(arena, text, strlen(text), &why);
	assert_non_null(v);
	return v;
}

static const char *text_of(const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT;
	value_to_json(v, false, &out);
	return buf_copy(&out, arena);
}

/* ---- service files ---- */

/* Every file is read, and every name in it is one of AWS's models. */
static void files_hold(void **state)
{
	(void)state;
	AUTO_BUF struct buf why = BUF_INIT;
	struct library *library = library_new(&why);
	assert_string_equal(buf_text(&why), "");
	assert_non_null(library);
	assert_non_null(map_find(&library->services, "ec2"));
	const struct service *ec2 = map_find(&library->services, "ec2");
	const struct operation *create = map_find(&ec2->operations, "CreateVpc");
	assert_non_null(create);
	assert_non_null(map_find(&create->parameters, "CidrBlock"));
	assert_non_null(map_find(&create->parameters, "TagSpecifications"));
	assert_null(map_find(&create->parameters, "Ipv4IpamPoolId"));
	library_free(library);
}

static void patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{"", "", true},		 {"", "a", false},	 {"*", "", true},	  {"a*", "abc", true},	 {"*c", "abc", true},
		{"a?c", "abc", true},	 {"a?c", "ac", false},	 {"*b*", "abc", true},	  {"a*b*c", "aXbXbXc", true}, {"a\\*", "a*", true},
		{"a\\*", "ab", false},	 {"ab", "abc", false},	 {"abc", "ab", false},	  {"**", "x", true},	 {"*ab", "aab", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(text_like(cases[i].pattern, cases[i].text), cases[i].fits);
}

/* What answers show is what the shape has of it, at any depth. */
static void fitting(void **state)
{
	(void)state;
	const struct aws_shape *shape = aws_shape_find(aws_service_find("ec2"), "Vpc");
	assert_non_null(shape);
	const struct value *v = json("{\"VpcId\":\"v\",\"_kind\":\"vpc\",\"State\":null,\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\",\"Other\":1},null]}");
	assert_string_equal(text_of(value_fit(arena, shape, v)), "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}],\"VpcId\":\"v\"}");
	assert_string_equal(text_of(value_with(arena, json("{\"a\":1,\"b\":2}"), json("{\"b\":null,\"c\":3}"))), "{\"a\":1,\"c\":3}");
}

/* ---- the store ---- */

static const char *value_at(struct store *store, const char *id)
{
	const struct object *o = store_find(store, "vpc", "r", id);
	return o ? text_of(store_value(arena, o)) : "none";
}

static void transactions(void **state)
{
	(void)state;
	char path[] = "/tmp/test_sandbox_XXXXXX";
	AUTO_BUF struct buf why = BUF_INIT;
	close(mkstemp(path));
	struct store *store = store_open(path, &why);
	assert_non_null(store);
	store_put(store, "vpc", "r", "a", json("{\"n\":1}"));
	store_put(store, "vpc", "r", "b", json("{\"n\":2}"));
	assert_true(store_commit(store, &why));

	/* changed twice, deleted, made: all taken back */
	store_put(store, "vpc", "r", "a", json("{\"n\":3}"));
	store_put(store, "vpc", "r", "a", json("{\"n\":4}"));
	store_delete(store, store_find(store, "vpc", "r", "b"));
	store_put(store, "vpc", "r", "c", json("{}"));
	assert_string_equal(value_at(store, "a"), "{\"n\":4}");
	assert_string_equal(value_at(store, "b"), "none");
	store_rollback(store);
	assert_string_equal(value_at(store, "a"), "{\"n\":1}");
	assert_string_equal(value_at(store, "b"), "{\"n\":2}");
	assert_string_equal(value_at(store, "c"), "none");

	/* made and deleted in one go leaves nothing; order is that of creation */
	store_put(store, "vpc", "r", "d", json("{}"));
	store_delete(store, store_find(store, "vpc", "r", "d"));
	store_put(store, "vpc", "r", "a", json("{\"n\":5}"));
	store_put(store, "vpc", "other", "a", json("{\"n\":6}"));
	assert_true(store_commit(store, &why));
	size_t count;
	const struct object *const *list = store_list(store, "vpc", "r", &count);
	assert_int_equal(count, 2);
	assert_string_equal(list[0]->id, "a");
	assert_string_equal(list[1]->id, "b");

	/* what was not committed does not outlive the process */
	store_put(store, "vpc", "r", "e", json("{}"));
	store_close(store);
	store = store_open(path, &why);
	assert_non_null(store);
	assert_int_equal(store_size(store), 3);
	assert_string_equal(value_at(store, "a"), "{\"n\":5}");
	assert_string_equal(value_at(store, "e"), "none");
	assert_true(store_empty(store, &why));
	assert_int_equal(store_size(store), 0);
	store_close(store);
	const char *const ends[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		unlink(arena_printf(arena, "%s%s", path, ends[i]));
}

/* ---- faults ---- */

static int64_t now = 1000;

static bool is_worker(void *ctx, const char *pattern)
{
	return text_like(pattern, ctx);
}

static const struct fault *next(struct faults *faults, const char *service, const char *operation)
{
	struct fault_target target = {service, operation, now, is_worker, NULL, "i-worker"};
	const struct fault *slow = faults_wait(faults, &target);
	return slow ? slow : faults_next(faults, &target);
}

static void fault_orders(void **state)
{
	(void)state;
	struct faults *faults = faults_new();
	AUTO_BUF struct buf why = BUF_INIT;
	assert_true(faults_add(faults, json("{\"kind\":\"503\",\"service\":\"ec2\",\"operation\":\"Create*\",\"skip\":1,\"count\":2}"), 1000, &why));
	assert_null(next(faults, "iam", "CreateRole"));
	assert_null(next(faults, "ec2", "DeleteVpc"));
	assert_null(next(faults, "ec2", "CreateVpc"));
	for (int i = 0; i < 2; i++) {
		const struct fault *fault = next(faults, "ec2", "CreateVpc");
		assert_non_null(fault);
		assert_int_equal(fault->kind, FAULT_ERROR);
		assert_int_equal(fault->status, 503);
	}
	assert_null(next(faults, "ec2", "CreateVpc"));
	static const char *const wrong[] = {"{}", "{\"kind\":\"504\"}", "{\"kind\":\"slow\",\"rate\":2}", "{\"kind\":\"slow\",\"ms\":\"x\"}", "{\"kind\":\"error\"}",
					    "{\"kind\":\"500\",\"code\":\"X\"}", "{\"kind\":\"500\",\"ms\":5}", "{\"kind\":\"500\",\"nth\":0}", "{\"kind\":\"500\",\"count\":1.5}",
					    "{\"kind\":\"500\",\"operation\":\"\"}", "{\"kind\":\"slow\",\"ms\":5,\"seconds\":1}",
					    "{\"kind\":\"slow\",\"ms\":5,\"preset\":\"aws\"}", "{\"kind\":\"error\",\"code\":\"X\",\"status\":200}"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		buf_clear(&why);
		assert_false(faults_add(faults, json(wrong[i]), 1000, &why));
		assert_true(why.len > 0);
	}
	faults_clear(faults);
	assert_true(faults_add(faults, json("{\"kind\":\"slow\",\"rate\":0.25,\"seed\":3}"), 1000, &why));
	int happened = 0;
	for (int i = 0; i < 4000; i++)
		happened += next(faults, "ec2", "X") != NULL;
	assert_in_range(happened, 850, 1150);

	/* one of many, by resource, for a time; what comes to light late is asked for apart */
	faults_clear(faults);
	assert_true(faults_add(faults, json("{\"kind\":\"500\",\"nth\":2,\"resource\":\"i-*\"}"), now, &why));
	assert_true(faults_add(faults, json("{\"kind\":\"500\",\"resource\":\"vol-*\"}"), now, &why));
	assert_null(next(faults, "ec2", "X"));
	assert_non_null(next(faults, "ec2", "X"));
	assert_null(next(faults, "ec2", "X"));
	assert_true(faults_add(faults, json("{\"kind\":\"503\",\"for\":2}"), now, &why));
	now += 1999;
	assert_non_null(next(faults, "ec2", "X"));
	now += 1;
	assert_null(next(faults, "ec2", "X"));
	assert_true(faults_add(faults, json("{\"kind\":\"delayed\",\"seconds\":1.5}"), now, &why));
	assert_null(next(faults, "ec2", "X"));
	const struct fault *delay = faults_delay(faults, &(struct fault_target){"ec2", "X", now, is_worker, NULL, "i-worker"});
	assert_int_equal(delay->ms, 1500);
	assert_false(faults_add(faults, json("{\"kind\":\"500\",\"nth\":2,\"count\":1}"), now, &why));

	/* waits by the kind of operation: half of them shorter than the median, few much longer */
	faults_clear(faults);
	assert_true(faults_add(faults, json("{\"kind\":\"slow\",\"preset\":\"aws\",\"seed\":5}"), now, &why));
	int shorter = 0, much_longer = 0;
	for (int i = 0; i < 2000; i++) {
		const struct fault *slow = next(faults, "ec2", "DescribeVpcs");
		shorter += slow->ms < 110;
		much_longer += slow->ms > 330;
	}
	assert_in_range(shorter, 920, 1080);
	assert_in_range(much_longer, 0, 20);
	assert_true(next(faults, "ec2", "RunInstances")->ms > 400);
	assert_false(faults_add(faults, json("{\"kind\":\"slow\",\"preset\":\"azure\"}"), now, &why));
	assert_false(faults_add(faults, json("{\"kind\":\"500\",\"preset\":\"aws\"}"), now, &why));

	/* one that waits may fail besides, and orders end one by one */
	faults_clear(faults);
	assert_int_equal(faults_add(faults, json("{\"kind\":\"slow\",\"ms\":7}"), now, &why), 1);
	assert_int_equal(faults_add(faults, json("{\"kind\":\"throttle\",\"operation\":\"Run*\"}"), now, &why), 2);
	struct fault_target both = {"ec2", "RunInstances", now, is_worker, NULL, "i-worker"};
	assert_int_equal(faults_wait(faults, &both)->ms, 7);
	assert_int_equal(faults_next(faults, &both)->kind, FAULT_THROTTLE);
	assert_true(faults_remove(faults, 1));
	assert_false(faults_remove(faults, 1));
	assert_null(faults_wait(faults, &both));
	AUTO_BUF struct buf list = BUF_INIT;
	faults_describe(faults, now, false, &list);
	assert_string_equal(buf_text(&list), "  2  throttle -operation='Run*': happened 1 times\n");
	buf_clear(&list);
	faults_describe(faults, now, true, &list);
	assert_string_equal(buf_text(&list), "[{\"number\":2,\"kind\":\"throttle\",\"operation\":\"Run*\",\"happened\":1,\"over\":false}]\n");

	/* what happens to objects is asked for by name, and no request meets it */
	faults_clear(faults);
	assert_true(faults_add(faults, json("{\"kind\":\"no-capacity\",\"type\":\"i-work*\",\"zone\":\"other\"}"), now, &why));
	assert_true(faults_add(faults, json("{\"kind\":\"no-capacity\",\"type\":\"i-work*\",\"zone\":\"*er\",\"count\":1}"), now, &why));
	struct fault_target target = {"ec2", "RunInstances", now, is_worker, NULL, "i-worker"};
	assert_null(faults_next(faults, &target));
	assert_null(faults_meet(faults, "status-checks", &target));
	assert_non_null(faults_meet(faults, "no-capacity", &target));
	assert_null(faults_meet(faults, "no-capacity", &target));
	faults_free(faults);
}

/* The same days for the same requests, whatever the order in which they come and the ids they name. */
static uint64_t likeness(void *ctx)
{
	return value_likeness(ctx);
}

static void fault_dice(void **state)
{
	(void)state;
	enum { REQUESTS = 64 };
	bool hit[2][REQUESTS] = {0};
	AUTO_BUF struct buf why = BUF_INIT;
	for (unsigned day = 0; day < 2; day++) {
		struct faults *faults = faults_new();
		assert_true(faults_add(faults, json("{\"kind\":\"500\",\"rate\":0.5,\"seed\":9}"), 0, &why));
		for (unsigned i = 0; i < REQUESTS * 2; i++) {
			unsigned which = (day ? REQUESTS * 2 - 1 - i : i) % REQUESTS; /* each comes twice */
			AUTO_BUF struct buf text = BUF_INIT;
			buf_addf(&text, "{\"VpcId\":\"vpc-%08x9abcdef01\",\"Token\":\"0f3e%04x-1111-4222-8333-944445555666\",\"CidrBlock\":\"10.0.%u.0/24\"}", i * 2654435761u,
				 i + day, which);
			struct fault_target target = {"ec2", "CreateSubnet", 0, is_worker, likeness, (void *)(uintptr_t)json(buf_text(&text))};
			bool happens = faults_next(faults, &target) != NULL;
			hit[day][which] ^= happens && i < REQUESTS; /* the first time alone */
		}
		faults_free(faults);
	}
	assert_memory_equal(hit[0], hit[1], sizeof(hit[0]));
	unsigned count = 0;
	for (unsigned i = 0; i < REQUESTS; i++)
		count += hit[0][i];
	assert_in_range(count, 20, 44);
}

/* ---- the past ---- */

static bool is_vpc(void *ctx, const struct object *object)
{
	(void)ctx;
	return object_fits(object, "vpc");
}

static void seen(struct store *store, int64_t when, const char *a, const char *b, size_t listed)
{
	size_t count;
	store_look_back(store, when);
	assert_string_equal(value_at(store, "a"), a);
	assert_string_equal(value_at(store, "b"), b);
	(void)store_list(store, "vpc", "r", &count);
	assert_int_equal(count, listed);
	store_look_ahead(store);
}

static void late_changes(void **state)
{
	(void)state;
	char path[] = "/tmp/infra-past-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	AUTO_BUF struct buf why = BUF_INIT;
	struct store *store = store_open(path, &why);
	store_put(store, "vpc", "r", "b", json("{\"n\":0}"));
	assert_true(store_commit(store, &why));

	/* made at 1, changed twice in one go at 3, deleted at 5: each is seen 10 later */
	store_put(store, "vpc", "r", "a", json("{\"n\":1}"));
	store_delay(store, 11, is_vpc, NULL);
	assert_true(store_commit(store, &why));
	store_put(store, "vpc", "r", "a", json("{\"n\":2}"));
	store_put(store, "vpc", "r", "a", json("{\"n\":3}"));
	store_put(store, "subnet", "r", "s", json("{}"));
	store_delay(store, 13, is_vpc, NULL);
	assert_true(store_commit(store, &why));
	store_delete(store, store_find(store, "vpc", "r", "b"));
	store_delay(store, 15, is_vpc, NULL);
	assert_true(store_commit(store, &why));
	size_t count;
	assert_string_equal(value_at(store, "a"), "{\"n\":3}"); /* who writes sees what is */
	assert_string_equal(value_at(store, "b"), "none");
	seen(store, 5, "none", "{\"n\":0}", 1);
	store_look_back(store, 5);
	(void)store_list(store, "subnet", "r", &count);
	assert_int_equal(count, 1);
	assert_false(store_look_ahead(store));
	seen(store, 11, "{\"n\":1}", "{\"n\":0}", 2);
	seen(store, 13, "{\"n\":3}", "{\"n\":0}", 2);
	seen(store, 15, "{\"n\":3}", "none", 1);
	assert_true(store_empty(store, &why));
	seen(store, 5, "none", "none", 0);
	store_close(store);
	unlink(path);
}

/* ---- signatures ---- */

enum { NOW = 1700000000, DAY = 86400 };

/* What is said of a request signed at that time, once it has arrived with this body. */
static enum auth_result signed_at(const struct world *world, const struct sigv4_signer *as, int64_t when, const char *body, const char *arrived)
{
	char hash[65];
	size_t count;
	struct auth auth;
	struct sigv4_signer signer = *as;
	signer.region = "us-east-1";
	signer.service = "ec2";
	signer.time = when;
	sigv4_payload_hash(body, strlen(body), hash);
	struct http_header told = {"x-amz-content-sha256", hash};
	struct sigv4_request request = {.method = "POST", .host = "here", .path = "/", .query = "", .headers = &told, .header_count = 1, .payload_hash = hash};
	struct http_header *headers = sigv4_sign(arena, &signer, &request, &count), *sent = arena_array_of(arena, count + 1, struct http_header);
	for (size_t i = 0; i < count; i++) {
		char *name = arena_strdup(arena, headers[i].name);
		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		sent[i] = (struct http_header){name, headers[i].value};
	}
	sent[count++] = (struct http_header){"host", "here"};
	auth_check(arena, world, &(struct http_server_request){.method = "POST", .path = "/", .query = "", .headers = sent, .header_count = count, .body = arrived,
							       .body_len = strlen(arrived)}, &auth);
	return auth.result;
}

/* The same of a URL that was signed to be good for so many seconds. */
static enum auth_result presigned(const struct world *world, const struct sigv4_signer *as, int64_t when, unsigned seconds)
{
	struct auth auth;
	struct sigv4_signer signer = *as;
	signer.region = "us-east-1";
	signer.service = "sts";
	signer.time = when;
	struct sigv4_request request = {.method = "GET", .host = "here", .path = "/", .query = "Action=GetCallerIdentity", .payload_hash = SIGV4_EMPTY_HASH};
	const char *query = sigv4_presign(arena, &signer, &request, seconds);
	auth_check(arena, world, &(struct http_server_request){.method = "GET", .path = "/", .query = query, .body = "",
							       .headers = &(struct http_header){"host", "here"}, .header_count = 1}, &auth);
	return auth.result;
}

static void signatures(void **state)
{
	(void)state;
	AUTO_BUF struct buf why = BUF_INIT;
	struct store *store = store_open(DB_MEMORY, &why);
	assert_non_null(store);
	store_put(store, "session", "", "ASIA", json("{\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": \"2023-11-14T22:13:21Z\"}"));
	store_put(store, "session", "", "ASIB", json("{\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": \"2023-11-14T22:13:20Z\"}"));
	struct world world = {.identity = {.access_key = "AKIA", .secret_key = "secret"}, .store = store, .now_ms = NOW * INT64_C(1000)};
	struct sigv4_signer own = {.access_key = "AKIA", .secret_key = "secret"}, wrong = {.access_key = "AKIA", .secret_key = "other"};
	struct sigv4_signer nobody = {.access_key = "AKIB", .secret_key = "secret"};
	struct sigv4_signer other = {.access_key = "ASIA", .secret_key = "s", .session_token = "t"}, over = other, bare = other, mistaken = other;
	over.access_key = "ASIB";
	bare.session_token = NULL;
	mistaken.session_token = "u";
	assert_int_equal(signed_at(&world, &own, NOW, "a=b", "a=b"), AUTH_OK);
	assert_int_equal(signed_at(&world, &own, NOW, "a=b", "a=c"), AUTH_MISMATCH);
	assert_int_equal(signed_at(&world, &wrong, NOW, "", ""), AUTH_MISMATCH);
	assert_int_equal(signed_at(&world, &nobody, NOW, "", ""), AUTH_UNKNOWN_KEY);
	assert_int_equal(signed_at(&world, &own, NOW - 14 * 60, "", ""), AUTH_OK);
	assert_int_equal(signed_at(&world, &own, NOW - 16 * 60, "", ""), AUTH_EXPIRED);
	assert_int_equal(signed_at(&world, &own, NOW + 14 * 60, "", ""), AUTH_OK);
	assert_int_equal(signed_at(&world, &own, NOW + 16 * 60, "", ""), AUTH_EXPIRED);
	assert_int_equal(signed_at(&world, &other, NOW, "", ""), AUTH_OK);
	assert_int_equal(signed_at(&world, &over, NOW, "", ""), AUTH_EXPIRED_KEY);
	assert_int_equal(signed_at(&world, &bare, NOW, "", ""), AUTH_UNKNOWN_KEY);
	assert_int_equal(signed_at(&world, &mistaken, NOW, "", ""), AUTH_UNKNOWN_KEY);
	assert_int_equal(presigned(&world, &own, NOW - DAY, DAY + 1), AUTH_OK);
	assert_int_equal(presigned(&world, &own, NOW - 61, 60), AUTH_EXPIRED);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_hold), cmocka_unit_test(patterns), cmocka_unit_test(fitting),
		cmocka_unit_test(transactions), cmocka_unit_test(fault_orders),
		cmocka_unit_test(fault_dice), cmocka_unit_test(late_changes),
		cmocka_unit_test(signatures),
	};
	arena = arena_new();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
