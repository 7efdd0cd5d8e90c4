/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/service.h"

#include "base/buf.h"
#include "lang/syntax/parse.h"

#include <stdlib.h>
#include <string.h>

/* Made by mk/sandbox.mk from sandbox/services. */
struct service_file {
	const char *name, *text;
	size_t len;
};
extern const struct service_file sandbox_service_files[]; /* ended by a row without a name */

struct reader {
	struct library *library;
	struct service *service;
	struct buf *why;
	bool failed;
};

static void mistake(struct reader *r, struct src_range range, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void mistake(struct reader *r, struct src_range range, const char *fmt, ...)
{
	const struct src *src = src_find(r->library->sources, range.start);
	if (src)
		buf_addf(r->why, "%s:%u: ", src_name(src), src_pos(src, range.start).line);
	va_list args;
	va_start(args, fmt);
	buf_vaddf(r->why, fmt, args);
	va_end(args);
	buf_addc(r->why, '\n');
	r->failed = true;
}

static const char *text_of(struct reader *r, const struct body *body, const char *name)
{
	const struct attribute *attr = body_find_attr(body, name);
	if (!attr)
		return NULL;
	if (attr->expr->kind == EXPR_LITERAL && value_is_a(attr->expr->literal, TYPE_STRING))
		return attr->expr->literal->text;
	mistake(r, attr->range, "\"%s\" is a text", name);
	return NULL;
}

static bool bool_of(struct reader *r, const struct body *body, const char *name, bool fallback)
{
	const struct attribute *attr = body_find_attr(body, name);
	if (!attr)
		return fallback;
	if (attr->expr->kind == EXPR_LITERAL && value_is_a(attr->expr->literal, TYPE_BOOL))
		return attr->expr->literal->boolean;
	mistake(r, attr->range, "\"%s\" is true or false", name);
	return fallback;
}

static const struct expr *expr_of(const struct body *body, const char *name)
{
	const struct attribute *attr = body_find_attr(body, name);
	return attr ? attr->expr : NULL;
}

/* ---- what may stand where ---- */

static const struct {
	const char *type;
	unsigned labels_min, labels_max;
	const char *attrs[8];
	bool any_attrs, steps;
} step_forms[] = {
	{"let", 0, 0, {NULL}, true, false},
	{"need", 1, 2, {"id"}, false, false},
	{"fail", 1, 1, {"when", "message", "status", "fields"}, false, false},
	{"create", 1, 2, {"id", "value", "tags"}, false, false},
	{"update", 0, 1, {"of", "set"}, false, false},
	{"delete", 0, 1, {"of"}, false, false},
	{"each", 1, 1, {"in"}, false, true},
	{"when", 0, 0, {"if"}, false, true},
	{"later", 1, 1, {"after", "of", "real"}, false, false},
	{"run", 1, 1, {"of", "with", "in"}, false, false},
	{"list", 1, 1, {"ids", "where", "page", "filters"}, false, false},
};

static void check_steps(struct reader *r, const struct body *body);

static void check_step(struct reader *r, const struct block *block)
{
	for (size_t i = 0; i < ARRAY_LEN(step_forms); i++) {
		if (strcmp(step_forms[i].type, block->type))
			continue;
		if (block->label_count < step_forms[i].labels_min || block->label_count > step_forms[i].labels_max)
			mistake(r, block->range, "\"%s\" has %u to %u labels", block->type, step_forms[i].labels_min, step_forms[i].labels_max);
		for (size_t a = 0; !step_forms[i].any_attrs && a < block->body->attr_count; a++) {
			bool known = false;
			for (size_t k = 0; k < ARRAY_LEN(step_forms[i].attrs) && step_forms[i].attrs[k]; k++)
				known |= !strcmp(step_forms[i].attrs[k], block->body->attrs[a].name);
			if (!known)
				mistake(r, block->body->attrs[a].range, "\"%s\" knows no \"%s\"", block->type, block->body->attrs[a].name);
		}
		if (step_forms[i].steps)
			check_steps(r, block->body);
		else if (block->body->block_count)
			mistake(r, block->range, "\"%s\" holds no blocks", block->type);
		return;
	}
	mistake(r, block->range, "there is no step \"%s\"", block->type);
}

static void check_steps(struct reader *r, const struct body *body)
{
	for (size_t i = 0; i < body->block_count; i++)
		check_step(r, &body->blocks[i]);
}

/* ---- blocks of a file ---- */

static void read_kind(struct reader *r, const struct block *block)
{
	const struct body *body = block->body;
	struct kind *kind = arena_new_of(r->library->arena, struct kind);
	kind->name = block->labels[0].text;
	kind->prefix = text_of(r, body, "prefix");
	kind->id_member = text_of(r, body, "id");
	kind->noun = text_of(r, body, "noun");
	kind->absent = text_of(r, body, "absent");
	kind->malformed = text_of(r, body, "malformed");
	kind->tags = text_of(r, body, "tags");
	kind->absent_message = expr_of(body, "absent_message");
	kind->view = expr_of(body, "view");
	kind->global = bool_of(r, body, "global", false);
	const char *shape = text_of(r, body, "shape");
	kind->shape = shape ? aws_shape_find(r->service->aws, shape) : NULL;
	if (shape && !kind->shape)
		mistake(r, block->range, "AWS's models have no shape \"%s\"", shape);
	for (size_t i = 0; i < body->block_count; i++) {
		if (!strcmp(body->blocks[i].type, "filters") && !kind->filters)
			kind->filters = body->blocks[i].body;
		else
			mistake(r, body->blocks[i].range, "a kind holds no such or no second \"%s\"", body->blocks[i].type);
	}
	if (map_put(&r->library->kinds, kind->name, kind))
		mistake(r, block->range, "there are two kinds \"%s\"", kind->name);
}

struct references {
	struct reader *reader;
	struct operation *operation;
};

static void note_parameter(struct references *refs, const char *name, struct src_range range)
{
	const struct aws_shape *input = aws_shape_at(refs->operation->aws->input);
	if (!input || !aws_member_find(input, name))
		mistake(refs->reader, range, "%s has no parameter \"%s\"", aws_text(refs->operation->aws->name), name);
	map_put(&refs->operation->parameters, name, refs->operation);
}

static const struct aws_shape *within_lists(const struct aws_shape *shape)
{
	while (shape->kind == AWS_LIST)
		shape = aws_shape_at(shape->element);
	return shape;
}

/* Members of a parameter, as deep as names go: "A.B" is looked at, so that A has parts; "A.B.C" says the same of B. */
static void note_part(struct references *refs, const char *path, struct src_range range)
{
	struct arena *arena = refs->reader->library->arena;
	const struct aws_shape *shape = aws_shape_at(refs->operation->aws->input);
	for (size_t at = 0; shape && path[at];) {
		size_t len = strcspn(path + at, ".");
		const struct aws_member *member = shape->kind == AWS_STRUCT ? aws_member_find(shape, arena_strndup(arena, path + at, len)) : NULL;
		if (!member)
			mistake(refs->reader, range, "%s has no parameter \"%s\"", aws_text(refs->operation->aws->name), path);
		shape = member ? within_lists(aws_member_shape(member)) : NULL;
		if (at) {
			map_put(&refs->operation->parted, arena_strndup(arena, path, at - 1), refs->operation);
			map_put(&refs->operation->parts, arena_strndup(arena, path, at + len), refs->operation);
		}
		at += len + (path[at + len] == '.');
	}
}

/* in.A.B.C: as far as its names are members. */
static void note_reference(struct references *refs, const struct ref *ref)
{
	AUTO_BUF struct buf path = BUF_INIT;
	const struct aws_shape *shape = aws_shape_at(refs->operation->aws->input);
	for (size_t i = 0; i < ref->count && shape && shape->kind == AWS_STRUCT; i++) {
		const struct aws_member *member = ref->steps[i].name ? aws_member_find(shape, ref->steps[i].name) : NULL;
		if (ref->steps[i].name && !member)
			break;
		if (member)
			buf_addf(&path, "%s%s", path.len ? "." : "", ref->steps[i].name);
		shape = member ? within_lists(aws_member_shape(member)) : shape;
	}
	note_part(refs, buf_copy(&path, refs->reader->library->arena), ref->range);
}

/* { Placement = ["Tenancy"], "NetworkInterfaces.PrivateIpAddresses" = [...] } */
static void note_known_parts(struct references *refs, const struct expr *known)
{
	struct arena *arena = refs->reader->library->arena;
	for (size_t i = 0; known && known->kind == EXPR_OBJECT && i < known->field_count; i++) {
		const struct expr *key = known->fields[i].key, *list = known->fields[i].value;
		const char *path = key->kind == EXPR_NAME ? key->name : key->kind == EXPR_LITERAL ? key->literal->text : "";
		for (size_t k = 0; list->kind == EXPR_TUPLE && k < list->item_count; k++) {
			if (list->items[k]->kind == EXPR_LITERAL && value_is_a(list->items[k]->literal, TYPE_STRING))
				note_part(refs, arena_printf(arena, "%s.%s", path, list->items[k]->literal->text), list->items[k]->range);
		}
	}
}

/* Of a structure that the steps take whole, the file says what they look at; tags and filters are looked at everywhere. */
static void check_parted(struct references *refs, const struct block *block)
{
	static const char *const usual[] = {"TagSpecifications", "Tags", "Filters", "Filter"};
	const struct aws_shape *input = aws_shape_at(refs->operation->aws->input);
	for (uint32_t i = 0; input && i < input->count; i++) {
		const struct aws_member *member = &aws_members[input->first + i];
		const char *name = aws_text(member->name);
		bool fine = within_lists(aws_member_shape(member))->kind != AWS_STRUCT || !map_find(&refs->operation->parameters, name) ||
			    map_find(&refs->operation->parted, name);
		for (size_t k = 0; k < ARRAY_LEN(usual); k++)
			fine |= !strcmp(usual[k], name);
		if (!fine)
			mistake(refs->reader, block->range, "\"parts\" of %s has to say which members of %s it knows", aws_text(refs->operation->aws->name), name);
	}
}

static void on_reference(void *ctx, const struct ref *ref)
{
	struct references *refs = ctx;
	if (strcmp(ref->root, "in"))
		return;
	if (ref->count && ref->steps[0].name) {
		note_parameter(refs, ref->steps[0].name, ref->range);
		note_reference(refs, ref);
		return;
	}
	const struct aws_shape *input = aws_shape_at(refs->operation->aws->input); /* `in` as a whole */
	for (uint32_t i = 0; input && i < input->count; i++)
		map_put(&refs->operation->parameters, aws_text(aws_members[input->first + i].name), refs->operation);
}

/* Parameters that a step looks at by itself. */
static void note_implied(struct references *refs, const struct body *body)
{
	const struct aws_shape *input = aws_shape_at(refs->operation->aws->input);
	for (size_t i = 0; input && i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, "create") && aws_member_find(input, "TagSpecifications"))
			map_put(&refs->operation->parameters, "TagSpecifications", refs->operation);
		if (!strcmp(block->type, "list")) {
			static const char *const filters[] = {"Filters", "Filter"};
			for (size_t f = 0; f < ARRAY_LEN(filters) && !body_find_attr(block->body, "filters"); f++) {
				if (aws_member_find(input, filters[f]))
					map_put(&refs->operation->parameters, filters[f], refs->operation);
			}
		}
		note_implied(refs, block->body);
	}
}

