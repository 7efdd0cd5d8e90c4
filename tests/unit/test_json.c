/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/yaml.h"
#include "tests/unit/value_cases.h"

static struct arena *arena;

/* As the console prints it as the one member of an object. */
static const char *printed(struct arena *a, const struct value *v)
{
	struct buf out = BUF_INIT;
	const char *name = "0000";
	value_print(value_object(a, &name, &v, 1), &out);
	const char *start = strstr(out.ptr, " = ") + 3;
	const char *text = arena_strndup(a, start, (size_t)(out.ptr + out.len - start) - 2);
	buf_release(&out);
	return text;
}

static bool as_terraform(struct arena *a, size_t line, const struct value *c)
{
	struct buf why = BUF_INIT, out = BUF_INIT, packed = BUF_INIT;
	const struct value *text = value_get(c, "text"), *wanted = value_get(c, "json");
	const struct value *v = value_from_json(a, text->text, text->count, &why);
	const char *reason = buf_take_text(a, &why);
	if (!v) {
		/* Names with U+0000 are no names here. */
		return !wanted || strstr(reason, "U+0000")
			       ? true
			       : !differs(line, "json", reason, wanted->text);
	}
	value_to_json(v, true, &out);
	const char *json = buf_take_text(a, &out);
	if (!wanted)
		return !differs(line, "json", json, "an error");
	value_to_yaml(v, &out);
	value_pack(v, &packed);
	const struct value *unpacked = value_unpack(a, packed.ptr, packed.len, &why);
	bool ok = unpacked && value_identical(v, unpacked);
	if (!ok)
		print_message("# line %zu: changed by packing: %s\n", line, buf_text(&why));
	buf_release(&packed);
	ok = !differs(line, "json", json, wanted->text) && ok;
	ok = !differs(line, "yaml", buf_take_text(a, &out), value_get_text(c, "yaml")) && ok;
	return !differs(line, "print", printed(a, v), value_get_text(c, "print")) && ok;
}

static void json_is_terraforms(void **state)
{
	(void)state;
	run_cases("tests/value/json.jsonl", 200, as_terraform);
}

static const struct value *read(const char *text)
{
	struct buf why = BUF_INIT;
	const struct value *v = value_from_json(arena, text, strlen(text), &why);
	if (!v)
		fail_msg("%s: %s", text, why.ptr);
	buf_release(&why);
	return v;
}

static void errors_say_where(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "unexpected end of the JSON text, at line 1, column 1"},
		{"{\n  \"a\": tru\n}", "expected a value, at line 2, column 8"},
		{"[1, 2", "unexpected end of the JSON text, at line 1, column 6"},
		{"{\"a\" 1}", "expected \":\" behind a name, at line 1, column 6"},
		{"[1] 2", "something follows the JSON value, at line 1, column 5"},
		{"[01]", "invalid number, at line 1, column 2"},
		{"1e999999", "number out of range, at line 1, column 1"},
		{"\"\\q\"", "invalid escape in a string, at line 1, column 3"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf why = BUF_INIT;
		assert_null(value_from_json(arena, cases[i][0], strlen(cases[i][0]), &why));
		assert_string_equal(buf_text(&why), cases[i][1]);
		buf_release(&why);
	}
	char deep[1200];
	memset(deep, '[', 600);
	memset(deep + 600, ']', 600);
	struct buf why = BUF_INIT;
	assert_null(value_from_json(arena, deep, sizeof(deep), &why));
	assert_non_null(strstr(why.ptr, "nested more than 500 levels deep"));
	buf_clear(&why);
	assert_non_null(value_from_json(arena, deep + 100, 1000, &why));
	buf_release(&why);
}

static const struct value *read_as(const char *text, const char *type)
{
	struct buf why = BUF_INIT;
	const struct value *v = value_from_json_as(arena, text, strlen(text),
						   type_from_json_value(arena, read(type)), &why);
	if (!v)
		v = value_string(arena, buf_text(&why));
	buf_release(&why);
	return v;
}

