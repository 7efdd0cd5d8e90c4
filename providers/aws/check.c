/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loaded type against AWS's models: the requests of its steps and reads, what they must hold,
 * where arguments and attributes have their places. form.c follows the expressions.
 */
#include "base/diag.h"
#include "base/vec.h"
#include "providers/aws/form.h"

#include <string.h>

static bool is_bound(const struct entry *entry, bool to)
{
	if (entry->flags & ENTRY_LOCAL)
		return false;
	if (to)
		return entry->kind != ENTRY_OUTPUT && !(entry->flags & ENTRY_NOT_SENT);
	return !(entry->flags & (ENTRY_KEPT | ENTRY_WRITE_ONLY | ENTRY_MEMBERS)) && !entry->from;
}

static const struct aws_shape *inner_shape(const struct aws_shape *shape)
{
	if (shape->kind == AWS_LIST)
		shape = &aws_shapes[shape->element];
	/* CloudFront's lists */
	if (shape->kind == AWS_STRUCT && shape->count == 2 && aws_member_find(shape, "Quantity") && aws_member_find(shape, "Items"))
		shape = inner_shape(aws_member_shape(aws_member_find(shape, "Items")));
	return shape;
}

/* The shape at an entry's path or, by the name rule, of its name; NULL where there is none. */
static const struct aws_shape *place_of(const struct entry *entry, const struct aws_shape *shape, bool to)
{
	const char *const *path = entry->to;
	size_t count = to ? entry->to_count : 0;
	if (!count) {
		const struct aws_member *member = aws_member_match(shape, entry->name);
		return member ? aws_member_shape(member) : NULL;
	}
	for (size_t i = 0; i < count && shape; i++) {
		if (path[i][0] == '[') {
			shape = shape->kind == AWS_LIST ? &aws_shapes[shape->element] : NULL;
			continue;
		}
		shape = inner_shape(shape);
		const struct aws_member *member = aws_member_find(shape, path[i]);
		shape = member ? aws_member_shape(member) : NULL;
	}
	return shape;
}

static bool is_tags(const struct entry *entry)
{
	return !strcmp(entry->name, "tags") || !strcmp(entry->name, "tags_all");
}

void form_bind(struct form_check *check, const struct entry *entries, size_t count, const struct aws_shape *shape, bool to)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		if (!is_bound(entry, to) || is_tags(entry))
			continue;
		const struct aws_shape *target = place_of(entry, shape, to);
		if (!target) {
			const char *near = aws_member_nearest(shape, entry->name);
			form_error(check, entry->range, "%s has no member for %s%s%s%s", aws_text(shape->name), entry->name,
				   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
			continue;
		}
		check->counts.bound++;
		if (entry->kind < ENTRY_ONE)
			continue;
		target = inner_shape(target);
		if (target->kind == AWS_STRUCT)
			form_bind(check, entry->entries, entry->entry_count, target, to);
		else
			form_error(check, entry->range, "%s is a block, %s a %s", entry->name, aws_text(target->name),
				   aws_kind_word(target->kind));
	}
}

/* ---- steps ---- */

static void take_call(struct form_check *check, const struct aws_operation *op)
{
	check->counts.calls++;
	vec_add(&check->called, op);
}