/* Every list is handed out in pages where its operation has them. */
static void note_pages(struct references *refs)
{
	const struct aws_page *page = aws_operation_page(refs->operation->aws);
	if (page && page->in[0])
		map_put(&refs->operation->parameters, aws_text(page->in[0]), refs->operation);
	if (page && page->limit)
		map_put(&refs->operation->parameters, aws_text(page->limit), refs->operation);
}

/* Parameters that an operation lists by name. */
static void note_listed(struct references *refs, const struct expr *list, struct map *also)
{
	for (size_t i = 0; list && list->kind == EXPR_TUPLE && i < list->item_count; i++) {
		const struct expr *item = list->items[i];
		if (item->kind != EXPR_LITERAL || !value_is_a(item->literal, TYPE_STRING))
			continue;
		note_parameter(refs, item->literal->text, item->range);
		if (also)
			map_put(also, item->literal->text, refs->operation);
	}
}

static void read_operation(struct reader *r, const struct block *block)
{
	struct operation *operation = arena_new_of(r->library->arena, struct operation);
	operation->aws = aws_operation_find(r->service->aws, block->labels[0].text);
	operation->body = block->body;
	if (!operation->aws) {
		mistake(r, block->range, "AWS's models have no operation \"%s\"", block->labels[0].text);
		return;
	}
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		if (strcmp(attr->name, "answer") && strcmp(attr->name, "ignore") && strcmp(attr->name, "open") && strcmp(attr->name, "parts"))
			mistake(r, attr->range, "an operation knows no \"%s\"", attr->name);
	}
	check_steps(r, block->body);
	struct references refs = {r, operation};
	body_walk_refs(block->body, on_reference, &refs);
	note_implied(&refs, block->body);
	note_pages(&refs);
	note_listed(&refs, expr_of(block->body, "ignore"), NULL);
	note_listed(&refs, expr_of(block->body, "open"), &operation->open);
	note_known_parts(&refs, expr_of(block->body, "parts"));
	check_parted(&refs, block);
	if (map_put(&r->service->operations, block->labels[0].text, operation))
		mistake(r, block->range, "there are two operations \"%s\"", block->labels[0].text);
}

