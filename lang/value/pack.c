/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/json.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/unicode.h"

#include <stdlib.h>
#include <string.h>

/*
 * The storage form:
 *
 *   value   = version length type content    the length is that of the type in bytes
 *   type    = kind-letter [ type | count { type } | count { text type } ]
 *   content = tag [ ... ]                     its type is known from what holds it
 *   text    = length bytes
 *
 * Numbers are counted in groups of seven bits, the lowest first. Objects of resources consist
 * mostly of nulls, short strings and small numbers, so that these need one byte of overhead or none.
 */
enum {
	VERSION = 1,
	DEPTH_MAX = 2000,
	SHORT_STRING_MAX = 0x5F,
	SHORT_INT_MAX = 0x3F,
};

enum tag {
	TAG_NULL,
	TAG_UNKNOWN,
	TAG_UNKNOWN_NOT_NULL,
	TAG_FALSE,
	TAG_TRUE,
	TAG_INT,		 /* zigzag */
	TAG_NUMBER,		 /* precision, text */
	TAG_STRING,		 /* text */
	TAG_MEMBERS,		 /* count (list, set, map); then members, a map's with their keys */
	TAG_NULLS,		 /* count: so many members of an object or tuple are null */
	TAG_MARKED,		 /* marks, content */
	TAG_TYPED,		 /* type, content: not of the type that the holder says */
	TAG_SHORT_STRING = 0x20, /* + length */
	TAG_SHORT_INT = 0x80,	 /* + value */
};

static const char kind_letters[] = {
	[TYPE_ANY] = 'a',    [TYPE_BOOL] = 'b',	  [TYPE_NUMBER] = 'n',
	[TYPE_STRING] = 's', [TYPE_LIST] = 'L',	  [TYPE_SET] = 'S',
	[TYPE_MAP] = 'M',    [TYPE_OBJECT] = 'O', [TYPE_TUPLE] = 'T',
};

/* ---- packing ---- */

static void add_count(struct buf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(out, (char)(n | 0x80));
	buf_addc(out, (char)n);
}

static void add_text(struct buf *out, const char *text, size_t len)
{
	add_count(out, len);
	buf_add(out, text, len);
}

void type_pack(const struct type *type, struct buf *out)
{
	buf_addc(out, kind_letters[type->kind]);
	if (type_is_collection(type)) {
		type_pack(type->element, out);
		return;
	}
	if (type->kind == TYPE_OBJECT || type->kind == TYPE_TUPLE)
		add_count(out, type->count);
	for (uint32_t i = 0; i < type->count; i++) {
		if (type->kind == TYPE_OBJECT)
			add_text(out, type->attrs[i].name, strlen(type->attrs[i].name));
		type_pack(type->kind == TYPE_OBJECT ? type->attrs[i].type : type->items[i], out);
	}
}

static void pack_number(struct number n, struct buf *out)
{
	if (!n.big) {
		if (n.small >= 0 && n.small <= SHORT_INT_MAX) {
			buf_addc(out, (char)(TAG_SHORT_INT + n.small));
			return;
		}
		buf_addc(out, TAG_INT);
		add_count(out, (uint64_t)n.small << 1 ^ (n.small < 0 ? UINT64_MAX : 0));
		return;
	}
	buf_addc(out, TAG_NUMBER);
	add_count(out, number_precision(n));
	AUTO_BUF struct buf text = BUF_INIT;
	number_add_exact(n, &text);
	add_text(out, text.ptr, text.len);
}

static void pack(const struct value *v, const struct type *expected, struct buf *out);

