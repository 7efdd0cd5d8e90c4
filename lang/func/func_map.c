/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of maps and objects. */
#include "lang/func/internal.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* Keys and the values under them, the later of equal ones winning. */
struct entries {
	const char **keys;
	const struct value **values;
	size_t count;
};

static struct entries new_entries(const struct call *call, size_t count)
{
	return (struct entries){arena_array_of(call_arena(call), count, const char *), new_items(call, count), 0};
}

/* ---- keys, values ---- */

static const struct type *keys_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	if (type->kind == TYPE_MAP)
		return &type_list_of_string;
	if (type->kind == TYPE_OBJECT) {
		const struct type **items = arena_array_of(call_arena(call), type->count, const struct type *);
		for (size_t i = 0; i < type->count; i++)
			items[i] = &type_string;
		return type_tuple(call_arena(call), items, type->count);
	}
	if (type->kind == TYPE_ANY && !value_is_known(call->args[0]))
		return &type_any;
	call_error(call, 0, "must have map or object type");
	return NULL;
}

static const struct value *run_keys(const struct call *call)
{
	const struct type *type = keys_type(call);
	if (!type)
		return NULL;
	unsigned marks = 0;
	const struct value *map = take_marks(call, call->args[0], &marks), *result;
	if (map->type->kind != TYPE_OBJECT && !value_is_known(map)) {
		result = result_unknown(call, type);
	} else {
		size_t count = map->type->kind == TYPE_OBJECT ? map->type->count : map->count;
		const struct value **items = new_items(call, count);
		for (size_t i = 0; i < count; i++)
			items[i] = value_string(call_arena(call), map->type->kind == TYPE_OBJECT ? map->type->attrs[i].name
												 : map->keys[i]);
		result = type->kind == TYPE_TUPLE ? value_tuple(call_arena(call), items, count)
						  : value_list(call_arena(call), &type_string, items, count);
	}
	return value_mark(call_arena(call), result, marks);
}

static const struct type *values_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	if (type->kind == TYPE_MAP)
		return type_list(call_arena(call), type->element);
	if (type->kind == TYPE_OBJECT) {
		const struct type **items = arena_array_of(call_arena(call), type->count, const struct type *);
		for (size_t i = 0; i < type->count; i++)
			items[i] = type->attrs[i].type;
		return type_tuple(call_arena(call), items, type->count);
	}
	if (type->kind == TYPE_ANY && !value_is_known(call->args[0]))
		return &type_any;
	call_error(call, -1, "values() requires a map as the first argument");
	return NULL;
}

static const struct value *run_values(const struct call *call)
{
	unsigned marks = 0;
	const struct value *map = take_marks(call, call->args[0], &marks), *result;
	if (!values_type(call))
		return NULL;
	if (map->type->kind == TYPE_OBJECT)
		result = value_tuple(call_arena(call), map->items, map->count);
	else
		result = value_list(call_arena(call), map->type->element, map->items, map->count);
	return value_mark(call_arena(call), result, marks);
}

/* ---- lookup ---- */

static const struct type *lookup_type(const struct call *call)
{
	const struct value *map = call->args[0], *key = call->args[1];
	if (call->count > 3) {
		call_error(call, -1, "lookup() takes two or three arguments, got %zu", call->count);
		return NULL;
	}
	if (map->type->kind == TYPE_MAP) {
		AUTO_BUF struct buf why = BUF_INIT;
		if (call->count == 3 && !value_convert(call_arena(call), call->args[2], map->type->element, &why)) {
			call_error(call, 2, "the default value must have the same type as the map elements");
			return NULL;
		}
		return map->type->element;
	}
	if (map->type->kind == TYPE_OBJECT) {
		if (!value_is_known(key))
			return &type_any;
		ptrdiff_t i = type_find_attr(map->type, key->text);
		if (i >= 0)
			return map->type->attrs[i].type;
		if (call->count == 3)
			return call->args[2]->type;
		call_error(call, 0, "the given object has no attribute %s",
			   quoted_unless(call, key->marks, key->text, key->count));
		return NULL;
	}
	if (map->type->kind == TYPE_ANY && !value_is_known(map))
		return &type_any;
	call_error(call, 0, "lookup() requires a map as the first argument");
	return NULL;
}

static const struct value *run_lookup(const struct call *call)
{
	const struct type *type = lookup_type(call);
	if (!type)
		return NULL;
	unsigned marks = 0;
	const struct value *map = take_marks(call, call->args[0], &marks);
	const struct value *key = take_marks(call, call->args[1], &marks);
	if (!value_is_known(map) || !value_is_known(key))
		return value_mark(call_arena(call), value_unknown(call_arena(call), type), marks);
	const struct value *found = value_get(map, key->text);
	if (!found) {
		if (call->count < 3)
			return call_error(call, -1, "lookup failed to find key %s",
					  quoted_unless(call, call->args[1]->marks, key->text, key->count));
		AUTO_BUF struct buf why = BUF_INIT;
		found = value_convert(call_arena(call), call->args[2], type, &why);
		if (!found)
			return call_error(call, 2, "%s", buf_text(&why));
	}
	return value_mark(call_arena(call), found, marks);
}

