/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of lists and tuples. What a result's type is where arguments are of several types
 * follows Terraform: a list of lists, a tuple where anything else takes part.
 */
#include "lang/func/internal.h"

#include "lang/value/unicode.h"

#include <string.h>

/* ---- building ---- */

/* A list of `items`, or a tuple where the type says so, with marks. */
static const struct value *sequence(const struct call *call, const struct type *type, const struct value *const *items,
				    size_t count, unsigned marks)
{
	const struct value *v = type->kind == TYPE_TUPLE ? value_tuple(call_arena(call), items, count)
							 : value_list(call_arena(call), type->element, items, count);
	return value_mark(call_arena(call), v, marks);
}

/* ---- of bools ---- */

static const struct value *run_alltrue(const struct call *call)
{
	const struct value *list = call->args[0];
	for (size_t i = 0; i < list->count; i++) {
		if (!value_is_known(list->items[i]))
			return result_unknown(call, &type_bool);
		if (!value_is_true(list->items[i]))
			return &value_false;
	}
	return &value_true;
}

static const struct value *run_anytrue(const struct call *call)
{
	const struct value *list = call->args[0];
	bool unknown = false;
	for (size_t i = 0; i < list->count; i++) {
		if (value_is_true(list->items[i]))
			return &value_true;
		unknown = unknown || !value_is_known(list->items[i]);
	}
	return unknown ? result_unknown(call, &type_bool) : &value_false;
}

/* ---- the first that is something ---- */

static const struct type *coalesce_type(const struct call *call)
{
	const struct type **types = arena_array_of(call_arena(call), call->count, const struct type *);
	for (size_t i = 0; i < call->count; i++)
		types[i] = call->args[i]->type;
	const struct type *type = call->count ? type_unify(call_arena(call), types, call->count) : NULL;
	if (!type)
		call_error(call, -1, "all arguments must have the same type");
	return type;
}

static const struct value *run_coalesce(const struct call *call)
{
	const struct type *type = coalesce_type(call);
	if (!type)
		return NULL;
	for (size_t i = 0; i < call->count; i++) {
		AUTO_BUF struct buf why = BUF_INIT;
		if (value_is_null(call->args[i]))
			continue;
		const struct value *v = value_convert(call_arena(call), call->args[i], type, &why);
		if (!v)
			return call_error(call, (int)i, "%s", buf_text(&why));
		if (!value_is_known(v))
			return result_unknown(call, type);
		if (type->kind == TYPE_STRING && v->count == 0)
			continue;
		return v;
	}
	return call_error(call, -1, "no non-null, non-empty-string arguments");
}

static const struct type *coalescelist_type(const struct call *call)
{
	if (call->count == 0) {
		call_error(call, -1, "at least one argument is required");
		return NULL;
	}
	bool same = true;
	for (size_t i = 0; i < call->count; i++) {
		const struct type *type = call->args[i]->type;
		if (!value_is_known(call->args[i]))
			return &type_any;
		if (type->kind != TYPE_LIST && type->kind != TYPE_TUPLE) {
			call_error(call, -1, "coalescelist arguments must be lists or tuples");
			return NULL;
		}
		same = same && type_equal(type, call->args[0]->type);
	}
	return same ? call->args[0]->type : &type_any;
}

static const struct value *run_coalescelist(const struct call *call)
{
	const struct type *type = coalescelist_type(call);
	if (!type)
		return NULL;
	for (size_t i = 0; i < call->count; i++) {
		if (!value_is_known(call->args[i]))
			return result_unknown(call, type);
		if (!value_is_null(call->args[i]) && call->args[i]->count > 0)
			return call->args[i];
	}
	return call_error(call, -1, "no non-null arguments");
}

/* ---- taking apart, putting together ---- */

static const struct type *chunklist_type(const struct call *call)
{
	return type_list(call_arena(call), call->args[0]->type);
}

static const struct value *run_chunklist(const struct call *call)
{
	unsigned marks = call->args[1]->marks;
	const struct value *list = take_marks(call, call->args[0], &marks);
	int64_t size;
	if (!arg_int(call, 1, -1, "invalid size: ", &size))
		return NULL;
	if (size < 0)
		return call_error(call, -1, "the size argument must be positive");
	size_t step = size == 0 || (uint64_t)size > list->count ? list->count : (size_t)size;
	size_t count = step ? (list->count + step - 1) / step : 0;
	const struct value **chunks = new_items(call, count);
	for (size_t i = 0; i < count; i++) {
		size_t left = list->count - i * step;
		chunks[i] = value_list(call_arena(call), list->type->element, list->items + i * step, left < step ? left : step);
	}
	return sequence(call, chunklist_type(call), chunks, count, marks);
}

