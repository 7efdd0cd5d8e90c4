/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/diff.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/address.h"
#include "lang/value/convert.h"

#include <string.h>

bool diff_same(const struct value *prior, const struct value *planned)
{
	if (prior->deep_unknown || planned->deep_unknown)
		return false;
	return prior == planned || value_same(prior, planned);
}

/* ---- proposing ---- */

static const struct value *member(const struct value *object, const char *name)
{
	return object && object->state == VALUE_KNOWN ? value_get(object, name) : NULL;
}

static bool is_empty_collection(const struct value *v)
{
	return v->state == VALUE_NULL || (v->state == VALUE_KNOWN && type_is_collection(v->type) && v->count == 0);
}

static const struct value *propose_attr(struct arena *arena, const struct schema_attr *attr, const struct value *config,
					const struct value *prior)
{
	if (attr->flags & ATTR_WRITE_ONLY) /* enters neither plans nor state */
		return value_null(arena, attr->type);
	if (!value_is_null(config))
		return config;
	if (attr->flags & ATTR_COMPUTED) {
		if (prior)
			return prior;
		return value_unknown(arena, attr->type);
	}
	if (attr->fallback)
		return attr->fallback;
	return config;
}

/* Whether a set's member in the configuration may be the prior one: all that is written in it is the same. */
static bool matches(const struct schema *schema, const struct value *config, const struct value *prior)
{
	if (config->state != VALUE_KNOWN || prior->state != VALUE_KNOWN)
		return false;
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		const struct value *c = value_get(config, attr->name), *p = value_get(prior, attr->name);
		if (value_is_null(c)) {
			if (attr->flags & ATTR_COMPUTED)
				continue;
			if (attr->fallback)
				c = attr->fallback;
		}
		if (!diff_same(p, c))
			return false;
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		const struct schema_block *block = &schema->blocks[i];
		const struct value *c = value_get(config, block->name), *p = value_get(prior, block->name);
		if (is_empty_collection(c) && (is_empty_collection(p) || (block->flags & ATTR_COMPUTED)))
			continue;
		if (c->state != VALUE_KNOWN || p->state != VALUE_KNOWN || c->count != p->count)
			return false;
		if (block->nesting == NEST_SINGLE) {
			if (!matches(block->schema, c, p))
				return false;
			continue;
		}
		for (size_t k = 0; k < c->count; k++) {
			if (!matches(block->schema, c->items[k], p->items[k]))
				return false;
		}
	}
	return true;
}

static const struct value *propose_set(struct arena *arena, const struct schema_block *block, const struct value *config,
				       const struct value *prior)
{
	const struct value **items = arena_array_of(arena, config->count, const struct value *);
	size_t prior_count = prior && prior->state == VALUE_KNOWN ? prior->count : 0;
	bool *taken = arena_array_of(arena, prior_count + 1, bool);
	for (size_t i = 0; i < config->count; i++) {
		const struct value *met = NULL;
		for (size_t k = 0; k < prior_count && !met; k++) {
			if (!taken[k] && matches(block->schema, config->items[i], prior->items[k])) {
				taken[k] = true;
				met = prior->items[k];
			}
		}
		items[i] = diff_propose(arena, block->schema, config->items[i], met);
	}
	return value_set(arena, block->schema->type, items, config->count);
}

static const struct value *propose_block(struct arena *arena, const struct schema_block *block, const struct value *config,
					 const struct value *prior)
{
	if (config->state == VALUE_UNKNOWN)
		return config;
	bool unwritten = config->state == VALUE_NULL || (block->nesting != NEST_SINGLE && config->count == 0);
	if (unwritten) {
		if (!(block->flags & ATTR_COMPUTED))
			return config;
		if (prior)
			return prior;
		return value_unknown(arena, config->type);
	}
	unsigned marks = config->marks;
	const struct value *result;
	switch (block->nesting) {
	case NEST_SINGLE:
		result = diff_propose(arena, block->schema, config, prior && prior->state == VALUE_KNOWN ? prior : NULL);
		break;
	case NEST_SET:
		result = propose_set(arena, block, config, prior);
		break;
	case NEST_LIST:
	case NEST_MAP: {
		const struct value **items = arena_array_of(arena, config->count, const struct value *);
		for (size_t i = 0; i < config->count; i++) {
			const struct value *met = NULL;
			if (block->nesting == NEST_MAP)
				met = prior && prior->state == VALUE_KNOWN ? value_get(prior, config->keys[i]) : NULL;
			else if (prior && prior->state == VALUE_KNOWN && i < prior->count)
				met = prior->items[i];
			items[i] = diff_propose(arena, block->schema, config->items[i], met);
		}
		result = block->nesting == NEST_MAP
				 ? value_map(arena, block->schema->type, config->keys, items, config->count)
				 : value_list(arena, block->schema->type, items, config->count);
		break;
	}
	default:
		bug("block nesting %d", (int)block->nesting);
	}
	return value_mark(arena, result, marks);
}

