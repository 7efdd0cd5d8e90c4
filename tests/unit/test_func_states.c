/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function with arguments that are known after apply, in part or wholly, sensitive, ephemeral:
 * the expressions of tests/lang/func_states.txt, each with its result in the short form of
 * fixture_show(). ACCEPT=1 writes what comes out.
 */
#include "base/digest.h"
#include "base/file.h"
#include "lang/func/func.h"
#include "tests/unit/eval_scope.h"

#include <setjmp.h>
#include <stdarg.h>
#define ZLIB_CONST
#include <zlib.h>

#include <cmocka.h>

/* Base64 of what gunzip makes 100 MiB of. */
static void make_bomb(struct buf *out)
{
	AUTO_BUF struct buf packed = BUF_INIT;
	z_stream z = {0};
	static const Bytef zeros[1 << 16];
	char piece[1 << 12];
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i <= 1600; i++) {
		z.next_in = zeros;
		z.avail_in = i < 1600 ? sizeof(zeros) : 0;
		do {
			z.next_out = (Bytef *)piece;
			z.avail_out = sizeof(piece);
			deflate(&z, i < 1600 ? Z_NO_FLUSH : Z_FINISH);
			buf_add(&packed, piece, sizeof(piece) - z.avail_out);
		} while (z.avail_out == 0);
	}
	deflateEnd(&z);
	base64_encode(BASE64_STANDARD, packed.ptr, packed.len, out);
}

static const char file[] = "tests/lang/func_states.txt";

static void add_result(struct buf *out, const char *expression)
{
	struct fixture f;
	fixture_init(&f);
	f.eval.pure = true;
	const struct value *v = fixture_eval(&f, expression);
	buf_addf(out, "> %s\n", expression);
	if (diags_has_errors(&f.diags))
		buf_addf(out, "! %s\n", f.diags.items[0].detail);
	else
		buf_addf(out, "= %s\n", fixture_show(&f, v));
	fixture_release(&f);
}

static void test_states(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	assert_true(file_read(file, 0, &text));
	for (char *line = text.ptr, *next; *line; line = next) {
		char *end = strchrnul(line, '\n');
		next = *end ? end + 1 : end;
		*end = '\0';
		if (line[0] == '>')
			add_result(&out, line + 2);
		else if (line[0] != '=' && line[0] != '!')
			buf_addf(&out, "%s\n", line);
	}
	AUTO_BUF struct buf wanted = BUF_INIT;
	assert_true(file_read(file, 0, &wanted));
	if (getenv("ACCEPT"))
		assert_true(file_write(file, out.ptr, out.len, 0644));
	else
		assert_string_equal(buf_text(&wanted), buf_text(&out));
}

/* Every function stands in the file. */
static void test_all_named(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT;
	assert_true(file_read(file, 0, &text));
	size_t count, missing = 0;
	const struct function *const *list = function_list(&count);
	for (size_t i = 0; i < count; i++) {
		char call[64];
		snprintf(call, sizeof(call), "> %s(", list[i]->name);
		if (!strstr(buf_text(&text), call)) {
			print_message("%s stands nowhere in %s\n", list[i]->name, file);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

/* What asks for too much ends in an error, and soon. */
static const char *const greedy[] = {
	"range(1e9)",
	"range(0, 1, 1e-9)",
	"format(\"%1000000000d\", 1)",
	"format(\"%01000000000s\", \"a\")",
	"format(\"%.1000000000f\", 1)",
	"format(\"%99999999999999999999d\", 1)",
	"format(\"%[99999999999999999999]d\", 1)",
	"formatlist(\"%1000000s\", range(1000))",
	"indent(1000000000, \"a\\nb\")",
	"indent(9223372036854775807, \"\\n\\n\\n\")",
	"setproduct(range(1000), range(1000), range(1000))",
	"setproduct(range(1024), range(1024))",
	"setproduct(toset(range(1024)), range(1024), range(1024), range(1024), range(1024), range(1024), range(1024))",
	"replace(format(\"%100000s\", \"\"), \" \", format(\"%100000s\", \"\"))",
	"replace(format(\"%100000s\", \"\"), \"\", format(\"%100000s\", \"\"))",
	"replace(format(\"%100000s\", \"\"), \"/ /\", format(\"%100000s\", \"\"))",
	"replace(format(\"%10000s\", \"\"), \"/ /\", replace(format(\"%10000s\", \"\"), \" \", \"$$0\"))",
	"join(format(\"%1000000s\", \"\"), range(1000))",
	"split(\"\", format(\"%2000000s\", \"\"))",
	"split(\" \", format(\"%2000000s\", \"\"))",
	"regexall(\"\", format(\"%2000000s\", \"\"))",
	"regex(\"^(a+)+$\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\")",
	"regex(\"((a{100}){10}){2}\", \"a\")",
	"regex(join(\"\", [for i in range(1000) : \"(\"]), \"a\")",
	"regex(join(\"\", [for i in range(1000) : \"(a{1000})\"]), \"a\")",
	"csvdecode(join(\"\\n\", [for i in split(\" \", format(\"%900000s\", \"\")) : \"a\"], [\"\\\"\"]))",
	"parseint(format(\"%0100000d\", 1), 2)",
	"pow(10, 1e9)",
	"pow(2, 1e300)",
	"bcrypt(\"x\", 31)",
	"cidrhost(\"10.0.0.0/8\", 1e300)",
	"cidrsubnet(\"10.0.0.0/8\", 1e300, 1)",
	"cidrhost(format(\"%1000000s\", \"x\"), 1)",
	"timeadd(\"2020-01-01T00:00:00Z\", format(\"%1000000s\", \"x\"))",
	"file(\"/dev/zero\")",
	"fileset(\".\", \"{a,{a,{a,{a,{a,{a,{a,{a,{a,{a\")",
	"jsondecode(join(\"\", [for i in range(1000) : \"[\"]))",
	"jsondecode(format(\"%01000000d\", 1))",
};

static void test_greedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(greedy); i++) {
		struct fixture f;
		fixture_init(&f);
		fixture_eval(&f, greedy[i]);
		if (!diags_has_errors(&f.diags))
			fail_msg("%s gives no error", greedy[i]);
		if (arena_used(f.arena) > (size_t)1 << 30)
			fail_msg("%s took %zu bytes", greedy[i], arena_used(f.arena));
		if (strlen(f.diags.items[0].detail) > 20000)
			fail_msg("%s gives a long error", greedy[i]);
		fixture_release(&f);
	}
}

/* A small argument that unpacks to more than a value may hold. */
static void test_bomb(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, "base64gunzip(\"");
	make_bomb(&text);
	buf_adds(&text, "\")");
	fixture_eval(&f, buf_text(&text));
	assert_int_equal(f.diags.error_count, 1);
	assert_non_null(strstr(f.diags.items[0].detail, "64 MiB"));
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_states), cmocka_unit_test(test_all_named),
					   cmocka_unit_test(test_greedy), cmocka_unit_test(test_bomb)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
