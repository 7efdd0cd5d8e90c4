/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to syntax tree. Mistakes become diagnostics and parsing goes on behind them, so that
 * one run reports every independent mistake. Never NULL: what was understood is in the tree.
 */
#pragma once

#include "base/diag.h"
#include "lang/syntax/ast.h"

/* A whole file of attributes and blocks. */
const struct body *parse_file(struct arena *arena, const struct src *src, struct diags *diags);
/* One expression, all of the text (`infra console`, -var values, for type constraints). */
const struct expr *parse_expr(struct arena *arena, const struct src *src, struct diags *diags);
/* A template, all of the text (templatefile, templatestring); an EXPR_TEMPLATE or EXPR_LITERAL. */
const struct expr *parse_template(struct arena *arena, const struct src *src, struct diags *diags);

/*
 * The chain of a reference, outermost first: aws_instance.web[0].id is root "aws_instance" and the
 * steps .web [0] .id. False when the expression is no plain chain that starts with a name.
 * Index keys are expressions (`key`), attributes names (`name`); legacy .0 is an index with a literal.
 */
struct ref_step {
	const char *name;         /* attribute, or NULL */
	const struct expr *key;   /* index, or NULL */
	struct src_range range;
};
struct ref {
	const char *root;
	struct src_range root_range;
	struct ref_step *steps;
	size_t count;
	struct src_range range;
};
bool expr_as_ref(struct arena *arena, const struct expr *expr, struct ref *out);

/*
 * Every reference inside an expression, each as the longest chain; names bound by `for` (also in
 * templates) are left out, index keys are walked too.
 */
typedef void (*expr_ref_fn)(void *ctx, const struct ref *ref);
void expr_walk_refs(const struct expr *expr, expr_ref_fn fn, void *ctx);
void body_walk_refs(const struct body *body, expr_ref_fn fn, void *ctx);
/* Every function called. */
typedef void (*expr_call_fn)(void *ctx, const struct expr *call);
void expr_walk_calls(const struct expr *expr, expr_call_fn fn, void *ctx);
