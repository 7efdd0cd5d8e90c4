/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/answer.h"

#include "aws/time.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/value/json.h"

#include <string.h>

enum { DEPTH_LIMIT = 100 };

void answer_init(struct answer *answer, struct arena *arena, struct buf *why)
{
	*answer = (struct answer){.arena = arena, .types = MAP_INIT, .why = why};
}

void answer_release(struct answer *answer)
{
	map_release(&answer->types);
}

const struct value *answer_fail(struct answer *answer, const char *fmt, ...)
{
	if (!answer->failed) {
		if (answer->at)
			buf_addf(answer->why, "%s: ", answer->at);
		va_list args;
		va_start(args, fmt);
		buf_vaddf(answer->why, fmt, args);
		va_end(args);
	}
	answer->failed = true;
	return NULL;
}

/* A known value without marks. */
static struct value *plain(struct answer *answer, const struct type *type, const struct value *const *items,
			   size_t count)
{
	struct value *value = arena_new_of(answer->arena, struct value);
	value->type = type;
	value->state = VALUE_KNOWN;
	value->count = (uint32_t)count;
	if (count)
		value->items = arena_memdup(answer->arena, items, size_mul(count, sizeof(*items)));
	return value;
}

const struct value *answer_structure(struct answer *answer, const struct aws_shape *shape,
				     const struct value *const *by_member)
{
	AUTO_BUF struct buf key = BUF_INIT;
	VEC(const struct value *) items = {0};
	buf_add(&key, "s", 1);
	for (uint32_t i = 0; i < shape->count; i++) {
		if (!by_member[i])
			continue;
		uint32_t name = aws_members[shape->first + i].name;
		buf_add(&key, &name, sizeof(name));
		buf_add(&key, &by_member[i]->type, sizeof(by_member[i]->type));
		vec_add(&items, by_member[i]);
	}
	const struct type *type = map_find_n(&answer->types, key.ptr, key.len);
	if (!type) {
		struct type_attr *attrs = arena_array_of(answer->arena, items.count, struct type_attr);
		for (size_t i = 0, n = 0; i < shape->count; i++) {
			if (by_member[i])
				attrs[n++] = (struct type_attr){.name = aws_text(aws_members[shape->first + i].name),
								.type = by_member[i]->type};
		}
		type = type_object(answer->arena, attrs, items.count);
		map_put_n(&answer->types, arena_memdup(answer->arena, key.ptr, key.len), key.len, (void *)type);
	}
	const struct value *value = plain(answer, type, items.items, items.count);
	vec_free(&items);
	return value;
}

const struct value *answer_list(struct answer *answer, const struct value *const *items, size_t count)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_add(&key, "l", 1);
	for (size_t i = 0; i < count; i++)
		buf_add(&key, &items[i]->type, sizeof(items[i]->type));
	const struct type *type = map_find_n(&answer->types, key.ptr, key.len);
	if (!type) {
		const struct type **types = arena_array_of(answer->arena, count, const struct type *);
		for (size_t i = 0; i < count; i++)
			types[i] = items[i]->type;
		type = type_tuple(answer->arena, types, count);
		map_put_n(&answer->types, arena_memdup(answer->arena, key.ptr, key.len), key.len, (void *)type);
	}
	return plain(answer, type, items, count);
}

static const struct type *scalar_type(enum aws_kind kind)
{
	switch (kind) {
	case AWS_BOOLEAN:
		return &type_bool;
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		return &type_number;
	case AWS_ENUM:
	case AWS_STRING:
	case AWS_BLOB:
	case AWS_TIMESTAMP:
		return &type_string;
	case AWS_STRUCT:
	case AWS_LIST:
	case AWS_MAP:
		return NULL;
	}
	return NULL;
}

const struct value *answer_map(struct answer *answer, const struct aws_shape *shape, const char *const *keys,
			       const struct value *const *items, size_t count)
{
	const struct type *element = scalar_type(aws_shapes[shape->element].kind);
	if (element)
		return value_map(answer->arena, element, keys, items, count);
	return value_object(answer->arena, keys, items, count);
}

const struct value *answer_scalar(struct answer *answer, const struct aws_shape *shape, const char *text, size_t len)
{
	struct number number;
	int64_t ms;
	char time[32];
	switch ((enum aws_kind)shape->kind) {
	case AWS_BOOLEAN:
		if (len == 4 && !memcmp(text, "true", 4))
			return &value_true;
		if (len == 5 && !memcmp(text, "false", 5))
			return &value_false;
		return answer_fail(answer, "\"%.*s\" is not a boolean", (int)(len > 40 ? 40 : len), text);
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		if (!number_parse(answer->arena, text, len, &number))
			return answer_fail(answer, "\"%.*s\" is not a number", (int)(len > 40 ? 40 : len), text);
		return value_number(answer->arena, number);
	case AWS_TIMESTAMP:
		if (!aws_time_parse(text, len, &ms))
			return answer_fail(answer, "\"%.*s\" is not a time", (int)(len > 40 ? 40 : len), text);
		aws_time_print(ms, time);
		return value_string_raw(answer->arena, time, strlen(time));
	case AWS_BLOB:
	case AWS_ENUM:
	case AWS_STRING:
		return value_string_n(answer->arena, text, len);
	case AWS_STRUCT:
	case AWS_LIST:
	case AWS_MAP:
		break;
	}
	bug("not a scalar");
}

