/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration against the rules of its type's arguments: what the schema cannot say. Unknown
 * values are passed over; they are looked at again when they are known.
 */
#include "providers/aws/aws.h"

#include "base/duration.h"
#include "base/buf.h"
#include "lang/func/regex.h"
#include "lang/value/convert.h"

#include <inttypes.h>
#include <string.h>

struct validation {
	const struct aws_type *type;
	const struct value *config; /* the whole */
	struct arena *arena;
	struct diags *diags;
	struct env env;
	struct diags mistakes; /* of a rule's own expression */
};

/* A block of the configuration, or its top. */
struct level {
	const struct entry *entries;
	size_t count;
	const struct value *value;
	const struct body *body; /* NULL: not known where it stands */
	struct src_range range;  /* where to point if the body does not show it */
	const char *path;        /* "root_block_device." or "" */
};

/* ---- places ---- */

static struct src_range argument_range(const struct level *level, const char *name)
{
	const struct attribute *attr = level->body ? body_find_attr(level->body, name) : NULL;
	if (attr)
		return attr->expr->range;
	for (size_t i = 0; level->body && i < level->body->block_count; i++) {
		const struct block *block = &level->body->blocks[i];
		if (!strcmp(block->type, name))
			return block->header_range;
		if (!strcmp(block->type, "dynamic") && block->label_count == 1 && !strcmp(block->labels[0].text, name))
			return block->header_range;
	}
	return level->range;
}

/* The body of the block at an index, where none of its kind are made by `dynamic` blocks. */
static const struct body *block_body(const struct level *level, const char *name, size_t index)
{
	const struct body *found = NULL;
	size_t seen = 0;
	for (size_t i = 0; level->body && i < level->body->block_count; i++) {
		const struct block *block = &level->body->blocks[i];
		if (!strcmp(block->type, "dynamic") && block->label_count == 1 && !strcmp(block->labels[0].text, name))
			return NULL;
		if (!strcmp(block->type, name) && seen++ == index)
			found = block->body;
	}
	return found;
}

/* ---- which arguments are written ---- */

enum presence { ABSENT, PRESENT, UNSURE };

static enum presence presence_in(const struct entry *entries, size_t count, const struct value *value, const char *path)
{
	char name[128];
	size_t len = strcspn(path, ".");
	if (len >= sizeof(name))
		return ABSENT;
	memcpy(name, path, len);
	name[len] = '\0';
	const struct entry *entry = entry_find(entries, count, name);
	const struct value *v = entry && value->state == VALUE_KNOWN ? value_get(value, name) : NULL;
	if (!v || value_is_null(v))
		return value->state == VALUE_UNKNOWN ? UNSURE : ABSENT;
	if (v->state == VALUE_UNKNOWN)
		return UNSURE;
	if (entry->kind < ENTRY_ONE)
		return PRESENT;
	if (!v->count)
		return ABSENT;
	return path[len] ? presence_in(entry->entries, entry->entry_count, v->items[0], path + len + 1) : PRESENT;
}

/* A path beside the entry; or else one from the type's top. */
static enum presence presence_of(const struct validation *v, const struct level *level, const char *path)
{
	char first[128];
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(path, "."), path);
	if (entry_find(level->entries, level->count, first))
		return presence_in(level->entries, level->count, level->value, path);
	return presence_in(v->type->entries, v->type->entry_count, v->config, path);
}

/* `"a", "b" or "c"`, with those of one presence only, or (UNSURE) all. */
static const char *name_list(const struct validation *v, const struct level *level, const struct rule *rule, enum presence which,
			     const char *last)
{
	AUTO_BUF struct buf out = BUF_INIT;
	const char *held = NULL;
	size_t n = 0;
	for (size_t i = 0; i <= rule->name_count; i++) {
		bool end = i == rule->name_count;
		if (!end && which != UNSURE && presence_of(v, level, rule->names[i]) != which)
			continue;
		if (held)
			buf_addf(&out, "%s\"%s\"", n++ == 0 ? "" : end ? last : ", ", held);
		held = end ? NULL : rule->names[i];
	}
	return buf_copy(&out, v->arena);
}

static void check_presence(const struct validation *v, const struct level *level, const struct entry *entry, const struct rule *rule)
{
	const struct src_range range = argument_range(level, entry->name);
	enum presence mine = presence_of(v, level, entry->name);
	size_t present = 0, unsure = 0;
	const char *first = NULL;
	for (size_t i = 0; i < rule->name_count; i++) {
		enum presence other = presence_of(v, level, rule->names[i]);
		present += other == PRESENT;
		unsure += other == UNSURE;
		first = first || other != PRESENT ? first : rule->names[i];
		if (rule->kind == RULE_CONFLICTS && mine == PRESENT && other == PRESENT)
			diag_error(v->diags, range, "Conflicting arguments", "\"%s%s\" and \"%s\" cannot both be written. Leave one of them away.",
				   level->path, entry->name, rule->names[i]);
		if (rule->kind == RULE_NEEDS && mine == PRESENT && other == ABSENT)
			diag_error(v->diags, range, "Missing required argument", "\"%s%s\" needs \"%s\", which is not written.", level->path, entry->name,
				   rule->names[i]);
	}
	bool counted = rule->kind == RULE_ONE_OF || rule->kind == RULE_ANY_OF;
	if (counted && !present && !unsure)
		diag_error(v->diags, level->range, "Missing required argument", "%s %s must be written.",
			   rule->kind == RULE_ONE_OF ? "One of" : "At least one of", name_list(v, level, rule, UNSURE, " or "));
	if (rule->kind == RULE_ONE_OF && present > 1)
		diag_error(v->diags, argument_range(level, first), "Conflicting arguments", "Only one of %s can be written, and %s are.",
			   name_list(v, level, rule, UNSURE, " or "), name_list(v, level, rule, PRESENT, " and "));
}

