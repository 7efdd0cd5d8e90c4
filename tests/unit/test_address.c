/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "lang/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static bool parse(const char *text, struct address *out, const char **detail)
{
	struct diags diags;
	diags_init(&diags);
	bool ok = address_parse(arena, text, out, &diags);
	assert_int_equal(ok, !diags_has_errors(&diags));
	if (detail)
		*detail = ok ? NULL : arena_strdup(arena, diags.items[0].detail);
	diags_release(&diags);
	return ok;
}

static struct address address(const char *text)
{
	struct address a;
	const char *detail;
	if (!parse(text, &a, &detail))
		fail_msg("%s: %s", text, detail);
	return a;
}

static void addresses_are_read_and_written(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"aws_instance.web", NULL},
		{"aws_instance.web[0]", NULL},
		{"aws_instance.web[007]", "aws_instance.web[7]"},
		{"aws_subnet.a[\"b\"]", NULL},
		{"aws_subnet.a[\"x y\\n\\\"\\\\\"]", NULL},
		{"aws_subnet.a[\"$${x} %%{y} $x\"]", NULL},
		{"aws_subnet.a[\"\\u00e9\\U0001F600\"]",
		 "aws_subnet.a[\"\xc3\xa9\xf0\x9f\x98\x80\"]"},
		{"aws_subnet.a[\"\"]", NULL},
		{"data.aws_ami.x", NULL},
		{"module.net", NULL},
		{"module.net[\"a\"].module.inner[1].data.aws_ami.x[\"k\"]", NULL},
		{"module.a.aws_vpc.main", NULL},
		{"_x.y-z", NULL},
		{"\xc3\xa9.\xc3\xa9", NULL},
		{"e\xcc\x81.x", "\xc3\xa9.x"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct address a = address(cases[i][0]);
		assert_string_equal(address_print(arena, &a),
				    cases[i][1] ? cases[i][1] : cases[i][0]);
	}
	struct address root = {0};
	assert_string_equal(address_print(arena, &root), "");
}

static void mistakes_are_told(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "must begin with"},
		{"aws_instance", "must be followed by"},
		{"aws_instance.", "a name is missing behind"},
		{"aws_instance.web.", "something follows"},
		{"aws_instance.web[0].id", "something follows"},
		{"aws_instance.web[", "whole number or a string"},
		{"aws_instance.web[a]", "single quotes"},
		{"aws_instance.web[-1]", "whole number"},
		{"aws_instance.web[1.5]", "not closed"},
		{"aws_instance.web[99999999999999999999]", "too large"},
		{"aws_instance.web[\"a]", "quote of a key"},
		{"aws_instance.web[\"${a}\"]", "without ${"},
		{"aws_instance.web[\"\\q\"]", "unknown escape"},
		{"aws_instance.web[\"\\u00\"]", "lacks digits"},
		{"data.aws_ami", "type and a name"},
		{"module.a[0", "not closed"},
		{"module.a.", "a name is missing"},
		{"module", "must be followed by"},
		{" aws_instance.web", "must begin with"},
		{"aws_instance.web ", "something follows"},
		{"1a.b", "must begin with"},
		{"module.a.module", "must be followed by"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct address a;
		const char *detail = NULL;
		if (parse(cases[i][0], &a, &detail))
			fail_msg("\"%s\" is an address", cases[i][0]);
		if (!strstr(detail, cases[i][1]))
			fail_msg("\"%s\": %s", cases[i][0], detail);
	}
}

static int compare(const void *a, const void *b)
{
	return address_compare(a, b);
}

static void order_is_terraforms(void **state)
{
	(void)state;
	static const char *const sorted[] = {
		"data.aws_ami.x",
		"aws_instance.a",
		"aws_instance.b",
		"aws_instance.b[2]",
		"aws_instance.b[10]",
		"aws_instance.b[\"1\"]",
		"aws_instance.b[\"a\"]",
		"aws_vpc.a",
		"module.a",
		"module.a.data.x.y",
		"module.a.aws_vpc.z",
		"module.a[0].aws_vpc.z",
		"module.b.aws_vpc.a",
		"module.a.module.b.aws_vpc.z",
	};
	size_t n = ARRAY_LEN(sorted);
	struct address all[ARRAY_LEN(sorted)];
	for (size_t i = 0; i < n; i++)
		all[i] = address(sorted[(i * 5 + 3) % n]);
	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(address_print(arena, &all[i]), sorted[i]);
}

static void holding_follows_modules_and_keys(void **state)
{
	(void)state;
	static const struct {
		const char *outer, *inner;
		bool holds;
	} cases[] = {
		{"aws_vpc.a", "aws_vpc.a", true},
		{"aws_vpc.a", "aws_vpc.a[0]", true},
		{"aws_vpc.a[0]", "aws_vpc.a", false},
		{"aws_vpc.a[0]", "aws_vpc.a[1]", false},
		{"aws_vpc.a", "data.aws_vpc.a", false},
		{"aws_vpc.a", "module.m.aws_vpc.a", false},
		{"module.m", "module.m.aws_vpc.a", true},
		{"module.m", "module.m[\"k\"].aws_vpc.a", true},
		{"module.m[0]", "module.m[0].module.n.a.b", true},
		{"module.m[0]", "module.m[1].a.b", false},
		{"module.m", "module.n.a.b", false},
		{"module.m.aws_vpc.a", "module.m[0].aws_vpc.a", false},
		{"module.m.module.n", "module.m.module.n[1].a.b", true},
		{"module.m.module.n", "module.m[0].module.n.a.b", false},
		{"module.m.a.b", "module.m", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct address outer = address(cases[i].outer), inner = address(cases[i].inner);
		if (address_contains(&outer, &inner) != cases[i].holds)
			fail_msg("%s and %s", cases[i].outer, cases[i].inner);
	}
	struct address root = {0}, inner = address("module.m.a.b");
	assert_true(address_contains(&root, &inner));
}

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(order_is_terraforms),
		cmocka_unit_test(holding_follows_modules_and_keys),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
