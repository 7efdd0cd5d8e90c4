/* SPDX-License-Identifier: Apache-2.0 */
/* From answers to attributes. */
#include "providers/aws/bind.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/convert.h"

#include <string.h>

#define INTENT_TAG "infra:intent"

/* ---- fitting ---- */

static const struct value *member_by_rule(const struct value *object, const char *name)
{
	const struct value *exact = value_get(object, name);
	if (exact)
		return exact;
	for (uint32_t i = 0; i < object->count; i++) {
		if (aws_names_match(value_key_at(object, i), name))
			return object->items[i];
	}
	return NULL;
}

static bool is_keyed(const struct value *v)
{
	return v->state == VALUE_KNOWN && (v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP);
}

static bool is_sequence(const struct value *v)
{
	enum type_kind kind = v->type->kind;
	return v->state == VALUE_KNOWN && (kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_TUPLE);
}

/* A list of pairs ({Key, Value}, {Name, Value}) as a map of strings. */
static const struct value *map_of_pairs(struct arena *arena, const struct value *v)
{
	const char **keys = arena_array_of(arena, v->count, const char *);
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *pair = v->items[i];
		if (!is_keyed(pair))
			continue;
		static const char *const key_names[] = {"Key", "TagKey", "Name"};
		const struct value *key = NULL;
		for (size_t k = 0; k < ARRAY_LEN(key_names) && !key; k++)
			key = member_by_rule(pair, key_names[k]);
		const struct value *value = member_by_rule(pair, "Value");
		if (!value)
			value = member_by_rule(pair, "TagValue");
		if (!key || !value_is_a(key, TYPE_STRING))
			continue;
		const char *text = value ? value_to_text(arena, value) : NULL;
		keys[n] = key->text;
		items[n++] = value_string(arena, text ? text : "");
	}
	return value_map(arena, &type_string, keys, items, n);
}

