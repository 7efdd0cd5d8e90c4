/* SPDX-License-Identifier: Apache-2.0 */
/* What the type's rules make of a plan: spellings that mean one thing, defaults, what follows what. */
#include "providers/aws/op_internal.h"

#include "base/buf.h"
#include "base/vec.h"

#include <string.h>

struct adjusting {
	struct provider *provider;
	const struct aws_type *type;
	struct arena *arena;
	struct env env;
	struct diags mistakes;
	const struct value *config, *prior;
	VEC(struct value_path) replace;
	struct value_step steps[16];
};

static bool is_zero(const struct value *v)
{
	if (is_blank(v))
		return true;
	if (value_is_a(v, TYPE_BOOL))
		return !v->boolean;
	return value_is_a(v, TYPE_NUMBER) && number_compare(v->number, number_from_int(0)) == 0;
}

static bool differs(const struct value *a, const struct value *b)
{
	if (!a || !b)
		return a != b;
	return a->deep_unknown || b->deep_unknown || !value_same(a, b);
}

static const struct value_path *path_here(struct adjusting *a, size_t depth)
{
	struct value_path *path = arena_new_of(a->arena, struct value_path);
	*path = (struct value_path){arena_memdup(a->arena, a->steps, depth * sizeof(*a->steps)), depth};
	return path;
}

/* ---- members of sets ---- */

static bool is_member_list(const struct entry *entry)
{
	enum type_kind kind = entry->type->kind;
	return entry->kind < ENTRY_ONE && (kind == TYPE_SET || kind == TYPE_LIST) && entry->type->element->kind == TYPE_OBJECT;
}

/* Which of a set's words is which cannot be said while one is open: the set is. */
static const struct value *open_as_a_whole(struct arena *arena, const struct value *v)
{
	if (v->type->kind != TYPE_SET || !type_is_primitive(v->type->element) || v->state != VALUE_KNOWN || !v->deep_unknown)
		return v;
	return value_mark(arena, value_unknown(arena, v->type), value_marks_deep(v));
}

/* Written as null in a block that is written: what Terraform's provider stores for it. */
static const struct value *without_nulls(struct arena *arena, const struct value *member)
{
	if (member->state != VALUE_KNOWN)
		return member;
	const struct value **items = arena_array_of(arena, member->count, const struct value *);
	for (uint32_t i = 0; i < member->count; i++) {
		const struct value *v = member->items[i];
		items[i] = v->state == VALUE_NULL ? value_mark(arena, value_zero(arena, member->type->attrs[i].type), v->marks)
						  : open_as_a_whole(arena, v);
	}
	return value_mark(arena, value_object_of(arena, member->type, items), member->marks);
}

/*
 * Attributes that may be written as blocks (ingress, route): a member that says what a prior one says is that one, in
 * its spelling; in new ones nothing is null.
 */
static const struct value *adjust_members(struct adjusting *a, const struct value *planned, const struct value *prior)
{
	if (planned->state != VALUE_KNOWN)
		return planned;
	const struct value **items = arena_array_of(a->arena, planned->count, const struct value *);
	uint32_t before = prior && prior->state == VALUE_KNOWN ? prior->count : 0;
	for (uint32_t i = 0; i < planned->count; i++) {
		items[i] = without_nulls(a->arena, planned->items[i]);
		for (uint32_t k = 0; k < before; k++) {
			if (!differs(without_nulls(a->arena, prior->items[k]), items[i])) {
				items[i] = prior->items[k];
				break;
			}
		}
	}
	const struct type *element = planned->type->element;
	const struct value *v = planned->type->kind == TYPE_SET ? value_set(a->arena, element, items, planned->count)
								 : value_list(a->arena, element, items, planned->count);
	return value_mark(a->arena, v, planned->marks);
}

/* ---- one attribute ---- */

/*
 * The planned value where the prior one says the same: in another spelling, as null against blank,
 * or where it means nothing.
 */
static const struct value *keep_prior(struct adjusting *a, const struct entry *entry, const struct value *planned, const struct value *prior,
				      const struct value *config)
{
	if (!prior)
		return planned;
	if (entry->unless && env_true(&a->env, entry->unless))
		return prior;
	/* what AWS says of a set's member that is the same one, changed in another place */
	if (planned->state == VALUE_UNKNOWN)
		return config && value_is_null(config) ? prior : planned;
	if (!(entry->flags & ENTRY_STRICT) && value_is_null(planned) && is_zero(prior) && entry->kind < ENTRY_ONE)
		return prior;
	if (is_blank(planned) && is_blank(prior) && entry->kind < ENTRY_ONE)
		return prior;
	/* an imported object's state says nothing where AWS says false or 0 of what may be left away */
	if (!(entry->flags & (ENTRY_STRICT | ENTRY_COMPUTED)) && value_is_null(prior) && is_zero(planned) && entry->kind < ENTRY_ONE)
		return prior;
	if (same_by_rule(a->arena, entry->same, planned, prior))
		return prior;
	if ((entry->flags & ENTRY_STAYS) && is_blank(planned) && prior->state == VALUE_KNOWN)
		return prior;
	return planned;
}

