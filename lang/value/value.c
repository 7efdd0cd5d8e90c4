/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/value.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/unicode.h"
#include "lang/value/value_internal.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct value) <= 40, "a hundred thousand resources must fit");

const struct value value_true = {.type = &type_bool, .boolean = true};
const struct value value_false = {.type = &type_bool, .boolean = false};
const struct value value_empty_string = {.type = &type_string, .text = ""};
const struct value value_null_any = {.type = &type_any, .state = VALUE_NULL};
const struct value value_unknown_any = {
	.type = &type_any, .state = VALUE_UNKNOWN, .deep_unknown = true};
const struct value value_null_string = {.type = &type_string, .state = VALUE_NULL};
const struct value value_unknown_string = {
	.type = &type_string, .state = VALUE_UNKNOWN, .deep_unknown = true};

/* ---- making ---- */

static struct value *new_value(struct arena *arena, const struct type *type)
{
	struct value *v = arena_new_of(arena, struct value);
	v->type = type;
	return v;
}

static unsigned char size_class(uint64_t bytes)
{
	enum { LARGEST = 40 }; /* so that four thousand million of them can be summed up */
	unsigned char class = 0;
	while (bytes >>= 1)
		class++;
	return class < LARGEST ? class : LARGEST;
}

static uint32_t checked_count(size_t n)
{
	if (n > UINT32_MAX)
		out_of_memory();
	return (uint32_t)n;
}

const struct value *value_number(struct arena *arena, struct number n)
{
	struct value *v = new_value(arena, &type_number);
	v->number = n;
	return v;
}

const struct value *value_int(struct arena *arena, int64_t i)
{
	return value_number(arena, number_from_int(i));
}

/* Takes text that is in the arena already. */
static const struct value *string_in_place(struct arena *arena, const char *text, size_t len)
{
	if (!len)
		return &value_empty_string;
	struct value *v = new_value(arena, &type_string);
	v->count = checked_count(len);
	v->text = text;
	v->size_class = size_class(sizeof(*v) + len);
	return v;
}

const struct value *value_string_raw(struct arena *arena, const char *text, size_t len)
{
	return len ? string_in_place(arena, arena_strndup(arena, text, len), len)
		   : &value_empty_string;
}

static const struct value *repaired_string(struct arena *arena, const char *text, size_t len)
{
	AUTO_BUF struct buf good = BUF_INIT;
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_next(text + i, len - i, &c);
		buf_add_utf8(&good, c);
	}
	return value_string_n(arena, good.ptr, good.len);
}

const struct value *value_string_n(struct arena *arena, const char *text, size_t len)
{
	if (!len)
		return &value_empty_string;
	if (!utf8_is_valid(text, len))
		return repaired_string(arena, text, len);
	size_t normal_len;
	const char *normal = unicode_nfc(arena, text, len, &normal_len);
	return normal == text ? value_string_raw(arena, text, len)
			      : string_in_place(arena, normal, normal_len);
}

const struct value *value_string(struct arena *arena, const char *text)
{
	return value_string_n(arena, text, strlen(text));
}

const struct value *value_stringf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_vaddf(&text, fmt, args);
	va_end(args);
	return value_string_n(arena, buf_text(&text), text.len);
}

const struct value *value_null(struct arena *arena, const struct type *type)
{
	if (type->states)
		return &type->states[0];
	struct value *v = new_value(arena, type);
	v->state = VALUE_NULL;
	return v;
}

static struct value *new_unknown(struct arena *arena, const struct type *type)
{
	struct value *v = new_value(arena, type);
	v->state = VALUE_UNKNOWN;
	v->deep_unknown = true;
	return v;
}

const struct value *value_unknown(struct arena *arena, const struct type *type)
{
	return type->states ? &type->states[1] : new_unknown(arena, type);
}

const struct value *value_unknown_not_null(struct arena *arena, const struct type *type)
{
	/* Of the wholly unknown not even this can be said: its type may still be any. */
	if (type->kind == TYPE_ANY)
		return &value_unknown_any;
	struct value *v = new_unknown(arena, type);
	v->not_null = true;
	return v;
}

/* A value with members; `items` is an array in the arena. */
static struct value *new_compound(struct arena *arena, const struct type *type,
				  const struct value *const *items, size_t n)
{
	struct value *v = new_value(arena, type);
	v->count = checked_count(n);
	v->items = items;
	uint64_t size = sizeof(*v);
	for (size_t i = 0; i < n; i++) {
		size += (uint64_t)1 << items[i]->size_class;
		v->deep_marks |= items[i]->deep_marks;
		v->deep_unknown = v->deep_unknown || items[i]->deep_unknown;
	}
	v->size_class = size_class(size);
	return v;
}

