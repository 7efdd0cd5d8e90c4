/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/schema.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/json.h"

#include <stdlib.h>
#include <string.h>

static int compare_attrs(const void *a, const void *b)
{
	return strcmp(((const struct schema_attr *)a)->name, ((const struct schema_attr *)b)->name);
}

static int compare_blocks(const void *a, const void *b)
{
	return strcmp(((const struct schema_block *)a)->name,
		      ((const struct schema_block *)b)->name);
}

/* Blocks whose content has no fixed type cannot be in a list: their whole is of any type then. */
static const struct type *block_type(struct arena *arena, const struct schema_block *block)
{
	const struct type *content = block->schema->type;
	if (block->nesting == NEST_SINGLE)
		return content;
	if (type_has_any(content))
		return &type_any;
	switch (block->nesting) {
	case NEST_LIST:
		return type_list(arena, content);
	case NEST_SET:
		return type_set(arena, content);
	case NEST_MAP:
		return type_map(arena, content);
	case NEST_SINGLE:
		break;
	}
	return content;
}

void schema_finish(struct arena *arena, struct schema *schema)
{
	if (schema->type)
		return;
	struct schema_attr *attrs =
		arena_memdup(arena, schema->attrs, size_mul(schema->attr_count, sizeof(*attrs)));
	struct schema_block *blocks =
		arena_memdup(arena, schema->blocks, size_mul(schema->block_count, sizeof(*blocks)));
	if (schema->attr_count)
		qsort(attrs, schema->attr_count, sizeof(*attrs), compare_attrs);
	if (schema->block_count)
		qsort(blocks, schema->block_count, sizeof(*blocks), compare_blocks);
	schema->attrs = attrs;
	schema->blocks = blocks;
	size_t count = schema->attr_count + schema->block_count;
	AUTO_FREE struct type_attr *members = xcalloc(count, sizeof(*members));
	for (size_t i = 0; i < schema->attr_count; i++) {
		if (schema_find_block(schema, attrs[i].name) ||
		    (i && !strcmp(attrs[i].name, attrs[i - 1].name)))
			bug("a schema names \"%s\" twice", attrs[i].name);
		members[i] = (struct type_attr){.name = attrs[i].name,
						.type = type_concrete(arena, attrs[i].type)};
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		if (i && !strcmp(blocks[i].name, blocks[i - 1].name))
			bug("a schema names \"%s\" twice", blocks[i].name);
		if (!blocks[i].schema->type) {
			struct schema *nested =
				arena_memdup(arena, blocks[i].schema, sizeof(*nested));
			schema_finish(arena, nested);
			blocks[i].schema = nested;
		}
		members[schema->attr_count + i] = (struct type_attr){
			.name = blocks[i].name, .type = block_type(arena, &blocks[i])};
	}
	schema->type = type_object(arena, members, count);
	schema->empty = schema_empty(arena, schema);
}

const struct schema_attr *schema_find_attr(const struct schema *schema, const char *name)
{
	struct schema_attr wanted = {.name = name};
	return schema->attr_count ? bsearch(&wanted, schema->attrs, schema->attr_count,
					    sizeof(wanted), compare_attrs)
				  : NULL;
}

const struct schema_block *schema_find_block(const struct schema *schema, const char *name)
{
	struct schema_block wanted = {.name = name};
	return schema->block_count ? bsearch(&wanted, schema->blocks, schema->block_count,
					     sizeof(wanted), compare_blocks)
				   : NULL;
}

static const struct value *empty_block(struct arena *arena, const struct schema_block *block)
{
	const struct type *content = block->schema->type;
	bool open = type_has_any(content);
	switch (block->nesting) {
	case NEST_SINGLE:
		return value_null(arena, content);
	case NEST_LIST:
		return open ? value_tuple(arena, NULL, 0) : value_list(arena, content, NULL, 0);
	case NEST_SET:
		return open ? value_tuple(arena, NULL, 0) : value_set(arena, content, NULL, 0);
	case NEST_MAP:
		return open ? value_object(arena, NULL, NULL, 0)
			    : value_map(arena, content, NULL, NULL, 0);
	}
	bug("unknown nesting %d", block->nesting);
}

const struct value *schema_empty(struct arena *arena, const struct schema *schema)
{
	size_t count = schema->type->count;
	AUTO_FREE const struct value **items = xcalloc(count, sizeof(*items));
	AUTO_FREE const char **names = xcalloc(count, sizeof(*names));
	bool as_declared = true;
	for (size_t i = 0; i < count; i++) {
		names[i] = schema->type->attrs[i].name;
		const struct schema_block *block = schema_find_block(schema, names[i]);
		items[i] = block ? empty_block(arena, block)
				 : value_null(arena, schema->type->attrs[i].type);
		as_declared =
			as_declared && type_equal(items[i]->type, schema->type->attrs[i].type);
	}
	return as_declared ? value_object_of(arena, schema->type, items)
			   : value_object(arena, names, items, count);
}

/* ---- sensitive attributes ---- */

static bool has_sensitive(const struct schema *schema)
{
	for (size_t i = 0; i < schema->attr_count; i++) {
		if (schema->attrs[i].flags & ATTR_SENSITIVE)
			return true;
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		if (has_sensitive(schema->blocks[i].schema))
			return true;
	}
	return false;
}

