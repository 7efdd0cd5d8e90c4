/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts that a run reads (plan files, variable files, templates, type files), kept for
 * diagnostics. All texts are thought of as joined, so that a place is one number and a range two:
 * line and column are computed only when something is printed.
 */
#pragma once

#include "base/base.h"

/* Offsets from 1 into all sources joined, end exclusive; {0, 0} is nowhere. */
struct src_range {
	uint32_t start, end;
};

#define SRC_NOWHERE ((struct src_range){0, 0})

struct src;    /* one text */
struct src_set;

struct src_set *src_set_new(void);
void src_set_free(struct src_set *set);

/*
 * Adds a text; both strings are copied. `name` is what the user is shown ("main.tf"). The texts of
 * one run are limited to 4 GiB together; NULL once they are full.
 */
const struct src *src_add(struct src_set *set, const char *name, const char *text, size_t len);

const char *src_name(const struct src *src);
const char *src_text(const struct src *src); /* NUL-terminated */
size_t src_len(const struct src *src);
/* The offset of the text's first byte in the joined numbering. */
uint32_t src_base(const struct src *src);

static inline bool src_range_is_empty(struct src_range r)
{
	return r.start == 0;
}
/* From the start of a to the end of b. */
static inline struct src_range src_range_join(struct src_range a, struct src_range b)
{
	if (src_range_is_empty(a))
		return b;
	if (src_range_is_empty(b))
		return a;
	return (struct src_range){a.start, b.end};
}

/* A place as people count: lines and columns from 1, columns in characters (UTF-8). */
struct src_pos {
	uint32_t line, column;
	uint32_t byte; /* offset from 0 in its own text */
};
/* The text that holds an offset, or NULL for nowhere. */
const struct src *src_find(const struct src_set *set, uint32_t offset);
struct src_pos src_pos(const struct src *src, uint32_t offset);
/* Line n (from 1) without its newline; *len receives the length. "" past the end. */
const char *src_line(const struct src *src, uint32_t line, size_t *len);
