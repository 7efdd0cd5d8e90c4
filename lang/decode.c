/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of plan files against schemas: what is written becomes a value, what is wrong a diagnostic. */
#include "lang/schema.h"

#include "base/vec.h"
#include "lang/eval/eval.h"
#include "lang/eval/eval_internal.h"

#include <string.h>

/* The same walk serves schema_check(), which evaluates nothing (`eval` is NULL), and schema_decode(). */
struct reader {
	struct eval *eval;
	struct arena *arena;
	struct diags *diags;
	const char *const *skip; /* of the outermost body alone */
	size_t skip_count;
};

static const struct value *read_body(struct reader *reader, const struct body *body, const struct schema *schema,
				     struct src_range header, bool outermost);

/* ---- names ---- */

static bool skipped(const struct reader *reader, bool outermost, const char *name)
{
	for (size_t i = 0; outermost && i < reader->skip_count; i++) {
		if (!strcmp(reader->skip[i], name))
			return true;
	}
	return false;
}

static const char *quoted_near(struct reader *reader, const char *name, const char *const *names, size_t count)
{
	const char *near = nearest_name(name, names, count);
	return near ? arena_printf(reader->arena, " Did you mean \"%s\"?", near) : "";
}

/* The argument of this name that may be written as blocks, or NULL. */
static const struct schema_attr *find_blocks_attr(const struct schema *schema, const char *name)
{
	const struct schema_attr *attr = schema_find_attr(schema, name);
	bool blocks = attr && (attr->flags & ATTR_BLOCKS) &&
		      (attr->type->kind == TYPE_LIST || attr->type->kind == TYPE_SET) &&
		      attr->type->element->kind == TYPE_OBJECT;
	return blocks ? attr : NULL;
}

static void unsupported_argument(struct reader *reader, const struct body *body, const struct schema *schema,
				 const struct attribute *written)
{
	const char **names = arena_array_of(reader->arena, schema->attr_count + 1, const char *);
	size_t count = 0;
	for (size_t i = 0; i < schema->attr_count; i++) {
		/* A name that is there already is hardly the one that was meant, nor one that nobody may write. */
		if ((schema->attrs[i].flags & (ATTR_REQUIRED | ATTR_OPTIONAL)) &&
		    !body_find_attr(body, schema->attrs[i].name))
			names[count++] = schema->attrs[i].name;
	}
	const char *hint = quoted_near(reader, written->name, names, count);
	if (schema_find_block(schema, written->name))
		hint = arena_printf(reader->arena,
				    " Did you mean a block? It is written without the equals sign: %s { ... }.", written->name);
	diag_error(reader->diags, written->name_range, "Unsupported argument",
		   "An argument named \"%s\" is not expected here.%s", written->name, hint);
}

static void unsupported_block(struct reader *reader, const struct schema *schema, const char *name,
			      struct src_range range)
{
	size_t most = schema->block_count + schema->attr_count;
	const char **names = arena_array_of(reader->arena, most + 1, const char *);
	size_t count = 0;
	for (size_t i = 0; i < schema->block_count; i++)
		names[count++] = schema->blocks[i].name;
	for (size_t i = 0; i < schema->attr_count; i++) {
		if (schema->attrs[i].flags & ATTR_BLOCKS)
			names[count++] = schema->attrs[i].name;
	}
	const char *hint = quoted_near(reader, name, names, count);
	if (schema_find_attr(schema, name))
		hint = arena_printf(reader->arena,
				    " Did you mean the argument \"%s\"? It is written with an equals sign: %s = ...", name,
				    name);
	diag_error(reader->diags, range, "Unsupported block type", "Blocks of type \"%s\" are not expected here.%s", name,
		   hint);
}

/* ---- arguments ---- */

static void missing_argument(struct reader *reader, const char *name, struct src_range header)
{
	diag_error(reader->diags, header, "Missing required argument",
		   "The argument \"%s\" is required, but it is not written here.", name);
}

