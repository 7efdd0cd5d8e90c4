/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once.
 *
 * An arena hands out blocks until it is reset or freed; single blocks are never freed. Under
 * address sanitizer every block is a malloc of its own, so overflows and use after reset are seen.
 */
#pragma once

#include "base/base.h"

#include <stdarg.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL accepted */
/* Gives all blocks back but keeps some memory for reuse. */
void arena_reset(struct arena *arena);
/* Bytes handed out since arena_new() or the last reset. */
size_t arena_used(const struct arena *arena);

/* Zeroed memory, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc));
void *arena_alloc_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc));
/* Bytes without alignment, not zeroed; for text. */
char *arena_alloc_text(struct arena *arena, size_t size) __attribute__((malloc));
#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array_of(arena, count, type) ((type *)arena_alloc_array((arena), (count), sizeof(type)))

/* NUL-terminated copies. */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t n);
void *arena_memdup(struct arena *arena, const void *p, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
