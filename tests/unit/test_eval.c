/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/eval_scope.h"

#include "lang/func/func.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct row {
	const char *expr;
	const char *result; /* as fixture_show() has it; after an error: "! summary" */
};

static void check_rows(const struct row *rows, size_t count, bool lenient)
{
	size_t failed = 0;
	for (size_t i = 0; i < count; i++) {
		struct fixture f;
		fixture_init(&f);
		f.eval.lenient = lenient;
		const struct value *v = fixture_eval(&f, rows[i].expr);
		char *shown = fixture_show(&f, v);
		if (f.diags.error_count)
			shown = arena_printf(f.arena, "! %s", f.diags.items[0].summary);
		if (strcmp(shown, rows[i].result)) {
			print_error("%s\n    gives    %s\n    expected %s\n", rows[i].expr, shown, rows[i].result);
			failed++;
		}
		if (f.eval.depth || f.eval.quiet || f.eval.scope != &f.scope || f.eval.splat_item) {
			print_error("%s: the evaluation's state is not as it was before\n", rows[i].expr);
			failed++;
		}
		fixture_release(&f);
	}
	assert_int_equal(failed, 0);
}
#define CHECK(rows) check_rows(rows, ARRAY_LEN(rows), false)

static void test_operators(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"1 + 2 * 3", "7"},
		{"7 / 2", "3.5"},
		{"-7 % 3", "-1"},
		{"5 % 0", "5"},
		{"1 / 0", "! Operation failed"},
		{"0 / 0", "! Operation failed"},
		{"\"3\" + 4", "7"},
		{"\"x\" + 4", "! Invalid operand"},
		{"[] + 4", "! Invalid operand"},
		{"1 < 2", "true"},
		{"2 <= 2", "true"},
		{"2 > 2", "false"},
		{"2 >= 3", "false"},
		{"!true", "false"},
		{"!\"true\"", "false"},
		{"-v.num", "-7"},
		{"1 == 1.0", "true"},
		{"1 == \"1\"", "false"},
		{"v.list == [\"a\", \"b\"]", "false"},
		{"{ a = 1 } == { a = 1 }", "true"},
		{"null == null", "true"},
		{"n.str == null", "true"},
		{"1 != null", "true"},
		/* known after apply */
		{"1 + u.num", "?! number"},
		{"u.num * u.num", "?! number"},
		{"-u.num", "?! number"},
		{"u.num < 3", "?! bool"},
		{"u.str + 1", "?! number"},
		{"u.any - 1", "?! number"},
		{"u.list + 1", "! Invalid operand"},
		{"!u.yes", "?! bool"},
		{"!u.any", "?! bool"},
		{"u.num == 3", "?! bool"},
		{"u.num != 3", "?! bool"},
		{"u.yes && true", "?! bool"},
		{"u.yes || false", "?! bool"},
		{"u.yes && false", "false"},
		{"false && u.yes", "false"},
		{"u.yes || true", "true"},
		{"true || u.yes", "true"},
		{"u.yes && u.yes", "?! bool"},
		/* null */
		{"n.num + 1", "! Operation failed"},
		{"1 - null", "! Operation failed"},
		{"null < 1", "! Operation failed"},
		{"-null", "! Operation failed"},
		{"!null", "! Operation failed"},
		{"null && true", "! Operation failed"},
		{"true && n.yes", "! Operation failed"},
		{"null || true", "! Operation failed"},
		{"true || null", "true"},
		{"false && null", "false"},
		/* sensitive */
		{"s.num + 1", "s 8"},
		{"1 + s.num", "s 8"},
		{"s.num < 8", "s true"},
		{"s.num == 7", "s true"},
		{"s.num != 7", "s false"},
		{"[s.num] == [7]", "s true"},
		{"!s.yes", "s false"},
		{"-s.num", "s -7"},
		{"s.yes && false", "s false"},
		{"false && s.yes", "s false"},
		{"true || s.yes", "s true"},
		{"s.num + u.num", "s ?! number"},
		{"s.yes && u.yes", "s ?! bool"},
		{"e.num + s.num", "s e 14"},
		/* what decides alone takes the other side's errors back */
		{"n.obj != null && n.obj.a == \"A\"", "false"},
		{"n.obj == null || n.obj.a == \"A\"", "true"},
		{"true && [][0]", "! Invalid index"},
		{"false || [][0]", "! Invalid index"},
		{"[][0] == 1 || true", "true"},
		{"[][0] == 1 && true", "! Invalid index"},
		{"u.yes && [][0]", "?! bool"},
		{"false && [][0] && [][1]", "false"},
		{"true || \"x\"", "! Invalid operand"},
		{"\"x\" && true", "! Invalid operand"},
	};
	CHECK(rows);
}

