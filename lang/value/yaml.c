/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/yaml.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
	DEPTH_MAX = 500,
	NODES_MAX =
		1000000, /* with aliases written out, so that a few lines cannot become gigabytes */
};

/* ---- scalars ---- */

#define LONG_TAG "tag:yaml.org,2002:"

enum scalar_tag {
	NO_TAG,
	STR_TAG,
	BOOL_TAG,
	INT_TAG,
	FLOAT_TAG,
	NULL_TAG,
	TIMESTAMP_TAG,
	BINARY_TAG,
	OTHER_TAG
};

static enum scalar_tag find_tag(const char *tag)
{
	static const char *const names[] = {
		[STR_TAG] = "str",	[BOOL_TAG] = "bool", [INT_TAG] = "int",
		[FLOAT_TAG] = "float",	[NULL_TAG] = "null", [TIMESTAMP_TAG] = "timestamp",
		[BINARY_TAG] = "binary"};
	if (!tag || !*tag)
		return NO_TAG;
	if (strncmp(tag, LONG_TAG, strlen(LONG_TAG)) != 0)
		return OTHER_TAG;
	for (size_t i = STR_TAG; i < ARRAY_LEN(names); i++) {
		if (!strcmp(tag + strlen(LONG_TAG), names[i]))
			return (enum scalar_tag)i;
	}
	return OTHER_TAG;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(text, *words))
			return true;
	}
	return false;
}

static const char *const true_words[] = {"y",	 "Y",	 "yes", "Yes", "YES", "true",
					 "True", "TRUE", "on",	"On",  "ON",  NULL};
static const char *const false_words[] = {"n",	   "N",	    "no",  "No",  "NO",	 "false",
					  "False", "FALSE", "off", "Off", "OFF", NULL};
static const char *const null_words[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const infinite_words[] = {".inf",  ".Inf",  ".INF",	"+.inf", "+.Inf",
					     "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
					     ".NaN",  ".NAN",  NULL};

/* n digits at least, m at most; -1 when they are not there. */
static int take_digits(const char **s, int n, int m)
{
	int value = 0, count = 0;
	while (count < m && **s >= '0' && **s <= '9') {
		value = value * 10 + (*(*s)++ - '0');
		count++;
	}
	return count < n ? -1 : value;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* date [ ( "T" | "t" ) time zone | " " time ]; written again as RFC 3339. */
static const char *timestamp_text(struct arena *arena, const char *s)
{
	int year = take_digits(&s, 4, 4);
	if (year < 0 || !take_char(&s, '-'))
		return NULL;
	int month = take_digits(&s, 1, 2);
	if (month < 1 || month > 12 || !take_char(&s, '-'))
		return NULL;
	int day = take_digits(&s, 1, 2);
	if (day < 1 || day > days_of(year, month))
		return NULL;
	if (!*s)
		return arena_printf(arena, "%04d-%02d-%02dT00:00:00Z", year, month, day);
	bool zoned = *s == 'T' || *s == 't';
	if (!zoned && *s != ' ')
		return NULL;
	s++;
	int hour = take_digits(&s, 1, 2);
	if (hour < 0 || hour > 23 || !take_char(&s, ':'))
		return NULL;
	int minute = take_digits(&s, 1, 2);
	if (minute < 0 || minute > 59 || !take_char(&s, ':'))
		return NULL;
	int second = take_digits(&s, 1, 2);
	if (second < 0 || second > 59)
		return NULL;
	if (*s == '.' || *s == ',') {
		s++;
		if (take_digits(&s, 1, 9) < 0)
			return NULL;
		while (*s >= '0' && *s <= '9')
			s++;
	}
	const char *zone = "Z";
	if (zoned && !take_char(&s, 'Z')) {
		const char *start = s;
		bool sign = take_char(&s, '+') || take_char(&s, '-');
		int hours = sign ? take_digits(&s, 2, 2) : -1;
		int minutes = hours >= 0 && take_char(&s, ':') ? take_digits(&s, 2, 2) : -1;
		if (hours > 24 || minutes < 0 || minutes > 60)
			return NULL;
		zone = hours || minutes ? arena_strndup(arena, start, (size_t)(s - start)) : "Z";
	}
	if (*s)
		return NULL;
	return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%s", year, month, day, hour,
			    minute, second, zone);
}

static bool all_in(const char *s, const char *set)
{
	return *s && s[strspn(s, set)] == '\0';
}

/* What YAML 1.2 reads as a number without a tag: [-+]digits, 0o17, 0x1f, and decimal floats. */
static bool looks_like_number(const char *s)
{
	if (s[0] == '0' && s[1] == 'o')
		return all_in(s + 2, "01234567");
	if (s[0] == '0' && s[1] == 'x')
		return all_in(s + 2, "0123456789abcdefABCDEF");
	s += *s == '+' || *s == '-';
	size_t whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		size_t fraction = strspn(++s, "0123456789");
		s += fraction;
		whole += fraction;
	}
	if (!whole)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		return all_in(s, "0123456789");
	}
	return !*s;
}

