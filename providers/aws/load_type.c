/* SPDX-License-Identifier: Apache-2.0 */
/* A type block: reading, groups, brackets, what a type says at its top. */
#include "providers/aws/load.h"

#include <string.h>

/* ---- reading ---- */

static struct way load_way(struct loader *l, const struct expr *e)
{
	struct way way = {.kind = WAY_EACH, .member = "Filters"};
	if (e->kind != EXPR_CALL) {
		loader_error(l, e->range, "a way is filter(...), ids(...), group(...), all() or each()");
		return way;
	}
	if (!strcmp(e->function, "filter") || !strcmp(e->function, "ids")) {
		bool filter = *e->function == 'f';
		way.kind = filter ? WAY_FILTER : WAY_IDS;
		if (e->arg_count < 2) {
			loader_error(l, e->range, "%s(NAME, HOW_MANY) is needed", e->function);
			return way;
		}
		way.name = loader_text(l, e->args[0]);
		way.at_once = (unsigned)loader_integer(l, e->args[1]);
		if (filter && e->arg_count > 2)
			way.member = loader_text(l, e->args[2]);
		if (filter && e->arg_count > 3)
			way.value = e->args[3];
	} else if (!strcmp(e->function, "group")) {
		way.kind = WAY_GROUP;
		way.value = e->arg_count ? e->args[0] : NULL;
	} else if (!strcmp(e->function, "all")) {
		way.kind = WAY_ALL;
	} else if (strcmp(e->function, "each")) {
		loader_error(l, e->range, "\"%s\" is not a way of reading", e->function);
	}
	return way;
}

static struct part load_part(struct loader *l, const struct block *block)
{
	struct part part = {.name = block->label_count ? block->labels[0].text : "", .way = {.kind = WAY_EACH}};
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		const struct expr *e = attr->expr;
		const char *word = attr->name;
		if (!strcmp(word, "for"))
			part.for_names = loader_names(l, e, &part.for_count);
		else if (!strcmp(word, "call"))
			part.op = loader_operation(l, e);
		else if (!strcmp(word, "send"))
			part.send = e;
		else if (!strcmp(word, "objects"))
			part.objects = e;
		else if (!strcmp(word, "when"))
			part.when = e;
		else if (!strcmp(word, "match"))
			part.match = e;
		else if (!strcmp(word, "into"))
			part.into = e;
		else if (!strcmp(word, "by"))
			part.way = load_way(l, e);
		else if (!strcmp(word, "at_once"))
			part.at_once = (unsigned)loader_integer(l, e);
		else if (!strcmp(word, "many"))
			part.many = true;
		else if (!strcmp(word, "absent"))
			part.absent = loader_codes(l, e);
		else if (!strcmp(word, "each")) {
			part.each_op = loader_operation(l, loader_field(e, "call"));
			part.each_of = loader_field(e, "of");
			part.each_send = loader_field(e, "send");
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of parts", word);
		}
	}
	return part;
}

static void load_read(struct loader *l, struct read_plan *read, const struct body *body)
{
	struct part *parts = arena_array_of(l->arena, body->block_count, struct part);
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		const struct expr *e = attr->expr;
		const char *word = attr->name;
		if (!strcmp(word, "call"))
			read->op = loader_operation(l, e);
		else if (!strcmp(word, "send"))
			read->send = e;
		else if (!strcmp(word, "objects"))
			read->objects = e;
		else if (!strcmp(word, "object"))
			read->object = e;
		else if (!strcmp(word, "match"))
			read->match = e;
		else if (!strcmp(word, "gone"))
			read->gone = e;
		else if (!strcmp(word, "where"))
			read->where = e;
		else if (!strcmp(word, "choose"))
			read->choose = e;
		else if (!strcmp(word, "few"))
			read->few = (unsigned)loader_integer(l, e);
		else if (!strcmp(word, "absent"))
			read->absent = loader_codes(l, e);
		else if (!strcmp(word, "by")) {
			size_t count = e->kind == EXPR_TUPLE ? e->item_count : 1;
			struct way *ways = arena_array_of(l->arena, count, struct way);
			for (size_t k = 0; k < count; k++)
				ways[k] = load_way(l, e->kind == EXPR_TUPLE ? e->items[k] : e);
			read->ways = ways;
			read->way_count = count;
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of read", word);
		}
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, "part")) {
			parts[read->part_count++] = load_part(l, block);
		} else if (!strcmp(block->type, "one")) {
			read->one = arena_new_of(l->arena, struct read_plan);
			load_read(l, read->one, block->body);
		} else {
			loader_error(l, block->type_range, "\"%s\" is not a block of read", block->type);
		}
	}
	read->parts = parts;
}

/* ---- groups and brackets ---- */

