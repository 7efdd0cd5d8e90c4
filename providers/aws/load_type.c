/* SPDX-License-Identifier: Apache-2.0 */
/* A type block: schema entries, reading, groups, brackets; and the schema that others see. */
#include "base/vec.h"
#include "providers/aws/env.h"
#include "providers/aws/load.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries ---- */

struct flag_word {
	const char *word;
	unsigned flag;
};

static const struct flag_word flag_words[] = {
	{"computed", ENTRY_COMPUTED}, {"sensitive", ENTRY_SENSITIVE}, {"write_only", ENTRY_WRITE_ONLY},
	{"deprecated", ENTRY_DEPRECATED}, {"replace", ENTRY_REPLACE}, {"local", ENTRY_LOCAL}, {"kept", ENTRY_KEPT},
	{"token", ENTRY_TOKEN}, {"flat", ENTRY_FLAT}, {"strict", ENTRY_STRICT}, {"stays", ENTRY_STAYS},
};

/* a.b[0].c as members; indexes are kept as "[0]" */
static void path_members(struct loader *l, const struct expr *e, const char **out, size_t *count)
{
	if (e->kind == EXPR_ATTR || e->kind == EXPR_INDEX)
		path_members(l, e->on, out, count);
	if (*count == 8)
		loader_error(l, e->range, "a path has at most eight members");
	else if (e->kind == EXPR_ATTR || e->kind == EXPR_NAME)
		out[(*count)++] = e->name;
	else if (e->kind == EXPR_INDEX && e->key->kind == EXPR_LITERAL)
		out[(*count)++] = "[0]";
	else
		loader_error(l, e->range, "a path of members is needed here");
}

static void set_path(struct loader *l, struct entry *entry, const struct expr *e)
{
	const char **members = arena_array_of(l->arena, 8, const char *);
	path_members(l, e, members, &entry->to_count);
	entry->to = members;
}

/* at(P): P as an expression on the object */
static const struct expr *on_object(struct loader *l, const struct expr *path)
{
	struct expr *copy = arena_memdup(l->arena, path, sizeof(*path));
	if (path->kind == EXPR_NAME) {
		struct expr *object = arena_new_of(l->arena, struct expr);
		*object = (struct expr){.kind = EXPR_NAME, .range = path->range};
		object->name = "object";
		copy->kind = EXPR_ATTR;
		copy->on = object;
		copy->name = path->name;
		return copy;
	}
	copy->on = on_object(l, path->on);
	return copy;
}

static bool load_flag(struct loader *l, struct entry *entry, const struct expr *e)
{
	const char *word = e->kind == EXPR_NAME ? e->name : e->kind == EXPR_CALL ? e->function : NULL;
	const struct expr *arg = e->kind == EXPR_CALL && e->arg_count ? e->args[0] : NULL;
	if (!word)
		return false;
	if (!arg) {
		for (size_t i = 0; i < ARRAY_LEN(flag_words); i++) {
			if (!strcmp(flag_words[i].word, word)) {
				entry->flags |= flag_words[i].flag;
				return true;
			}
		}
		return !strcmp(word, "required") ? (entry->min = 1) : false;
	}
	if (!strcmp(word, "default")) {
		struct eval eval = {.arena = l->arena, .diags = l->diags};
		entry->fallback = eval_expr_as(&eval, arg, entry->type, "default");
	} else if (!strcmp(word, "replace")) {
		entry->replace_if = arg;
	} else if (!strcmp(word, "at")) {
		set_path(l, entry, arg);
		entry->from = on_object(l, arg);
	} else if (!strcmp(word, "to")) {
		if (arg->kind == EXPR_NAME && !strcmp(arg->name, "none"))
			entry->flags |= ENTRY_NOT_SENT;
		else
			set_path(l, entry, arg);
	} else if (!strcmp(word, "from")) {
		if (arg->kind == EXPR_NAME && !strcmp(arg->name, "members"))
			entry->flags |= ENTRY_MEMBERS;
		else
			entry->from = arg;
	} else if (!strcmp(word, "as")) {
		entry->codec = loader_text(l, arg);
		if (!codec_is_known(entry->codec))
			loader_error(l, arg->range, "\"%s\" is not a codec", entry->codec);
	} else if (!strcmp(word, "same")) {
		entry->same = loader_text(l, arg);
		if (!rule_is_known(entry->same))
			loader_error(l, arg->range, "\"%s\" is not a rule of sameness", entry->same);
	} else if (!strcmp(word, "form")) {
		entry->form = loader_text(l, arg);
		if (!form_is_known(entry->form))
			loader_error(l, arg->range, "\"%s\" is not a form", entry->form);
	} else if (!strcmp(word, "unless")) {
		entry->unless = arg;
	} else if (!strcmp(word, "either")) {
		entry->either = loader_text(l, arg);
	} else if (!strcmp(word, "follows")) {
		entry->follows = e->args;
		entry->follow_count = e->arg_count;
	} else if (!strcmp(word, "max")) {
		entry->max = (unsigned)loader_integer(l, arg);
	} else if (!strcmp(word, "min")) {
		entry->min = (unsigned)loader_integer(l, arg);
	} else {
		return false;
	}
	return true;
}

