/* SPDX-License-Identifier: Apache-2.0 */
/* A type as a page: what may be written, what it means to AWS, and which calls and permissions that takes. */
#include "providers/aws/type.h"

#include "base/buf.h"
#include "providers/aws/env.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct page {
	struct arena *arena;
	struct buf *out;
	unsigned width;
	const struct aws_type *type;
	const struct aws_operation *sends; /* into which arguments bind by the name rule; NULL: none */
	struct map permissions;            /* name -> the phases that need it, as flags */
};

enum { NEEDED_BY_READ = 1u << 0, NEEDED_BY_CREATE = 1u << 1, NEEDED_BY_UPDATE = 1u << 2, NEEDED_BY_DELETE = 1u << 3 };

/* ---- text ---- */

/* Words in lines of the page's width. */
static void put_text(struct page *page, unsigned indent, const char *text)
{
	size_t column = 0;
	for (const char *p = text; *p;) {
		size_t blanks = strspn(p, " \t\n"), len = strcspn(p + blanks, " \t\n");
		p += blanks;
		if (!len)
			break;
		if (column && column + 1 + len > page->width) {
			buf_addc(page->out, '\n');
			column = 0;
		}
		if (!column) {
			buf_addf(page->out, "%*s", (int)indent, "");
			column = indent;
		} else {
			buf_addc(page->out, ' ');
			column++;
		}
		buf_add(page->out, p, len);
		column += len;
		p += len;
	}
	buf_addc(page->out, '\n');
}

/* An expression as its file has it, on one line. */
static const char *written(struct page *page, struct src_range range)
{
	size_t len;
	const char *text = aws_type_excerpt(range, &len);
	AUTO_BUF struct buf out = BUF_INIT;
	bool blank = false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '#') /* a comment, or a text that holds the sign: the rest of its line is left out only if it is one */
			i += (i && isspace((unsigned char)text[i - 1])) ? strcspn(text + i, "\n") : 0;
		if (i < len && isspace((unsigned char)text[i])) {
			blank = out.len > 0;
			continue;
		}
		if (blank && i < len)
			buf_addc(&out, ' ');
		blank = false;
		if (i < len)
			buf_addc(&out, text[i]);
	}
	return buf_copy(&out, page->arena);
}

static const char *source(struct page *page, const struct expr *e)
{
	return written(page, e->range);
}

static const char *joined(struct page *page, const char *const *names, size_t count, const char *between)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		buf_addf(&out, "%s%s", i && names[i][0] != '[' ? between : "", names[i]);
	return buf_copy(&out, page->arena);
}

static void heading(struct page *page, const char *text)
{
	buf_addf(page->out, "\n%s\n\n", text);
}

/* ---- arguments and attributes ---- */

static void add_limits(struct buf *out, const struct rule *rule, const char *unit)
{
	if (rule->low == INT64_MIN)
		buf_addf(out, " At most %" PRId64 "%s.", rule->high, unit);
	else if (rule->high == INT64_MAX && rule->low == 1 && *unit)
		buf_adds(out, " Not empty.");
	else if (rule->high == INT64_MAX)
		buf_addf(out, " At least %" PRId64 "%s.", rule->low, unit);
	else
		buf_addf(out, " From %" PRId64 " to %" PRId64 "%s.", rule->low, rule->high, unit);
}

static void add_rule(struct page *page, const struct rule *rule, struct buf *out)
{
	const char *names = joined(page, rule->names, rule->name_count, ", ");
	switch (rule->kind) {
	case RULE_ALLOWED:
		buf_adds(out, " One of ");
		for (size_t i = 0; i < rule->value_count; i++) {
			buf_adds(out, !i ? "" : i + 1 == rule->value_count ? " or " : ", ");
			value_print(rule->values[i], out);
		}
		buf_addc(out, '.');
		break;
	case RULE_RANGE:
		add_limits(out, rule, "");
		break;
	case RULE_LENGTH:
		add_limits(out, rule, " bytes long");
		break;
	case RULE_PATTERN:
	case RULE_CHECK:
		buf_addf(out, " Must be %s.", rule->sentence);
		break;
	case RULE_SYNTAX:
		buf_addf(out, " Must be %s.", syntax_words(rule->syntax));
		break;
	case RULE_CONFLICTS:
		buf_addf(out, " Not together with %s.", names);
		break;
	case RULE_NEEDS:
		buf_addf(out, " Only together with %s.", names);
		break;
	case RULE_ONE_OF:
		buf_addf(out, " Exactly one of %s must be written.", names);
		break;
	case RULE_ANY_OF:
		buf_addf(out, " At least one of %s must be written.", names);
		break;
	}
}