static struct group load_group(struct loader *l, const struct block *block)
{
	struct group group = {.name = block->labels[0].text, .reconcile = !strcmp(block->type, "reconcile")};
	group.on = group.reconcile ? ON_CREATE | ON_UPDATE : ON_UPDATE;
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		const struct expr *e = attr->expr;
		const char *word = attr->name;
		if (!strcmp(word, "of")) {
			group.of = loader_names(l, e, &group.of_count);
		} else if (!strcmp(word, "on")) {
			size_t count;
			const char *const *on = loader_names(l, e, &count);
			group.on = 0;
			for (size_t k = 0; k < count; k++)
				group.on |= !strcmp(on[k], "create") ? ON_CREATE : ON_UPDATE;
		} else if (!strcmp(word, "when")) {
			group.when = e;
		} else if (!strcmp(word, "within")) {
			group.within = loader_text(l, e);
		} else if (!strcmp(word, "do")) {
			group.steps = loader_steps(l, e);
		} else if (!strcmp(word, "have")) {
			group.have = e;
		} else if (!strcmp(word, "atoms")) {
			group.atoms = e;
		} else if (!strcmp(word, "into")) {
			group.into = e;
		} else if (!strcmp(word, "key")) {
			group.key = loader_names(l, e, &group.key_count);
		} else if (!strcmp(word, "join")) {
			group.join = loader_names(l, e, &group.join_count);
		} else if (!strcmp(word, "remake")) {
			group.remake = loader_names(l, e, &group.remake_count);
		} else if (!strcmp(word, "remove")) {
			group.remove = loader_steps(l, e);
		} else if (!strcmp(word, "change")) {
			group.change = loader_steps(l, e);
		} else if (!strcmp(word, "add")) {
			group.add = loader_steps(l, e);
		} else if (!strcmp(word, "after")) {
			group.after = loader_steps(l, e);
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of %s", word, block->type);
		}
	}
	loader_looks_at(l, group.when, &group.parts, &group.needs_object, NULL);
	loader_looks_at(l, group.have, &group.parts, &group.needs_object, NULL);
	return group;
}

static struct bracket load_bracket(struct loader *l, const struct block *block)
{
	struct bracket bracket = {.name = block->labels[0].text};
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		if (!strcmp(attr->name, "when"))
			bracket.when = attr->expr;
		else if (!strcmp(attr->name, "enter"))
			bracket.enter = loader_steps(l, attr->expr);
		else if (!strcmp(attr->name, "leave"))
			bracket.leave = loader_steps(l, attr->expr);
		else
			loader_error(l, attr->name_range, "\"%s\" is not a word of within", attr->name);
	}
	return bracket;
}

const struct group *group_find(const struct aws_type *type, const char *name)
{
	for (size_t i = 0; i < type->group_count; i++) {
		if (!strcmp(type->groups[i].name, name))
			return &type->groups[i];
	}
	return NULL;
}

/*
 * In a create, the arguments bind into one step: the one that gives the id, else the first call
 * that changes something.
 */
static void choose_binding(struct steps steps)
{
	struct step *first = NULL, *with_id = NULL;
	for (size_t i = 0; i < steps.count; i++) {
		struct step *step = (struct step *)(uintptr_t)&steps.items[i];
		if (!step->call || !step->mutates)
			continue;
		if (!first)
			first = step;
		if (!with_id && (step->id || step->set_expr))
			with_id = step;
		step->binds = step->args_all;
	}
	if (with_id || first)
		(with_id ? with_id : first)->binds = true;
}

/* ---- lets, functions ---- */

static void load_lets(struct loader *l, const struct body *body)
{
	struct aws_type *type = l->type;
	size_t total = 0;
	for (size_t i = 0; i < body->block_count; i++)
		total += !strcmp(body->blocks[i].type, "let") ? body->blocks[i].body->attr_count : 0;
	struct let *lets = arena_array_of(l->arena, total, struct let);
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, "let")) {
			for (size_t k = 0; k < block->body->attr_count; k++) {
				struct let *let = &lets[type->let_count++];
				let->name = block->body->attrs[k].name;
				let->expr = block->body->attrs[k].expr;
				map_put(&type->let_by_name, let->name, let);
			}
		} else if (!strcmp(block->type, "function") && block->label_count == 1) {
			struct user_function *f = arena_new_of(l->arena, struct user_function);
			const struct attribute *params = body_find_attr(block->body, "params"), *result = body_find_attr(block->body, "result");
			if (!params || !result) {
				loader_error(l, block->header_range, "a function has params and result");
				continue;
			}
			f->name = block->labels[0].text;
			f->params = loader_names(l, params->expr, &f->param_count);
			f->result = result->expr;
			map_put(&type->functions, f->name, f);
		}
	}
	type->lets = lets;
}

/* ---- the type ---- */

