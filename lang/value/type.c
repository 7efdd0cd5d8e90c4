/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/type.h"

#include "base/buf.h"
#include "lang/value/json.h"
#include "lang/value/unicode.h"
#include "lang/value/value.h"

#include <stdlib.h>
#include <string.h>

/*
 * Types are kept once: a hundred thousand objects of one resource type share one description, and
 * comparing shared types is comparing pointers. What is too large or too odd to be met again stays
 * in the caller's arena, and so does everything once the table has grown beyond reason.
 */
enum {
	SHARED_ATTRS_MAX = 4096,
	SHARED_ITEMS_MAX = 64,
	SHARED_BYTES_MAX = 128 << 20,
};

#define STATES(of)                                                                     \
	{                                                                              \
		{.type = &(of), .state = VALUE_NULL},                                  \
			{.type = &(of), .state = VALUE_UNKNOWN, .deep_unknown = true}, \
	}
static const struct value any_states[2] = STATES(type_any);
static const struct value bool_states[2] = STATES(type_bool);
static const struct value number_states[2] = STATES(type_number);
static const struct value string_states[2] = STATES(type_string);
static const struct value list_states[2] = STATES(type_list_of_string);
static const struct value set_states[2] = STATES(type_set_of_string);
static const struct value map_states[2] = STATES(type_map_of_string);
static const struct value object_states[2] = STATES(type_empty_object);
static const struct value tuple_states[2] = STATES(type_empty_tuple);

const struct type type_any = {.kind = TYPE_ANY, .states = any_states};
const struct type type_bool = {.kind = TYPE_BOOL, .states = bool_states};
const struct type type_number = {.kind = TYPE_NUMBER, .states = number_states};
const struct type type_string = {.kind = TYPE_STRING, .states = string_states};
const struct type type_list_of_string = {
	.kind = TYPE_LIST, .element = &type_string, .states = list_states};
const struct type type_set_of_string = {
	.kind = TYPE_SET, .element = &type_string, .states = set_states};
const struct type type_map_of_string = {
	.kind = TYPE_MAP, .element = &type_string, .states = map_states};
const struct type type_empty_object = {.kind = TYPE_OBJECT, .states = object_states};
const struct type type_empty_tuple = {.kind = TYPE_TUPLE, .states = tuple_states};

static struct {
	struct arena *arena;
	const struct type **slots; /* open addressing; a power of two */
	size_t slot_count, used;
} shared;

/* ---- the table of shared types ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9E3779B97F4A7C15u;
	return h ^ (h >> 29);
}

static uint64_t hash_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001B3u;
	return mix(h, 0);
}

/* Members are shared already, so their pointers stand for them. */
static uint64_t hash_type(const struct type *t)
{
	uint64_t h = mix(0xCBF29CE484222325u, (uint64_t)t->kind << 32 | t->count);
	switch (t->kind) {
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return mix(h, (uintptr_t)t->element);
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < t->count; i++) {
			h = hash_text(h, t->attrs[i].name);
			h = mix(h, (uintptr_t)t->attrs[i].type + t->attrs[i].optional);
		}
		return h;
	case TYPE_TUPLE:
		for (uint32_t i = 0; i < t->count; i++)
			h = mix(h, (uintptr_t)t->items[i]);
		return h;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return h;
}

static bool same_shallow(const struct type *a, const struct type *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return a->element == b->element;
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < a->count; i++) {
			const struct type_attr *x = &a->attrs[i], *y = &b->attrs[i];
			if (x->type != y->type || x->optional != y->optional ||
			    strcmp(x->name, y->name) != 0)
				return false;
		}
		return true;
	case TYPE_TUPLE:
		return !a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items));
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return true;
}

static void put_slot(const struct type *t)
{
	size_t i = hash_type(t) & (shared.slot_count - 1);
	while (shared.slots[i])
		i = (i + 1) & (shared.slot_count - 1);
	shared.slots[i] = t;
}

static void grow_table(void)
{
	const struct type **old = shared.slots;
	size_t old_count = shared.slot_count;
	shared.slot_count = old_count ? old_count * 2 : 256;
	shared.slots = xcalloc(shared.slot_count, sizeof(*shared.slots));
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			put_slot(old[i]);
	}
	free(old);
}

