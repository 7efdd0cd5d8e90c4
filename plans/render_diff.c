/* SPDX-License-Identifier: Apache-2.0 */
/* A change taken apart: what is added, removed, changed or the same, down to the last member. */
#include "plans/render_internal.h"

#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* Paths as seen from one place. */
struct places {
	const struct value_path *items;
	size_t count;
	bool all;     /* every place belongs to it */
	bool spreads; /* what lies below a named place belongs to it, too */
};

/* One place on both sides. A null counts as nothing, unless it was written as such in a collection. */
struct pair {
	const struct value *before, *after; /* NULL: null, absent or (after) not known */
	bool before_given, after_given;     /* there, be it as a null */
	bool unknown;
	bool was_sensitive, is_sensitive;
	bool bare;   /* inside of something sensitive: marks do not count any more */
	bool modern; /* "" and null differ */
	struct places replace, relevant;
};

/* ---- places ---- */

static bool names_place(const struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		if (!places->items[i].count)
			return true;
	}
	return false;
}

static bool leads_somewhere(const struct places *places)
{
	return places->all || places->count;
}

static struct places places_below(struct arena *arena, const struct places *places, const char *name, size_t index)
{
	struct places below = {.all = places->all, .spreads = places->spreads};
	if (!places->count)
		return below;
	struct value_path *items = arena_array_of(arena, places->count, struct value_path);
	for (size_t i = 0; i < places->count; i++) {
		const struct value_path *path = &places->items[i];
		if (!path->count) {
			if (places->spreads)
				items[below.count++] = *path;
			continue;
		}
		const struct value_step *step = &path->steps[0];
		bool met = name ? step->name && !strcmp(step->name, name) : !step->name && !step->member && step->index == index;
		if (met)
			items[below.count++] = (struct value_path){path->steps + 1, path->count - 1};
	}
	below.items = items;
	return below;
}

/* ---- pairs ---- */

static const struct value *or_null(const struct value *v)
{
	return v && v->state == VALUE_KNOWN ? v : NULL;
}

static struct pair make_pair(const struct value *before, const struct value *after)
{
	return (struct pair){
		.before = or_null(before),
		.after = or_null(after),
		.before_given = before != NULL,
		.after_given = after && after->state != VALUE_UNKNOWN,
		.unknown = after && after->state == VALUE_UNKNOWN,
		.was_sensitive = before && value_is_sensitive(before),
		.is_sensitive = after && value_is_sensitive(after),
	};
}

static struct pair below(struct arena *arena, const struct pair *p, const struct value *before, const struct value *after,
			 const char *name, size_t index)
{
	struct pair child = make_pair(before, after);
	child.bare = p->bare;
	if (p->bare)
		child.was_sensitive = child.is_sensitive = false;
	child.modern = p->modern && name; /* lists start anew */
	child.replace = places_below(arena, &p->replace, name, index);
	child.relevant = places_below(arena, &p->relevant, name, index);
	return child;
}

static struct pair pair_at_name(struct arena *arena, const struct pair *p, const char *name)
{
	return below(arena, p, p->before ? value_get(p->before, name) : NULL, p->after ? value_get(p->after, name) : NULL, name, 0);
}

static struct pair unchanged(const struct pair *p)
{
	struct pair same = *p;
	same.after = p->before;
	same.after_given = p->before_given;
	same.unknown = false;
	same.is_sensitive = p->was_sensitive;
	same.modern = false;
	return same;
}

static struct pair deleted(const struct pair *p)
{
	struct pair gone = *p;
	gone.after = NULL;
	gone.after_given = gone.unknown = gone.is_sensitive = gone.modern = false;
	return gone;
}

static struct pair created(const struct pair *p)
{
	struct pair made = *p;
	made.before = NULL;
	made.before_given = made.was_sensitive = made.modern = false;
	return made;
}

/* ---- sameness, as JSON sees it ---- */

enum form { FORM_NULL, FORM_BOOL, FORM_NUMBER, FORM_STRING, FORM_OBJECT, FORM_ARRAY };

static enum form form_of(const struct value *v)
{
	static const enum form forms[] = {
		[TYPE_ANY] = FORM_NULL,	    [TYPE_BOOL] = FORM_BOOL,   [TYPE_NUMBER] = FORM_NUMBER,
		[TYPE_STRING] = FORM_STRING, [TYPE_LIST] = FORM_ARRAY, [TYPE_SET] = FORM_ARRAY,
		[TYPE_MAP] = FORM_OBJECT,   [TYPE_OBJECT] = FORM_OBJECT, [TYPE_TUPLE] = FORM_ARRAY,
	};
	return v && v->state == VALUE_KNOWN ? forms[v->type->kind] : FORM_NULL;
}

