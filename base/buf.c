/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->ptr)
		buf->ptr[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
	if (more >= SIZE_MAX / 2 - buf->len)
		out_of_memory();
	size_t need = buf->len + more + 1;
	if (need <= buf->cap)
		return;
	size_t cap = buf->cap ? buf->cap * 2 : 64;
	if (cap < need)
		cap = need;
	buf->ptr = xrealloc(buf->ptr, cap, 1);
	buf->cap = cap;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
	buf_reserve(buf, n);
	if (n)
		memcpy(buf->ptr + buf->len, bytes, n);
	buf->len += n;
	buf->ptr[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_addc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_repeated(struct buf *buf, char c, size_t times)
{
	buf_reserve(buf, times);
	memset(buf->ptr + buf->len, c, times);
	buf->len += times;
	buf->ptr[buf->len] = '\0';
}

void buf_vaddf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	buf_reserve(buf, strlen(fmt));
	size_t room = buf->cap - buf->len;
	int n = vsnprintf(buf->ptr + buf->len, room, fmt, args);
	if (n < 0)
		bug("cannot format \"%s\"", fmt);
	if ((size_t)n >= room) { /* most texts fit at once */
		buf_reserve(buf, (size_t)n);
		vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	buf->len += (size_t)n;
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	buf_vaddf(buf, fmt, args);
	va_end(args);
}

void buf_add_shell_quoted(struct buf *buf, const char *word)
{
	buf_addc(buf, '\'');
	for (; *word; word++)
		*word == '\'' ? buf_adds(buf, "'\\''") : buf_addc(buf, *word);
	buf_addc(buf, '\'');
}

size_t harmless_char(const char *text, size_t n, uint32_t *code_point)
{
	const unsigned char *s = (const unsigned char *)text;
	*code_point = s[0];
	if (s[0] < 0x80)
		return s[0] >= ' ' && s[0] != 0x7F;
	size_t len = s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : s[0] >= 0xE0 ? 3 : 2;
	if (s[0] < 0xC2 || s[0] > 0xF4 || len > n)
		return 0;
	uint32_t c = s[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3F);
	}
	*code_point = c;
	bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
	return c < 0xA0 || direction ? 0 : len;
}

void buf_add_harmless(struct buf *buf, const char *text)
{
	uint32_t code_point;
	for (size_t left = strlen(text), len; left; text += len, left -= len) {
		len = harmless_char(text, left, &code_point);
		if (len)
			buf_add(buf, text, len);
		else
			buf_addc(buf, '?');
		len = len ? len : 1;
	}
}

void buf_add_utf8(struct buf *buf, uint32_t c)
{
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
	if (c < 0x80) {
		buf_addc(buf, (char)c);
		return;
	}
	char out[4];
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3F));
	static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	out[0] = (char)(lead[n] | c);
	buf_add(buf, out, n);
}

const char *buf_text(const struct buf *buf)
{
	return buf->ptr ? buf->ptr : "";
}

char *buf_copy(const struct buf *buf, struct arena *arena)
{
	return arena_strndup(arena, buf_text(buf), buf->len);
}

char *buf_take(struct buf *buf)
{
	buf_reserve(buf, 0);
	buf->ptr[buf->len] = '\0';
	char *taken = buf->ptr;
	*buf = (struct buf)BUF_INIT;
	return taken;
}