static void start_table(void)
{
	shared.arena = arena_new();
	grow_table();
	static const struct type *const fixed[] = {&type_list_of_string, &type_set_of_string,
						   &type_map_of_string, &type_empty_object,
						   &type_empty_tuple};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		put_slot(fixed[i]);
	shared.used = ARRAY_LEN(fixed);
}

/* The shared type like `t`, or NULL when it cannot be shared. */
static const struct type *share(const struct type *t)
{
	if (!shared.arena)
		start_table();
	size_t i = hash_type(t) & (shared.slot_count - 1);
	for (; shared.slots[i]; i = (i + 1) & (shared.slot_count - 1)) {
		if (same_shallow(shared.slots[i], t))
			return shared.slots[i];
	}
	if (arena_used(shared.arena) > SHARED_BYTES_MAX)
		return NULL;
	struct type *copy = arena_memdup(shared.arena, t, sizeof(*t));
	if (t->kind == TYPE_OBJECT) {
		struct type_attr *attrs =
			arena_memdup(shared.arena, t->attrs, size_mul(t->count, sizeof(*attrs)));
		for (uint32_t k = 0; k < t->count; k++)
			attrs[k].name = arena_strdup(shared.arena, attrs[k].name);
		copy->attrs = attrs;
	} else if (t->kind == TYPE_TUPLE) {
		copy->items =
			arena_memdup(shared.arena, t->items, size_mul(t->count, sizeof(*t->items)));
	}
	struct value *states = arena_array_of(shared.arena, 2, struct value);
	states[0] = (struct value){.type = copy, .state = VALUE_NULL};
	states[1] = (struct value){.type = copy, .state = VALUE_UNKNOWN, .deep_unknown = true};
	copy->states = states;
	if ((shared.used + 1) * 2 > shared.slot_count)
		grow_table();
	put_slot(copy);
	shared.used++;
	return copy;
}

/* ---- making ---- */

static const struct type *type_of_elements(struct arena *arena, enum type_kind kind,
					   const struct type *element)
{
	struct type t = {.kind = kind, .element = element};
	const struct type *found = element->states ? share(&t) : NULL;
	return found ? found : arena_memdup(arena, &t, sizeof(t));
}

const struct type *type_list(struct arena *arena, const struct type *element)
{
	return element == &type_string ? &type_list_of_string
				       : type_of_elements(arena, TYPE_LIST, element);
}

const struct type *type_set(struct arena *arena, const struct type *element)
{
	return element == &type_string ? &type_set_of_string
				       : type_of_elements(arena, TYPE_SET, element);
}

const struct type *type_map(struct arena *arena, const struct type *element)
{
	return element == &type_string ? &type_map_of_string
				       : type_of_elements(arena, TYPE_MAP, element);
}

static int compare_attrs(const void *a, const void *b)
{
	const struct type_attr *x = a, *y = b;
	return strcmp(x->name, y->name);
}

const struct type *type_object(struct arena *arena, const struct type_attr *attrs, size_t count)
{
	if (!count)
		return &type_empty_object;
	if (count > UINT32_MAX)
		out_of_memory();
	struct type_attr few[64];
	AUTO_FREE struct type_attr *many =
		count > ARRAY_LEN(few) ? xmalloc(size_mul(count, sizeof(*many))) : NULL;
	struct type_attr *sorted = many ? many : few;
	bool can_share = count <= SHARED_ATTRS_MAX, in_order = true;
	for (size_t i = 0; i < count; i++) {
		sorted[i] = attrs[i];
		size_t len = strlen(attrs[i].name);
		sorted[i].name = unicode_nfc(arena, attrs[i].name, len, &len);
		can_share = can_share && attrs[i].type->states && !attrs[i].fallback;
		in_order = in_order && (!i || strcmp(sorted[i - 1].name, sorted[i].name) < 0);
	}
	if (!in_order)
		qsort(sorted, count, sizeof(*sorted), compare_attrs);
	for (size_t i = 1; i < count; i++) {
		if (!strcmp(sorted[i - 1].name, sorted[i].name))
			bug("object type with two attributes \"%s\"", sorted[i].name);
	}
	struct type t = {.kind = TYPE_OBJECT, .count = (uint32_t)count, .attrs = sorted};
	const struct type *found = can_share ? share(&t) : NULL;
	if (found)
		return found;
	t.attrs = arena_memdup(arena, sorted, size_mul(count, sizeof(*sorted)));
	return arena_memdup(arena, &t, sizeof(t));
}