static void known_types_are_kept(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		/* type, text, the value as the console prints it */
		{"[\"list\",\"string\"]", "[\"a\",null]",
		 "tolist([\n  \"a\",\n  tostring(null),\n])"},
		{"[\"set\",\"number\"]", "[2,1,2]", "toset([\n  1,\n  2,\n])"},
		{"[\"map\",\"bool\"]", "{\"b\":true,\"a\":\"false\"}",
		 "tomap({\n  \"a\" = false\n  \"b\" = true\n})"},
		{"[\"object\",{\"a\":\"string\",\"b\":\"number\"}]", "{\"a\":1,\"gone\":[1]}",
		 "{\n  \"a\" = \"1\"\n  \"b\" = tonumber(null)\n}"},
		{"[\"tuple\",[\"string\",\"number\"]]", "[\"a\",\"2\"]", "[\n  \"a\",\n  2,\n]"},
		{"\"dynamic\"", "{\"value\":[\"x\"],\"type\":[\"set\",\"string\"]}",
		 "toset([\n  \"x\",\n])"},
		{"\"dynamic\"", "{\"type\":\"number\",\"value\":\"5\"}", "5"},
		{"\"dynamic\"", "null", "null"},
		{"[\"object\",{\"a\":\"dynamic\"}]", "{\"a\":{\"value\":1,\"type\":\"number\"}}",
		 "{\n  \"a\" = 1\n}"},
		{"[\"list\",\"string\"]", "null", "tolist(null) /* of string */"},
		{"[\"list\",\"string\"]", "{}",
		 "\"list of string required, but this is an object, at line 1, column 1\""},
		{"\"number\"", "\"x\"", "\"number required, at line 1, column 1\""},
		{"\"string\"", "[1]",
		 "\"string required, but this is an array, at line 1, column 1\""},
		{"\"dynamic\"", "{\"value\":1}",
		 "\"expected an object of \\\"value\\\" and \\\"type\\\", at line 1, column 1\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		value_print(read_as(cases[i][1], cases[i][0]), &out);
		assert_string_equal(buf_text(&out), cases[i][2]);
		buf_release(&out);
	}
	/* What is read as a type is of that type, so that types stay shared. */
	const struct value *v = read_as("{}", "[\"object\",{\"a\":\"string\"}]");
	assert_ptr_equal(v->type,
			 type_from_json_value(arena, read("[\"object\",{\"a\":\"string\"}]")));
}

static void types_have_a_json_form(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"\"string\"",
		"\"dynamic\"",
		"[\"list\",[\"map\",\"number\"]]",
		"[\"tuple\",[]]",
		"[\"tuple\",[\"bool\",\"string\"]]",
		"[\"object\",{\"a\":\"bool\",\"b\":[\"set\",\"string\"]}]",
		"[\"object\",{\"a\":\"bool\",\"b\":\"string\"},[\"b\"]]",
	};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct buf out = BUF_INIT;
		type_print_json(type_from_json_value(arena, read(forms[i])), &out);
		assert_string_equal(out.ptr, forms[i]);
		buf_release(&out);
	}
	static const char *const none[] = {"1",
					   "\"text\"",
					   "[]",
					   "[\"list\"]",
					   "[\"list\",1]",
					   "[\"object\",[]]",
					   "[\"tuple\",\"string\"]",
					   "[\"object\",{\"a\":null}]",
					   "[\"list\",\"string\",1]"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_null(type_from_json_value(arena, read(none[i])));
	struct buf out = BUF_INIT;
	type_print(type_from_json_value(arena, read("[\"object\",{\"a-b\":\"bool\",\"c\":["
						    "\"tuple\",[\"dynamic\"]]},[\"c\"]]")),
		   &out);
	assert_string_equal(out.ptr, "object({ a-b = bool, c = optional(tuple([any])) })");
	buf_release(&out);
}

