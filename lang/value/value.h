/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the language: immutable, in arenas, shared freely.
 *
 * A value is known, null or unknown ("known after apply"), and has a type in each case. It may
 * carry marks (sensitive). Marks and unknowns may sit anywhere inside; value_is_wholly_known() and
 * value_marks_deep() answer from flags kept in each value, without a walk.
 *
 * "Not written" is no value at all: a NULL pointer where a function says so.
 */
#pragma once

#include "base/arena.h"
#include "lang/value/number.h"
#include "lang/value/type.h"

enum value_state { VALUE_KNOWN, VALUE_NULL, VALUE_UNKNOWN };

enum value_marks {
	VALUE_SENSITIVE = 1u << 0,
	VALUE_EPHEMERAL = 1u << 1,
	VALUE_UNREAD = 1u << 2, /* a placeholder: nothing has asked for this attribute yet */
};

struct value {
	const struct type *type;
	uint8_t state;         /* enum value_state */
	uint8_t marks;         /* enum value_marks of this value itself */
	uint8_t deep_marks;    /* of it and all inside */
	bool deep_unknown : 1; /* unknown, or something inside is */
	bool not_null : 1;     /* unknown values: known not to be null */
	/*
	 * How large it is when it is written out, and what it shares with itself is not: bytes, as a power of two,
	 * rounded down at each level. So [a, a] of [b, b] of ... is found out before anybody copies it.
	 */
	unsigned char size_class : 6;
	uint32_t count;        /* bytes of a string; members of a collection, object or tuple */
	union {
		bool boolean;
		struct number number;
		const char *text; /* UTF-8, NUL-terminated (NUL may also stand inside: `count` rules) */
		struct {
			const struct value *const *items; /* map: by key; set: in set order; object: as type->attrs */
			const char *const *keys;          /* map only: sorted by bytes, NUL-terminated */
		};
	};
};

/* ---- making ---- */

extern const struct value value_true, value_false, value_empty_string, value_null_any, value_unknown_any;
extern const struct value value_null_string, value_unknown_string;

static inline const struct value *value_bool(bool b)
{
	return b ? &value_true : &value_false;
}
const struct value *value_number(struct arena *arena, struct number n);
const struct value *value_int(struct arena *arena, int64_t i);
/*
 * Copies the text. As Terraform does, strings are brought to Unicode normal form C and invalid
 * UTF-8 is replaced by U+FFFD; `raw` skips that for text that is known to be in order (ASCII).
 */
const struct value *value_string(struct arena *arena, const char *text);
const struct value *value_string_n(struct arena *arena, const char *text, size_t len);
const struct value *value_string_raw(struct arena *arena, const char *text, size_t len);
/* A formatted string. */
const struct value *value_stringf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
const struct value *value_null(struct arena *arena, const struct type *type);
const struct value *value_unknown(struct arena *arena, const struct type *type);
const struct value *value_unknown_not_null(struct arena *arena, const struct type *type);

/* Collections take arrays of values (the pointers are copied). Items of lists, sets and maps already have the element type. */
const struct value *value_list(struct arena *arena, const struct type *element, const struct value *const *items, size_t n);
/* Sorts and drops equal members; marks of members move to the set. */
const struct value *value_set(struct arena *arena, const struct type *element, const struct value *const *items, size_t n);
/* Keys in any order (copied, sorted); of equal keys the last one wins. */
const struct value *value_map(struct arena *arena, const struct type *element, const char *const *keys,
			      const struct value *const *items, size_t n);
/* The type is made of the members' types. */
const struct value *value_tuple(struct arena *arena, const struct value *const *items, size_t n);
/* A tuple of an existing type. */
const struct value *value_tuple_of(struct arena *arena, const struct type *type, const struct value *const *items);
/* Names in any order, of equal names the last one wins; the type is made of the members' types. */
const struct value *value_object(struct arena *arena, const char *const *names, const struct value *const *items, size_t n);
/* An object of an existing type: items in the order of type->attrs. */
const struct value *value_object_of(struct arena *arena, const struct type *type, const struct value *const *items);

/* The value with marks added (the same pointer where it has them already). */
const struct value *value_mark(struct arena *arena, const struct value *v, unsigned marks);
/* Without the marks of itself / of itself and all inside. */
const struct value *value_unmark(struct arena *arena, const struct value *v);
const struct value *value_unmark_deep(struct arena *arena, const struct value *v);
const struct value *value_copy(struct arena *arena, const struct value *v);

/* ---- asking ---- */

static inline bool value_is_null(const struct value *v)
{
	return v->state == VALUE_NULL;
}
static inline bool value_is_known(const struct value *v) /* known itself (null counts); members may be unknown */
{
	return v->state != VALUE_UNKNOWN;
}
static inline bool value_is_wholly_known(const struct value *v)
{
	return !v->deep_unknown;
}
static inline bool value_is_sensitive(const struct value *v)
{
	return v->marks & VALUE_SENSITIVE;
}
static inline unsigned value_marks_deep(const struct value *v)
{
	return v->deep_marks;
}
/* A known, not null string/bool/... */
static inline bool value_is_a(const struct value *v, enum type_kind kind)
{
	return v->state == VALUE_KNOWN && v->type->kind == kind;
}
static inline bool value_is_true(const struct value *v)
{
	return value_is_a(v, TYPE_BOOL) && v->boolean;
}
/* A known string that is this text. */
bool value_is_text(const struct value *v, const char *text);

/* A member of a known object or map by name, NULL when there is none (or v is null or unknown). Marks of v are not passed on. */
const struct value *value_get(const struct value *v, const char *name);
/* The text of a known string member, or NULL. */
const char *value_get_text(const struct value *v, const char *name);
/* The member's key: attribute name of an object, key of a map. */
const char *value_key_at(const struct value *v, size_t i);

/* Equal in every respect: type, state, marks, content. */
bool value_identical(const struct value *a, const struct value *b);
/* A total order for set members and sorting: equal content gives 0; marks are not looked at. */
int value_compare(const struct value *a, const struct value *b);
/* The language's ==: a bool, unknown where that cannot be said yet; marks of both (deep) on the result. */
const struct value *value_equal(struct arena *arena, const struct value *a, const struct value *b);
/* The same, for two values without unknowns, as a C bool; numbers by value; marks ignored. */
bool value_same(const struct value *a, const struct value *b);

/*
 * Walks through all values inside (parents first). `path` is a stack of steps; return false from
 * the function to leave out what is inside.
 */
struct value_step {
	const char *name;        /* attribute or map key; NULL: index or set member */
	size_t index;            /* position in a list or tuple */
	const struct value *member; /* of a set */
};
typedef bool (*value_walk_fn)(void *ctx, const struct value_step *path, size_t depth, const struct value *v);
void value_walk(const struct value *v, value_walk_fn fn, void *ctx);

/* ---- printing ---- */

struct buf;
/* As `terraform console` prints a result: quoted strings, heredocs for many lines, tolist([...]), (sensitive value). */
void value_print(const struct value *v, struct buf *out);
/* A name or a quoted string for an object key: letters, digits, - and _ are plain. */
void value_print_key(const char *key, struct buf *out);
/* A double-quoted string with the language's escapes ("\n", "\"", "$${"). */
void value_print_quoted(const char *text, size_t len, struct buf *out);
/* As Go's %q has it, without the template's escapes: how plans and the console show a string. */
void value_print_shown(const char *text, size_t len, struct buf *out);