static const struct value *run_compact(const struct call *call)
{
	const struct value *list = call->args[0];
	const struct value **items = new_items(call, list->count);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!value_is_null(list->items[i]) && list->items[i]->count > 0)
			items[count++] = list->items[i];
	return value_list(call_arena(call), &type_string, items, count);
}

/* All lists: the list that all convert to. Otherwise a tuple of all members, or any where a list is unknown. NULL: error. */
static const struct type *concat_type(const struct call *call)
{
	if (call->count == 0) {
		call_error(call, -1, "at least one argument is required");
		return NULL;
	}
	const struct type **types = arena_array_of(call_arena(call), call->count, const struct type *);
	size_t lists = 0, members = 0;
	for (size_t i = 0; i < call->count; i++) {
		types[i] = call->args[i]->type;
		lists += types[i]->kind == TYPE_LIST;
	}
	if (lists == call->count) {
		const struct type *common = type_unify(call_arena(call), types, call->count);
		if (common)
			return common;
	}
	bool unknown = false;
	for (size_t i = 0; i < call->count; i++) {
		if (types[i]->kind == TYPE_TUPLE || (types[i]->kind == TYPE_LIST && value_is_known(call->args[i]))) {
			members += types[i]->kind == TYPE_TUPLE ? types[i]->count : call->args[i]->count;
		} else if (types[i]->kind == TYPE_LIST || (types[i]->kind == TYPE_ANY && !value_is_known(call->args[i]))) {
			unknown = true;
		} else {
			call_error(call, (int)i, "all arguments must be lists or tuples; got %s", type_words(call, types[i]));
			return NULL;
		}
	}
	if (unknown)
		return &type_any;
	const struct type **items = arena_array_of(call_arena(call), members, const struct type *);
	size_t n = 0;
	for (size_t i = 0; i < call->count; i++) {
		size_t count = types[i]->kind == TYPE_TUPLE ? types[i]->count : call->args[i]->count;
		for (size_t j = 0; j < count; j++)
			items[n++] = member_type(types[i], j);
	}
	return type_tuple(call_arena(call), items, n);
}

static const struct value *run_concat(const struct call *call)
{
	const struct type *type = concat_type(call);
	if (!type)
		return NULL;
	VEC(const struct value *) items = {0};
	unsigned marks = 0;
	for (size_t i = 0; i < call->count; i++) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *seq = take_marks(call, call->args[i], &marks);
		if (type->kind == TYPE_LIST && !type_equal(seq->type, type)) {
			seq = value_convert(call_arena(call), seq, type, &why);
			if (!seq) {
				vec_free(&items);
				return call_error(call, (int)i, "%s", buf_text(&why));
			}
		}
		for (size_t j = 0; j < seq->count; j++)
			vec_add(&items, seq->items[j]);
	}
	const struct value *result = sequence(call, type, items.items, items.count, marks);
	vec_free(&items);
	return result;
}

/* Members of members, all the way down. False where it is not known how many there will be. */
typedef VEC(const struct value *) value_vec;

static bool flatten(const struct call *call, const struct value *v, value_vec *out, unsigned *marks)
{
	v = take_marks(call, v, marks);
	size_t length;
	if (!value_is_known(v) || !value_length(v, &length))
		return false;
	bool known = true;
	for (size_t i = 0; i < v->count; i++) {
		const struct value *item = v->items[i];
		if (!value_is_null(item) && is_sequence(item->type))
			known = flatten(call, item, out, marks) && known;
		else if (item->type->kind == TYPE_ANY && !value_is_known(item))
			known = false;
		else
			vec_add(out, item);
	}
	return known;
}

static const struct value *run_flatten(const struct call *call)
{
	if (!is_sequence(call->args[0]->type))
		return call_error(call, -1, "can only flatten lists, sets and tuples");
	value_vec items = {0};
	unsigned marks = 0;
	bool known = flatten(call, call->args[0], &items, &marks);
	const struct value *result =
		known ? value_tuple(call_arena(call), items.items, items.count) : &value_unknown_any;
	vec_free(&items);
	return value_mark(call_arena(call), result, marks);
}

