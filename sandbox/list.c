/* SPDX-License-Identifier: Apache-2.0 */
/* The step "list": objects of a kind by id, by filters and by a condition, a page at a time. */
#include "sandbox/run.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/convert.h"
#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>

enum { FILTER_VALUES_LIMIT = 200 };

struct filter {
	const char *name;
	const struct value *values;
	const struct expr *expr; /* the kind's own, or NULL: by path */
	const char *tag;         /* "tag:NAME" */
	bool any_tag;            /* "tag-key" */
	const char *path;        /* members of the shape, with dots between them */
	bool by_id;
};

bool text_like(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
		} else if (*pattern == '?' || (*pattern && *(pattern[0] == '\\' && pattern[1] ? pattern + 1 : pattern) == *text)) {
			pattern += pattern[0] == '\\' && pattern[1] ? 2 : 1;
			text++;
		} else if (star) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* ---- what a filter means ---- */

/* "attachment.instance-id" over the shape is "Attachments.InstanceId"; NULL when it has no such members. */
static const char *member_path(struct arena *arena, const struct aws_shape *shape, const char *name)
{
	AUTO_BUF struct buf path = BUF_INIT;
	while (shape && *name) {
		while (shape->kind == AWS_LIST)
			shape = aws_shape_at(shape->element);
		if (shape->kind != AWS_STRUCT)
			return NULL;
		size_t len = strcspn(name, ".");
		char *word = arena_strndup(arena, name, len);
		if ((*word >= 'A' && *word <= 'Z') || strchr(word, '_'))
			return NULL; /* AWS writes none of its names so */
		for (char *p = word; *p; p++) {
			if (*p == '-')
				*p = '_';
		}
		const struct aws_member *member = aws_member_match(shape, word);
		if (!member)
			return NULL;
		buf_addf(&path, "%s%s", path.len ? "." : "", aws_text(member->name));
		shape = aws_member_shape(member);
		name += len + (name[len] == '.');
	}
	while (shape && shape->kind == AWS_LIST)
		shape = aws_shape_at(shape->element);
	return shape && shape->kind != AWS_STRUCT && path.len ? buf_copy(&path, arena) : NULL;
}

static bool read_filter(struct run *run, const struct kind *kind, const struct value *given, struct filter *out)
{
	*out = (struct filter){.name = value_get_text(given, "Name"), .values = value_get(given, "Values")};
	if (!out->name || !out->values || out->values->state != VALUE_KNOWN || !out->values->count) {
		run_fail(run, "InvalidParameterValue", "The filter '%s' has no values", out->name ? out->name : "");
		return false;
	}
	char *own_name = arena_strdup(run->arena, out->name); /* a name in the files has no dots, and AWS's have no underscores */
	for (char *p = own_name; *p; p++)
		*p = (char)(*p == '.' ? '_' : *p == '_' ? '.' : *p);
	const struct attribute *own = kind->filters ? body_find_attr(kind->filters, own_name) : NULL;
	if (own && own->expr->kind == EXPR_LITERAL && value_is_a(own->expr->literal, TYPE_STRING))
		out->path = own->expr->literal->text;
	else if (own)
		out->expr = own->expr;
	else if (kind->tags && !strncmp(out->name, "tag:", 4))
		out->tag = out->name + 4;
	else if (kind->tags && !strcmp(out->name, "tag-key"))
		out->any_tag = true;
	else
		out->path = kind->shape ? member_path(run->arena, kind->shape, out->name) : NULL;
	out->by_id = out->path && kind->id_member && !strcmp(out->path, kind->id_member);
	if (!out->expr && !out->tag && !out->any_tag && !out->path) {
		run_fail(run, "InvalidParameterValue", "The filter '%s' is invalid", out->name);
		return false;
	}
	return true;
}

/* ---- whether an object fits ---- */

static bool fits_text(const struct filter *filter, const char *text)
{
	for (uint32_t i = 0; i < filter->values->count; i++) {
		if (value_is_a(filter->values->items[i], TYPE_STRING) && text_like(filter->values->items[i]->text, text))
			return true;
	}
	return false;
}

