/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/schema.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct schema schema;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	static const struct schema_attr rule_attrs[] = {
		{.name = "port", .type = &type_number, .flags = ATTR_REQUIRED},
		{.name = "key", .type = &type_string, .flags = ATTR_OPTIONAL | ATTR_SENSITIVE},
	};
	static const struct schema rule = {.attrs = rule_attrs, .attr_count = 2};
	static const struct schema_attr open_attrs[] = {
		{.name = "any", .type = &type_any, .flags = ATTR_OPTIONAL}};
	static const struct schema open = {.attrs = open_attrs, .attr_count = 1};
	static const struct schema_attr attrs[] = {
		{.name = "name",
		 .type = &type_string,
		 .flags = ATTR_REQUIRED,
		 .description = "The name, <b>."},
		{.name = "id", .type = &type_string, .flags = ATTR_COMPUTED},
		{.name = "password",
		 .type = &type_string,
		 .flags = ATTR_OPTIONAL | ATTR_SENSITIVE | ATTR_DEPRECATED},
	};
	static const struct schema_block blocks[] = {
		{.name = "rule", .nesting = NEST_SET, .schema = &rule},
		{.name = "one", .nesting = NEST_SINGLE, .schema = &rule},
		{.name = "each", .nesting = NEST_MAP, .schema = &rule},
		{.name = "list", .nesting = NEST_LIST, .min = 1, .max = 2, .schema = &rule},
		{.name = "open", .nesting = NEST_LIST, .schema = &open},
	};
	schema = (struct schema){
		.attrs = attrs, .attr_count = 3, .blocks = blocks, .block_count = 5, .version = 2};
	schema_finish(arena, &schema);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void finishing_sorts_and_gives_the_type(void **state)
{
	(void)state;
	assert_string_equal(schema.attrs[0].name, "id");
	assert_string_equal(schema.blocks[0].name, "each");
	struct buf out = BUF_INIT;
	type_print(schema.type, &out);
	assert_string_equal(
		out.ptr,
		"object({ each = map(object({ key = string, port = number })), id = string, "
		"list = list(object({ key = string, port = number })), name = string, "
		"one = object({ key = string, port = number }), open = any, password = string, "
		"rule = set(object({ key = string, port = number })) })");
	buf_release(&out);
	assert_ptr_equal(schema_find_attr(&schema, "name"), &schema.attrs[1]);
	assert_null(schema_find_attr(&schema, "rule"));
	assert_string_equal(schema_find_block(&schema, "one")->name, "one");
	assert_null(schema_find_block(&schema, "two"));
	const struct type *before = schema.type;
	schema_finish(arena, &schema);
	assert_ptr_equal(schema.type, before);
}

static void empty_has_nulls_and_no_blocks(void **state)
{
	(void)state;
	const struct value *v = schema_empty(arena, &schema);
	struct buf out = BUF_INIT;
	value_print(v, &out);
	assert_string_equal(
		out.ptr,
		"{\n  \"each\" = tomap({})\n  \"id\" = tostring(null)\n  \"list\" = tolist([])\n"
		"  \"name\" = tostring(null)\n  \"one\" = null /* object */\n  \"open\" = []\n"
		"  \"password\" = tostring(null)\n  \"rule\" = toset([])\n}");
	buf_release(&out);
	static const struct schema none;
	struct schema nothing = none;
	schema_finish(arena, &nothing);
	assert_ptr_equal(schema_empty(arena, &nothing)->type, &type_empty_object);
}

static void sensitive_attributes_are_marked(void **state)
{
	(void)state;
	const struct schema *rule_schema = schema_find_block(&schema, "rule")->schema;
	const struct value *parts[] = {value_string(arena, "k"), value_int(arena, 1)};
	const struct value *rule = value_object_of(arena, rule_schema->type, parts);
	const struct value *empty = schema_empty(arena, &schema);
	const struct value *items[8];
	for (uint32_t i = 0; i < empty->count; i++) {
		const char *name = value_key_at(empty, i);
		items[i] = !strcmp(name, "rule")   ? value_set(arena, rule->type, &rule, 1)
			   : !strcmp(name, "list") ? value_list(arena, rule->type, &rule, 1)
			   : !strcmp(name, "one")  ? rule
						   : empty->items[i];
	}
	const struct value *v =
		schema_mark_sensitive(arena, &schema, value_object_of(arena, schema.type, items));
	assert_int_equal(v->marks, 0);
	assert_true(value_is_sensitive(value_get(v, "password"))); /* null as it is */
	assert_true(value_is_sensitive(value_get(v, "rule"))); /* members of sets carry no marks */
	assert_false(value_is_sensitive(value_get(v, "list")));
	assert_true(value_is_sensitive(value_get(value_get(v, "list")->items[0], "key")));
	assert_false(value_is_sensitive(value_get(value_get(v, "one"), "port")));
	assert_int_equal(value_marks_deep(value_get(v, "name")), 0);
	/* Nothing to mark: the same value. */
	const struct schema *open = schema_find_block(&schema, "open")->schema;
	const struct value *plain = schema_empty(arena, open);
	assert_ptr_equal(schema_mark_sensitive(arena, open, plain), plain);
}

static void json_form_is_terraforms(void **state)
{
	(void)state;
	static const struct schema_attr attrs[] = {
		{.name = "id", .type = &type_string, .flags = ATTR_COMPUTED},
		{.name = "name",
		 .type = &type_list_of_string,
		 .flags = ATTR_OPTIONAL | ATTR_SENSITIVE,
		 .description = "<b>"},
	};
	static const struct schema inner = {.attrs = attrs, .attr_count = 1};
	static const struct schema_block blocks[] = {{.name = "b",
						      .nesting = NEST_LIST,
						      .min = 1,
						      .max = 1,
						      .flags = ATTR_DEPRECATED,
						      .schema = &inner}};
	struct schema s = {
		.attrs = attrs, .attr_count = 2, .blocks = blocks, .block_count = 1, .version = 1};
	schema_finish(arena, &s);
	struct buf out = BUF_INIT;
	schema_print_json(&s, &out);
	assert_string_equal(
		out.ptr,
		"{\"version\":1,\"block\":{\"attributes\":{\"id\":{\"type\":\"string\","
		"\"description_kind\":\"plain\","
		"\"computed\":true},\"name\":{\"type\":[\"list\",\"string\"],\"description\":"
		"\"\\u003cb\\u003e\","
		"\"description_kind\":\"plain\",\"optional\":true,\"sensitive\":true}},\"block_"
		"types\":{\"b\":"
		"{\"nesting_mode\":\"list\",\"block\":{\"attributes\":{\"id\":{\"type\":\"string\","
		"\"description_kind\":\"plain\",\"computed\":true}},\"description_kind\":\"plain\","
		"\"deprecated\":true},"
		"\"min_items\":1,\"max_items\":1}},\"description_kind\":\"plain\"}}");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finishing_sorts_and_gives_the_type),
		cmocka_unit_test(empty_has_nulls_and_no_blocks),
		cmocka_unit_test(sensitive_attributes_are_marked),
		cmocka_unit_test(json_form_is_terraforms),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