static void load_settle(struct loader *l, const struct expr *e)
{
	struct aws_type *type = l->type;
	const char *word = e->kind == EXPR_CALL ? e->function : loader_text(l, e);
	type->settle_expr = e->kind == EXPR_CALL && e->arg_count ? e->args[0] : NULL;
	if (!strcmp(word, "tag"))
		type->settle = SETTLE_TAG;
	else if (!strcmp(word, "name"))
		type->settle = SETTLE_NAME;
	else if (!strcmp(word, "find"))
		type->settle = SETTLE_FIND;
	else if (!strcmp(word, "repeat"))
		type->settle = SETTLE_REPEAT;
	else
		loader_error(l, e->range, "\"%s\" is not a way to settle: tag, name(ID), find(CONDITION), repeat", word);
	if ((type->settle == SETTLE_NAME || type->settle == SETTLE_FIND) && !type->settle_expr)
		loader_error(l, e->range, "%s(...) needs an expression", word);
}

static void load_timeouts(struct loader *l, const struct expr *e)
{
	struct aws_type *type = l->type;
	static const char *const names[] = {"create", "read", "update", "delete"};
	int64_t *const places[] = {&type->timeouts.create, &type->timeouts.read, &type->timeouts.update, &type->timeouts.delete};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct expr *value = loader_field(e, names[i]);
		if (value)
			*places[i] = loader_duration(l, value);
	}
}

static void load_top(struct loader *l, const struct body *body)
{
	struct aws_type *type = l->type;
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		const struct expr *e = attr->expr;
		const char *word = attr->name;
		if (!strcmp(word, "service")) {
			type->service = aws_type_service(loader_text(l, e), l->diags);
			l->service = type->service;
			if (!type->service)
				loader_error(l, e->range, "there is no service \"%s\"", loader_text(l, e));
		}
	}
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		const struct expr *e = attr->expr;
		const char *word = attr->name;
		if (!strcmp(word, "service"))
			continue;
		if (!strcmp(word, "key")) {
			if (e->kind != EXPR_OBJECT)
				loader_error(l, e->range, "a key is { Member = expression }");
			else
				type->key = e->fields, type->key_count = e->field_count;
		} else if (!strcmp(word, "id")) {
			type->id = e;
		} else if (!strcmp(word, "arn")) {
			type->arn = e;
		} else if (!strcmp(word, "tag_id")) {
			type->tag_id = e;
		} else if (!strcmp(word, "named")) {
			type->named = loader_text(l, e);
		} else if (!strcmp(word, "settle")) {
			load_settle(l, e);
		} else if (!strcmp(word, "serial")) {
			type->serial = e;
		} else if (!strcmp(word, "import")) {
			type->import = e;
		} else if (!strcmp(word, "hook")) {
			type->hook = loader_text(l, e);
		} else if (!strcmp(word, "version")) {
			int64_t version = -1;
			if (e->kind != EXPR_LITERAL || !value_is_a(e->literal, TYPE_NUMBER) || !number_to_int(e->literal->number, &version) ||
			    version < 0 || version > 1000)
				loader_error(l, e->range, "a version is a whole number: that of the type's schema");
			else
				type->version = (unsigned)version;
		} else if (!strcmp(word, "permissions")) {
			type->permissions = loader_names(l, e, &type->permission_count);
		} else if (!strcmp(word, "timeouts")) {
			load_timeouts(l, e);
		} else if (!strcmp(word, "tags")) {
			type->tag_kind = loader_text(l, e);
			type->has_tags = true;
		} else if (!strcmp(word, "create")) {
			type->create = loader_steps(l, e);
		} else if (!strcmp(word, "delete")) {
			type->delete = loader_steps(l, e);
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of types", word);
		}
	}
}

static void load_blocks(struct loader *l, const struct body *body)
{
	struct aws_type *type = l->type;
	struct group *groups = arena_array_of(l->arena, body->block_count, struct group);
	struct bracket *brackets = arena_array_of(l->arena, body->block_count, struct bracket);
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, "read")) {
			load_read(l, &type->read, block->body);
		} else if (!strcmp(block->type, "tags")) {
			type->has_tags = true;
			type->tags = loader_tags(l, block->body);
		}
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		const char *word = block->type;
		if (!strcmp(word, "update") || !strcmp(word, "reconcile")) {
			if (block->label_count == 1)
				groups[type->group_count++] = load_group(l, block);
			else
				loader_error(l, block->type_range, "a group has a name");
		} else if (!strcmp(word, "within")) {
			if (block->label_count == 1)
				brackets[type->bracket_count++] = load_bracket(l, block);
			else
				loader_error(l, block->type_range, "a bracket has a name");
		} else if (!strcmp(word, "function") && block->label_count != 1) {
			loader_error(l, block->type_range, "a function has a name");
		} else if (strcmp(word, "read") && strcmp(word, "tags") && strcmp(word, "schema") && strcmp(word, "let") &&
			   strcmp(word, "function")) {
			loader_error(l, block->type_range, "\"%s\" is not a block of types", word);
		}
	}
	type->groups = groups;
	type->brackets = brackets;
}

