/* SPDX-License-Identifier: Apache-2.0 */
/* What reading found, as the surface has it; and which parts are worth reading. */
#include "providers/aws/aws.h"

#include <string.h>

uint64_t wanted_parts(const struct aws_type *type, const char *const *looked_at, size_t count, bool all, const struct value *self)
{
	uint64_t wanted = 0;
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		if (!entry->parts || !(entry->parts & ~wanted))
			continue;
		bool want = all;
		for (size_t k = 0; k < count && !want; k++)
			want = !strcmp(looked_at[k], entry->name);
		const struct value *v = self && self->state == VALUE_KNOWN ? value_get(self, entry->name) : NULL;
		bool computed = entry->kind == ENTRY_OUTPUT || (entry->flags & ENTRY_COMPUTED);
		if (!want && v && !computed && v->state == VALUE_KNOWN && !is_blank(v))
			want = true;
		if (want)
			wanted |= entry->parts;
	}
	return wanted;
}

/* ignore_tags of the provider block: tags that others set and that are none of our business. */
static bool is_ignored(const struct provider *provider, const char *key)
{
	const struct value *keys = provider->ignored_tags, *prefixes = provider->ignored_prefixes;
	for (uint32_t i = 0; keys && i < keys->count; i++) {
		if (value_is_text(keys->items[i], key))
			return true;
	}
	for (uint32_t i = 0; prefixes && i < prefixes->count; i++) {
		const struct value *prefix = prefixes->items[i];
		if (value_is_a(prefix, TYPE_STRING) && !strncmp(key, prefix->text, prefix->count))
			return true;
	}
	return false;
}

static const struct value *without_ignored(const struct provider *provider, struct arena *arena, const struct value *tags)
{
	if (!provider->ignored_tags && !provider->ignored_prefixes)
		return tags;
	const char **keys = arena_array_of(arena, tags->count, const char *);
	const struct value **items = arena_array_of(arena, tags->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < tags->count; i++) {
		if (is_ignored(provider, tags->keys[i]))
			continue;
		keys[n] = tags->keys[i];
		items[n++] = tags->items[i];
	}
	return value_map(arena, &type_string, keys, items, n);
}

const struct value *found_value(struct provider *provider, const struct aws_type *type, const struct found *found, const char *id,
				const struct value *before, bool *marked, const char *token, struct diags *diags)
{
	struct diags scratch;
	diags_init(&scratch);
	struct env env;
	env_init(&env, type, &provider->place, found->arena, &scratch);
	env.id = id;
	env.self = before;
	env.prior = before;
	env.object = found->object;
	env.parts = found->parts;
	env.kind = type->tag_kind ? value_string(found->arena, type->tag_kind) : NULL;
	const struct value *tags = NULL;
	if (type->has_tags)
		tags = without_ignored(provider, found->arena, surface_tags(found->arena, found->tags, marked, token));
	else if (marked)
		*marked = false;
	const struct value *v = surface_value(&env, before, found->parts_read, tags, provider->default_tags);
	for (size_t i = 0; i < scratch.count && diags; i++) {
		if (scratch.items[i].severity == DIAG_ERROR)
			diag_error(diags, SRC_NOWHERE, "Mistake in a type file", "The attributes of %s: %s", type->base.name,
				   scratch.items[i].detail ? scratch.items[i].detail : scratch.items[i].summary);
	}
	diags_release(&scratch);
	return v;
}