static void test_conditionals(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"true ? 1 : 2", "1"},
		{"false ? 1 : 2", "2"},
		{"true ? 1 : \"a\"", "\"1\""},
		{"\"true\" ? 1 : 2", "1"},
		{"true ? null : 2", "tonumber(null)"},
		{"true ? null : null", "null"},
		{"true ? [1] : [\"a\"]", "[ \"1\", ]"},
		{"true ? {} : 1", "! Inconsistent conditional result types"},
		{"null ? 1 : 2", "! Null condition"},
		{"[] ? 1 : 2", "! Incorrect condition type"},
		{"\"x\" ? 1 : 2", "! Incorrect condition type"},
		/* the side that is not taken may be wrong */
		{"true ? 1 : [][0]", "1"},
		{"false ? [][0] : 1", "1"},
		{"true ? [][0] : 1", "! Invalid index"},
		{"u.yes ? [][0] : 1", "? any"},
		{"true ? 1 : (false ? 2 : [][0])", "1"},
		{"true ? false : (true ? [] - 1 : \"x\")", "\"false\""},
		{"true ? 1 : \"${[][0]}${s.str}\"", "\"1\""},
		{"true ? [[][0]] : 1", "! Invalid index"},
		/* known after apply */
		{"u.yes ? 1 : 2", "?! number"},
		{"u.yes ? 1 : \"a\"", "?! string"},
		{"u.yes ? 1 : null", "? number"},
		{"u.yes ? null : null", "null"},
		{"u.yes ? u.num : 1", "? number"},
		{"u.yes ? u.any : 1", "? any"},
		{"u.any ? 1 : 2", "?! number"},
		{"u.num ? 1 : 2", "! Incorrect condition type"},
		{"u.yes ? {} : 1", "! Inconsistent conditional result types"},
		{"true ? 1 : u.str", "\"1\""},
		{"true ? u.num : 1", "? number"},
		/* sensitive */
		{"s.yes ? 1 : 2", "s 1"},
		{"true ? s.num : 2", "s 7"},
		{"true ? 2 : s.num", "s 2"},
		{"s.yes ? u.num : 1", "s ? number"},
		{"u.yes ? s.num : 1", "s ?! number"},
		{"u.yes ? s.num : null", "s ? number"},
	};
	CHECK(rows);
}

static void test_templates(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"\"a\"", "\"a\""},
		{"\"a${1}b\"", "\"a1b\""},
		{"\"${1}\"", "1"},
		{"\"${[1]}\"", "[ 1, ]"},
		{"\"${null}\"", "null"},
		{"\"a${true}\"", "\"atrue\""},
		{"\"a${null}\"", "! Invalid template interpolation value"},
		{"\"a${n.str}\"", "! Invalid template interpolation value"},
		{"\"a${[1]}\"", "! Invalid template interpolation value"},
		{"\"a${{}}\"", "! Invalid template interpolation value"},
		{"\"a${u.str}\"", "?! string"},
		{"\"a${u.any}\"", "?! string"},
		{"\"a${u.list}\"", "! Invalid template interpolation value"},
		{"\"a${s.str}\"", "s \"apearl\""},
		{"\"a${s.str}${u.str}\"", "s ?! string"},
		{"\"${s.str}\"", "s \"pearl\""},
		{"\"a%{ if true }b%{ else }c%{ endif }\"", "\"ab\""},
		{"\"a%{ if false }b%{ else }c%{ endif }\"", "\"ac\""},
		{"\"a%{ if false }b%{ endif }\"", "\"a\""},
		{"\"%{ if true }${[][0]}%{ endif }\"", "! Invalid index"},
		{"\"%{ if false }${[][0]}%{ endif }\"", "\"\""},
		{"\"a%{ if u.yes }b%{ endif }\"", "?! string"},
		{"\"a%{ if s.yes }b%{ endif }\"", "s \"ab\""},
		{"\"a%{ if false }${s.str}%{ endif }\"", "s \"a\""},
		{"\"a%{ if null }b%{ endif }\"", "! Null condition"},
		{"\"a%{ if 1 }b%{ endif }\"", "! Incorrect condition type"},
		{"\"%{ for x in [1, 2] }<${x}>%{ endfor }\"", "\"<1><2>\""},
		{"\"%{ for i, x in [\"a\"] }${i}${x}%{ endfor }\"", "\"0a\""},
		{"\"%{ for k, v in { a = 1 } }${k}${v}%{ endfor }\"", "\"a1\""},
		{"\"%{ for x in u.list }${x}%{ endfor }\"", "?! string"},
		{"\"%{ for x in s.list }${x}%{ endfor }\"", "s \"ab\""},
		{"\"%{ for x in [u.str] }${x}%{ endfor }\"", "?! string"},
		{"\"%{ for x in null }${x}%{ endfor }\"", "! Iteration over null value"},
		{"\"%{ for x in 1 }${x}%{ endfor }\"", "! Iteration over non-iterable value"},
		{"\"%{ for x in [null] }${x}%{ endfor }\"", "! Invalid template interpolation value"},
		{"\"%{ for x in [1] }%{ for y in [2, 3] }${x}${y} %{ endfor }%{ endfor }\"", "\"12 13 \""},
		{"<<-EOT\n  a\n    b ${1}\n  EOT\n", "<<EOT a b 1 EOT"},
	};
	CHECK(rows);
}

