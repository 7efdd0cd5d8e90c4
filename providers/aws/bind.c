/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/aws/bind.h"

#include "base/vec.h"
#include "lang/value/convert.h"

#include <ctype.h>
#include <string.h>

/* ---- drafts ---- */

struct draft {
	struct arena *arena;
	const char *name;
	const struct value *value; /* a leaf, or NULL */
	struct draft *first, *last, *next; /* members in order */
};

struct draft *draft_new(struct arena *arena)
{
	struct draft *draft = arena_new_of(arena, struct draft);
	draft->arena = arena;
	return draft;
}

static struct draft *draft_member(struct draft *draft, const char *name)
{
	for (struct draft *d = draft->first; d; d = d->next) {
		if (!strcmp(d->name, name))
			return d;
	}
	struct draft *d = draft_new(draft->arena);
	d->name = name;
	if (draft->last)
		draft->last->next = d;
	else
		draft->first = d;
	draft->last = d;
	return d;
}

void draft_set(struct draft *draft, const char *const *path, size_t count, const struct value *value)
{
	for (size_t i = 0; i < count; i++)
		draft = draft_member(draft, path[i]);
	draft->value = value;
	draft->first = draft->last = NULL;
}

void draft_merge(struct draft *draft, const struct value *object)
{
	if (!object || object->state != VALUE_KNOWN || (object->type->kind != TYPE_OBJECT && object->type->kind != TYPE_MAP))
		return;
	for (uint32_t i = 0; i < object->count; i++) {
		const struct value *item = object->items[i];
		struct draft *member = draft_member(draft, value_key_at(object, i));
		if (item->state == VALUE_KNOWN && item->type->kind == TYPE_OBJECT && member->first) {
			draft_merge(member, item);
		} else {
			member->value = item;
			member->first = member->last = NULL;
		}
	}
}

const struct value *draft_value(const struct draft *draft)
{
	if (!draft->first)
		return draft->value ? draft->value : value_object(draft->arena, NULL, NULL, 0);
	if (!strcmp(draft->first->name, "[0]")) {
		const struct value *one = draft_value(draft->first);
		return value_tuple(draft->arena, &one, 1);
	}
	VEC(const char *) names = {0};
	VEC(const struct value *) items = {0};
	for (const struct draft *d = draft->first; d; d = d->next) {
		const struct value *v = draft_value(d);
		if (value_is_null(v))
			continue;
		vec_add(&names, d->name);
		vec_add(&items, v);
	}
	const struct value *object = value_object(draft->arena, names.items, items.items, names.count);
	vec_free(&names);
	vec_free(&items);
	return object;
}

/* ---- values by shape ---- */

static bool is_sequence(const struct value *v)
{
	enum type_kind kind = v->type->kind;
	return kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_TUPLE;
}

static bool is_keyed(const struct value *v)
{
	return v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
}

/* The members that make a list's structures pairs, Key and Value or Name and Value in any case; false otherwise. */
static bool is_pairs(const struct aws_shape *element, const struct aws_member **key, const struct aws_member **value)
{
	if (element->kind != AWS_STRUCT)
		return false;
	*key = aws_member_match(element, "Key");
	if (!*key)
		*key = aws_member_match(element, "TagKey");
	if (!*key)
		*key = aws_member_match(element, "Name");
	*value = aws_member_match(element, "Value");
	if (!*value)
		*value = aws_member_match(element, "TagValue");
	return *key && *value;
}

