/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/value.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/unicode.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct value) <= 40, "a hundred thousand resources must fit");

const struct value value_true = {.type = &type_bool, .boolean = true};
const struct value value_false = {.type = &type_bool, .boolean = false};
const struct value value_empty_string = {.type = &type_string, .text = ""};
const struct value value_null_any = {.type = &type_any, .state = VALUE_NULL};
const struct value value_unknown_any = {.type = &type_any, .state = VALUE_UNKNOWN, .deep_unknown = true};
const struct value value_null_string = {.type = &type_string, .state = VALUE_NULL};
const struct value value_unknown_string = {.type = &type_string, .state = VALUE_UNKNOWN, .deep_unknown = true};

/* ---- making ---- */

static struct value *new_value(struct arena *arena, const struct type *type)
{
	struct value *v = arena_new_of(arena, struct value);
	v->type = type;
	return v;
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
	return v;
}

const struct value *value_string_raw(struct arena *arena, const char *text, size_t len)
{
	return len ? string_in_place(arena, arena_strndup(arena, text, len), len) : &value_empty_string;
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
	return normal == text ? value_string_raw(arena, text, len) : string_in_place(arena, normal, normal_len);
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
static struct value *new_compound(struct arena *arena, const struct type *type, const struct value *const *items, size_t n)
{
	struct value *v = new_value(arena, type);
	v->count = checked_count(n);
	v->items = items;
	for (size_t i = 0; i < n; i++) {
		v->deep_marks |= items[i]->deep_marks;
		v->deep_unknown = v->deep_unknown || items[i]->deep_unknown;
	}
	return v;
}

static const struct value *const *copy_items(struct arena *arena, const struct value *const *items, size_t n)
{
	return n ? arena_memdup(arena, items, size_mul(n, sizeof(*items))) : NULL;
}

const struct value *value_list(struct arena *arena, const struct type *element, const struct value *const *items, size_t n)
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

const struct value *value_tuple_of(struct arena *arena, const struct type *type, const struct value *const *items)
{
	return new_compound(arena, type, copy_items(arena, items, type->count), type->count);
}

const struct value *value_object_of(struct arena *arena, const struct type *type, const struct value *const *items)
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
static size_t sort_named(struct arena *arena, const char *const *names, const struct value *const *items, size_t n,
			 struct named **out)
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

const struct value *value_map(struct arena *arena, const struct type *element, const char *const *keys,
			      const struct value *const *items, size_t n)
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

const struct value *value_object(struct arena *arena, const char *const *names, const struct value *const *items, size_t n)
{
	if (!n)
		return value_object_of(arena, &type_empty_object, NULL);
	AUTO_FREE struct named *sorted = NULL;
	n = sort_named(arena, names, items, n, &sorted);
	const struct value **values = arena_array_of(arena, n, const struct value *);
	AUTO_FREE struct type_attr *attrs = xcalloc(n, sizeof(*attrs));
	for (size_t i = 0; i < n; i++) {
		values[i] = sorted[i].value;
		attrs[i] = (struct type_attr){.name = sorted[i].name, .type = sorted[i].value->type};
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

/* ---- order ---- */

static void add_sort_text(const char *text, size_t len, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		static const char from[] = "\a\b\f\n\r\t\v\"\\", to[] = "abfnrtv\"\\";
		unsigned char c = (unsigned char)text[i];
		const char *special = c ? strchr(from, c) : NULL;
		if (special)
			buf_addf(out, "\\%c", to[special - from]);
		else if (c < 0x20 || c == 0x7F)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

/*
 * What go-cty orders set members of compound types by: their text in a form of its own. Following
 * it keeps `for` over a set of objects, and [0] of its list, as users of Terraform know them.
 */
static void add_sort_key(const struct value *v, struct buf *out)
{
	if (v->state != VALUE_KNOWN) {
		buf_addc(out, v->state == VALUE_UNKNOWN ? '?' : '~');
		return;
	}
	switch (v->type->kind) {
	case TYPE_ANY:
		return;
	case TYPE_BOOL:
		buf_addc(out, v->boolean ? 'T' : 'F');
		return;
	case TYPE_NUMBER: {
		int64_t i;
		if (number_to_int(v->number, &i) && i > -10000000000 && i < 10000000000) {
			buf_addf(out, "%lld", (long long)i);
			return;
		}
		struct arena *arena = arena_new();
		buf_adds(out, number_print_float(arena, v->number, 'g', 10));
		arena_free(arena);
		return;
	}
	case TYPE_STRING:
		add_sort_text(v->text, v->count, out);
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	enum type_kind kind = v->type->kind;
	bool keyed = kind == TYPE_MAP, list = kind == TYPE_LIST || kind == TYPE_SET;
	buf_addc(out, keyed ? '{' : list ? '[' : '<');
	for (uint32_t i = 0; i < v->count; i++) {
		if (keyed) {
			add_sort_text(v->keys[i], strlen(v->keys[i]), out);
			buf_addc(out, ':');
		}
		add_sort_key(v->items[i], out);
		buf_addc(out, ';');
	}
	buf_addc(out, keyed ? '}' : list ? ']' : '>');
}

static int order_of(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t common = a_len < b_len ? a_len : b_len;
	int order = common ? memcmp(a, b, common) : 0;
	return order ? (order > 0) - (order < 0) : order_of(a_len, b_len);
}

static int compare_primitive(const struct value *a, const struct value *b)
{
	switch (a->type->kind) {
	case TYPE_BOOL:
		return order_of(a->boolean, b->boolean);
	case TYPE_NUMBER:
		return number_equal(a->number, b->number) ? 0 : number_compare(a->number, b->number);
	case TYPE_STRING:
		return compare_bytes(a->text, a->count, b->text, b->count);
	case TYPE_ANY:
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return 0;
}

/* Known before unknown before null, then by kind; 2 where contents must be compared. */
static int compare_heads(const struct value *a, const struct value *b)
{
	static const int rank[] = {[VALUE_KNOWN] = 0, [VALUE_UNKNOWN] = 1, [VALUE_NULL] = 2};
	if (a == b)
		return 0;
	if (a->state != b->state)
		return rank[a->state] < rank[b->state] ? -1 : 1;
	if (a->state == VALUE_NULL)
		return 0;
	if (a->type->kind != b->type->kind)
		return a->type->kind < b->type->kind ? -1 : 1;
	return a->state == VALUE_KNOWN ? 2 : 0;
}

/* By content alone, member by member: any order, but a total one. */
static int compare_members(const struct value *a, const struct value *b)
{
	int order = compare_heads(a, b);
	if (order != 2)
		return order;
	if (type_is_primitive(a->type))
		return compare_primitive(a, b);
	if (a->count != b->count)
		return order_of(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->type->kind == TYPE_MAP || a->type->kind == TYPE_OBJECT)
			order = strcmp(value_key_at(a, i), value_key_at(b, i));
		else
			order = 0;
		if (!order)
			order = compare_members(a->items[i], b->items[i]);
		if (order)
			return order < 0 ? -1 : 1;
	}
	return 0;
}

int value_compare(const struct value *a, const struct value *b)
{
	int order = compare_heads(a, b);
	if (order != 2)
		return order;
	if (type_is_primitive(a->type))
		return compare_primitive(a, b);
	AUTO_BUF struct buf x = BUF_INIT;
	AUTO_BUF struct buf y = BUF_INIT;
	add_sort_key(a, &x);
	add_sort_key(b, &y);
	order = compare_bytes(buf_text(&x), x.len, buf_text(&y), y.len);
	return order ? order : compare_members(a, b);
}

/* A set's member with its sort key, computed once. */
struct member {
	const struct value *value;
	size_t key, key_len; /* in the buffer of keys; for compound members */
};

static int compare_set_members(const void *a, const void *b, void *keys_buf)
{
	const struct member *x = a, *y = b;
	const struct buf *keys = keys_buf;
	int order = compare_heads(x->value, y->value);
	if (order != 2)
		return order;
	if (type_is_primitive(x->value->type))
		return compare_primitive(x->value, y->value);
	order = compare_bytes(keys->ptr + x->key, x->key_len, keys->ptr + y->key, y->key_len);
	return order ? order : compare_members(x->value, y->value);
}

const struct value *value_set(struct arena *arena, const struct type *element, const struct value *const *items, size_t n)
{
	const struct type *type = type_set(arena, element);
	if (!n)
		return new_value(arena, type);
	AUTO_FREE struct member *members = xmalloc(size_mul(n, sizeof(*members)));
	AUTO_BUF struct buf keys = BUF_INIT;
	unsigned marks = 0;
	for (size_t i = 0; i < n; i++) {
		marks |= items[i]->deep_marks;
		members[i] = (struct member){.value = value_unmark_deep(arena, items[i]), .key = keys.len};
		if (n > 1 && items[i]->state == VALUE_KNOWN && !type_is_primitive(items[i]->type)) {
			add_sort_key(members[i].value, &keys);
			members[i].key_len = keys.len - members[i].key;
		}
	}
	qsort_r(members, n, sizeof(*members), compare_set_members, &keys);
	const struct value **kept = arena_array_of(arena, n, const struct value *);
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct value *v = members[i].value;
		/* Unknown members may turn out different: they are never the same. */
		if (count && !v->deep_unknown && !kept[count - 1]->deep_unknown &&
		    !compare_set_members(&members[i - 1], &members[i], &keys))
			continue;
		kept[count++] = v;
	}
	struct value *v = new_compound(arena, type, kept, count);
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
			return v->state == VALUE_NULL ? value_null(arena, v->type) : value_unknown(arena, v->type);
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
	return value_is_a(v, TYPE_STRING) && v->count == strlen(text) && !memcmp(v->text, text, v->count);
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

bool value_identical(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	if (a->state != b->state || a->marks != b->marks || a->deep_marks != b->deep_marks ||
	    a->deep_unknown != b->deep_unknown || a->not_null != b->not_null || a->count != b->count ||
	    !type_equal(a->type, b->type))
		return false;
	if (a->state != VALUE_KNOWN)
		return true;
	if (type_is_primitive(a->type))
		return !compare_primitive(a, b);
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->type->kind == TYPE_MAP && strcmp(a->keys[i], b->keys[i]) != 0)
			return false;
		if (!value_identical(a->items[i], b->items[i]))
			return false;
	}
	return true;
}

/* Three answers, so that members need no values of their own. */
enum answer { NO, YES, CANNOT_SAY };

static bool is_surely_not_null(const struct value *v)
{
	return v->state == VALUE_KNOWN || (v->state == VALUE_UNKNOWN && v->not_null);
}

/* Whether a value of type `given` may be of type `wanted`, in which `any` stands for all. */
static bool type_conforms(const struct type *given, const struct type *wanted)
{
	if (wanted->kind == TYPE_ANY || type_equal(given, wanted))
		return true;
	if (given->kind != wanted->kind || given->count != wanted->count)
		return false;
	switch (given->kind) {
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return type_conforms(given->element, wanted->element);
	case TYPE_OBJECT:
		for (uint32_t i = 0; i < given->count; i++) {
			if (strcmp(given->attrs[i].name, wanted->attrs[i].name) != 0 ||
			    !type_conforms(given->attrs[i].type, wanted->attrs[i].type))
				return false;
		}
		return true;
	case TYPE_TUPLE:
		for (uint32_t i = 0; i < given->count; i++) {
			if (!type_conforms(given->items[i], wanted->items[i]))
				return false;
		}
		return true;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return false;
}

/* Whether the type of something inside is still open. */
static bool has_open_type(const struct value *v)
{
	if (!v->deep_unknown)
		return false;
	if (v->state == VALUE_UNKNOWN)
		return type_has_any(v->type);
	for (uint32_t i = 0; i < v->count; i++) {
		if (has_open_type(v->items[i]))
			return true;
	}
	return false;
}

static bool set_has(const struct value *set, const struct value *member)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (!set->items[i]->deep_unknown && !member->deep_unknown && !value_compare(set->items[i], member))
			return true;
	}
	return false;
}

static enum answer sets_equal(const struct value *a, const struct value *b)
{
	for (int side = 0; side < 2; side++) {
		const struct value *of = side ? b : a;
		for (uint32_t i = 0; i < of->count; i++) {
			if (of->items[i]->state == VALUE_UNKNOWN)
				return CANNOT_SAY;
		}
	}
	if (!a->deep_unknown && !b->deep_unknown) {
		if (a->count != b->count)
			return NO;
		for (uint32_t i = 0; i < a->count; i++) {
			if (value_compare(a->items[i], b->items[i]) != 0)
				return NO;
		}
		return YES;
	}
	for (uint32_t i = 0; i < a->count; i++) {
		if (!set_has(b, a->items[i]))
			return NO;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		if (!set_has(a, b->items[i]))
			return NO;
	}
	return YES;
}

static enum answer values_equal(const struct value *a, const struct value *b)
{
	if ((value_is_null(a) && is_surely_not_null(b)) || (value_is_null(b) && is_surely_not_null(a)))
		return NO;
	if (a->state == VALUE_UNKNOWN || b->state == VALUE_UNKNOWN) {
		if (a->state == b->state || value_is_null(a) || value_is_null(b))
			return CANNOT_SAY;
		const struct value *known = a->state == VALUE_KNOWN ? a : b, *unknown = known == a ? b : a;
		if (type_has_any(unknown->type))
			return type_conforms(known->type, unknown->type) ? CANNOT_SAY : NO;
		return type_equal(known->type, unknown->type) ? CANNOT_SAY : NO;
	}
	if (value_is_null(a) || value_is_null(b))
		return value_is_null(a) && value_is_null(b) ? YES : NO;
	if (has_open_type(a) || has_open_type(b))
		return type_conforms(a->type, b->type) || type_conforms(b->type, a->type) ? CANNOT_SAY : NO;
	if (!type_equal(a->type, b->type))
		return NO;
	switch (a->type->kind) {
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		return compare_primitive(a, b) ? NO : YES;
	case TYPE_SET:
		return sets_equal(a, b);
	case TYPE_MAP:
		if (a->count != b->count)
			return NO;
		for (uint32_t i = 0; i < a->count; i++) {
			if (strcmp(a->keys[i], b->keys[i]) != 0)
				return NO;
		}
		break;
	case TYPE_LIST:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		if (a->count != b->count)
			return NO;
		break;
	}
	/* A difference that is certain outweighs what cannot be said, wherever each stands. */
	enum answer sum = YES;
	for (uint32_t i = 0; i < a->count; i++) {
		enum answer one = values_equal(a->items[i], b->items[i]);
		if (one == NO)
			return NO;
		if (one == CANNOT_SAY)
			sum = CANNOT_SAY;
	}
	return sum;
}

const struct value *value_equal(struct arena *arena, const struct value *a, const struct value *b)
{
	unsigned marks = a->deep_marks | b->deep_marks;
	enum answer answer = values_equal(a, b);
	const struct value *result = answer == CANNOT_SAY ? value_unknown_not_null(arena, &type_bool)
							  : value_bool(answer == YES);
	return marks ? value_mark(arena, result, marks) : result;
}

bool value_same(const struct value *a, const struct value *b)
{
	return values_equal(a, b) == YES;
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