static void pack_members(const struct value *v, struct buf *out)
{
	enum type_kind kind = v->type->kind;
	bool fixed = kind == TYPE_OBJECT || kind == TYPE_TUPLE;
	buf_addc(out, TAG_MEMBERS);
	if (!fixed)
		add_count(out, v->count);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct type *expected = kind == TYPE_OBJECT  ? v->type->attrs[i].type
					      : kind == TYPE_TUPLE ? v->type->items[i]
								   : v->type->element;
		uint32_t nulls = 0;
		while (fixed && i + nulls < v->count) {
			const struct value *next = v->items[i + nulls];
			const struct type *type = kind == TYPE_OBJECT
							  ? v->type->attrs[i + nulls].type
							  : v->type->items[i + nulls];
			if (!value_is_null(next) || next->marks || !type_equal(next->type, type))
				break;
			nulls++;
		}
		if (nulls > 1) {
			buf_addc(out, TAG_NULLS);
			add_count(out, nulls);
			i += nulls - 1;
			continue;
		}
		if (kind == TYPE_MAP)
			add_text(out, v->keys[i], strlen(v->keys[i]));
		pack(v->items[i], expected, out);
	}
}

static void pack(const struct value *v, const struct type *expected, struct buf *out)
{
	if (expected && v->type != expected && !type_equal(v->type, expected)) {
		buf_addc(out, TAG_TYPED);
		type_pack(v->type, out);
	}
	if (v->marks) {
		buf_addc(out, TAG_MARKED);
		buf_addc(out, (char)v->marks);
	}
	if (v->state != VALUE_KNOWN) {
		buf_addc(out, v->state == VALUE_NULL ? TAG_NULL
			      : v->not_null	     ? TAG_UNKNOWN_NOT_NULL
						     : TAG_UNKNOWN);
		return;
	}
	switch (v->type->kind) {
	case TYPE_ANY:
		bug("a known value of no type");
	case TYPE_BOOL:
		buf_addc(out, v->boolean ? TAG_TRUE : TAG_FALSE);
		return;
	case TYPE_NUMBER:
		pack_number(v->number, out);
		return;
	case TYPE_STRING:
		if (v->count <= SHORT_STRING_MAX) {
			buf_addc(out, (char)(TAG_SHORT_STRING + v->count));
			buf_add(out, v->text, v->count);
		} else {
			buf_addc(out, TAG_STRING);
			add_text(out, v->text, v->count);
		}
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		pack_members(v, out);
		return;
	}
}

void value_pack_content(const struct value *v, struct buf *out)
{
	pack(v, NULL, out);
}

void value_pack(const struct value *v, struct buf *out)
{
	AUTO_BUF struct buf type = BUF_INIT;
	type_pack(v->type, &type);
	buf_addc(out, VERSION);
	add_text(out, type.ptr, type.len);
	pack(v, NULL, out);
}

/* ---- unpacking ---- */

struct unpacker {
	struct arena *arena;
	const unsigned char *at, *end;
	struct buf *why;
	unsigned depth;
};

static void *damaged(struct unpacker *u, const char *what)
{
	if (!u->why->len)
		buf_addf(u->why, "the stored value is damaged: %s", what);
	return NULL;
}