/* ---- merge ---- */

/* All of one type: that type. Otherwise an object; any where a map's keys are not known. */
static const struct type *merge_type(const struct call *call)
{
	if (call->count == 0)
		return &type_empty_object;
	bool same = true, known = true;
	size_t total = 0;
	for (size_t i = 0; i < call->count; i++)
		if (call->args[i]->type->kind == TYPE_ANY)
			return &type_any;
	for (size_t i = 0; i < call->count; i++) {
		const struct value *map = call->args[i];
		if (!is_mapping(map->type)) {
			call_error(call, -1, "arguments must be maps or objects, got \"%s\"", type_words(call, map->type));
			return NULL;
		}
		same = same && type_equal(map->type, call->args[0]->type);
		known = known && (value_is_known(map) || map->type->kind == TYPE_OBJECT);
		total += map->type->kind == TYPE_OBJECT ? map->type->count : map->count;
	}
	if (same)
		return call->args[0]->type;
	if (!known)
		return &type_any;
	struct type_attr *attrs = arena_array_of(call_arena(call), total, struct type_attr);
	size_t count = 0;
	struct map places = MAP_INIT;
	for (size_t i = 0; i < call->count; i++) {
		const struct value *map = call->args[i];
		bool object = map->type->kind == TYPE_OBJECT;
		size_t members = value_is_null(map) ? 0 : object ? map->type->count : map->count;
		for (size_t j = 0; j < members; j++) {
			const char *name = object ? map->type->attrs[j].name : map->keys[j];
			struct type_attr *attr = map_find(&places, name);
			if (!attr) {
				attr = &attrs[count++];
				attr->name = name;
				map_put(&places, name, attr);
			}
			attr->type = object ? map->type->attrs[j].type : map->type->element;
		}
	}
	map_release(&places);
	return type_object(call_arena(call), attrs, count);
}

static const struct value *run_merge(const struct call *call)
{
	const struct type *type = merge_type(call);
	if (!type)
		return NULL;
	size_t total = 0;
	for (size_t i = 0; i < call->count; i++)
		total += is_mapping(call->args[i]->type) ? call->args[i]->count : 0;
	struct entries all = new_entries(call, total);
	unsigned marks = 0;
	for (size_t i = 0; i < call->count; i++) {
		if (value_is_null(call->args[i]))
			continue;
		const struct value *map = take_marks(call, call->args[i], &marks);
		if (!is_mapping(map->type))
			return call_error(call, -1, "arguments must be maps or objects, got \"%s\"",
					  type_words(call, map->type));
		for (size_t j = 0; j < map->count; j++) {
			all.keys[all.count] = value_key_at(map, j);
			all.values[all.count++] = map->items[j];
		}
	}
	const struct value *result =
		type->kind == TYPE_MAP ? value_map(call_arena(call), type->element, all.keys, all.values, all.count)
				       : value_object(call_arena(call), all.keys, all.values, all.count);
	return value_mark(call_arena(call), result, marks);
}

/* ---- zipmap, transpose ---- */

static const struct type *zipmap_type(const struct call *call)
{
	const struct value *keys = call->args[0], *values = call->args[1];
	if (values->type->kind == TYPE_LIST)
		return type_map(call_arena(call), values->type->element);
	if (values->type->kind == TYPE_ANY && !value_is_known(values))
		return &type_any;
	if (values->type->kind != TYPE_TUPLE) {
		call_error(call, -1, "values argument must be a list or tuple value");
		return NULL;
	}
	if (!value_is_wholly_known(keys))
		return &type_any;
	if (keys->count != values->type->count) {
		call_error(call, -1, "number of keys (%zu) does not match number of values (%zu)", (size_t)keys->count,
			   (size_t)values->type->count);
		return NULL;
	}
	const struct type **types = arena_array_of(call_arena(call), keys->count, const struct type *);
	struct entries all = new_entries(call, keys->count);
	for (size_t i = 0; i < keys->count; i++) {
		if (value_is_null(keys->items[i])) {
			call_error(call, -1, "keys list has null value at index %zu", i);
			return NULL;
		}
		all.keys[i] = keys->items[i]->text;
		types[i] = values->type->items[i];
		all.values[i] = value_unknown(call_arena(call), types[i]);
	}
	return value_object(call_arena(call), all.keys, all.values, keys->count)->type;
}