static const struct value *const *copy_items(struct arena *arena, const struct value *const *items,
					     size_t n)
{
	return n ? arena_memdup(arena, items, size_mul(n, sizeof(*items))) : NULL;
}

const struct value *value_list(struct arena *arena, const struct type *element,
			       const struct value *const *items, size_t n)
{
	return new_compound(arena, type_list(arena, element), copy_items(arena, items, n), n);
}

const struct value *value_tuple(struct arena *arena, const struct value *const *items, size_t n)
{
	AUTO_FREE const struct type **types = xcalloc(n, sizeof(*types));
	for (size_t i = 0; i < n; i++)
		types[i] = items[i]->type;
	return new_compound(arena, type_tuple(arena, types, n), copy_items(arena, items, n), n);
}

const struct value *value_tuple_of(struct arena *arena, const struct type *type,
				   const struct value *const *items)
{
	return new_compound(arena, type, copy_items(arena, items, type->count), type->count);
}

const struct value *value_object_of(struct arena *arena, const struct type *type,
				    const struct value *const *items)
{
	return new_compound(arena, type, copy_items(arena, items, type->count), type->count);
}

/* A member with its name, for sorting; `rank` keeps the order of equal names. */
struct named {
	const char *name;
	const struct value *value;
	size_t rank;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Members sorted by name, of equal names the last one. Returns how many; the array is the caller's to free. */
static size_t sort_named(struct arena *arena, const char *const *names,
			 const struct value *const *items, size_t n, struct named **out)
{
	struct named *sorted = xmalloc(size_mul(n, sizeof(*sorted)));
	bool in_order = true;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		sorted[i] = (struct named){unicode_nfc(arena, names[i], len, &len), items[i], i};
		in_order = in_order && (!i || strcmp(sorted[i - 1].name, sorted[i].name) < 0);
	}
	*out = sorted;
	if (in_order)
		return n;
	qsort(sorted, n, sizeof(*sorted), compare_named);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (i + 1 == n || strcmp(sorted[i].name, sorted[i + 1].name) != 0)
			sorted[kept++] = sorted[i];
	}
	return kept;
}

const struct value *value_map(struct arena *arena, const struct type *element,
			      const char *const *keys, const struct value *const *items, size_t n)
{
	const struct type *type = type_map(arena, element);
	if (!n)
		return new_value(arena, type);
	AUTO_FREE struct named *sorted = NULL;
	n = sort_named(arena, keys, items, n, &sorted);
	const struct value **values = arena_array_of(arena, n, const struct value *);
	const char **names = arena_array_of(arena, n, const char *);
	for (size_t i = 0; i < n; i++) {
		values[i] = sorted[i].value;
		names[i] = arena_strdup(arena, sorted[i].name);
	}
	struct value *v = new_compound(arena, type, values, n);
	v->keys = names;
	return v;
}

const struct value *value_object(struct arena *arena, const char *const *names,
				 const struct value *const *items, size_t n)
{
	if (!n)
		return value_object_of(arena, &type_empty_object, NULL);
	AUTO_FREE struct named *sorted = NULL;
	n = sort_named(arena, names, items, n, &sorted);
	const struct value **values = arena_array_of(arena, n, const struct value *);
	AUTO_FREE struct type_attr *attrs = xcalloc(n, sizeof(*attrs));
	for (size_t i = 0; i < n; i++) {
		values[i] = sorted[i].value;
		attrs[i] =
			(struct type_attr){.name = sorted[i].name, .type = sorted[i].value->type};
	}
	const struct type *type = type_object(arena, attrs, n);
	if (!type->states) {
		/* A type of its own: its names must live as long as the value. */
		for (size_t i = 0; i < n; i++)
			attrs[i].name = arena_strdup(arena, attrs[i].name);
		type = type_object(arena, attrs, n);
	}
	return new_compound(arena, type, values, n);
}

const struct value *value_set(struct arena *arena, const struct type *element,
			      const struct value *const *items, size_t n)
{
	const struct type *type = type_set(arena, element);
	if (!n)
		return new_value(arena, type);
	const struct value **members = arena_array_of(arena, n, const struct value *);
	unsigned marks = 0;
	for (size_t i = 0; i < n; i++) {
		marks |= items[i]->deep_marks;
		members[i] = value_unmark_deep(arena, items[i]);
	}
	struct value *v = new_compound(arena, type, members, sort_members(members, n));
	v->marks = (uint8_t)marks;
	v->deep_marks = (uint8_t)marks;
	return v;
}

/* ---- marks and copies ---- */

const struct value *value_mark(struct arena *arena, const struct value *v, unsigned marks)
{
	if ((v->marks & marks) == marks)
		return v;
	struct value *marked = arena_memdup(arena, v, sizeof(*v));
	marked->marks |= (uint8_t)marks;
	marked->deep_marks |= (uint8_t)marks;
	return marked;
}

