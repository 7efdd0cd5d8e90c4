/* SPDX-License-Identifier: Apache-2.0 */
/* Type files: found by name, parsed when first needed, held against the models as they are read. */
#include "providers/aws/form.h"
#include "providers/aws/load.h"

#include "base/buf.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* The files that are part of the program: made by mk/types.mk from providers/aws/types. */
struct type_file {
	const char *name; /* "aws_vpc.hcl" */
	const char *text;
	size_t len;
};
extern const struct type_file aws_type_files[]; /* ended by a row without a name */

struct library {
	struct arena *arena;
	struct src_set *sources;
	struct map services;  /* name -> struct service */
	struct map functions; /* name -> struct user_function */
	struct map types;     /* "r:aws_vpc" or "d:aws_vpc" -> struct aws_type */
	struct map blocks;    /* the same keys -> struct block: of files of the project */
	bool shared_read;
};

static struct library *library(void)
{
	static struct library *made;
	if (!made) {
		made = xcalloc(1, sizeof(*made));
		made->arena = arena_new();
		made->sources = src_set_new();
	}
	return made;
}

void loader_error(struct loader *l, struct src_range range, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *text = arena_vprintf(l->arena, fmt, args);
	va_end(args);
	/* the excerpt's source is not one of the run's: the place is told in words */
	const struct src *src = src_find(library()->sources, range.start);
	if (src) {
		struct src_pos pos = src_pos(src, range.start);
		diag_error(l->diags, SRC_NOWHERE, "Mistake in a type file", "%s, line %u, column %u: %s", src_name(src), pos.line, pos.column,
			   text);
	} else {
		diag_error(l->diags, SRC_NOWHERE, "Mistake in a type file", "%s", text);
	}
	l->failed = true;
}

static const struct body *parse_text(struct loader *l, const char *name, const char *text, size_t len)
{
	const struct src *src = src_add(library()->sources, name, text, len);
	if (!src)
		return NULL;
	struct diags parsing;
	diags_init(&parsing);
	const struct body *body = parse_file(library()->arena, src, &parsing);
	for (size_t i = 0; i < parsing.count; i++)
		loader_error(l, parsing.items[i].subject, "%s", parsing.items[i].detail ? parsing.items[i].detail : parsing.items[i].summary);
	diags_release(&parsing);
	return body;
}

/* ---- services and functions ---- */

static void load_service(struct loader *l, const struct block *block)
{
	struct service *service = arena_new_of(l->arena, struct service);
	*service = (struct service){.name = block->labels[0].text, .model = aws_service_find(block->labels[0].text)};
	if (!service->model) {
		loader_error(l, block->labels[0].range, "there is no model of a service \"%s\"", service->name);
		return;
	}
	l->service = service;
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		if (!strcmp(attr->name, "region"))
			service->region = loader_text(l, attr->expr);
		else if (!strcmp(attr->name, "slow_down"))
			service->slow_down = loader_codes(l, attr->expr);
		else if (!strcmp(attr->name, "absent"))
			service->absent = loader_codes(l, attr->expr);
		else if (!strcmp(attr->name, "page"))
			service->page = (unsigned)loader_integer(l, attr->expr);
		else if (!strcmp(attr->name, "settling")) {
			service->settling = loader_codes(l, loader_field(attr->expr, "codes"));
			service->settling_ms = loader_duration(l, loader_field(attr->expr, "for"));
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of services", attr->name);
		}
	}
	for (size_t i = 0; i < block->body->block_count; i++) {
		if (!strcmp(block->body->blocks[i].type, "tags"))
			service->tags = loader_tags(l, block->body->blocks[i].body);
	}
	map_put(&library()->services, service->name, service);
}

static struct user_function *load_function(struct loader *l, const struct block *block)
{
	struct user_function *f = arena_new_of(l->arena, struct user_function);
	f->name = block->labels[0].text;
	const struct attribute *params = body_find_attr(block->body, "params"), *result = body_find_attr(block->body, "result");
	if (!params || params->expr->kind != EXPR_TUPLE || !result) {
		loader_error(l, block->header_range, "a function has params = [...] and result = ...");
		return NULL;
	}
	f->params = loader_names(l, params->expr, &f->param_count);
	f->result = result->expr;
	return f;
}

