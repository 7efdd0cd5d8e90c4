/* SPDX-License-Identifier: Apache-2.0 */
/* Which items of two lists belong together. */
#include "plans/render_internal.h"

/* Past this many comparisons the middle parts of two lists are shown as wholly replaced. */
enum { CELLS_MAX = 4 * 1024 * 1024 };

static bool is_reordered(const struct item_lists *l)
{
	for (size_t i = 0; i < l->before_count; i++) {
		bool met = l->same(l->before[i], l->after[i]);
		for (size_t k = 0; !met && k < l->after_count; k++)
			met = l->same(l->before[i], l->after[k]);
		if (!met)
			return false;
	}
	return true;
}

static bool is_identical(const struct item_lists *l)
{
	for (size_t i = 0; i < l->before_count; i++) {
		if (!l->same(l->before[i], l->after[i]))
			return false;
	}
	return true;
}

/* The positions (in `before`) of a longest common part of both. */
static size_t common_part(struct arena *arena, const struct item_lists *l, size_t *out)
{
	size_t rows = l->after_count, columns = l->before_count;
	uint32_t *lengths = arena_array_of(arena, (rows + 1) * (columns + 1), uint32_t);
	uint8_t *equal = (uint8_t *)arena_array_of(arena, rows * columns + 1, uint8_t);
	size_t width = columns + 1;
	for (size_t y = 1; y <= rows; y++) {
		for (size_t x = 1; x <= columns; x++) {
			uint32_t left = lengths[y * width + x - 1], up = lengths[(y - 1) * width + x];
			if (l->same(l->before[x - 1], l->after[y - 1])) {
				equal[(y - 1) * columns + x - 1] = 1;
				lengths[y * width + x] = lengths[(y - 1) * width + x - 1] + 1;
			} else {
				lengths[y * width + x] = left > up ? left : up;
			}
		}
	}
	size_t count = lengths[rows * width + columns], at = count;
	for (size_t x = columns, y = rows; x && y;) {
		if (equal[(y - 1) * columns + x - 1])
			out[--at] = --x, y--;
		else if (lengths[y * width + x - 1] > lengths[(y - 1) * width + x])
			x--;
		else
			y--;
	}
	return count;
}

static size_t walk(const struct item_lists *l, const size_t *common, size_t common_count, struct item_pair *out)
{
	size_t b = 0, a = 0, c = 0, n = 0;
	while (b < l->before_count || a < l->after_count || c < common_count) {
		const void *next = c < common_count ? l->before[common[c]] : NULL;
		bool left = c < common_count;
		while (b < l->before_count && (!left || !l->same(l->before[b], next))) {
			bool changed = l->is_object && l->is_object(l->before[b]) && a < l->after_count && l->is_object(l->after[a]) &&
				       (!left || !l->same(l->after[a], next));
			out[n++] = (struct item_pair){(ptrdiff_t)b++, changed ? (ptrdiff_t)a++ : -1};
		}
		while (a < l->after_count && (!left || !l->same(l->after[a], next)))
			out[n++] = (struct item_pair){-1, (ptrdiff_t)a++};
		if (left) {
			out[n++] = (struct item_pair){(ptrdiff_t)b++, (ptrdiff_t)a++};
			c++;
		}
	}
	return n;
}

size_t pair_items(struct arena *arena, const struct item_lists *l, struct item_pair *out)
{
	bool small = l->before_count <= CELLS_MAX / (l->after_count + 1);
	if (l->before_count == l->after_count && (is_identical(l) || !small || !is_reordered(l))) {
		for (size_t i = 0; i < l->before_count; i++)
			out[i] = (struct item_pair){(ptrdiff_t)i, (ptrdiff_t)i};
		return l->before_count;
	}
	if (small) {
		size_t *common = arena_array_of(arena, l->before_count, size_t);
		return walk(l, common, common_part(arena, l, common), out);
	}
	/* what both begin and end with, and all between as it comes */
	size_t n = 0, head = 0, tail = 0;
	while (head < l->before_count && head < l->after_count && l->same(l->before[head], l->after[head]))
		out[n++] = (struct item_pair){(ptrdiff_t)head, (ptrdiff_t)head}, head++;
	while (tail < l->before_count - head && tail < l->after_count - head &&
	       l->same(l->before[l->before_count - 1 - tail], l->after[l->after_count - 1 - tail]))
		tail++;
	for (size_t i = head; i < l->before_count - tail; i++)
		out[n++] = (struct item_pair){(ptrdiff_t)i, -1};
	for (size_t i = head; i < l->after_count - tail; i++)
		out[n++] = (struct item_pair){-1, (ptrdiff_t)i};
	for (size_t i = tail; i > 0; i--)
		out[n++] = (struct item_pair){(ptrdiff_t)(l->before_count - i), (ptrdiff_t)(l->after_count - i)};
	return n;
}