const struct value *diff_propose(struct arena *arena, const struct schema *schema, const struct value *config,
				 const struct value *prior)
{
	if (config->state != VALUE_KNOWN)
		return config;
	const struct type *type = schema->type;
	const struct value **items = arena_array_of(arena, type->count, const struct value *);
	size_t attr = 0, block = 0;
	/* attrs and blocks are sorted like the type's members, which are their union */
	for (uint32_t i = 0; i < type->count; i++) {
		const char *name = type->attrs[i].name;
		const struct value *c = config->type == type ? config->items[i] : value_get(config, name);
		const struct value *p = member(prior, name);
		if (attr < schema->attr_count && !strcmp(schema->attrs[attr].name, name))
			items[i] = propose_attr(arena, &schema->attrs[attr++], c, p);
		else if (block < schema->block_count && !strcmp(schema->blocks[block].name, name))
			items[i] = propose_block(arena, &schema->blocks[block++], c, p);
		else
			bug("schema and type differ at \"%s\"", name);
	}
	return value_mark(arena, value_object_of(arena, type, items), config->marks);
}

/* ---- ignoring ---- */

static const struct value *with_member(struct arena *arena, const struct value *object, const char *name,
				       const struct value *value)
{
	if (object->type->kind == TYPE_MAP) {
		const char **keys = arena_array_of(arena, object->count + 1, const char *);
		const struct value **items = arena_array_of(arena, object->count + 1, const struct value *);
		size_t n = 0;
		for (size_t i = 0; i < object->count; i++) {
			if (strcmp(object->keys[i], name)) {
				keys[n] = object->keys[i];
				items[n++] = object->items[i];
			}
		}
		if (value) {
			keys[n] = name;
			items[n++] = value;
		}
		return value_mark(arena, value_map(arena, object->type->element, keys, items, n), object->marks);
	}
	const struct value **items = arena_memdup(arena, object->items, object->count * sizeof(*items));
	ptrdiff_t at = type_find_attr(object->type, name);
	if (at < 0 || !value)
		return object;
	items[at] = value;
	return value_mark(arena, value_object_of(arena, object->type, items), object->marks);
}

static const char *step_name(const struct ref_step *step)
{
	if (step->name)
		return step->name;
	if (step->key->kind == EXPR_LITERAL && value_is_a(step->key->literal, TYPE_STRING))
		return step->key->literal->text;
	return NULL;
}

/* `config` with the prior's value at steps[0..count). */
static const struct value *ignore_at(struct arena *arena, const struct value *config, const struct value *prior,
				     const struct ref_step *steps, size_t count)
{
	if (count == 0)
		return prior ? prior : config;
	const char *name = step_name(&steps[0]);
	enum type_kind kind = config->type->kind;
	if (name && (kind == TYPE_MAP || kind == TYPE_OBJECT)) {
		const struct value *before = prior && prior->state == VALUE_KNOWN ? value_get(prior, name) : NULL;
		if (config->state == VALUE_NULL && kind == TYPE_MAP && before)
			config = value_map(arena, config->type->element, NULL, NULL, 0);
		if (config->state != VALUE_KNOWN)
			return config;
		const struct value *now = value_get(config, name);
		if (kind == TYPE_MAP && count == 1)
			return with_member(arena, config, name, before);
		if (!now)
			return config;
		return with_member(arena, config, name, ignore_at(arena, now, before, steps + 1, count - 1));
	}
	if (config->state != VALUE_KNOWN || !prior || prior->state != VALUE_KNOWN)
		return config;
	int64_t index;
	if (kind == TYPE_LIST && steps[0].key && steps[0].key->kind == EXPR_LITERAL &&
	    value_is_a(steps[0].key->literal, TYPE_NUMBER) && number_to_int(steps[0].key->literal->number, &index) &&
	    index >= 0 && index < config->count && index < prior->count) {
		const struct value **items = arena_memdup(arena, config->items, config->count * sizeof(*items));
		items[index] = ignore_at(arena, items[index], prior->items[index], steps + 1, count - 1);
		return value_mark(arena, value_list(arena, config->type->element, items, config->count), config->marks);
	}
	return config;
}

