/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/number.h"
#include "tests/unit/value_cases.h"

static bool parse(struct arena *arena, const char *text, struct number *out)
{
	return number_parse(arena, text, strlen(text), out);
}

static bool as_terraform(struct arena *arena, size_t line, const struct value *c)
{
	struct number x, y, r = number_from_int(0);
	if (!parse(arena, value_get_text(c, "a"), &x) || !parse(arena, value_get_text(c, "b"), &y))
		return !differs(line, "a or b", "no number", value_get_text(c, "a"));
	bool ok = !differs(line, "x", number_print(arena, x), value_get_text(c, "x"));
	static const struct {
		const char *name;
		bool (*fn)(struct arena *arena, struct number a, struct number b,
			   struct number *out);
	} operations[] = {{"add", number_add},
			  {"sub", number_sub},
			  {"mul", number_mul},
			  {"div", number_div},
			  {"mod", number_mod}};
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		const char *wanted = value_get_text(c, operations[i].name);
		bool done = operations[i].fn(arena, x, y, &r);
		if (!wanted ? done
			    : !done || differs(line, operations[i].name, number_print(arena, r),
					       wanted))
			ok = false;
	}
	bool less = number_compare(x, y) < 0, equal = number_equal(x, y);
	if (less != value_is_true(value_get(c, "less")) ||
	    equal != value_is_true(value_get(c, "equal")))
		ok = !differs(line, "order",
			      less    ? "less"
			      : equal ? "equal"
				      : "greater",
			      "otherwise");
	ok = !differs(line, "floor", number_print(arena, number_floor(arena, x)),
		      value_get_text(c, "floor")) &&
	     ok;
	ok = !differs(line, "ceil", number_print(arena, number_ceil(arena, x)),
		      value_get_text(c, "ceil")) &&
	     ok;
	return ok;
}

static void arithmetic_is_terraforms(void **state)
{
	(void)state;
	run_cases("tests/value/numbers.jsonl", 250, as_terraform);
}

static struct arena *arena;

static const char *parsed(const char *text)
{
	struct number n;
	return parse(arena, text, &n) ? number_print(arena, n) : NULL;
}

static void text_is_read_and_written(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"0", "0"},
		{"-0", "-0"},
		{"+1", "1"},
		{".5", "0.5"},
		{"5.", "5"},
		{"-.5", "-0.5"},
		{"010", "10"},
		{"1e3", "1000"},
		{"1E-3", "0.001"},
		{"1.50", "1.5"},
		{"1e21", "1000000000000000000000"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775808", "9223372036854775808"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(parsed(cases[i][0]), cases[i][1]);
	static const char *const bad[] = {
		"",	     "-",	".",   "e5",  "1e",  "1e+", "0x10",  "1_000",
		" 1",	     "1 ",	"Inf", "NaN", "1p3", "--1", "1.2.3", "1e999999999999",
		"1e-100001", "1e100001"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (parsed(bad[i]))
			fail_msg("\"%s\" is read as %s", bad[i], parsed(bad[i]));
	}
	/* The same text keeps what has 53 bits shorter than what has 512. */
	struct number two, n;
	two = number_from_int(2);
	assert_true(number_pow(arena, two, number_from_int(200), &n));
	assert_string_equal(number_print(arena, n),
			    "1606938044258990300000000000000000000000000000000000000000000");
	assert_true(number_pow(arena, two, number_from_int(60), &n));
	assert_string_equal(number_print(arena, n), "1152921504606847000");
	assert_true(number_log(arena, number_from_int(10), two, &n));
	assert_string_equal(number_print(arena, n), "3.3219280948873626");
	struct number literal;
	assert_true(parse(arena, "3.3219280948873626", &literal));
	assert_true(number_equal(n, literal));
	assert_int_not_equal(number_compare(n, literal), 0);
	assert_false(number_pow(arena, number_from_int(10), number_from_int(400), &n));
	assert_false(number_div(arena, two, number_from_int(0), &n));
}

static void exact_text_reads_back(void **state)
{
	(void)state;
	for (int exponent = -1100; exponent <= 1023; exponent++) {
		struct number n, again;
		if (!number_pow(arena, number_from_int(2), number_from_int(exponent), &n))
			continue;
		for (int sign = 0; sign < 2; sign++, n = number_neg(arena, n)) {
			AUTO_BUF struct buf text = BUF_INIT;
			number_add_exact(n, &text);
			assert_true(number_parse_precise(arena, text.ptr, text.len, number_precision(n), &again));
			assert_int_equal(number_compare(n, again), 0);
			assert_int_equal(number_precision(again), number_precision(n));
		}
	}
}

