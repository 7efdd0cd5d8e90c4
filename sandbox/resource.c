/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resource.h"

#include "base/buf.h"
#include "sandbox/run.h"
#include "sandbox/world.h"

#include <string.h>

enum { DEPTH = 8 }; /* of values that are looked into */

struct search {
	const struct world *world; /* NULL: ids are not followed */
	const char *region, *pattern;
};

static bool fits(const struct search *s, const struct value *v, int depth);

static bool id_fits(const struct search *s, const char *id)
{
	const struct map *kinds = &s->world->library->kinds;
	for (struct map_entry *e = map_first(kinds); e; e = map_next(kinds, e)) {
		const struct kind *kind = e->value;
		if (!kind->prefix || strncmp(id, kind->prefix, strlen(kind->prefix)) != 0)
			continue;
		const struct object *object = store_find(s->world->store, kind->name, kind->global ? "" : s->region, id);
		if (object && object_fits(object, s->pattern))
			return true;
	}
	return false;
}

static bool tag_fits(const struct search *s, const struct value *v)
{
	const char *key = value_get_text(v, "Key"), *value = value_get_text(v, "Value");
	if (!key || !value)
		return false;
	AUTO_BUF struct buf tag = BUF_INIT;
	buf_addf(&tag, "%s=%s", key, value);
	return text_like(s->pattern, buf_text(&tag));
}

static bool fits(const struct search *s, const struct value *v, int depth)
{
	if (v->state != VALUE_KNOWN || depth > DEPTH)
		return false;
	if (value_is_a(v, TYPE_STRING))
		return text_like(s->pattern, v->text) || (s->world && id_fits(s, v->text));
	if (type_is_primitive(v->type))
		return false;
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	if (named && tag_fits(s, v))
		return true;
	for (uint32_t i = 0; i < v->count; i++) {
		if ((!named || *value_key_at(v, i) != '_') && fits(s, v->items[i], depth + 1))
			return true;
	}
	return false;
}

bool object_fits(const struct object *object, const char *pattern)
{
	struct search search = {.pattern = pattern};
	if (text_like(pattern, object->id) || text_like(pattern, object->kind))
		return true;
	struct arena *arena = arena_new();
	bool yes = fits(&search, store_value(arena, object), 0);
	arena_free(arena);
	return yes;
}

bool value_fits(const struct value *value, const char *pattern)
{
	const char *kind = value_get_text(value, "_kind"), *id = value_get_text(value, "_id");
	struct search search = {.pattern = pattern};
	return (kind && text_like(pattern, kind)) || (id && text_like(pattern, id)) || fits(&search, value, 0);
}

bool parameters_fit(const struct world *world, const char *region, const struct value *params, const char *pattern)
{
	struct search search = {world, region, pattern};
	return fits(&search, params, 0);
}