/* Decimal, or with the prefix of another base; with _ between digits, as an explicit tag allows. */
static const struct value *parse_number(struct arena *arena, const char *text)
{
	AUTO_BUF struct buf plain = BUF_INIT;
	for (; *text; text++) {
		if (*text != '_')
			buf_addc(&plain, *text);
	}
	struct number n;
	const char *s = buf_text(&plain);
	if (number_parse(arena, s, plain.len, &n))
		return value_number(arena, n);
	bool negative = *s == '-';
	s += *s == '+' || *s == '-';
	int base = *s != '0'			? 0
		   : s[1] == 'x' || s[1] == 'X' ? 16
		   : s[1] == 'o' || s[1] == 'O' ? 8
		   : s[1] == 'b' || s[1] == 'B' ? 2
						: 0;
	if (!base || s[2] == '-' || s[2] == '+' ||
	    !number_parse_base(arena, s + 2, strlen(s + 2), base, &n))
		return NULL;
	return value_number(arena, negative ? number_neg(arena, n) : n);
}

static bool is_base64(const char *s)
{
	size_t digits = 0, padding = 0;
	for (; *s; s++) {
		if (*s == '\n' || *s == '\r')
			continue;
		if (*s == '=')
			padding++;
		else if (padding ||
			 !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
				 *s))
			return false;
		else
			digits++;
	}
	return padding <= 2 && (digits + padding) % 4 == 0;
}

/* ---- reading ---- */

struct anchor {
	const char *name;
	const struct value *value; /* NULL while it is being read */
	size_t nodes;
};

struct reader {
	struct arena *arena;
	yaml_parser_t parser;
	struct buf *why;
	unsigned depth;
	size_t nodes;
	VEC(struct anchor) anchors; /* the newest of a name counts */
	VEC(const struct value *) values;
	VEC(const char *) keys;
};

