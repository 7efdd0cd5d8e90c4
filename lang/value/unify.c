/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/convert.h"

#include "base/vec.h"
#include "lang/value/convert_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * The rules of go-cty's convert package: which types can become which, and which one type several
 * can become. `safe` conversions work for each value of a type, the others for some.
 */

typedef VEC(const struct type *) type_vec;

static bool objects_possible(struct arena *arena, const struct type *from, const struct type *to,
			     bool safe)
{
	for (uint32_t i = 0; i < to->count; i++) {
		ptrdiff_t k = type_find_attr(from, to->attrs[i].name);
		if (k < 0 ? !to->attrs[i].optional
			  : !type_equal(from->attrs[k].type, to->attrs[i].type) &&
				    !conversion_possible(arena, from->attrs[k].type,
							 to->attrs[i].type, safe))
			return false;
	}
	return true;
}

static bool tuples_possible(struct arena *arena, const struct type *from, const struct type *to,
			    bool safe)
{
	if (from->count != to->count)
		return false;
	for (uint32_t i = 0; i < to->count; i++) {
		if (!type_equal(from->items[i], to->items[i]) &&
		    !conversion_possible(arena, from->items[i], to->items[i], safe))
			return false;
	}
	return true;
}

static void members_of(const struct type *structural, type_vec *out)
{
	for (uint32_t i = 0; i < structural->count; i++)
		vec_add(out, structural->kind == TYPE_OBJECT ? structural->attrs[i].type
							     : structural->items[i]);
}

/* An object or tuple as a collection: each member must become the element type, found first where it is `any`. */
static bool members_possible(struct arena *arena, const struct type *from, const struct type *to,
			     bool safe)
{
	if (!from->count)
		return true;
	const struct type *element = element_for(arena, from, to, safe);
	if (!element)
		return false;
	bool possible = true;
	const struct type *last = NULL;
	for (uint32_t i = 0; possible && i < from->count; i++) {
		const struct type *member =
			from->kind == TYPE_OBJECT ? from->attrs[i].type : from->items[i];
		if (member != last && !type_equal(member, element))
			possible = conversion_possible(arena, member, element, safe);
		last = member;
	}
	return possible;
}

const struct type *element_for(struct arena *arena, const struct type *from, const struct type *to,
			       bool safe)
{
	if (to->element->kind != TYPE_ANY)
		return to->element;
	type_vec members = {0};
	members_of(from, &members);
	const struct type *element = unify_types(arena, members.items, members.count, safe);
	if (element && element->kind == TYPE_ANY && to->kind != TYPE_MAP) {
		/* Something is unknown. Where something else is known, it cannot be said to fit. */
		for (size_t i = 0; element && i < members.count; i++) {
			if (members.items[i]->kind != TYPE_ANY)
				element = NULL;
		}
	}
	vec_free(&members);
	return element;
}

static bool map_to_object_possible(struct arena *arena, const struct type *from,
				   const struct type *to)
{
	for (uint32_t i = 0; i < to->count; i++) {
		const struct type_attr *attr = &to->attrs[i];
		if (!attr->optional && !type_equal(attr->type, from->element) &&
		    !conversion_possible(arena, from->element, attr->type, false))
			return false;
	}
	return true;
}

bool conversion_possible(struct arena *arena, const struct type *from, const struct type *to,
			 bool safe)
{
	enum type_kind f = from->kind, t = to->kind;
	if (t == TYPE_ANY)
		return true;
	if (f == TYPE_ANY)
		return !safe;
	if (type_is_primitive(from) && type_is_primitive(to)) {
		if (t == TYPE_STRING)
			return f != TYPE_STRING;
		return !safe && f == TYPE_STRING;
	}
	if (f == TYPE_OBJECT && t == TYPE_OBJECT)
		return objects_possible(arena, from, to, safe);
	if (f == TYPE_TUPLE && t == TYPE_TUPLE)
		return tuples_possible(arena, from, to, safe);
	if (f == TYPE_LIST && t == TYPE_SET && safe)
		return false; /* order and doubles would be lost */
	bool sequences = (f == TYPE_LIST || f == TYPE_SET) && (t == TYPE_LIST || t == TYPE_SET);
	if (sequences && type_equal(from->element, to->element))
		return true;
	if (sequences || (f == TYPE_MAP && t == TYPE_MAP))
		return conversion_possible(arena, from->element, to->element, safe);
	if ((f == TYPE_TUPLE && (t == TYPE_LIST || t == TYPE_SET)) ||
	    (f == TYPE_OBJECT && t == TYPE_MAP))
		return members_possible(arena, from, to, safe);
	if (f == TYPE_MAP && t == TYPE_OBJECT)
		return !safe && map_to_object_possible(arena, from, to);
	return false;
}

