/* SPDX-License-Identifier: Apache-2.0 */
#include "base/src.h"

#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

struct src {
	char *name;
	char *text;
	size_t len;
	uint32_t base;
	uint32_t *line_starts; /* made when first asked for */
	uint32_t line_count;
};

struct src_set {
	VEC(struct src *) sources; /* by rising base */
	uint64_t next_base;
};

struct src_set *src_set_new(void)
{
	struct src_set *set = xcalloc(1, sizeof(*set));
	set->next_base = 1;
	return set;
}

void src_set_free(struct src_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->sources.count; i++) {
		struct src *src = set->sources.items[i];
		free(src->name);
		free(src->text);
		free(src->line_starts);
		free(src);
	}
	vec_free(&set->sources);
	free(set);
}

const struct src *src_add(struct src_set *set, const char *name, const char *text, size_t len)
{
	/* One number is kept free behind each text, so that its end is not the next one's start. */
	if (len >= UINT32_MAX - set->next_base - 1)
		return NULL;
	struct src *src = xcalloc(1, sizeof(*src));
	src->name = xstrdup(name);
	src->text = xmalloc(len + 1);
	if (len)
		memcpy(src->text, text, len);
	src->text[len] = '\0';
	src->len = len;
	src->base = (uint32_t)set->next_base;
	set->next_base += len + 1;
	vec_add(&set->sources, src);
	return src;
}

const char *src_name(const struct src *src)
{
	return src->name;
}

const char *src_text(const struct src *src)
{
	return src->text;
}

size_t src_len(const struct src *src)
{
	return src->len;
}

uint32_t src_base(const struct src *src)
{
	return src->base;
}

const struct src *src_find(const struct src_set *set, uint32_t offset)
{
	size_t low = 0, high = set->sources.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (set->sources.items[mid]->base <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low && offset ? set->sources.items[low - 1] : NULL;
}

static void find_lines(const struct src *src)
{
	if (src->line_starts)
		return;
	struct src *cache = (struct src *)src; /* filled once, invisible to callers */
	VEC(uint32_t) starts = {0};
	vec_add(&starts, 0);
	for (size_t i = 0; i < src->len; i++) {
		if (src->text[i] == '\n')
			vec_add(&starts, (uint32_t)i + 1);
	}
	cache->line_starts = starts.items;
	cache->line_count = (uint32_t)starts.count;
}

struct src_pos src_pos(const struct src *src, uint32_t offset)
{
	find_lines(src);
	uint32_t byte = offset - src->base;
	if (byte > src->len)
		byte = (uint32_t)src->len;
	uint32_t low = 0, high = src->line_count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (src->line_starts[mid] <= byte)
			low = mid + 1;
		else
			high = mid;
	}
	struct src_pos pos = {.line = low, .column = 1, .byte = byte};
	for (uint32_t i = src->line_starts[low - 1]; i < byte; i++)
		pos.column += (src->text[i] & 0xC0) != 0x80;
	return pos;
}

const char *src_line(const struct src *src, uint32_t line, size_t *len)
{
	find_lines(src);
	*len = 0;
	if (line == 0 || line > src->line_count)
		return "";
	size_t start = src->line_starts[line - 1];
	size_t end = line < src->line_count ? src->line_starts[line] - 1 : src->len;
	if (end > start && src->text[end - 1] == '\r')
		end--;
	*len = end - start;
	return src->text + start;
}
