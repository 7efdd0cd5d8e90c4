/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing arrays on the heap: `VEC(struct thing) things = {0};`, `vec_add(&things, x)`,
 * `things.items[i]`, `things.count`, `vec_free(&things)`. Pointers into items move when it grows.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#define VEC(type)             \
	struct {              \
		type *items;  \
		size_t count; \
		size_t cap;   \
	}

#define vec_reserve(v, more)                                                                    \
	do {                                                                                    \
		if ((v)->cap - (v)->count < (size_t)(more)) {                                   \
			(v)->cap = (v)->cap * 2 > (v)->count + (more) ? (v)->cap * 2            \
								      : (v)->count + (more);    \
			if ((v)->cap < 8)                                                       \
				(v)->cap = 8;                                                   \
			(v)->items = xrealloc((v)->items, (v)->cap, sizeof(*(v)->items));       \
		}                                                                               \
	} while (0)
#define vec_add(v, ...)                                     \
	do {                                                \
		vec_reserve((v), 1);                        \
		/* counted when it is there: what is added may be found by a look at the others */ \
		(v)->items[(v)->count] = (__VA_ARGS__);     \
		(v)->count++;                               \
	} while (0)
#define vec_pop(v) ((v)->items[--(v)->count])
#define vec_free(v)                       \
	do {                              \
		free((v)->items);         \
		(v)->items = NULL;        \
		(v)->count = (v)->cap = 0; \
	} while (0)
/* A copy of the items in the arena (NULL when there are none). */
#define vec_copy(v, arena) \
	((v)->count ? arena_memdup((arena), (v)->items, size_mul((v)->count, sizeof(*(v)->items))) : NULL)