const struct value *answer_bytes(struct answer *answer, const struct aws_shape *shape, const void *bytes, size_t len)
{
	if (shape->kind != AWS_BLOB)
		return value_string_n(answer->arena, bytes, len);
	AUTO_BUF struct buf text = BUF_INIT;
	base64_encode(BASE64_STANDARD, bytes, len, &text);
	return value_string_raw(answer->arena, buf_text(&text), text.len);
}

void answer_unknown(struct answer *answer, const char *name)
{
	if (answer->unknown && !*answer->unknown)
		*answer->unknown = arena_strdup(answer->arena, name);
}

static const struct value *fit(struct answer *answer, const struct aws_shape *shape, const struct value *json,
			       unsigned depth);

static const struct value *fit_structure(struct answer *answer, const struct aws_shape *shape, const struct value *json,
					 unsigned depth)
{
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	for (size_t i = 0; i < json->count; i++) {
		const char *name = value_key_at(json, i);
		const struct aws_member *member = aws_member_by_wire(shape, name, strlen(name));
		if (answer->unknown)
			answer->at = name;
		if (!member)
			answer_unknown(answer, name);
		else
			by_member[member - &aws_members[shape->first]] =
				fit(answer, aws_member_shape(member), json->items[i], depth + 1);
	}
	const struct value *value = answer->failed ? NULL : answer_structure(answer, shape, by_member);
	free(by_member);
	return value;
}

static const struct value *fit_list(struct answer *answer, const struct aws_shape *shape, const struct value *json,
				    unsigned depth)
{
	VEC(const struct value *) items = {0};
	for (size_t i = 0; i < json->count && !answer->failed; i++) {
		const struct value *item = fit(answer, &aws_shapes[shape->element], json->items[i], depth + 1);
		if (item)
			vec_add(&items, item);
	}
	const struct value *value = answer->failed ? NULL : answer_list(answer, items.items, items.count);
	vec_free(&items);
	return value;
}

static const struct value *fit_map(struct answer *answer, const struct aws_shape *shape, const struct value *json,
				   unsigned depth)
{
	VEC(const struct value *) items = {0};
	VEC(const char *) keys = {0};
	for (size_t i = 0; i < json->count && !answer->failed; i++) {
		const struct value *item = fit(answer, &aws_shapes[shape->element], json->items[i], depth + 1);
		if (item) {
			vec_add(&items, item);
			vec_add(&keys, value_key_at(json, i));
		}
	}
	const struct value *value =
		answer->failed ? NULL : answer_map(answer, shape, keys.items, items.items, items.count);
	vec_free(&items);
	vec_free(&keys);
	return value;
}

static const struct value *fit(struct answer *answer, const struct aws_shape *shape, const struct value *json,
			       unsigned depth)
{
	if (value_is_null(json))
		return NULL;
	if (depth > DEPTH_LIMIT)
		return answer_fail(answer, "it is nested too deeply");
	enum type_kind kind = json->type->kind;
	bool is_object = kind == TYPE_OBJECT || kind == TYPE_MAP;
	if (shape->kind == AWS_STRUCT && shape->flags & AWS_SHAPE_DOCUMENT)
		return json;
	if (shape->kind == AWS_STRUCT && is_object)
		return fit_structure(answer, shape, json, depth);
	if (shape->kind == AWS_MAP && is_object)
		return fit_map(answer, shape, json, depth);
	if (shape->kind == AWS_LIST && (kind == TYPE_TUPLE || kind == TYPE_LIST))
		return fit_list(answer, shape, json, depth);
	if (scalar_type(shape->kind)) {
		if (kind == TYPE_STRING && shape->kind != AWS_TIMESTAMP && scalar_type(shape->kind) == &type_string)
			return json;
		if (kind == TYPE_STRING)
			return answer_scalar(answer, shape, json->text, json->count);
		if (kind == scalar_type(shape->kind)->kind)
			return json;
		if (kind == TYPE_NUMBER) {
			const char *text = number_print(answer->arena, json->number);
			return answer_scalar(answer, shape, text, strlen(text));
		}
		if (kind == TYPE_BOOL)
			return answer_scalar(answer, shape, json->boolean ? "true" : "false", json->boolean ? 4 : 5);
	}
	AUTO_BUF struct buf type = BUF_INIT;
	type_print_friendly(json->type, &type);
	return answer_fail(answer, "%s stands where %s is due", buf_text(&type),
			   shape->name ? aws_text(shape->name) : aws_kind_word(shape->kind));
}

const struct value *answer_from_json(struct answer *answer, const struct aws_shape *shape, const struct value *json)
{
	return fit(answer, shape, json, 0);
}