const struct value *surface_fit(struct arena *arena, const struct value *v, const struct type *type)
{
	if (!v || v->state != VALUE_KNOWN)
		return value_null(arena, type);
	switch (type->kind) {
	case TYPE_OBJECT: {
		if (is_sequence(v))
			return v->count ? surface_fit(arena, v->items[0], type) : value_null(arena, type);
		if (!is_keyed(v))
			return value_null(arena, type);
		const struct value **items = arena_array_of(arena, type->count, const struct value *);
		for (uint32_t i = 0; i < type->count; i++)
			items[i] = surface_fit(arena, member_by_rule(v, type->attrs[i].name), type->attrs[i].type);
		return value_object_of(arena, type, items);
	}
	case TYPE_LIST:
	case TYPE_SET: {
		if (!is_sequence(v)) {
			const struct value *one = surface_fit(arena, v, type->element);
			return type->kind == TYPE_LIST ? value_list(arena, type->element, &one, 1) : value_set(arena, type->element, &one, 1);
		}
		const struct value **items = arena_array_of(arena, v->count, const struct value *);
		for (uint32_t i = 0; i < v->count; i++)
			items[i] = surface_fit(arena, v->items[i], type->element);
		return type->kind == TYPE_LIST ? value_list(arena, type->element, items, v->count)
					       : value_set(arena, type->element, items, v->count);
	}
	case TYPE_MAP: {
		if (is_sequence(v))
			v = map_of_pairs(arena, v);
		if (!is_keyed(v))
			return value_null(arena, type);
		const char **keys = arena_array_of(arena, v->count, const char *);
		const struct value **items = arena_array_of(arena, v->count, const struct value *);
		size_t n = 0;
		for (uint32_t i = 0; i < v->count; i++) {
			if (v->items[i]->state == VALUE_NULL)
				continue;
			keys[n] = value_key_at(v, i);
			items[n++] = surface_fit(arena, v->items[i], type->element);
		}
		return value_map(arena, type->element, keys, items, n);
	}
	case TYPE_ANY:
		return v;
	case TYPE_TUPLE:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *converted = value_convert(arena, v, type, &why);
	return converted ? converted : value_null(arena, type);
}

const struct value *value_zero(struct arena *arena, const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRING:
		return &value_empty_string;
	case TYPE_BOOL:
		return &value_false;
	case TYPE_NUMBER:
		return value_int(arena, 0);
	case TYPE_LIST:
		return value_list(arena, type->element, NULL, 0);
	case TYPE_SET:
		return value_set(arena, type->element, NULL, 0);
	case TYPE_MAP:
		return value_map(arena, type->element, NULL, NULL, 0);
	case TYPE_ANY:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return value_null(arena, type);
}

/* ---- blocks ---- */

static const struct value *known(const struct value *v)
{
	return v && v->state == VALUE_KNOWN ? v : NULL;
}

static const struct value *entry_value(struct env *env, const struct entry *entry, const struct value *wire, const struct value *before);

/* One wire structure as a block's object. */
static const struct value *block_value(struct env *env, const struct entry *entry, const struct value *wire, const struct value *before)
{
	struct arena *arena = env->eval.arena;
	const struct type *type = entry->type->element;
	const struct value **items = arena_array_of(arena, type->count, const struct value *);
	for (uint32_t i = 0; i < type->count; i++) {
		const struct entry *inner = entry_find(entry->entries, entry->entry_count, type->attrs[i].name);
		const struct value *found = member_by_rule(wire, inner->name);
		if (!found && inner->from) { /* paths inside a block begin at its structure */
			const struct value *saved = env->object;
			env->object = wire;
			found = env_eval(env, inner->from);
			env->object = saved;
		} else if (!found && inner->to) {
			found = wire;
			for (size_t k = 0; found && k < inner->to_count; k++)
				found = is_keyed(found) ? value_get(found, inner->to[k]) : NULL;
		}
		const struct value *old = before ? value_get(before, inner->name) : NULL;
		items[i] = entry_value(env, inner, found, old);
	}
	return value_object_of(arena, type, items);
}

/* Which of the old blocks a wire structure is, by what identifies it best: most equal members. */
static const struct value *old_block(struct env *env, const struct entry *entry, const struct value *wire, const struct value *before,
				     uint32_t index)
{
	if (!known(before) || !before->count)
		return NULL;
	if (entry->kind != ENTRY_SET)
		return index < before->count ? known(before->items[index]) : NULL;
	const struct value *fresh = block_value(env, entry, wire, NULL);
	const struct value *best = NULL;
	size_t best_score = 0;
	for (uint32_t i = 0; i < before->count; i++) {
		const struct value *old = before->items[i];
		if (!known(old))
			continue;
		size_t score = 0;
		for (uint32_t k = 0; k < old->count; k++) {
			const struct value *a = old->items[k], *b = fresh->items[k];
			const struct entry *inner = &entry->entries[k];
			if (is_blank(a) || a->deep_unknown)
				continue;
			bool same = value_same(a, b) || same_by_rule(env->eval.arena, inner->same, a, b);
			if (!same && inner->kind == ENTRY_REQUIRED) {
				score = 0;
				break;
			}
			score += same * (inner->kind == ENTRY_REQUIRED ? 10 : 1);
		}
		if (score > best_score) {
			best_score = score;
			best = old;
		}
	}
	return best;
}

static const struct value *blocks_value(struct env *env, const struct entry *entry, const struct value *wire,
					const struct value *before)
{
	struct arena *arena = env->eval.arena;
	const struct type *element = entry->type->element;
	size_t count = !wire || wire->state != VALUE_KNOWN ? 0 : is_sequence(wire) ? wire->count : 1;
	if (entry->kind == ENTRY_ONE && count > 1)
		count = 1;
	const struct value **items = arena_array_of(arena, count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct value *one = is_sequence(wire) ? wire->items[i] : wire;
		if (!is_keyed(one))
			continue;
		items[n++] = block_value(env, entry, one, old_block(env, entry, one, before, i));
	}
	return entry->kind == ENTRY_SET ? value_set(arena, element, items, n) : value_list(arena, element, items, n);
}

/* ---- attributes ---- */

/* A structure whose members say nothing: AWS answers such for blocks that are not configured. */
static bool is_empty_block(const struct value *blocks)
{
	if (blocks->count != 1 || blocks->items[0]->state != VALUE_KNOWN)
		return blocks->count == 0;
	const struct value *one = blocks->items[0];
	for (uint32_t i = 0; i < one->count; i++) {
		const struct value *v = one->items[i];
		bool says = !is_blank(v) && !(value_is_a(v, TYPE_BOOL) && !v->boolean) &&
			    !(value_is_a(v, TYPE_NUMBER) && number_compare(v->number, number_from_int(0)) == 0);
		if (says)
			return false;
	}
	return true;
}

static const struct value *entry_value(struct env *env, const struct entry *entry, const struct value *wire, const struct value *before)
{
	struct arena *arena = env->eval.arena;
	bool computed = entry->kind == ENTRY_OUTPUT || (entry->flags & ENTRY_COMPUTED);
	if (before && before->state == VALUE_UNKNOWN)
		before = NULL;
	if (entry->flags & ENTRY_WRITE_ONLY)
		return value_null(arena, entry->type);
	if (entry->flags & ENTRY_KEPT) {
		if (before)
			return before;
		return computed ? value_zero(arena, entry->type) : value_null(arena, entry->type);
	}
	const struct value *found;
	if (entry->kind >= ENTRY_ONE) {
		found = blocks_value(env, entry, wire, before);
		/* not written, and nothing said: no block */
		if (!computed && before && before->state == VALUE_KNOWN && before->count == 0 && is_empty_block(found))
			return before;
	} else {
		found = surface_fit(arena, wire ? codec_from_wire(arena, entry->codec, wire) : NULL, entry->type);
	}
	if (before && before->state == VALUE_KNOWN && entry->same && !codec_is_digest(entry->codec) &&
	    same_by_rule(arena, entry->same, before, found))
		return before;
	if (is_blank(found)) {
		if (before && is_blank(before))
			return before;
		if (entry->kind >= ENTRY_ONE)
			return found;
		/* AWS says nothing of what is as it is by default */
		if (entry->fallback && (!before || value_same(before, entry->fallback)))
			return entry->fallback;
		return computed ? value_zero(arena, entry->type) : value_null(arena, entry->type);
	}
	/* false and 0 for what was never written say the same as nothing */
	if (before && value_is_null(before) && !computed && !(entry->flags & ENTRY_STRICT)) {
		if (value_is_a(found, TYPE_BOOL) && !found->boolean)
			return before;
		if (value_is_a(found, TYPE_NUMBER) && number_compare(found->number, number_from_int(0)) == 0)
			return before;
	}
	return found;
}

/* ---- reconciled members ---- */

static bool same_atom(const struct value *a, const struct value *b)
{
	return !a->deep_unknown && !b->deep_unknown && value_same(a, b);
}

const struct value *surface_trimmed(struct arena *arena, const struct value *v)
{
	if (v->state != VALUE_KNOWN || (v->type->kind != TYPE_OBJECT && v->type->kind != TYPE_MAP))
		return v;
	const char **names = arena_array_of(arena, v->count, const char *);
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < v->count; i++) {
		if (is_blank(v->items[i]))
			continue;
		names[n] = value_key_at(v, i);
		items[n++] = surface_trimmed(arena, v->items[i]);
	}
	return value_object(arena, names, items, n);
}

