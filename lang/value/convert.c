/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/convert.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/convert_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where in the value we are, for messages: innermost first. */
struct place {
	const struct place *outer;
	const struct value *holder;
	size_t index;
};

struct conversion {
	struct arena *arena;
	struct buf *why;
};

static const struct value *convert(const struct conversion *c, const struct place *place,
				   const struct value *v, const struct type *to);

/* ---- messages ---- */

/* attribute "rules": element 2: attribute "port":  */
static void add_place(const struct place *place, struct buf *out)
{
	if (!place)
		return;
	add_place(place->outer, out);
	if (place->holder->type->kind == TYPE_OBJECT)
		buf_addf(out, "attribute \"%s\": ", value_key_at(place->holder, place->index));
	else if (place->holder->type->kind == TYPE_MAP)
		buf_addf(out, "element \"%s\": ", value_key_at(place->holder, place->index));
	else
		buf_addf(out, "element %zu: ", place->index);
}

static void *fail(const struct conversion *c, const struct place *place, const char *what)
{
	add_place(place, c->why);
	buf_adds(c->why, what);
	return NULL;
}

static void add_mismatch(struct arena *arena, const struct type *from, const struct type *to,
			 struct buf *out);

static void add_required(const struct type *to, struct buf *out)
{
	type_print_required(to, out);
	buf_adds(out, " required");
}

/* attribute "a" is required; attributes "a" and "b" are required; attributes "a", "b", and "c" are required */
static bool add_missing(const struct type *from, const struct type *to, struct buf *out)
{
	size_t missing = 0, named = 0;
	for (int counting = 1; counting >= 0; counting--) {
		for (uint32_t i = 0; i < to->count; i++) {
			if (to->attrs[i].optional || type_find_attr(from, to->attrs[i].name) >= 0)
				continue;
			if (counting) {
				missing++;
				continue;
			}
			const char *before = !named		    ? ""
					     : missing == 2	    ? " and "
					     : named + 1 == missing ? ", and "
								    : ", ";
			buf_addf(out, "%s\"%s\"", before, to->attrs[i].name);
			named++;
		}
		if (!missing)
			return false;
		if (counting)
			buf_adds(out, missing == 1 ? "attribute " : "attributes ");
	}
	buf_adds(out, missing == 1 ? " is required" : " are required");
	return true;
}

static void add_object_mismatch(struct arena *arena, const struct type *from, const struct type *to,
				struct buf *out)
{
	if (add_missing(from, to, out))
		return;
	/* What never fits is told before what may fit, as the graver. */
	for (int safe = 0; safe < 2; safe++) {
		for (uint32_t i = 0; i < to->count; i++) {
			ptrdiff_t k = type_find_attr(from, to->attrs[i].name);
			if (k < 0 || type_equal(from->attrs[k].type, to->attrs[i].type) ||
			    conversion_possible(arena, from->attrs[k].type, to->attrs[i].type,
						safe))
				continue;
			buf_addf(out, "attribute \"%s\": ", to->attrs[i].name);
			add_mismatch(arena, from->attrs[k].type, to->attrs[i].type, out);
			return;
		}
	}
	buf_adds(out, "incorrect object attributes");
}

static void add_member_mismatch(struct arena *arena, const struct type *from, const struct type *to,
				struct buf *out)
{
	bool object = from->kind == TYPE_OBJECT;
	if (object != (to->kind == TYPE_MAP)) {
		add_required(to, out);
		return;
	}
	for (uint32_t i = 0; i < from->count; i++) {
		const struct type *member = object ? from->attrs[i].type : from->items[i];
		if (type_equal(member, to->element) ||
		    conversion_possible(arena, member, to->element, false))
			continue;
		if (object)
			buf_addf(out, "element \"%s\": ", from->attrs[i].name);
		else
			buf_addf(out, "element %u: ", (unsigned)i);
		add_mismatch(arena, member, to->element, out);
		return;
	}
	buf_adds(out, "all elements must be ");
	type_print_required(to->element, out);
}

static const char *kind_name(const struct type *type)
{
	return type->kind == TYPE_LIST ? "list" : type->kind == TYPE_SET ? "set" : "map";
}