static void test_for(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"[for x in [1, 2]: x + 1]", "[ 2, 3, ]"},
		{"[for i, x in [\"a\", \"b\"]: \"${i}${x}\"]", "[ \"0a\", \"1b\", ]"},
		{"[for x in v.set: x]", "[ \"a\", \"b\", ]"},
		{"[for k, x in v.set: \"${k}${x}\"]", "[ \"aa\", \"bb\", ]"},
		{"[for k, x in v.map: \"${k}${x}\"]", "[ \"kv\", \"lw\", ]"},
		{"[for k, x in v.obj: k]", "[ \"a\", \"b\", ]"},
		{"[for x in []: x]", "[]"},
		{"[for x in [1, 2, 3]: x if x > 1]", "[ 2, 3, ]"},
		{"{for x in [\"a\", \"b\"]: x => upper(x)}", "{ \"a\" = \"A\" \"b\" = \"B\" }"},
		{"{for x in []: x => x}", "{}"},
		{"{for x in [\"a\", \"b\", \"aa\"]: substr(x, 0, 1) => x...}", "{ \"a\" = [ \"a\", \"aa\", ] \"b\" = [ \"b\", ] }"},
		{"{for x in [1, 1]: x => x}", "! Duplicate object key"},
		{"{for x in [null]: x => x}", "! Invalid object key"},
		{"{for x in [[]]: x => 1}", "! Invalid object key"},
		{"[for x in null: x]", "! Iteration over null value"},
		{"[for x in n.list: x]", "! Iteration over null value"},
		{"[for x in 1: x]", "! Iteration over non-iterable value"},
		{"[for x in [1]: x if null]", "! Condition is null"},
		{"[for x in []: x if \"x\"]", "! Invalid 'for' condition"},
		{"[for x in [null]: x if x]", "! Invalid 'for' condition"},
		{"[for x in [1]: y]", "! Unknown variable"},
		{"[for x in [1, 2]: [][x]]", "! Invalid index"},
		/* known after apply */
		{"[for x in u.list: x]", "? any"},
		{"[for x in u.any: x]", "? any"},
		{"[for x in u.str: x]", "! Iteration over non-iterable value"},
		{"[for x in [u.str, \"a\"]: x]", "[ (known after apply), \"a\", ]"},
		{"[for x in [1, 2]: x if u.yes]", "? any"},
		{"{for x in [u.str]: x => 1}", "? any"},
		{"{for x in [\"a\"]: x => u.str}", "{ \"a\" = (known after apply) }"},
		/* sensitive */
		{"[for x in s.list: x]", "s [ \"a\", \"b\", ]"},
		{"[for x in [s.str]: x]", "[ (sensitive value), ]"},
		{"[for x in [1, 2]: x if s.yes]", "s [ 1, 2, ]"},
		{"{for x in [s.str]: x => 1}", "s { \"pearl\" = 1 }"},
		{"[for x in s.list: x if u.yes]", "s ? any"},
		{"[for x in u.list: x if s.yes]", "s ? any"},
	};
	CHECK(rows);
}