static const struct value *adjust_entries(struct adjusting *a, const struct entry *entries, size_t count, const struct value *planned,
					  const struct value *prior, const struct value *written, size_t depth);

/* The prior (or written) block that a planned one is: by position, in sets by what is required, or by the name. */
static const struct value *met_block(const struct entry *entry, const struct value *planned, const struct value *prior, uint32_t index)
{
	if (!prior || prior->state != VALUE_KNOWN)
		return NULL;
	if (entry->kind != ENTRY_SET)
		return index < prior->count ? prior->items[index] : NULL;
	bool required = false;
	for (size_t k = 0; k < entry->entry_count; k++)
		required |= entry->entries[k].kind == ENTRY_REQUIRED;
	for (uint32_t i = 0; i < prior->count; i++) {
		bool met = false;
		for (size_t k = 0; k < entry->entry_count; k++) {
			if (required ? entry->entries[k].kind != ENTRY_REQUIRED : strcmp(entry->entries[k].name, "name") != 0)
				continue;
			const struct value *x = value_get(planned->items[index], entry->entries[k].name);
			const struct value *y = value_get(prior->items[i], entry->entries[k].name);
			met = x && y && !x->deep_unknown && !y->deep_unknown && value_same(x, y);
			if (!met)
				break;
		}
		if (met)
			return prior->items[i];
	}
	return NULL;
}

static const struct value *adjust_blocks(struct adjusting *a, const struct entry *entry, const struct value *planned,
					 const struct value *prior, const struct value *config, size_t depth)
{
	if (planned->state != VALUE_KNOWN)
		return planned;
	const struct value **items = arena_array_of(a->arena, planned->count, const struct value *);
	for (uint32_t i = 0; i < planned->count; i++) {
		a->steps[depth] = (struct value_step){.index = i};
		const struct value *met = met_block(entry, planned, prior, i);
		items[i] = planned->items[i]->state == VALUE_KNOWN
				   ? adjust_entries(a, entry->entries, entry->entry_count, planned->items[i], met,
						    met_block(entry, planned, config, i), depth + 1)
				   : planned->items[i];
	}
	const struct type *element = planned->type->element;
	const struct value *v = planned->type->kind == TYPE_SET ? value_set(a->arena, element, items, planned->count)
								 : value_list(a->arena, element, items, planned->count);
	return value_mark(a->arena, v, planned->marks);
}

static const struct value *adjust_entries(struct adjusting *a, const struct entry *entries, size_t count, const struct value *planned,
					  const struct value *prior, const struct value *written, size_t depth)
{
	if (depth + 3 >= ARRAY_LEN(a->steps))
		return planned;
	const struct value **items = arena_memdup(a->arena, planned->items, planned->count * sizeof(*items));
	for (uint32_t i = 0; i < planned->count; i++) {
		const char *name = value_key_at(planned, i);
		const struct entry *entry = entry_find(entries, count, name);
		if (!entry)
			continue;
		const struct value *before = prior && prior->state == VALUE_KNOWN ? value_get(prior, name) : NULL;
		a->steps[depth] = (struct value_step){.name = name};
		if (entry->kind >= ENTRY_ONE && before && !differs(before, items[i]))
			continue;
		if (entry->kind >= ENTRY_ONE)
			items[i] = adjust_blocks(a, entry, items[i], before, written ? value_get(written, name) : NULL, depth + 1);
		else if (is_member_list(entry))
			items[i] = adjust_members(a, items[i], before);
		else
			items[i] = open_as_a_whole(a->arena, items[i]);
		items[i] = keep_prior(a, entry, items[i], before, depth && written ? value_get(written, name) : NULL);
		if (entry->form && items[i] != before)
			items[i] = form_value(a->arena, entry->form, items[i]);
		/* of what may hold secrets, plans and states keep a digest */
		if (codec_is_digest(entry->codec) && items[i] != before && value_is_a(items[i], TYPE_STRING) && items[i]->count)
			items[i] = codec_digest(a->arena, items[i]);
		a->steps[depth] = (struct value_step){.name = name};
		if (entry->replace_if && before && differs(before, items[i])) {
			const struct value *verdict = env_eval(&a->env, entry->replace_if);
			if (verdict->state == VALUE_UNKNOWN || value_is_true(verdict))
				vec_add(&a->replace, *path_here(a, depth + 1));
		}
	}
	return value_mark(a->arena, value_object_of(a->arena, planned->type, items), planned->marks);
}