const struct type *type_tuple(struct arena *arena, const struct type *const *items, size_t count)
{
	if (!count)
		return &type_empty_tuple;
	if (count > UINT32_MAX)
		out_of_memory();
	bool can_share = count <= SHARED_ITEMS_MAX;
	for (size_t i = 0; can_share && i < count; i++)
		can_share = items[i]->states;
	struct type t = {.kind = TYPE_TUPLE, .count = (uint32_t)count, .items = items};
	const struct type *found = can_share ? share(&t) : NULL;
	if (found)
		return found;
	t.items = arena_memdup(arena, items, size_mul(count, sizeof(*items)));
	return arena_memdup(arena, &t, sizeof(t));
}

static const struct type *rebuild(struct arena *arena, const struct type *t, bool concrete)
{
	switch (t->kind) {
	case TYPE_ANY:
		return &type_any;
	case TYPE_BOOL:
		return &type_bool;
	case TYPE_NUMBER:
		return &type_number;
	case TYPE_STRING:
		return &type_string;
	case TYPE_LIST:
		return type_list(arena, rebuild(arena, t->element, concrete));
	case TYPE_SET:
		return type_set(arena, rebuild(arena, t->element, concrete));
	case TYPE_MAP:
		return type_map(arena, rebuild(arena, t->element, concrete));
	case TYPE_OBJECT: {
		AUTO_FREE struct type_attr *attrs = xcalloc(t->count, sizeof(*attrs));
		for (uint32_t i = 0; i < t->count; i++) {
			attrs[i].name = arena_strdup(arena, t->attrs[i].name);
			attrs[i].type = rebuild(arena, t->attrs[i].type, concrete);
			if (concrete)
				continue;
			attrs[i].optional = t->attrs[i].optional;
			if (t->attrs[i].fallback)
				attrs[i].fallback = value_copy(arena, t->attrs[i].fallback);
		}
		return type_object(arena, attrs, t->count);
	}
	case TYPE_TUPLE: {
		AUTO_FREE const struct type **items = xcalloc(t->count, sizeof(*items));
		for (uint32_t i = 0; i < t->count; i++)
			items[i] = rebuild(arena, t->items[i], concrete);
		return type_tuple(arena, items, t->count);
	}
	}
	bug("unknown kind of type %d", t->kind);
}

const struct type *type_copy(struct arena *arena, const struct type *type)
{
	return type->states ? type : rebuild(arena, type, false);
}

static bool has_optional(const struct type *t)
{
	switch (t->kind) {
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return has_optional(t->element);
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < t->count; i++) {
			if (t->attrs[i].optional || has_optional(t->attrs[i].type))
				return true;
		}
		return false;
	case TYPE_TUPLE:
		for (uint32_t i = 0; i < t->count; i++) {
			if (has_optional(t->items[i]))
				return true;
		}
		return false;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return false;
}

const struct type *type_concrete(struct arena *arena, const struct type *type)
{
	return has_optional(type) ? rebuild(arena, type, true) : type;
}

/* ---- asking ---- */

static bool fallback_equal(const struct value *a, const struct value *b)
{
	return a == b || (a && b && value_identical(a, b));
}

bool type_equal(const struct type *a, const struct type *b)
{
	if (a == b)
		return true;
	if ((a->states && b->states) || a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return type_equal(a->element, b->element);
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < a->count; i++) {
			const struct type_attr *x = &a->attrs[i], *y = &b->attrs[i];
			if (strcmp(x->name, y->name) != 0 || x->optional != y->optional ||
			    !type_equal(x->type, y->type) ||
			    !fallback_equal(x->fallback, y->fallback))
				return false;
		}
		return true;
	case TYPE_TUPLE:
		for (uint32_t i = 0; i < a->count; i++) {
			if (!type_equal(a->items[i], b->items[i]))
				return false;
		}
		return true;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return true;
}

bool type_has_any(const struct type *type)
{
	switch (type->kind) {
	case TYPE_ANY:
		return true;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return type_has_any(type->element);
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < type->count; i++) {
			if (type_has_any(type->attrs[i].type))
				return true;
		}
		return false;
	case TYPE_TUPLE:
		for (uint32_t i = 0; i < type->count; i++) {
			if (type_has_any(type->items[i]))
				return true;
		}
		return false;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return false;
}