/* Whether a `send` sets this member, in one of its ways. */
static bool sets(const struct form_check *check, const struct expr *e, const char *member, unsigned depth)
{
	if (!e || depth > 20)
		return false;
	switch (e->kind) {
	case EXPR_OBJECT:
		for (size_t i = 0; i < e->field_count; i++) {
			const struct expr *key = e->fields[i].key;
			if (key->kind == EXPR_NAME ? !strcmp(key->name, member)
						   : key->kind == EXPR_LITERAL && value_is_text(key->literal, member))
				return true;
		}
		return false;
	case EXPR_CONDITIONAL:
		return sets(check, e->left, member, depth + 1) || sets(check, e->right, member, depth + 1);
	case EXPR_PAREN:
		return sets(check, e->on, member, depth + 1);
	case EXPR_NAME: {
		const struct let *let = map_find(&check->type->let_by_name, e->name);
		return let && sets(check, let->expr, member, depth + 1);
	}
	case EXPR_CALL: {
		const struct user_function *own = map_find(&check->type->functions, e->function);
		own = own ? own : aws_shared_function(e->function);
		if (own)
			return sets(check, own->result, member, depth + 1);
		for (size_t i = 0; i < e->arg_count; i++) {
			if (sets(check, e->args[i], member, depth + 1))
				return true;
		}
		return false;
	}
	case EXPR_LITERAL:
	case EXPR_TEMPLATE:
	case EXPR_ATTR:
	case EXPR_INDEX:
	case EXPR_SPLAT:
	case EXPR_SPLAT_ITEM:
	case EXPR_UNARY:
	case EXPR_BINARY:
	case EXPR_TUPLE:
	case EXPR_FOR:
	case EXPR_ERROR:
		return false;
	}
	return false;
}

static bool key_sets(const struct aws_type *type, const char *member)
{
	for (size_t i = 0; i < type->key_count; i++) {
		if (type->key[i].key->kind == EXPR_NAME && aws_names_match(type->key[i].key->name, member))
			return true;
	}
	return false;
}

/* Whether an argument of `of` (NULL: any) binds to this member. */
static bool argument_sets(const struct aws_type *type, const struct group *of, const char *member)
{
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		bool meant = !of;
		for (size_t k = 0; of && k < of->of_count; k++)
			meant |= !strncmp(of->of[k], entry->name, strlen(entry->name));
		if (!meant || !is_bound(entry, true))
			continue;
		if (entry->to_count ? !strcmp(entry->to[0], member) : aws_names_match(entry->name, member))
			return true;
	}
	return false;
}

static void check_required(struct form_check *check, const struct aws_operation *op, const struct expr *send, bool arguments,
			   const struct group *of, struct src_range range)
{
	const struct aws_shape *input = aws_shape_at(op->input);
	for (size_t i = 0; input && i < input->count; i++) {
		const struct aws_member *member = &aws_members[input->first + i];
		const char *name = aws_text(member->name);
		if (!(member->flags & AWS_MEMBER_REQUIRED) || member->flags & AWS_MEMBER_TOKEN)
			continue;
		check->counts.required++;
		if (key_sets(check->type, name) || sets(check, send, name, 0) ||
		    (arguments && argument_sets(check->type, of, name)))
			continue;
		form_error(check, range, "%s is required and never sent", name);
	}
}

static void check_codes(struct form_check *check, const struct code_rules *rules, const struct form_name *names)
{
	for (size_t i = 0; i < rules->count; i++) {
		form_infer(check, rules->items[i].when, names);
		form_infer(check, rules->items[i].id, names);
	}
}

static const struct form_name *with(struct form_check *check, const struct form_name *outer, const char *name,
				    const struct form *form)
{
	struct form_name *made = arena_new_of(check->arena, struct form_name);
	*made = (struct form_name){outer, name, form};
	return made;
}

static const char *where(struct form_check *check, const char *procedure, const struct aws_operation *op)
{
	return op ? arena_printf(check->arena, "%s %s", procedure, aws_text(op->name)) : procedure;
}