/* ---- members that AWS may cut in other ways ---- */

/* Whether two values of a reconciled attribute come apart into the same atoms. */
static bool same_atoms(struct adjusting *a, const struct group *group, const struct value *x, const struct value *y)
{
	if (!x || !y || x->deep_unknown || y->deep_unknown || x->state != VALUE_KNOWN || y->state != VALUE_KNOWN)
		return false;
	const struct value *sides[2] = {x, y};
	const struct value *sets[2];
	for (int side = 0; side < 2; side++) {
		VEC(const struct value *) atoms = {0};
		for (uint32_t i = 0; i < sides[side]->count; i++) {
			const struct value *some = sides[side]->items[i];
			if (group->atoms) {
				a->env.member = some;
				some = env_eval(&a->env, group->atoms);
				a->env.member = NULL;
				for (uint32_t k = 0; some->state == VALUE_KNOWN && !type_is_primitive(some->type) && k < some->count; k++)
					vec_add(&atoms, surface_trimmed(a->arena, some->items[k]));
			} else {
				vec_add(&atoms, surface_trimmed(a->arena, some));
			}
		}
		sets[side] = value_tuple(a->arena, atoms.items, atoms.count);
		vec_free(&atoms);
	}
	for (int side = 0; side < 2; side++) {
		const struct value *of = sets[side], *other = sets[1 - side];
		for (uint32_t i = 0; i < of->count; i++) {
			bool met = false;
			for (uint32_t k = 0; k < other->count && !met; k++)
				met = value_same(of->items[i], other->items[k]);
			if (!met)
				return false;
		}
	}
	return true;
}

static const struct value *keep_members(struct adjusting *a, const struct value *planned)
{
	for (size_t i = 0; i < a->type->group_count && a->prior; i++) {
		const struct group *group = &a->type->groups[i];
		const struct entry *entry = group->reconcile && group->of_count == 1
						    ? entry_find(a->type->entries, a->type->entry_count, group->of[0])
						    : NULL;
		if (!entry || !(entry->flags & ENTRY_MEMBERS))
			continue;
		const struct value *now = value_get(planned, entry->name), *before = value_get(a->prior, entry->name);
		if (now != before && same_atoms(a, group, now, before))
			planned = with_exact(a->arena, planned, entry->name, before);
	}
	return planned;
}

/* ---- tags ---- */

static const struct value *merged_tags(struct adjusting *a, const struct value *tags)
{
	const struct value *defaults = a->provider->default_tags;
	if (tags->state == VALUE_UNKNOWN)
		return value_unknown(a->arena, &type_map_of_string);
	size_t own = tags->state == VALUE_KNOWN ? tags->count : 0;
	const char **keys = arena_array_of(a->arena, own + defaults->count, const char *);
	const struct value **items = arena_array_of(a->arena, own + defaults->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < defaults->count; i++) {
		keys[n] = defaults->keys[i];
		items[n++] = defaults->items[i];
	}
	for (size_t i = 0; i < own; i++) {
		if (value_is_null(tags->items[i]))
			continue;
		keys[n] = tags->keys[i];
		items[n++] = tags->items[i];
	}
	return value_mark(a->arena, value_map(a->arena, &type_string, keys, items, n), tags->marks);
}

static const struct value *adjust_tags(struct adjusting *a, const struct value *planned)
{
	const struct value *tags = a->type->has_tags ? value_get(planned, "tags") : NULL;
	if (!tags || !value_get(planned, "tags_all"))
		return planned;
	const struct value *all = merged_tags(a, tags);
	const struct value *before = a->prior ? value_get(a->prior, "tags_all") : NULL;
	const struct entry *entry = entry_find(a->type->entries, a->type->entry_count, "tags_all");
	if (before && !differs(before, all))
		all = before;
	else if (!all->count && entry->kind != ENTRY_OUTPUT) /* Terraform's provider leaves that open, and so its plans say */
		all = value_unknown(a->arena, &type_map_of_string);
	return with_exact(a->arena, planned, "tags_all", all);
}

/* ---- what follows ---- */

static bool path_changes(struct adjusting *a, const struct value *planned, const char *path)
{
	const struct value *now = value_by_path(planned, path), *before = value_by_path(a->prior, path);
	return differs(before, now) && !(is_blank(now) && is_blank(before));
}

