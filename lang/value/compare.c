/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "lang/value/value.h"
#include "lang/value/value_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- order ---- */

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
		value_print_shown(v->text, v->count, out);
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
			value_print_shown(v->keys[i], strlen(v->keys[i]), out);
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
		return number_equal(a->number, b->number) ? 0
							  : number_compare(a->number, b->number);
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

size_t sort_members(const struct value **items, size_t n)
{
	AUTO_FREE struct member *members = xmalloc(size_mul(n, sizeof(*members)));
	AUTO_BUF struct buf keys = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		members[i] = (struct member){.value = items[i], .key = keys.len};
		if (n > 1 && items[i]->state == VALUE_KNOWN && !type_is_primitive(items[i]->type)) {
			add_sort_key(items[i], &keys);
			members[i].key_len = keys.len - members[i].key;
		}
	}
	qsort_r(members, n, sizeof(*members), compare_set_members, &keys);
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct value *v = members[i].value;
		/* Unknown members may turn out different: they are never the same. */
		if (count && !v->deep_unknown && !items[count - 1]->deep_unknown &&
		    !compare_set_members(&members[i - 1], &members[i], &keys))
			continue;
		items[count++] = v;
	}
	return count;
}

/* ---- equality ---- */

bool value_identical(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	if (a->state != b->state || a->marks != b->marks || a->deep_marks != b->deep_marks ||
	    a->deep_unknown != b->deep_unknown || a->not_null != b->not_null ||
	    a->count != b->count || !type_equal(a->type, b->type))
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
		if (!set->items[i]->deep_unknown && !member->deep_unknown &&
		    !value_compare(set->items[i], member))
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
	if ((value_is_null(a) && is_surely_not_null(b)) ||
	    (value_is_null(b) && is_surely_not_null(a)))
		return NO;
	if (a->state == VALUE_UNKNOWN || b->state == VALUE_UNKNOWN) {
		if (a->state == b->state || value_is_null(a) || value_is_null(b))
			return CANNOT_SAY;
		const struct value *known = a->state == VALUE_KNOWN ? a : b,
				   *unknown = known == a ? b : a;
		if (type_has_any(unknown->type))
			return type_conforms(known->type, unknown->type) ? CANNOT_SAY : NO;
		return type_equal(known->type, unknown->type) ? CANNOT_SAY : NO;
	}
	if (value_is_null(a) || value_is_null(b))
		return value_is_null(a) && value_is_null(b) ? YES : NO;
	if (has_open_type(a) || has_open_type(b))
		return type_conforms(a->type, b->type) || type_conforms(b->type, a->type)
			       ? CANNOT_SAY
			       : NO;
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
	const struct value *result = answer == CANNOT_SAY
					     ? value_unknown_not_null(arena, &type_bool)
					     : value_bool(answer == YES);
	return marks ? value_mark(arena, result, marks) : result;
}

bool value_same(const struct value *a, const struct value *b)
{
	return values_equal(a, b) == YES;
}