static const struct type *reverse_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	switch (type->kind) {
	case TYPE_LIST:
		return type;
	case TYPE_SET:
		return type_list(call_arena(call), type->element);
	case TYPE_TUPLE: {
		const struct type **items = arena_array_of(call_arena(call), type->count, const struct type *);
		for (size_t i = 0; i < type->count; i++)
			items[type->count - 1 - i] = type->items[i];
		return type_tuple(call_arena(call), items, type->count);
	}
	case TYPE_ANY:
		if (!value_is_known(call->args[0]))
			return &type_any;
		break;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
	case TYPE_MAP:
	case TYPE_OBJECT:
		break;
	}
	call_error(call, 0, "can only reverse list or tuple values, not %s", type_words(call, type));
	return NULL;
}

static const struct value *run_reverse(const struct call *call)
{
	unsigned marks = 0;
	const struct value *seq = take_marks(call, call->args[0], &marks);
	const struct type *type = reverse_type(call);
	if (!type)
		return NULL;
	const struct value **items = new_items(call, seq->count);
	for (size_t i = 0; i < seq->count; i++)
		items[seq->count - 1 - i] = seq->items[i];
	return sequence(call, type, items, seq->count, marks);
}

struct bounds {
	size_t start, end;
	bool known; /* both */
};

static bool slice_bounds(const struct call *call, struct bounds *b)
{
	static const char *const names[] = {NULL, "start", "end"};
	size_t found[3] = {0}, length;
	bool length_known = value_length(call->args[0], &length);
	b->known = true;
	for (int i = 1; i <= 2; i++) {
		int64_t index;
		const char *why;
		if (!value_is_known(call->args[i])) {
			b->known = false;
			continue;
		}
		if (!value_as_int(call->args[i], &index, &why)) {
			call_error(call, i, "invalid %s index: %s", names[i], why);
			return false;
		}
		if (index < 0) {
			call_error(call, i, "%s index must not be less than zero", names[i]);
			return false;
		}
		if (length_known && (uint64_t)index > length) {
			call_error(call, i, "%s index must not be greater than the length of the list", names[i]);
			return false;
		}
		found[i] = (size_t)index;
	}
	if (b->known && found[1] > found[2]) {
		call_error(call, 1, "start index must not be greater than end index");
		return false;
	}
	b->start = found[1];
	b->end = found[2];
	return true;
}

static const struct type *slice_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	if (type->kind == TYPE_ANY && !value_is_known(call->args[0]))
		return &type_any;
	if (type->kind == TYPE_SET) {
		call_error(call, 0,
			   "cannot slice a set, because its elements do not have indices; explicitly convert to a list if "
			   "the ordering of the result is not important");
		return NULL;
	}
	if (type->kind != TYPE_LIST && type->kind != TYPE_TUPLE) {
		call_error(call, 0, "must be a list or tuple value");
		return NULL;
	}
	struct bounds b;
	if (!slice_bounds(call, &b))
		return NULL;
	if (type->kind == TYPE_LIST)
		return type;
	return b.known ? type_tuple(call_arena(call), type->items ? type->items + b.start : NULL, b.end - b.start) : &type_any;
}

static const struct value *run_slice(const struct call *call)
{
	const struct type *type = slice_type(call);
	struct bounds b;
	if (!type || !slice_bounds(call, &b))
		return NULL;
	unsigned marks = 0;
	const struct value *seq = take_marks(call, call->args[0], &marks);
	return sequence(call, type, seq->items ? seq->items + b.start : NULL, b.end - b.start, marks);
}

/* ---- looking for something ---- */

static const struct value *run_contains(const struct call *call)
{
	const struct value *list = call->args[0], *wanted = call->args[1];
	if (!is_sequence(list->type))
		return call_error(call, -1, "argument must be list, tuple, or set");
	bool unknown = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct value *equal = value_equal(call_arena(call), list->items[i], wanted);
		if (value_is_true(equal))
			return &value_true;
		unknown = unknown || !value_is_known(equal);
	}
	return unknown ? result_unknown(call, &type_bool) : &value_false;
}

