/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

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

static const struct value *text(const char *s)
{
	return value_string(arena, s);
}

static const struct value *num(const char *s)
{
	struct number n;
	assert_true(number_parse(arena, s, strlen(s), &n));
	return value_number(arena, n);
}

static const struct value *object2(const char *a, const struct value *x, const char *b,
				   const struct value *y)
{
	return value_object(arena, (const char *const[]){a, b}, (const struct value *const[]){x, y},
			    2);
}

static const char *printed(const struct value *v)
{
	struct buf out = BUF_INIT;
	value_print(v, &out);
	const char *copy = buf_copy(&out, arena);
	buf_release(&out);
	return copy;
}

static void types_are_shared(void **state)
{
	(void)state;
	const struct value *a = object2("b", text("x"), "a", num("1")),
			   *b = object2("a", num("2"), "b", text("y"));
	assert_ptr_equal(a->type, b->type);
	assert_ptr_equal(type_list(arena, a->type), type_list(arena, b->type));
	assert_ptr_equal(value_null(arena, a->type), value_null(arena, b->type));
	assert_string_equal(value_key_at(a, 0), "a");
	assert_ptr_equal(type_list(arena, &type_string), &type_list_of_string);
	struct type by_hand = {.kind = TYPE_LIST, .element = &type_string};
	assert_true(type_equal(&by_hand, &type_list_of_string));
	assert_false(type_equal(&by_hand, &type_set_of_string));
	/* Of equal names the last one wins. */
	const struct value *twice = object2("a", num("1"), "a", text("z"));
	assert_int_equal(twice->count, 1);
	assert_true(value_is_text(value_get(twice, "a"), "z"));
}

static void sets_are_sorted_and_distinct(void **state)
{
	(void)state;
	const struct value *items[] = {text("b"), text("a"), text("b"), text("A"), text("")};
	assert_string_equal(printed(value_set(arena, &type_string, items, 5)),
			    "toset([\n  \"\",\n  \"A\",\n  \"a\",\n  \"b\",\n])");
	const struct value *numbers[] = {num("10"), num("9"), num("1e1"), num("-3.5"),
					 value_null(arena, &type_number)};
	assert_string_equal(printed(value_set(arena, &type_number, numbers, 5)),
			    "toset([\n  -3.5,\n  9,\n  10,\n  tonumber(null),\n])");
	const struct value *unknowns[] = {&value_unknown_string, text("a"), &value_unknown_string};
	const struct value *set = value_set(arena, &type_string, unknowns, 3);
	assert_int_equal(set->count, 3);
	assert_false(value_is_wholly_known(set));
	/* Marks of members move to the set. */
	const struct value *marked[] = {value_mark(arena, text("s"), VALUE_SENSITIVE), text("t")};
	set = value_set(arena, &type_string, marked, 2);
	assert_true(value_is_sensitive(set));
	assert_int_equal(set->items[0]->deep_marks, 0);
	/* Objects are ordered by their text. */
	const struct value *objects[] = {object2("a", text("b"), "b", num("1")),
					 object2("a", text("a"), "b", num("2")),
					 object2("a", text("a"), "b", num("10"))};
	set = value_set(arena, objects[0]->type, objects, 3);
	assert_true(value_identical(set->items[0], objects[2]));
	assert_true(value_identical(set->items[2], objects[0]));
}

static void equality_follows_the_language(void **state)
{
	(void)state;
	const struct value *unknown_any = &value_unknown_any,
			   *unknown_number = value_unknown(arena, &type_number);
	const struct value *some_string = value_unknown_not_null(arena, &type_string);
	const struct {
		const struct value *a, *b;
		int expect; /* 0, 1, or -1: cannot be said */
	} cases[] = {
		{text("a"), text("a"), 1},
		{text("1"), num("1"), 0},
		{num("1.0"), num("1"), 1},
		{num("-0"), num("0"), 1},
		{&value_null_any, &value_null_string, 1},
		{&value_null_any, text(""), 0},
		{&value_null_any, &value_unknown_string, -1},
		{&value_null_any, some_string, 0},
		{text("a"), &value_unknown_string, -1},
		{text("a"), unknown_number, 0},
		{text("a"), unknown_any, -1},
		{unknown_any, unknown_any, -1},
		{object2("a", num("1"), "b", text("x")), object2("a", num("1"), "b", text("x")), 1},
		{object2("a", num("1"), "b", &value_unknown_string),
		 object2("a", num("1"), "b", text("x")), -1},
		{object2("a", num("2"), "b", &value_unknown_string),
		 object2("a", num("1"), "b", text("x")), 0},
		{object2("a", num("1"), "b", &value_unknown_any),
		 object2("a", num("1"), "b", text("x")), -1},
		{object2("a", num("1"), "b", &value_unknown_any),
		 object2("a", num("1"), "c", text("x")), 0},
		{value_list(arena, &type_string, NULL, 0), value_tuple(arena, NULL, 0), 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int side = 0; side < 2; side++) {
			const struct value *r = side ? value_equal(arena, cases[i].b, cases[i].a)
						     : value_equal(arena, cases[i].a, cases[i].b);
			int got = !value_is_known(r) ? -1 : value_is_true(r);
			if (got != cases[i].expect)
				fail_msg("case %zu side %d: %d instead of %d", i, side, got,
					 cases[i].expect);
		}
	}
	const struct value *secret =
		object2("a", value_mark(arena, text("x"), VALUE_SENSITIVE), "b", text("y"));
	assert_true(value_is_sensitive(value_equal(arena, secret, secret)));
}