static const struct value *read_attr(struct reader *reader, const struct schema_attr *attr,
				     const struct attribute *written)
{
	if (!(attr->flags & (ATTR_REQUIRED | ATTR_OPTIONAL))) {
		diag_error(reader->diags, written->name_range, "Value for unconfigurable attribute",
			   "\"%s\" cannot be set: its value is known only from the object itself, after apply.", attr->name);
		return NULL;
	}
	if (!reader->eval) {
		if (attr->flags & ATTR_DEPRECATED)
			diag_warning(reader->diags, written->name_range, "Argument is deprecated", "%s",
				     attr->deprecation ? attr->deprecation : "It should not be used any more.");
		return NULL;
	}
	const struct value *v = eval_expr(reader->eval, written->expr);
	if (v->type != attr->type) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *converted = value_convert(reader->arena, v, attr->type, &why);
		if (!converted) {
			eval_error(reader->eval, written->expr, written->expr->range, "Incorrect attribute value type",
				   "Inappropriate value for the argument \"%s\": %s.", attr->name, buf_text(&why));
			return value_unknown(reader->arena, attr->type);
		}
		v = converted;
	}
	if ((attr->flags & ATTR_REQUIRED) && value_is_null(v)) {
		eval_error(reader->eval, written->expr, written->expr->range, "Missing required argument",
			   "The argument \"%s\" is required, but its value is null here.", attr->name);
		return value_unknown(reader->arena, attr->type);
	}
	return v;
}

/* ---- nested blocks ---- */

/* All blocks of one type in a body, `dynamic` ones expanded. */
struct occurrences {
	VEC(const struct value *) items;
	VEC(const char *) keys; /* NEST_MAP: their labels */
	VEC(struct src_range) ranges;
	bool unknown; /* how many there are is not known */
};

/* What the blocks must look like. */
struct block_kind {
	const char *name;
	const struct schema *schema;
	bool labelled;
};

static void release(struct occurrences *found)
{
	vec_free(&found->items);
	vec_free(&found->keys);
	vec_free(&found->ranges);
}

static void add_occurrence(struct reader *reader, struct occurrences *found, const struct value *v, const char *key,
			   struct src_range range)
{
	if (reader->eval)
		vec_add(&found->items, v);
	if (key)
		vec_add(&found->keys, key);
	vec_add(&found->ranges, range);
}

static bool check_labels(struct reader *reader, const struct block *block, const struct block_kind *kind)
{
	size_t wanted = kind->labelled;
	if (block->label_count > wanted) {
		struct diag *diag = diag_error(reader->diags, block->labels[wanted].range,
					       arena_printf(reader->diags->arena, "Extraneous label for %s", kind->name),
					       wanted ? "Blocks of type \"%s\" have one label only." : "Blocks of type \"%s\" have no label.",
					       kind->name);
		diag->context = block->header_range;
		return false;
	}
	if (block->label_count < wanted) {
		diag_error(reader->diags, block->header_range,
			   arena_printf(reader->diags->arena, "Missing key for %s", kind->name),
			   "Each block of type \"%s\" has a label, which is its key: %s \"key\" { ... }.", kind->name,
			   kind->name);
		return false;
	}
	return true;
}

/* The parts of `dynamic "name" { ... }`. */
struct dynamic {
	const struct expr *for_each;
	const char *iterator;
	const struct expr *label; /* or NULL */
	const struct block *content;
};

static bool dynamic_error(struct reader *reader, struct src_range range, const char *summary, const char *text)
{
	diag_error(reader->diags, range, summary, "%s", text);
	return false;
}

static bool read_dynamic_label(struct reader *reader, const struct attribute *attr, const struct block_kind *kind,
			       struct dynamic *out)
{
	const struct expr *list = attr->expr;
	if (!kind->labelled)
		return dynamic_error(reader, attr->name_range, "Unsupported argument",
				     "An argument named \"labels\" is not expected here: these blocks have no labels.");
	if (list->kind != EXPR_TUPLE)
		return dynamic_error(reader, list->range, "Invalid expression",
				     "The labels must be written out as a list: labels = [...].");
	if (list->item_count != 1)
		return dynamic_error(reader, list->range,
				     list->item_count ? "Extraneous dynamic block label" : "Insufficient dynamic block labels",
				     "Each of these blocks has one label.");
	out->label = list->items[0];
	return true;
}