static bool is_same(const struct value *a, const struct value *b)
{
	enum form form = form_of(a);
	if (form != form_of(b))
		return false;
	if (a == b || !a || !b)
		return true;
	switch (form) {
	case FORM_NULL:
		return true;
	case FORM_BOOL:
		return a->boolean == b->boolean;
	case FORM_NUMBER:
		return number_compare(a->number, b->number) == 0;
	case FORM_STRING:
		return a->count == b->count && !memcmp(a->text, b->text, a->count);
	case FORM_ARRAY:
		if (a->count != b->count)
			return false;
		for (uint32_t i = 0; i < a->count; i++) {
			if (!is_same(a->items[i], b->items[i]))
				return false;
		}
		return true;
	case FORM_OBJECT:
		break;
	}
	/* members that are not known are not there */
	size_t in_a = 0, in_b = 0;
	for (uint32_t i = 0; i < b->count; i++)
		in_b += value_is_known(b->items[i]);
	for (uint32_t i = 0; i < a->count; i++) {
		if (!value_is_known(a->items[i]))
			continue;
		in_a++;
		const struct value *other = value_get(b, value_key_at(a, i));
		if (!other || !value_is_known(other) || !is_same(a->items[i], other))
			return false;
	}
	return in_a == in_b;
}

static bool same_items(const void *a, const void *b)
{
	return is_same(a, b);
}

static bool is_object(const void *item)
{
	return form_of(item) == FORM_OBJECT;
}

static bool always(const void *item)
{
	(void)item;
	return true;
}

/* ---- actions ---- */

static enum plan_action join_actions(enum plan_action whole, enum plan_action part)
{
	if (part == PLAN_NOOP)
		return whole;
	return whole == part ? whole : PLAN_UPDATE;
}

static enum plan_action scalar_action(const struct pair *p)
{
	bool was = p->before || p->before_given, is = p->after || p->after_given;
	if (!was && is)
		return PLAN_CREATE;
	if (was && !is)
		return PLAN_DELETE;
	bool same = is_same(p->before, p->after) && p->before_given == p->after_given && p->was_sensitive == p->is_sensitive;
	return same ? PLAN_NOOP : PLAN_UPDATE;
}

/* Before the members are looked at. */
static enum plan_action whole_action(const struct pair *p)
{
	if (!p->before == !p->after)
		return PLAN_NOOP;
	return p->before ? PLAN_DELETE : PLAN_CREATE;
}

static struct piece *new_piece(struct arena *arena, enum piece_kind kind, enum plan_action action, bool replace)
{
	struct piece *piece = arena_new_of(arena, struct piece);
	*piece = (struct piece){.kind = kind, .action = action, .replace = replace};
	return piece;
}

/* ---- what is not shown ---- */

typedef const struct piece *(*piece_fn)(struct arena *arena, const struct pair *p, const void *what);

static const struct piece *check_sensitive(struct arena *arena, const struct pair *p, piece_fn fn, const void *what, bool block,
					   bool replace)
{
	if (!p->was_sensitive && !p->is_sensitive)
		return NULL;
	struct pair inner = *p;
	inner.was_sensitive = inner.is_sensitive = inner.modern = false;
	inner.bare = true;
	struct piece *piece = new_piece(arena, block ? PIECE_SENSITIVE_BLOCK : PIECE_SENSITIVE, PLAN_NOOP, replace);
	piece->inner = fn(arena, &inner, what);
	piece->was_sensitive = p->was_sensitive;
	piece->is_sensitive = p->is_sensitive;
	piece->action = piece->inner->action;
	bool nothing = !p->before && !p->before_given && !p->after && !p->after_given;
	if (piece->action == PLAN_NOOP && p->was_sensitive != p->is_sensitive && !nothing)
		piece->action = PLAN_UPDATE;
	return piece;
}

static const struct piece *check_unknown(struct arena *arena, const struct pair *p, piece_fn fn, const void *what)
{
	if (!p->unknown)
		return NULL;
	struct pair now = *p;
	now.after_given = true;
	struct piece *piece = new_piece(arena, PIECE_UNKNOWN, scalar_action(&now), names_place(&p->replace));
	if (p->before) {
		struct pair before = deleted(&now);
		piece->inner = fn(arena, &before, what);
	}
	return piece;
}

