/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_PER_ALLOCATION 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_PER_ALLOCATION 1
#endif
#endif
#ifndef BLOCK_PER_ALLOCATION
#define BLOCK_PER_ALLOCATION 0
#endif

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
	struct block *next;
	size_t size; /* bytes behind this header */
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks; /* newest first; only the newest has room */
	size_t used;          /* bytes of the newest block in use */
	size_t next_size;
	size_t total;
};

struct arena *arena_new(void)
{
	struct arena *arena = xcalloc(1, sizeof(*arena));
	arena->next_size = FIRST_BLOCK;
	return arena;
}

static void free_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	free_blocks(arena->blocks);
	free(arena);
}

void arena_reset(struct arena *arena)
{
	struct block *kept = BLOCK_PER_ALLOCATION ? NULL : arena->blocks;
	if (kept) {
		free_blocks(kept->next);
		kept->next = NULL;
	} else {
		free_blocks(arena->blocks);
	}
	arena->blocks = kept;
	arena->used = 0;
	arena->total = 0;
}

size_t arena_used(const struct arena *arena)
{
	return arena->total;
}

static void add_block(struct arena *arena, size_t at_least)
{
	size_t size = arena->next_size;
	if (BLOCK_PER_ALLOCATION || size < at_least)
		size = at_least;
	if (arena->next_size < LARGEST_BLOCK)
		arena->next_size *= 2;
	if (size > SIZE_MAX - sizeof(struct block))
		out_of_memory();
	struct block *block = xmalloc(sizeof(*block) + size);
	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->used = 0;
}

static char *take(struct arena *arena, size_t size, size_t align)
{
	size_t start = (arena->used + align - 1) & ~(align - 1);
	if (BLOCK_PER_ALLOCATION || !arena->blocks || start > arena->blocks->size ||
	    size > arena->blocks->size - start) {
		add_block(arena, size);
		start = 0;
	}
	arena->used = start + size;
	arena->total += size;
	return arena->blocks->data + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size, alignof(max_align_t)), 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	return arena_alloc(arena, size_mul(count, size));
}

char *arena_alloc_text(struct arena *arena, size_t size)
{
	return take(arena, size, 1);
}

char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
	char *copy = arena_alloc_text(arena, n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

void *arena_memdup(struct arena *arena, const void *p, size_t n)
{
	void *copy = take(arena, n, alignof(max_align_t));
	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
	char most[256]; /* texts fit into this */
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(most, sizeof(most), fmt, args);
	if (n < 0)
		bug("cannot format \"%s\"", fmt);
	char *text = arena_alloc_text(arena, (size_t)n + 1);
	if ((size_t)n < sizeof(most))
		memcpy(text, most, (size_t)n + 1);
	else
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = arena_vprintf(arena, fmt, args);
	va_end(args);
	return text;
}