const struct value *with_exact(struct arena *arena, const struct value *object, const char *name, const struct value *v)
{
	ptrdiff_t at = type_find_attr(object->type, name);
	if (at < 0 || object->items[at] == v)
		return object;
	const struct value **items = arena_memdup(arena, object->items, object->count * sizeof(*items));
	items[at] = v;
	return value_mark(arena, value_object_of(arena, object->type, items), object->marks);
}

static const struct value *as_tuple(struct arena *arena, const struct value *v)
{
	return v && is_sequence(v) ? v : value_tuple(arena, NULL, 0);
}

const struct value *surface_members(struct env *env, const struct group *group, const struct entry *entry, const struct value *want)
{
	struct arena *arena = env->eval.arena;
	const struct value *saved_want = env->want;
	env->want = want;
	const struct value *have = as_tuple(arena, env_eval(env, group->have));
	env->want = saved_want;
	const struct type *element = entry->type->element;
	VEC(const struct value *) out = {0};
	if (!group->atoms) {
		for (uint32_t i = 0; i < have->count; i++) {
			const struct value *member = surface_fit(arena, have->items[i], element);
			/* as it is written, where it says the same */
			for (uint32_t k = 0; known(want) && k < want->count; k++) {
				if (same_atom(surface_trimmed(arena, member), surface_trimmed(arena, want->items[k])))
					member = want->items[k];
			}
			vec_add(&out, member);
		}
	} else {
		bool *taken = arena_array_of(arena, have->count + 1, bool);
		/* a written block counts as there when all its atoms are */
		for (uint32_t k = 0; known(want) && k < want->count; k++) {
			env->member = want->items[k];
			const struct value *atoms = as_tuple(arena, env_eval(env, group->atoms));
			env->member = NULL;
			size_t *at = arena_array_of(arena, atoms->count + 1, size_t);
			bool all = atoms->count > 0;
			for (uint32_t a = 0; a < atoms->count && all; a++) {
				all = false;
				for (uint32_t h = 0; h < have->count && !all; h++) {
					if (same_atom(surface_trimmed(arena, atoms->items[a]), surface_trimmed(arena, have->items[h]))) {
						at[a] = h;
						all = true;
					}
				}
			}
			if (!all)
				continue;
			for (uint32_t a = 0; a < atoms->count; a++)
				taken[at[a]] = true;
			vec_add(&out, want->items[k]);
		}
		/* the rest is cut as AWS cuts it: what agrees in `join` is one block */
		for (uint32_t h = 0; h < have->count; h++) {
			if (taken[h])
				continue;
			VEC(const struct value *) together = {0};
			for (uint32_t o = h; o < have->count; o++) {
				bool joins = !taken[o];
				for (size_t j = 0; joins && j < group->join_count; j++) {
					const struct value *x = value_get(have->items[h], group->join[j]), *y = value_get(have->items[o], group->join[j]);
					joins = (!x && !y) || (x && y && value_same(x, y));
				}
				if (joins) {
					taken[o] = true;
					vec_add(&together, have->items[o]);
				}
			}
			env->atoms = value_tuple(arena, together.items, together.count);
			vec_free(&together);
			vec_add(&out, surface_fit(arena, env_eval(env, group->into), element));
			env->atoms = NULL;
		}
	}
	const struct value *v = entry->type->kind == TYPE_SET ? value_set(arena, element, out.items, out.count)
							      : value_list(arena, element, out.items, out.count);
	vec_free(&out);
	return v;
}