/* ---- values of no fixed type ---- */

static const struct piece *json_piece(struct arena *arena, const struct pair *p, const void *unused);

static const struct piece *scalar_piece(struct arena *arena, const struct pair *p, enum plan_action action, bool replace)
{
	struct piece *piece = new_piece(arena, PIECE_SCALAR, action, replace);
	piece->before = p->before;
	piece->after = p->after;
	return piece;
}

static const struct piece *json_scalar(struct arena *arena, const struct pair *p)
{
	bool was = p->before || p->before_given, is = p->after || p->after_given;
	enum plan_action action = !was && is		       ? PLAN_CREATE
				  : was && !is		       ? PLAN_DELETE
				  : is_same(p->before, p->after) ? PLAN_NOOP
							       : PLAN_UPDATE;
	return scalar_piece(arena, p, action, false);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All keys of both, sorted. */
static const char **all_keys(struct arena *arena, const struct pair *p, size_t *count)
{
	const struct value *sides[] = {form_of(p->before) == FORM_OBJECT ? p->before : NULL, form_of(p->after) == FORM_OBJECT ? p->after : NULL};
	size_t most = (sides[0] ? sides[0]->count : 0) + (sides[1] ? sides[1]->count : 0), n = 0;
	const char **names = arena_array_of(arena, most, const char *);
	for (size_t side = 0; side < 2; side++) {
		for (uint32_t i = 0; sides[side] && i < sides[side]->count; i++)
			names[n++] = value_key_at(sides[side], i);
	}
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (!kept || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	}
	*count = kept;
	return names;
}

/* Members by name: objects and maps of which the members alone decide. */
static struct piece *named_members(struct arena *arena, const struct pair *p, enum piece_kind kind, piece_fn fn, const void *what)
{
	struct piece *piece = new_piece(arena, kind, whole_action(p), false);
	piece->names = all_keys(arena, p, &piece->count);
	const struct piece **items = arena_array_of(arena, piece->count, const struct piece *);
	for (size_t i = 0; i < piece->count; i++) {
		struct pair child = pair_at_name(arena, p, piece->names[i]);
		if (!leads_somewhere(&child.relevant))
			child = unchanged(&child);
		items[i] = fn(arena, &child, what);
		piece->action = join_actions(piece->action, items[i]->action);
	}
	piece->items = items;
	return piece;
}

static const struct value *item_at(const struct value *v, ptrdiff_t i)
{
	return i < 0 ? NULL : v->items[i];
}

static struct pair pair_at_index(struct arena *arena, const struct pair *p, ptrdiff_t before, ptrdiff_t after)
{
	struct pair child = below(arena, p, item_at(p->before, before), item_at(p->after, after), NULL, (size_t)(before < 0 ? after : before));
	child.relevant.all = true; /* who looks at a list looks at all of it */
	return child;
}

/* Members by the longest common part. */
static struct piece *listed_members(struct arena *arena, const struct pair *p, bool (*object)(const void *), piece_fn fn,
				    const void *what)
{
	struct piece *piece = new_piece(arena, PIECE_LIST, whole_action(p), false);
	struct item_lists lists = {
		.before = p->before ? (const void *const *)p->before->items : NULL,
		.after = p->after ? (const void *const *)p->after->items : NULL,
		.before_count = form_of(p->before) == FORM_ARRAY ? p->before->count : 0,
		.after_count = form_of(p->after) == FORM_ARRAY ? p->after->count : 0,
		.same = same_items,
		.is_object = object,
	};
	struct item_pair *pairs = arena_array_of(arena, lists.before_count + lists.after_count, struct item_pair);
	piece->count = pair_items(arena, &lists, pairs);
	const struct piece **items = arena_array_of(arena, piece->count, const struct piece *);
	for (size_t i = 0; i < piece->count; i++) {
		struct pair child = pair_at_index(arena, p, pairs[i].before, pairs[i].after);
		items[i] = fn(arena, &child, what);
		piece->action = join_actions(piece->action, items[i]->action);
	}
	piece->items = items;
	return piece;
}

static const struct piece *json_of_form(struct arena *arena, const struct pair *p, enum form form)
{
	switch (form) {
	case FORM_OBJECT:
		return named_members(arena, p, PIECE_OBJECT, json_piece, NULL);
	case FORM_ARRAY:
		return listed_members(arena, p, is_object, json_piece, NULL);
	case FORM_NULL:
	case FORM_BOOL:
	case FORM_NUMBER:
	case FORM_STRING:
		break;
	}
	return json_scalar(arena, p);
}

static const struct piece *json_piece(struct arena *arena, const struct pair *p, const void *unused)
{
	(void)unused;
	const struct piece *special = check_sensitive(arena, p, json_piece, NULL, false, false);
	if (special)
		return special;
	if (p->unknown) {
		struct piece *unknown = new_piece(arena, PIECE_UNKNOWN, p->before ? PLAN_UPDATE : PLAN_CREATE, false);
		if (p->before) {
			struct pair before = deleted(p);
			unknown->inner = json_piece(arena, &before, NULL);
		}
		return unknown;
	}
	enum form before = form_of(p->before), after = form_of(p->after);
	bool gone = after == FORM_NULL && !p->after_given, made = before == FORM_NULL && !p->before_given;
	if (before == after || gone || made)
		return json_of_form(arena, p, before == FORM_NULL ? after : before);
	struct pair old = deleted(p), new = created(p);
	struct piece *piece = new_piece(arena, PIECE_OTHER_TYPE, PLAN_UPDATE, false);
	piece->inner = json_of_form(arena, &old, before);
	piece->second = json_of_form(arena, &new, after);
	return piece;
}

/* ---- values of a type ---- */

static const struct piece *typed_piece(struct arena *arena, const struct pair *given, const void *of);

static struct piece *object_members(struct arena *arena, const struct pair *p, const struct type *type)
{
	struct piece *piece = new_piece(arena, PIECE_OBJECT, whole_action(p), false);
	const char **names = arena_array_of(arena, type->count, const char *);
	const struct piece **items = arena_array_of(arena, type->count, const struct piece *);
	for (uint32_t i = 0; i < type->count; i++) {
		struct pair child = pair_at_name(arena, p, type->attrs[i].name);
		if (!leads_somewhere(&child.relevant))
			child = unchanged(&child);
		child.before_given = child.after_given = false;
		const struct piece *item = typed_piece(arena, &child, type->attrs[i].type);
		if (item->action == PLAN_NOOP && !child.before && !child.after)
			continue;
		names[piece->count] = type->attrs[i].name;
		items[piece->count++] = item;
		piece->action = join_actions(piece->action, item->action);
	}
	piece->names = names;
	piece->items = items;
	return piece;
}

static struct piece *tuple_members(struct arena *arena, const struct pair *p, const struct type *type)
{
	struct piece *piece = new_piece(arena, PIECE_LIST, whole_action(p), false);
	const struct piece **items = arena_array_of(arena, type->count, const struct piece *);
	for (uint32_t i = 0; i < type->count; i++) {
		bool was = p->before && i < p->before->count, is = p->after && i < p->after->count;
		struct pair child = pair_at_index(arena, p, was ? (ptrdiff_t)i : -1, is ? (ptrdiff_t)i : -1);
		items[i] = typed_piece(arena, &child, type->items[i]);
		piece->action = join_actions(piece->action, items[i]->action);
	}
	piece->items = items;
	piece->count = type->count;
	return piece;
}

/* Which members of two sets are the same: both are in the order of value_compare(). */
static size_t pair_members(struct arena *arena, const struct pair *p, struct item_pair *out)
{
	size_t before_count = form_of(p->before) == FORM_ARRAY ? p->before->count : 0;
	size_t after_count = form_of(p->after) == FORM_ARRAY ? p->after->count : 0, n = 0;
	bool ordered = before_count && after_count && p->before->type->kind == TYPE_SET && p->after->type->kind == TYPE_SET;
	uint8_t *taken = (uint8_t *)arena_array_of(arena, after_count, uint8_t);
	size_t start = 0;
	for (size_t i = 0; i < before_count; i++) {
		const struct value *v = p->before->items[i];
		out[n] = (struct item_pair){(ptrdiff_t)i, -1};
		for (size_t k = start; k < after_count; k++) {
			const struct value *other = p->after->items[k];
			int order = ordered ? value_compare(v, other) : 0;
			if (order > 0)
				start = k + 1;
			if (taken[k] || other->deep_unknown || order > 0)
				continue;
			if (order < 0)
				break;
			if (is_same(v, other) && (p->bare || value_is_sensitive(v) == value_is_sensitive(other))) {
				taken[k] = 1;
				out[n].after = (ptrdiff_t)k;
				break;
			}
		}
		n++;
	}
	for (size_t k = 0; k < after_count; k++) {
		if (!taken[k])
			out[n++] = (struct item_pair){-1, (ptrdiff_t)k};
	}
	return n;
}

static struct piece *set_members(struct arena *arena, const struct pair *p, piece_fn fn, const void *what)
{
	struct piece *piece = new_piece(arena, PIECE_SET, whole_action(p), false);
	size_t most = (p->before ? p->before->count : 0) + (p->after ? p->after->count : 0);
	struct item_pair *pairs = arena_array_of(arena, most, struct item_pair);
	piece->count = pair_members(arena, p, pairs);
	const struct piece **items = arena_array_of(arena, piece->count, const struct piece *);
	for (size_t i = 0; i < piece->count; i++) {
		struct pair child = pair_at_index(arena, p, pairs[i].before, pairs[i].after);
		items[i] = fn(arena, &child, what);
		piece->action = join_actions(piece->action, items[i]->action);
	}
	piece->items = items;
	return piece;
}

static const struct value *not_empty(const struct value *v)
{
	return v && v->type->kind == TYPE_STRING && !v->count ? NULL : v;
}

static const struct piece *typed_piece(struct arena *arena, const struct pair *given, const void *of)
{
	const struct type *type = of;
	struct pair p = *given;
	if (p.before && p.before == p.after && (p.after->marks & VALUE_UNREAD))
		return new_piece(arena, PIECE_UNREAD, PLAN_NOOP, false);
	if (!p.modern) { /* many types cannot tell "" from null: neither do we */
		p.before = not_empty(p.before);
		p.after = not_empty(p.after);
	}
	bool replace = names_place(&p.replace);
	const struct piece *special = check_sensitive(arena, &p, typed_piece, type, false, replace);
	if (!special)
		special = check_unknown(arena, &p, typed_piece, type);
	if (special)
		return special;
	struct piece *piece = NULL;
	switch (type->kind) {
	case TYPE_ANY:
		return json_piece(arena, &p, NULL);
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		return scalar_piece(arena, &p, scalar_action(&p), replace);
	case TYPE_OBJECT:
		piece = object_members(arena, &p, type);
		break;
	case TYPE_MAP:
		piece = named_members(arena, &p, PIECE_MAP, typed_piece, type->element);
		break;
	case TYPE_LIST:
		piece = listed_members(arena, &p, type->element->kind == TYPE_OBJECT ? always : NULL, typed_piece, type->element);
		break;
	case TYPE_TUPLE:
		piece = tuple_members(arena, &p, type);
		break;
	case TYPE_SET:
		piece = set_members(arena, &p, typed_piece, type->element);
		break;
	}
	piece->replace = replace;
	return piece;
}

/* ---- blocks ---- */

/* Whether a schema has what the oldest kind of types could not have: those tell "" from null. */
static bool is_modern(const struct schema *schema)
{
	for (size_t i = 0; i < schema->block_count; i++) {
		if (schema->blocks[i].nesting == NEST_MAP)
			return true;
	}
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct type *type = schema->attrs[i].type;
		if (type_has_any(type) || type->kind == TYPE_TUPLE || type->kind == TYPE_OBJECT)
			return true;
		if (type_is_collection(type) && type_is_collection(type->element) && !type_is_primitive(type->element->element))
			return true;
	}
	return false;
}