/* One step; returns the names that those behind it see. `of`: the update's arguments, or NULL. */
static const struct form_name *check_step(struct form_check *check, const struct step *step, const char *procedure,
					  const struct form_name *names, const struct group *of)
{
	const struct form_name *inner = names;
	const struct form *answer = &form_any;
	check->where = where(check, procedure, step->op);
	if (step->each) {
		const struct form *over = form_infer(check, step->each, names);
		inner = names = with(check, names, "member", form_element(check, over, step->each->range));
	}
	form_infer(check, step->when, names);
	if (step->op) {
		take_call(check, step->op);
		answer = form_of_shape(check, aws_shape_at(step->op->output));
		if (step->send && !step->op->input)
			form_error(check, step->send->range, "the operation takes no parameters");
		else if (step->send)
			form_send(check, step->send, aws_shape_at(step->op->input), names);
		check_required(check, step->op, step->send, step->binds || step->args_all || of, of, step->range);
		inner = with(check, inner, "answer", answer);
	}
	const struct expr *const exprs[] = {step->id, step->until, step->fails, step->why, step->stop, step->set_expr};
	for (size_t i = 0; i < ARRAY_LEN(exprs); i++)
		form_infer(check, exprs[i], inner);
	check_codes(check, &step->retry, inner);
	check_codes(check, &step->absent, inner);
	check_codes(check, &step->adopt, inner);
	check_codes(check, &step->again, inner);
	check_codes(check, &step->hopeless, inner);
	for (size_t i = 0; i < step->empty_count + step->run_count; i++) {
		const char *group = i < step->empty_count ? step->empty[i] : step->run[i - step->empty_count];
		if (!group_find(check->type, group))
			form_error(check, step->range, "there is no group %s", group);
	}
	if (step->as)
		names = with(check, names, step->as, answer);
	return step->op ? with(check, names, "answer", answer) : names;
}

static void check_steps(struct form_check *check, const struct steps *steps, const char *procedure, const struct form_name *names,
			const struct group *of)
{
	for (size_t i = 0; i < steps->count; i++)
		names = check_step(check, &steps->items[i], procedure, names, of);
}

/* ---- reading ---- */

static void check_ways(struct form_check *check, const struct way *ways, size_t count, const struct aws_operation *op,
		       struct src_range range, const struct form_name *names)
{
	const struct aws_shape *input = aws_shape_at(op->input);
	for (size_t i = 0; i < count; i++) {
		const char *name = ways[i].kind == WAY_IDS ? ways[i].name : ways[i].kind == WAY_FILTER ? ways[i].member : NULL;
		form_infer(check, ways[i].value, names);
		if (!name)
			continue;
		const struct aws_member *member = input ? aws_member_find(input, name) : NULL;
		if (!member) {
			form_error(check, range, "%s has no member %s to ask by", aws_text(op->name), name);
			continue;
		}
		const struct aws_shape *shape = aws_member_shape(member);
		if (ways[i].kind == WAY_IDS && shape->flags & AWS_SHAPE_MAX && shape->max < (int64_t)ways[i].at_once)
			form_error(check, range, "%s takes at most %lld", name, (long long)shape->max);
	}
}

static void check_match(struct form_check *check, const struct expr *match, const struct form *object, const struct form_name *names)
{
	if (!match)
		return;
	if (match->kind == EXPR_OBJECT) {
		for (size_t i = 0; i < match->field_count; i++) {
			const struct expr *key = match->fields[i].key;
			form_infer(check, match->fields[i].value, names);
			if (key->kind == EXPR_NAME && object->kind == FORM_WIRE && object->shape->kind == AWS_STRUCT &&
			    !aws_member_find(object->shape, key->name))
				form_error(check, key->range, "%s has no member %s", aws_text(object->shape->name), key->name);
		}
		return;
	}
	form_infer(check, match, with(check, names, "object", object));
}

/* What a read finds of one object. */
static const struct form *check_read(struct form_check *check, const struct read_plan *read, const struct form_name *names)
{
	if (!read->op)
		return &form_any;
	const struct src_range range = read->objects ? read->objects->range : read->object ? read->object->range : SRC_NOWHERE;
	check->where = where(check, "read", read->op);
	take_call(check, read->op);
	const struct form_name *inner = with(check, with(check, names, "object", &form_any), "answer",
					     form_of_shape(check, aws_shape_at(read->op->output)));
	if (read->send && read->op->input)
		form_send(check, read->send, aws_shape_at(read->op->input), inner);
	const struct form *object = form_infer(check, read->object, inner);
	if (read->objects) {
		const struct form *all = form_infer(check, read->objects, inner);
		object = form_element(check, all, range);
		inner = with(check, inner, "objects", all);
	}
	inner = with(check, inner, "object", object);
	check_ways(check, read->ways, read->way_count, read->op, range, inner);
	check_match(check, read->match, object, inner);
	form_infer(check, read->gone, inner);
	form_infer(check, read->where, inner);
	form_infer(check, read->choose, inner);
	if (read->one)
		check_read(check, read->one, names);
	return object;
}