static bool fits_value(struct arena *arena, const struct filter *filter, const struct value *v)
{
	if (!v || v->state != VALUE_KNOWN)
		return false;
	if (type_is_primitive(v->type)) {
		const char *text = value_to_text(arena, v);
		return text && fits_text(filter, text);
	}
	for (uint32_t i = 0; i < v->count; i++) {
		if (fits_value(arena, filter, v->items[i]))
			return true;
	}
	return false;
}

static bool fits_path(struct arena *arena, const struct filter *filter, const char *path, const struct value *v)
{
	if (!v || v->state != VALUE_KNOWN)
		return false;
	if (!*path)
		return fits_value(arena, filter, v);
	if (v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP) {
		size_t len = strcspn(path, ".");
		return fits_path(arena, filter, path + len + (path[len] == '.'), value_get(v, arena_strndup(arena, path, len)));
	}
	for (uint32_t i = 0; !type_is_primitive(v->type) && i < v->count; i++) {
		if (fits_path(arena, filter, path, v->items[i]))
			return true;
	}
	return false;
}

static bool fits_tag(const struct filter *filter, const struct value *object)
{
	const struct value *tags = value_get(object, "Tags");
	for (uint32_t i = 0; tags && tags->state == VALUE_KNOWN && i < tags->count; i++) {
		const char *key = value_get_text(tags->items[i], "Key"), *value = value_get_text(tags->items[i], "Value");
		if (filter->any_tag ? key && fits_text(filter, key) : key && !strcmp(key, filter->tag) && fits_text(filter, value ? value : ""))
			return true;
	}
	return false;
}

static bool fits(struct run *run, const struct filter *filter, const struct value *object)
{
	if (filter->expr)
		return fits_value(run->arena, filter, run_eval_of(run, filter->expr, object));
	if (filter->tag || filter->any_tag)
		return fits_tag(filter, object);
	return fits_path(run->arena, filter, filter->path, object);
}

/* ---- the step ---- */

typedef VEC(const struct object *) object_list;

static const struct expr *attr_expr(const struct block *block, const char *name)
{
	const struct attribute *attr = body_find_attr(block->body, name);
	return attr ? attr->expr : NULL;
}