/* Why no value of the one type can become the other. */
static void add_mismatch(struct arena *arena, const struct type *from, const struct type *to,
			 struct buf *out)
{
	bool structural = from->kind == TYPE_OBJECT || from->kind == TYPE_TUPLE;
	if (from->kind == TYPE_OBJECT && to->kind == TYPE_OBJECT) {
		add_object_mismatch(arena, from, to, out);
	} else if (type_is_collection(to) && to->element->kind == TYPE_ANY && structural &&
		   (from->kind == TYPE_OBJECT) == (to->kind == TYPE_MAP)) {
		buf_addf(out, "all %s elements must have the same type", kind_name(to));
	} else if (structural && type_is_collection(to)) {
		add_member_mismatch(arena, from, to, out);
	} else if (type_is_collection(from) && type_is_collection(to) &&
		   (from->kind == TYPE_MAP) == (to->kind == TYPE_MAP)) {
		buf_addf(out, "incorrect %s element type: ", kind_name(to));
		add_mismatch(arena, from->element, to->element, out);
	} else {
		add_required(to, out);
	}
}

/* ---- the type of what is null or unknown ---- */

static const struct type *replace_any(struct arena *arena, const struct type *from,
				      const struct type *to);

static const struct type *replaced_element(struct arena *arena, const struct type *from,
					   const struct type *to)
{
	const struct type *element = NULL;
	bool same_family = to->kind == TYPE_MAP ? from->kind == TYPE_MAP
						: from->kind == TYPE_LIST || from->kind == TYPE_SET;
	if (same_family) {
		element = from->element;
	} else if (from->kind == TYPE_OBJECT || from->kind == TYPE_TUPLE) {
		VEC(const struct type *) members = {0};
		for (uint32_t i = 0; i < from->count; i++)
			vec_add(&members,
				from->kind == TYPE_OBJECT ? from->attrs[i].type : from->items[i]);
		element = unify_types(arena, members.items, members.count, false);
		vec_free(&members);
	}
	return element ? replace_any(arena, element, to->element) : to->element;
}

/* `to`, with what the value's own type says where `to` says any. */
static const struct type *replace_any(struct arena *arena, const struct type *from,
				      const struct type *to)
{
	if (from->kind == TYPE_ANY || !type_has_any(to))
		return to;
	switch (to->kind) {
	case TYPE_ANY:
		return from;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		return to;
	case TYPE_LIST:
		return type_list(arena, replaced_element(arena, from, to));
	case TYPE_SET:
		return type_set(arena, replaced_element(arena, from, to));
	case TYPE_MAP:
		return type_map(arena, replaced_element(arena, from, to));
	case TYPE_OBJECT: {
		AUTO_FREE struct type_attr *attrs = xcalloc(to->count, sizeof(*attrs));
		for (uint32_t i = 0; i < to->count; i++) {
			attrs[i] = to->attrs[i];
			ptrdiff_t k = type_find_attr(from, attrs[i].name);
			const struct type *given = from->kind == TYPE_MAP ? from->element
						   : k >= 0		  ? from->attrs[k].type
									  : NULL;
			if (given)
				attrs[i].type = replace_any(arena, given, attrs[i].type);
		}
		return type_object(arena, attrs, to->count);
	}
	case TYPE_TUPLE: {
		AUTO_FREE const struct type **items = xcalloc(to->count, sizeof(*items));
		for (uint32_t i = 0; i < to->count; i++) {
			bool given = from->kind == TYPE_TUPLE && i < from->count;
			items[i] = given ? replace_any(arena, from->items[i], to->items[i])
					 : to->items[i];
		}
		return type_tuple(arena, items, to->count);
	}
	}
	bug("unknown kind of type %d", to->kind);
}

/* ---- values ---- */

static const struct value *convert_primitive(const struct conversion *c, const struct place *place,
					     const struct value *v, const struct type *to)
{
	if (to->kind == TYPE_STRING) {
		if (v->type->kind == TYPE_BOOL)
			return v->boolean ? value_string_raw(c->arena, "true", 4)
					  : value_string_raw(c->arena, "false", 5);
		const char *text = number_print(c->arena, v->number);
		return value_string_raw(c->arena, text, strlen(text));
	}
	if (to->kind == TYPE_NUMBER) {
		struct number n;
		if (!number_parse(c->arena, v->text, v->count, &n))
			return fail(c, place, "a number is required");
		return value_number(c->arena, n);
	}
	if (value_is_text(v, "true") || value_is_text(v, "1"))
		return &value_true;
	if (value_is_text(v, "false") || value_is_text(v, "0"))
		return &value_false;
	if (!strcasecmp(v->text, "true"))
		return fail(c, place,
			    "a bool is required; to convert from string, use lowercase \"true\"");
	if (!strcasecmp(v->text, "false"))
		return fail(c, place,
			    "a bool is required; to convert from string, use lowercase \"false\"");
	return fail(c, place, "a bool is required");
}