/* Whether a bracket would be entered: some group in it has changes. */
static bool bracket_opens(struct adjusting *a, const struct value *planned, const char *name)
{
	for (size_t i = 0; i < a->type->group_count; i++) {
		const struct group *group = &a->type->groups[i];
		for (size_t k = 0; group->within && !strcmp(group->within, name) && k < group->of_count; k++) {
			if (path_changes(a, planned, group->of[k]))
				return true;
		}
	}
	return false;
}

static bool anything_changes(struct adjusting *a, const struct value *planned)
{
	for (uint32_t i = 0; i < planned->count; i++) {
		if (differs(value_get(a->prior, value_key_at(planned, i)), planned->items[i]))
			return true;
	}
	return false;
}

static const struct value *follow(struct adjusting *a, const struct value *planned)
{
	const struct value *result = planned;
	for (size_t i = 0; i < a->type->entry_count && a->prior; i++) {
		const struct entry *entry = &a->type->entries[i];
		bool follows = false, by_bracket = false;
		for (size_t k = 0; k < entry->follow_count && !follows; k++) {
			const struct expr *e = entry->follows[k];
			if (e->kind == EXPR_NAME && !strcmp(e->name, "all"))
				follows = anything_changes(a, planned);
			else if (e->kind == EXPR_NAME)
				follows = path_changes(a, planned, e->name);
			else if (e->kind == EXPR_ATTR && e->on->kind == EXPR_NAME && !strcmp(e->on->name, "within"))
				follows = by_bracket = bracket_opens(a, planned, e->name);
		}
		const struct value *written = value_get(a->config, entry->name);
		const struct value *before = value_get(a->prior, entry->name);
		/* what a host does not have, a stop cannot take from it */
		if (by_bracket && before && is_blank(before))
			continue;
		if (follows && (!written || value_is_null(written)))
			result = with_exact(a->arena, result, entry->name, value_unknown(a->arena, entry->type));
	}
	return result;
}

/* ---- names ---- */

/* The generated name, and the prefix that was not written, stay as they were. */
static const struct value *adjust_names(struct adjusting *a, const struct value *planned)
{
	if (!a->type->named || !a->prior)
		return planned;
	const char *prefix_name = arena_printf(a->arena, "%s_prefix", a->type->named);
	const struct value *prefix = value_get(a->config, prefix_name);
	const struct value *before = value_get(a->prior, prefix_name);
	if (prefix && value_is_null(prefix) && before)
		planned = with_exact(a->arena, planned, prefix_name, before);
	return planned;
}

/* Two arguments for one fact: the one that is not written follows the written one. */
static const struct value *adjust_either(struct adjusting *a, const struct value *planned)
{
	for (size_t i = 0; i < a->type->entry_count; i++) {
		const struct entry *entry = &a->type->entries[i];
		const struct value *mine = entry->either ? value_get(a->config, entry->name) : NULL;
		const struct value *other = entry->either ? value_get(a->config, entry->either) : NULL;
		if (!mine || !value_is_null(mine) || !other || value_is_null(other) || !a->prior)
			continue;
		planned = with_exact(a->arena, planned, entry->name, value_get(a->prior, entry->name));
	}
	return planned;
}

void provider_adjust(struct provider *provider, const struct resource_type *type, struct arena *arena,
		     const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags)
{
	if (request->proposed->state != VALUE_KNOWN)
		return;
	struct adjusting a = {
		.provider = provider,
		.type = aws_type_of(type),
		.arena = arena,
		.config = request->config,
		.prior = request->prior,
	};
	diags_init(&a.mistakes);
	env_init(&a.env, a.type, &provider->place, arena, &a.mistakes);
	a.env.self = request->proposed;
	a.env.prior = request->prior;
	a.env.id = request->prior ? value_get_text(request->prior, "id") : NULL;
	const struct value *planned = adjust_entries(&a, a.type->entries, a.type->entry_count, request->proposed, request->prior, request->config, 0);
	planned = adjust_tags(&a, planned);
	planned = adjust_names(&a, planned);
	planned = adjust_either(&a, planned);
	planned = keep_members(&a, planned);
	planned = follow(&a, planned);
	answer->planned = planned;
	answer->replace = vec_copy(&a.replace, arena);
	answer->replace_count = a.replace.count;
	vec_free(&a.replace);
	for (size_t i = 0; i < a.mistakes.count; i++) {
		if (a.mistakes.items[i].severity == DIAG_ERROR)
			diag_error(diags, SRC_NOWHERE, "Mistake in a type file", "%s: %s", type->name,
				   a.mistakes.items[i].detail ? a.mistakes.items[i].detail : a.mistakes.items[i].summary);
	}
	diags_release(&a.mistakes);
}