const struct value *value_unmark(struct arena *arena, const struct value *v)
{
	if (!v->marks)
		return v;
	struct value *plain = arena_memdup(arena, v, sizeof(*v));
	plain->marks = 0;
	plain->deep_marks = 0;
	if (!type_is_primitive(v->type)) {
		for (uint32_t i = 0; i < v->count; i++)
			plain->deep_marks |= v->items[i]->deep_marks;
	}
	return plain;
}

static bool has_members(const struct value *v)
{
	return v->state == VALUE_KNOWN && v->count && !type_is_primitive(v->type);
}

const struct value *value_unmark_deep(struct arena *arena, const struct value *v)
{
	if (!v->deep_marks)
		return v;
	struct value *plain = arena_memdup(arena, v, sizeof(*v));
	plain->marks = 0;
	plain->deep_marks = 0;
	if (has_members(v)) {
		const struct value **items = arena_array_of(arena, v->count, const struct value *);
		for (uint32_t i = 0; i < v->count; i++)
			items[i] = value_unmark_deep(arena, v->items[i]);
		plain->items = items;
	}
	return plain;
}

const struct value *value_copy(struct arena *arena, const struct value *v)
{
	if (!v->marks && v->type->states) {
		if (v->state != VALUE_KNOWN && !v->not_null)
			return v->state == VALUE_NULL ? value_null(arena, v->type)
						      : value_unknown(arena, v->type);
		if (v->type->kind == TYPE_BOOL)
			return value_bool(v->boolean);
		if (v->type->kind == TYPE_STRING && v->state == VALUE_KNOWN && !v->count)
			return &value_empty_string;
	}
	struct value *copy = arena_memdup(arena, v, sizeof(*v));
	copy->type = type_copy(arena, v->type);
	if (v->state != VALUE_KNOWN)
		return copy;
	if (v->type->kind == TYPE_STRING) {
		copy->text = arena_strndup(arena, v->text, v->count);
	} else if (v->type->kind == TYPE_NUMBER) {
		copy->number = number_copy(arena, v->number);
	} else if (has_members(v)) {
		const struct value **items = arena_array_of(arena, v->count, const struct value *);
		for (uint32_t i = 0; i < v->count; i++)
			items[i] = value_copy(arena, v->items[i]);
		copy->items = items;
		if (v->type->kind == TYPE_MAP) {
			const char **keys = arena_array_of(arena, v->count, const char *);
			for (uint32_t i = 0; i < v->count; i++)
				keys[i] = arena_strdup(arena, v->keys[i]);
			copy->keys = keys;
		}
	}
	return copy;
}

/* ---- asking ---- */

bool value_is_text(const struct value *v, const char *text)
{
	return value_is_a(v, TYPE_STRING) && v->count == strlen(text) &&
	       !memcmp(v->text, text, v->count);
}

static ptrdiff_t find_key(const struct value *map, const char *name)
{
	size_t low = 0, high = map->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(map->keys[mid], name);
		if (!order)
			return (ptrdiff_t)mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

const struct value *value_get(const struct value *v, const char *name)
{
	if (v->state != VALUE_KNOWN)
		return NULL;
	ptrdiff_t i = -1;
	if (v->type->kind == TYPE_OBJECT)
		i = type_find_attr(v->type, name);
	else if (v->type->kind == TYPE_MAP)
		i = find_key(v, name);
	return i < 0 ? NULL : v->items[i];
}

const char *value_get_text(const struct value *v, const char *name)
{
	const struct value *member = value_get(v, name);
	return member && value_is_a(member, TYPE_STRING) ? member->text : NULL;
}

const char *value_key_at(const struct value *v, size_t i)
{
	return v->type->kind == TYPE_OBJECT ? v->type->attrs[i].name : v->keys[i];
}

/* ---- walking ---- */

struct walk {
	value_walk_fn fn;
	void *ctx;
	VEC(struct value_step) path;
};

static void walk(struct walk *w, const struct value *v)
{
	if (!w->fn(w->ctx, w->path.items, w->path.count, v) || !has_members(v))
		return;
	enum type_kind kind = v->type->kind;
	vec_add(&w->path, (struct value_step){0});
	for (uint32_t i = 0; i < v->count; i++) {
		bool named = kind == TYPE_MAP || kind == TYPE_OBJECT;
		w->path.items[w->path.count - 1] = (struct value_step){
			.name = named ? value_key_at(v, i) : NULL,
			.index = i,
			.member = kind == TYPE_SET ? v->items[i] : NULL,
		};
		walk(w, v->items[i]);
	}
	w->path.count--;
}

void value_walk(const struct value *v, value_walk_fn fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	walk(&w, v);
	vec_free(&w.path);
}
