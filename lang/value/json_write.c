/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/json.h"

#include "base/buf.h"
#include "lang/value/unicode.h"

#include <string.h>

void json_add_string(struct buf *out, const char *text, size_t len, bool html_safe)
{
	buf_addc(out, '"');
	size_t plain = 0; /* start of what was not copied yet */
	for (size_t i = 0; i < len;) {
		unsigned char byte = (unsigned char)text[i];
		if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\' &&
		    !(html_safe && (byte == '<' || byte == '>' || byte == '&'))) {
			i++;
			continue;
		}
		uint32_t c;
		size_t n = utf8_next(text + i, len - i, &c);
		bool invalid = byte >= 0x80 && n == 1;
		/* U+2028 and U+2029 end lines in JavaScript, so that Terraform escapes them always. */
		if (byte >= 0x80 && !invalid && c != 0x2028 && c != 0x2029) {
			i += n;
			continue;
		}
		static const char from[] = "\b\f\n\r\t\"\\", to[] = "bfnrt\"\\";
		buf_add(out, text + plain, i - plain);
		const char *special = c && c < 0x80 ? strchr(from, (int)c) : NULL;
		if (special)
			buf_addf(out, "\\%c", to[special - from]);
		else
			buf_addf(out, "\\u%04x", (unsigned)c);
		i += n;
		plain = i;
	}
	buf_add(out, text + plain, len - plain);
	buf_addc(out, '"');
}

enum { INDENT = 2 };

struct writer {
	struct buf *out;
	bool html_safe;
	bool pretty;
};

static void new_line(const struct writer *w, size_t depth)
{
	if (!w->pretty)
		return;
	buf_addc(w->out, '\n');
	buf_add_repeated(w->out, ' ', depth * INDENT);
}

static void write_value(const struct writer *w, const struct value *v, size_t depth)
{
	if (v->state != VALUE_KNOWN) {
		if (v->state == VALUE_UNKNOWN)
			bug("an unknown value cannot be JSON");
		buf_adds(w->out, "null");
		return;
	}
	bool named = false;
	switch (v->type->kind) {
	case TYPE_ANY:
		bug("a known value of no type");
	case TYPE_BOOL:
		buf_adds(w->out, v->boolean ? "true" : "false");
		return;
	case TYPE_NUMBER:
		number_add_text(v->number, w->out);
		return;
	case TYPE_STRING:
		json_add_string(w->out, v->text, v->count, w->html_safe);
		return;
	case TYPE_MAP:
	case TYPE_OBJECT:
		named = true;
		break;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_TUPLE:
		break;
	}
	buf_addc(w->out, named ? '{' : '[');
	for (uint32_t i = 0; i < v->count; i++) {
		if (i)
			buf_addc(w->out, ',');
		new_line(w, depth + 1);
		if (named) {
			const char *key = value_key_at(v, i);
			json_add_string(w->out, key, strlen(key), w->html_safe);
			buf_adds(w->out, w->pretty ? ": " : ":");
		}
		write_value(w, v->items[i], depth + 1);
	}
	if (v->count)
		new_line(w, depth);
	buf_addc(w->out, named ? '}' : ']');
}

void value_to_json(const struct value *v, bool html_safe, struct buf *out)
{
	write_value(&(struct writer){.out = out, .html_safe = html_safe}, v, 0);
}

void value_to_json_pretty(const struct value *v, struct buf *out)
{
	write_value(&(struct writer){.out = out, .pretty = true}, v, 0);
}