static const struct piece *block_piece(struct arena *arena, const struct pair *given, const void *of);

/* All blocks of a name. False: there are none, and were none. */
static bool block_group(struct arena *arena, const struct pair *p, const struct schema_block *block, struct block_group *out,
			enum plan_action *action)
{
	*out = (struct block_group){
		.name = block->name,
		.replace = names_place(&p->replace),
		.was_sensitive = p->was_sensitive,
		.is_sensitive = p->is_sensitive,
		.unknown = p->unknown,
	};
	struct piece *piece = NULL;
	switch (block->nesting) {
	case NEST_SINGLE: {
		const struct piece **one = arena_array_of(arena, 1, const struct piece *);
		one[0] = block_piece(arena, p, block->schema);
		*action = one[0]->action;
		out->items = one;
		out->count = 1;
		out->unknown = false; /* it says so itself */
		return *action != PLAN_NOOP || p->before || p->after || p->unknown;
	}
	case NEST_SET:
		piece = set_members(arena, p, block_piece, block->schema);
		break;
	case NEST_MAP:
		piece = named_members(arena, p, PIECE_MAP, block_piece, block->schema);
		out->labels = piece->names;
		break;
	case NEST_LIST: {
		/* by position */
		size_t before = form_of(p->before) == FORM_ARRAY ? p->before->count : 0;
		size_t after = form_of(p->after) == FORM_ARRAY ? p->after->count : 0;
		piece = new_piece(arena, PIECE_LIST, whole_action(p), false);
		piece->count = before > after ? before : after;
		const struct piece **items = arena_array_of(arena, piece->count, const struct piece *);
		for (size_t i = 0; i < piece->count; i++) {
			struct pair child = pair_at_index(arena, p, i < before ? (ptrdiff_t)i : -1, i < after ? (ptrdiff_t)i : -1);
			child.relevant = places_below(arena, &p->relevant, NULL, i);
			if (!leads_somewhere(&child.relevant))
				child = unchanged(&child);
			items[i] = block_piece(arena, &child, block->schema);
			piece->action = join_actions(piece->action, items[i]->action);
		}
		piece->items = items;
		break;
	}
	}
	out->items = piece->items;
	out->count = piece->count;
	*action = piece->action;
	return *action != PLAN_NOOP || p->before || p->after || p->unknown;
}

