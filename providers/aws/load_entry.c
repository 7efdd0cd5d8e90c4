/* SPDX-License-Identifier: Apache-2.0 */
/* Schema entries: the words of arguments and attributes; and the schema that others see. */
#include "base/buf.h"
#include "lang/func/regex.h"
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
	{"token", ENTRY_TOKEN}, {"strict", ENTRY_STRICT}, {"stays", ENTRY_STAYS}, {"zero", ENTRY_ZERO},
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
	if (path->kind == EXPR_ATTR || path->kind == EXPR_INDEX) /* others are told by set_path() */
		copy->on = on_object(l, path->on);
	return copy;
}

/* ---- rules ---- */

static const struct {
	const char *word;
	enum rule_kind kind;
	size_t least, most; /* arguments */
} rule_words[] = {
	{"allowed", RULE_ALLOWED, 1, SIZE_MAX}, {"range", RULE_RANGE, 2, 2}, {"length", RULE_LENGTH, 2, 2}, {"pattern", RULE_PATTERN, 2, 2},
	{"syntax", RULE_SYNTAX, 1, 1}, {"check", RULE_CHECK, 2, 2}, {"conflicts", RULE_CONFLICTS, 1, SIZE_MAX}, {"needs", RULE_NEEDS, 1, SIZE_MAX},
	{"one_of", RULE_ONE_OF, 2, SIZE_MAX}, {"any_of", RULE_ANY_OF, 2, SIZE_MAX},
};

static bool is_null(const struct expr *e)
{
	return e->kind == EXPR_LITERAL && value_is_null(e->literal);
}

static const struct type *innermost(const struct type *type)
{
	while (type_is_collection(type))
		type = type->element;
	return type;
}

static void check_pattern(struct loader *l, const struct expr *e, const char *pattern)
{
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	struct regex *regex = regex_compile(pattern, strlen(pattern), &what, &where);
	if (!regex)
		loader_error(l, e->range, "the pattern is wrong: %s: %s", what, buf_text(&where));
	regex_free(regex);
}

static struct rule load_rule(struct loader *l, const struct entry *entry, const struct expr *e, enum rule_kind kind)
{
	struct rule rule = {.kind = kind, .low = INT64_MIN, .high = INT64_MAX, .range = e->range};
	const struct expr *const *args = e->args;
	switch (kind) {
	case RULE_ALLOWED: {
		const struct value **values = arena_array_of(l->arena, e->arg_count, const struct value *);
		struct diags mistakes;
		struct eval eval = loader_eval(l, &mistakes);
		for (size_t i = 0; i < e->arg_count; i++)
			values[i] = eval_expr_as(&eval, args[i], innermost(entry->type), "allowed");
		loader_evaluated(l, e->range, &mistakes);
		rule.values = values;
		rule.value_count = e->arg_count;
		break;
	}
	case RULE_RANGE:
	case RULE_LENGTH:
		if (!is_null(args[0]))
			rule.low = loader_integer(l, args[0]);
		if (!is_null(args[1]))
			rule.high = loader_integer(l, args[1]);
		break;
	case RULE_PATTERN:
		rule.pattern = loader_text(l, args[0]);
		rule.sentence = loader_text(l, args[1]);
		check_pattern(l, args[0], rule.pattern);
		break;
	case RULE_SYNTAX:
		rule.syntax = loader_text(l, args[0]);
		if (!syntax_words(rule.syntax))
			loader_error(l, args[0]->range, "\"%s\" is not a syntax", rule.syntax);
		break;
	case RULE_CHECK:
		rule.condition = args[0];
		rule.sentence = loader_text(l, args[1]);
		break;
	case RULE_CONFLICTS:
	case RULE_NEEDS:
	case RULE_ONE_OF:
	case RULE_ANY_OF: {
		const char **names = arena_array_of(l->arena, e->arg_count, const char *);
		for (size_t i = 0; i < e->arg_count; i++)
			names[i] = loader_path(l, args[i]);
		rule.names = names;
		rule.name_count = e->arg_count;
		break;
	}
	}
	return rule;
}

void loader_add_rule(struct loader *l, struct entry *entry, const struct rule *rule)
{
	struct rule *rules = arena_array_of(l->arena, entry->rule_count + 1, struct rule);
	if (entry->rule_count)
		memcpy(rules, entry->rules, entry->rule_count * sizeof(*rules));
	rules[entry->rule_count++] = *rule;
	entry->rules = rules;
}

static bool load_rule_word(struct loader *l, struct entry *entry, const struct expr *e)
{
	for (size_t i = 0; e->kind == EXPR_CALL && i < ARRAY_LEN(rule_words); i++) {
		if (strcmp(rule_words[i].word, e->function))
			continue;
		if (e->arg_count < rule_words[i].least || e->arg_count > rule_words[i].most) {
			loader_error(l, e->range, "%s takes %zu arguments%s", e->function, rule_words[i].least,
				     rule_words[i].most == SIZE_MAX ? " or more" : "");
		} else {
			struct rule rule = load_rule(l, entry, e, rule_words[i].kind);
			loader_add_rule(l, entry, &rule);
		}
		return true;
	}
	return false;
}

/* ---- flags ---- */

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
		struct diags mistakes;
		struct eval eval = loader_eval(l, &mistakes);
		entry->fallback = eval_expr_as(&eval, arg, entry->type, "default");
		loader_evaluated(l, arg->range, &mistakes);
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
		struct diags mistakes;
		struct eval eval = loader_eval(l, &mistakes);
		const struct type *type = eval_type(&eval, e->args[0]);
		loader_evaluated(l, e->args[0]->range, &mistakes);
		entry->type = type ? type : &type_string;
	}
	for (size_t i = 1; i < e->arg_count; i++) {
		if (!load_rule_word(l, entry, e->args[i]) && !load_flag(l, entry, e->args[i]))
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

/* ---- the schema ---- */

/* Of a data source, defaults show when it is read, not in what is written of it. */
static void fill_schema(struct arena *arena, struct schema *schema, const struct entry *entries, size_t count, bool data)
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
			fill_schema(arena, inner, e->entries, e->entry_count, data);
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
			(struct schema_attr){.name = e->name, .type = e->type, .flags = flags, .fallback = data ? NULL : e->fallback};
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
	fill_schema(arena, schema, type->entries, type->entry_count, type->base.data);
	const struct schema *timeouts = timeouts_schema(arena, type);
	if (timeouts)
		((struct schema_block *)(uintptr_t)schema->blocks)[schema->block_count++] =
			(struct schema_block){.name = "timeouts", .nesting = NEST_SINGLE, .schema = timeouts};
	schema->version = type->version;
	schema_finish(arena, schema);
	return schema;
}
