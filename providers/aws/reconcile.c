/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an object that are compared with what is there: what is removed, changed and added; tags. */
#include "providers/aws/op_internal.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <string.h>

/* ---- reconciling ---- */

static const char *member_key(struct op *op, const struct group *group, const struct value *member)
{
	AUTO_BUF struct buf key = BUF_INIT;
	for (size_t i = 0; i < group->key_count; i++) {
		const struct value *v = value_by_path(member, group->key[i]);
		const char *text = v && v->state == VALUE_KNOWN && type_is_primitive(v->type) ? value_to_text(op->arena, v) : NULL;
		buf_addf(&key, "%s\n", text ? text : "");
	}
	return buf_copy(&key, op->arena);
}

static const struct value *find_member(struct op *op, const struct group *group, const struct value *list, const struct value *member)
{
	const char *key = group->key_count ? member_key(op, group, member) : NULL;
	const struct value *plain = surface_trimmed(op->arena, member);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct value *other = list->items[i];
		if (key ? !strcmp(key, member_key(op, group, other)) : value_same(plain, surface_trimmed(op->arena, other)))
			return other;
	}
	return NULL;
}

/* Whether what is wanted says more or other than what is there, where both have a key in common. */
static bool member_differs(struct op *op, const struct value *want, const struct value *have)
{
	if (!want)
		bug("a member without a value");
	for (uint32_t i = 0; want->type->kind == TYPE_OBJECT && i < want->count; i++) {
		const struct value *other = value_get(have, value_key_at(want, i));
		const struct value *a = want->items[i];
		if (is_blank(a) && is_blank(other))
			continue;
		if (!other || !value_same(a, other)) {
			/* documents are compared by what they say */
			if (other && same_by_rule(op->arena, "iam_policy", a, other))
				continue;
			return true;
		}
	}
	return false;
}

struct member_list {
	VEC(const struct value *) items;
};

/* Plans and states have "" where nothing is written; requests have nothing there. */
static const struct value *without_blanks(struct arena *arena, const struct value *member)
{
	if (member->state != VALUE_KNOWN || member->type->kind != TYPE_OBJECT)
		return member;
	const struct value **items = arena_array_of(arena, member->count, const struct value *);
	for (uint32_t i = 0; i < member->count; i++)
		items[i] = is_blank(member->items[i]) ? value_null(arena, member->type->attrs[i].type) : member->items[i];
	return value_object_of(arena, member->type, items);
}

static void add_chunks(struct op *op, struct frame *frame, const struct steps *steps, struct member_list *list, int which)
{
	if (!steps->count || !list->items.count)
		return;
	for (size_t i = 0; i < list->items.count; i++)
		list->items.items[i] = without_blanks(op->arena, list->items.items[i]);
	size_t at_once = steps->items[0].at_once ? steps->items[0].at_once : list->items.count;
	for (size_t start = 0; start < list->items.count; start += at_once) {
		size_t n = list->items.count - start < at_once ? list->items.count - start : at_once;
		const struct value *part = value_tuple(op->arena, &list->items.items[start], n);
		struct chunk *chunk = &frame->chunks[frame->chunk_count++];
		*chunk = (struct chunk){.steps = steps, .member = list->items.items[start]};
		*(which == 0 ? &chunk->removed : which == 1 ? &chunk->changed : &chunk->added) = part;
	}
}

