/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/convert.h"
#include "tests/unit/value_cases.h"

/* A constraint as tests/value/collect.py writes it: its JSON form, objects with their fallbacks behind. */
static const struct type *read_constraint(struct arena *arena, const struct value *form)
{
	if (!value_is_a(form, TYPE_TUPLE))
		return type_from_json_value(arena, form);
	const struct value *kind = form->items[0], *inner = form->items[1];
	if (value_is_text(kind, "tuple")) {
		const struct type *items[8];
		for (uint32_t i = 0; i < inner->count; i++)
			items[i] = read_constraint(arena, inner->items[i]);
		return type_tuple(arena, items, inner->count);
	}
	if (!value_is_text(kind, "object")) {
		const struct type *element = read_constraint(arena, inner);
		return value_is_text(kind, "list")  ? type_list(arena, element)
		       : value_is_text(kind, "set") ? type_set(arena, element)
						    : type_map(arena, element);
	}
	struct type_attr attrs[8] = {0};
	for (uint32_t i = 0; i < inner->count; i++) {
		struct type_attr *attr = &attrs[i];
		struct buf why = BUF_INIT;
		attr->name = value_key_at(inner, i);
		attr->type = read_constraint(arena, inner->items[i]);
		for (uint32_t k = 0; k < form->items[2]->count; k++)
			attr->optional = attr->optional ||
					 value_is_text(form->items[2]->items[k], attr->name);
		const struct value *fallback = value_get(form->items[3], attr->name);
		if (fallback)
			attr->fallback = value_convert(arena, fallback, attr->type, &why);
		if (fallback && !attr->fallback)
			fail_msg("the fallback of %s: %s", attr->name, why.ptr);
		buf_release(&why);
	}
	return type_object(arena, attrs, inner->count);
}

static bool as_terraform(struct arena *arena, size_t line, const struct value *c)
{
	struct buf why = BUF_INIT, out = BUF_INIT;
	const struct type *type = read_constraint(arena, value_get(c, "type"));
	const struct value *v = value_convert(arena, value_get(c, "value"), type, &why);
	const char *error = value_get_text(c, "error"), *print = value_get_text(c, "print");
	const char *reason = buf_take_text(arena, &why);
	if (!v) {
		if (!error)
			return !differs(line, "value", reason, print);
		/* Terraform prints the place of what only shows in values as an expression: [0].a: a number is required */
		if (*error == '.' || *error == '[') {
			const char *last = strstr(error, ": ") + 2, *at = strstr(reason, last);
			return at && !strcmp(at, last) ? true
						       : !differs(line, "error", reason, error);
		}
		return !differs(line, "error", reason, error);
	}
	value_print(v, &out);
	const char *got = buf_take_text(arena, &out);
	if (error)
		return !differs(line, "error", got, error);
	/* What was converted is of the type, and converting it again changes nothing. */
	const struct value *again = value_convert(arena, v, type, &why);
	reason = buf_take_text(arena, &why);
	if (!again || !value_identical(v, again))
		return !differs(line, "converted again", again ? "another value" : reason, got);
	return !differs(line, "value", got, print);
}

static void conversions_are_terraforms(void **state)
{
	(void)state;
	run_cases("tests/value/convert.jsonl", 500, as_terraform);
}

static struct arena *arena;

static const struct type *type_of(const char *json)
{
	struct buf why = BUF_INIT;
	const struct value *form = value_from_json(arena, json, strlen(json), &why);
	buf_release(&why);
	const struct type *type = form ? type_from_json_value(arena, form) : NULL;
	if (!type)
		fail_msg("no type: %s", json);
	return type;
}