static bool read_dynamic(struct reader *reader, const struct block *block, const struct block_kind *kind,
			 struct dynamic *out)
{
	static const char *const known[] = {"for_each", "iterator", "labels"};
	*out = (struct dynamic){.iterator = kind->name};
	bool ok = true;
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		if (!strcmp(attr->name, "for_each")) {
			out->for_each = attr->expr;
		} else if (!strcmp(attr->name, "iterator")) {
			if (attr->expr->kind == EXPR_NAME)
				out->iterator = attr->expr->name;
			else
				ok = dynamic_error(reader, attr->expr->range, "Invalid dynamic iterator name",
						   "The iterator must be a plain name, without quotes.");
		} else if (!strcmp(attr->name, "labels")) {
			ok &= read_dynamic_label(reader, attr, kind, out);
		} else {
			const char *hint = quoted_near(reader, attr->name, known, ARRAY_LEN(known));
			diag_error(reader->diags, attr->name_range, "Unsupported argument",
				   "An argument named \"%s\" is not expected in a dynamic block. What the made blocks shall "
				   "hold is written in content { ... }.%s",
				   attr->name, hint);
			ok = false;
		}
	}
	for (size_t i = 0; i < block->body->block_count; i++) {
		const struct block *inner = &block->body->blocks[i];
		if (strcmp(inner->type, "content")) {
			diag_error(reader->diags, inner->type_range, "Unsupported block type",
				   "Blocks of type \"%s\" are not expected here. What the made blocks shall hold is written "
				   "in content { ... }.",
				   inner->type);
			ok = false;
		} else if (out->content) {
			ok = dynamic_error(reader, inner->header_range, "Extraneous dynamic content block",
					   "A dynamic block has one content block only.");
		} else {
			out->content = inner;
		}
	}
	if (!out->for_each) {
		missing_argument(reader, "for_each", block->header_range);
		ok = false;
	}
	if (!out->content)
		ok = dynamic_error(reader, block->header_range, "Missing dynamic content block",
				   "A dynamic block has a block content { ... }, which says what each made block holds.");
	if (kind->labelled && !out->label) {
		missing_argument(reader, "labels", block->header_range);
		ok = false;
	}
	return ok;
}

/* The label of one block that `dynamic` makes; NULL after an error. */
static const char *dynamic_key(struct reader *reader, const struct expr *label)
{
	struct eval *eval = reader->eval;
	struct diag_mark mark = diags_mark(reader->diags);
	const struct value *v = eval_expr(eval, label);
	if (diags_failed_since(reader->diags, mark))
		return NULL;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *text = value_convert(reader->arena, v, &type_string, &why);
	const char *wrong = NULL;
	if (!text)
		wrong = buf_text(&why);
	else if (value_is_null(text))
		wrong = "it is null";
	else if (!value_is_known(text))
		wrong = "it is known only after apply";
	else if (text->deep_marks)
		wrong = "it is sensitive";
	if (text && !wrong)
		return text->text;
	eval_error(eval, label, label->range, "Invalid dynamic block label",
		   "This value cannot be the label of a block: %s.", wrong);
	return NULL;
}

static void expand_once(struct reader *reader, const struct block *block, const struct block_kind *kind,
			const struct dynamic *dynamic, const struct value *key, const struct value *value, unsigned marks,
			struct occurrences *found)
{
	struct eval *eval = reader->eval;
	const char *const names[] = {"key", "value"};
	const struct value *const items[] = {key, value};
	struct scope scope = {
		.parent = eval->scope,
		.name = dynamic->iterator,
		.value = value_object(reader->arena, names, items, 2),
	};
	eval->scope = &scope;
	const char *label = found && dynamic->label ? dynamic_key(reader, dynamic->label) : NULL;
	const struct value *v =
		read_body(reader, dynamic->content->body, kind->schema, dynamic->content->header_range, false);
	if (found && dynamic->label && !label)
		found->unknown = true;
	else if (found)
		add_occurrence(reader, found, with_marks(eval, v, marks), label, block->header_range);
	eval->scope = scope.parent;
}