static const struct value *run_index(const struct call *call)
{
	const struct value *list = call->args[0], *wanted = call->args[1];
	if (list->type->kind != TYPE_LIST && list->type->kind != TYPE_TUPLE)
		return call_error(call, -1, "argument must be a list or tuple");
	if (list->count == 0)
		return call_error(call, -1, "cannot search an empty list");
	for (size_t i = 0; i < list->count; i++) {
		const struct value *equal = value_equal(call_arena(call), list->items[i], wanted);
		if (!value_is_known(equal))
			return result_unknown(call, &type_number);
		if (value_is_true(equal))
			return value_int(call_arena(call), (int64_t)i);
	}
	return call_error(call, -1, "item not found");
}

/* The position that element() means in a sequence of `length`: it goes round, backwards too. */
static bool element_position(const struct call *call, size_t length, size_t *position)
{
	int64_t index;
	if (!arg_int(call, 1, -1, "invalid index: ", &index))
		return false;
	if (length == 0) {
		call_error(call, -1, "cannot use element function with an empty list");
		return false;
	}
	int64_t rest = index % (int64_t)length;
	*position = (size_t)(rest < 0 ? rest + (int64_t)length : rest);
	return true;
}

static const struct type *element_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	size_t position;
	if (type->kind == TYPE_LIST)
		return type->element;
	if (type->kind == TYPE_TUPLE) {
		if (!value_is_known(call->args[1]) || !element_position(call, type->count, &position))
			return &type_any;
		return type->items[position];
	}
	if (type->kind != TYPE_ANY || value_is_known(call->args[0]))
		call_error(call, -1, "cannot read elements from %s", type_words(call, type));
	return &type_any;
}

static const struct value *run_element(const struct call *call)
{
	unsigned marks = 0;
	const struct value *list = take_marks(call, call->args[0], &marks);
	if (list->type->kind != TYPE_LIST && list->type->kind != TYPE_TUPLE)
		return call_error(call, -1, "cannot read elements from %s", type_words(call, list->type));
	size_t position;
	if (!element_position(call, list->count, &position))
		return NULL;
	return value_mark(call_arena(call), list->items[position], marks);
}

static const struct type *one_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	if (type->kind == TYPE_LIST || type->kind == TYPE_SET)
		return type->element;
	if (type->kind == TYPE_TUPLE && type->count <= 1)
		return type->count ? type->items[0] : &type_any;
	if (type->kind != TYPE_ANY || value_is_known(call->args[0]))
		call_error(call, 0, "must be a list, set, or tuple value with either zero or one elements");
	return &type_any;
}

static const struct value *run_one(const struct call *call)
{
	const struct value *list = call->args[0];
	size_t length;
	if (is_sequence(list->type)) {
		if (!value_length(list, &length))
			return value_unknown(call_arena(call), list->type->element);
		if (length == 0)
			return value_null(call_arena(call), one_type(call));
		if (length == 1)
			return list->items[0];
	}
	return call_error(call, 0, "must be a list, set, or tuple value with either zero or one elements");
}

static const struct type *length_type(const struct call *call)
{
	switch (call->args[0]->type->kind) {
	case TYPE_STRING:
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
	case TYPE_ANY:
		return &type_number;
	case TYPE_BOOL:
	case TYPE_NUMBER:
		break;
	}
	call_error(call, -1, "argument must be a string, a collection type, or a structural type");
	return NULL;
}

static const struct value *run_length(const struct call *call)
{
	if (!length_type(call))
		return NULL;
	unsigned marks = 0;
	const struct value *v = take_marks(call, call->args[0], &marks), *result;
	size_t length = 0;
	if (v->type->kind == TYPE_STRING && value_is_known(v)) {
		for (size_t i = 0; i < v->count; length++)
			i += unicode_grapheme(v->text + i, v->count - i);
		result = value_int(call_arena(call), (int64_t)length);
	} else if (v->type->kind != TYPE_STRING && v->type->kind != TYPE_ANY && value_length(v, &length)) {
		result = value_int(call_arena(call), (int64_t)length);
	} else {
		result = result_unknown(call, &type_number);
	}
	return value_mark(call_arena(call), result, marks);
}

/* ---- numbers in a row ---- */

enum { RANGE_LIMIT = 1024 }; /* Terraform's */

static const struct type *range_type(const struct call *call)
{
	(void)call;
	return &type_list_of_number;
}

