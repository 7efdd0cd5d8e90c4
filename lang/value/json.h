/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out (a reader of its own, so that numbers keep their digits). */
#pragma once

#include "lang/value/value.h"

struct buf;

/*
 * JSON text as a value: objects and tuples, as jsondecode gives them; numbers keep all their
 * digits. NULL with the reason (and place) in `why`. Depth is limited to 500.
 */
const struct value *value_from_json(struct arena *arena, const char *text, size_t len, struct buf *why);
/*
 * JSON text read as a known type, as Terraform's state holds it: missing attributes become null,
 * unknown ones are left out; what the type leaves open is an object of "value" and "type". NULL
 * with `why`.
 */
const struct value *value_from_json_as(struct arena *arena, const char *text, size_t len, const struct type *type, struct buf *why);
/*
 * The value as JSON, compact; keys sorted; < > & escaped as \u003c ... where `html_safe` (jsonencode).
 * The value is wholly known; marks are ignored. Sets and tuples become arrays.
 */
void value_to_json(const struct value *v, bool html_safe, struct buf *out);
/* With indentation of two blanks; for what people read. */
void value_to_json_pretty(const struct value *v, struct buf *out);
/* A JSON string literal. */
void json_add_string(struct buf *out, const char *text, size_t len, bool html_safe);

/* The type whose JSON form (type_print_json()) was read as a value; NULL when it is none. */
const struct type *type_from_json_value(struct arena *arena, const struct value *form);

/*
 * The storage form, which keeps everything: type, unknowns, marks. Used for saved plans and state.
 * value_unpack() gives NULL with `why` on damaged input.
 */
void value_pack(const struct value *v, struct buf *out);
const struct value *value_unpack(struct arena *arena, const char *bytes, size_t len, struct buf *why);
/*
 * The same in two parts, for who keeps many values of few types and stores each type once.
 * type_unpack() takes all of the bytes; value_unpack_of() needs the very type that was packed.
 */
void type_pack(const struct type *type, struct buf *out);
const struct type *type_unpack(struct arena *arena, const char *bytes, size_t len, struct buf *why);
void value_pack_content(const struct value *v, struct buf *out);
const struct value *value_unpack_of(struct arena *arena, const struct type *type, const char *bytes, size_t len,
				    struct buf *why);
