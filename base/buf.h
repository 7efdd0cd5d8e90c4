/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte string on the heap; always NUL-terminated behind its length. */
#pragma once

#include "base/base.h"

#include <stdarg.h>

struct arena;

struct buf {
	char *ptr; /* never NULL once something was added */
	size_t len;
	size_t cap;
};

#define BUF_INIT {NULL, 0, 0}
#define AUTO_BUF __attribute__((cleanup(buf_release)))

void buf_release(struct buf *buf); /* frees; the buf is empty and usable afterwards */
void buf_clear(struct buf *buf);   /* empties, keeps the memory */
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_adds(struct buf *buf, const char *s);
void buf_addc(struct buf *buf, char c);
void buf_add_repeated(struct buf *buf, char c, size_t times);
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *buf, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
/* In single quotes, as a POSIX shell takes a word. */
void buf_add_shell_quoted(struct buf *buf, const char *word);
/*
 * The bytes of the character that a text of n bytes begins with; 0: it is no UTF-8, or none that a terminal and a reader
 * just see (a control character, one that turns the direction of what follows). `n` is at least 1.
 */
size_t harmless_char(const char *text, size_t n, uint32_t *code_point);
/* For a terminal and for lines of a table: what others have written, with '?' for what is not harmless. */
void buf_add_harmless(struct buf *buf, const char *text);
/* The UTF-8 form of a code point (U+FFFD for what is none). */
void buf_add_utf8(struct buf *buf, uint32_t code_point);
/* The text so far, "" when nothing was added; valid until the next change. */
const char *buf_text(const struct buf *buf);
/* A NUL-terminated copy in the arena; the buf stays as it is. */
char *buf_copy(const struct buf *buf, struct arena *arena);
/* Hands the heap memory over (free() it); the buf is empty afterwards. Never NULL. */
char *buf_take(struct buf *buf);