static bool take_count(struct unpacker *u, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (u->at >= u->end)
			return damaged(u, "it ends too soon");
		unsigned char byte = *u->at++;
		*out |= (uint64_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return damaged(u, "a count is too large");
}

/* A count of things that each take at least one byte, so that damage cannot ask for all memory. */
static bool take_members(struct unpacker *u, size_t *out)
{
	uint64_t n;
	if (!take_count(u, &n))
		return false;
	if (n > (uint64_t)(u->end - u->at) || n > UINT32_MAX)
		return damaged(u, "a count is larger than what follows");
	*out = (size_t)n;
	return true;
}

static const char *take_text(struct unpacker *u, size_t len)
{
	if (len > (size_t)(u->end - u->at))
		return damaged(u, "a text is longer than what follows");
	const char *text = (const char *)u->at;
	if (!utf8_is_valid(text, len))
		return damaged(u, "a text is not UTF-8");
	u->at += len;
	return text;
}

/* A name without NUL, in the arena. */
static const char *take_name(struct unpacker *u)
{
	size_t len;
	const char *text = take_members(u, &len) ? take_text(u, len) : NULL;
	if (!text)
		return NULL;
	if (memchr(text, '\0', len))
		return damaged(u, "a name holds U+0000");
	return arena_strndup(u->arena, text, len);
}

static const struct type *unpack_type(struct unpacker *u);

static const struct type *unpack_object_type(struct unpacker *u)
{
	size_t n;
	if (!take_members(u, &n))
		return NULL;
	AUTO_FREE struct type_attr *attrs = xcalloc(n, sizeof(*attrs));
	for (size_t i = 0; i < n; i++) {
		attrs[i].name = take_name(u);
		if (!attrs[i].name)
			return NULL;
		if (i && strcmp(attrs[i - 1].name, attrs[i].name) >= 0)
			return damaged(u, "attributes are out of order");
		size_t len = strlen(attrs[i].name), normal_len;
		if (unicode_nfc(u->arena, attrs[i].name, len, &normal_len) != attrs[i].name)
			return damaged(u, "an attribute's name is not in normal form");
		attrs[i].type = unpack_type(u);
		if (!attrs[i].type)
			return NULL;
	}
	return type_object(u->arena, attrs, n);
}

static const struct type *unpack_tuple_type(struct unpacker *u)
{
	size_t n;
	if (!take_members(u, &n))
		return NULL;
	AUTO_FREE const struct type **items = xcalloc(n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = unpack_type(u);
		if (!items[i])
			return NULL;
	}
	return type_tuple(u->arena, items, n);
}

static const struct type *unpack_type(struct unpacker *u)
{
	if (u->at >= u->end)
		return damaged(u, "it ends too soon");
	const char *letter = memchr(kind_letters, *u->at++, sizeof(kind_letters));
	if (!letter)
		return damaged(u, "an unknown kind of type");
	enum type_kind kind = (enum type_kind)(letter - kind_letters);
	if (kind == TYPE_ANY)
		return &type_any;
	if (kind == TYPE_BOOL)
		return &type_bool;
	if (kind == TYPE_NUMBER)
		return &type_number;
	if (kind == TYPE_STRING)
		return &type_string;
	if (++u->depth > DEPTH_MAX)
		return damaged(u, "it is nested too deeply");
	const struct type *type;
	if (kind == TYPE_OBJECT) {
		type = unpack_object_type(u);
	} else if (kind == TYPE_TUPLE) {
		type = unpack_tuple_type(u);
	} else {
		type = unpack_type(u);
		if (type)
			type = kind == TYPE_LIST  ? type_list(u->arena, type)
			       : kind == TYPE_SET ? type_set(u->arena, type)
						  : type_map(u->arena, type);
	}
	u->depth--;
	return type;
}

static const struct value *unpack(struct unpacker *u, const struct type *type);

/* Members of an object or tuple; runs of nulls are told by their length. */
static const struct value *unpack_fixed(struct unpacker *u, const struct type *type)
{
	/* Calloc'd, as a damaged text may ask for a large type again and again. */
	AUTO_FREE const struct value **items = xcalloc(type->count, sizeof(*items));
	bool as_declared = true;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct type *member =
			type->kind == TYPE_OBJECT ? type->attrs[i].type : type->items[i];
		if (u->at < u->end && *u->at == TAG_NULLS) {
			uint64_t n;
			u->at++;
			if (!take_count(u, &n))
				return NULL;
			if (!n || n > type->count - i)
				return damaged(u, "more nulls than members");
			for (; n; n--, i++) {
				member = type->kind == TYPE_OBJECT ? type->attrs[i].type
								   : type->items[i];
				items[i] = value_null(u->arena, member);
			}
			i--;
			continue;
		}
		items[i] = unpack(u, member);
		if (!items[i])
			return NULL;
		as_declared = as_declared && items[i]->type == member;
	}
	if (type->kind == TYPE_OBJECT)
		return value_object_of(u->arena, type, items);
	return as_declared ? value_tuple_of(u->arena, type, items)
			   : value_tuple(u->arena, items, type->count);
}