/* A list, set, map or tuple of blocks with what the schema says marked in each. */
static const struct value *mark_blocks(struct arena *arena, const struct schema *schema,
				       const struct value *v)
{
	if (v->state != VALUE_KNOWN || !v->count)
		return v;
	AUTO_FREE const struct value **items = xcalloc(v->count, sizeof(*items));
	for (uint32_t i = 0; i < v->count; i++)
		items[i] = schema_mark_sensitive(arena, schema, v->items[i]);
	const struct value *result = v;
	switch (v->type->kind) {
	case TYPE_LIST:
		result = value_list(arena, v->type->element, items, v->count);
		break;
	case TYPE_SET:
		result = value_set(arena, v->type->element, items, v->count);
		break;
	case TYPE_MAP:
		result = value_map(arena, v->type->element, v->keys, items, v->count);
		break;
	case TYPE_TUPLE:
		result = value_tuple(arena, items, v->count);
		break;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
	case TYPE_OBJECT:
		bug("blocks that are no collection");
	}
	return value_mark(arena, result, v->marks);
}

const struct value *schema_mark_sensitive(struct arena *arena, const struct schema *schema,
					  const struct value *v)
{
	if (v->state != VALUE_KNOWN || v->type->kind != TYPE_OBJECT || !has_sensitive(schema))
		return v;
	AUTO_FREE const struct value **items = xcalloc(v->count, sizeof(*items));
	for (uint32_t i = 0; i < v->count; i++) {
		const char *name = value_key_at(v, i);
		const struct schema_attr *attr = schema_find_attr(schema, name);
		const struct schema_block *block = attr ? NULL : schema_find_block(schema, name);
		items[i] = v->items[i];
		if (attr && attr->flags & ATTR_SENSITIVE)
			items[i] = value_mark(arena, items[i], VALUE_SENSITIVE);
		else if (block && block->nesting == NEST_SINGLE)
			items[i] = schema_mark_sensitive(arena, block->schema, items[i]);
		else if (block && has_sensitive(block->schema))
			items[i] = mark_blocks(arena, block->schema, items[i]);
	}
	return value_mark(arena, value_object_of(arena, v->type, items), v->marks);
}

/* ---- as JSON ---- */

static void add_member(struct buf *out, const char *name)
{
	char last = out->len ? out->ptr[out->len - 1] : '{';
	if (last != '{')
		buf_addc(out, ',');
	json_add_string(out, name, strlen(name), true);
	buf_addc(out, ':');
}

static void add_description(struct buf *out, const char *text)
{
	if (text && *text) {
		add_member(out, "description");
		json_add_string(out, text, strlen(text), true);
	}
	add_member(out, "description_kind");
	buf_adds(out, "\"plain\"");
}

static void add_flags(struct buf *out, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{ATTR_DEPRECATED, "deprecated"}, {ATTR_REQUIRED, "required"},
		{ATTR_OPTIONAL, "optional"},	 {ATTR_COMPUTED, "computed"},
		{ATTR_SENSITIVE, "sensitive"},	 {ATTR_WRITE_ONLY, "write_only"},
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (flags & names[i].flag) {
			add_member(out, names[i].name);
			buf_adds(out, "true");
		}
	}
}

static void print_block(const struct schema *schema, unsigned flags, struct buf *out)
{
	static const char *const nestings[] = {[NEST_SINGLE] = "single",
					       [NEST_LIST] = "list",
					       [NEST_SET] = "set",
					       [NEST_MAP] = "map"};
	buf_addc(out, '{');
	if (schema->attr_count) {
		add_member(out, "attributes");
		buf_addc(out, '{');
		for (size_t i = 0; i < schema->attr_count; i++) {
			const struct schema_attr *attr = &schema->attrs[i];
			add_member(out, attr->name);
			buf_adds(out, "{\"type\":");
			type_print_json(attr->type, out);
			add_description(out, attr->description);
			add_flags(out, attr->flags);
			buf_addc(out, '}');
		}
		buf_addc(out, '}');
	}
	if (schema->block_count) {
		add_member(out, "block_types");
		buf_addc(out, '{');
		for (size_t i = 0; i < schema->block_count; i++) {
			const struct schema_block *block = &schema->blocks[i];
			add_member(out, block->name);
			buf_addf(out,
				 "{\"nesting_mode\":\"%s\",\"block\":", nestings[block->nesting]);
			print_block(block->schema, block->flags & ATTR_DEPRECATED, out);
			if (block->min)
				buf_addf(out, ",\"min_items\":%u", block->min);
			if (block->max)
				buf_addf(out, ",\"max_items\":%u", block->max);
			buf_addc(out, '}');
		}
		buf_addc(out, '}');
	}
	add_description(out, schema->description);
	add_flags(out, flags);
	buf_addc(out, '}');
}

void schema_print_json(const struct schema *schema, struct buf *out)
{
	buf_addf(out, "{\"version\":%u,\"block\":", schema->version);
	print_block(schema, 0, out);
	buf_addc(out, '}');
}