static const struct value *bind_structure(struct env *env, const struct entry *entries, size_t entry_count, const struct value *v,
					  const struct aws_shape *shape, unsigned flags)
{
	struct draft *draft = draft_new(env->eval.arena);
	bool any = false;
	for (uint32_t i = 0; i < v->count; i++) {
		const char *name = value_key_at(v, i);
		const struct value *item = v->items[i];
		const struct entry *entry = entries ? entry_find(entries, entry_count, name) : NULL;
		if (entry && (entry->kind == ENTRY_OUTPUT || (entry->flags & (ENTRY_LOCAL | ENTRY_NOT_SENT))))
			continue;
		if (entry)
			item = codec_to_wire(env->eval.arena, entry->codec, item);
		if (entry && entry->to) {
			const struct aws_shape *at = shape;
			for (size_t k = 0; at && k < entry->to_count; k++) {
				const struct aws_member *m = at->kind == AWS_STRUCT ? aws_member_find(at, entry->to[k]) : NULL;
				at = m ? aws_member_shape(m) : at->kind == AWS_LIST ? aws_shape_at(at->element) : NULL;
			}
			const struct value *bound = at ? bind_value(env, entry->entries, entry->entry_count, item, at, flags) : NULL;
			if (bound) {
				draft_set(draft, entry->to, entry->to_count, bound);
				any = true;
			}
			continue;
		}
		const struct aws_member *member = aws_member_match(shape, name);
		if (!member) {
			/* a model's name that the shape lacks is told by the encoder; the surface's own may have no place */
			if (isupper((unsigned char)*name) && !value_is_null(item)) {
				draft_set(draft, &name, 1, item);
				any = true;
			}
			continue;
		}
		const struct value *bound = bind_value(env, entry ? entry->entries : NULL, entry ? entry->entry_count : 0, item,
						       aws_member_shape(member), flags);
		if (!bound)
			continue;
		const char *wire = aws_text(member->name);
		draft_set(draft, &wire, 1, bound);
		any = true;
	}
	return any || v->count == 0 ? draft_value(draft) : NULL;
}

static const struct value *bind_pairs(struct env *env, const struct value *v, const struct aws_member *key, const struct aws_member *value)
{
	const struct value **items = arena_array_of(env->eval.arena, v->count, const struct value *);
	const char *names[] = {aws_text(key->name), aws_text(value->name)};
	size_t n = 0;
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *pair[] = {value_string(env->eval.arena, value_key_at(v, i)), v->items[i]};
		items[n++] = value_object(env->eval.arena, names, pair, value_is_null(v->items[i]) ? 1 : 2);
	}
	return value_tuple(env->eval.arena, items, n);
}

static const struct value *bind_list(struct env *env, const struct entry *entries, size_t entry_count, const struct value *v,
				     const struct aws_shape *shape, unsigned flags)
{
	const struct aws_shape *element = aws_shape_at(shape->element);
	const struct aws_member *key, *value;
	if (is_keyed(v) && is_pairs(element, &key, &value) && !value_get(v, aws_text(key->name)))
		return v->count || (flags & BIND_BLANKS) ? bind_pairs(env, v, key, value) : NULL;
	if (!is_sequence(v)) {
		const struct value *one = bind_value(env, entries, entry_count, v, element, flags);
		return one ? value_tuple(env->eval.arena, &one, 1) : NULL;
	}
	const struct value **items = arena_array_of(env->eval.arena, v->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *bound = bind_value(env, entries, entry_count, v->items[i], element, flags);
		if (bound)
			items[n++] = bound;
	}
	return n || (flags & BIND_BLANKS) ? value_tuple(env->eval.arena, items, n) : NULL;
}

const struct value *bind_value(struct env *env, const struct entry *entries, size_t entry_count, const struct value *v,
			       const struct aws_shape *shape, unsigned flags)
{
	if (!v || v->state != VALUE_KNOWN)
		return NULL;
	switch ((enum aws_kind)shape->kind) {
	case AWS_STRUCT:
		if (is_sequence(v))
			return v->count ? bind_value(env, entries, entry_count, v->items[0], shape, flags) : NULL;
		return is_keyed(v) ? bind_structure(env, entries, entry_count, v, shape, flags) : v;
	case AWS_LIST:
		return bind_list(env, entries, entry_count, v, shape, flags);
	case AWS_MAP:
		return v->count || (flags & BIND_BLANKS) ? v : NULL;
	case AWS_ENUM:
	case AWS_STRING:
	case AWS_BLOB:
	case AWS_TIMESTAMP:
		return is_blank(v) && !(flags & BIND_BLANKS) ? NULL : v;
	case AWS_BOOLEAN:
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		return is_blank(v) ? NULL : v; /* "" for a number says nothing */
	}
	return v;
}