static const struct form *check_part(struct form_check *check, const struct part *part, const struct form_name *names)
{
	const struct form_name *inner = names;
	const struct form *found = &form_any;
	check->where = where(check, arena_printf(check->arena, "part %s", part->name), part->op);
	for (size_t i = 0; i < part->for_count; i++) {
		const char *name = part->for_names[i];
		if (!entry_find(check->type->entries, check->type->entry_count, name))
			form_error(check, SRC_NOWHERE, "the schema has no attribute %s", name);
	}
	if (part->op) {
		take_call(check, part->op);
		found = form_of_shape(check, aws_shape_at(part->op->output));
		inner = with(check, inner, "answer", found);
		if (part->send && part->op->input)
			form_send(check, part->send, aws_shape_at(part->op->input), inner);
		if (part->way.kind == WAY_EACH)
			check_required(check, part->op, part->send, false, NULL, part->send ? part->send->range : SRC_NOWHERE);
		check_ways(check, &part->way, 1, part->op, part->send ? part->send->range : SRC_NOWHERE, inner);
	}
	form_infer(check, part->when, inner);
	if (part->objects) {
		const struct form *all = form_infer(check, part->objects, inner);
		found = form_element(check, all, part->objects->range);
		inner = with(check, inner, "objects", all);
	}
	check_match(check, part->match, found, inner);
	if (part->each_op) {
		const struct form *member = form_element(check, form_infer(check, part->each_of, inner), part->each_of->range);
		check->where = where(check, check->where, part->each_op);
		take_call(check, part->each_op);
		if (part->each_send && part->each_op->input)
			form_send(check, part->each_send, aws_shape_at(part->each_op->input), with(check, inner, "member", member));
	}
	if (part->into) {
		inner = with(check, inner, "answers",
			     form_seq(check, part->each_op ? form_of_shape(check, aws_shape_at(part->each_op->output)) : &form_any));
		return form_infer(check, part->into, inner);
	}
	return part->many ? form_seq(check, found) : found;
}

/* ---- the schema ---- */

/* The arguments that a rule names stand beside its own, or at the type's top. */
static void check_rule_names(struct form_check *check, const struct rule *rule, const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < rule->name_count; i++) {
		const struct entry *beside = entries;
		size_t beside_count = count;
		for (int from_top = 0; from_top < 2; from_top++) {
			const struct entry *found = NULL;
			for (const char *at = rule->names[i]; *at;) {
				size_t len = strcspn(at, ".");
				found = entry_find(beside, beside_count, arena_strndup(check->arena, at, len));
				if (!found)
					break;
				beside = found->entries;
				beside_count = found->entry_count;
				at += len + (at[len] == '.');
			}
			if (found)
				break;
			if (from_top)
				form_error(check, rule->range, "the schema has no argument %s", rule->names[i]);
			beside = check->type->entries;
			beside_count = check->type->entry_count;
		}
	}
}

static void check_entries(struct form_check *check, const struct entry *entries, size_t count, const struct form_name *names)
{
	/* Inside a block `object` is the structure that the block is read from. */
	const struct form_name *inner = with(check, names, "object", &form_any);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		bool is_argument = check->type->base.data && entry->kind != ENTRY_OUTPUT && !(entry->flags & ENTRY_COMPUTED);
		check->where = arena_printf(check->arena, "schema %s", entry->name);
		form_infer(check, entry->from, is_argument ? inner : names);
		form_infer(check, entry->unless, names);
		form_infer(check, entry->replace_if, names);
		for (size_t k = 0; k < entry->rule_count; k++) {
			form_infer(check, entry->rules[k].condition, with(check, names, "value", &form_any));
			check_rule_names(check, &entry->rules[k], entries, count);
		}
		if (entry->kind >= ENTRY_ONE)
			check_entries(check, entry->entries, entry->entry_count, inner);
	}
}