static const struct value *unpack_collection(struct unpacker *u, const struct type *type)
{
	size_t n;
	if (!take_members(u, &n))
		return NULL;
	AUTO_FREE const struct value **items = xcalloc(n, sizeof(*items));
	AUTO_FREE const char **keys = type->kind == TYPE_MAP ? xcalloc(n, sizeof(*keys)) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (keys) {
			keys[i] = take_name(u);
			if (!keys[i])
				return NULL;
		}
		items[i] = unpack(u, type->element);
		if (!items[i])
			return NULL;
	}
	if (type->kind == TYPE_MAP)
		return value_map(u->arena, type->element, keys, items, n);
	return type->kind == TYPE_SET ? value_set(u->arena, type->element, items, n)
				      : value_list(u->arena, type->element, items, n);
}

static const struct value *unpack_number(struct unpacker *u)
{
	uint64_t precision;
	size_t len;
	struct number n;
	const char *text =
		take_count(u, &precision) && take_members(u, &len) ? take_text(u, len) : NULL;
	if (!text)
		return NULL;
	if (!number_parse_precise(u->arena, text, len, precision, &n))
		return damaged(u, "an invalid number");
	return value_number(u->arena, n);
}

static const struct value *unpack_tagged(struct unpacker *u, const struct type *type, enum tag tag)
{
	uint64_t n;
	size_t len;
	const char *text;
	switch (tag) {
	case TAG_FALSE:
	case TAG_TRUE:
		return type->kind == TYPE_BOOL ? value_bool(tag == TAG_TRUE)
					       : damaged(u, "a bool where none is expected");
	case TAG_INT:
		if (type->kind != TYPE_NUMBER)
			return damaged(u, "a number where none is expected");
		return take_count(u, &n)
			       ? value_int(u->arena, (int64_t)(n >> 1 ^ (n & 1 ? UINT64_MAX : 0)))
			       : NULL;
	case TAG_NUMBER:
		return type->kind == TYPE_NUMBER ? unpack_number(u)
						 : damaged(u, "a number where none is expected");
	case TAG_STRING:
		if (type->kind != TYPE_STRING)
			return damaged(u, "a string where none is expected");
		text = take_members(u, &len) ? take_text(u, len) : NULL;
		return text ? value_string_raw(u->arena, text, len) : NULL;
	case TAG_MEMBERS:
		if (type->kind == TYPE_OBJECT || type->kind == TYPE_TUPLE)
			return unpack_fixed(u, type);
		return type_is_collection(type) ? unpack_collection(u, type)
						: damaged(u, "members where none are expected");
	case TAG_NULL:
	case TAG_UNKNOWN:
	case TAG_UNKNOWN_NOT_NULL:
	case TAG_NULLS:
	case TAG_MARKED:
	case TAG_TYPED:
	case TAG_SHORT_STRING:
	case TAG_SHORT_INT:
		break;
	}
	return damaged(u, "an unknown tag");
}

static const struct value *unpack_one(struct unpacker *u, const struct type *type)
{
	if (u->at >= u->end)
		return damaged(u, "it ends too soon");
	unsigned tag = *u->at++;
	if (tag == TAG_TYPED) {
		type = unpack_type(u);
		return type ? unpack(u, type) : NULL;
	}
	if (tag == TAG_MARKED) {
		unsigned marks = u->at < u->end ? *u->at++ : 0;
		if (!marks || marks & ~(unsigned)(VALUE_SENSITIVE | VALUE_EPHEMERAL | VALUE_UNREAD))
			return damaged(u, "unknown marks");
		const struct value *v = unpack(u, type);
		return v ? value_mark(u->arena, v, marks) : NULL;
	}
	if (tag == TAG_NULL)
		return value_null(u->arena, type);
	if (tag == TAG_UNKNOWN)
		return value_unknown(u->arena, type);
	if (tag == TAG_UNKNOWN_NOT_NULL)
		return value_unknown_not_null(u->arena, type);
	if (tag >= TAG_SHORT_INT && tag <= TAG_SHORT_INT + SHORT_INT_MAX)
		return type->kind == TYPE_NUMBER ? value_int(u->arena, (int64_t)tag - TAG_SHORT_INT)
						 : damaged(u, "a number where none is expected");
	if (tag >= TAG_SHORT_STRING && tag <= TAG_SHORT_STRING + SHORT_STRING_MAX) {
		const char *text = take_text(u, tag - TAG_SHORT_STRING);
		if (text && type->kind != TYPE_STRING)
			return damaged(u, "a string where none is expected");
		return text ? value_string_raw(u->arena, text, tag - TAG_SHORT_STRING) : NULL;
	}
	return unpack_tagged(u, type, (enum tag)tag);
}

