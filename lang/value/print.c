/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "lang/value/unicode.h"
#include "lang/value/value.h"
#include "lang/value/value_internal.h"

#include <string.h>

enum { INDENT = 2 };

static bool is_plain_key(const char *key)
{
	if (!*key || *key == '-' || (*key >= '0' && *key <= '9'))
		return false;
	size_t len = strlen(key);
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_next(key + i, len - i, &c);
		if (c != '-' && c != '_' && !unicode_is_id_part(c))
			return false;
	}
	return true;
}

void value_print_key(const char *key, struct buf *out)
{
	if (is_plain_key(key))
		buf_adds(out, key);
	else
		value_print_quoted(key, strlen(key), out);
}

/* `language`: with the escapes that a template needs; else those of Go's %q, which the console prints. */
static void add_quoted(const char *text, size_t len, bool language, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		size_t plain = i;
		while (plain < len && text[plain] >= ' ' && text[plain] < 0x7F &&
		       !strchr("\"\\$%", text[plain]))
			plain++;
		buf_add(out, text + i, plain - i);
		i = plain;
		if (i == len)
			break;
		uint32_t c;
		size_t n = utf8_next(text + i, len - i, &c);
		static const char from[] = "\n\r\t\"\\\a\b\f\v", to[] = "nrt\"\\abfv";
		const char *special = c && c < 0x80 ? strchr(from, (int)c) : NULL;
		if (special && (!language || special - from < 5))
			buf_addf(out, "\\%c", to[special - from]);
		else if (language && (c == '$' || c == '%') && i + 1 < len && text[i + 1] == '{')
			buf_addf(out, "%c%c", (char)c, (char)c);
		else if (unicode_is_print(c))
			buf_add(out, text + i, n);
		else if (!language && c < 0x80)
			buf_addf(out, "\\x%02x", (unsigned)c);
		else
			buf_addf(out, c > 0xFFFF ? "\\U%08x" : "\\u%04x", (unsigned)c);
		i += n;
	}
	buf_addc(out, '"');
}

void value_print_quoted(const char *text, size_t len, struct buf *out)
{
	add_quoted(text, len, true, out);
}

void value_print_shown(const char *text, size_t len, struct buf *out)
{
	add_quoted(text, len, false, out);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether a line, blanks around it aside, is EOT followed by this many underscores. */
static bool has_marker_line(const char *text, size_t len, size_t underscores)
{
	for (size_t start = 0; start <= len;) {
		const char *newline = memchr(text + start, '\n', len - start);
		size_t end = newline ? (size_t)(newline - text) : len;
		size_t a = start, b = end;
		while (a < b && is_blank(text[a]))
			a++;
		while (b > a && is_blank(text[b - 1]))
			b--;
		bool same = b - a == 3 + underscores && !memcmp(text + a, "EOT", 3);
		for (size_t i = a + 3; same && i < b; i++)
			same = text[i] == '_';
		if (same)
			return true;
		start = end + 1;
	}
	return false;
}

/*
 * <<-EOT
 *   first line
 *   second line
 * EOT
 */
static void print_heredoc(const char *text, size_t len, size_t indent, struct buf *out)
{
	size_t underscores = 0;
	while (has_marker_line(text, len, underscores))
		underscores++;
	buf_adds(out, indent ? "<<-EOT" : "<<EOT");
	buf_add_repeated(out, '_', underscores);
	for (size_t start = 0; start <= len;) {
		const char *newline = memchr(text + start, '\n', len - start);
		size_t end = newline ? (size_t)(newline - text) : len;
		buf_addc(out, '\n');
		buf_add_repeated(out, ' ', indent);
		buf_add(out, text + start, end - start);
		start = end + 1;
	}
	buf_addc(out, '\n');
	buf_add_repeated(out, ' ', indent);
	buf_adds(out, "EOT");
	buf_add_repeated(out, '_', underscores);
}

static void print_string(const char *text, size_t len, size_t indent, struct buf *out)
{
	if (len && memchr(text, '\n', len))
		print_heredoc(text, len, indent, out);
	else
		add_quoted(text, len, false, out);
}

static void print_null(const struct type *type, struct buf *out)
{
	switch (type->kind) {
	case TYPE_ANY:
		buf_adds(out, "null");
		return;
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		buf_adds(out, "to");
		type_print_friendly(type, out);
		buf_adds(out, "(null)");
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		buf_addf(out, "to%s(null) /* of ",
			 type->kind == TYPE_LIST  ? "list"
			 : type->kind == TYPE_SET ? "set"
						  : "map");
		type_print_friendly(type->element, out);
		buf_adds(out, " */");
		return;
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		buf_adds(out, "null /* ");
		type_print_friendly(type, out);
		buf_adds(out, " */");
		return;
	}
}

static void print(const struct value *v, size_t indent, struct buf *out);

static void print_members(const struct value *v, size_t indent, struct buf *out)
{
	bool named = v->type->kind == TYPE_MAP || v->type->kind == TYPE_OBJECT;
	buf_addc(out, named ? '{' : '[');
	for (uint32_t i = 0; i < v->count; i++) {
		buf_addc(out, '\n');
		buf_add_repeated(out, ' ', indent + INDENT);
		if (named) {
			const char *key = value_key_at(v, i);
			print_string(key, strlen(key), indent + INDENT, out);
			buf_adds(out, " = ");
		}
		print(v->items[i], indent + INDENT, out);
		if (!named)
			buf_addc(out, ',');
	}
	if (v->count) {
		buf_addc(out, '\n');
		buf_add_repeated(out, ' ', indent);
	}
	buf_addc(out, named ? '}' : ']');
}

static void print(const struct value *v, size_t indent, struct buf *out)
{
	if (v->state == VALUE_UNKNOWN) {
		buf_adds(out, "(known after apply)");
		return;
	}
	if (v->marks) {
		buf_adds(out, v->marks & VALUE_SENSITIVE  ? "(sensitive value)"
			      : v->marks & VALUE_EPHEMERAL ? "(ephemeral value)"
							   : "(not read yet)");
		return;
	}
	if (v->state == VALUE_NULL) {
		print_null(v->type, out);
		return;
	}
	switch (v->type->kind) {
	case TYPE_ANY:
		bug("a known value of no type");
	case TYPE_BOOL:
		buf_adds(out, v->boolean ? "true" : "false");
		return;
	case TYPE_NUMBER:
		number_add_text(v->number, out);
		return;
	case TYPE_STRING:
		print_string(v->text, v->count, indent, out);
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
		buf_addf(out, "to%s(",
			 v->type->kind == TYPE_LIST  ? "list"
			 : v->type->kind == TYPE_SET ? "set"
						     : "map");
		print_members(v, indent, out);
		buf_addc(out, ')');
		return;
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		print_members(v, indent, out);
		return;
	}
}

void value_print(const struct value *v, struct buf *out)
{
	print(v, 0, out);
}
