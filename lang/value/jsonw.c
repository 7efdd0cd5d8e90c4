/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/jsonw.h"

#include "base/buf.h"
#include "lang/value/json.h"

#include <inttypes.h>
#include <string.h>

/* ---- pieces ---- */

static void new_line(struct jsonw *w)
{
	if (!w->pretty)
		return;
	buf_addc(w->out, '\n');
	buf_add_repeated(w->out, ' ', (size_t)w->depth * 2);
}

/* What stands before a key or a member. */
static void begin(struct jsonw *w)
{
	if (w->keyed) {
		w->keyed = false;
		return;
	}
	if (w->filled)
		buf_addc(w->out, ',');
	if (w->depth)
		new_line(w);
	w->filled = true;
}

void jsonw_key(struct jsonw *w, const char *key)
{
	if (!key)
		return;
	begin(w);
	json_add_string(w->out, key, strlen(key), w->html_safe);
	buf_adds(w->out, w->pretty ? ": " : ":");
	w->keyed = true;
}

void jsonw_open(struct jsonw *w, const char *key, char bracket)
{
	jsonw_key(w, key);
	begin(w);
	buf_addc(w->out, bracket);
	w->depth++;
	w->filled = false;
}

void jsonw_close(struct jsonw *w, char bracket)
{
	w->depth--;
	if (w->filled)
		new_line(w);
	buf_addc(w->out, bracket);
	w->filled = true;
}

static void add(struct jsonw *w, const char *key, const char *json)
{
	jsonw_raw(w, key, json, strlen(json));
}

void jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t len)
{
	jsonw_key(w, key);
	begin(w);
	buf_add(w->out, json, len);
}

void jsonw_text(struct jsonw *w, const char *key, const char *text)
{
	if (!text) {
		add(w, key, "null");
		return;
	}
	jsonw_key(w, key);
	begin(w);
	json_add_string(w->out, text, strlen(text), w->html_safe);
}

void jsonw_bool(struct jsonw *w, const char *key, bool b)
{
	add(w, key, b ? "true" : "false");
}

void jsonw_int(struct jsonw *w, const char *key, int64_t i)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRId64, i);
	add(w, key, text);
}

/* ---- values ---- */

static bool is_named(const struct value *v)
{
	return v->type->kind == TYPE_MAP || v->type->kind == TYPE_OBJECT;
}

static void scalar(struct jsonw *w, const struct value *v)
{
	begin(w);
	if (v->type->kind == TYPE_BOOL)
		buf_adds(w->out, v->boolean ? "true" : "false");
	else if (v->type->kind == TYPE_NUMBER)
		number_add_text(v->number, w->out);
	else
		json_add_string(w->out, v->text, v->count, w->html_safe);
}

static void members(struct jsonw *w, const struct value *v, void (*each)(struct jsonw *, const char *, const struct value *))
{
	bool named = is_named(v);
	jsonw_open(w, NULL, named ? '{' : '[');
	for (uint32_t i = 0; i < v->count; i++)
		each(w, named ? value_key_at(v, i) : NULL, v->items[i]);
	jsonw_close(w, named ? '}' : ']');
}

void jsonw_value(struct jsonw *w, const char *key, const struct value *v)
{
	jsonw_key(w, key);
	if (v && v->state == VALUE_UNKNOWN)
		bug("an unknown value cannot be JSON");
	if (!v || v->state == VALUE_NULL || (v->marks & VALUE_UNREAD))
		add(w, NULL, "null");
	else if (type_is_primitive(v->type))
		scalar(w, v);
	else
		members(w, v, jsonw_value);
}

static void known_member(struct jsonw *w, const char *key, const struct value *v)
{
	if (key && v->state == VALUE_UNKNOWN)
		return;
	jsonw_known(w, key, v);
}

void jsonw_known(struct jsonw *w, const char *key, const struct value *v)
{
	jsonw_key(w, key);
	if (!v || v->state != VALUE_KNOWN || (v->marks & VALUE_UNREAD))
		add(w, NULL, "null");
	else if (type_is_primitive(v->type))
		scalar(w, v);
	else
		members(w, v, v->deep_unknown ? known_member : jsonw_value);
}

static void unknown_member(struct jsonw *w, const char *key, const struct value *v)
{
	/* an object's or list's shape shows even where all in it is known; a scalar's does not */
	if (key && !v->deep_unknown && (v->state != VALUE_KNOWN || type_is_primitive(v->type)))
		return;
	jsonw_unknown(w, key, v);
}

void jsonw_unknown(struct jsonw *w, const char *key, const struct value *v)
{
	jsonw_key(w, key);
	if (!v || v->state != VALUE_KNOWN || type_is_primitive(v->type))
		add(w, NULL, v && v->state == VALUE_UNKNOWN ? "true" : "false");
	else
		members(w, v, unknown_member);
}

static bool has_members(const struct value *v)
{
	return v && v->state != VALUE_NULL && v->type->kind != TYPE_ANY && !type_is_primitive(v->type);
}

static void sensitive_member(struct jsonw *w, const char *key, const struct value *v)
{
	if (!key || v->deep_marks || has_members(v))
		jsonw_sensitive(w, key, v);
}

void jsonw_sensitive(struct jsonw *w, const char *key, const struct value *v)
{
	jsonw_key(w, key);
	if (v && (v->marks & VALUE_SENSITIVE))
		add(w, NULL, "true");
	else if (!has_members(v))
		add(w, NULL, "false");
	else if (v->state == VALUE_UNKNOWN) /* its members are not known either, but it will have some */
		add(w, NULL, is_named(v) ? "{}" : "[]");
	else
		members(w, v, sensitive_member);
}

void jsonw_value_as(struct jsonw *w, const char *key, const struct value *v, const struct type *type)
{
	jsonw_key(w, key);
	if (!v || v->state == VALUE_NULL) {
		add(w, NULL, "null");
		return;
	}
	if (type->kind == TYPE_ANY) {
		AUTO_BUF struct buf of = BUF_INIT;
		type_print_json(v->type, &of);
		jsonw_open(w, NULL, '{');
		jsonw_value(w, "value", v);
		jsonw_raw(w, "type", buf_text(&of), of.len);
		jsonw_close(w, '}');
		return;
	}
	if (type_is_primitive(v->type)) {
		scalar(w, v);
		return;
	}
	bool named = is_named(v);
	jsonw_open(w, NULL, named ? '{' : '[');
	for (uint32_t i = 0; i < v->count; i++) {
		const char *name = named ? value_key_at(v, i) : NULL;
		const struct type *member = v->items[i]->type;
		if (type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_MAP) {
			member = type->element;
		} else if (type->kind == TYPE_TUPLE) {
			member = type->items[i];
		} else if (type->kind == TYPE_OBJECT) {
			ptrdiff_t at = type_find_attr(type, name);
			if (at >= 0)
				member = type->attrs[at].type;
		}
		jsonw_value_as(w, name, v->items[i], member);
	}
	jsonw_close(w, named ? '}' : ']');
}