/* ---- values ---- */

static const char *shown(const struct validation *v, const struct value *value)
{
	enum { MOST_SHOWN = 60 };
	AUTO_BUF struct buf out = BUF_INIT;
	if (value_marks_deep(value) & VALUE_SENSITIVE)
		return "a sensitive value";
	if (value_is_a(value, TYPE_STRING) && value->count > MOST_SHOWN)
		return arena_printf(v->arena, "a text of %u bytes", value->count);
	value_print(value, &out);
	return out.len <= 2 * MOST_SHOWN ? buf_copy(&out, v->arena) : "another one";
}

/* "from 1 to 64", "at least 1", "at most 64" */
static const char *limits(const struct validation *v, const struct rule *rule)
{
	if (rule->low == INT64_MIN)
		return arena_printf(v->arena, "at most %" PRId64, rule->high);
	if (rule->high == INT64_MAX)
		return arena_printf(v->arena, "at least %" PRId64, rule->low);
	return arena_printf(v->arena, "from %" PRId64 " to %" PRId64, rule->low, rule->high);
}

static const char *allowed_list(const struct validation *v, const struct rule *rule)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < rule->value_count; i++) {
		buf_adds(&out, !i ? "" : i + 1 == rule->value_count ? " or " : ", ");
		value_print(rule->values[i], &out);
	}
	return buf_copy(&out, v->arena);
}

static const char *nearest_allowed(const struct validation *v, const struct rule *rule, const struct value *value)
{
	const char **names = arena_array_of(v->arena, rule->value_count, const char *);
	size_t n = 0;
	for (size_t i = 0; value_is_a(value, TYPE_STRING) && i < rule->value_count; i++) {
		names[n++] = rule->values[i]->text;
		if (!strcasecmp(rule->values[i]->text, value->text))
			return rule->values[i]->text;
	}
	return n && value->count ? nearest_name(value->text, names, n) : NULL;
}

static bool number_fits(const struct rule *rule, const struct value *value)
{
	return (rule->low == INT64_MIN || number_compare(value->number, number_from_int(rule->low)) >= 0) &&
	       (rule->high == INT64_MAX || number_compare(value->number, number_from_int(rule->high)) <= 0);
}

static bool pattern_fits(const struct rule *rule, const struct value *value)
{
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	AUTO_REGEX struct regex *regex = regex_compile(rule->pattern, strlen(rule->pattern), &what, &where);
	const size_t *spans;
	return !regex || regex_match(regex, value->text, value->count, 0, &spans) == REGEX_MATCH;
}

/* What a value must be and is not, or NULL; `meant` (may stay NULL) is what was probably meant. */
static const char *refusal(struct validation *v, const struct rule *rule, const struct value *value, const char **meant)
{
	bool text = value_is_a(value, TYPE_STRING);
	switch (rule->kind) {
	case RULE_ALLOWED:
		for (size_t i = 0; i < rule->value_count; i++) {
			if (value_same(rule->values[i], value))
				return NULL;
		}
		*meant = nearest_allowed(v, rule, value);
		return arena_printf(v->arena, "%s", allowed_list(v, rule));
	case RULE_RANGE:
		return value_is_a(value, TYPE_NUMBER) && !number_fits(rule, value) ? limits(v, rule) : NULL;
	case RULE_LENGTH:
		return text && ((int64_t)value->count < rule->low || (int64_t)value->count > rule->high)
			       ? arena_printf(v->arena, "%s bytes long", limits(v, rule))
			       : NULL;
	case RULE_PATTERN:
		return text && !pattern_fits(rule, value) ? rule->sentence : NULL;
	case RULE_SYNTAX:
		if (!text || syntax_fits(rule->syntax, value->text, value->count))
			return NULL;
		*meant = syntax_suggestion(v->arena, rule->syntax, value->text);
		return syntax_words(rule->syntax);
	case RULE_CHECK: {
		v->env.value = value;
		const struct value *verdict = env_eval(&v->env, rule->condition);
		return value_is_a(verdict, TYPE_BOOL) && !verdict->boolean ? rule->sentence : NULL;
	}
	case RULE_CONFLICTS:
	case RULE_NEEDS:
	case RULE_ONE_OF:
	case RULE_ANY_OF:
		break;
	}
	return NULL;
}

