/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/node.h"

#include "aws/time.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <string.h>

enum {
	DEPTH_LIMIT = 64,
	PROBLEM_LIMIT = 10,
	/*
	 * Enums longer than this (instance types, regions' names) grow with every release of AWS: a
	 * value that these tables do not know is more likely new than wrong.
	 */
	CLOSED_ENUM = 100,
};

/* How the walk came here; printed only when something is wrong. */
struct path {
	const struct path *up;
	const char *name;
	size_t index; /* where name is NULL */
	unsigned depth;
};

struct walk {
	struct arena *arena;
	const char *token;
	unsigned flags;
	unsigned problems;
	struct buf *why;
};

static void print_path(const struct path *path, struct buf *out)
{
	if (!path)
		return;
	print_path(path->up, out);
	if (path->name)
		buf_addf(out, "%s%s", out->len ? "." : "", path->name);
	else
		buf_addf(out, "[%zu]", path->index);
}

static void problem(struct walk *walk, const struct path *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void problem(struct walk *walk, const struct path *path, const char *fmt, ...)
{
	if (++walk->problems > PROBLEM_LIMIT)
		return;
	if (walk->why->len)
		buf_addc(walk->why, '\n');
	AUTO_BUF struct buf place = BUF_INIT;
	print_path(path, &place);
	buf_addf(walk->why, "%s ", place.len ? buf_text(&place) : "the request");
	va_list args;
	va_start(args, fmt);
	buf_vaddf(walk->why, fmt, args);
	va_end(args);
	if (walk->why->ptr[walk->why->len - 1] != '?')
		buf_addc(walk->why, '.');
}

static const char *article(const char *word)
{
	return strchr("aeiou", word[0]) ? "an" : "a";
}

static void wrong_kind(struct walk *walk, const struct path *path, const struct aws_shape *shape,
		       const struct value *value)
{
	AUTO_BUF struct buf type = BUF_INIT;
	type_print_friendly(value->type, &type);
	const char *word = aws_kind_word(shape->kind);
	problem(walk, path, "must be %s %s, not %s", article(word), word, buf_text(&type));
}

static struct aws_node *new_node(struct walk *walk, const struct aws_shape *shape, const struct value *value)
{
	struct aws_node *node = arena_new_of(walk->arena, struct aws_node);
	node->shape = shape;
	node->sensitive = shape->flags & AWS_SHAPE_SECRET || value->marks & VALUE_SENSITIVE;
	return node;
}

static const struct aws_node *node_of(struct walk *walk, const struct aws_shape *shape, const struct value *value,
				      const struct path *path);

static bool is_sequence(const struct value *value)
{
	return value_is_a(value, TYPE_LIST) || value_is_a(value, TYPE_SET) || value_is_a(value, TYPE_TUPLE);
}

static bool has_keys(const struct value *value)
{
	return value_is_a(value, TYPE_OBJECT) || value_is_a(value, TYPE_MAP);
}

static const struct aws_node *token_node(struct walk *walk, const struct aws_member *member)
{
	struct aws_node *node = arena_new_of(walk->arena, struct aws_node);
	node->shape = aws_member_shape(member);
	node->text = walk->token;
	node->count = (uint32_t)strlen(walk->token);
	return node;
}

static const struct aws_node *structure(struct walk *walk, const struct aws_shape *shape, const struct value *value,
					const struct path *path)
{
	if (is_sequence(value)) {
		if (value->count == 0)
			return NULL;
		if (value->count == 1)
			return node_of(walk, shape, value->items[0], path);
	}
	struct aws_node *node = new_node(walk, shape, value);
	if (shape->flags & AWS_SHAPE_DOCUMENT) {
		if (!value_is_wholly_known(value))
			problem(walk, path, "is not known yet");
		node->document = value;
		return node;
	}
	if (!has_keys(value)) {
		wrong_kind(walk, path, shape, value);
		return NULL;
	}
	const struct aws_node **by_member = arena_array_of(walk->arena, shape->count + 1, const struct aws_node *);
	for (size_t i = 0; i < value->count; i++) {
		const char *name = value_key_at(value, i);
		const struct value *inner = value->items[i];
		if (value_is_null(inner))
			continue;
		struct path here = {path, name, 0, path ? path->depth + 1 : 1};
		const struct aws_member *member = aws_member_find(shape, name);
		if (!member) {
			const char *near = aws_member_nearest(shape, name);
			problem(walk, &here, "is not a member of %s%s%s%s", aws_text(shape->name),
				near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
			continue;
		}
		by_member[member - &aws_members[shape->first]] = node_of(walk, aws_member_shape(member), inner, &here);
	}
	size_t present = 0;
	for (size_t i = 0; i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (!by_member[i] && member->flags & AWS_MEMBER_TOKEN && walk->token && !path)
			by_member[i] = token_node(walk, member);
		present += by_member[i] != NULL;
	}
	struct aws_node_field *fields = arena_array_of(walk->arena, present, struct aws_node_field);
	for (size_t i = 0; i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (by_member[i]) {
			fields[node->count++] = (struct aws_node_field){member, by_member[i]};
		} else if (member->flags & AWS_MEMBER_REQUIRED && !(walk->flags & AWS_NODE_ANSWER)) {
			const struct value *given = value_get(value, aws_text(member->name));
			if (given && !value_is_null(given) && !(is_sequence(given) && given->count == 0))
				continue; /* what is wrong with it has been said */
			struct path here = {path, aws_text(member->name), 0, 0};
			problem(walk, &here, "is required");
		}
	}
	node->fields = fields;
	return node;
}

static const struct aws_node *list(struct walk *walk, const struct aws_shape *shape, const struct value *value,
				   const struct path *path)
{
	if (!is_sequence(value)) {
		wrong_kind(walk, path, shape, value);
		return NULL;
	}
	struct aws_node *node = new_node(walk, shape, value);
	const struct aws_node **items = arena_array_of(walk->arena, value->count, const struct aws_node *);
	for (size_t i = 0; i < value->count; i++) {
		struct path here = {path, NULL, i, path ? path->depth + 1 : 1};
		const struct aws_node *item = node_of(walk, &aws_shapes[shape->element], value->items[i], &here);
		if (item)
			items[node->count++] = item;
	}
	node->items = items;
	if (shape->flags & AWS_SHAPE_MIN && node->count < (uint64_t)shape->min && !(walk->flags & AWS_NODE_ANSWER))
		problem(walk, path, "needs at least %lld element%s", (long long)shape->min, shape->min == 1 ? "" : "s");
	return node;
}

static const struct aws_node *map_of(struct walk *walk, const struct aws_shape *shape, const struct value *value,
				     const struct path *path)
{
	if (!has_keys(value)) {
		wrong_kind(walk, path, shape, value);
		return NULL;
	}
	struct aws_node *node = new_node(walk, shape, value);
	struct aws_node_entry *entries = arena_array_of(walk->arena, value->count, struct aws_node_entry);
	for (size_t i = 0; i < value->count; i++) {
		const char *key = value_key_at(value, i);
		struct path here = {path, key, 0, path ? path->depth + 1 : 1};
		const struct aws_node *item = node_of(walk, &aws_shapes[shape->element], value->items[i], &here);
		if (item)
			entries[node->count++] = (struct aws_node_entry){key, item};
	}
	node->entries = entries;
	return node;
}

/* The text of a string, number or bool; NULL for what has none. */
static const char *plain_text(struct walk *walk, const struct value *value, size_t *len)
{
	const char *text = NULL;
	if (value_is_a(value, TYPE_STRING)) {
		*len = value->count;
		return value->text;
	}
	if (value_is_a(value, TYPE_NUMBER))
		text = number_print(walk->arena, value->number);
	else if (value_is_a(value, TYPE_BOOL))
		text = value->boolean ? "true" : "false";
	*len = text ? strlen(text) : 0;
	return text;
}

static void check_text(struct walk *walk, const struct aws_node *node, const struct path *path)
{
	const struct aws_shape *shape = node->shape;
	if (walk->flags & AWS_NODE_ANSWER)
		return;
	if (shape->flags & AWS_SHAPE_MIN && node->count < (uint64_t)shape->min)
		problem(walk, path, "needs at least %lld character%s", (long long)shape->min,
			shape->min == 1 ? "" : "s");
	if (shape->kind != AWS_ENUM || walk->flags & AWS_NODE_ANY_ENUM || shape->count > CLOSED_ENUM ||
	    aws_enum_has(shape, node->text, node->count))
		return;
	if (node->sensitive) {
		problem(walk, path, "is not one of the values of %s", aws_text(shape->name));
		return;
	}
	const char *near = aws_enum_nearest(shape, node->text);
	if (near) {
		problem(walk, path, "is \"%s\", which is not one of the values of %s; did you mean \"%s\"?", node->text,
			aws_text(shape->name), near);
		return;
	}
	AUTO_BUF struct buf all = BUF_INIT;
	for (size_t i = 0; i < shape->count && i < 12; i++)
		buf_addf(&all, "%s\"%s\"", i ? ", " : "", aws_text(aws_refs[shape->first + i]));
	problem(walk, path, "is \"%s\", but must be one of %s%s", node->text, buf_text(&all),
		shape->count > 12 ? ", ..." : "");
}

static const struct aws_node *scalar(struct walk *walk, const struct aws_shape *shape, const struct value *value,
				     const struct path *path)
{
	size_t len;
	const char *text = plain_text(walk, value, &len);
	if (!text) {
		wrong_kind(walk, path, shape, value);
		return NULL;
	}
	struct aws_node *node = new_node(walk, shape, value);
	node->text = text;
	node->count = (uint32_t)len;
	struct number number = number_from_int(0);
	switch ((enum aws_kind)shape->kind) {
	case AWS_STRING:
	case AWS_ENUM:
		check_text(walk, node, path);
		break;
	case AWS_BLOB: {
		AUTO_BUF struct buf bytes = BUF_INIT;
		if (!base64_decode(BASE64_STANDARD, text, len, &bytes))
			problem(walk, path, "must be base64 text");
		break;
	}
	case AWS_BOOLEAN:
		if (strcmp(text, "true") && strcmp(text, "false"))
			wrong_kind(walk, path, shape, value);
		break;
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		if (value_is_a(value, TYPE_NUMBER)) {
			number = value->number;
		} else if (value_is_a(value, TYPE_BOOL) || !number_parse(walk->arena, text, len, &number)) {
			wrong_kind(walk, path, shape, value);
			break;
		} else {
			node->text = number_print(walk->arena, number);
			node->count = (uint32_t)strlen(node->text);
		}
		if ((shape->kind == AWS_INTEGER || shape->kind == AWS_LONG) && !number_is_integer(number))
			problem(walk, path, "must be a whole number, not %s", node->text);
		else if (shape->flags & AWS_SHAPE_MIN && !(walk->flags & AWS_NODE_ANSWER) &&
			 number_compare(number, number_from_int(shape->min)) < 0)
			problem(walk, path, "must be at least %lld, not %s", (long long)shape->min, node->text);
		break;
	case AWS_TIMESTAMP:
		if (value_is_a(value, TYPE_BOOL) || !aws_time_parse(text, len, &node->ms))
			problem(walk, path, "must be a time like \"2024-02-29T12:00:00Z\"");
		break;
	case AWS_STRUCT:
	case AWS_LIST:
	case AWS_MAP:
		bug("not a scalar");
	}
	return node;
}

static const struct aws_node *node_of(struct walk *walk, const struct aws_shape *shape, const struct value *value,
				      const struct path *path)
{
	if (value_is_null(value))
		return NULL;
	if (!value_is_known(value)) {
		problem(walk, path, "is not known yet");
		return NULL;
	}
	if (path && path->depth > DEPTH_LIMIT) {
		problem(walk, path, "is nested too deeply");
		return NULL;
	}
	switch ((enum aws_kind)shape->kind) {
	case AWS_STRUCT:
		return structure(walk, shape, value, path);
	case AWS_LIST:
		return list(walk, shape, value, path);
	case AWS_MAP:
		return map_of(walk, shape, value, path);
	case AWS_ENUM:
	case AWS_STRING:
	case AWS_BLOB:
	case AWS_BOOLEAN:
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
	case AWS_TIMESTAMP:
		break;
	}
	return scalar(walk, shape, value, path);
}

const struct aws_node *aws_node_from(struct arena *arena, const struct aws_shape *shape, const struct value *value,
				     const char *token, unsigned flags, struct buf *why)
{
	struct walk walk = {.arena = arena, .token = token, .flags = flags, .why = why};
	const struct aws_node *node = node_of(&walk, shape, value, NULL);
	if (!node && !walk.problems)
		problem(&walk, NULL, "is null");
	if (walk.problems > PROBLEM_LIMIT)
		buf_addf(why, "\n%u more problems.", walk.problems - PROBLEM_LIMIT);
	return walk.problems ? NULL : node;
}

const struct aws_node *aws_node_field(const struct aws_node *structure, const struct aws_member *member)
{
	for (size_t i = 0; i < structure->count; i++) {
		if (structure->fields[i].member == member)
			return structure->fields[i].node;
	}
	return NULL;
}

static void describe_text(const struct aws_node *node, struct buf *out)
{
	enum { LONGEST = 100 };
	size_t len = node->count > LONGEST ? LONGEST : node->count;
	while (len > 0 && len < node->count && (node->text[len] & 0xC0) == 0x80)
		len--;
	json_add_string(out, node->text, len, false);
	if (node->count > LONGEST)
		buf_addf(out, "... (%u bytes)", node->count);
}

void aws_node_describe(const struct aws_node *node, struct buf *out)
{
	if (node->sensitive) {
		buf_adds(out, "(sensitive)");
		return;
	}
	char time[40];
	switch ((enum aws_kind)node->shape->kind) {
	case AWS_STRUCT:
		if (node->shape->flags & AWS_SHAPE_DOCUMENT) {
			buf_adds(out, "{...}");
			return;
		}
		buf_addc(out, '{');
		for (size_t i = 0; i < node->count; i++) {
			buf_addf(out, "%s%s: ", i ? ", " : "", aws_text(node->fields[i].member->name));
			aws_node_describe(node->fields[i].node, out);
		}
		buf_addc(out, '}');
		return;
	case AWS_LIST:
		buf_addc(out, '[');
		for (size_t i = 0; i < node->count && i < 20; i++) {
			buf_adds(out, i ? ", " : "");
			aws_node_describe(node->items[i], out);
		}
		buf_adds(out, node->count > 20 ? ", ...]" : "]");
		return;
	case AWS_MAP:
		buf_addc(out, '{');
		for (size_t i = 0; i < node->count; i++) {
			buf_adds(out, i ? ", " : "");
			json_add_string(out, node->entries[i].key, strlen(node->entries[i].key), false);
			buf_adds(out, ": ");
			aws_node_describe(node->entries[i].node, out);
		}
		buf_addc(out, '}');
		return;
	case AWS_TIMESTAMP:
		aws_time_print_exact(node->ms, time);
		buf_adds(out, time);
		return;
	case AWS_BLOB:
		buf_addf(out, "(%u bytes of base64)", node->count);
		return;
	case AWS_ENUM:
	case AWS_STRING:
		describe_text(node, out);
		return;
	case AWS_BOOLEAN:
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		buf_adds(out, node->text);
		return;
	}
}