static void read_function(struct reader *r, const struct block *block)
{
	struct arena *arena = r->library->arena;
	const struct expr *params = expr_of(block->body, "params"), *result = expr_of(block->body, "result");
	if (!params || params->kind != EXPR_TUPLE || !result) {
		mistake(r, block->range, "a function has \"params\" and \"result\"");
		return;
	}
	const char **names = arena_array_of(arena, params->item_count + 1, const char *);
	for (size_t i = 0; i < params->item_count; i++) {
		if (params->items[i]->kind != EXPR_NAME) {
			mistake(r, params->items[i]->range, "a parameter is a name");
			return;
		}
		names[i] = params->items[i]->name;
	}
	struct user_function *function = arena_new_of(arena, struct user_function);
	*function = (struct user_function){block->labels[0].text, names, params->item_count, result};
	map_put(&r->library->functions, function->name, function);
}

static void read_block(struct reader *r, const struct block *block)
{
	if (block->label_count != 1) {
		mistake(r, block->range, "\"%s\" has one label", block->type);
	} else if (!strcmp(block->type, "kind")) {
		read_kind(r, block);
	} else if (!strcmp(block->type, "operation")) {
		read_operation(r, block);
	} else if (!strcmp(block->type, "function")) {
		read_function(r, block);
	} else if (!strcmp(block->type, "procedure")) {
		check_steps(r, block->body);
		map_put(&r->library->procedures, block->labels[0].text, (void *)(uintptr_t)block);
	} else {
		mistake(r, block->range, "there is no \"%s\"", block->type);
	}
}