static bool is_in(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static bool needs_remake(struct op *op, const struct group *group, const struct value *want, const struct value *have)
{
	(void)op;
	for (uint32_t i = 0; want->type->kind == TYPE_OBJECT && i < want->count; i++) {
		const char *name = value_key_at(want, i);
		if (is_in(group->remake, group->remake_count, name) && !means_same(want->items[i], value_get(have, name)))
			return true;
	}
	return false;
}

/* Maps (tags of volumes): what is new or other is added, what is too many removed. */
static void compare_maps(struct op *op, struct frame *frame, const struct value *have)
{
	const struct group *group = frame->group;
	const struct value *want = frame->want;
	const struct value *sides[2] = {NULL, NULL};
	for (int side = 0; side < 2; side++) {
		const struct value *of = side ? want : have, *other = side ? have : want;
		const char **keys = arena_array_of(op->arena, of->count, const char *);
		const struct value **items = arena_array_of(op->arena, of->count, const struct value *);
		size_t n = 0;
		for (uint32_t i = 0; i < of->count; i++) {
			const struct value *met = value_get(other, of->keys[i]);
			if (side ? met && value_same(met, of->items[i]) : met != NULL)
				continue;
			keys[n] = of->keys[i];
			items[n++] = of->items[i];
		}
		if (n)
			sides[side] = value_map(op->arena, &type_string, keys, items, n);
	}
	if (sides[0] && group->remove.count)
		frame->chunks[frame->chunk_count++] = (struct chunk){.steps = &group->remove, .removed = sides[0]};
	if (sides[1] && group->add.count)
		frame->chunks[frame->chunk_count++] = (struct chunk){.steps = &group->add, .added = sides[1]};
}

static void compare_members(struct op *op, struct frame *frame)
{
	const struct group *group = frame->group;
	struct env *env = &op->env;
	struct arena *arena = op->arena;
	env->want = frame->want;
	const struct value *have = group->have ? env_eval(env, group->have)
				   : env->prior ? value_by_path(env->prior, group->of[0])
						: NULL;
	env->want = NULL;
	bool maps = frame->want->type->kind == TYPE_MAP;
	if (!have || have->state != VALUE_KNOWN || type_is_primitive(have->type))
		have = maps ? value_map(arena, &type_string, NULL, NULL, 0) : value_tuple(arena, NULL, 0);
	size_t most = have->count + frame->want->count * 2 + 4;
	const struct value *want = frame->want;
	if (group->atoms && !maps) {
		VEC(const struct value *) atoms = {0};
		for (uint32_t i = 0; i < want->count; i++) {
			env->member = want->items[i];
			const struct value *some = env_eval(env, group->atoms);
			for (uint32_t k = 0; some->state == VALUE_KNOWN && !type_is_primitive(some->type) && k < some->count; k++)
				vec_add(&atoms, some->items[k]);
		}
		env->member = NULL;
		want = value_tuple(arena, atoms.items, atoms.count);
		most += atoms.count * 2;
		vec_free(&atoms);
	}
	frame->chunks = arena_array_of(arena, most, struct chunk);
	if (maps) {
		compare_maps(op, frame, have);
		return;
	}
	struct member_list removed = {0}, changed = {0}, added = {0};
	for (uint32_t i = 0; i < have->count; i++) {
		if (!find_member(op, group, want, have->items[i]))
			vec_add(&removed.items, have->items[i]);
	}
	for (uint32_t i = 0; i < want->count; i++) {
		const struct value *met = find_member(op, group, have, want->items[i]);
		if (!met) {
			vec_add(&added.items, want->items[i]);
		} else if (group->key_count && member_differs(op, want->items[i], met)) {
			if (needs_remake(op, group, want->items[i], met)) {
				vec_add(&removed.items, met);
				vec_add(&added.items, want->items[i]);
			} else {
				vec_add(&changed.items, want->items[i]);
			}
		}
	}
	add_chunks(op, frame, &group->remove, &removed, 0);
	add_chunks(op, frame, &group->change, &changed, 1);
	add_chunks(op, frame, &group->add, &added, 2);
	vec_free(&removed.items);
	vec_free(&changed.items);
	vec_free(&added.items);
}

enum run reconcile_run(struct op *op, struct frame *frame)
{
	if (!frame->compared) {
		if (frame->group->have && op_wants_object(op, frame->group->parts))
			return RUN_WAIT;
		compare_members(op, frame);
		frame->compared = true;
	}
	if (frame->chunk_at == frame->chunk_count)
		return RUN_POP;
	struct chunk chunk = frame->chunks[frame->chunk_at++];
	const struct group *group = frame->group;
	if (group->after.count)
		frames_push_steps(op, &group->after, PROC_RECONCILE);
	frames_push_steps(op, chunk.steps, PROC_RECONCILE);
	op_top(op)->chunk = chunk;
	return RUN_AGAIN;
}

/* ---- tags ---- */

/* Tag calls look like steps, so that retries and errors are theirs. */
static void push_tag_call(struct op *op, const struct aws_operation *operation, const struct expr *send, const struct value *added,
			  const struct value *removed)
{
	struct step *step = arena_new_of(op->arena, struct step);
	*step = (struct step){.op = operation, .call = aws_text(operation->name), .send = send, .mutates = true, .on_tags = true};
	frames_push_steps(op, &(struct steps){step, 1}, PROC_RECONCILE);
	op_top(op)->chunk = (struct chunk){.added = added, .removed = removed};
}

void frames_push_tags(struct op *op)
{
	const struct tag_rules *tags = &op->type->tags;
	const struct value *now = value_get(op->self, "tags_all");
	const struct value *before = op->env.prior ? value_get(op->env.prior, "tags_all") : NULL;
	const struct value *none = value_map(op->arena, &type_string, NULL, NULL, 0);
	if (!now || now->state != VALUE_KNOWN)
		now = none;
	if (!before || before->state != VALUE_KNOWN)
		before = none;
	struct group as_group = {.name = "tags"};
	struct frame compared = {.group = &as_group, .want = now};
	static const struct step any_step = {.call = ""};
	as_group.remove = as_group.add = (struct steps){&any_step, 1};
	compared.chunks = arena_array_of(op->arena, 4, struct chunk);
	compare_maps(op, &compared, before);
	for (size_t i = compared.chunk_count; i-- > 0;) {
		const struct chunk *chunk = &compared.chunks[i];
		if (chunk->added && tags->add_op)
			push_tag_call(op, tags->add_op, tags->add_send, chunk->added, NULL);
		else if (chunk->removed && tags->remove_op)
			push_tag_call(op, tags->remove_op, tags->remove_send, NULL, chunk->removed);
	}
}