/* ---- tags ---- */

const struct value *surface_tags(struct arena *arena, const struct value *v, bool *marked, const char *token)
{
	if (marked)
		*marked = false;
	if (!v || v->state != VALUE_KNOWN)
		return value_map(arena, &type_string, NULL, NULL, 0);
	const struct value *map = is_sequence(v) ? map_of_pairs(arena, v) : surface_fit(arena, v, &type_map_of_string);
	if (map->state != VALUE_KNOWN)
		return value_map(arena, &type_string, NULL, NULL, 0);
	const char **keys = arena_array_of(arena, map->count, const char *);
	const struct value **items = arena_array_of(arena, map->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < map->count; i++) {
		if (!strcmp(map->keys[i], INTENT_TAG)) {
			if (marked)
				*marked = !token || value_is_text(map->items[i], token);
			continue;
		}
		if (!strncmp(map->keys[i], "aws:", 4))
			continue;
		keys[n] = map->keys[i];
		items[n++] = map->items[i];
	}
	return value_map(arena, &type_string, keys, items, n);
}

/* `tags`: all but the provider's default ones that the block does not write itself. */
static const struct value *own_tags(struct arena *arena, const struct value *all, const struct value *defaults, const struct value *before)
{
	if (!defaults || !defaults->count)
		return all;
	const char **keys = arena_array_of(arena, all->count, const char *);
	const struct value **items = arena_array_of(arena, all->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < all->count; i++) {
		const struct value *usual = value_get(defaults, all->keys[i]);
		const struct value *written = known(before) ? value_get(before, all->keys[i]) : NULL;
		if (usual && value_same(usual, all->items[i]) && !written)
			continue;
		keys[n] = all->keys[i];
		items[n++] = all->items[i];
	}
	return value_map(arena, &type_string, keys, items, n);
}