/* Attributes that are read by the name rule have a place in the object, or in the part that is read for them. */
static void check_readable(struct form_check *check, const struct form *object, const struct form *const *parts)
{
	const struct aws_type *type = check->type;
	check->where = "read";
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		const struct form *from = object;
		bool is_argument = type->base.data && entry->kind != ENTRY_OUTPUT && !(entry->flags & ENTRY_COMPUTED);
		size_t len = strlen(entry->name);
		if (!strcmp(entry->name, "id") || !strcmp(entry->name, "arn") || is_argument ||
		    (len >= 7 && !strcmp(entry->name + len - 7, "_prefix")))
			continue;
		for (size_t p = 0; p < type->read.part_count; p++) {
			for (size_t k = 0; k < type->read.parts[p].for_count; k++) {
				if (!strcmp(type->read.parts[p].for_names[k], entry->name))
					from = parts[p];
			}
		}
		if (from->kind == FORM_WIRE && from->shape->kind == AWS_STRUCT)
			form_bind(check, entry, 1, from->shape, false);
	}
}

/* What stands at "a" or "a.b" of the schema. */
static const struct form *at_path(struct form_check *check, const char *path)
{
	const struct entry *entries = check->type->entries, *entry = NULL;
	size_t count = check->type->entry_count;
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, ".");
		const char *name = arena_strndup(check->arena, at, len);
		entry = entry_find(entries, count, name);
		if (!entry) {
			form_error(check, SRC_NOWHERE, "the schema has no argument %s", path);
			return &form_any;
		}
		entries = entry->entries;
		count = entry->entry_count;
		at += len + (at[len] == '.');
	}
	return entry ? form_of_entry(check, entry) : &form_any;
}

static void check_group(struct form_check *check, const struct group *group, const struct form_name *names)
{
	const struct form *all = &form_any;
	check->where = arena_printf(check->arena, "%s %s", group->reconcile ? "reconcile" : "update", group->name);
	const char *here = check->where;
	for (size_t i = 0; i < group->of_count; i++)
		all = at_path(check, group->of[i]);
	form_infer(check, group->when, names);
	if (!group->reconcile) {
		check_steps(check, &group->steps, here, names, group);
		return;
	}
	const struct form *member = all->kind == FORM_SEQ ? all->element : &form_any;
	names = with(check, names, "member", member);
	if (group->atoms) {
		const struct form *atoms = form_infer(check, group->atoms, names);
		member = form_element(check, atoms, group->atoms->range);
		names = with(check, with(check, names, "atoms", atoms), "member", member);
	}
	form_infer(check, group->have, names);
	form_infer(check, group->into, names);
	const struct form *several = member->kind == FORM_ANY ? &form_any : form_seq(check, member);
	names = with(check, with(check, with(check, names, "added", several), "removed", several), "changed", several);
	check_steps(check, &group->remove, here, names, NULL);
	check_steps(check, &group->change, here, names, NULL);
	check_steps(check, &group->add, here, names, NULL);
	check_steps(check, &group->after, here, names, NULL);
}

static void check_tags(struct form_check *check, const struct tag_rules *tags, const struct form_name *names)
{
	const struct {
		const struct aws_operation *op;
		const struct expr *send;
	} calls[] = {{tags->read_op, tags->read_send}, {tags->add_op, tags->add_send}, {tags->remove_op, tags->remove_send}};
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		check->where = where(check, "tags", calls[i].op);
		if (calls[i].op)
			take_call(check, calls[i].op);
		if (calls[i].op && calls[i].send && calls[i].op->input)
			form_send(check, calls[i].send, aws_shape_at(calls[i].op->input), names);
	}
	if (tags->read_op)
		names = with(check, names, "answer", form_of_shape(check, aws_shape_at(tags->read_op->output)));
	check->where = "tags";
	form_infer(check, tags->read, names);
	form_infer(check, tags->read_value, names);
}