static void expand_dynamic(struct reader *reader, const struct block *block, const struct block_kind *kind,
			   struct occurrences *found)
{
	struct dynamic dynamic;
	if (!read_dynamic(reader, block, kind, &dynamic)) {
		found->unknown = true;
		return;
	}
	if (!reader->eval) {
		read_body(reader, dynamic.content->body, kind->schema, dynamic.content->header_range, false);
		found->unknown = true;
		return;
	}
	struct eval *eval = reader->eval;
	struct diag_mark mark = diags_mark(reader->diags);
	const struct value *collection = eval_expr(eval, dynamic.for_each);
	if (diags_failed_since(reader->diags, mark)) {
		found->unknown = true;
		return;
	}
	if (value_is_null(collection) && !eval->lenient) {
		eval_error(eval, dynamic.for_each, dynamic.for_each->range, "Invalid dynamic for_each value",
			   "The value of for_each is null. For no blocks at all, use an empty list.");
		found->unknown = true;
		return;
	}
	if (type_is_primitive(collection->type)) {
		eval_error(eval, dynamic.for_each, dynamic.for_each->range, "Invalid dynamic for_each value",
			   "The value of for_each is a %s. It must be a list, a set, a map, or an object.",
			   friendly_type(eval, collection->type));
		found->unknown = true;
		return;
	}
	if (!value_is_known(collection)) {
		/* What is wrong in the content whatever the members are is said already now. */
		expand_once(reader, block, kind, &dynamic, &value_unknown_any, &value_unknown_any, 0, NULL);
		found->unknown = true;
		return;
	}
	for (size_t i = 0; value_is_a(collection, collection->type->kind) && i < collection->count; i++)
		expand_once(reader, block, kind, &dynamic, member_key(reader->arena, collection, i), collection->items[i],
			    collection->marks, found);
}

static bool is_dynamic(const struct block *block)
{
	return !strcmp(block->type, "dynamic") && block->label_count == 1;
}

/* Finds and reads all blocks of one type. */
static void read_occurrences(struct reader *reader, const struct body *body, const struct block_kind *kind,
			     struct occurrences *found)
{
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, kind->name)) {
			if (!check_labels(reader, block, kind)) {
				found->unknown = true;
				continue;
			}
			const struct value *v = read_body(reader, block->body, kind->schema, block->header_range, false);
			add_occurrence(reader, found, v, kind->labelled ? block->labels[0].text : NULL, block->header_range);
		} else if (is_dynamic(block) && !strcmp(block->labels[0].text, kind->name)) {
			expand_dynamic(reader, block, kind, found);
		}
	}
}

static void check_number(struct reader *reader, const struct schema_block *block, const struct occurrences *found,
			 struct src_range header)
{
	size_t n = found->ranges.count;
	if (block->max && n > block->max) {
		bool once = block->max == 1;
		diag_error(reader->diags, found->ranges.items[block->max],
			   arena_printf(reader->diags->arena, "Too many %s blocks", block->name),
			   once ? "Only one block of type \"%s\" is allowed here." : "Of blocks of type \"%s\", no more than %u are allowed here.",
			   block->name, block->max);
	} else if (n < block->min && !found->unknown) {
		if (block->min == 1)
			diag_error(reader->diags, header,
				   arena_printf(reader->diags->arena, "Insufficient %s blocks", block->name),
				   "A block of type \"%s\" is required here.", block->name);
		else
			diag_error(reader->diags, header,
				   arena_printf(reader->diags->arena, "Insufficient %s blocks", block->name),
				   "Of blocks of type \"%s\", at least %u are required here.", block->name, block->min);
	}
}

/* The value of one block type; `type` is that of the whole: any where the content has no fixed type. */
static const struct value *collect(struct reader *reader, const struct schema_block *block,
				   const struct occurrences *found, const struct type *type)
{
	const struct value *const *items = found->items.items;
	size_t n = found->items.count;
	if (found->unknown)
		return value_unknown(reader->arena, type);
	switch (block->nesting) {
	case NEST_SINGLE:
		return n ? items[0] : value_null(reader->arena, type);
	case NEST_LIST:
		return type->kind == TYPE_ANY ? value_tuple(reader->arena, items, n)
					      : value_list(reader->arena, type->element, items, n);
	case NEST_SET:
		return type->kind == TYPE_ANY ? value_tuple(reader->arena, items, n)
					      : value_set(reader->arena, type->element, items, n);
	case NEST_MAP:
		break;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(found->keys.items[i], found->keys.items[j])) {
				diag_error(reader->diags, found->ranges.items[i],
					   arena_printf(reader->diags->arena, "Duplicate %s block", block->name),
					   "There is a block of type \"%s\" with the label \"%s\" already.", block->name,
					   found->keys.items[i]);
				return value_unknown(reader->arena, type);
			}
		}
	}
	return type->kind == TYPE_ANY ? value_object(reader->arena, found->keys.items, items, n)
				      : value_map(reader->arena, type->element, found->keys.items, items, n);
}