static void test_splat(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"v.objs[*].a", "tolist([ \"A\", \"B\", ])"},
		{"v.objs.*.a", "tolist([ \"A\", \"B\", ])"},
		{"v.objs[*][\"a\"]", "tolist([ \"A\", \"B\", ])"},
		{"[{ a = 1 }, { a = \"x\" }][*].a", "[ 1, \"x\", ]"},
		{"[][*].a", "[]"},
		{"v.list[*]", "tolist([ \"a\", \"b\", ])"},
		{"v.set[*]", "tolist([ \"a\", \"b\", ])"},
		{"v.obj[*].a", "[ \"A\", ]"},
		{"v.str[*]", "[ \"pearl\", ]"},
		{"v.map[*].k", "[ \"v\", ]"},
		{"null[*]", "[]"},
		{"null[*].a", "[]"},
		{"n.obj[*].a", "[]"},
		{"n.list[*]", "! Splat of null value"},
		{"v.objs[*].c", "! Unsupported attribute"},
		{"[{ a = [{ b = 1 }] }][*].a[*].b", "[ [ 1, ], ]"},
		{"[[1, 2], [3]][*][0]", "[ 1, 3, ]"},
		/* known after apply */
		{"u.objs[*].a", "?! list(string)"},
		{"u.list[*]", "?! list(string)"},
		{"u.tuple[*]", "?! tuple([string, number])"},
		{"u.obj[*].a", "? any"},
		{"u.any[*].a", "? any"},
		{"u.objs[*].c", "! Unsupported attribute"},
		{"[u.obj][*].a", "[ (known after apply), ]"},
		/* sensitive */
		{"s.objs[*].a", "s tolist([ \"A\", \"B\", ])"},
		{"s.obj[*].a", "s [ (sensitive value), ]"},
		{"[s.obj][*].a", "[ (sensitive value), ]"},
	};
	CHECK(rows);
}

static void test_references(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"v.obj.a", "\"A\""},
		{"v.obj[\"a\"]", "\"A\""},
		{"v.objs[1].a", "\"B\""},
		{"v.objs.1.a", "\"B\""},
		{"v.list[\"1\"]", "\"b\""},
		{"v.list[2]", "! Invalid index"},
		{"v.list[-1]", "! Invalid index"},
		{"v.list[0.5]", "! Invalid index"},
		{"v.list[\"x\"]", "! Invalid index"},
		{"v.list[null]", "! Invalid index"},
		{"v.set[0]", "! Invalid index"},
		{"v.str[0]", "! Invalid index"},
		{"v.map.k", "\"v\""},
		{"v.map[\"k\"]", "\"v\""},
		{"v.map.z", "! Missing map element"},
		{"v.map[\"z\"]", "! Invalid index"},
		{"v.obj.z", "! Unsupported attribute"},
		{"v.obj[0]", "! Invalid index"},
		{"v.objs.a", "! Unsupported attribute"},
		{"v.str.a", "! Unsupported attribute"},
		{"n.obj.a", "! Attempt to get attribute from null value"},
		{"n.list[0]", "! Attempt to index null value"},
		{"nothing", "! Unknown variable"},
		{"nothing.a.b", "! Unknown variable"},
		{"v.any.x[1]", "\"two\""},
		{"{ \"1\" = 2 }[1]", "2"},
		{"(v.obj).a", "\"A\""},
		/* known after apply */
		{"u.obj.a", "? string"},
		{"u.obj.z", "! Unsupported attribute"},
		{"u.map.z", "? string"},
		{"u.list[3]", "? string"},
		{"u.list[-1]", "! Invalid index"},
		{"u.tuple[1]", "? number"},
		{"u.tuple[2]", "! Invalid index"},
		{"u.any.a.b[0]", "? any"},
		{"v.list[u.num]", "? string"},
		{"v.tuple[u.num]", "? any"},
		{"v.map[u.str]", "? string"},
		{"v.obj[u.str]", "? any"},
		{"v.list[u.list]", "! Invalid index"},
		/* sensitive */
		{"s.obj.a", "s \"A\""},
		{"s.list[0]", "s \"a\""},
		{"v.tuple[s.num - 6]", "s 1"},
		{"s.map.k", "s \"v\""},
		{"s.list[u.num]", "s ? string"},
		{"v.map[s.str]", "! Invalid index"},
	};
	CHECK(rows);
}