static void pretty_is_indented(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	value_to_json_pretty(read("{\"a\":[1,{}],\"b\":[],\"c\":\"<\"}"), &out);
	assert_string_equal(out.ptr,
			    "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": \"<\"\n}");
	buf_release(&out);
}

/* ---- the storage form ---- */

static const struct value *sample(void)
{
	struct number half;
	assert_true(number_parse(arena, "-0.5", 4, &half));
	const struct value *members[] = {
		value_mark(arena, value_string(arena, "secret"), VALUE_SENSITIVE),
		value_mark(arena, value_unknown_not_null(arena, &type_list_of_string),
			   VALUE_SENSITIVE | VALUE_EPHEMERAL),
		value_number(arena, half),
		value_number(arena, number_from_double(arena, 1e300)),
		value_int(arena, INT64_MIN),
		value_null(arena, &type_number),
		&value_null_any,
		&value_unknown_any,
		value_stringf(arena, "%0200d", 7),
		value_map(arena, &type_bool, (const char *const[]){"y", "x"},
			  (const struct value *const[]){&value_true, value_null(arena, &type_bool)},
			  2),
		value_set(arena, &type_string,
			  (const struct value *const[]){&value_unknown_string,
							value_string(arena, "a")},
			  2),
		value_null(arena, &type_bool),
		value_null(arena, &type_bool),
	};
	const char *names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"};
	return value_object(arena, names, members, ARRAY_LEN(members));
}

static void packing_keeps_everything(void **state)
{
	(void)state;
	struct buf out = BUF_INIT, type = BUF_INIT, why = BUF_INIT;
	const struct value *v = sample();
	value_pack(v, &out);
	const struct value *again = value_unpack(arena, out.ptr, out.len, &why);
	assert_non_null(again);
	assert_true(value_identical(v, again));
	/* A member that is not of the type its holder declares. */
	const struct type *open =
		type_from_json_value(arena, read("[\"object\",{\"a\":\"dynamic\"}]"));
	const struct value *text = value_string(arena, "x"),
			   *holder = value_object_of(arena, open, &text);
	buf_clear(&out);
	value_pack_content(holder, &out);
	type_pack(open, &type);
	assert_ptr_equal(type_unpack(arena, type.ptr, type.len, &why), open);
	again = value_unpack_of(arena, open, out.ptr, out.len, &why);
	assert_true(again && value_identical(holder, again) &&
		    again->items[0]->type == &type_string);
	buf_release(&out);
	buf_release(&type);
	buf_release(&why);
}

static void damage_is_noticed(void **state)
{
	(void)state;
	struct buf out = BUF_INIT, why = BUF_INIT;
	value_pack(sample(), &out);
	struct arena *scratch = arena_new();
	/* Cut off anywhere, it is no value. */
	for (size_t n = 0; n < out.len; n++) {
		buf_clear(&why);
		assert_null(value_unpack(scratch, out.ptr, n, &why));
		assert_true(why.len > 0);
	}
	/* With a byte changed it may be another value, but is never read past its end. */
	for (size_t i = 0; i < out.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			char *copy = arena_memdup(scratch, out.ptr, out.len);
			copy[i] = (char)(copy[i] ^ (1 << bit));
			buf_clear(&why);
			const struct value *v = value_unpack(scratch, copy, out.len, &why);
			assert_true(v || why.len);
		}
		arena_reset(scratch);
	}
	arena_free(scratch);
	buf_release(&out);
	buf_release(&why);
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
		cmocka_unit_test(json_is_terraforms),	cmocka_unit_test(errors_say_where),
		cmocka_unit_test(known_types_are_kept), cmocka_unit_test(types_have_a_json_form),
		cmocka_unit_test(pretty_is_indented),	cmocka_unit_test(packing_keeps_everything),
		cmocka_unit_test(damage_is_noticed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
