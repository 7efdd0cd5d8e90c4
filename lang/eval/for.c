/* SPDX-License-Identifier: Apache-2.0 */
/* [for ...] and {for ...}, and how all that repeats walks through collections. */
#include "lang/eval/eval_internal.h"

#include "base/map.h"
#include "base/vec.h"

#include <string.h>

bool iteration_start(struct eval *eval, const struct value *collection, const struct expr *expr,
		     const struct expr *about, struct iteration *out, bool *unknown)
{
	*out = (struct iteration){.collection = collection};
	*unknown = false;
	if (value_is_null(collection)) {
		if (eval->lenient) {
			static const struct value nothing = {.type = &type_empty_tuple, .state = VALUE_KNOWN};
			out->collection = &nothing;
			return true;
		}
		struct diag *diag = eval_error(eval, expr, expr->range, "Iteration over null value",
					       "The collection to go through is null. It must be a list, a set, a map, or an "
					       "object; coalesce(..., []) would give an empty one instead.");
		diag->context = about->range;
		return false;
	}
	switch (collection->type->kind) {
	case TYPE_ANY:
		*unknown = true;
		return false;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		*unknown = !value_is_known(collection);
		return !*unknown;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	struct diag *diag = eval_error(eval, expr, expr->range, "Iteration over non-iterable value",
				       "This is a %s, which has no members to go through. A list, a set, a map, or an object "
				       "is needed.",
				       friendly_type(eval, collection->type));
	diag->context = about->range;
	return false;
}

bool iteration_step(struct iteration *iteration)
{
	if (iteration->next >= iteration->collection->count)
		return false;
	iteration->member = iteration->collection->items[iteration->next++];
	return true;
}

const struct value *member_key(struct arena *arena, const struct value *collection, size_t i)
{
	switch (collection->type->kind) {
	case TYPE_MAP:
	case TYPE_OBJECT: {
		const char *key = value_key_at(collection, i);
		return value_string_raw(arena, key, strlen(key));
	}
	case TYPE_SET:
		return collection->items[i];
	case TYPE_LIST:
	case TYPE_TUPLE:
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return value_int(arena, (int64_t)i);
}

const struct value *iteration_key(struct eval *eval, const struct iteration *iteration)
{
	return member_key(eval->arena, iteration->collection, iteration->next - 1);
}

/* What one pass through the members has made so far. */
struct for_result {
	VEC(const struct value *) items;
	VEC(const char *) keys;
	struct map index; /* key -> 1 + position in groups or items */
	VEC(struct group *) groups;
	unsigned marks;
	bool unknown;
};

struct group {
	VEC(const struct value *) items;
};

static void release(struct for_result *result)
{
	vec_free(&result->items);
	vec_free(&result->keys);
	map_release(&result->index);
	for (size_t i = 0; i < result->groups.count; i++) {
		vec_free(&result->groups.items[i]->items);
		free(result->groups.items[i]);
	}
	vec_free(&result->groups);
}

static void filter_error(struct eval *eval, const struct expr *expr, const char *summary, const char *text)
{
	struct diag *diag = eval_error(eval, expr->filter, expr->filter->range, summary, "%s", text);
	diag->context = expr->range;
}

/*
 * The `if` clause once with unknown names, which finds what is wrong for all members, also when
 * there are none. Its marks are added; false after an error.
 */
static bool check_filter(struct eval *eval, const struct expr *expr, unsigned *marks)
{
	struct scope value_scope = {.parent = eval->scope, .name = expr->value_name, .value = &value_unknown_any};
	struct scope key_scope = {.parent = &value_scope, .name = expr->key_name, .value = &value_unknown_any};
	const struct scope *before = eval->scope;
	eval->scope = expr->key_name ? &key_scope : &value_scope;
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *include = eval_expr(eval, expr->filter);
	bool failed = diags_failed_since(eval->diags, mark);
	AUTO_BUF struct buf why = BUF_INIT;
	if (!failed && value_is_null(include)) {
		filter_error(eval, expr, "Condition is null", "The condition behind \"if\" is null. It must be true or false.");
		failed = true;
	} else if (!failed && !value_convert(eval->arena, include, &type_bool, &why)) {
		filter_error(eval, expr, "Invalid 'for' condition",
			     arena_printf(eval->arena, "The condition behind \"if\" must be true or false: %s.",
					  buf_text(&why)));
		failed = true;
	}
	*marks |= include->marks;
	eval->scope = before;
	return !failed;
}

enum verdict { TAKE, SKIP, UNDECIDED, FAILED };

static enum verdict apply_filter(struct eval *eval, const struct expr *expr, unsigned *marks)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *include = eval_expr(eval, expr->filter);
	if (diags_failed_since(eval->diags, mark))
		return FAILED;
	*marks |= include->marks;
	if (value_is_null(include)) {
		if (eval->lenient)
			return SKIP;
		filter_error(eval, expr, "Invalid 'for' condition",
			     "The condition behind \"if\" is null for a member. It must be true or false.");
		return FAILED;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	include = value_convert(eval->arena, include, &type_bool, &why);
	if (!include) {
		filter_error(eval, expr, "Invalid 'for' condition",
			     arena_printf(eval->arena, "The condition behind \"if\" must be true or false: %s.",
					  buf_text(&why)));
		return FAILED;
	}
	return !value_is_known(include) ? UNDECIDED : include->boolean ? TAKE : SKIP;
}

static void key_error(struct eval *eval, const struct expr *expr, const char *summary, const char *text)
{
	struct diag *diag = eval_error(eval, expr->key_result, expr->key_result->range, summary, "%s", text);
	diag->context = expr->range;
}

/* The key of one member as text; NULL when it is not known or after an error. */
static const char *make_key(struct eval *eval, const struct expr *expr, struct for_result *result)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *key = eval_expr(eval, expr->key_result);
	if (diags_failed_since(eval->diags, mark))
		return NULL;
	result->marks |= key->marks;
	if (value_is_null(key)) {
		key_error(eval, expr, "Invalid object key", "The key is null for a member. It must be a string.");
		return NULL;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *text = value_convert(eval->arena, key, &type_string, &why);
	if (!text) {
		key_error(eval, expr, "Invalid object key",
			  arena_printf(eval->arena, "The key must be a string: %s.", buf_text(&why)));
		return NULL;
	}
	if (!value_is_known(text)) {
		result->unknown = true;
		return NULL;
	}
	return text->text;
}

/* One member, its names in scope. False after an error: the other members would only repeat it. */
static bool add_member(struct eval *eval, const struct expr *expr, struct for_result *result)
{
	struct diag_mark mark = diags_mark(eval->diags);
	if (expr->filter) {
		enum verdict verdict = apply_filter(eval, expr, &result->marks);
		if (verdict != TAKE) {
			result->unknown |= verdict == UNDECIDED;
			return verdict != FAILED;
		}
	}
	const char *key = expr->key_result ? make_key(eval, expr, result) : NULL;
	const struct value *item = eval_expr(eval, expr->result);
	if (diags_failed_since(eval->diags, mark))
		return false;
	if (!expr->key_result) {
		vec_add(&result->items, item);
		return true;
	}
	if (!key)
		return true;
	size_t at = (size_t)(uintptr_t)map_find(&result->index, key);
	if (expr->group) {
		if (!at) {
			vec_add(&result->groups, (struct group *)xcalloc(1, sizeof(struct group)));
			vec_add(&result->keys, key);
			at = result->groups.count;
			map_put(&result->index, key, (void *)(uintptr_t)at);
		}
		vec_add(&result->groups.items[at - 1]->items, item);
		return true;
	}
	if (at) {
		if (result->marks & VALUE_SENSITIVE)
			key_error(eval, expr, "Duplicate object key",
				  "Two members give the same key. To collect all values of a key in a list, write \"...\" "
				  "behind the value.");
		else
			key_error(eval, expr, "Duplicate object key",
				  arena_printf(eval->arena,
					       "Two members give the key \"%s\". To collect all values of a key in a "
					       "list, write \"...\" behind the value.",
					       key));
		return false;
	}
	vec_add(&result->keys, key);
	vec_add(&result->items, item);
	map_put(&result->index, key, (void *)(uintptr_t)result->keys.count);
	return true;
}

static const struct value *finish(struct eval *eval, const struct expr *expr, struct for_result *result)
{
	if (!expr->key_result)
		return value_tuple(eval->arena, result->items.items, result->items.count);
	for (size_t i = 0; i < result->groups.count; i++) {
		const struct group *group = result->groups.items[i];
		vec_add(&result->items, value_tuple(eval->arena, group->items.items, group->items.count));
	}
	return value_object(eval->arena, result->keys.items, result->items.items, result->items.count);
}

const struct value *eval_for(struct eval *eval, const struct expr *expr)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *collection = eval_expr(eval, expr->collection);
	if (diags_failed_since(eval->diags, mark))
		return &value_unknown_any;
	struct iteration iteration;
	bool unknown;
	unsigned marks = collection->marks, filter_marks = 0;
	bool known = iteration_start(eval, collection, expr->collection, expr, &iteration, &unknown);
	if (!known && !unknown)
		return with_marks(eval, &value_unknown_any, marks);
	if (expr->filter && !eval->lenient && collection->type->kind != TYPE_ANY &&
	    !check_filter(eval, expr, &filter_marks))
		return with_marks(eval, &value_unknown_any, marks | filter_marks);
	if (unknown)
		return with_marks(eval, &value_unknown_any, marks | filter_marks);

	struct for_result result = {.marks = marks};
	struct scope value_scope = {.parent = eval->scope, .name = expr->value_name};
	struct scope key_scope = {.parent = &value_scope, .name = expr->key_name};
	const struct scope *before = eval->scope;
	eval->scope = expr->key_name ? &key_scope : &value_scope;
	bool failed = false;
	size_t used = arena_used(eval->arena);
	while (!failed && iteration_step(&iteration)) {
		value_scope.value = iteration.member;
		if (expr->key_name)
			key_scope.value = iteration_key(eval, &iteration);
		failed = !add_member(eval, expr, &result);
		if (!failed && (arena_used(eval->arena) - used) >> EVAL_MOST_SIZE_CLASS) {
			eval_too_large(eval, expr->range, EVAL_MOST_SIZE_CLASS);
			failed = true;
		}
	}
	eval->scope = before;
	const struct value *v = failed || result.unknown ? &value_unknown_any : finish(eval, expr, &result);
	v = with_marks(eval, v, result.marks);
	release(&result);
	return v;
}