static void test_collections(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"[1, \"a\", null]", "[ 1, \"a\", null, ]"},
		{"[u.num, s.num]", "[ (known after apply), (sensitive value), ]"},
		{"{ a = 1, \"b\" = 2, (v.str) = 3 }", "{ \"a\" = 1 \"b\" = 2 \"pearl\" = 3 }"},
		{"{ a = 1, a = 2 }", "{ \"a\" = 2 }"},
		{"{ (u.str) = 1 }", "? any"},
		{"{ (s.str) = 1 }", "s { \"pearl\" = 1 }"},
		{"{ (s.str) = 1, (u.str) = 2 }", "s ? any"},
		{"{ (null) = 1 }", "! Null value as key"},
		{"{ ([]) = 1 }", "! Incorrect key type"},
		{"{ v.str = 1 }", "! Ambiguous attribute key"},
		{"{ \"${v.str}\" = 1 }", "{ \"pearl\" = 1 }"},
		{"{ 1 = 2 }", "{ \"1\" = 2 }"},
		{"{ a = [][0] }", "! Invalid index"},
	};
	CHECK(rows);
}

static void test_calls(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"upper(\"a\")", "\"A\""},
		{"upper(1)", "\"1\""},
		{"upper()", "! Not enough function arguments"},
		{"upper(\"a\", \"b\")", "! Too many function arguments"},
		{"upper([])", "! Invalid function argument"},
		{"upper(null)", "! Invalid function argument"},
		{"upper(u.str)", "?! string"},
		{"upper(u.any)", "?! string"},
		{"upper(s.str)", "s \"PEARL\""},
		{"length(s.list)", "s 2"},
		{"length([s.str])", "1"},
		{"uper(\"a\")", "! Call to unknown function"},
		{"provider::x::y(1)", "! Unknown provider function"},
		{"max([1, 3, 2]...)", "3"},
		{"max(5, [1, 3]...)", "5"},
		{"max(u.list...)", "? any"},
		{"max(null...)", "! Invalid expanding argument value"},
		{"max(1...)", "! Invalid expanding argument value"},
		{"max(s.tuple...)", "! Invalid function argument"},
		{"upper([][0])", "! Invalid index"},
		{"try([][0], 3)", "3"},
		{"can([][0])", "false"},
		{"try(1 / 0, \"x\" + 1)", "! Error in function call"},
	};
	CHECK(rows);
}

static void test_lenient(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"v.obj.z", "null"},
		{"v.obj.z.y[0].x", "null"},
		{"v.list[7]", "null"},
		{"v.map[\"z\"]", "null"},
		{"n.obj.a", "null"},
		{"null[0]", "null"},
		{"[{ a = 1 }].a", "1"},
		{"[].a", "null"},
		{"[{ a = 1 }, { a = 2 }].a", "! Unsupported attribute"},
		{"\"a${null}b\"", "\"ab\""},
		{"[for x in null: x]", "[]"},
		{"n.list[*].a", "[]"},
		{"null ? 1 : 2", "2"},
		{"!null", "true"},
		{"null && true", "false"},
		{"null || true", "true"},
		{"null < 1", "false"},
		{"true ? 1 : [2]", "1"},
		{"length(null)", "0"},
		{"contains(null, 1)", "false"},
		{"upper(null)", "null"},
		{"v.str.a", "! Unsupported attribute"},
	};
	check_rows(rows, ARRAY_LEN(rows), true);
}