/* ---- a whole object ---- */

/* What stands before the 26 hexadecimal digits of a name that was made up; "" for other names. */
static const struct value *name_prefix(struct arena *arena, const struct value *name)
{
	enum { DIGITS = 26 };
	if (!value_is_a(name, TYPE_STRING) || name->count < DIGITS)
		return &value_empty_string;
	size_t n = name->count - DIGITS;
	return strspn(name->text + n, "0123456789abcdefABCDEF") == DIGITS ? value_string_n(arena, name->text, n) : &value_empty_string;
}

static bool is_name_prefix(const struct aws_type *type, const char *name)
{
	size_t n = type->named ? strlen(type->named) : 0;
	return n && !strncmp(name, type->named, n) && !strcmp(name + n, "_prefix");
}

static const struct value *attribute(struct env *env, const struct entry *entry, const struct value *before, uint64_t parts_read)
{
	struct arena *arena = env->eval.arena;
	bool computed = entry->kind == ENTRY_OUTPUT || (entry->flags & ENTRY_COMPUTED);
	const struct value *old = known(before) ? value_get(before, entry->name) : NULL;
	/* of a data source `before` is what is written: nothing, where a default stands for it */
	if (old && (old->state == VALUE_UNKNOWN || (env->type->base.data && entry->fallback && value_is_null(old))))
		old = NULL;
	bool unread = (entry->parts & ~parts_read) != 0;
	if (old && !unread && (old->marks & VALUE_UNREAD))
		old = NULL;
	if (unread || ((entry->flags & ENTRY_LOCAL) && !entry->from)) {
		if (old && !old->deep_unknown && !(entry->fallback && value_is_null(old)))
			return old;
		if (entry->fallback)
			return entry->fallback;
		if (unread)
			return value_mark(arena, value_zero(arena, entry->type), VALUE_UNREAD);
		if (computed)
			return value_zero(arena, entry->type);
		return value_null(arena, entry->type);
	}
	if (entry->flags & ENTRY_MEMBERS) {
		for (size_t i = 0; i < env->type->group_count; i++) {
			const struct group *group = &env->type->groups[i];
			if (group->reconcile && group->of_count == 1 && !strcmp(group->of[0], entry->name))
				return surface_members(env, group, entry, old);
		}
	}
	const struct value *wire;
	if (entry->from)
		wire = env_eval(env, entry->from);
	else
		wire = env->object && is_keyed(env->object) ? member_by_rule(env->object, entry->name) : NULL;
	return entry_value(env, entry, wire, old);
}

static const struct value *filled(struct arena *arena, const struct entry *entry, const struct value *v)
{
	return (entry->flags & ENTRY_ZERO) && v->state == VALUE_NULL ? value_zero(arena, entry->type) : v;
}