static void *fail_at(struct reader *r, const yaml_mark_t *mark, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
static void *fail_at(struct reader *r, const yaml_mark_t *mark, const char *fmt, ...)
{
	if (r->why->len)
		return NULL;
	buf_addf(r->why, "on line %zu, column %zu: ", mark->line + 1, mark->column + 1);
	va_list args;
	va_start(args, fmt);
	buf_vaddf(r->why, fmt, args);
	va_end(args);
	return NULL;
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	/* Reader errors have an offset instead of a mark; what is wrong with the text was seen before. */
	const char *problem = r->parser.problem ? r->parser.problem : "invalid YAML";
	fail_at(r, &r->parser.problem_mark, "%s%s%s", r->parser.context ? r->parser.context : "",
		r->parser.context ? ", " : "", problem);
	return false;
}

static const struct value *resolve_untagged(struct reader *r, const char *text)
{
	if (is_one_of(text, true_words))
		return &value_true;
	if (is_one_of(text, false_words))
		return &value_false;
	if (is_one_of(text, null_words))
		return &value_null_any;
	const char *timestamp = timestamp_text(r->arena, text);
	if (timestamp)
		return value_string(r->arena, timestamp);
	return looks_like_number(text) ? parse_number(r->arena, text) : NULL;
}

static const struct value *resolve_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value,
		   *tag_text = (const char *)event->data.scalar.tag;
	size_t len = event->data.scalar.length;
	yaml_scalar_style_t style = event->data.scalar.style;
	enum scalar_tag tag = find_tag(tag_text);
	const struct value *v = NULL;
	if (tag == OTHER_TAG)
		return fail_at(r, &event->start_mark, "unsupported tag \"%s\"", tag_text);
	bool plain = style == YAML_PLAIN_SCALAR_STYLE || style == YAML_ANY_SCALAR_STYLE;
	if (tag == STR_TAG || (tag == NO_TAG && !plain) ||
	    (tag != BINARY_TAG && style != YAML_LITERAL_SCALAR_STYLE &&
	     style != YAML_FOLDED_SCALAR_STYLE && !plain))
		return value_string_n(r->arena, text, len);
	if (tag != BINARY_TAG && is_one_of(text, infinite_words))
		return fail_at(r, &event->start_mark, "%s is not supported: numbers are finite",
			       text);
	switch (tag) {
	case NO_TAG:
		v = resolve_untagged(r, text);
		return v ? v : value_string_n(r->arena, text, len);
	case BINARY_TAG:
		if (is_base64(text))
			return value_string_n(r->arena, text, len);
		break;
	case BOOL_TAG:
		if (is_one_of(text, true_words) || is_one_of(text, false_words))
			return value_bool(is_one_of(text, true_words));
		break;
	case INT_TAG:
	case FLOAT_TAG:
		v = parse_number(r->arena, text);
		break;
	case NULL_TAG:
		return &value_null_any;
	case TIMESTAMP_TAG:
		text = timestamp_text(r->arena, text);
		v = text ? value_string(r->arena, text) : NULL;
		break;
	case STR_TAG:
	case OTHER_TAG:
		break;
	}
	if (!v)
		fail_at(r, &event->start_mark, "cannot parse \"%s\" as %s",
			(const char *)event->data.scalar.value, tag_text);
	return v;
}

static const struct value *read_node(struct reader *r, const yaml_event_t *event);

static const struct value *read_next(struct reader *r)
{
	yaml_event_t event;
	if (!next_event(r, &event))
		return NULL;
	const struct value *v = read_node(r, &event);
	yaml_event_delete(&event);
	return v;
}

static const struct value *read_sequence(struct reader *r)
{
	size_t first = r->values.count;
	for (;;) {
		yaml_event_t event;
		if (!next_event(r, &event))
			return NULL;
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		const struct value *v = end ? NULL : read_node(r, &event);
		yaml_event_delete(&event);
		if (end)
			break;
		if (!v)
			return NULL;
		vec_add(&r->values, v);
	}
	size_t n = r->values.count - first;
	const struct value *v = value_tuple(r->arena, n ? r->values.items + first : NULL, n);
	r->values.count = first;
	return v;
}

/* The members of an object behind "<<" as if they were written here. */
static bool merge(struct reader *r, const yaml_mark_t *mark)
{
	const struct value *v = read_next(r);
	if (!v)
		return false;
	if (!value_is_a(v, TYPE_OBJECT)) {
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_friendly(v->type, &type);
		return fail_at(r, mark, "cannot merge %s into mapping", type.ptr);
	}
	for (uint32_t i = 0; i < v->count; i++) {
		vec_add(&r->keys, value_key_at(v, i));
		vec_add(&r->values, v->items[i]);
	}
	return true;
}

static bool read_member(struct reader *r, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT)
		return fail_at(r, &event->start_mark, "only strings are allowed as mapping keys");
	if (!event->data.scalar.tag && !strcmp((const char *)event->data.scalar.value, "<<"))
		return merge(r, &event->start_mark);
	const struct value *key = resolve_scalar(r, event);
	if (!key)
		return false;
	if (value_is_null(key))
		return fail_at(r, &event->start_mark, "mapping key cannot be null");
	const char *name = value_to_text(r->arena, key);
	if (key->type->kind == TYPE_STRING && strlen(name) != key->count)
		return fail_at(r, &event->start_mark,
			       "a mapping key may not hold the character U+0000");
	const struct value *v = read_next(r);
	if (!v)
		return false;
	vec_add(&r->keys, name);
	vec_add(&r->values, v);
	return true;
}