/* The group that carries out a change of an argument ("a" or a path "a.b" in it), or NULL. */
static const struct group *group_of(const struct aws_type *type, const char *path)
{
	size_t top = strcspn(path, ".");
	for (size_t i = 0; i < type->group_count; i++) {
		const struct group *group = &type->groups[i];
		for (size_t k = 0; (group->on & ON_UPDATE) && k < group->of_count; k++) {
			if (!strcmp(group->of[k], path) || (!strncmp(group->of[k], path, top) && group->of[k][top] == '\0'))
				return group;
		}
	}
	return NULL;
}

static void add_change(struct page *page, const struct entry *entry, const char *path, struct buf *out)
{
	const struct group *group = group_of(page->type, path);
	if (page->type->base.data)
		return;
	if (entry->flags & ENTRY_REPLACE)
		buf_adds(out, " A change replaces the object.");
	else if (entry->replace_if)
		buf_addf(out, " A change replaces the object if %s.", source(page, entry->replace_if));
	if (group && !(entry->flags & ENTRY_REPLACE))
		buf_addf(out, " A change is made by \"%s\"%s%s%s.", group->name, group->within ? ", while the object is \"" : "",
			 group->within ? group->within : "", group->within ? "\"" : "");
	else if ((entry->flags & ENTRY_LOCAL) && strcmp(entry->name, "id") != 0)
		buf_adds(out, " Known to infra alone.");
}

static void add_binding(struct page *page, const struct entry *entry, bool top, struct buf *out)
{
	const struct aws_shape *input = page->sends ? aws_shape_at(page->sends->input) : NULL;
	bool argument = entry->kind != ENTRY_OUTPUT && !(entry->flags & (ENTRY_LOCAL | ENTRY_NOT_SENT));
	if (argument && entry->to_count) {
		buf_addf(out, " Sent as %s.", joined(page, entry->to, entry->to_count, "."));
	} else if (argument && top && input) {
		const struct aws_member *member = aws_member_match(input, entry->name);
		if (member)
			buf_addf(out, " Sent as %s.", aws_text(member->name));
	}
	if (entry->flags & ENTRY_KEPT)
		buf_adds(out, " AWS does not tell it: the state keeps what was sent.");
	else if (entry->from)
		buf_addf(out, " Read: %s.", source(page, entry->from));
	if (entry->codec)
		buf_addf(out, " On the wire as %s.", entry->codec);
	if (entry->same)
		buf_addf(out, " Spellings that mean the same by the rule %s are no change.", entry->same);
	if (entry->unless)
		buf_addf(out, " Not compared if %s.", source(page, entry->unless));
	if (entry->either)
		buf_addf(out, " Says the same as %s.", entry->either);
	if (entry->follow_count) {
		buf_adds(out, " Known after apply when these change:");
		for (size_t i = 0; i < entry->follow_count; i++)
			buf_addf(out, "%s %s", i ? "," : "", source(page, entry->follows[i]));
		buf_addc(out, '.');
	}
}

/* What cannot be written: outputs, and the id of a resource. */
static bool is_attribute(const struct page *page, const struct entry *entry)
{
	return entry->kind == ENTRY_OUTPUT || (!page->type->base.data && !strcmp(entry->name, "id"));
}

static void put_entries(struct page *page, const struct entry *entries, size_t count, const char *path, unsigned indent, bool outputs);

static void put_entry(struct page *page, const struct entry *entry, const char *path, unsigned indent)
{
	static const char *const kinds[] = {"required", "optional", "read only", "one block at most", "blocks, in order", "a set of blocks"};
	AUTO_BUF struct buf head = BUF_INIT, text = BUF_INIT;
	bool block = entry->kind >= ENTRY_ONE;
	if (block) {
		buf_addf(&head, "%s { ... }: %s", entry->name, kinds[entry->kind]);
		if (entry->min)
			buf_addf(&head, ", at least %u", entry->min);
		if (entry->max && entry->kind != ENTRY_ONE)
			buf_addf(&head, ", at most %u", entry->max);
	} else {
		buf_addf(&head, "%s: ", entry->name);
		type_print(entry->type, &head);
		buf_addf(&head, ", %s", is_attribute(page, entry) ? "read only" : kinds[entry->kind]);
	}
	static const struct {
		unsigned flag;
		const char *word;
	} words[] = {{ENTRY_COMPUTED, "AWS's if not written"}, {ENTRY_SENSITIVE, "sensitive"}, {ENTRY_WRITE_ONLY, "never stored"},
		     {ENTRY_DEPRECATED, "deprecated"}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if ((entry->flags & words[i].flag) && !is_attribute(page, entry))
			buf_addf(&head, ", %s", words[i].word);
	}
	put_text(page, indent, buf_text(&head));
	if (entry->fallback) {
		buf_adds(&text, " Default: ");
		value_print(entry->fallback, &text);
		buf_addc(&text, '.');
	}
	for (size_t i = 0; i < entry->rule_count; i++)
		add_rule(page, &entry->rules[i], &text);
	if (entry->kind != ENTRY_OUTPUT)
		add_change(page, entry, path, &text);
	add_binding(page, entry, !strchr(path, '.'), &text);
	if (text.len)
		put_text(page, indent + 4, buf_text(&text));
	if (block)
		put_entries(page, entry->entries, entry->entry_count, arena_printf(page->arena, "%s.", path), indent + 4, true);
}