static const struct value *read_block_type(struct reader *reader, const struct body *body,
					   const struct schema_block *block, const struct type *type,
					   struct src_range header)
{
	struct block_kind kind = {block->name, block->schema, block->nesting == NEST_MAP};
	struct schema_block checked = *block;
	if (block->nesting == NEST_SINGLE)
		checked.max = 1;
	struct occurrences found = {0};
	read_occurrences(reader, body, &kind, &found);
	check_number(reader, &checked, &found, header);
	const struct value *v = reader->eval ? collect(reader, block, &found, type) : NULL;
	release(&found);
	return v;
}

/* ---- arguments written as blocks ---- */

/* What blocks in the place of an argument may hold: the attributes of its objects, none required. */
static const struct schema *schema_of_object(struct reader *reader, const struct type *object)
{
	struct schema_attr *attrs = arena_array_of(reader->arena, object->count, struct schema_attr);
	for (size_t i = 0; i < object->count; i++) {
		const struct type *type = object->attrs[i].type;
		bool blocks = (type->kind == TYPE_LIST || type->kind == TYPE_SET) && type->element->kind == TYPE_OBJECT;
		attrs[i] = (struct schema_attr){
			.name = object->attrs[i].name,
			.type = type,
			.flags = ATTR_OPTIONAL | (blocks ? ATTR_BLOCKS : 0),
		};
	}
	struct schema *schema = arena_new_of(reader->arena, struct schema);
	*schema = (struct schema){.attrs = attrs, .attr_count = object->count, .type = object};
	return schema;
}

/* NULL where no such block is written. */
static const struct value *read_attr_blocks(struct reader *reader, const struct body *body,
					    const struct schema_attr *attr)
{
	struct block_kind kind = {attr->name, NULL, false};
	bool any = false;
	for (size_t i = 0; i < body->block_count && !any; i++)
		any = !strcmp(body->blocks[i].type, attr->name) ||
		      (is_dynamic(&body->blocks[i]) && !strcmp(body->blocks[i].labels[0].text, attr->name));
	if (!any)
		return NULL;
	kind.schema = schema_of_object(reader, attr->type->element);
	struct occurrences found = {0};
	read_occurrences(reader, body, &kind, &found);
	const struct value *v = NULL;
	if (reader->eval && found.unknown)
		v = value_unknown(reader->arena, attr->type);
	else if (reader->eval && found.items.count && attr->type->kind == TYPE_SET)
		v = value_set(reader->arena, attr->type->element, found.items.items, found.items.count);
	else if (reader->eval && found.items.count)
		v = value_list(reader->arena, attr->type->element, found.items.items, found.items.count);
	release(&found);
	return v;
}

/* ---- bodies ---- */

static void check_names(struct reader *reader, const struct body *body, const struct schema *schema,
			bool outermost)
{
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (skipped(reader, outermost, block->type))
			continue;
		const char *name = block->type;
		struct src_range range = block->type_range;
		if (!strcmp(name, "dynamic")) {
			if (block->label_count != 1) {
				diag_error(reader->diags, block->header_range,
					   block->label_count ? "Extraneous label for dynamic" : "Missing type for dynamic",
					   "A dynamic block has one label, the type of the blocks that it makes.");
				continue;
			}
			name = block->labels[0].text;
			range = block->labels[0].range;
		}
		const struct schema_attr *attr = find_blocks_attr(schema, name);
		if (schema_find_block(schema, name))
			continue;
		if (!attr)
			unsupported_block(reader, schema, name, range);
		else if (body_find_attr(body, name))
			diag_error(reader->diags, range, "Unsupported block type",
				   "\"%s\" is written as an argument already. Write all of it either as an argument or as "
				   "blocks.",
				   name);
	}
}

static bool has_blocks_for(const struct body *body, const struct schema *schema, const char *name)
{
	if (!find_blocks_attr(schema, name))
		return false;
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, name) || (is_dynamic(block) && !strcmp(block->labels[0].text, name)))
			return true;
	}
	return false;
}

/* The members of a body's value while they are gathered, in the order of schema->type. */
struct members {
	const struct schema *schema;
	const struct value **items; /* NULL: nothing is evaluated */
	bool open;                  /* a member's type is not the declared one, which leaves something open */
};

static void put_at(struct members *members, size_t at, const struct value *v)
{
	if (!members->items || !v)
		return;
	members->items[at] = v;
	const struct type *declared = members->schema->type->attrs[at].type;
	members->open |= v->type != declared && type_has_any(declared);
}