static void borders_of_64_bits(void **state)
{
	(void)state;
	struct number min = number_from_int(INT64_MIN), max = number_from_int(INT64_MAX), n;
	assert_string_equal(number_print(arena, number_neg(arena, min)), "9223372036854775808");
	assert_string_equal(number_print(arena, number_abs(arena, min)), "9223372036854775808");
	assert_true(number_div(arena, min, number_from_int(-1), &n));
	assert_string_equal(number_print(arena, n), "9223372036854775808");
	assert_true(number_mod(arena, min, number_from_int(-1), &n));
	assert_string_equal(number_print(arena, n), "0");
	assert_true(number_add(arena, max, number_from_int(1), &n));
	assert_non_null(n.big);
	assert_true(number_sub(arena, n, number_from_int(1), &n));
	assert_null(n.big); /* what fits again is small again */
	assert_int_equal(n.small, INT64_MAX);
	assert_true(number_mul(arena, min, number_from_int(-1), &n));
	assert_string_equal(number_print(arena, n), "9223372036854775808");
	int64_t i;
	assert_false(number_to_int(n, &i));
	assert_true(number_compare(n, max) > 0 && number_compare(min, n) < 0);
	assert_string_equal(number_print(arena, number_from_uint(arena, UINT64_MAX)),
			    "18446744073709551615");
	assert_string_equal(number_print(arena, number_from_double(arena, 0.1)), "0.1");
	assert_true(number_is_integer(number_from_double(arena, 3.0)));
	assert_true(number_to_int(number_from_double(arena, -3.0), &i) && i == -3);
	assert_false(number_to_int(number_from_double(arena, 3.5), &i));
}

static void bases_and_formats(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int base;
		const char *result;
	} bases[] = {
		{"zz", 36, "1295"},
		{"ZZ", 36, "1295"},
		{"-7f", 16, "-127"},
		{"11", 2, "3"},
		{"2", 2, NULL},
		{"", 10, NULL},
		{"-", 10, NULL},
		{"aA", 62, "656"},
		{"1.5", 10, NULL},
		{"0x1", 16, NULL},
		{"ffffffffffffffffffff", 16, "1208925819614629174706175"},
		{"-0", 10, "0"},
	};
	struct number n;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		bool ok = number_parse_base(arena, bases[i].text, strlen(bases[i].text),
					    bases[i].base, &n);
		assert_int_equal(ok, bases[i].result != NULL);
		if (ok)
			assert_string_equal(number_print(arena, n), bases[i].result);
	}
	assert_string_equal(number_print_base(arena, number_from_int(-5), 2), "-101");
	assert_string_equal(number_print_base(arena, number_from_int(255), 16), "ff");
	static const struct {
		const char *text;
		char verb;
		int precision;
		const char *result;
	} formats[] = {
		{"1234567", 'g', -1, "1.234567e+06"},
		{"100000", 'g', -1, "100000"},
		{"1000000", 'g', -1, "1e+06"},
		{"0.0001234", 'g', -1, "0.0001234"},
		{"0.00001234", 'g', -1, "1.234e-05"},
		{"123456", 'g', 3, "1.23e+05"},
		{"1234567", 'g', 10, "1234567"},
		{"2.5", 'f', 0, "2"},
		{"0.5", 'f', 3, "0.500"},
		{"123456.789", 'e', 6, "1.234568e+05"},
		{"0", 'e', 6, "0.000000e+00"},
		{"25", 'e', 0, "2e+01"},
		{"-1.5", 'f', 1, "-1.5"},
		{"1e50", 'g', -1, "1e+50"},
	};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		assert_true(parse(arena, formats[i].text, &n));
		assert_string_equal(
			number_print_float(arena, n, formats[i].verb, formats[i].precision),
			formats[i].result);
	}
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
		cmocka_unit_test(arithmetic_is_terraforms),
		cmocka_unit_test(text_is_read_and_written),
		cmocka_unit_test(exact_text_reads_back),
		cmocka_unit_test(borders_of_64_bits),
		cmocka_unit_test(bases_and_formats),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
