/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/json.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/convert.h"
#include "lang/value/unicode.h"

#include <string.h>

/*
 * A reader of our own, since the libraries at hand turn numbers into doubles or 64-bit integers
 * while they read, and Terraform's numbers keep all their digits.
 */
enum { DEPTH_MAX = 500 };

struct reader {
	struct arena *arena;
	const char *text;
	size_t len, at;
	unsigned depth;
	struct buf *why;
	VEC(const struct value *) values; /* members of what is open, the innermost last */
	VEC(size_t) keys;		  /* where in `names` each key is */
	struct buf names;
	struct buf scratch; /* a string while its escapes are taken off */
};

static void *fail_at(struct reader *r, size_t at, const char *what)
{
	if (r->why->len)
		return NULL;
	size_t line = 1, column = 1;
	for (size_t i = 0; i < at && i < r->len; i++) {
		if (r->text[i] == '\n') {
			line++;
			column = 1;
		} else if ((r->text[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	buf_addf(r->why, "%s, at line %zu, column %zu", what, line, column);
	return NULL;
}

static void *fail(struct reader *r, const char *what)
{
	return fail_at(r, r->at, r->at >= r->len ? "unexpected end of the JSON text" : what);
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->len && (r->text[r->at] == ' ' || r->text[r->at] == '\t' ||
				  r->text[r->at] == '\n' || r->text[r->at] == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (r->at >= r->len || r->text[r->at] != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);
	if (r->len - r->at < n || memcmp(r->text + r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool take_hex4(struct reader *r, uint32_t *out)
{
	uint32_t c = 0;
	if (r->len - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char h = r->text[r->at + (size_t)i];
		int digit = h >= '0' && h <= '9'   ? h - '0'
			    : h >= 'a' && h <= 'f' ? h - 'a' + 10
			    : h >= 'A' && h <= 'F' ? h - 'A' + 10
						   : -1;
		if (digit < 0)
			return false;
		c = c << 4 | (uint32_t)digit;
	}
	r->at += 4;
	*out = c;
	return true;
}

/* \n \u0041 \ud83d\ude00; half a pair of surrogates stands for no character: U+FFFD. */
static bool read_escape(struct reader *r)
{
	if (r->at >= r->len)
		return fail(r, "");
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = r->text[r->at++];
	const char *simple = c ? strchr(from, c) : NULL;
	if (simple) {
		buf_addc(&r->scratch, to[simple - from]);
		return true;
	}
	uint32_t code, low;
	if (c != 'u' || !take_hex4(r, &code))
		return fail_at(r, r->at - 1, "invalid escape in a string");
	if (code >= 0xD800 && code < 0xDC00) {
		size_t before = r->at;
		if (take_word(r, "\\u") && take_hex4(r, &low) && low >= 0xDC00 && low < 0xE000)
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		else
			r->at = before;
	}
	buf_add_utf8(&r->scratch, code);
	return true;
}

/* The text of a string whose quote comes next; good until the next string. NULL after an error. */
static const char *read_string(struct reader *r, size_t *len)
{
	if (!take(r, '"'))
		return fail(r, "expected a string in quotes");
	size_t start = r->at;
	bool escaped = false;
	for (;;) {
		if (r->at >= r->len)
			return fail(r, "");
		unsigned char c = (unsigned char)r->text[r->at];
		if (c == '"')
			break;
		if (c < 0x20)
			return fail(r,
				    "a control character in a string must be written as an escape");
		if (c != '\\') {
			if (escaped)
				buf_addc(&r->scratch, (char)c);
			r->at++;
			continue;
		}
		if (!escaped) {
			buf_clear(&r->scratch);
			buf_add(&r->scratch, r->text + start, r->at - start);
			escaped = true;
		}
		r->at++;
		if (!read_escape(r))
			return NULL;
	}
	*len = escaped ? r->scratch.len : r->at - start;
	r->at++;
	return escaped ? r->scratch.ptr : r->text + start;
}

static size_t count_digits(struct reader *r)
{
	size_t start = r->at;
	while (r->at < r->len && r->text[r->at] >= '0' && r->text[r->at] <= '9')
		r->at++;
	return r->at - start;
}

/* number = [ "-" ] ( "0" | digit1-9 digits ) [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ] */
static const struct value *read_number(struct reader *r)
{
	size_t start = r->at;
	take(r, '-');
	bool zero = r->at < r->len && r->text[r->at] == '0';
	size_t digits = count_digits(r);
	if (!digits || (zero && digits > 1))
		return fail_at(r, start, "invalid number");
	if (take(r, '.') && !count_digits(r))
		return fail_at(r, start, "invalid number");
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '-'))
			take(r, '+');
		if (!count_digits(r))
			return fail_at(r, start, "invalid number");
	}
	struct number n;
	if (!number_parse(r->arena, r->text + start, r->at - start, &n))
		return fail_at(r, start, "number out of range");
	return value_number(r->arena, n);
}

static const struct value *read_value(struct reader *r, const struct type *type);

/* A primitive where another was wanted: numbers and bools in quotes, and the other way round. */
static const struct value *adapt(struct reader *r, size_t start, const struct value *v,
				 const struct type *type)
{
	if (!type || v->type == type || value_is_null(v))
		return v && type && value_is_null(v)
			       ? value_null(r->arena, type_concrete(r->arena, type))
			       : v;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *converted =
		type_is_primitive(type) ? value_convert(r->arena, v, type, &why) : NULL;
	if (converted)
		return converted;
	AUTO_BUF struct buf what = BUF_INIT;
	type_print_required(type, &what);
	buf_adds(&what, " required");
	return fail_at(r, start, what.ptr);
}

static void *too_deep(struct reader *r)
{
	AUTO_BUF struct buf what = BUF_INIT;
	buf_addf(&what, "nested more than %d levels deep", DEPTH_MAX);
	return fail_at(r, r->at, what.ptr);
}

static const struct value *make_sequence(struct reader *r, size_t first, const struct type *type)
{
	size_t n = r->values.count - first;
	const struct value *const *items = n ? r->values.items + first : NULL;
	if (!type || type->kind == TYPE_TUPLE)
		return value_tuple(r->arena, items, n);
	const struct type *element = type_concrete(r->arena, type->element);
	return type->kind == TYPE_SET ? value_set(r->arena, element, items, n)
				      : value_list(r->arena, element, items, n);
}

/* array = "[" [ value { "," value } ] "]" */
static const struct value *read_array(struct reader *r, const struct type *type)
{
	size_t start = r->at++, first = r->values.count, n = 0;
	if (type && type->kind != TYPE_LIST && type->kind != TYPE_SET && type->kind != TYPE_TUPLE) {
		AUTO_BUF struct buf what = BUF_INIT;
		type_print_required(type, &what);
		buf_adds(&what, " required, but this is an array");
		return fail_at(r, start, what.ptr);
	}
	skip_blanks(r);
	if (!take(r, ']')) {
		for (;; n++) {
			const struct type *member = !type		       ? NULL
						    : type->kind != TYPE_TUPLE ? type->element
						    : n < type->count	       ? type->items[n]
									       : &type_any;
			const struct value *v = read_value(r, member);
			if (!v)
				return NULL;
			vec_add(&r->values, v);
			skip_blanks(r);
			if (take(r, ']'))
				break;
			if (!take(r, ','))
				return fail(r, "expected \",\" or \"]\" behind an array's member");
		}
		n++;
	}
	if (type && type->kind == TYPE_TUPLE && n != type->count)
		return fail_at(r, start, "wrong number of tuple members");
	const struct value *v = make_sequence(r, first, type);
	r->values.count = first;
	return v;
}

/* An object of a known type: attributes that are not in the text are null. */
static const struct value *make_object_of(struct reader *r, const char *const *keys,
					  const struct value *const *values, size_t n,
					  const struct type *type)
{
	type = type_concrete(r->arena, type);
	AUTO_FREE const struct value **items = xcalloc(type->count, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		ptrdiff_t k = type_find_attr(type, keys[i]);
		if (k >= 0)
			items[k] = values[i];
	}
	bool as_declared = true;
	for (uint32_t i = 0; i < type->count; i++) {
		if (!items[i])
			items[i] = value_null(r->arena, type->attrs[i].type);
		as_declared = as_declared && (items[i]->type == type->attrs[i].type ||
					      type_equal(items[i]->type, type->attrs[i].type));
	}
	if (as_declared)
		return value_object_of(r->arena, type, items);
	/* Where the type says `any`, the value's own type counts. */
	AUTO_FREE const char **names = xcalloc(type->count, sizeof(*names));
	for (uint32_t i = 0; i < type->count; i++)
		names[i] = type->attrs[i].name;
	return value_object(r->arena, names, items, type->count);
}

/* The members read since `first` as an object or map. */
static const struct value *make_named(struct reader *r, size_t first, size_t first_key,
				      const struct type *type)
{
	size_t n = r->values.count - first;
	const struct value *const *values = n ? r->values.items + first : NULL;
	AUTO_FREE const char **keys = xcalloc(n, sizeof(*keys));
	for (size_t i = 0; i < n; i++)
		keys[i] = r->names.ptr + r->keys.items[first_key + i];
	if (!type)
		return value_object(r->arena, keys, values, n);
	if (type->kind == TYPE_MAP)
		return value_map(r->arena, type_concrete(r->arena, type->element), keys, values, n);
	return make_object_of(r, keys, values, n, type);
}

/* A name, put at the end of `names`, in normal form. */
static bool read_name(struct reader *r, size_t *start)
{
	size_t len, at = r->at;
	const char *text = read_string(r, &len);
	if (!text)
		return false;
	if (memchr(text, '\0', len))
		return fail_at(r, at, "a name may not hold the character U+0000");
	*start = r->names.len;
	bool ascii = true;
	for (size_t i = 0; ascii && i < len; i++)
		ascii = !(text[i] & 0x80);
	if (ascii) {
		buf_add(&r->names, text, len);
	} else {
		const struct value *normal = value_string_n(r->arena, text, len);
		buf_add(&r->names, normal->text, normal->count);
	}
	buf_addc(&r->names, '\0');
	return true;
}

/* object = "{" [ string ":" value { "," string ":" value } ] "}" */
static const struct value *read_object(struct reader *r, const struct type *type)
{
	size_t start = r->at++, first = r->values.count, first_key = r->keys.count,
	       first_name = r->names.len;
	if (type && type->kind != TYPE_MAP && type->kind != TYPE_OBJECT) {
		AUTO_BUF struct buf what = BUF_INIT;
		type_print_required(type, &what);
		buf_adds(&what, " required, but this is an object");
		return fail_at(r, start, what.ptr);
	}
	skip_blanks(r);
	if (!take(r, '}')) {
		for (;;) {
			skip_blanks(r);
			size_t key = 0;
			if (!read_name(r, &key))
				return NULL;
			skip_blanks(r);
			if (!take(r, ':'))
				return fail(r, "expected \":\" behind a name");
			ptrdiff_t k = type && type->kind == TYPE_OBJECT
					      ? type_find_attr(type, r->names.ptr + key)
					      : -1;
			const struct value *v =
				read_value(r, !type		       ? NULL
					      : type->kind == TYPE_MAP ? type->element
					      : k >= 0		       ? type->attrs[k].type
								       : NULL);
			if (!v)
				return NULL;
			vec_add(&r->values, v);
			vec_add(&r->keys, key);
			skip_blanks(r);
			if (take(r, '}'))
				break;
			if (!take(r, ','))
				return fail(r, "expected \",\" or \"}\" behind an object's member");
		}
	}
	const struct value *v = make_named(r, first, first_key, type);
	r->values.count = first;
	r->keys.count = first_key;
	r->names.len = first_name;
	return v;
}

static const struct value *read_compound(struct reader *r, const struct type *type)
{
	if (++r->depth > DEPTH_MAX)
		return too_deep(r);
	const struct value *v = r->text[r->at] == '{' ? read_object(r, type) : read_array(r, type);
	r->depth--;
	return v;
}

/* {"value": ..., "type": "string"}: how Terraform writes a value whose type the schema leaves open. */
static const struct value *read_dynamic(struct reader *r)
{
	size_t start = r->at;
	const struct value *pair = read_compound(r, NULL);
	if (!pair)
		return NULL;
	const struct value *form = value_get(pair, "type");
	if (!form || !value_get(pair, "value") || pair->count != 2)
		return fail_at(r, start, "expected an object of \"value\" and \"type\"");
	const struct type *type = type_from_json_value(r->arena, form);
	if (!type)
		return fail_at(r, start, "invalid type");
	/* The value was read as it stands; now it is read again, as its type. */
	size_t end = r->at;
	r->at = start + 1;
	const struct value *v = NULL;
	for (;;) {
		size_t len = 0;
		skip_blanks(r);
		const char *key = read_string(r, &len);
		if (!key)
			return NULL;
		bool wanted = len == 5 && !memcmp(key, "value", 5);
		skip_blanks(r);
		take(r, ':');
		const struct value *member = read_value(r, wanted ? type : NULL);
		if (!member)
			return NULL;
		if (wanted)
			v = member;
		skip_blanks(r);
		if (!take(r, ','))
			break;
	}
	r->at = end;
	return v;
}

/* value = object | array | string | number | "true" | "false" | "null" */
static const struct value *read_value(struct reader *r, const struct type *type)
{
	skip_blanks(r);
	size_t start = r->at;
	char c = r->at < r->len ? r->text[r->at] : '\0';
	if (type && type->kind == TYPE_ANY && c == '{')
		return read_dynamic(r);
	if (type && type->kind == TYPE_ANY)
		type = NULL;
	switch (c) {
	case '{':
	case '[':
		return read_compound(r, type);
	case '"': {
		size_t len = 0;
		const char *text = read_string(r, &len);
		return text ? adapt(r, start, value_string_n(r->arena, text, len), type) : NULL;
	}
	case 't':
	case 'f':
	case 'n':
		if (take_word(r, "true"))
			return adapt(r, start, &value_true, type);
		if (take_word(r, "false"))
			return adapt(r, start, &value_false, type);
		if (take_word(r, "null"))
			return adapt(r, start, &value_null_any, type);
		break;
	default:
		if (c == '-' || (c >= '0' && c <= '9')) {
			const struct value *v = read_number(r);
			return v ? adapt(r, start, v, type) : NULL;
		}
	}
	return fail(r, "expected a value");
}

static const struct value *read_text(struct arena *arena, const char *text, size_t len,
				     const struct type *type, struct buf *why)
{
	AUTO_BUF struct buf own_why = BUF_INIT;
	struct reader r = {.arena = arena, .text = text, .len = len, .why = &own_why};
	const struct value *v = read_value(&r, type);
	skip_blanks(&r);
	if (v && r.at < r.len)
		v = fail(&r, "something follows the JSON value");
	vec_free(&r.values);
	vec_free(&r.keys);
	buf_release(&r.names);
	buf_release(&r.scratch);
	if (!v)
		buf_add(why, own_why.ptr, own_why.len);
	return v;
}

const struct value *value_from_json(struct arena *arena, const char *text, size_t len,
				    struct buf *why)
{
	return read_text(arena, text, len, NULL, why);
}

const struct value *value_from_json_as(struct arena *arena, const char *text, size_t len,
				       const struct type *type, struct buf *why)
{
	return read_text(arena, text, len, type, why);
}

/* ---- types ---- */

static const struct type *type_from_array(struct arena *arena, const struct value *form,
					  unsigned depth);

static const struct type *type_from_form(struct arena *arena, const struct value *form,
					 unsigned depth)
{
	static const struct {
		const char *name;
		const struct type *type;
	} primitives[] = {{"string", &type_string},
			  {"number", &type_number},
			  {"bool", &type_bool},
			  {"dynamic", &type_any}};
	for (size_t i = 0; i < ARRAY_LEN(primitives); i++) {
		if (value_is_text(form, primitives[i].name))
			return primitives[i].type;
	}
	if (!value_is_a(form, TYPE_TUPLE) || depth > DEPTH_MAX)
		return NULL;
	return type_from_array(arena, form, depth + 1);
}

static const struct type *object_from_forms(struct arena *arena, const struct value *form,
					    unsigned depth)
{
	const struct value *members = form->items[1],
			   *optional = form->count == 3 ? form->items[2] : NULL;
	if (!value_is_a(members, TYPE_OBJECT) || (optional && !value_is_a(optional, TYPE_TUPLE)))
		return NULL;
	AUTO_FREE struct type_attr *attrs = xcalloc(members->count, sizeof(*attrs));
	for (uint32_t i = 0; i < members->count; i++) {
		attrs[i].name = value_key_at(members, i);
		attrs[i].type = type_from_form(arena, members->items[i], depth);
		if (!attrs[i].type)
			return NULL;
		for (uint32_t k = 0; optional && k < optional->count; k++)
			attrs[i].optional = attrs[i].optional ||
					    value_is_text(optional->items[k], attrs[i].name);
	}
	return type_object(arena, attrs, members->count);
}

static const struct type *type_from_array(struct arena *arena, const struct value *form,
					  unsigned depth)
{
	if (form->count < 2 || form->count > 3)
		return NULL;
	const struct value *kind = form->items[0], *inner = form->items[1];
	if (value_is_text(kind, "object"))
		return object_from_forms(arena, form, depth);
	if (form->count != 2)
		return NULL;
	if (value_is_text(kind, "tuple")) {
		if (!value_is_a(inner, TYPE_TUPLE))
			return NULL;
		AUTO_FREE const struct type **items = xcalloc(inner->count, sizeof(*items));
		for (uint32_t i = 0; i < inner->count; i++) {
			items[i] = type_from_form(arena, inner->items[i], depth);
			if (!items[i])
				return NULL;
		}
		return type_tuple(arena, items, inner->count);
	}
	const struct type *element = type_from_form(arena, inner, depth);
	if (!element)
		return NULL;
	return value_is_text(kind, "list")  ? type_list(arena, element)
	       : value_is_text(kind, "set") ? type_set(arena, element)
	       : value_is_text(kind, "map") ? type_map(arena, element)
					    : NULL;
}

const struct type *type_from_json_value(struct arena *arena, const struct value *form)
{
	return type_from_form(arena, form, 0);
}