const struct value *surface_value(struct env *env, const struct value *before, uint64_t parts_read, const struct value *all_tags,
				  const struct value *default_tags)
{
	struct arena *arena = env->eval.arena;
	const struct aws_type *type = env->type;
	const struct type *shape = type->base.schema->type;
	const struct value **items = arena_array_of(arena, shape->count, const struct value *);
	for (uint32_t i = 0; i < shape->count; i++) {
		const char *name = shape->attrs[i].name;
		const struct entry *entry = entry_find(type->entries, type->entry_count, name);
		const struct value *old = known(before) ? value_get(before, name) : NULL;
		if (!entry) { /* timeouts */
			items[i] = old && !old->deep_unknown ? old : value_null(arena, shape->attrs[i].type);
		} else if (!strcmp(name, "id") && !(type->base.data && entry->from)) {
			items[i] = env->id ? value_string(arena, env->id) : old ? old : &value_null_string;
		} else if (all_tags && !strcmp(name, "tags_all")) {
			items[i] = all_tags;
		} else if (all_tags && !strcmp(name, "tags")) {
			const struct value *own = own_tags(arena, all_tags, default_tags, old);
			items[i] = !own->count && old && is_blank(old) ? old : !own->count ? value_null(arena, &type_map_of_string) : own;
		} else if (entry->needs_self) { /* below, when what it looks at is read */
			items[i] = old && !old->deep_unknown ? old : value_null(arena, entry->type);
		} else {
			items[i] = filled(arena, entry, attribute(env, entry, before, parts_read));
		}
	}
	const struct value *saved = env->self;
	const struct value **seen = arena_memdup(arena, items, shape->count * sizeof(*items));
	for (uint32_t i = 0; type->base.data && known(before) && i < shape->count; i++) { /* what is written says what is looked for */
		const struct value *old = value_get(before, shape->attrs[i].name);
		if (old && !value_is_null(old) && !old->deep_unknown)
			seen[i] = old;
	}
	env->self = value_object_of(arena, shape, seen);
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct entry *entry = entry_find(type->entries, type->entry_count, shape->attrs[i].name);
		if (entry && entry->needs_self && (type->base.data || strcmp(entry->name, "id") != 0))
			items[i] = filled(arena, entry, attribute(env, entry, before, parts_read));
	}
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct value *old = known(before) ? value_get(before, shape->attrs[i].name) : NULL;
		if (is_name_prefix(type, shape->attrs[i].name) && (!old || is_blank(old) || old->state == VALUE_UNKNOWN))
			items[i] = name_prefix(arena, items[type_find_attr(shape, type->named)]);
	}
	env->self = saved;
	/* two arguments for one fact: the answer goes to the one that the configuration uses */
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct entry *entry = entry_find(type->entries, type->entry_count, shape->attrs[i].name);
		if (!entry || !entry->either || !known(before))
			continue;
		const struct value *mine = value_get(before, entry->name), *other = value_get(before, entry->either);
		if (other && !is_blank(other) && other->state == VALUE_KNOWN && (!mine || is_blank(mine) || mine->state == VALUE_UNKNOWN))
			items[i] = mine && mine->state == VALUE_KNOWN ? mine
				   : entry->flags & ENTRY_COMPUTED ? value_zero(arena, entry->type)
								   : value_null(arena, entry->type);
	}
	return value_object_of(arena, shape, items);
}

const struct value *surface_settle(struct arena *arena, const struct value *v)
{
	if (!v->deep_unknown)
		return v;
	if (v->state == VALUE_UNKNOWN)
		return value_zero(arena, v->type);
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	for (uint32_t i = 0; i < v->count; i++)
		items[i] = surface_settle(arena, v->items[i]);
	switch (v->type->kind) {
	case TYPE_OBJECT:
		return value_mark(arena, value_object_of(arena, v->type, items), v->marks);
	case TYPE_LIST:
		return value_mark(arena, value_list(arena, v->type->element, items, v->count), v->marks);
	case TYPE_SET:
		return value_mark(arena, value_set(arena, v->type->element, items, v->count), v->marks);
	case TYPE_MAP:
		return value_mark(arena, value_map(arena, v->type->element, v->keys, items, v->count), v->marks);
	case TYPE_TUPLE:
		return value_mark(arena, value_tuple(arena, items, v->count), v->marks);
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return v;
}