static void marks_come_and_go(void **state)
{
	(void)state;
	const struct value *secret =
		object2("a", value_mark(arena, text("x"), VALUE_SENSITIVE), "b", text("y"));
	assert_int_equal(secret->marks, 0);
	assert_int_equal(value_marks_deep(secret), VALUE_SENSITIVE);
	assert_string_equal(printed(secret), "{\n  \"a\" = (sensitive value)\n  \"b\" = \"y\"\n}");
	const struct value *plain = value_unmark_deep(arena, secret);
	assert_int_equal(value_marks_deep(plain), 0);
	assert_string_equal(printed(plain), "{\n  \"a\" = \"x\"\n  \"b\" = \"y\"\n}");
	const struct value *outer = value_mark(arena, secret, VALUE_EPHEMERAL);
	assert_int_equal(value_marks_deep(outer), VALUE_SENSITIVE | VALUE_EPHEMERAL);
	assert_int_equal(value_marks_deep(value_unmark(arena, outer)), VALUE_SENSITIVE);
	assert_ptr_equal(value_mark(arena, outer, VALUE_EPHEMERAL), outer);
}

static void copies_stand_alone(void **state)
{
	(void)state;
	struct arena *other = arena_new();
	const struct value *keys[] = {value_string(other, "x\xc3\xa9"),
				      value_mark(other, value_int(other, 7), VALUE_SENSITIVE),
				      value_unknown(other, &type_number)};
	const struct value *tuple = value_tuple(other, keys, 3);
	const struct value *map = value_map(
		other, &type_string, (const char *const[]){"k2", "k1"},
		(const struct value *const[]){value_string(other, "v"), &value_null_string}, 2);
	const struct value *both = value_object(other, (const char *const[]){"map", "tuple"},
						(const struct value *const[]){map, tuple}, 2);
	const struct value *copy = value_copy(arena, both);
	assert_true(value_identical(both, copy));
	const char *before = printed(both);
	arena_free(other);
	assert_string_equal(printed(copy), before);
	assert_string_equal(value_key_at(value_get(copy, "map"), 0), "k1");
}

/* Very long tuples have types of their own; so has what holds them. */
static void large_types_are_not_shared(void **state)
{
	(void)state;
	struct arena *other = arena_new();
	const struct value *items[100];
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = i % 2 ? value_int(other, (int64_t)i) : value_stringf(other, "%zu", i);
	const struct value *tuple = value_tuple(other, items, ARRAY_LEN(items));
	assert_null(tuple->type->states);
	char name[] = "name";
	const char *names[] = {name, "null", "unknown"};
	const struct value *members[] = {tuple, value_null(other, tuple->type),
					 value_unknown(other, tuple->type)};
	const struct value *v = value_object(other, names, members, 3);
	memset(name, 'x', 4); /* names are copied */
	const struct value *list = value_list(other, v->type, &v, 1), *copy = value_copy(arena, list);
	assert_true(value_identical(list, copy));
	assert_true(type_equal(list->type, copy->type) && list->type != copy->type);
	struct buf packed = BUF_INIT, why = BUF_INIT;
	value_pack(list, &packed);
	const char *before = printed(list);
	arena_free(other);
	assert_string_equal(printed(copy), before);
	assert_non_null(value_get(copy->items[0], "name"));
	assert_true(value_is_null(value_get(copy->items[0], "null")));
	const struct value *again = value_unpack(arena, packed.ptr, packed.len, &why);
	assert_true(again && value_identical(again, copy));
	buf_release(&packed);
	buf_release(&why);
}

static void strings_are_normalised(void **state)
{
	(void)state;
	const struct value *composed = text("\xc3\xa9"), *decomposed = text("e\xcc\x81");
	assert_true(value_same(composed, decomposed));
	assert_int_equal(decomposed->count, 2);
	assert_string_equal(text("a\xff z")->text, "a\xef\xbf\xbd z");
	assert_ptr_equal(text(""), &value_empty_string);
}

static bool count_leaves(void *ctx, const struct value_step *path, size_t depth,
			 const struct value *v)
{
	if (v->count == 0 || v->type->kind == TYPE_STRING) {
		struct buf *out = ctx;
		for (size_t i = 0; i < depth; i++)
			buf_addf(out, path[i].name ? ".%s" : "[]", path[i].name);
		buf_addc(out, ';');
	}
	return true;
}

static void walking_tells_the_way(void **state)
{
	(void)state;
	const struct value *list = value_list(
		arena, &type_string, (const struct value *const[]){text("p"), text("q")}, 2);
	struct buf out = BUF_INIT;
	value_walk(object2("x", list, "y", num("1")), count_leaves, &out);
	assert_string_equal(buf_text(&out), ".x[];.x[];.y;");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_shared),
		cmocka_unit_test(sets_are_sorted_and_distinct),
		cmocka_unit_test(equality_follows_the_language),
		cmocka_unit_test(marks_come_and_go),
		cmocka_unit_test(copies_stand_alone),
		cmocka_unit_test(large_types_are_not_shared),
		cmocka_unit_test(strings_are_normalised),
		cmocka_unit_test(walking_tells_the_way),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