static const struct value *run_range(const struct call *call)
{
	if (call->count < 1 || call->count > 3)
		return call_error(call, -1, "must have one, two, or three arguments");
	struct number zero = number_from_int(0);
	struct number start = call->count == 1 ? zero : call->args[0]->number;
	struct number end = call->args[call->count == 1 ? 0 : 1]->number;
	struct number step = call->count == 3 ? call->args[2]->number
					      : number_from_int(number_compare(end, start) < 0 ? -1 : 1);
	bool down = number_compare(step, zero) < 0;
	if (down && number_compare(end, start) > 0)
		return call_error(call, 1, "end must be less than start when step is negative");
	if (!down && number_compare(end, start) < 0)
		return call_error(call, 1, "end must be greater than start when step is positive");
	const struct value *items[RANGE_LIMIT];
	size_t count = 0;
	for (struct number n = start; number_compare(n, end) * (down ? -1 : 1) < 0;) {
		if (count == RANGE_LIMIT)
			return call_error(call, -1,
					  "more than %d values were generated; either decrease the difference between start "
					  "and end or use a smaller step",
					  RANGE_LIMIT);
		items[count++] = value_number(call_arena(call), n);
		if (!number_add(call_arena(call), n, step, &n))
			return call_error(call, -1, "the values grow too large for numbers");
	}
	return value_list(call_arena(call), &type_number, items, count);
}

#define KNOWN_OUTSIDE (PARAM_DEEP | PARAM_MARKS)

static const struct param bool_list[] = {{"list", &type_list_of_bool, PARAM_DEEP}, {0}};
static const struct param chunk_params[] = {{"list", &type_list_of_any, KNOWN_OUTSIDE}, {"size", &type_number, PARAM_MARKS}, {0}};
static const struct param coalesce_vals = {"vals", &type_any, PARAM_NULL | PARAM_UNKNOWN};
static const struct param compact_params[] = {{"list", &type_list_of_string, 0}, {0}};
static const struct param concat_seqs = {"seqs", &type_any, KNOWN_OUTSIDE};
static const struct param contains_params[] = {{"list", &type_any, PARAM_DEEP}, {"value", &type_any, PARAM_DEEP}, {0}};
static const struct param element_params[] = {{"list", &type_any, KNOWN_OUTSIDE}, {"index", &type_number, 0}, {0}};
static const struct param list_inside[] = {{"list", &type_any, KNOWN_OUTSIDE}, {0}};
static const struct param one_params[] = {{"list", &type_any, PARAM_DEEP}, {0}};
static const struct param length_params[] = {{"value", &type_any, PARAM_UNKNOWN | PARAM_MARKS}, {0}};
static const struct param range_numbers = {"params", &type_number, 0};
static const struct param slice_params[] = {
	{"list", &type_any, KNOWN_OUTSIDE}, {"start_index", &type_number, 0}, {"end_index", &type_number, 0}, {0}};

const struct function list_functions[] = {
	{.name = "alltrue", .params = bool_list, .result_type = returns_bool, .run = run_alltrue},
	{.name = "anytrue", .params = bool_list, .result_type = returns_bool, .run = run_anytrue},
	{.name = "chunklist", .params = chunk_params, .result_type = chunklist_type, .run = run_chunklist},
	{.name = "coalesce", .rest = &coalesce_vals, .result_type = coalesce_type, .run = run_coalesce},
	{.name = "coalescelist", .rest = &coalesce_vals, .result_type = coalescelist_type, .run = run_coalescelist},
	{.name = "compact", .params = compact_params, .result_type = returns_strings, .run = run_compact},
	{.name = "concat", .rest = &concat_seqs, .result_type = concat_type, .run = run_concat},
	{.name = "contains", .params = contains_params, .result_type = returns_bool, .run = run_contains},
	{.name = "element", .params = element_params, .result_type = element_type, .run = run_element, .nullable = true},
	{.name = "flatten", .params = list_inside, .run = run_flatten},
	{.name = "index", .params = contains_params, .result_type = returns_number, .run = run_index},
	{.name = "length", .params = length_params, .result_type = length_type, .run = run_length},
	{.name = "one", .params = one_params, .result_type = one_type, .run = run_one, .nullable = true},
	{.name = "range", .rest = &range_numbers, .result_type = range_type, .run = run_range},
	{.name = "reverse", .params = list_inside, .result_type = reverse_type, .run = run_reverse},
	{.name = "slice", .params = slice_params, .result_type = slice_type, .run = run_slice},
	{0},
};
