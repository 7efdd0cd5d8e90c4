/* SPDX-License-Identifier: Apache-2.0 */
/* Finding references and calls in a tree. Its height is limited by the parser, so recursion is safe. */
#include "lang/syntax/parse.h"

#include "base/vec.h"

#include <string.h>

/* Names that a loop binds around what is being walked. */
struct bound {
	const struct bound *outer;
	const char *key, *value;
};

struct walk {
	expr_ref_fn ref;
	expr_call_fn call;
	void *ctx;
};

static void walk(struct walk *w, const struct expr *e, const struct bound *bound);

static bool is_bound(const struct bound *bound, const char *name)
{
	for (; bound; bound = bound->outer) {
		if (!strcmp(name, bound->value) || (bound->key && !strcmp(name, bound->key)))
			return true;
	}
	return false;
}

/* The length of a chain of attributes and indexes, and what it starts from. */
static size_t chain_length(const struct expr *e, const struct expr **root)
{
	size_t n = 0;
	for (; e->kind == EXPR_ATTR || e->kind == EXPR_INDEX; e = e->on)
		n++;
	*root = e;
	return n;
}

static void fill_steps(const struct expr *e, struct ref_step *steps, size_t count)
{
	for (; count-- > 0; e = e->on) {
		bool attr = e->kind == EXPR_ATTR && !e->legacy;
		steps[count] = (struct ref_step){
			attr ? e->name : NULL, attr ? NULL : e->key, {e->on->range.end, e->range.end}};
	}
}

bool expr_as_ref(struct arena *arena, const struct expr *expr, struct ref *out)
{
	const struct expr *root;
	size_t count = chain_length(expr, &root);
	if (root->kind != EXPR_NAME)
		return false;
	struct ref_step *steps = arena_array_of(arena, count, struct ref_step);
	fill_steps(expr, steps, count);
	*out = (struct ref){root->name, root->range, steps, count, expr->range};
	return true;
}

static void report_ref(struct walk *w, const struct expr *e, const struct expr *root, size_t count)
{
	VEC(struct ref_step) steps = {0};
	vec_reserve(&steps, count + 1);
	fill_steps(e, steps.items, count);
	struct ref ref = {root->name, root->range, steps.items, count, e->range};
	w->ref(w->ctx, &ref);
	vec_free(&steps);
}

static void walk_chain(struct walk *w, const struct expr *e, const struct bound *bound)
{
	const struct expr *root;
	size_t count = chain_length(e, &root);
	if (root->kind != EXPR_NAME)
		walk(w, root, bound);
	else if (w->ref && !is_bound(bound, root->name))
		report_ref(w, e, root, count);
	for (; e != root; e = e->on) {
		if (e->kind == EXPR_INDEX)
			walk(w, e->key, bound);
	}
}

static void walk_parts(struct walk *w, const struct template_part *parts, size_t count,
		       const struct bound *bound)
{
	for (size_t i = 0; i < count; i++) {
		const struct template_part *part = &parts[i];
		struct bound inner = {bound, part->key_name, part->value_name};
		if (part->expr)
			walk(w, part->expr, bound);
		walk_parts(w, part->then, part->then_count, part->kind == PART_FOR ? &inner : bound);
		walk_parts(w, part->other, part->other_count, bound);
	}
}

/* Whether a function's second argument is a type, whose names are no references. */
static bool takes_type(const char *function)
{
	return !strcmp(function, "convert") || !strcmp(function, "core::convert");
}

static void walk_object(struct walk *w, const struct expr *e, const struct bound *bound)
{
	for (size_t i = 0; i < e->field_count; i++) {
		/* A bare name is its own text, no reference. */
		if (e->fields[i].key->kind != EXPR_NAME)
			walk(w, e->fields[i].key, bound);
		walk(w, e->fields[i].value, bound);
	}
}

static void walk_for(struct walk *w, const struct expr *e, const struct bound *bound)
{
	struct bound inner = {bound, e->key_name, e->value_name};
	walk(w, e->collection, bound);
	if (e->key_result)
		walk(w, e->key_result, &inner);
	walk(w, e->result, &inner);
	if (e->filter)
		walk(w, e->filter, &inner);
}

static void walk(struct walk *w, const struct expr *e, const struct bound *bound)
{
	switch (e->kind) {
	case EXPR_LITERAL:
	case EXPR_SPLAT_ITEM:
	case EXPR_ERROR:
		break;
	case EXPR_TEMPLATE:
		walk_parts(w, e->parts, e->part_count, bound);
		break;
	case EXPR_NAME:
	case EXPR_ATTR:
	case EXPR_INDEX:
		walk_chain(w, e, bound);
		break;
	case EXPR_SPLAT:
		walk(w, e->on, bound);
		walk(w, e->each, bound);
		break;
	case EXPR_CALL:
		if (w->call)
			w->call(w->ctx, e);
		for (size_t i = 0; i < e->arg_count; i++) {
			if (!(i == 1 && takes_type(e->function)))
				walk(w, e->args[i], bound);
		}
		break;
	case EXPR_CONDITIONAL:
		walk(w, e->condition, bound);
		walk(w, e->left, bound);
		walk(w, e->right, bound);
		break;
	case EXPR_UNARY:
	case EXPR_PAREN:
		walk(w, e->on, bound);
		break;
	case EXPR_BINARY:
		walk(w, e->left, bound);
		walk(w, e->right, bound);
		break;
	case EXPR_TUPLE:
		for (size_t i = 0; i < e->item_count; i++)
			walk(w, e->items[i], bound);
		break;
	case EXPR_OBJECT:
		walk_object(w, e, bound);
		break;
	case EXPR_FOR:
		walk_for(w, e, bound);
		break;
	}
}

void expr_walk_refs(const struct expr *expr, expr_ref_fn fn, void *ctx)
{
	struct walk w = {.ref = fn, .ctx = ctx};
	walk(&w, expr, NULL);
}

void body_walk_refs(const struct body *body, expr_ref_fn fn, void *ctx)
{
	for (size_t i = 0; i < body->attr_count; i++)
		expr_walk_refs(body->attrs[i].expr, fn, ctx);
	for (size_t i = 0; i < body->block_count; i++)
		body_walk_refs(body->blocks[i].body, fn, ctx);
}

void expr_walk_calls(const struct expr *expr, expr_call_fn fn, void *ctx)
{
	struct walk w = {.call = fn, .ctx = ctx};
	walk(&w, expr, NULL);
}