/* A member as a type; unchanged where it has that type. Null members lose what only constraints have. */
static const struct value *convert_member(const struct conversion *c, const struct place *outer,
					  const struct value *holder, size_t i,
					  const struct type *to)
{
	const struct value *v = holder->items[i];
	if (v->type == to || type_equal(v->type, to))
		return v;
	struct place place = {.outer = outer, .holder = holder, .index = i};
	return convert(c, &place, v, to);
}

/* All members as one element type; NULL after an error. */
static const struct value **convert_members(const struct conversion *c, const struct place *place,
					    const struct value *v, const struct type *element)
{
	const struct value **items =
		arena_array_of(c->arena, v->count ? v->count : 1, const struct value *);
	for (uint32_t i = 0; i < v->count; i++) {
		items[i] = convert_member(c, place, v, i, element);
		if (!items[i])
			return NULL;
	}
	return items;
}

static bool all_of_one_type(const struct value *const *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (!type_equal(items[0]->type, items[i]->type))
			return false;
	}
	return true;
}

/*
 * The one type of all members, NULL where they differ. A null or unknown member of any type takes
 * the type of the others.
 */
static const struct type *agree(const struct conversion *c, const struct value **items, size_t n)
{
	const struct type *type = &type_any;
	for (size_t i = 0; i < n; i++) {
		if (type->kind == TYPE_ANY)
			type = items[i]->type;
		else if (items[i]->type->kind != TYPE_ANY && !type_equal(items[i]->type, type))
			return NULL;
	}
	for (size_t i = 0; type->kind != TYPE_ANY && i < n; i++) {
		if (items[i]->type->kind == TYPE_ANY)
			items[i] = convert(c, NULL, items[i], type);
	}
	return type;
}

/* Members that were converted one by one may still differ where the constraint says any: they meet here. */
static bool unify_members(const struct conversion *c, const struct place *place,
			  const struct value *holder, const struct value **items, size_t n)
{
	if (all_of_one_type(items, n))
		return true;
	AUTO_FREE const struct type **types = xcalloc(n, sizeof(*types));
	for (size_t i = 0; i < n; i++)
		types[i] = items[i]->type;
	const struct type *one = unify_types(c->arena, types, n, false);
	if (!one)
		return fail(c, place, "cannot find a common base type for all elements");
	for (size_t i = 0; i < n; i++) {
		struct place at = {.outer = place, .holder = holder, .index = i};
		if (!type_equal(items[i]->type, one))
			items[i] = convert(c, &at, items[i], one);
		if (!items[i])
			return false;
	}
	return true;
}

static const struct value *convert_to_collection(const struct conversion *c,
						 const struct place *place, const struct value *v,
						 const struct type *to)
{
	bool structural = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_TUPLE;
	enum type_kind kind = to->kind;
	/* How many members a set with unknown ones has is not known. */
	if (v->type->kind == TYPE_SET && kind == TYPE_LIST && v->deep_unknown && v->count > 1)
		return value_unknown_not_null(c->arena, type_list(c->arena, v->type->element));
	const struct type *element =
		structural && v->count ? element_for(c->arena, v->type, to, false) : to->element;
	if (!element)
		return fail(c, place, "cannot find a common base type for all elements");
	const struct value **items = convert_members(c, place, v, element);
	if (!items)
		return NULL;
	bool compound = type_is_collection(element) || element->kind == TYPE_OBJECT;
	bool unifies =
		kind == TYPE_LIST ? v->type->kind == TYPE_TUPLE : kind == TYPE_MAP && compound;
	if (unifies && !unify_members(c, place, v, items, v->count))
		return NULL;
	const struct type *common = agree(c, items, v->count);
	if (!common)
		return fail(
			c, place,
			kind == TYPE_LIST  ? "element types must all match for conversion to list"
			: kind == TYPE_SET ? "element types must all match for conversion to set"
			: v->type->kind == TYPE_OBJECT
				? "attribute types must all match for conversion to map"
				: "element types must all match for conversion to map");
	element = type_concrete(c->arena, v->count ? common : element);
	/* What was empty stays of the kind it was, so that converting again changes nothing. */
	if (!v->count && !structural)
		element = replace_any(c->arena, v->type->element, element);
	if (kind == TYPE_LIST)
		return value_list(c->arena, element, items, v->count);
	if (kind == TYPE_SET)
		return value_set(c->arena, element, items, v->count);
	if (v->type->kind == TYPE_MAP)
		return value_map(c->arena, element, v->keys, items, v->count);
	AUTO_FREE const char **keys = xcalloc(v->count, sizeof(*keys));
	for (uint32_t i = 0; i < v->count; i++)
		keys[i] = v->type->attrs[i].name;
	return value_map(c->arena, element, keys, items, v->count);
}