static void types_unify(void **state)
{
	(void)state;
	static const struct {
		const char *types[3], *result;
	} cases[] = {
		{{"\"string\"", "\"number\""}, "\"string\""},
		{{"\"bool\"", "\"number\""}, NULL},
		{{"\"bool\"", "\"string\"", "\"number\""}, "\"string\""},
		{{"\"number\"", "\"number\""}, "\"number\""},
		{{"[\"list\",\"string\"]", "[\"list\",\"number\"]"}, "[\"list\",\"string\"]"},
		{{"[\"list\",\"string\"]", "[\"tuple\",[\"number\"]]"}, "[\"list\",\"string\"]"},
		{{"[\"set\",\"string\"]", "[\"list\",\"string\"]"}, "[\"list\",\"string\"]"},
		{{"[\"tuple\",[\"number\"]]", "[\"tuple\",[\"string\"]]"},
		 "[\"tuple\",[\"string\"]]"},
		{{"[\"tuple\",[\"number\"]]", "[\"tuple\",[\"string\",\"bool\"]]"},
		 "[\"list\",\"string\"]"},
		{{"[\"object\",{\"a\":\"string\"}]", "[\"object\",{\"a\":\"number\"}]"},
		 "[\"object\",{\"a\":\"string\"}]"},
		{{"[\"object\",{\"a\":\"string\"}]", "[\"object\",{\"b\":\"number\"}]"},
		 "[\"map\",\"string\"]"},
		{{"[\"object\",{\"a\":\"string\"}]", "[\"object\",{\"b\":[\"list\",\"string\"]}]"},
		 NULL},
		{{"[\"map\",\"number\"]", "[\"object\",{\"b\":\"string\"}]"},
		 "[\"map\",\"string\"]"},
		{{"[\"object\",{\"a\":\"string\"}]", "[\"tuple\",[\"string\"]]"}, NULL},
		{{"[\"list\",\"string\"]", "\"dynamic\""}, "\"dynamic\""},
		{{"\"dynamic\"", "\"string\""}, "\"string\""},
		{{"\"string\"", "[\"list\",\"string\"]"}, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct type *types[3];
		size_t n = 0;
		while (n < 3 && cases[i].types[n]) {
			types[n] = type_of(cases[i].types[n]);
			n++;
		}
		const struct type *got = type_unify(arena, types, n);
		if (!got != !cases[i].result ||
		    (got && !type_equal(got, type_of(cases[i].result)))) {
			struct buf out = BUF_INIT;
			if (got)
				type_print_json(got, &out);
			fail_msg("case %zu: %s", i, buf_text(&out));
		}
	}
}

static void unknowns_and_marks_stay(void **state)
{
	(void)state;
	struct buf why = BUF_INIT;
	const struct value *v =
		value_convert(arena, value_unknown(arena, &type_number), &type_string, &why);
	assert_true(v && !value_is_known(v) && v->type == &type_string && !v->not_null);
	v = value_convert(arena, value_unknown_not_null(arena, &type_empty_tuple),
			  &type_list_of_string, &why);
	assert_true(v && v->not_null && v->type == &type_list_of_string);
	v = value_convert(arena, &value_null_any, &type_map_of_string, &why);
	assert_true(v && value_is_null(v) && v->type == &type_map_of_string);
	const struct value *items[] = {value_mark(arena, value_int(arena, 1), VALUE_SENSITIVE),
				       &value_unknown_any};
	v = value_convert(arena, value_tuple(arena, items, 2), &type_list_of_string, &why);
	assert_true(v && v->type == &type_list_of_string && !v->marks &&
		    value_is_sensitive(v->items[0]));
	assert_true(value_is_text(value_unmark(arena, v->items[0]), "1"));
	assert_true(!value_is_known(v->items[1]) && v->items[1]->type == &type_string);
	v = value_convert(arena, value_tuple(arena, items, 2), &type_set_of_string, &why);
	assert_true(v && value_is_sensitive(v) && v->count == 2);
	/* How many members it has cannot be said. */
	v = value_convert(arena, v, &type_list_of_string, &why);
	assert_true(v && !value_is_known(v) && value_is_sensitive(v));
	/* A constraint without any gives the same pointer back. */
	const struct value *s = value_string(arena, "x");
	assert_ptr_equal(value_convert(arena, s, &type_any, &why), s);
	assert_null(value_convert(arena, s, &type_empty_object, &why));
	assert_string_equal(buf_text(&why), "object required");
	buf_release(&why);
	assert_string_equal(value_to_text(arena, &value_true), "true");
	assert_null(value_to_text(arena, value_mark(arena, s, VALUE_SENSITIVE)));
	assert_true(type_convertible(&type_number, &type_string, true));
	assert_false(type_convertible(&type_string, &type_number, true));
	assert_true(type_convertible(&type_string, &type_number, false));
	assert_false(type_convertible(&type_string, &type_empty_object, false));
}

static void many_members_are_no_trouble(void **state)
{
	(void)state;
	size_t n = 20000;
	const struct value **items = arena_array_of(arena, n, const struct value *);
	for (size_t i = 0; i < n; i++)
		items[i] = i % 3 ? value_int(arena, (int64_t)i) : value_stringf(arena, "%zu", i);
	struct buf why = BUF_INIT;
	const struct value *v = value_convert(arena, value_tuple(arena, items, n),
					      type_list(arena, &type_any), &why);
	assert_true(v && v->type == &type_list_of_string && v->count == n);
	v = value_convert(arena, v, &type_set_of_string, &why);
	assert_int_equal(v->count, n);
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
		cmocka_unit_test(conversions_are_terraforms),
		cmocka_unit_test(types_unify),
		cmocka_unit_test(unknowns_and_marks_stay),
		cmocka_unit_test(many_members_are_no_trouble),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