static size_t member_index(const struct schema *schema, const char *name)
{
	ptrdiff_t at = type_find_attr(schema->type, name);
	if (at < 0)
		bug("\"%s\" is missing in the type of its schema", name);
	return (size_t)at;
}

static void put(struct members *members, const char *name, const struct value *v)
{
	if (members->items && v)
		put_at(members, member_index(members->schema, name), v);
}

/* Where things are reported that are not there: the header of the block, or where its body begins. */
static struct src_range place_of(const struct body *body, struct src_range header)
{
	if (!src_range_is_empty(header))
		return header;
	if (src_range_is_empty(body->range))
		return body->end;
	return (struct src_range){body->range.start, body->range.start + 1};
}

/* schema->empty, or what it would be for a schema made up here. */
static const struct value *empty_value(struct reader *reader, const struct schema *schema)
{
	if (schema->empty)
		return schema->empty;
	const struct value **items = arena_array_of(reader->arena, schema->type->count, const struct value *);
	for (size_t i = 0; i < schema->type->count; i++)
		items[i] = value_null(reader->arena, schema->type->attrs[i].type);
	return value_object_of(reader->arena, schema->type, items);
}

static void read_attrs(struct reader *reader, const struct body *body, struct members *members, struct src_range place,
		       bool outermost)
{
	const struct schema *schema = members->schema;
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *written = &body->attrs[i];
		if (skipped(reader, outermost, written->name))
			continue;
		const struct schema_attr *attr = schema_find_attr(schema, written->name);
		if (attr)
			put(members, attr->name, read_attr(reader, attr, written));
		else
			unsupported_argument(reader, body, schema, written);
	}
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		if (!(attr->flags & ATTR_REQUIRED) || skipped(reader, outermost, attr->name) ||
		    body_find_attr(body, attr->name) || has_blocks_for(body, schema, attr->name))
			continue;
		missing_argument(reader, attr->name, place);
		if (members->items)
			put(members, attr->name, value_unknown(reader->arena, attr->type));
	}
}

static const struct value *read_body(struct reader *reader, const struct body *body, const struct schema *schema,
				     struct src_range header, bool outermost)
{
	enum { FEW = 64 };
	const struct value *few[FEW];
	struct members members = {.schema = schema};
	if (reader->eval) {
		const struct value *empty = empty_value(reader, schema);
		size_t count = schema->type->count;
		members.items = count <= FEW ? few : arena_array_of(reader->arena, count, const struct value *);
		members.open = empty->type != schema->type;
		if (count)
			memcpy(members.items, empty->items, count * sizeof(*members.items));
	}
	struct src_range place = place_of(body, header);
	read_attrs(reader, body, &members, place, outermost);
	if (body->block_count)
		check_names(reader, body, schema, outermost);
	for (size_t i = 0; body->block_count && i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		if ((attr->flags & ATTR_BLOCKS) && find_blocks_attr(schema, attr->name) && !body_find_attr(body, attr->name) &&
		    !skipped(reader, outermost, attr->name))
			put(&members, attr->name, read_attr_blocks(reader, body, attr));
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		const struct schema_block *block = &schema->blocks[i];
		if (skipped(reader, outermost, block->name) || (!body->block_count && !block->min))
			continue;
		size_t at = member_index(schema, block->name);
		put_at(&members, at, read_block_type(reader, body, block, schema->type->attrs[at].type, place));
	}
	if (!members.items)
		return NULL;
	if (!members.open)
		return value_object_of(reader->arena, schema->type, members.items);
	const char **names = arena_array_of(reader->arena, schema->type->count, const char *);
	for (size_t i = 0; i < schema->type->count; i++)
		names[i] = schema->type->attrs[i].name;
	return value_object(reader->arena, names, members.items, schema->type->count);
}

const struct value *schema_decode(struct eval *eval, const struct body *body, const struct schema *schema,
				  const char *const *skip, size_t skip_count)
{
	struct reader reader = {eval, eval->arena, eval->diags, skip, skip_count};
	return read_body(&reader, body, schema, SRC_NOWHERE, true);
}

bool schema_check(struct arena *arena, const struct body *body, const struct schema *schema, const char *const *skip,
		  size_t skip_count, struct diags *diags)
{
	struct reader reader = {NULL, arena, diags, skip, skip_count};
	struct diag_mark mark = diags_mark(diags);
	read_body(&reader, body, schema, SRC_NOWHERE, true);
	return !diags_failed_since(diags, mark);
}
