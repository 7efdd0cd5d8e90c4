/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/diff.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct schema schema;

/* name (required, replaces), size (optional), id (computed), kind (default "a"), rule: a set of {port (required), tag} */
static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	static const struct schema_attr rule_attrs[] = {
		{.name = "port", .type = &type_number, .flags = ATTR_REQUIRED | ATTR_REPLACE},
		{.name = "handle", .type = &type_string, .flags = ATTR_COMPUTED},
		{.name = "tag", .type = &type_string, .flags = ATTR_OPTIONAL},
	};
	static struct schema rule = {.attrs = rule_attrs, .attr_count = 3};
	static struct value fallback;
	fallback = *value_string(arena, "a");
	static struct schema_attr attrs[] = {
		{.name = "name", .type = &type_string, .flags = ATTR_REQUIRED | ATTR_REPLACE},
		{.name = "size", .type = &type_number, .flags = ATTR_OPTIONAL},
		{.name = "id", .type = &type_string, .flags = ATTR_COMPUTED},
		{.name = "zone", .type = &type_string, .flags = ATTR_OPTIONAL | ATTR_COMPUTED},
		{.name = "kind", .type = &type_string, .flags = ATTR_OPTIONAL, .fallback = &fallback},
		{.name = "tags", .type = &type_map_of_string, .flags = ATTR_OPTIONAL},
	};
	static const struct schema_block blocks[] = {{.name = "rule", .nesting = NEST_SET, .schema = &rule}};
	schema_finish(arena, &rule);
	schema = (struct schema){.attrs = attrs, .attr_count = ARRAY_LEN(attrs), .blocks = blocks, .block_count = 1};
	schema_finish(arena, &schema);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const struct value *with(const struct value *object, const char *name, const struct value *v)
{
	const struct value **items = arena_memdup(arena, object->items, object->count * sizeof(*items));
	items[type_find_attr(object->type, name)] = v;
	return value_object_of(arena, object->type, items);
}

static const struct value *text(const char *s)
{
	return value_string(arena, s);
}

static const struct value *rules(const int *ports, size_t n, const char *handle)
{
	const struct schema *rule = schema_find_block(&schema, "rule")->schema;
	const struct value *items[8];
	for (size_t i = 0; i < n; i++) {
		items[i] = with(schema_empty(arena, rule), "port", value_int(arena, ports[i]));
		if (handle)
			items[i] = with(items[i], "handle", value_stringf(arena, "%s%d", handle, ports[i]));
	}
	return value_set(arena, rule->type, items, n);
}

static const struct value *written(void)
{
	static const int ports[] = {22, 80};
	return with(with(schema_empty(arena, &schema), "name", text("n")), "rule", rules(ports, 2, NULL));
}

static const struct value *existing(void)
{
	static const int ports[] = {22, 80};
	const struct value *v = with(with(written(), "id", text("i-1")), "zone", text("z"));
	return with(with(v, "kind", text("a")), "rule", rules(ports, 2, "h"));
}

static void a_create_knows_what_is_written(void **state)
{
	(void)state;
	const struct value *planned = diff_propose(arena, &schema, written(), NULL);
	assert_string_equal(value_get_text(planned, "name"), "n");
	assert_string_equal(value_get_text(planned, "kind"), "a");
	assert_false(value_is_known(value_get(planned, "id")));
	assert_false(value_is_known(value_get(planned, "zone")));
	assert_true(value_is_null(value_get(planned, "size")));
}

static void nothing_written_anew_changes_nothing(void **state)
{
	(void)state;
	const struct value *planned = diff_propose(arena, &schema, written(), existing());
	assert_true(diff_same(existing(), planned));
}

static void members_of_sets_meet_by_what_is_written(void **state)
{
	(void)state;
	static const int ports[] = {80, 443};
	const struct value *planned = diff_propose(arena, &schema, with(written(), "rule", rules(ports, 2, NULL)), existing());
	const struct value *set = value_get(planned, "rule");
	assert_int_equal(set->count, 2);
	size_t kept = 0, fresh = 0;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct value *handle = value_get(set->items[i], "handle");
		kept += value_is_text(handle, "h80");
		fresh += !value_is_known(handle);
	}
	assert_int_equal(kept, 1);
	assert_int_equal(fresh, 1);
}