static void check_groups(struct loader *l)
{
	struct aws_type *type = l->type;
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		bool covered = entry->kind == ENTRY_OUTPUT || type->base.data || (entry->flags & (ENTRY_REPLACE | ENTRY_LOCAL | ENTRY_WRITE_ONLY)) ||
			       entry->replace_if || !strcmp(entry->name, "tags") || !strcmp(entry->name, "tags_all") ||
			       !strcmp(entry->name, "id");
		for (size_t g = 0; g < type->group_count && !covered; g++) {
			for (size_t k = 0; k < type->groups[g].of_count && !covered; k++) {
				const char *of = type->groups[g].of[k];
				size_t n = strlen(entry->name);
				covered = !strncmp(of, entry->name, n) && (of[n] == '\0' || of[n] == '.');
			}
		}
		/* blocks whose members all replace need no group either */
		bool inner = entry->entry_count > 0;
		for (size_t k = 0; k < entry->entry_count; k++)
			inner &= entry->entries[k].kind == ENTRY_OUTPUT || (entry->entries[k].flags & (ENTRY_REPLACE | ENTRY_LOCAL)) != 0 ||
				 entry->entries[k].entry_count > 0;
		if (!covered && !inner)
			loader_error(l, entry->range, "\"%s\" of %s is in no group, does not replace and is not local: a change of it would be lost",
				     entry->name, type->base.name);
	}
}

struct aws_type *loader_type(struct loader *l, const struct block *block, bool data)
{
	struct aws_type *type = arena_new_of(l->arena, struct aws_type);
	l->type = type;
	type->base = (struct resource_type){.name = block->labels[0].text, .data = data, .impl = type};
	type->settle = SETTLE_TAG;
	load_lets(l, block->body);
	/* reading comes first: which parts an expression looks at depends on it */
	for (size_t i = 0; i < block->body->attr_count; i++) {
		if (!strcmp(block->body->attrs[i].name, "service")) {
			type->service = aws_type_service(loader_text(l, block->body->attrs[i].expr), l->diags);
			l->service = type->service;
		}
	}
	load_blocks(l, block->body);
	load_top(l, block->body);
	for (size_t i = 0; i < block->body->block_count; i++) {
		if (!strcmp(block->body->blocks[i].type, "schema"))
			type->entries = loader_schema(l, block->body->blocks[i].body, &type->entry_count);
	}
	/* a name's prefix is told by the name */
	if (type->named) {
		struct entry *prefix = (struct entry *)(uintptr_t)entry_find(type->entries, type->entry_count,
									     arena_printf(l->arena, "%s_prefix", type->named));
		if (prefix) {
			const char **name = arena_array_of(l->arena, 1, const char *);
			name[0] = type->named;
			prefix->flags |= ENTRY_LOCAL | ENTRY_NOT_SENT;
			loader_add_rule(l, prefix, &(struct rule){.kind = RULE_CONFLICTS, .names = name, .name_count = 1, .range = prefix->range});
		}
	}
	/* what a single read asks for in parts of its own */
	for (size_t i = 0; type->read.one && i < type->read.one->part_count; i++) {
		const struct part *part = &type->read.one->parts[i];
		for (size_t k = 0; k < part->for_count; k++) {
			struct entry *entry = (struct entry *)(uintptr_t)entry_find(type->entries, type->entry_count, part->for_names[k]);
			if (entry)
				entry->parts |= (uint64_t)1 << (type->read.part_count + i);
			else
				loader_error(l, block->header_range, "a part is for \"%s\", which %s does not have", part->for_names[k], type->base.name);
		}
	}
	for (size_t i = 0; i < type->group_count; i++) {
		struct group *group = (struct group *)(uintptr_t)&type->groups[i];
		for (size_t k = 0; k < group->of_count; k++) {
			const char *name = arena_strndup(l->arena, group->of[k], strcspn(group->of[k], "."));
			const struct entry *entry = entry_find(type->entries, type->entry_count, name);
			if (entry && group->reconcile)
				group->parts |= entry->parts;
		}
	}
	if (type->read.part_count + (type->read.one ? type->read.one->part_count : 0) > 64)
		loader_error(l, block->header_range, "a type has at most 64 parts");
	choose_binding(type->create);
	if (!type->tags.present && type->service)
		type->tags = type->service->tags;
	if (!l->failed)
		check_groups(l);
	if (l->failed)
		return NULL;
	type->base.schema = entries_schema(l->arena, type);
	return type;
}