static const struct value *unpack(struct unpacker *u, const struct type *type)
{
	if (++u->depth > DEPTH_MAX)
		return damaged(u, "it is nested too deeply");
	const struct value *v = unpack_one(u, type);
	u->depth--;
	return v;
}

const struct value *value_unpack_of(struct arena *arena, const struct type *type, const char *bytes,
				    size_t len, struct buf *why)
{
	AUTO_BUF struct buf own_why = BUF_INIT;
	struct unpacker u = {.arena = arena, .at = (const unsigned char *)bytes, .why = &own_why};
	u.end = u.at + len;
	const struct value *v = unpack(&u, type);
	if (v && u.at != u.end)
		v = damaged(&u, "something follows it");
	if (!v)
		buf_add(why, own_why.ptr, own_why.len);
	return v;
}

const struct type *type_unpack(struct arena *arena, const char *bytes, size_t len, struct buf *why)
{
	AUTO_BUF struct buf own_why = BUF_INIT;
	struct unpacker u = {.arena = arena, .at = (const unsigned char *)bytes, .why = &own_why};
	u.end = u.at + len;
	const struct type *type = unpack_type(&u);
	if (type && u.at != u.end)
		type = damaged(&u, "something follows it");
	if (!type)
		buf_add(why, own_why.ptr, own_why.len);
	return type;
}

/*
 * Thousands of rows of a state have few types: the last ones read are kept with their bytes. Only
 * shared types are, which live as long as the program.
 */
static const struct type *recall_type(struct arena *arena, const char *bytes, size_t len,
				      struct buf *why)
{
	static struct {
		char *bytes;
		size_t len;
		const struct type *type;
	} recent[64];
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
	size_t slot = hash % ARRAY_LEN(recent);
	if (recent[slot].type && recent[slot].len == len && !memcmp(recent[slot].bytes, bytes, len))
		return recent[slot].type;
	const struct type *type = type_unpack(arena, bytes, len, why);
	if (type && type->states) {
		free(recent[slot].bytes);
		recent[slot].bytes = xmalloc(len);
		memcpy(recent[slot].bytes, bytes, len);
		recent[slot].len = len;
		recent[slot].type = type;
	}
	return type;
}

const struct value *value_unpack(struct arena *arena, const char *bytes, size_t len,
				 struct buf *why)
{
	if (!len || bytes[0] != VERSION) {
		buf_adds(why, len ? "the stored value is of a later version of infra"
				  : "the stored value is empty");
		return NULL;
	}
	AUTO_BUF struct buf own_why = BUF_INIT;
	struct unpacker u = {
		.arena = arena, .at = (const unsigned char *)bytes + 1, .why = &own_why};
	u.end = u.at + len - 1;
	size_t type_len;
	if (!take_members(&u, &type_len)) {
		buf_add(why, own_why.ptr, own_why.len);
		return NULL;
	}
	const char *type_bytes = (const char *)u.at;
	const struct type *type = recall_type(arena, type_bytes, type_len, why);
	if (!type)
		return NULL;
	u.at += type_len;
	return value_unpack_of(arena, type, (const char *)u.at, (size_t)(u.end - u.at), why);
}