static void print_paths(const struct value *prior, const struct value *planned, struct buf *out)
{
	const struct value_path *paths;
	size_t count;
	diff_replacements(arena, &schema, prior, planned, &paths, &count);
	for (size_t i = 0; i < count; i++) {
		buf_adds(out, i ? " " : "");
		value_path_print(&paths[i], out);
	}
}

static void replacements_are_named(void **state)
{
	(void)state;
	static const int ports[] = {80, 443};
	struct buf out = BUF_INIT;
	print_paths(existing(), with(existing(), "size", value_int(arena, 3)), &out);
	assert_string_equal(buf_text(&out), "");
	print_paths(existing(), with(existing(), "name", text("other")), &out);
	assert_string_equal(buf_text(&out), "name");
	buf_clear(&out);
	/* not known yet may turn out to be another */
	print_paths(existing(), with(existing(), "name", value_unknown(arena, &type_string)), &out);
	assert_string_equal(buf_text(&out), "name");
	buf_clear(&out);
	print_paths(existing(), with(existing(), "rule", rules(ports, 2, "h")), &out);
	assert_string_equal(buf_text(&out), "rule");
	buf_release(&out);
}

static struct ref ignoring(const char *root, const char *key)
{
	struct expr *literal = arena_new_of(arena, struct expr);
	struct ref ref = {.root = root};
	if (key) {
		*literal = (struct expr){.kind = EXPR_LITERAL};
		literal->literal = text(key);
		ref.steps = arena_new_of(arena, struct ref_step);
		ref.steps[0] = (struct ref_step){.key = literal};
		ref.count = 1;
	}
	return ref;
}

static const struct value *tags(const char *a, const char *b)
{
	const char *keys[] = {"a", "b"};
	const struct value *items[] = {text(a), b ? text(b) : NULL};
	return value_map(arena, &type_string, keys, items, b ? 2 : 1);
}

static void ignored_places_keep_what_is_there(void **state)
{
	(void)state;
	const struct value *prior = with(existing(), "tags", tags("old", "seen"));
	const struct value *config = with(with(written(), "name", text("other")), "tags", tags("new", NULL));
	struct ref refs[] = {ignoring("name", NULL), ignoring("tags", "a"), ignoring("tags", "b")};
	const struct value *ignored = diff_ignore(arena, config, prior, refs, 3);
	assert_string_equal(value_get_text(ignored, "name"), "n");
	assert_true(value_same(value_get(ignored, "tags"), value_get(prior, "tags")));
	struct ref one = ignoring("tags", "b");
	ignored = diff_ignore(arena, config, prior, &one, 1);
	assert_string_equal(value_get_text(value_get(ignored, "tags"), "a"), "new");
	assert_string_equal(value_get_text(value_get(ignored, "tags"), "b"), "seen");
}

static void a_result_must_fit_the_plan(void **state)
{
	(void)state;
	const struct value *planned = diff_propose(arena, &schema, written(), NULL);
	struct value_path path = {0};
	assert_true(diff_conforms(arena, planned, existing(), &path));
	assert_false(diff_conforms(arena, planned, with(existing(), "name", text("other")), &path));
	struct buf out = BUF_INIT;
	value_path_print(&path, &out);
	assert_string_equal(buf_text(&out), "name");
	buf_release(&out);
}

static void marks_come_back_to_their_places(void **state)
{
	(void)state;
	const struct value *marked = with(written(), "size", value_mark(arena, value_int(arena, 1), VALUE_SENSITIVE));
	const struct value *copy = diff_copy_marks(arena, &schema, with(existing(), "size", value_int(arena, 2)), marked);
	assert_true(value_is_sensitive(value_get(copy, "size")));
	assert_false(value_is_sensitive(value_get(copy, "name")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_create_knows_what_is_written),
		cmocka_unit_test(nothing_written_anew_changes_nothing),
		cmocka_unit_test(members_of_sets_meet_by_what_is_written),
		cmocka_unit_test(replacements_are_named),
		cmocka_unit_test(ignored_places_keep_what_is_there),
		cmocka_unit_test(a_result_must_fit_the_plan),
		cmocka_unit_test(marks_come_back_to_their_places),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