/* ---- arguments ---- */

static bool is_named(const char *const *only, size_t count, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < count; i++) {
		if (!strncmp(only[i], name, n) && (only[i][n] == '\0' || only[i][n] == '.'))
			return true;
	}
	return count == 0;
}

/* What is sent for an argument that is blank now: where it was not before, the empty value that says so. */
static const struct value *taken_away(struct env *env, const struct entry *entry, const struct value *v)
{
	const struct value *before = env->prior ? value_get(env->prior, entry->name) : NULL;
	if (!before || is_blank(before))
		return NULL;
	if (v->state != VALUE_NULL)
		return v;
	switch (entry->type->kind) {
	case TYPE_STRING:
		return &value_empty_string;
	case TYPE_LIST:
	case TYPE_SET:
		return value_list(env->eval.arena, entry->type->element, NULL, 0);
	case TYPE_MAP:
		return value_map(env->eval.arena, entry->type->element, NULL, NULL, 0);
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return NULL;
}

void bind_arguments(struct env *env, const struct value *self, const struct aws_operation *op, const char *const *only,
		    size_t only_count, unsigned flags, struct draft *draft)
{
	const struct aws_shape *input = aws_shape_at(op->input);
	const struct aws_type *type = env->type;
	for (size_t i = 0; input && i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		if (entry->kind == ENTRY_OUTPUT || (entry->flags & (ENTRY_LOCAL | ENTRY_NOT_SENT)) || !is_named(only, only_count, entry->name))
			continue;
		const struct value *v = value_get(self, entry->name);
		if (v && (flags & BIND_BLANKS) && is_blank(v))
			v = taken_away(env, entry, v);
		if (!v || v->state != VALUE_KNOWN)
			continue;
		if (entry->unless && env_true(env, entry->unless))
			continue;
		v = codec_to_wire(env->eval.arena, entry->codec, v);
		const struct aws_shape *at = input;
		const char *one[1];
		const char *const *path = entry->to;
		size_t count = entry->to_count;
		if (!path) {
			const struct aws_member *member = aws_member_match(input, entry->name);
			if (!member)
				continue;
			one[0] = aws_text(member->name);
			path = arena_memdup(env->eval.arena, one, sizeof(one));
			count = 1;
		}
		for (size_t k = 0; at && k < count; k++) {
			const struct aws_member *m = at->kind == AWS_STRUCT ? aws_member_find(at, path[k]) : NULL;
			at = m ? aws_member_shape(m) : at->kind == AWS_LIST && path[k][0] == '[' ? aws_shape_at(at->element) : NULL;
		}
		const struct value *bound = at ? bind_value(env, entry->entries, entry->entry_count, v, at, flags) : NULL;
		if (bound)
			draft_set(draft, path, count, bound);
	}
}

void bind_key(struct env *env, const struct aws_operation *op, struct draft *draft)
{
	const struct aws_shape *input = aws_shape_at(op->input);
	for (size_t i = 0; input && i < env->type->key_count; i++) {
		const struct expr *name = env->type->key[i].key;
		const char *text = name->kind == EXPR_NAME ? name->name : name->literal->text;
		/* the member itself, or one that differs in number; not what another part of the key names exactly */
		const struct aws_member *member = aws_member_find(input, text);
		bool exact = member != NULL;
		if (!member)
			member = aws_member_match(input, text);
		for (size_t k = 0; member && !exact && k < env->type->key_count; k++) {
			const struct expr *other = env->type->key[k].key;
			const char *other_text = other->kind == EXPR_NAME ? other->name : other->literal->text;
			if (!strcmp(other_text, aws_text(member->name)))
				member = NULL;
		}
		if (!member)
			continue;
		const struct value *v = env_eval(env, env->type->key[i].value);
		const struct value *bound = bind_value(env, NULL, 0, v, aws_member_shape(member), 0);
		const char *wire = aws_text(member->name);
		if (bound)
			draft_set(draft, &wire, 1, bound);
	}
}