static const struct value *read_mapping(struct reader *r)
{
	size_t first = r->values.count, first_key = r->keys.count;
	for (;;) {
		yaml_event_t event;
		if (!next_event(r, &event))
			return NULL;
		bool end = event.type == YAML_MAPPING_END_EVENT, ok = end || read_member(r, &event);
		yaml_event_delete(&event);
		if (!ok)
			return NULL;
		if (end)
			break;
	}
	size_t n = r->values.count - first;
	const struct value *v = value_object(r->arena, n ? r->keys.items + first_key : NULL,
					     n ? r->values.items + first : NULL, n);
	r->values.count = first;
	r->keys.count = first_key;
	return v;
}

static const struct value *read_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	for (size_t i = r->anchors.count; i-- > 0;) {
		const struct anchor *anchor = &r->anchors.items[i];
		if (strcmp(anchor->name, name) != 0)
			continue;
		if (!anchor->value)
			return fail_at(
				r, &event->start_mark,
				"cannot refer to anchor \"%s\" from inside its own definition",
				name);
		r->nodes += anchor->nodes;
		return anchor->value;
	}
	return fail_at(r, &event->start_mark, "reference to undefined anchor \"%s\"", name);
}

static const struct value *read_container(struct reader *r, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	const char *tag = (const char *)(mapping ? event->data.mapping_start.tag
						 : event->data.sequence_start.tag);
	if (tag && strcmp(tag, mapping ? LONG_TAG "map" : LONG_TAG "seq") != 0)
		return fail_at(r, &event->start_mark, "can't interpret %s as %s",
			       mapping ? "mapping" : "sequence", tag);
	if (++r->depth > DEPTH_MAX)
		return fail_at(r, &event->start_mark, "nested more than %d levels deep", DEPTH_MAX);
	const struct value *v = mapping ? read_mapping(r) : read_sequence(r);
	r->depth--;
	return v;
}

static const char *anchor_of(const yaml_event_t *event)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor
				  : event->type == YAML_MAPPING_START_EVENT
					  ? event->data.mapping_start.anchor
					  : event->data.sequence_start.anchor;
	return (const char *)name;
}

static const struct value *read_node(struct reader *r, const yaml_event_t *event)
{
	if (event->type == YAML_ALIAS_EVENT) {
		const struct value *v = read_alias(r, event);
		return v && r->nodes > NODES_MAX ? fail_at(r, &event->start_mark,
							   "aliases make this document too large")
						 : v;
	}
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_MAPPING_START_EVENT &&
	    event->type != YAML_SEQUENCE_START_EVENT)
		return fail_at(r, &event->start_mark, "a value is expected here");
	const char *name = anchor_of(event);
	size_t anchor = r->anchors.count, before = r->nodes++;
	if (r->nodes > NODES_MAX)
		return fail_at(r, &event->start_mark, "the document has more than %d values",
			       NODES_MAX);
	if (name)
		vec_add(&r->anchors, (struct anchor){.name = arena_strdup(r->arena, name)});
	const struct value *v = event->type == YAML_SCALAR_EVENT ? resolve_scalar(r, event)
								 : read_container(r, event);
	if (name && v) {
		r->anchors.items[anchor].value = v;
		r->anchors.items[anchor].nodes = r->nodes - before;
	}
	return v;
}

/* An event of this type comes next. */
static bool expect(struct reader *r, yaml_event_type_t type, const char *else_why)
{
	yaml_event_t event;
	if (!next_event(r, &event))
		return false;
	bool ok = event.type == type;
	if (!ok)
		fail_at(r, &event.start_mark, "%s",
			event.type == YAML_DOCUMENT_START_EVENT
				? "only a single document is allowed"
				: else_why);
	yaml_event_delete(&event);
	return ok;
}

static const struct value *read_document(struct reader *r)
{
	if (!expect(r, YAML_STREAM_START_EVENT, "missing stream start token") ||
	    !expect(r, YAML_DOCUMENT_START_EVENT, "missing start of document"))
		return NULL;
	const struct value *v = read_next(r);
	if (!v || !expect(r, YAML_DOCUMENT_END_EVENT, "unexpected extra content after value") ||
	    !expect(r, YAML_STREAM_END_EVENT, "unexpected extra content after value"))
		return NULL;
	return v;
}