const struct value *diff_ignore(struct arena *arena, const struct value *config, const struct value *prior,
				const struct ref *ignored, size_t count)
{
	if (config->state != VALUE_KNOWN || !prior)
		return config;
	for (size_t i = 0; i < count; i++) {
		const struct value *now = value_get(config, ignored[i].root), *before = value_get(prior, ignored[i].root);
		if (!now || !before)
			continue;
		config = with_member(arena, config, ignored[i].root,
				     ignore_at(arena, now, before, ignored[i].steps, ignored[i].count));
	}
	return config;
}

const struct value *diff_ignore_all(struct arena *arena, const struct schema *schema, const struct value *config,
				    const struct value *prior)
{
	if (config->state != VALUE_KNOWN || !prior)
		return config;
	const struct value **items = arena_array_of(arena, schema->type->count, const struct value *);
	for (uint32_t i = 0; i < schema->type->count; i++) {
		const char *name = schema->type->attrs[i].name;
		const struct schema_attr *attr = schema_find_attr(schema, name);
		bool only_computed = attr && !(attr->flags & (ATTR_OPTIONAL | ATTR_REQUIRED));
		items[i] = value_get(only_computed ? config : prior, name);
	}
	return value_object_of(arena, schema->type, items);
}

/* ---- what replaces ---- */

struct replacements {
	struct arena *arena;
	VEC(struct value_path) paths;
	struct value_step steps[32];
};

static void add_path(struct replacements *r, size_t depth)
{
	struct value_path path = {arena_memdup(r->arena, r->steps, depth * sizeof(*r->steps)), depth};
	for (size_t i = 0; i < r->paths.count; i++) {
		if (value_path_equal(&r->paths.items[i], &path))
			return;
	}
	vec_add(&r->paths, path);
}

static bool is_null_or_absent(const struct value *v)
{
	return !v || value_is_null(v);
}

/* Either side may be NULL: a block that comes or goes; then what is written in it with ATTR_REPLACE counts. */
static void find_replacements(struct replacements *r, const struct schema *schema, const struct value *prior,
			      const struct value *planned, size_t depth)
{
	if (depth + 2 >= ARRAY_LEN(r->steps))
		return;
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		if (!(attr->flags & ATTR_REPLACE))
			continue;
		const struct value *p = member(prior, attr->name), *n = member(planned, attr->name);
		if (is_null_or_absent(p) && is_null_or_absent(n))
			continue;
		if (p && n && diff_same(p, n))
			continue;
		/* what the provider fills in by itself in a new block */
		if (!p && (attr->flags & ATTR_COMPUTED) && n->state == VALUE_UNKNOWN)
			continue;
		r->steps[depth] = (struct value_step){.name = attr->name};
		add_path(r, depth + 1);
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		const struct schema_block *block = &schema->blocks[i];
		const struct value *p = member(prior, block->name), *n = member(planned, block->name);
		r->steps[depth] = (struct value_step){.name = block->name};
		bool p_known = p && p->state == VALUE_KNOWN, n_known = n && n->state == VALUE_KNOWN;
		if (p && n && diff_same(p, n))
			continue;
		if (block->flags & ATTR_REPLACE) {
			if (!(is_null_or_absent(p) || is_empty_collection(p)) ||
			    !(is_null_or_absent(n) || is_empty_collection(n)))
				add_path(r, depth + 1);
			continue;
		}
		if (n && n->state == VALUE_UNKNOWN)
			continue;
		if (block->nesting == NEST_SINGLE) {
			find_replacements(r, block->schema, p_known ? p : NULL, n_known ? n : NULL, depth + 1);
			continue;
		}
		size_t p_count = p_known ? p->count : 0, n_count = n_known ? n->count : 0;
		if (block->nesting == NEST_SET) {
			for (size_t side = 0; side < 2; side++) {
				const struct value *of = side ? n : p, *other = side ? p : n;
				size_t of_count = side ? n_count : p_count, other_count = side ? p_count : n_count;
				for (size_t a = 0; a < of_count; a++) {
					bool met = false;
					for (size_t b = 0; b < other_count && !met; b++)
						met = diff_same(of->items[a], other->items[b]);
					if (met)
						continue;
					/* members of sets have no place of their own: the whole set is named */
					struct replacements inner = {.arena = r->arena};
					find_replacements(&inner, block->schema, side ? NULL : of->items[a],
							  side ? of->items[a] : NULL, 0);
					if (inner.paths.count)
						add_path(r, depth + 1);
					vec_free(&inner.paths);
				}
			}
			continue;
		}
		size_t most = p_count > n_count ? p_count : n_count;
		if (block->nesting == NEST_LIST) {
			for (size_t k = 0; k < most; k++) {
				r->steps[depth] = (struct value_step){.name = block->name};
				r->steps[depth + 1] = (struct value_step){.index = k};
				find_replacements(r, block->schema, k < p_count ? p->items[k] : NULL,
						  k < n_count ? n->items[k] : NULL, depth + 2);
			}
			continue;
		}
		for (size_t side = 0; side < 2; side++) {
			const struct value *of = side ? n : p, *other = side ? p : n;
			for (size_t k = 0; k < (side ? n_count : p_count); k++) {
				const struct value *met = (side ? p_known : n_known) ? value_get(other, of->keys[k]) : NULL;
				if (side && met)
					continue;
				r->steps[depth] = (struct value_step){.name = block->name};
				r->steps[depth + 1] = (struct value_step){.name = of->keys[k]};
				find_replacements(r, block->schema, side ? NULL : of->items[k], side ? of->items[k] : met,
						  depth + 2);
			}
		}
	}
}