static void test_types(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"string", "string"},
		{"any", "any"},
		{"list(number)", "list(number)"},
		{"set(any)", "set(any)"},
		{"map(list(bool))", "map(list(bool))"},
		{"tuple([string, number])", "tuple([string, number])"},
		{"list", "list(any)"},
		{"map", "map(any)"},
		{"\"string\"", "string"},
		{"\"list\"", "list(any)"},
		{"strin", "! Invalid type specification"},
		{"set", "! Invalid type specification"},
		{"list()", "! Invalid type specification"},
		{"list(string, string)", "! Invalid type specification"},
		{"object([])", "! Invalid type specification"},
		{"object({ a = string, a = number })", "! Invalid type specification"},
		{"tuple(string)", "! Invalid type specification"},
		{"optional(string)", "! Invalid type specification"},
		{"list(optional(string))", "! Invalid type specification"},
		{"object({ a = optional() })", "! Invalid type specification"},
		{"object({ a = optional(number, \"x\") })", "! Invalid default value for optional attribute"},
		{"object({ a = optional(string, v.str) })", "! Unknown variable"},
		{"1 + 2", "! Invalid type specification"},
		{"string()", "! Invalid type specification"},
	};
	size_t failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		fixture_init(&f);
		AUTO_BUF struct buf text = BUF_INIT;
		type_print(eval_type(&f.eval, fixture_parse(&f, rows[i].expr)), &text);
		const char *shown = buf_text(&text);
		if (f.diags.error_count)
			shown = arena_printf(f.arena, "! %s", f.diags.items[0].summary);
		if (strcmp(shown, rows[i].result)) {
			print_error("%s\n    gives    %s\n    expected %s\n", rows[i].expr, shown, rows[i].result);
			failed++;
		}
		fixture_release(&f);
	}
	assert_int_equal(failed, 0);

	struct fixture f;
	fixture_init(&f);
	const struct type *type = eval_type(
		&f.eval, fixture_parse(&f, "object({ a = optional(number, \"3\"), b = optional(string), c = bool })"));
	assert_int_equal(f.diags.error_count, 0);
	assert_true(type->attrs[0].optional && type->attrs[1].optional && !type->attrs[2].optional);
	assert_int_equal(type->attrs[0].fallback->number.small, 3);
	assert_null(type->attrs[1].fallback);
	const struct value *v = eval_expr_as(&f.eval, fixture_parse(&f, "{ c = true }"), type, "x");
	assert_string_equal(fixture_show(&f, v), "{ \"a\" = 3 \"b\" = tostring(null) \"c\" = true }");
	fixture_release(&f);
}

/* ---- functions written in the language ---- */

struct user_table {
	struct user_function items[3];
	size_t count;
};

static const struct user_function *find_user(void *ctx, const char *name)
{
	struct user_table *table = ctx;
	for (size_t i = 0; i < table->count; i++) {
		if (!strcmp(table->items[i].name, name))
			return &table->items[i];
	}
	return NULL;
}

static void test_user_functions(void **state)
{
	(void)state;
	static const char *const one[] = {"x"};
	static const char *const two[] = {"x", "y"};
	struct fixture f;
	fixture_init(&f);
	struct user_table table = {
		{
			{"twice", one, 1, fixture_parse(&f, "[x, x]")},
			{"forever", one, 1, fixture_parse(&f, "forever(x)")},
			{"sees", two, 2, fixture_parse(&f, "hidden")},
		},
		3};
	struct function_set set = {.find_user = find_user, .ctx = &table};
	f.eval.functions = &set;
	assert_string_equal(fixture_show(&f, fixture_eval(&f, "twice(twice(1))")), "[ [ 1, 1, ], [ 1, 1, ], ]");
	assert_string_equal(fixture_show(&f, fixture_eval(&f, "upper(\"a\")")), "\"A\"");
	assert_int_equal(f.diags.error_count, 0);
	fixture_eval(&f, "twice(1, 2)");
	assert_string_equal(f.diags.items[0].summary, "Too many function arguments");
	diags_clear(&f.diags);
	/* What the caller has bound is not seen. */
	fixture_eval(&f, "[for hidden in [1]: sees(1, 2)]");
	assert_string_equal(f.diags.items[0].summary, "Unknown variable");
	diags_clear(&f.diags);
	fixture_eval(&f, "forever(1)");
	assert_int_equal(f.diags.error_count, 1);
	assert_string_equal(f.diags.items[0].summary, "Expression too deep");
	assert_int_equal(f.eval.depth, 0);
	fixture_release(&f);
}

static void test_long_chains(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	AUTO_BUF struct buf text = BUF_INIT;
	for (int i = 0; i < 200; i++)
		buf_adds(&text, "1 + ");
	buf_adds(&text, "1");
	assert_string_equal(fixture_show(&f, fixture_eval(&f, buf_text(&text))), "201");
	assert_int_equal(f.diags.error_count, 0);
	fixture_release(&f);
}