static const struct value *run_zipmap(const struct call *call)
{
	const struct type *type = zipmap_type(call);
	if (!type)
		return NULL;
	unsigned marks = 0;
	const struct value *keys = take_marks(call, call->args[0], &marks);
	const struct value *values = take_marks(call, call->args[1], &marks);
	if (!value_is_wholly_known(keys))
		return value_mark(call_arena(call), result_unknown(call, type), marks);
	if (keys->count != values->count)
		return call_error(call, -1, "number of keys (%zu) does not match number of values (%zu)",
				  (size_t)keys->count, (size_t)values->count);
	struct entries all = new_entries(call, keys->count);
	for (size_t i = 0; i < keys->count; i++) {
		const struct value *key = take_marks(call, keys->items[i], &marks);
		if (value_is_null(key))
			return call_error(call, -1, "keys list has null value at index %zu", i);
		all.keys[i] = key->text;
		all.values[i] = values->items[i];
	}
	const struct value *result =
		type->kind == TYPE_MAP ? value_map(call_arena(call), type->element, all.keys, all.values, keys->count)
				       : value_object(call_arena(call), all.keys, all.values, keys->count);
	return value_mark(call_arena(call), result, marks);
}

static const struct type map_of_string_lists = {.kind = TYPE_MAP, .element = &type_list_of_string};

static const struct type *transpose_type(const struct call *call)
{
	(void)call;
	return &map_of_string_lists;
}

struct pair {
	const struct value *value; /* becomes the key */
	const char *key;
};

static int by_text(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->value->text, y->value->text);
	return order ? order : strcmp(x->key, y->key);
}

static const struct value *run_transpose(const struct call *call)
{
	const struct value *map = call->args[0];
	size_t total = 0, n = 0;
	for (size_t i = 0; i < map->count; i++) {
		if (value_is_null(map->items[i]))
			return call_error(call, -1, "input must not contain null list");
		total += map->items[i]->count;
	}
	struct pair *pairs = arena_array_of(call_arena(call), total, struct pair);
	for (size_t i = 0; i < map->count; i++) {
		for (size_t j = 0; j < map->items[i]->count; j++) {
			pairs[n] = (struct pair){map->items[i]->items[j], map->keys[i]};
			if (value_is_null(pairs[n++].value))
				return call_error(call, -1, "input list must not contain null string");
		}
	}
	if (total)
		qsort(pairs, total, sizeof(*pairs), by_text);
	struct entries all = new_entries(call, total);
	const struct value **names = new_items(call, total);
	for (size_t start = 0, end; start < total; start = end) {
		for (end = start; end < total && strcmp(pairs[end].value->text, pairs[start].value->text) == 0; end++)
			names[end] = value_string(call_arena(call), pairs[end].key);
		all.keys[all.count] = pairs[start].value->text;
		all.values[all.count++] = value_list(call_arena(call), &type_string, names + start, end - start);
	}
	return value_map(call_arena(call), &type_list_of_string, all.keys, all.values, all.count);
}

#define ANY_STATE (PARAM_UNKNOWN | PARAM_MARKS)
#define KNOWN_OUTSIDE (PARAM_DEEP | PARAM_MARKS)

static const struct param keys_params[] = {{"inputMap", &type_any, ANY_STATE}, {0}};
static const struct param lookup_params[] = {{"inputMap", &type_any, ANY_STATE}, {"key", &type_string, ANY_STATE}, {0}};
static const struct param lookup_default = {"default", &type_any, ANY_STATE | PARAM_NULL};
static const struct param merge_maps = {"maps", &type_any, KNOWN_OUTSIDE | PARAM_NULL};
static const struct param transpose_params[] = {{"values", &map_of_string_lists, 0}, {0}};
static const struct param values_params[] = {{"mapping", &type_any, KNOWN_OUTSIDE}, {0}};
static const struct param zipmap_params[] = {
	{"keys", &type_list_of_string, KNOWN_OUTSIDE}, {"values", &type_any, KNOWN_OUTSIDE}, {0}};

const struct function map_functions[] = {
	{.name = "keys", .params = keys_params, .result_type = keys_type, .run = run_keys},
	{.name = "lookup", .params = lookup_params, .rest = &lookup_default, .result_type = lookup_type, .run = run_lookup,
	 .nullable = true},
	{.name = "merge", .rest = &merge_maps, .result_type = merge_type, .run = run_merge},
	{.name = "transpose", .params = transpose_params, .result_type = transpose_type, .run = run_transpose},
	{.name = "values", .params = values_params, .result_type = values_type, .run = run_values},
	{.name = "zipmap", .params = zipmap_params, .result_type = zipmap_type, .run = run_zipmap},
	{0},
};