void diff_replacements(struct arena *arena, const struct schema *schema, const struct value *prior,
		       const struct value *planned, const struct value_path **paths, size_t *count)
{
	struct replacements r = {.arena = arena};
	find_replacements(&r, schema, prior, planned, 0);
	*paths = vec_copy(&r.paths, arena);
	*count = r.paths.count;
	vec_free(&r.paths);
}

/* ---- paths ---- */

void value_path_print(const struct value_path *path, struct buf *out)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct value_step *step = &path->steps[i];
		if (step->name && i == 0)
			buf_adds(out, step->name);
		else if (step->name)
			buf_addf(out, ".%s", step->name);
		else if (!step->member)
			buf_addf(out, "[%zu]", step->index);
	}
}

bool value_path_equal(const struct value_path *a, const struct value_path *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct value_step *x = &a->steps[i], *y = &b->steps[i];
		if (!x->name != !y->name || !x->member != !y->member)
			return false;
		if (x->name ? strcmp(x->name, y->name) != 0
			    : x->member ? value_compare(x->member, y->member) != 0 : x->index != y->index)
			return false;
	}
	return true;
}

const struct value *value_at_path(const struct value *v, const struct value_path *path)
{
	for (size_t i = 0; i < path->count && v; i++) {
		const struct value_step *step = &path->steps[i];
		if (v->state != VALUE_KNOWN)
			return NULL;
		if (step->name)
			v = value_get(v, step->name);
		else if (step->member)
			v = step->member;
		else
			v = (v->type->kind == TYPE_LIST || v->type->kind == TYPE_TUPLE) && step->index < v->count
				    ? v->items[step->index]
				    : NULL;
	}
	return v;
}

/* ---- marks ---- */