bool type_convertible(const struct type *from, const struct type *to, bool only_safe)
{
	if (type_equal(from, to))
		return true;
	struct arena *arena = arena_new();
	bool possible = conversion_possible(arena, from, to, only_safe);
	arena_free(arena);
	return possible;
}

/* ---- one type for several ---- */

static int compare_each(const struct type *a, const struct type *b);

/* Below zero: a is the more general one, values of b can become it; above zero: the other way round; 0: neither. */
static int compare_generality(const struct type *a, const struct type *b)
{
	enum type_kind x = a->kind, y = b->kind;
	if (x == TYPE_ANY || y == TYPE_ANY)
		return (x == TYPE_ANY) - (y == TYPE_ANY);
	if (type_is_primitive(a) && type_is_primitive(b))
		return (y == TYPE_STRING) - (x == TYPE_STRING);
	if (x == y && type_is_collection(a))
		return compare_generality(a->element, b->element);
	if ((x == TYPE_OBJECT && y == TYPE_OBJECT) || (x == TYPE_TUPLE && y == TYPE_TUPLE))
		return compare_each(a, b);
	/* List before tuple, map before object; tuple and list before set. Whether members fit is tried later. */
	if ((x == TYPE_LIST && y == TYPE_TUPLE) || (x == TYPE_MAP && y == TYPE_OBJECT) ||
	    (y == TYPE_SET && (x == TYPE_TUPLE || x == TYPE_LIST)))
		return -1;
	if ((x == TYPE_TUPLE && y == TYPE_LIST) || (x == TYPE_OBJECT && y == TYPE_MAP) ||
	    (x == TYPE_SET && (y == TYPE_TUPLE || y == TYPE_LIST)))
		return 1;
	return 0;
}

static int compare_each(const struct type *a, const struct type *b)
{
	if (a->count != b->count)
		return 0;
	bool a_wins = false, b_wins = false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->kind == TYPE_OBJECT && strcmp(a->attrs[i].name, b->attrs[i].name) != 0)
			return 0;
		int order = a->kind == TYPE_OBJECT
				    ? compare_generality(a->attrs[i].type, b->attrs[i].type)
				    : compare_generality(a->items[i], b->items[i]);
		a_wins = a_wins || order < 0;
		b_wins = b_wins || order > 0;
	}
	return (int)b_wins - (int)a_wins;
}

/* The types' indexes, more general ones first, else in the order given. */
static void order_by_generality(const struct type *const *types, size_t n, size_t *order)
{
	AUTO_FREE signed char *relation = xcalloc(size_mul(n, n), 1);
	AUTO_FREE size_t *waiting_for = xcalloc(n, sizeof(*waiting_for));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++) {
			int r = compare_generality(types[i], types[k]);
			relation[i * n + k] = (signed char)r;
			relation[k * n + i] = (signed char)-r;
			waiting_for[r < 0 ? k : i] += r != 0;
		}
	}
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (!waiting_for[i])
			order[count++] = i;
	}
	for (size_t next = 0; next < count; next++) {
		for (size_t k = 0; k < n; k++) {
			if (relation[order[next] * n + k] < 0 && !--waiting_for[k])
				order[count++] = k;
		}
	}
	/* A circle has no most general type; its members are tried last. */
	for (size_t i = 0; i < n && count < n; i++) {
		if (waiting_for[i])
			order[count++] = i;
	}
}

static const struct type *collection_of(struct arena *arena, enum type_kind kind,
					const struct type *element)
{
	return kind == TYPE_LIST  ? type_list(arena, element)
	       : kind == TYPE_SET ? type_set(arena, element)
				  : type_map(arena, element);
}

static bool all_possible(struct arena *arena, const struct type *const *types, size_t n,
			 const struct type *to, bool safe)
{
	for (size_t i = 0; i < n; i++) {
		if (!type_equal(types[i], to) && !conversion_possible(arena, types[i], to, safe))
			return false;
	}
	return true;
}

static const struct type *unify_collections(struct arena *arena, const struct type *const *types,
					    size_t n, bool safe)
{
	type_vec elements = {0};
	for (size_t i = 0; i < n; i++)
		vec_add(&elements, types[i]->element);
	const struct type *element = unify_types(arena, elements.items, n, safe);
	vec_free(&elements);
	if (!element)
		return NULL;
	const struct type *result = collection_of(arena, types[0]->kind, element);
	return all_possible(arena, types, n, result, safe) ? result : NULL;
}

/* Objects of different shape as a map, tuples of different length as a list: of what all members can be. */
static const struct type *unify_members(struct arena *arena, const struct type *const *types,
					size_t n, bool safe)
{
	type_vec members = {0};
	for (size_t i = 0; i < n; i++)
		members_of(types[i], &members);
	const struct type *element = unify_types(arena, members.items, members.count, safe);
	vec_free(&members);
	if (!element)
		return NULL;
	const struct type *result =
		collection_of(arena, types[0]->kind == TYPE_OBJECT ? TYPE_MAP : TYPE_LIST, element);
	return all_possible(arena, types, n, result, safe) ? result : NULL;
}