/* A service or a function; false for other blocks. */
static bool load_shared_block(struct loader *l, const struct block *block)
{
	if (block->label_count != 1)
		return false;
	if (!strcmp(block->type, "service")) {
		load_service(l, block);
		return true;
	}
	if (strcmp(block->type, "function") != 0)
		return false;
	struct user_function *f = load_function(l, block);
	if (f)
		map_put(&library()->functions, f->name, f);
	return true;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

/* Files that do not begin with aws_ or data_aws_ hold services and shared functions. */
static void load_shared(struct diags *diags)
{
	struct library *lib = library();
	if (lib->shared_read)
		return;
	lib->shared_read = true;
	struct loader l = {.arena = lib->arena, .diags = diags};
	for (const struct type_file *file = aws_type_files; file->name; file++) {
		if (!strncmp(file->name, "aws_", 4) || !strncmp(file->name, "data_aws_", 9) || !ends_with(file->name, ".hcl"))
			continue;
		const struct body *body = parse_text(&l, file->name, file->text, file->len);
		for (size_t i = 0; body && i < body->block_count; i++) {
			const struct block *block = &body->blocks[i];
			if (!load_shared_block(&l, block))
				loader_error(&l, block->type_range, "services and functions stand here, not \"%s\"", block->type);
		}
	}
}

const struct service *aws_type_service(const char *name, struct diags *diags)
{
	load_shared(diags);
	return map_find(&library()->services, name);
}

const struct user_function *aws_shared_function(const char *name)
{
	return map_find(&library()->functions, name);
}

const char *aws_type_excerpt(struct src_range range, size_t *len)
{
	const struct src *src = src_find(library()->sources, range.start);
	*len = src ? range.end - range.start : 0;
	return src ? src_text(src) + (range.start - src_base(src)) : "";
}

/* ---- types ---- */

static const struct type_file *find_file(const char *name, bool data)
{
	AUTO_BUF struct buf file_name = BUF_INIT;
	buf_addf(&file_name, "%s%s.hcl", data ? "data_" : "", name);
	for (const struct type_file *file = aws_type_files; file->name; file++) {
		if (!strcmp(file->name, buf_text(&file_name)))
			return file;
	}
	return NULL;
}

static const char *key_of(const char *name, bool data)
{
	return arena_printf(library()->arena, "%c:%s", data ? 'd' : 'r', name);
}

static const struct block *type_block(struct loader *l, const char *name, bool data)
{
	struct library *lib = library();
	const struct block *own = map_find(&lib->blocks, key_of(name, data));
	if (own)
		return own;
	const struct type_file *file = find_file(name, data);
	if (!file)
		return NULL;
	const struct body *body = parse_text(l, file->name, file->text, file->len);
	for (size_t i = 0; body && i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (block->label_count == 1 && !strcmp(block->type, data ? "data" : "type") && !strcmp(block->labels[0].text, name))
			return block;
	}
	if (!l->failed)
		loader_error(l, SRC_NOWHERE, "%s has no block for %s", file->name, name);
	return NULL;
}

const struct aws_type *aws_type_find(const char *name, bool data, struct diags *diags)
{
	struct library *lib = library();
	const char *key = key_of(name, data);
	struct aws_type *type = map_find(&lib->types, key);
	if (type)
		return type;
	load_shared(diags);
	struct loader l = {.arena = lib->arena, .diags = diags};
	const struct block *block = type_block(&l, name, data);
	if (!block)
		return NULL;
	type = loader_type(&l, block, data);
	if (l.failed || !type)
		return NULL;
	/* ours are held against the models when the program is tested; the project's, when they are used */
	struct form_counts counts = {0};
	if (map_find(&lib->blocks, key) && (type->service || !type->hook) && !aws_type_check(type, &counts, diags))
		return NULL;
	map_put(&lib->types, key, type);
	return type;
}

const struct aws_type *aws_type_of(const struct resource_type *type)
{
	return type->impl;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *aws_type_names(bool data, size_t *count)
{
	struct library *lib = library();
	VEC(const char *) names = {0};
	for (const struct type_file *file = aws_type_files; file->name; file++) {
		const char *start = data ? "data_aws_" : "aws_";
		size_t n = strlen(file->name);
		if (strncmp(file->name, start, strlen(start)) || !ends_with(file->name, ".hcl"))
			continue;
		size_t skip = data ? 5 : 0;
		vec_add(&names, arena_strndup(lib->arena, file->name + skip, n - skip - 4));
	}
	for (struct map_entry *e = map_first(&lib->blocks); e; e = map_next(&lib->blocks, e)) {
		if ((*e->key == 'd') == data && !find_file(e->key + 2, data))
			vec_add(&names, e->key + 2);
	}
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	*count = names.count;
	const char *const *copy = vec_copy(&names, lib->arena);
	vec_free(&names);
	return copy;
}

bool aws_types_add_file(const char *path, const char *text, size_t len, struct diags *diags)
{
	struct library *lib = library();
	load_shared(diags); /* what the file says of a service or function goes over ours */
	struct loader l = {.arena = lib->arena, .diags = diags};
	const struct body *body = parse_text(&l, path, text, len);
	for (size_t i = 0; body && i < body->attr_count; i++)
		loader_error(&l, body->attrs[i].name_range, "blocks stand here: type, data, service, function");
	for (size_t i = 0; body && i < body->block_count && !l.failed; i++) {
		const struct block *block = &body->blocks[i];
		bool data = !strcmp(block->type, "data");
		if (load_shared_block(&l, block))
			continue;
		if ((!data && strcmp(block->type, "type")) || block->label_count != 1) {
			loader_error(&l, block->type_range, "type \"NAME\", data \"NAME\", service \"NAME\" or function \"NAME\" stands here, not \"%s\"",
				     block->type);
			continue;
		}
		map_put(&lib->blocks, key_of(block->labels[0].text, data), (void *)(uintptr_t)block);
	}
	return !l.failed;
}