ptrdiff_t type_find_attr(const struct type *object, const char *name)
{
	if (object->kind != TYPE_OBJECT)
		return -1;
	size_t low = 0, high = object->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(object->attrs[mid].name, name);
		if (!order)
			return (ptrdiff_t)mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

/* ---- printing ---- */

static const char *const kind_names[] = {
	[TYPE_ANY] = "dynamic",	  [TYPE_BOOL] = "bool",	    [TYPE_NUMBER] = "number",
	[TYPE_STRING] = "string", [TYPE_LIST] = "list",	    [TYPE_SET] = "set",
	[TYPE_MAP] = "map",	  [TYPE_OBJECT] = "object", [TYPE_TUPLE] = "tuple",
};

static void print_friendly(const struct type *type, bool required, bool inside, struct buf *out)
{
	if (type->kind == TYPE_ANY && required) {
		buf_adds(out, inside ? "any single type" : "any type");
		return;
	}
	buf_adds(out, kind_names[type->kind]);
	if (type_is_collection(type)) {
		buf_adds(out, " of ");
		print_friendly(type->element, required, true, out);
	}
}

void type_print_friendly(const struct type *type, struct buf *out)
{
	print_friendly(type, false, false, out);
}

void type_print_required(const struct type *type, struct buf *out)
{
	print_friendly(type, true, false, out);
}

void type_print(const struct type *type, struct buf *out)
{
	switch (type->kind) {
	case TYPE_ANY:
		buf_adds(out, "any");
		return;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		buf_adds(out, kind_names[type->kind]);
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		buf_addf(out, "%s(", kind_names[type->kind]);
		type_print(type->element, out);
		buf_addc(out, ')');
		return;
	case TYPE_OBJECT:
		buf_adds(out, "object({");
		for (uint32_t i = 0; i < type->count; i++) {
			const struct type_attr *attr = &type->attrs[i];
			buf_adds(out, i ? ", " : " ");
			value_print_key(attr->name, out);
			buf_adds(out, attr->optional ? " = optional(" : " = ");
			type_print(attr->type, out);
			if (attr->optional && attr->fallback) {
				buf_adds(out, ", ");
				value_print(attr->fallback, out);
			}
			if (attr->optional)
				buf_addc(out, ')');
		}
		buf_adds(out, type->count ? " })" : "})");
		return;
	case TYPE_TUPLE:
		buf_adds(out, "tuple([");
		for (uint32_t i = 0; i < type->count; i++) {
			if (i)
				buf_adds(out, ", ");
			type_print(type->items[i], out);
		}
		buf_adds(out, "])");
		return;
	}
}

void type_print_json(const struct type *type, struct buf *out)
{
	switch (type->kind) {
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		buf_addf(out, "\"%s\"", kind_names[type->kind]);
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		buf_addf(out, "[\"%s\",", kind_names[type->kind]);
		type_print_json(type->element, out);
		buf_addc(out, ']');
		return;
	case TYPE_OBJECT: {
		bool any_optional = false;
		buf_adds(out, "[\"object\",{");
		for (uint32_t i = 0; i < type->count; i++) {
			if (i)
				buf_addc(out, ',');
			json_add_string(out, type->attrs[i].name, strlen(type->attrs[i].name),
					true);
			buf_addc(out, ':');
			type_print_json(type->attrs[i].type, out);
			any_optional = any_optional || type->attrs[i].optional;
		}
		buf_addc(out, '}');
		for (uint32_t i = 0, n = 0; any_optional && i < type->count; i++) {
			if (!type->attrs[i].optional)
				continue;
			buf_adds(out, n++ ? "," : ",[");
			json_add_string(out, type->attrs[i].name, strlen(type->attrs[i].name),
					true);
		}
		buf_adds(out, any_optional ? "]]" : "]");
		return;
	}
	case TYPE_TUPLE:
		buf_adds(out, "[\"tuple\",[");
		for (uint32_t i = 0; i < type->count; i++) {
			if (i)
				buf_addc(out, ',');
			type_print_json(type->items[i], out);
		}
		buf_adds(out, "]]");
		return;
	}
}