static int by_number(const void *a, const void *b)
{
	const struct object *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* What may be among the results: by ids that must be there, by a filter on ids, or all. */
static bool candidates(struct run *run, const struct block *block, const struct kind *kind, const struct filter *filters, size_t filter_count,
		       object_list *out)
{
	const struct value *ids = run_eval(run, attr_expr(block, "ids"));
	if (run->failure->code)
		return false;
	bool given = ids->state == VALUE_KNOWN && !type_is_primitive(ids->type) && ids->count;
	const struct value *wanted = given ? ids : NULL;
	for (size_t i = 0; i < filter_count && !wanted; i++) {
		bool exact = filters[i].by_id;
		for (uint32_t v = 0; exact && v < filters[i].values->count; v++)
			exact = value_is_a(filters[i].values->items[v], TYPE_STRING) && !strpbrk(filters[i].values->items[v]->text, "*?\\");
		wanted = exact ? filters[i].values : NULL;
	}
	if (!wanted) {
		size_t count;
		const struct object *const *all = store_list(run->world->store, kind->name, run_region(run, kind), &count);
		for (size_t i = 0; i < count; i++)
			vec_add(out, all[i]);
		return true;
	}
	for (uint32_t i = 0; i < wanted->count; i++) {
		const char *id = value_to_text(run->arena, wanted->items[i]);
		const struct object *object = given ? run_need(run, kind, id ? id : "")
						    : store_find(run->world->store, kind->name, run_region(run, kind), id ? id : "");
		if (!object && given)
			return false;
		bool there = !object;
		for (size_t k = 0; k < out->count && !there; k++)
			there = out->items[k] == object;
		if (!there)
			vec_add(out, object);
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_number);
	return true;
}

/* A page's token is the number of the last object before it; of computed lists, how many come before it. */
static bool read_page(struct run *run, const struct expr *usual_size, uint64_t *after, size_t *size)
{
	const struct aws_page *page = aws_operation_page(run->operation->aws);
	const struct value *token = page && page->in[0] ? value_get(run->in, aws_text(page->in[0])) : NULL;
	const struct value *limit = page && page->limit ? value_get(run->in, aws_text(page->limit)) : NULL;
	const struct value *usual = run_eval(run, usual_size);
	int64_t n = 0;
	*after = 0;
	*size = SIZE_MAX;
	if (value_is_a(usual, TYPE_NUMBER) && number_to_int(usual->number, &n))
		*size = (size_t)n;
	if (limit && value_is_a(limit, TYPE_NUMBER) && number_to_int(limit->number, &n) && n > 0)
		*size = (size_t)n;
	const char *text = token && value_is_a(token, TYPE_STRING) ? token->text : NULL;
	if (text && *text) {
		char *end;
		*after = strtoull(text, &end, 16);
		if (*end || strlen(text) != 16) {
			const char *code = run->service->no_page;
			run_fail(run, code ? code : "InvalidNextToken", "The token '%s' is none that an answer gave", text);
			return false;
		}
	}
	return !run->failure->code;
}

static bool fits_all(struct run *run, const struct block *block, const struct filter *filters, size_t filter_count, const struct value *view)
{
	for (size_t f = 0; f < filter_count; f++) {
		if (!fits(run, &filters[f], view))
			return false;
	}
	const struct expr *where = attr_expr(block, "where");
	if (!where)
		return true;
	const struct value *self = run->self;
	run->self = view;
	bool yes = value_is_true(run_eval(run, where));
	run->self = self;
	return yes;
}

/* Where an operation has several lists they follow one another, and a page may end in any of them. */
const struct value *run_page(struct run *run, const struct value *answer)
{
	const struct aws_page *page = aws_operation_page(run->operation->aws);
	uint64_t from, at = 0;
	size_t size;
	if (!read_page(run, NULL, &from, &size) || (!from && size == SIZE_MAX))
		return answer;
	uint64_t to = size > UINT64_MAX - from ? UINT64_MAX : from + size;
	for (size_t k = 0; k < ARRAY_LEN(page->keys) && page->keys[k]; k++) {
		const struct value *list = value_get(answer, aws_text(page->keys[k]));
		if (!list || list->state != VALUE_KNOWN || type_is_primitive(list->type))
			continue;
		size_t begin = from > at ? (size_t)(from - at) : 0, end = to > at ? (size_t)(to - at) : 0;
		begin = begin < list->count ? begin : list->count;
		end = end < list->count ? end : list->count;
		at += list->count;
		if (end - begin == list->count)
			continue; /* whole, or empty */
		answer = value_put_path(run->arena, answer, aws_text(page->keys[k]), value_tuple(run->arena, list->items + begin, end - begin));
	}
	if (to < at)
		run->next_page = arena_printf(run->arena, "%016llx", (unsigned long long)to);
	return answer;
}

bool run_list(struct run *run, const struct block *block)
{
	const struct kind *kind = library_kind(run->world->library, block->labels[0].text);
	const struct value *given = run->in ? value_get(run->in, "Filters") : NULL;
	if (run->in && !given)
		given = value_get(run->in, "Filter"); /* a few operations call it so */
	size_t filter_count = given && given->state == VALUE_KNOWN && !attr_expr(block, "filters") ? given->count : 0;
	struct filter *filters = arena_array_of(run->arena, filter_count + 1, struct filter);
	size_t value_count = 0;
	for (size_t i = 0; i < filter_count; i++) {
		if (!read_filter(run, kind, given->items[i], &filters[i]))
			return false;
		value_count += filters[i].values->count;
	}
	if (value_count > FILTER_VALUES_LIMIT) {
		run_fail(run, "FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", FILTER_VALUES_LIMIT);
		return false;
	}
	object_list list = {0};
	VEC(const struct value *) found = {0};
	uint64_t after, last = 0;
	size_t size;
	bool ok = read_page(run, attr_expr(block, "page"), &after, &size) && candidates(run, block, kind, filters, filter_count, &list);
	for (size_t i = 0; ok && i < list.count; i++) {
		if (list.items[i]->number <= after)
			continue;
		const struct value *view = run_view(run, kind, store_value(run->arena, list.items[i]));
		if (!fits_all(run, block, filters, filter_count, view))
			continue;
		if (found.count == size) {
			run->next_page = arena_printf(run->arena, "%016llx", (unsigned long long)last);
			break;
		}
		last = list.items[i]->number;
		vec_add(&found, view);
	}
	run->found = value_tuple(run->arena, found.items, found.count);
	vec_free(&found);
	vec_free(&list);
	return ok && !run->failure->code;
}