/* An object of attributes that are in the order of `to`: of that type where they have its attributes' types. */
static const struct value *make_object(const struct conversion *c, const struct type *to,
				       const struct value *const *items)
{
	const struct type *concrete = type_concrete(c->arena, to);
	bool fits = true;
	for (uint32_t i = 0; fits && i < to->count; i++)
		fits = type_equal(items[i]->type, concrete->attrs[i].type);
	if (fits)
		return value_object_of(c->arena, concrete, items);
	AUTO_FREE const char **names = xcalloc(to->count, sizeof(*names));
	for (uint32_t i = 0; i < to->count; i++)
		names[i] = to->attrs[i].name;
	return value_object(c->arena, names, items, to->count);
}

static const struct value *convert_to_object(const struct conversion *c, const struct place *place,
					     const struct value *v, const struct type *to)
{
	bool from_map = v->type->kind == TYPE_MAP;
	const struct value **items =
		arena_array_of(c->arena, to->count ? to->count : 1, const struct value *);
	for (uint32_t i = 0; i < v->count; i++) {
		ptrdiff_t k = type_find_attr(to, value_key_at(v, i));
		if (k < 0)
			continue;
		const struct type *attr = to->attrs[k].type;
		if (from_map && !type_equal(v->type->element, attr) &&
		    !conversion_possible(c->arena, v->type->element, attr, false)) {
			AUTO_BUF struct buf what = BUF_INIT;
			buf_addf(&what, "map element type is incompatible with attribute \"%s\": ",
				 to->attrs[k].name);
			add_mismatch(c->arena, v->type->element, attr, &what);
			return fail(c, place, what.ptr);
		}
		items[k] = convert_member(c, place, v, i, attr);
		if (!items[k])
			return NULL;
	}
	for (uint32_t i = 0; i < to->count; i++) {
		if (items[i])
			continue;
		if (!to->attrs[i].optional) {
			AUTO_BUF struct buf what = BUF_INIT;
			buf_addf(&what, "map has no element for required attribute \"%s\"",
				 to->attrs[i].name);
			return fail(c, place, what.ptr);
		}
		items[i] = value_null(c->arena, type_concrete(c->arena, to->attrs[i].type));
	}
	return make_object(c, to, items);
}

static const struct value *convert_tuple(const struct conversion *c, const struct place *place,
					 const struct value *v, const struct type *to)
{
	AUTO_FREE const struct value **items = xcalloc(v->count, sizeof(*items));
	for (uint32_t i = 0; i < v->count; i++) {
		items[i] = convert_member(c, place, v, i, to->items[i]);
		if (!items[i])
			return NULL;
	}
	return value_tuple(c->arena, items, v->count);
}

static const struct value *convert_known(const struct conversion *c, const struct place *place,
					 const struct value *v, const struct type *to)
{
	switch (to->kind) {
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		return convert_primitive(c, place, v, to);
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		return convert_to_collection(c, place, v, to);
	case TYPE_OBJECT:
		return convert_to_object(c, place, v, to);
	case TYPE_TUPLE:
		return convert_tuple(c, place, v, to);
	case TYPE_ANY:
		break;
	}
	return v;
}

/* The conversion is possible for the value's type, and that is another one. */
static const struct value *convert(const struct conversion *c, const struct place *place,
				   const struct value *v, const struct type *to)
{
	if (to->kind == TYPE_ANY || type_equal(v->type, to))
		return v;
	unsigned marks = v->marks;
	const struct value *plain = value_unmark(c->arena, v), *result;
	if (v->state == VALUE_KNOWN) {
		result = convert_known(c, place, plain, to);
	} else {
		const struct type *type =
			replace_any(c->arena, v->type, type_concrete(c->arena, to));
		result = v->state == VALUE_NULL ? value_null(c->arena, type)
			 : v->not_null		? value_unknown_not_null(c->arena, type)
						: value_unknown(c->arena, type);
	}
	return result && marks ? value_mark(c->arena, result, marks) : result;
}

/* ---- fallbacks ---- */