static const struct piece *block_piece(struct arena *arena, const struct pair *given, const void *of)
{
	const struct schema *schema = of;
	struct pair p = *given;
	bool replace = names_place(&p.replace);
	const struct piece *special = check_sensitive(arena, &p, block_piece, schema, true, replace);
	if (!special)
		special = check_unknown(arena, &p, block_piece, schema);
	if (special)
		return special;
	p.modern = p.modern || is_modern(schema);
	struct piece *piece = new_piece(arena, PIECE_BLOCK, whole_action(&p), replace);
	const char **names = arena_array_of(arena, schema->attr_count, const char *);
	const struct piece **items = arena_array_of(arena, schema->attr_count, const struct piece *);
	bool write_only = false;
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		if (attr->flags & ATTR_WRITE_ONLY) {
			names[piece->count] = attr->name;
			items[piece->count++] = NULL; /* what happens to it is what happens to the block: see below */
			write_only = true;
			continue;
		}
		struct pair child = pair_at_name(arena, &p, attr->name);
		if (!leads_somewhere(&child.relevant))
			child = unchanged(&child);
		child.before_given = child.after_given = false;
		const struct piece *item = typed_piece(arena, &child, attr->type);
		if (item->action == PLAN_NOOP && !child.before && !child.after)
			continue;
		names[piece->count] = attr->name;
		items[piece->count++] = item;
		piece->action = join_actions(piece->action, item->action);
	}
	struct block_group *groups = arena_array_of(arena, schema->block_count, struct block_group);
	for (size_t i = 0; i < schema->block_count; i++) {
		struct pair child = pair_at_name(arena, &p, schema->blocks[i].name);
		if (!leads_somewhere(&child.relevant))
			child = unchanged(&child);
		enum plan_action action;
		if (!block_group(arena, &child, &schema->blocks[i], &groups[piece->group_count], &action))
			continue;
		piece->group_count++;
		piece->action = join_actions(piece->action, action);
	}
	for (size_t i = 0; write_only && i < piece->count; i++) {
		if (items[i])
			continue;
		struct piece *item = new_piece(arena, PIECE_WRITE_ONLY, piece->action == PLAN_UPDATE ? PLAN_NOOP : piece->action, false);
		item->is_sensitive = p.was_sensitive || p.is_sensitive;
		items[i] = item;
	}
	piece->names = names;
	piece->items = items;
	piece->groups = groups;
	return piece;
}

/* ---- entries ---- */

const struct piece *piece_of_object(struct arena *arena, const struct schema *schema, const struct value *before,
				    const struct value *after, const struct value_path *replace, size_t replace_count,
				    const struct value_path *relevant, size_t relevant_count)
{
	struct pair p = make_pair(before, after);
	p.replace = (struct places){.items = replace, .count = replace_count};
	p.relevant = (struct places){.items = relevant, .count = relevant_count, .all = !relevant, .spreads = true};
	return block_piece(arena, &p, schema);
}

const struct piece *piece_of_value(struct arena *arena, const struct value *before, const struct value *after)
{
	struct pair p = make_pair(before, after);
	p.relevant.all = true;
	/* an absent output and one that is null are the same */
	p.before_given = p.after_given = false;
	return json_piece(arena, &p, NULL);
}

const struct piece *piece_of_json(struct arena *arena, const struct value *before, const struct value *after, bool before_given,
				  bool after_given)
{
	struct pair p = make_pair(before, after);
	p.relevant.all = true;
	p.before_given = before_given;
	p.after_given = after_given;
	return json_piece(arena, &p, NULL);
}