const struct value *value_from_yaml(struct arena *arena, const char *text, size_t len,
				    struct buf *why)
{
	AUTO_BUF struct buf own_why = BUF_INIT;
	struct reader r = {.arena = arena, .why = &own_why};
	if (!yaml_parser_initialize(&r.parser))
		out_of_memory();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	const struct value *v = read_document(&r);
	yaml_parser_delete(&r.parser);
	vec_free(&r.anchors);
	vec_free(&r.values);
	vec_free(&r.keys);
	if (!v)
		buf_add(why, own_why.ptr, own_why.len);
	return v;
}

/* ---- writing ---- */

static int add_to_buf(void *out, unsigned char *bytes, size_t n)
{
	buf_add(out, bytes, n);
	return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	if (!made)
		out_of_memory();
	if (!yaml_emitter_emit(emitter, event))
		bug("YAML: %s", emitter->problem ? emitter->problem : "cannot be written");
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, size_t len,
			yaml_scalar_style_t style)
{
	yaml_event_t event;
	if (len > INT32_MAX)
		out_of_memory();
	emit(emitter, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)len,
					  1, 1, style));
}

static void emit_string(yaml_emitter_t *emitter, const char *text, size_t len)
{
	bool lines = len && memchr(text, '\n', len);
	emit_scalar(emitter, text, len,
		    lines ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void emit_value(yaml_emitter_t *emitter, const struct value *v)
{
	yaml_event_t event;
	if (v->state != VALUE_KNOWN) {
		if (v->state == VALUE_UNKNOWN)
			bug("an unknown value cannot be YAML");
		emit_scalar(emitter, "null", 4, YAML_PLAIN_SCALAR_STYLE);
		return;
	}
	bool named = v->type->kind == TYPE_MAP || v->type->kind == TYPE_OBJECT;
	switch (v->type->kind) {
	case TYPE_ANY:
		bug("a known value of no type");
	case TYPE_BOOL:
		emit_scalar(emitter, v->boolean ? "true" : "false", v->boolean ? 4 : 5,
			    YAML_PLAIN_SCALAR_STYLE);
		return;
	case TYPE_NUMBER: {
		AUTO_BUF struct buf text = BUF_INIT;
		number_add_text(v->number, &text);
		emit_scalar(emitter, text.ptr, text.len, YAML_PLAIN_SCALAR_STYLE);
		return;
	}
	case TYPE_STRING:
		emit_string(emitter, v->text, v->count);
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_TUPLE:
		emit(emitter, &event,
		     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
							  YAML_BLOCK_SEQUENCE_STYLE));
		break;
	case TYPE_MAP:
	case TYPE_OBJECT:
		emit(emitter, &event,
		     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
							 YAML_BLOCK_MAPPING_STYLE));
		break;
	}
	for (uint32_t i = 0; i < v->count; i++) {
		if (named)
			emit_string(emitter, value_key_at(v, i), strlen(value_key_at(v, i)));
		emit_value(emitter, v->items[i]);
	}
	emit(emitter, &event,
	     named ? yaml_mapping_end_event_initialize(&event)
		   : yaml_sequence_end_event_initialize(&event));
}

void value_to_yaml(const struct value *v, struct buf *out)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	size_t start = out->len;
	if (!yaml_emitter_initialize(&emitter))
		out_of_memory();
	yaml_emitter_set_output(&emitter, add_to_buf, out);
	yaml_emitter_set_unicode(&emitter, 1);
	emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	emit_value(&emitter, v);
	emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&emitter);
	/*
	 * libyaml ends a document with "..." behind a block that keeps its blank lines, an older one,
	 * whose port Terraform has, behind a plain scalar that is the whole document.
	 */
	static const char end[] = "...\n";
	size_t n = strlen(end);
	if (out->len - start > n && !memcmp(out->ptr + out->len - n - 1, "\n...\n", n + 1)) {
		out->len -= n;
		out->ptr[out->len] = '\0';
	}
	if (v->state != VALUE_KNOWN || v->type->kind == TYPE_BOOL || v->type->kind == TYPE_NUMBER)
		buf_adds(out, end);
}