static bool has_fallback(const struct type *t)
{
	if (t->states)
		return false; /* types with fallbacks are not shared */
	if (type_is_collection(t))
		return has_fallback(t->element);
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->kind == TYPE_OBJECT ? t->attrs[i].fallback || has_fallback(t->attrs[i].type)
					   : has_fallback(t->items[i]))
			return true;
	}
	return false;
}

static const struct value *fill(const struct conversion *c, const struct value *v,
				const struct type *type);

/* What the constraint says of a member, by the kind of the constraint, whatever the kind of the value. */
static const struct type *member_type(const struct type *type, const struct value *v, size_t i)
{
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	if (type_is_collection(type))
		return type->element;
	if (type->kind == TYPE_TUPLE && !named)
		return i < type->count ? type->items[i] : NULL;
	ptrdiff_t k = named ? type_find_attr(type, value_key_at(v, i)) : -1;
	return k < 0 ? NULL : type->attrs[k].type;
}

static const struct value *fill_sequence(const struct conversion *c, const struct value *v,
					 const struct value **items)
{
	if (v->type->kind == TYPE_TUPLE || !all_of_one_type(items, v->count))
		return value_tuple(c->arena, items, v->count);
	return v->type->kind == TYPE_SET ? value_set(c->arena, items[0]->type, items, v->count)
					 : value_list(c->arena, items[0]->type, items, v->count);
}

/* Attributes that are missing or null get their fallback. */
static const struct value *fill_named(const struct conversion *c, const struct value *v,
				      const struct type *type, const struct value **items)
{
	VEC(const char *) names = {0};
	VEC(const struct value *) values = {0};
	for (uint32_t i = 0; i < v->count; i++) {
		vec_add(&names, value_key_at(v, i));
		vec_add(&values, items[i]);
	}
	for (uint32_t i = 0; type->kind == TYPE_OBJECT && i < type->count; i++) {
		if (!type->attrs[i].fallback)
			continue;
		size_t k = 0;
		while (k < v->count && strcmp(names.items[k], type->attrs[i].name) != 0)
			k++;
		if (k < v->count && !value_is_null(values.items[k]))
			continue;
		const struct value *fallback =
			fill(c, type->attrs[i].fallback, type->attrs[i].type);
		if (k < v->count) {
			values.items[k] = fallback;
		} else {
			vec_add(&names, type->attrs[i].name);
			vec_add(&values, fallback);
		}
	}
	const struct value *result;
	if (v->type->kind == TYPE_MAP && all_of_one_type(values.items, values.count)) {
		const struct type *element =
			values.count ? values.items[0]->type : v->type->element;
		result = value_map(c->arena, element, names.items, values.items, values.count);
	} else {
		result = value_object(c->arena, names.items, values.items, values.count);
	}
	vec_free(&names);
	vec_free(&values);
	return result;
}

/* The value with the constraint's fallbacks put in, before it is converted. */
static const struct value *fill(const struct conversion *c, const struct value *v,
				const struct type *type)
{
	if (v->state != VALUE_KNOWN || type_is_primitive(v->type) || !has_fallback(type))
		return v;
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	if (!v->count && !named)
		return v;
	const struct value **items =
		arena_array_of(c->arena, v->count ? v->count : 1, const struct value *);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct type *member = member_type(type, v, i);
		items[i] = member ? fill(c, v->items[i], member) : v->items[i];
	}
	const struct value *result =
		named ? fill_named(c, v, type, items) : fill_sequence(c, v, items);
	return v->marks ? value_mark(c->arena, result, v->marks) : result;
}

const struct value *value_convert(struct arena *arena, const struct value *v,
				  const struct type *type, struct buf *why)
{
	if (v->type == type)
		return v;
	AUTO_BUF struct buf unheard = BUF_INIT;
	struct conversion c = {.arena = arena, .why = why ? why : &unheard};
	v = fill(&c, v, type);
	if (type_equal(v->type, type_concrete(arena, type)))
		return v;
	if (!conversion_possible(arena, v->type, type, false)) {
		add_mismatch(arena, v->type, type, c.why);
		return NULL;
	}
	return convert(&c, NULL, v, type);
}

const char *value_to_text(struct arena *arena, const struct value *v)
{
	if (v->state != VALUE_KNOWN || v->marks)
		return NULL;
	switch (v->type->kind) {
	case TYPE_BOOL:
		return v->boolean ? "true" : "false";
	case TYPE_NUMBER:
		return number_print(arena, v->number);
	case TYPE_STRING:
		return v->text;
	case TYPE_ANY:
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return NULL;
}