static bool same_shape(const struct type *a, const struct type *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; a->kind == TYPE_OBJECT && i < a->count; i++) {
		if (strcmp(a->attrs[i].name, b->attrs[i].name) != 0)
			return false;
	}
	return true;
}

/* Objects or tuples of one shape: member by member. */
static const struct type *unify_structures(struct arena *arena, const struct type *const *types,
					   size_t n, bool safe)
{
	const struct type *first = types[0];
	for (size_t i = 1; i < n; i++) {
		if (!same_shape(first, types[i]))
			return unify_members(arena, types, n, safe);
	}
	bool object = first->kind == TYPE_OBJECT;
	AUTO_FREE const struct type **across = xcalloc(n, sizeof(*across));
	AUTO_FREE struct type_attr *attrs = xcalloc(first->count, sizeof(*attrs));
	AUTO_FREE const struct type **items = xcalloc(first->count, sizeof(*items));
	for (uint32_t k = 0; k < first->count; k++) {
		for (size_t i = 0; i < n; i++)
			across[i] = object ? types[i]->attrs[k].type : types[i]->items[k];
		const struct type *member = unify_types(arena, across, n, safe);
		if (!member)
			return NULL;
		items[k] = member;
		attrs[k] = (struct type_attr){.name = object ? first->attrs[k].name : NULL,
					      .type = member};
	}
	const struct type *result = object ? type_object(arena, attrs, first->count)
					   : type_tuple(arena, items, first->count);
	return all_possible(arena, types, n, result, safe) ? result
							   : unify_members(arena, types, n, safe);
}

/* Maps and objects together as a map, lists and tuples as a list. NULL: another way may still be found. */
static const struct type *unify_mixed(struct arena *arena, const struct type *const *types,
				      size_t n, enum type_kind structural,
				      enum type_kind collection, bool safe)
{
	type_vec some = {0};
	for (size_t i = 0; i < n; i++) {
		if (types[i]->kind == structural)
			vec_add(&some, types[i]);
	}
	const struct type *together = unify_members(arena, some.items, some.count, safe);
	vec_free(&some);
	if (!together)
		return NULL;
	AUTO_FREE const struct type **all = xcalloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = types[i]->kind == structural ? together : types[i];
	const struct type *result = unify_types(arena, all, n, safe);
	return result && result->kind == collection ? result : NULL;
}

static const struct type *unify_distinct(struct arena *arena, const struct type *const *types,
					 size_t n, bool safe)
{
	size_t of[TYPE_TUPLE + 1] = {0};
	for (size_t i = 0; i < n; i++)
		of[types[i]->kind]++;
	size_t any = of[TYPE_ANY];
	static const struct {
		enum type_kind collection, structural;
	} pairs[] = {{TYPE_MAP, TYPE_OBJECT}, {TYPE_LIST, TYPE_TUPLE}};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		size_t collections = of[pairs[i].collection], structures = of[pairs[i].structural];
		if (collections && collections + any == n)
			return any ? &type_any : unify_collections(arena, types, n, safe);
		if (collections && collections + structures + any == n) {
			const struct type *mixed = unify_mixed(arena, types, n, pairs[i].structural,
							       pairs[i].collection, safe);
			if (mixed)
				return mixed;
		} else if (structures && structures + any == n) {
			return any ? &type_any : unify_structures(arena, types, n, safe);
		}
	}
	if (of[TYPE_SET] && of[TYPE_SET] + any == n)
		return any ? &type_any : unify_collections(arena, types, n, safe);
	if (of[TYPE_OBJECT] && of[TYPE_TUPLE])
		return NULL;
	AUTO_FREE size_t *order = xcalloc(n, sizeof(*order));
	order_by_generality(types, n, order);
	for (size_t i = 0; i < n; i++) {
		if (all_possible(arena, types, n, types[order[i]], safe))
			return types[order[i]];
	}
	return NULL;
}

const struct type *unify_types(struct arena *arena, const struct type *const *types, size_t count,
			       bool safe)
{
	/* Long lists mostly hold values of one type or a few: each is looked at once. */
	type_vec distinct = {0};
	for (size_t i = 0; i < count; i++) {
		bool seen = i && types[i] == types[i - 1];
		for (size_t k = 0; !seen && k < distinct.count; k++)
			seen = type_equal(distinct.items[k], types[i]);
		if (!seen)
			vec_add(&distinct, types[i]);
	}
	const struct type *result = NULL;
	if (distinct.count == 1)
		result = distinct.items[0];
	else if (distinct.count)
		result = unify_distinct(arena, distinct.items, distinct.count, safe);
	vec_free(&distinct);
	return result;
}

const struct type *type_unify(struct arena *arena, const struct type *const *types, size_t count)
{
	return unify_types(arena, types, count, false);
}
