/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion between types, by the rules of Terraform's language (go-cty's convert package). */
#pragma once

#include "lang/value/value.h"

struct buf;

/*
 * The value as `type`, or NULL with the reason in `why` ("a number is required", "element 2: ...",
 * "attribute \"x\" is required"). `type` may be a constraint: `any` takes what comes (in
 * collections: the one type that all members can have), missing optional attributes are filled
 * with their fallback or null. Unknown and null values convert; marks stay where they are.
 */
const struct value *value_convert(struct arena *arena, const struct value *v, const struct type *type, struct buf *why);

/*
 * The one type that values of all these types can, as far as types tell, be converted to, the more
 * general ones tried first, as conditionals and functions need it; NULL where there is none. Objects
 * unify to maps or objects as in Terraform.
 */
const struct type *type_unify(struct arena *arena, const struct type *const *types, size_t count);
/* Whether a value of type `from` could be converted to `to` (safe: for each value; else for some). */
bool type_convertible(const struct type *from, const struct type *to, bool only_safe);

/* The everyday ones: known, unmarked strings of bool, number and string; NULL for others. */
const char *value_to_text(struct arena *arena, const struct value *v);
