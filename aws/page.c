/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/page.h"

#include "base/vec.h"
#include "lang/value/value.h"

#include <string.h>

static const struct value *step(const struct value *at, const char *name, size_t len)
{
	char key[128];
	if (!at || len >= sizeof(key))
		return NULL;
	memcpy(key, name, len);
	key[len] = '\0';
	const struct value *found = value_get(at, key);
	return found && !value_is_null(found) ? found : NULL;
}

const struct value *aws_page_at(const struct value *answer, const char *path)
{
	const struct value *at = answer;
	for (;;) {
		size_t len = strcspn(path, ".[|");
		at = step(at, path, len);
		path += len;
		if (!strncmp(path, "[-1]", 4)) {
			bool has_items = at && (value_is_a(at, TYPE_TUPLE) || value_is_a(at, TYPE_LIST)) && at->count;
			at = has_items ? at->items[at->count - 1] : NULL;
			path += 4;
		}
		if (*path == '.') {
			path++;
			continue;
		}
		bool is_empty = at && value_is_a(at, TYPE_STRING) && at->count == 0;
		if ((!at || is_empty) && !strncmp(path, "||", 2)) {
			path += 2;
			at = answer;
			continue;
		}
		return is_empty ? NULL : at;
	}
}

/* The object with some members set or (NULL) left out. */
static const struct value *with_members(struct arena *arena, const struct value *object, const char *const *names,
					const struct value *const *items, size_t count)
{
	VEC(const char *) keys = {0};
	VEC(const struct value *) values = {0};
	for (size_t i = 0; object && i < object->count; i++) {
		const char *key = value_key_at(object, i);
		bool replaced = false;
		for (size_t k = 0; k < count; k++)
			replaced |= !strcmp(key, names[k]);
		if (replaced)
			continue;
		vec_add(&keys, key);
		vec_add(&values, object->items[i]);
	}
	for (size_t k = 0; k < count; k++) {
		if (items[k]) {
			vec_add(&keys, names[k]);
			vec_add(&values, items[k]);
		}
	}
	const struct value *made = value_object(arena, keys.items, values.items, keys.count);
	vec_free(&keys);
	vec_free(&values);
	return made;
}

const struct value *aws_page_next(struct arena *arena, const struct aws_operation *op, const struct value *params,
				  const struct value *answer, bool *stuck)
{
	const struct aws_page *page = aws_operation_page(op);
	const char *names[ARRAY_LEN(page->in)];
	const struct value *items[ARRAY_LEN(page->in)];
	size_t count = 0;
	bool any = false, moved = false;
	*stuck = false;
	if (!page)
		return NULL;
	if (page->more) {
		const struct value *more = aws_page_at(answer, aws_text(page->more));
		if (!more || !value_is_true(more))
			return NULL;
	}
	for (; count < ARRAY_LEN(page->in) && page->in[count]; count++) {
		names[count] = aws_text(page->in[count]);
		items[count] = aws_page_at(answer, aws_text(page->out[count]));
		const struct value *before = params ? value_get(params, names[count]) : NULL;
		any |= items[count] != NULL;
		moved |= items[count] && (!before || !value_same(before, items[count]));
	}
	if (!any)
		return NULL;
	if (!moved) {
		*stuck = true;
		return NULL;
	}
	return with_members(arena, params, names, items, count);
}

const struct value *aws_page_sized(struct arena *arena, const struct aws_operation *op, const struct value *params,
				   unsigned size)
{
	const struct aws_page *page = aws_operation_page(op);
	if (!page || !page->limit || !size)
		return params;
	const char *name = aws_text(page->limit);
	const struct aws_member *member = aws_member_find(aws_shape_at(op->input), name);
	if (!member || (params && value_get(params, name)))
		return params;
	const struct aws_shape *shape = aws_member_shape(member);
	if (shape->flags & AWS_SHAPE_MAX && shape->max < (int64_t)size)
		size = (unsigned)shape->max;
	const struct value *item = value_int(arena, size);
	return with_members(arena, params, &name, &item, 1);
}

/* `object` with what stands at the dotted path replaced. */
static const struct value *replaced(struct arena *arena, const struct value *object, const char *path,
				    const struct value *with)
{
	size_t len = strcspn(path, ".");
	const char *name = arena_strndup(arena, path, len);
	if (path[len]) {
		const struct value *inner = value_get(object, name);
		if (!inner || value_is_null(inner))
			return object;
		with = replaced(arena, inner, path + len + 1, with);
	}
	return with_members(arena, object, &name, &with, 1);
}

const struct value *aws_page_join(struct arena *arena, const struct aws_operation *op,
				  const struct value *const *answers, size_t count)
{
	const struct aws_page *page = aws_operation_page(op);
	const struct value *joined = answers[0];
	if (!page || count == 1)
		return joined;
	for (size_t k = 0; k < ARRAY_LEN(page->keys) && page->keys[k]; k++) {
		const char *path = aws_text(page->keys[k]);
		VEC(const struct value *) items = {0};
		bool is_list = false;
		for (size_t i = 0; i < count; i++) {
			const struct value *part = aws_page_at(answers[i], path);
			if (!part || !(value_is_a(part, TYPE_TUPLE) || value_is_a(part, TYPE_LIST)))
				continue;
			is_list = true;
			for (size_t m = 0; m < part->count; m++)
				vec_add(&items, part->items[m]);
		}
		if (is_list)
			joined = replaced(arena, joined, path, value_tuple(arena, items.items, items.count));
		vec_free(&items);
	}
	/* Where the next page would have been means nothing any more. */
	for (size_t k = 0; k < ARRAY_LEN(page->out) && page->out[k]; k++) {
		const char *name = aws_text(page->out[k]);
		const struct value *none = NULL;
		if (!strpbrk(name, ".[|") && value_get(joined, name))
			joined = with_members(arena, joined, &name, &none, 1);
	}
	return joined;
}
