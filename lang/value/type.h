/* SPDX-License-Identifier: Apache-2.0 */
/* Types of values, and type constraints (types with `optional()` attributes and `any`). */
#pragma once

#include "base/arena.h"

struct buf;
struct value;

enum type_kind {
	TYPE_ANY, /* not yet known: the type of `null` as written, and of wholly unknown values */
	TYPE_BOOL,
	TYPE_NUMBER,
	TYPE_STRING,
	TYPE_LIST,
	TYPE_SET,
	TYPE_MAP,
	TYPE_OBJECT,
	TYPE_TUPLE,
};

struct type;

struct type_attr {
	const char *name;
	const struct type *type;
	bool optional;                /* constraints only: optional(T) */
	const struct value *fallback; /* constraints only: optional(T, fallback), or NULL */
};

struct type {
	enum type_kind kind;
	uint32_t count; /* of attrs or items */
	union {
		const struct type *element;       /* list, set, map */
		const struct type_attr *attrs;    /* object: sorted by name (bytes) */
		const struct type *const *items;  /* tuple */
	};
	/*
	 * Types are shared: equal ones are, as a rule, one object that lives as long as the program. These
	 * have their null and their unknown value here. NULL: a type in an arena (a very large one, one
	 * with fallbacks, or one made by hand).
	 */
	const struct value *states;
};

extern const struct type type_any, type_bool, type_number, type_string;
/* The everyday ones, shared. */
extern const struct type type_list_of_string, type_set_of_string, type_map_of_string, type_empty_object, type_empty_tuple;

const struct type *type_list(struct arena *arena, const struct type *element);
const struct type *type_set(struct arena *arena, const struct type *element);
const struct type *type_map(struct arena *arena, const struct type *element);
/* Attributes in any order, names different; they are copied and sorted (names are not copied). */
const struct type *type_object(struct arena *arena, const struct type_attr *attrs, size_t count);
const struct type *type_tuple(struct arena *arena, const struct type *const *items, size_t count);
const struct type *type_copy(struct arena *arena, const struct type *type);

bool type_equal(const struct type *a, const struct type *b);
static inline bool type_is_primitive(const struct type *t)
{
	return t->kind == TYPE_BOOL || t->kind == TYPE_NUMBER || t->kind == TYPE_STRING;
}
static inline bool type_is_collection(const struct type *t)
{
	return t->kind == TYPE_LIST || t->kind == TYPE_SET || t->kind == TYPE_MAP;
}
/* Whether TYPE_ANY stands anywhere in it. */
bool type_has_any(const struct type *type);
/* The attribute's index in attrs, or -1. */
ptrdiff_t type_find_attr(const struct type *object, const char *name);

/* The same type without optional() and fallbacks, as values have it. */
const struct type *type_concrete(struct arena *arena, const struct type *type);

/* As messages say it: "list of string", "object", "bool"; "dynamic" for any. */
void type_print_friendly(const struct type *type, struct buf *out);
/* The same for what is required: "any type", "list of any single type". */
void type_print_required(const struct type *type, struct buf *out);
/* As the language writes it: list(string), object({ a = number }). */
void type_print(const struct type *type, struct buf *out);
/* The JSON form of Terraform's documents: "string", ["list","string"], ["object",{...}]. */
void type_print_json(const struct type *type, struct buf *out);