/* A rule on a value: on each member of a list, set or map. False when something was refused. */
static bool check_value(struct validation *v, const struct level *level, const struct entry *entry, const struct rule *rule,
			const struct value *value)
{
	if (value->state != VALUE_KNOWN)
		return true;
	if (type_is_collection(value->type)) {
		bool ok = true;
		for (uint32_t i = 0; i < value->count; i++)
			ok &= check_value(v, level, entry, rule, value->items[i]);
		return ok;
	}
	const char *meant = NULL;
	const char *wanted = refusal(v, rule, value, &meant);
	if (!wanted)
		return true;
	bool secret = (value_marks_deep(value) & VALUE_SENSITIVE) != 0 || (entry->flags & (ENTRY_SENSITIVE | ENTRY_WRITE_ONLY)) != 0;
	if (rule->kind == RULE_CHECK || secret)
		diag_error(v->diags, argument_range(level, entry->name), "Invalid value", "\"%s%s\" must be %s.", level->path, entry->name, wanted);
	else
		diag_error(v->diags, argument_range(level, entry->name), "Invalid value", "\"%s%s\" must be %s, and is %s.%s%s%s", level->path,
			   entry->name, wanted, shown(v, value), meant ? " Did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
	return false;
}

static void check_level(struct validation *v, const struct level *level)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct entry *entry = &level->entries[i];
		const struct value *value = value_get(level->value, entry->name);
		bool sound = true; /* one refusal of a value is enough */
		for (size_t k = 0; k < entry->rule_count; k++) {
			const struct rule *rule = &entry->rules[k];
			if (rule->kind >= RULE_CONFLICTS)
				check_presence(v, level, entry, rule);
			else if (value && sound)
				sound = check_value(v, level, entry, rule, value);
		}
		if (entry->kind < ENTRY_ONE || !value || value->state != VALUE_KNOWN)
			continue;
		for (uint32_t k = 0; k < value->count; k++) {
			if (value->items[k]->state != VALUE_KNOWN)
				continue;
			const struct body *body = block_body(level, entry->name, k);
			struct level inner = {
				.entries = entry->entries,
				.count = entry->entry_count,
				.value = value->items[k],
				.body = body,
				.range = argument_range(level, entry->name),
				.path = arena_printf(v->arena, "%s%s.", level->path, entry->name),
			};
			check_level(v, &inner);
		}
	}
}

static void check_timeouts(struct validation *v, const struct level *top)
{
	const struct value *timeouts = value_get(v->config, "timeouts");
	if (!timeouts || timeouts->state != VALUE_KNOWN)
		return;
	const struct level inner = {
		.value = timeouts, .body = block_body(top, "timeouts", 0), .range = argument_range(top, "timeouts"), .path = "timeouts."};
	for (uint32_t i = 0; i < timeouts->count; i++) {
		const char *name = value_key_at(timeouts, i), *text = value_get_text(timeouts, name);
		uint64_t ms;
		if (text && !duration_parse(text, &ms))
			diag_error(v->diags, argument_range(&inner, name), "Invalid value",
				   "\"timeouts.%s\" must be a duration such as \"90s\", \"30m\" or \"1h30m\", and is %s.", name,
				   shown(v, timeouts->items[i]));
	}
}

void provider_validate(const struct resource_type *type, const struct value *config, const struct body *body, struct diags *diags)
{
	static const struct aws_place nowhere = {.region = "", .account = "", .partition = "aws", .dns_suffix = "amazonaws.com"};
	if (config->state != VALUE_KNOWN)
		return;
	struct validation v = {.type = aws_type_of(type), .config = config, .arena = arena_new(), .diags = diags};
	diags_init(&v.mistakes);
	env_init(&v.env, v.type, &nowhere, v.arena, &v.mistakes);
	v.env.self = v.env.config = config;
	struct level top = {
		.entries = v.type->entries,
		.count = v.type->entry_count,
		.value = config,
		.body = body,
		.range = body ? body->end : SRC_NOWHERE,
		.path = "",
	};
	/* data sources may be found by their id where their files say so: to(none) */
	const struct entry *entry = entry_find(v.type->entries, v.type->entry_count, "id");
	const struct value *id = value_get(config, "id");
	if (id && !value_is_null(id) && !(type->data && entry && (entry->flags & ENTRY_NOT_SENT)))
		diag_error(diags, argument_range(&top, "id"), "Unsupported argument", "\"id\" cannot be written: AWS decides it.");
	check_level(&v, &top);
	check_timeouts(&v, &top);
	for (size_t i = 0; i < v.mistakes.count; i++) {
		if (v.mistakes.items[i].severity == DIAG_ERROR)
			diag_error(diags, SRC_NOWHERE, "Mistake in a type file", "%s: %s", type->name,
				   v.mistakes.items[i].detail ? v.mistakes.items[i].detail : v.mistakes.items[i].summary);
	}
	diags_release(&v.mistakes);
	arena_free(v.arena);
}