/* Each name of the key is a member of some request, or of the object that is read. */
static void check_key(struct form_check *check, const struct form *object)
{
	const struct aws_type *type = check->type;
	check->where = "key";
	for (size_t i = 0; i < type->key_count; i++) {
		const struct expr *key = type->key[i].key;
		bool known = key->kind != EXPR_NAME || (object->kind == FORM_WIRE && aws_member_match(object->shape, key->name));
		for (size_t k = 0; k < check->called.count && !known; k++) {
			const struct aws_shape *input = aws_shape_at(check->called.items[k]->input);
			known = input && aws_member_match(input, key->name);
		}
		if (!known)
			form_error(check, key->range, "no request of this type has a member %s", key->name);
	}
}

bool aws_type_check(const struct aws_type *type, struct form_counts *counts, struct diags *diags)
{
	static const char *const scalars[] = {"id", "region", "account", "partition", "dns_suffix", "none", "gone", "kind"};
	static const char *const open[] = {"added", "removed", "changed", "changes", "members", "member", "answer", "answers",
					   "objects", "object", "error", "tags", "ids", "atoms", "result", "all"};
	struct form_check check = {.arena = arena_new(), .diags = diags, .type = type, .where = "type"};
	size_t before = diags->error_count;
	struct form self = {.kind = FORM_SURFACE, .open = true, .entries = type->entries, .entry_count = type->entry_count};
	const struct form_name *names = NULL;
	for (size_t i = 0; i < ARRAY_LEN(scalars); i++)
		names = with(&check, names, scalars[i], &form_scalar);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		names = with(&check, names, open[i], &form_any);
	names = with(&check, with(&check, with(&check, names, "self", &self), "prior", &self), "config", &self);

	const struct form *object = check_read(&check, &type->read, names);
	names = with(&check, names, "object", object);
	const struct form **parts = arena_array_of(check.arena, type->read.part_count + 1, const struct form *);
	struct form_field *fields = arena_array_of(check.arena, type->read.part_count + 1, struct form_field);
	for (size_t i = 0; i < type->read.part_count; i++) {
		parts[i] = check_part(&check, &type->read.parts[i], names);
		fields[i] = (struct form_field){type->read.parts[i].name, parts[i]};
	}
	struct form part = {.kind = FORM_OBJECT, .fields = fields, .field_count = type->read.part_count};
	names = with(&check, names, "part", &part);
	check_entries(&check, type->entries, type->entry_count, names);
	check.where = "type";
	const struct expr *const exprs[] = {type->id, type->arn, type->tag_id, type->serial, type->settle_expr};
	for (size_t i = 0; i < ARRAY_LEN(exprs); i++)
		form_infer(&check, exprs[i], names);
	for (size_t i = 0; i < type->key_count; i++)
		form_infer(&check, type->key[i].value, names);
	check_readable(&check, object, parts);
	check_steps(&check, &type->create, "create", names, NULL);
	for (size_t i = 0; i < type->group_count; i++)
		check_group(&check, &type->groups[i], names);
	for (size_t i = 0; i < type->bracket_count; i++) {
		check.where = arena_printf(check.arena, "within %s", type->brackets[i].name);
		form_infer(&check, type->brackets[i].when, names);
		check_steps(&check, &type->brackets[i].enter, check.where, names, NULL);
		check_steps(&check, &type->brackets[i].leave, check.where, names, NULL);
	}
	check_steps(&check, &type->delete, "delete", names, NULL);
	if (type->has_tags && type->service)
		check_tags(&check, type->tags.present ? &type->tags : &type->service->tags, names);
	check_key(&check, object);
	vec_free(&check.called);

	counts->calls += check.counts.calls;
	counts->answer_paths += check.counts.answer_paths;
	counts->request_members += check.counts.request_members;
	counts->required += check.counts.required;
	counts->values += check.counts.values;
	counts->schema_paths += check.counts.schema_paths;
	counts->bound += check.counts.bound;
	arena_free(check.arena);
	return diags->error_count == before;
}
