/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/yaml.h"
#include "tests/unit/value_cases.h"

/* Where we differ on purpose: the reason stands in the error, or beside the text. */
static const struct {
	const char *text, *json, *why;
} deviations[] = {
	{"%YAML 1.2\n---\na: 1\n", "{\"a\":1}", "the version is known"},
	{"- |\n 1\n- |-\n 1\n- >-\n yes\n- |-\n x: y\n", "[\"1\\n\",\"1\",\"yes\",\"x: y\"]",
	 "a block is text, whatever it says"},
};

static bool as_terraform(struct arena *arena, size_t line, const struct value *c)
{
	struct buf why = BUF_INIT, out = BUF_INIT;
	const struct value *text = value_get(c, "text");
	const char *wanted = value_get_text(c, "json");
	for (size_t i = 0; i < ARRAY_LEN(deviations); i++) {
		if (value_is_text(text, deviations[i].text))
			wanted = deviations[i].json;
	}
	const struct value *v = value_from_yaml(arena, text->text, text->count, &why);
	const char *reason = buf_take_text(arena, &why);
	if (!v) {
		/* Names with U+0000 are no names here, and infinity is no number. */
		bool known = strstr(reason, "U+0000") || strstr(reason, "numbers are finite");
		return !wanted || known ? true : !differs(line, "json", reason, wanted);
	}
	value_to_json(v, true, &out);
	const char *json = buf_take_text(arena, &out);
	if (differs(line, "json", json, wanted ? wanted : "an error"))
		return false;
	value_to_yaml(v, &out);
	const char *yaml = buf_take_text(arena, &out);
	const struct value *again = value_from_yaml(arena, yaml, strlen(yaml), &why);
	reason = buf_take_text(arena, &why);
	if (!again || !value_same(v, again))
		return !differs(line, "read again", again ? "another value" : reason, yaml);
	return wanted != value_get_text(c, "json") ||
	       !differs(line, "yaml", yaml, value_get_text(c, "yaml"));
}

static void yaml_is_terraforms(void **state)
{
	(void)state;
	run_cases("tests/value/yaml.jsonl", 300, as_terraform);
}

static const char *reason(struct arena *arena, const char *text)
{
	struct buf why = BUF_INIT;
	assert_null(value_from_yaml(arena, text, strlen(text), &why));
	return buf_take_text(arena, &why);
}

static void errors_say_where(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	assert_string_equal(reason(arena, "a: *x\n"),
			    "on line 1, column 4: reference to undefined anchor \"x\"");
	assert_string_equal(
		reason(arena, "a: &x [*x]\n"),
		"on line 1, column 8: cannot refer to anchor \"x\" from inside its own definition");
	assert_string_equal(reason(arena, "a: 1\nb: .nan\n"),
			    "on line 2, column 4: .nan is not supported: numbers are finite");
	assert_string_equal(reason(arena, "--- 1\n--- 2\n"),
			    "on line 2, column 1: only a single document is allowed");
	assert_string_equal(reason(arena, "? [1]\n: 2\n"),
			    "on line 1, column 3: only strings are allowed as mapping keys");
	assert_true(strstr(reason(arena, "a: [1\n"), "on line 2"));
	arena_free(arena);
}

static void growth_has_limits(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct buf text = BUF_INIT;
	buf_adds(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		buf_addf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(&text, "%s*a%d", k ? "," : "", i - 1);
		buf_adds(&text, "]\n");
	}
	assert_true(strstr(reason(arena, text.ptr), "aliases make this document too large"));
	buf_clear(&text);
	buf_add_repeated(&text, '[', 600);
	buf_add_repeated(&text, ']', 600);
	assert_true(strstr(reason(arena, text.ptr), "levels deep"));
	buf_release(&text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_is_terraforms),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(growth_has_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
