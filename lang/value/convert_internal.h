/* SPDX-License-Identifier: Apache-2.0 */
/* What unify.c (types) and convert.c (values) share. */
#pragma once

#include "lang/value/type.h"

/* Whether values of one type can become another, different one: each value (`safe`), or some. */
bool conversion_possible(struct arena *arena, const struct type *from, const struct type *to,
			 bool safe);
/* The one type for several; NULL where there is none. */
const struct type *unify_types(struct arena *arena, const struct type *const *types, size_t count,
			       bool safe);
/* The element type of collection `to` made of the object or tuple `from`; NULL where there is none. */
const struct type *element_for(struct arena *arena, const struct type *from, const struct type *to,
			       bool safe);