static const struct value *copy_marks(struct arena *arena, const struct value *v, const struct value *from)
{
	if (!from || !(value_marks_deep(from) & ~(unsigned)VALUE_UNREAD))
		return v;
	enum type_kind kind = v->type->kind;
	bool inside = v->state == VALUE_KNOWN && from->state == VALUE_KNOWN && value_marks_deep(from) && kind == from->type->kind &&
		      kind != TYPE_SET && v->count && !type_is_primitive(v->type);
	const struct value *result = v;
	if (inside) {
		const struct value **items = arena_array_of(arena, v->count, const struct value *);
		bool changed = false;
		for (uint32_t i = 0; i < v->count; i++) {
			bool listed = kind == TYPE_LIST || kind == TYPE_TUPLE;
			const struct value *met = !listed ? value_get(from, value_key_at(v, i)) : i < from->count ? from->items[i] : NULL;
			items[i] = listed && !met ? value_mark(arena, v->items[i], value_marks_deep(from) & ~(unsigned)VALUE_UNREAD)
						  : copy_marks(arena, v->items[i], met);
			changed |= items[i] != v->items[i];
		}
		if (changed && kind == TYPE_OBJECT)
			result = value_object_of(arena, v->type, items);
		else if (changed && kind == TYPE_MAP)
			result = value_map(arena, v->type->element, v->keys, items, v->count);
		else if (changed && kind == TYPE_LIST)
			result = value_list(arena, v->type->element, items, v->count);
		else if (changed)
			result = value_tuple(arena, items, v->count);
		result = value_mark(arena, result, v->marks);
	}
	/* where the places cannot be told apart, all of it is marked */
	bool whole = kind == TYPE_SET || (from->state == VALUE_KNOWN && kind != from->type->kind);
	return value_mark(arena, result, (whole ? value_marks_deep(from) : from->marks) & ~(unsigned)VALUE_UNREAD);
}

const struct value *diff_copy_marks(struct arena *arena, const struct schema *schema, const struct value *v,
				    const struct value *from)
{
	return schema_mark_sensitive(arena, schema, copy_marks(arena, v, from));
}

bool diff_same_sensitivity(const struct value *prior, const struct value *planned)
{
	bool here = value_marks_deep(prior) & VALUE_SENSITIVE;
	if (((prior->marks ^ planned->marks) & VALUE_SENSITIVE) || here != !!(value_marks_deep(planned) & VALUE_SENSITIVE))
		return false;
	if (!here || prior->type->kind == TYPE_SET || prior->state != VALUE_KNOWN || planned->state != VALUE_KNOWN ||
	    type_is_primitive(prior->type) || prior->count != planned->count)
		return true;
	bool by_key = prior->type->kind == TYPE_OBJECT || prior->type->kind == TYPE_MAP;
	for (uint32_t i = 0; i < prior->count; i++) {
		const struct value *met = by_key ? value_get(planned, value_key_at(prior, i)) : planned->items[i];
		if (met && !diff_same_sensitivity(prior->items[i], met))
			return false;
	}
	return true;
}

/* ---- conformance ---- */

struct conformance {
	struct value_step steps[32];
	size_t depth;
};

static bool conforms(struct conformance *c, const struct value *planned, const struct value *actual)
{
	if (planned->state == VALUE_UNKNOWN)
		return true;
	if (!planned->deep_unknown)
		return diff_same(planned, actual);
	if (actual->state != VALUE_KNOWN || actual->type->kind != planned->type->kind || c->depth >= ARRAY_LEN(c->steps))
		return false;
	if (planned->type->kind == TYPE_SET) /* unknown members may turn out equal */
		return actual->count <= planned->count;
	if (planned->count != actual->count)
		return false;
	for (uint32_t i = 0; i < planned->count; i++) {
		bool by_key = planned->type->kind == TYPE_OBJECT || planned->type->kind == TYPE_MAP;
		const char *key = by_key ? value_key_at(planned, i) : NULL;
		const struct value *met = key ? value_get(actual, key) : actual->items[i];
		c->steps[c->depth++] = (struct value_step){.name = key, .index = i};
		if (!met || !conforms(c, planned->items[i], met))
			return false;
		c->depth--;
	}
	return true;
}

bool diff_conforms(struct arena *arena, const struct value *planned, const struct value *actual, struct value_path *path)
{
	struct conformance c = {0};
	if (conforms(&c, planned, actual))
		return true;
	/* name the member that differs, also where the walk compared whole objects */
	if (!c.depth && planned->state == VALUE_KNOWN && actual->state == VALUE_KNOWN && planned->type->kind == TYPE_OBJECT) {
		for (uint32_t i = 0; i < planned->count && !c.depth; i++) {
			const struct value *met = value_get(actual, value_key_at(planned, i));
			if (!met || !conforms(&c, planned->items[i], met))
				c.steps[c.depth++] = (struct value_step){.name = value_key_at(planned, i)};
		}
	}
	*path = (struct value_path){arena_memdup(arena, c.steps, c.depth * sizeof(*c.steps)), c.depth};
	return false;
}