/* Of the top, arguments and outputs stand apart; in blocks they stand together. */
static void put_entries(struct page *page, const struct entry *entries, size_t count, const char *path, unsigned indent, bool outputs)
{
	for (size_t i = 0; i < count; i++) {
		if (outputs || !is_attribute(page, &entries[i]))
			put_entry(page, &entries[i], arena_printf(page->arena, "%s%s", path, entries[i].name), indent);
	}
}

static void put_schema(struct page *page)
{
	const struct aws_type *type = page->type;
	heading(page, "ARGUMENTS");
	put_entries(page, type->entries, type->entry_count, "", 2, false);
	bool any = false;
	for (size_t i = 0; i < type->entry_count; i++) {
		if (!is_attribute(page, &type->entries[i]))
			continue;
		if (!any)
			heading(page, "ATTRIBUTES");
		any = true;
		put_entry(page, &type->entries[i], type->entries[i].name, 2);
	}
}

/* ---- calls ---- */

/* Where permission names are not those of the operations. */
static const char *const special[][2] = {
	{"s3:DeleteBucketEncryption", "s3:PutEncryptionConfiguration"},
	{"s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"},
	{"s3:DeleteObjects", "s3:DeleteObject"},
	{"s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"},
	{"s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
	{"s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
	{"s3:HeadBucket", "s3:ListBucket"},
	{"s3:HeadObject", "s3:GetObject"},
	{"s3:ListBuckets", "s3:ListAllMyBuckets"},
	{"s3:ListObjectsV2", "s3:ListBucket"},
	{"s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"},
	{"s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
	{"s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
	{"sts:GetCallerIdentity", NULL}, /* everybody may */
};

static void need_name(struct page *page, const char *name, unsigned by)
{
	uintptr_t before = (uintptr_t)map_find(&page->permissions, name);
	map_put(&page->permissions, name, (void *)(before | by));
}

static const char *called(struct page *page, const struct aws_operation *op, unsigned by)
{
	const char *service = aws_text(aws_operation_service(op)->signing);
	const char *name = arena_printf(page->arena, "%s:%s", strcmp(service, "monitoring") ? service : "cloudwatch", aws_text(op->name));
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(special) && !known; i++) {
		known = !strcmp(special[i][0], name);
		if (known && special[i][1])
			need_name(page, special[i][1], by);
	}
	if (!known)
		need_name(page, name, by);
	return aws_text(op->name);
}

static void put_step(struct page *page, const struct step *step, unsigned indent, unsigned by)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (step->op)
		buf_adds(&text, called(page, step->op, by));
	if (step->each)
		buf_addf(&text, " for each of %s", source(page, step->each));
	for (size_t i = 0; i < step->empty_count; i++)
		buf_addf(&text, "%sempties \"%s\"", text.len ? "; " : "", step->empty[i]);
	for (size_t i = 0; i < step->run_count; i++)
		buf_addf(&text, "%sruns \"%s\"", text.len ? "; " : "", step->run[i]);
	if (step->until_gone)
		buf_addf(&text, "%swaits until it is gone", text.len ? ", " : "");
	if (step->until)
		buf_addf(&text, "%swaits until %s", text.len ? ", " : "", source(page, step->until));
	if (step->when)
		buf_addf(&text, ", if %s", source(page, step->when));
	if (step->id)
		buf_addf(&text, "; the id is %s", source(page, step->id));
	if (step->stop)
		buf_addf(&text, "%sends here if %s", text.len ? "; " : "", source(page, step->stop));
	if (!text.len && step->set_expr)
		buf_addf(&text, "sets %s", source(page, step->set_expr));
	put_text(page, indent, buf_text(&text));
}

static void put_steps(struct page *page, const struct steps *steps, unsigned indent, unsigned by)
{
	for (size_t i = 0; i < steps->count; i++)
		put_step(page, &steps->items[i], indent, by);
}

static const char *way_words(struct page *page, const struct way *ways, size_t count)
{
	const struct way *way = ways;
	if (!count)
		return "one object a request";
	switch (way->kind) {
	case WAY_FILTER:
		return arena_printf(page->arena, "by the filter \"%s\", up to %u objects a request", way->name, way->at_once);
	case WAY_IDS:
		return arena_printf(page->arena, "by ids in %s, up to %u objects a request", way->name, way->at_once);
	case WAY_GROUP:
		return way->value ? arena_printf(page->arena, "all with the same %s in one request", source(page, way->value)) : "a group in one request";
	case WAY_ALL:
		return "all there are in one listing";
	case WAY_EACH:
		break;
	}
	return "one object a request";
}

static void put_part(struct page *page, const struct part *part)
{
	if (!part->op)
		return;
	const char *more = "";
	if (part->each_op)
		more = arena_printf(page->arena, ", then %s for each member", called(page, part->each_op, NEEDED_BY_READ));
	put_text(page, 6, arena_printf(page->arena, "%s%s, %s, where somebody looks at %s", called(page, part->op, NEEDED_BY_READ), more,
				       way_words(page, &part->way, 1), joined(page, part->for_names, part->for_count, ", ")));
}

static void put_read(struct page *page)
{
	const struct aws_type *type = page->type;
	if (!type->read.op)
		return;
	buf_adds(page->out, "  read\n");
	put_text(page, 6, arena_printf(page->arena, "%s, %s", called(page, type->read.op, NEEDED_BY_READ),
				       type->base.data ? "by what is written" : way_words(page, type->read.ways, type->read.way_count)));
	const struct read_plan *one = type->read.one;
	if (one && one->op)
		put_text(page, 6, arena_printf(page->arena, "%s for each, while there are at most %u", called(page, one->op, NEEDED_BY_READ),
					       type->read.few));
	for (size_t i = 0; one && i < one->part_count; i++)
		put_part(page, &one->parts[i]);
	for (size_t i = 0; i < type->read.part_count; i++)
		put_part(page, &type->read.parts[i]);
	if (type->read.where)
		put_text(page, 6, arena_printf(page->arena, "those where %s", source(page, type->read.where)));
	if (type->read.choose)
		put_text(page, 6, arena_printf(page->arena, "takes %s", source(page, type->read.choose)));
}

static void put_procedure(struct page *page, const char *name, const struct steps *steps, unsigned by)
{
	if (!steps->count)
		return;
	buf_addf(page->out, "  %s\n", name);
	put_steps(page, steps, 6, by);
}

static void put_group(struct page *page, const struct group *group)
{
	unsigned by = (group->on & ON_CREATE ? NEEDED_BY_CREATE : 0) | (group->on & ON_UPDATE ? NEEDED_BY_UPDATE : 0);
	const char *times = group->on == (ON_CREATE | ON_UPDATE) ? ", after a create, too" : group->on == ON_CREATE ? ", after a create only" : "";
	put_text(page, 2, arena_printf(page->arena, "\"%s\": when %s change%s%s", group->name, joined(page, group->of, group->of_count, ", "),
				       group->of_count == 1 ? "s" : "", times));
	if (group->within)
		put_text(page, 6, arena_printf(page->arena, "(while the object is \"%s\")", group->within));
	put_steps(page, &group->steps, 6, by);
	put_steps(page, &group->remove, 6, by);
	put_steps(page, &group->change, 6, by);
	put_steps(page, &group->add, 6, by);
	put_steps(page, &group->after, 6, by);
}

static void put_calls(struct page *page)
{
	const struct aws_type *type = page->type;
	heading(page, "CALLS");
	put_read(page);
	put_procedure(page, "create", &type->create, NEEDED_BY_CREATE);
	for (size_t i = 0; i < type->group_count; i++)
		put_group(page, &type->groups[i]);
	for (size_t i = 0; i < type->bracket_count; i++) {
		const struct bracket *bracket = &type->brackets[i];
		put_text(page, 2, arena_printf(page->arena, "\"%s\": entered and left where %s", bracket->name,
					       bracket->when ? source(page, bracket->when) : "it is not so already"));
		put_steps(page, &bracket->enter, 6, NEEDED_BY_UPDATE);
		put_steps(page, &bracket->leave, 6, NEEDED_BY_UPDATE);
	}
	put_procedure(page, "delete", &type->delete, NEEDED_BY_DELETE);
	if (!type->has_tags)
		return;
	const struct aws_operation *const ops[] = {type->tags.read_op, type->tags.add_op, type->tags.remove_op};
	static const unsigned by[] = {NEEDED_BY_READ, NEEDED_BY_CREATE | NEEDED_BY_UPDATE, NEEDED_BY_UPDATE};
	AUTO_BUF struct buf text = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (ops[i])
			buf_addf(&text, "%s%s", text.len ? ", " : "", called(page, ops[i], by[i]));
	}
	if (text.len) {
		buf_adds(page->out, "  tags\n");
		put_text(page, 6, buf_text(&text));
	}
}

/* ---- identity, times, permissions ---- */

static const char *duration(struct page *page, int64_t ms)
{
	return ms % 60000 ? arena_printf(page->arena, "%" PRId64 "s", ms / 1000) : arena_printf(page->arena, "%" PRId64 "m", ms / 60000);
}

static void put_identity(struct page *page)
{
	const struct aws_type *type = page->type;
	heading(page, "IMPORT");
	AUTO_BUF struct buf text = BUF_INIT;
	for (size_t i = 0; i < type->key_count; i++) {
		const struct expr *key = type->key[i].key;
		if (key->kind == EXPR_NAME)
			buf_addf(&text, "%s%s = %s", i ? ", " : "", key->name, source(page, type->key[i].value));
	}
	if (text.len)
		put_text(page, 2, arena_printf(page->arena, "Its id in AWS's calls: %s.", buf_text(&text)));
	if (type->id)
		put_text(page, 2, arena_printf(page->arena, "The id is made up: %s.", source(page, type->id)));
	if (type->import)
		put_text(page, 2, arena_printf(page->arena, "An import says: %s.", source(page, type->import)));
	buf_addf(page->out, "\n    infra import %s.NAME %s\n", type->base.name, type->import ? "TEXT" : "ID");
}

static void put_timeouts(struct page *page)
{
	const struct aws_type *type = page->type;
	const struct {
		const char *name;
		int64_t ms;
	} rows[] = {{"create", type->timeouts.create}, {"read", type->timeouts.read}, {"update", type->timeouts.update},
		    {"delete", type->timeouts.delete}};
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].ms)
			continue;
		if (!any)
			heading(page, "TIMEOUTS");
		any = true;
		buf_addf(page->out, "  %-6s  %s\n", rows[i].name, duration(page, rows[i].ms));
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_permissions(struct page *page)
{
	size_t count = 0, most = 0;
	for (struct map_entry *e = map_first(&page->permissions); e; e = map_next(&page->permissions, e))
		most++;
	const char **names = arena_array_of(page->arena, most + 1, const char *);
	for (struct map_entry *e = map_first(&page->permissions); e; e = map_next(&page->permissions, e))
		names[count++] = e->key;
	heading(page, "PERMISSIONS");
	if (!count) {
		buf_adds(page->out, "  none\n");
		return;
	}
	qsort(names, count, sizeof(*names), compare_texts);
	for (size_t i = 0; i < count; i++) {
		uintptr_t by = (uintptr_t)map_find(&page->permissions, names[i]);
		static const char *const phases[] = {"read", "create", "update", "delete"};
		AUTO_BUF struct buf text = BUF_INIT;
		for (size_t k = 0; k < ARRAY_LEN(phases); k++) {
			if (by >> k & 1)
				buf_addf(&text, "%s%s", text.len ? ", " : "", phases[k]);
		}
		buf_addf(page->out, "  %-48s %s\n", names[i], buf_text(&text));
	}
}

void aws_type_explain(const struct aws_type *type, unsigned width, struct buf *out)
{
	struct page page = {.arena = arena_new(), .out = out, .width = width, .type = type};
	for (size_t i = 0; i < type->create.count && !page.sends; i++) {
		if (type->create.items[i].binds)
			page.sends = type->create.items[i].op;
	}
	if (type->base.data)
		page.sends = type->read.op;
	buf_addf(out, "%s%s\n\n", type->base.data ? "data." : "", type->base.name);
	put_text(&page, 2, arena_printf(page.arena, "A %s%s%s.", type->base.data ? "data source" : "resource type",
					type->service ? " of the service " : ", computed by infra itself: no calls",
					type->service ? type->service->name : ""));
	put_schema(&page);
	if (!type->base.data)
		put_identity(&page);
	if (type->service)
		put_calls(&page);
	put_timeouts(&page);
	for (size_t i = 0; i < type->permission_count; i++)
		need_name(&page, type->permissions[i], NEEDED_BY_CREATE | NEEDED_BY_UPDATE);
	put_permissions(&page);
	map_release(&page.permissions);
	arena_free(page.arena);
}