static void read_file(struct reader *r, const struct service_file *file)
{
	struct library *library = r->library;
	const struct src *src = src_add(library->sources, file->name, file->text, file->len);
	if (!src)
		bug("there are too many texts");
	struct diags diags;
	diags_init(&diags);
	const struct body *body = parse_file(library->arena, src, &diags);
	for (size_t i = 0; i < diags.count; i++)
		mistake(r, diags.items[i].subject, "%s", diags.items[i].detail ? diags.items[i].detail : diags.items[i].summary);
	diags_release(&diags);
	const char *name = text_of(r, body, "service");
	const struct aws_service *aws = name ? aws_service_find(name) : NULL;
	if (!aws) {
		mistake(r, body->range, "%s names no service of AWS's models", file->name);
		return;
	}
	r->service = map_find(&library->services, name);
	if (!r->service) {
		r->service = arena_new_of(library->arena, struct service);
		*r->service = (struct service){.aws = aws, .operations = MAP_INIT, .tokens = true};
		map_put(&library->services, name, r->service);
	}
	r->service->tokens = bool_of(r, body, "tokens", r->service->tokens);
	if (body_find_attr(body, "invalid"))
		r->service->invalid = text_of(r, body, "invalid");
	if (body_find_attr(body, "no_page"))
		r->service->no_page = text_of(r, body, "no_page");
	for (size_t i = 0; i < body->block_count; i++)
		read_block(r, &body->blocks[i]);
}

struct library *library_new(struct buf *why)
{
	struct library *library = xcalloc(1, sizeof(*library));
	library->arena = arena_new();
	library->sources = src_set_new();
	struct reader r = {.library = library, .why = why};
	for (const struct service_file *file = sandbox_service_files; file->name; file++)
		read_file(&r, file);
	if (!r.failed)
		return library;
	library_free(library);
	return NULL;
}

void library_free(struct library *library)
{
	if (!library)
		return;
	for (struct map_entry *e = map_first(&library->services); e; e = map_next(&library->services, e)) {
		struct service *service = e->value;
		for (struct map_entry *o = map_first(&service->operations); o; o = map_next(&service->operations, o)) {
			struct operation *operation = o->value;
			map_release(&operation->parameters);
			map_release(&operation->open);
			map_release(&operation->parts);
			map_release(&operation->parted);
		}
		map_release(&service->operations);
	}
	map_release(&library->services);
	map_release(&library->kinds);
	map_release(&library->procedures);
	map_release(&library->functions);
	src_set_free(library->sources);
	arena_free(library->arena);
	free(library);
}

const struct kind *library_kind(const struct library *library, const char *name)
{
	const struct kind *kind = map_find(&library->kinds, name);
	if (!kind)
		bug("a service's file names a kind \"%s\", which is not there", name);
	return kind;
}

bool operation_reads(const char *name)
{
	static const char *const words[] = {"Describe", "Get", "List", "Head", "Lookup", "Search"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strncmp(name, words[i], strlen(words[i])))
			return true;
	}
	return false;
}