static const struct type *block_type(struct loader *l, const struct entry *entries, size_t count)
{
	struct type_attr *attrs = arena_array_of(l->arena, count, struct type_attr);
	for (size_t i = 0; i < count; i++)
		attrs[i] = (struct type_attr){.name = entries[i].name, .type = entries[i].type};
	return type_object(l->arena, attrs, count);
}

static void load_entry(struct loader *l, struct entry *entry, const char *name, const struct expr *e)
{
	static const struct {
		const char *word;
		enum entry_kind kind;
	} kinds[] = {{"req", ENTRY_REQUIRED}, {"opt", ENTRY_OPTIONAL}, {"out", ENTRY_OUTPUT},
		     {"one", ENTRY_ONE}, {"list", ENTRY_LIST}, {"set", ENTRY_SET}};
	*entry = (struct entry){.name = name, .type = &type_string, .range = e->range};
	size_t k = 0;
	while (e->kind == EXPR_CALL && k < ARRAY_LEN(kinds) && strcmp(kinds[k].word, e->function))
		k++;
	if (e->kind != EXPR_CALL || k == ARRAY_LEN(kinds) || !e->arg_count) {
		loader_error(l, e->range, "an entry is req(...), opt(...), out(...), one({...}), list({...}) or set({...})");
		return;
	}
	entry->kind = kinds[k].kind;
	if (entry->kind >= ENTRY_ONE) {
		const struct expr *object = e->args[0];
		if (object->kind != EXPR_OBJECT) {
			loader_error(l, object->range, "a block's entries stand in braces");
			return;
		}
		entry->entries = loader_entries(l, object->fields, object->field_count, &entry->entry_count);
		const struct type *inner = block_type(l, entry->entries, entry->entry_count);
		entry->type = entry->kind == ENTRY_SET ? type_set(l->arena, inner) : type_list(l->arena, inner);
		if (entry->kind == ENTRY_ONE)
			entry->max = 1;
	} else {
		struct eval eval = {.arena = l->arena, .diags = l->diags};
		const struct type *type = eval_type(&eval, e->args[0]);
		entry->type = type ? type : &type_string;
	}
	for (size_t i = 1; i < e->arg_count; i++) {
		if (!load_flag(l, entry, e->args[i]))
			loader_error(l, e->args[i]->range, "this is not a word of entries");
	}
	loader_looks_at(l, entry->from, &entry->parts, NULL, &entry->needs_self);
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

const struct entry *loader_entries(struct loader *l, const struct object_item *fields, size_t field_count, size_t *count)
{
	struct entry *entries = arena_array_of(l->arena, field_count, struct entry);
	for (size_t i = 0; i < field_count; i++)
		load_entry(l, &entries[i], loader_text(l, fields[i].key), fields[i].value);
	if (field_count)
		qsort(entries, field_count, sizeof(*entries), compare_entries);
	*count = field_count;
	return entries;
}

static struct entry usual_entry(const char *name, enum entry_kind kind, const struct type *type, unsigned flags, const struct expr *from)
{
	return (struct entry){.name = name, .kind = kind, .type = type, .flags = flags, .from = from, .needs_self = from != NULL};
}

static bool has_entry(const struct body *body, const char *name)
{
	return body_find_attr(body, name) != NULL;
}

/* The written entries and those that other words add: id, arn, tags, tags_all. */
const struct entry *loader_schema(struct loader *l, const struct body *body, size_t *count)
{
	struct aws_type *type = l->type;
	enum { MOST_ADDED = 4 };
	struct entry *entries = arena_array_of(l->arena, body->attr_count + MOST_ADDED, struct entry);
	size_t n = 0;
	for (size_t i = 0; i < body->attr_count; i++)
		load_entry(l, &entries[n++], body->attrs[i].name, body->attrs[i].expr);
	for (size_t i = 0; i < body->block_count; i++)
		loader_error(l, body->blocks[i].type_range, "blocks of a schema are written NAME = list({ ... })");
	if (!has_entry(body, "id"))
		entries[n++] = usual_entry("id", ENTRY_OPTIONAL, &type_string, ENTRY_COMPUTED | ENTRY_LOCAL, NULL);
	if (type->arn && !has_entry(body, "arn"))
		entries[n++] = usual_entry("arn", ENTRY_OUTPUT, &type_string, 0, type->arn);
	if (type->has_tags && !type->base.data) {
		if (!has_entry(body, "tags"))
			entries[n++] = usual_entry("tags", ENTRY_OPTIONAL, &type_map_of_string, ENTRY_NOT_SENT, NULL);
		if (!has_entry(body, "tags_all"))
			entries[n++] = usual_entry("tags_all", ENTRY_OPTIONAL, &type_map_of_string, ENTRY_NOT_SENT | ENTRY_COMPUTED, NULL);
	}
	qsort(entries, n, sizeof(*entries), compare_entries);
	*count = n;
	return entries;
}

const struct entry *entry_find(const struct entry *entries, size_t count, const char *name)
{
	struct entry key = {.name = name};
	return count ? bsearch(&key, entries, count, sizeof(*entries), compare_entries) : NULL;
}

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
			type->tags.present = true;
			for (size_t k = 0; k < block->body->attr_count; k++) {
				const struct attribute *attr = &block->body->attrs[k];
				const struct expr *e = attr->expr;
				bool call = e->kind == EXPR_OBJECT && loader_field(e, "call");
				if (!strcmp(attr->name, "create")) {
					type->tags.create = e;
				} else if (!strcmp(attr->name, "read") && !call) {
					type->tags.read = e;
				} else if (!strcmp(attr->name, "read")) {
					type->tags.read_op = loader_operation(l, loader_field(e, "call"));
					type->tags.read_send = loader_field(e, "send");
					type->tags.read_value = loader_field(e, "value");
				} else if (!strcmp(attr->name, "add")) {
					type->tags.add_op = loader_operation(l, loader_field(e, "call"));
					type->tags.add_send = loader_field(e, "send");
				} else if (!strcmp(attr->name, "remove")) {
					type->tags.remove_op = loader_operation(l, loader_field(e, "call"));
					type->tags.remove_send = loader_field(e, "send");
				} else {
					loader_error(l, attr->name_range, "\"%s\" is not a word of tags", attr->name);
				}
			}
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
			brackets[type->bracket_count++] = load_bracket(l, block);
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
		if (prefix)
			prefix->flags |= ENTRY_LOCAL | ENTRY_NOT_SENT;
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

/* ---- the schema ---- */

static void fill_schema(struct arena *arena, struct schema *schema, const struct entry *entries, size_t count)
{
	struct schema_attr *attrs = arena_array_of(arena, count, struct schema_attr);
	struct schema_block *blocks = arena_array_of(arena, count + 1, struct schema_block);
	for (size_t i = 0; i < count; i++) {
		const struct entry *e = &entries[i];
		unsigned flags = (e->flags & ENTRY_REPLACE ? ATTR_REPLACE : 0) | (e->flags & ENTRY_COMPUTED ? ATTR_COMPUTED : 0) |
				 (e->flags & ENTRY_SENSITIVE ? ATTR_SENSITIVE : 0) | (e->flags & ENTRY_DEPRECATED ? ATTR_DEPRECATED : 0) |
				 (e->flags & ENTRY_WRITE_ONLY ? ATTR_WRITE_ONLY : 0);
		if (e->kind >= ENTRY_ONE) {
			struct schema *inner = arena_new_of(arena, struct schema);
			fill_schema(arena, inner, e->entries, e->entry_count);
			schema_finish(arena, inner);
			blocks[schema->block_count++] = (struct schema_block){
				.name = e->name,
				.nesting = e->kind == ENTRY_SET ? NEST_SET : NEST_LIST,
				.min = e->min,
				.max = e->max,
				.flags = flags,
				.schema = inner,
			};
			continue;
		}
		flags |= e->kind == ENTRY_REQUIRED ? ATTR_REQUIRED : e->kind == ENTRY_OPTIONAL ? ATTR_OPTIONAL : ATTR_COMPUTED;
		const struct type *element = type_is_collection(e->type) ? e->type->element : NULL;
		if (element && element->kind == TYPE_OBJECT && e->type->kind != TYPE_MAP && e->kind != ENTRY_OUTPUT)
			flags |= ATTR_BLOCKS;
		attrs[schema->attr_count++] =
			(struct schema_attr){.name = e->name, .type = e->type, .flags = flags, .fallback = e->fallback};
	}
	schema->attrs = attrs;
	schema->blocks = blocks;
}

static const struct schema *timeouts_schema(struct arena *arena, const struct aws_type *type)
{
	const struct {
		const char *name;
		int64_t ms;
	} rows[] = {{"create", type->timeouts.create}, {"delete", type->timeouts.delete}, {"read", type->timeouts.read},
		    {"update", type->timeouts.update}};
	struct schema *schema = arena_new_of(arena, struct schema);
	struct schema_attr *attrs = arena_array_of(arena, ARRAY_LEN(rows), struct schema_attr);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].ms)
			attrs[schema->attr_count++] = (struct schema_attr){.name = rows[i].name, .type = &type_string, .flags = ATTR_OPTIONAL};
	}
	if (!schema->attr_count)
		return NULL;
	schema->attrs = attrs;
	schema_finish(arena, schema);
	return schema;
}

const struct schema *entries_schema(struct arena *arena, const struct aws_type *type)
{
	struct schema *schema = arena_new_of(arena, struct schema);
	fill_schema(arena, schema, type->entries, type->entry_count);
	const struct schema *timeouts = timeouts_schema(arena, type);
	if (timeouts)
		((struct schema_block *)(uintptr_t)schema->blocks)[schema->block_count++] =
			(struct schema_block){.name = "timeouts", .nesting = NEST_SINGLE, .schema = timeouts};
	schema->version = type->version;
	schema_finish(arena, schema);
	return schema;
}