static void test_entries(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	const struct value *one = value_int(f.arena, 1), *two = value_int(f.arena, 2);
	assert_string_equal(fixture_show(&f, eval_operator(&f.eval, OP_ADD, one, two, SRC_NOWHERE)), "3");
	assert_string_equal(fixture_show(&f, eval_operator(&f.eval, OP_NEGATE, one, NULL, SRC_NOWHERE)), "-1");
	assert_string_equal(fixture_show(&f, eval_operator(&f.eval, OP_AND, &value_true, &value_false, SRC_NOWHERE)),
			    "false");
	assert_string_equal(fixture_show(&f, eval_expr_with(&f.eval, fixture_parse(&f, "me + 1"), "me", two)), "3");
	const struct value *v = eval_expr_as(&f.eval, fixture_parse(&f, "\"x\""), &type_number, "count");
	assert_string_equal(fixture_show(&f, v), "? number");
	assert_string_equal(f.diags.items[0].summary, "Incorrect value type");
	diags_clear(&f.diags);
	struct diags apart;
	diags_init(&apart);
	eval_expr_apart(&f.eval, fixture_parse(&f, "[][0]"), &apart);
	assert_int_equal(apart.error_count, 1);
	assert_int_equal(f.diags.error_count, 0);
	diags_release(&apart);
	fixture_release(&f);
}

/* Text that is secret shows nowhere in what is said about it. */
static void test_no_secrets(void **state)
{
	(void)state;
	static const char *const exprs[] = {
		"v.map[s.str]",
		"s.str + 1",
		"v.obj[s.str]",
		"{ for x in [s.str, s.str]: x => 1 }",
		"s.str ? 1 : 2",
		"[for x in s.str: x]",
		"\"a${[s.str]}\"",
		"upper([s.str])",
		"max(s.str)",
		"s.str.a",
		"[1][s.str]",
		"s.obj.zz[s.str]",
	};
	for (size_t i = 0; i < ARRAY_LEN(exprs); i++) {
		struct fixture f;
		fixture_init(&f);
		fixture_eval(&f, exprs[i]);
		assert_int_not_equal(f.diags.error_count, 0);
		AUTO_BUF struct buf out = BUF_INIT;
		diags_print(&f.diags, NULL, false, 0, &out);
		if (strstr(buf_text(&out), "pearl"))
			fail_msg("%s says the secret:\n%s", exprs[i], buf_text(&out));
		fixture_release(&f);
	}
}

/*
 * tests/lang/errors.txt: "> expression", then what the user is shown. ACCEPT=1 in the environment
 * writes what is shown now.
 */
static void test_error_texts(void **state)
{
	(void)state;
	static const char path[] = "tests/lang/errors.txt";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	AUTO_BUF struct buf before = BUF_INIT, now = BUF_INIT;
	char line[4096];
	while (fgets(line, sizeof(line), file)) {
		buf_adds(&before, line);
		if (*line == '#')
			buf_adds(&now, line);
		if (*line != '>')
			continue;
		struct fixture f;
		fixture_init(&f);
		char *expr = arena_strndup(f.arena, line + 2, strcspn(line + 2, "\n"));
		fixture_eval(&f, expr);
		buf_addf(&now, "\n> %s\n", expr);
		AUTO_BUF struct buf shown = BUF_INIT;
		diags_print(&f.diags, f.sources, false, 100, &shown);
		while (shown.len && shown.ptr[shown.len - 1] == '\n')
			shown.ptr[--shown.len] = '\0';
		buf_addf(&now, "%s\n", buf_text(&shown));
		fixture_release(&f);
	}
	fclose(file);
	if (!strcmp(buf_text(&before), buf_text(&now)))
		return;
	if (getenv("ACCEPT")) {
		file = fopen(path, "w");
		assert_non_null(file);
		fwrite(now.ptr, 1, now.len, file);
		fclose(file);
		return;
	}
	const char *a = buf_text(&before), *b = buf_text(&now);
	size_t same = 0;
	while (a[same] && a[same] == b[same])
		same++;
	while (same && !(a[same] == '>' && a[same - 1] == '\n'))
		same--;
	fail_msg("%s says otherwise; the first difference is in:\n%.600s", path, b + same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators),	cmocka_unit_test(test_conditionals),
		cmocka_unit_test(test_templates),	cmocka_unit_test(test_for),
		cmocka_unit_test(test_splat),		cmocka_unit_test(test_references),
		cmocka_unit_test(test_collections),	cmocka_unit_test(test_calls),
		cmocka_unit_test(test_lenient),		cmocka_unit_test(test_types),
		cmocka_unit_test(test_user_functions),	cmocka_unit_test(test_long_chains),
		cmocka_unit_test(test_entries),		cmocka_unit_test(test_no_secrets),
		cmocka_unit_test(test_error_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
