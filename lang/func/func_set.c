/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of sets, and those of lists that look members up or multiply them. */
#include "lang/func/internal.h"

#include <stdlib.h>

/* ---- without repetition ---- */

struct ranked {
	const struct value *value;
	size_t position;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = value_compare(x->value, y->value);
	return order ? order : (x->position > y->position) - (x->position < y->position);
}

static const struct type *distinct_type(const struct call *call)
{
	return call->args[0]->type;
}

static const struct value *run_distinct(const struct call *call)
{
	const struct value *list = call->args[0];
	struct ranked *ranks = xcalloc(list->count + 1, sizeof(*ranks));
	const struct value **items = new_items(call, list->count);
	for (size_t i = 0; i < list->count; i++)
		ranks[i] = (struct ranked){list->items[i], i};
	qsort(ranks, list->count, sizeof(*ranks), by_value);
	for (size_t i = 0; i < list->count; i++)
		if (i == 0 || value_compare(ranks[i - 1].value, ranks[i].value) != 0)
			items[ranks[i].position] = ranks[i].value;
	free(ranks);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (items[i])
			items[count++] = items[i];
	return value_list(call_arena(call), list->type->element, items, count);
}

/* Whether a set or a sorted array has a member; by binary search in the sets' order. */
static bool has_member(const struct value *const *items, size_t count, const struct value *wanted)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = value_compare(wanted, items[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static int by_order(const void *a, const void *b)
{
	return value_compare(*(const struct value *const *)a, *(const struct value *const *)b);
}

static const struct type *matchkeys_type(const struct call *call)
{
	const struct type *pair[] = {call->args[1]->type, call->args[2]->type};
	if (!type_unify(call_arena(call), pair, 2)) {
		call_error(call, -1, "keys and searchset must be of the same type");
		return NULL;
	}
	return call->args[0]->type;
}

static const struct value *run_matchkeys(const struct call *call)
{
	if (!matchkeys_type(call))
		return NULL;
	const struct value *values = call->args[0];
	if (values->count != call->args[1]->count)
		return call_error(call, -1, "length of keys and values should be equal");
	const struct type *pair[] = {call->args[1]->type, call->args[2]->type};
	const struct type *type = type_unify(call_arena(call), pair, 2);
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *keys = value_convert(call_arena(call), call->args[1], type, &why);
	const struct value *wanted = keys ? value_convert(call_arena(call), call->args[2], type, &why) : NULL;
	if (!wanted)
		return call_error(call, keys ? 2 : 1, "%s", buf_text(&why));
	const struct value **sorted = new_items(call, wanted->count), **items = new_items(call, values->count);
	for (size_t i = 0; i < wanted->count; i++)
		sorted[i] = wanted->items[i];
	if (wanted->count)
		qsort(sorted, wanted->count, sizeof(*sorted), by_order);
	size_t count = 0;
	for (size_t i = 0; i < values->count; i++)
		if (has_member(sorted, wanted->count, keys->items[i]))
			items[count++] = values->items[i];
	return value_list(call_arena(call), values->type->element, items, count);
}

/* ---- set algebra ---- */

static const struct type *set_operation_type(const struct call *call)
{
	const struct type **types = arena_array_of(call_arena(call), call->count, const struct type *);
	size_t count = 0;
	for (size_t i = 0; i < call->count; i++) {
		const struct value *set = call->args[i];
		if (set->type->kind != TYPE_SET)
			return &type_any;
		if (!(value_is_known(set) && set->count == 0 && set->type->element->kind == TYPE_ANY))
			types[count++] = set->type->element;
	}
	if (count == 0)
		return &type_set_of_any;
	const struct type *element = type_unify(call_arena(call), types, count);
	if (!element) {
		call_error(call, -1, "given sets must all have compatible element types");
		return NULL;
	}
	return type_set(call_arena(call), element);
}

/* The arguments as sets of one type; NULL after an error. */
static const struct value **same_sets(const struct call *call, const struct type *type)
{
	const struct value **sets = new_items(call, call->count);
	for (size_t i = 0; i < call->count; i++) {
		AUTO_BUF struct buf why = BUF_INIT;
		sets[i] = value_convert(call_arena(call), call->args[i], type, &why);
		if (!sets[i]) {
			call_error(call, (int)i, "%s", buf_text(&why));
			return NULL;
		}
	}
	return sets;
}

static const struct value *run_setunion(const struct call *call)
{
	const struct type *type = set_operation_type(call);
	const struct value **sets = type ? same_sets(call, type) : NULL;
	if (!sets)
		return NULL;
	VEC(const struct value *) items = {0};
	for (size_t i = 0; i < call->count; i++)
		for (size_t j = 0; j < sets[i]->count; j++)
			vec_add(&items, sets[i]->items[j]);
	const struct value *result = value_set(call_arena(call), type->element, items.items, items.count);
	vec_free(&items);
	return result;
}

/* The members of the first set that are in all others (`in`), or in none of them. */
static const struct value *members_of_first(const struct call *call, bool in)
{
	const struct type *type = set_operation_type(call);
	const struct value **sets = type ? same_sets(call, type) : NULL;
	if (!sets)
		return NULL;
	for (size_t i = 0; i < call->count; i++)
		if (!value_is_wholly_known(sets[i]))
			return result_unknown(call, type);
	const struct value **items = new_items(call, sets[0]->count);
	size_t count = 0;
	for (size_t i = 0; i < sets[0]->count; i++) {
		bool kept = true;
		for (size_t j = 1; kept && j < call->count; j++)
			kept = has_member(sets[j]->items, sets[j]->count, sets[0]->items[i]) == in;
		if (kept)
			items[count++] = sets[0]->items[i];
	}
	return value_set(call_arena(call), type->element, items, count);
}

static const struct value *run_setintersection(const struct call *call)
{
	return members_of_first(call, true);
}

static const struct value *run_setsubtract(const struct call *call)
{
	return members_of_first(call, false);
}

/* A list of tuples where all arguments are lists or tuples, else a set of them. */
static const struct type *setproduct_type(const struct call *call)
{
	if (call->count < 2) {
		call_error(call, -1, "at least two arguments are required");
		return NULL;
	}
	const struct type **types = arena_array_of(call_arena(call), call->count, const struct type *);
	bool list = true;
	for (size_t i = 0; i < call->count; i++) {
		const struct type *type = call->args[i]->type;
		if (type->kind == TYPE_ANY && !value_is_known(call->args[i]))
			return &type_any;
		if (!is_sequence(type)) {
			call_error(call, (int)i, "a set or a list is required");
			return NULL;
		}
		list = list && type->kind != TYPE_SET;
		types[i] = type->kind != TYPE_TUPLE ? type->element
			   : type->count == 0	    ? &type_any
						    : type_unify(call_arena(call), type->items, type->count);
		if (!types[i]) {
			call_error(call, (int)i, "all elements must be of the same type");
			return NULL;
		}
	}
	const struct type *tuple = type_tuple(call_arena(call), types, call->count);
	return list ? type_list(call_arena(call), tuple) : type_set(call_arena(call), tuple);
}

static const struct value *run_setproduct(const struct call *call)
{
	const struct type *type = setproduct_type(call);
	if (!type)
		return NULL;
	const struct value **seqs = new_items(call, call->count);
	unsigned marks = 0;
	size_t total = 1;
	bool known = type->kind != TYPE_ANY, many = false, empty = false;
	for (size_t i = 0; i < call->count; i++) {
		seqs[i] = take_marks(call, call->args[i], &marks);
		size_t length;
		if (!value_is_known(seqs[i]) || !value_length(seqs[i], &length)) {
			known = false;
			continue;
		}
		empty = empty || length == 0;
		many = many || total > RESULT_LIST_LIMIT / (length ? length : 1) / call->count;
		total = many ? total : total * length;
	}
	if (!known)
		return value_mark(call_arena(call), result_unknown(call, type), marks);
	if (empty)
		total = 0;
	else if (many)
		return error_too_many(call);
	const struct type *tuple = type->element;
	const struct value **columns = new_items(call, call->count), **rows = new_items(call, total);
	size_t *at = arena_array_of(call_arena(call), call->count, size_t);
	for (size_t row = 0; row < total; row++) {
		for (size_t i = 0; i < call->count; i++) {
			AUTO_BUF struct buf why = BUF_INIT;
			columns[i] = seqs[i]->items[at[i]];
			if (!type_equal(columns[i]->type, tuple->items[i]))
				columns[i] = value_convert(call_arena(call), columns[i], tuple->items[i], &why);
			if (!columns[i])
				return call_error(call, (int)i, "%s", buf_text(&why));
		}
		rows[row] = value_tuple(call_arena(call), columns, call->count);
		for (size_t i = call->count; i-- > 0;) {
			if (++at[i] < seqs[i]->count)
				break;
			at[i] = 0;
		}
	}
	const struct value *result = type->kind == TYPE_LIST ? value_list(call_arena(call), tuple, rows, total)
							     : value_set(call_arena(call), tuple, rows, total);
	return value_mark(call_arena(call), result, marks);
}

static const struct param distinct_params[] = {{"list", &type_list_of_any, 0}, {0}};
static const struct param matchkeys_params[] = {
	{"values", &type_list_of_any, 0}, {"keys", &type_list_of_any, 0}, {"searchset", &type_list_of_any, 0}, {0}};
static const struct param first_set[] = {{"first_set", &type_set_of_any, PARAM_DEEP}, {0}};
static const struct param other_sets = {"other_sets", &type_set_of_any, PARAM_DEEP};
static const struct param subtract_params[] = {{"a", &type_set_of_any, PARAM_DEEP}, {"b", &type_set_of_any, PARAM_DEEP}, {0}};
static const struct param product_sets = {"sets", &type_any, PARAM_UNKNOWN | PARAM_MARKS};

const struct function set_functions[] = {
	{.name = "distinct", .params = distinct_params, .result_type = distinct_type, .run = run_distinct},
	{.name = "matchkeys", .params = matchkeys_params, .result_type = matchkeys_type, .run = run_matchkeys},
	{.name = "setintersection", .params = first_set, .rest = &other_sets, .result_type = set_operation_type,
	 .run = run_setintersection},
	{.name = "setproduct", .rest = &product_sets, .result_type = setproduct_type, .run = run_setproduct},
	{.name = "setsubtract", .params = subtract_params, .result_type = set_operation_type, .run = run_setsubtract},
	{.name = "setunion", .params = first_set, .rest = &other_sets, .result_type = set_operation_type, .run = run_setunion},
	{0},
};
