/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lang/eval share. */
#pragma once

#include "base/buf.h"
#include "lang/eval/eval.h"
#include "lang/syntax/parse.h"
#include "lang/value/convert.h"

/* Nested deeper than this, an expression (or a function calling itself) is refused. */
enum { EVAL_MOST_DEPTH = 1000 };

/* A value that takes more bytes than two to this, when it is written out, is refused: 512 MiB; a text of 64 MiB, as of functions. */
enum { EVAL_MOST_SIZE_CLASS = 29, EVAL_MOST_TEXT_CLASS = 26 };
/* Says so. */
void eval_too_large(struct eval *eval, struct src_range range, unsigned most);

/* Diagnostics added behind a mark can be taken back. */
struct diag_mark {
	size_t count, errors;
};
static inline struct diag_mark diags_mark(const struct diags *diags)
{
	return (struct diag_mark){diags->count, diags->error_count};
}
static inline bool diags_failed_since(const struct diags *diags, struct diag_mark mark)
{
	return diags->error_count > mark.errors;
}
static inline void diags_take_back(struct diags *diags, struct diag_mark mark)
{
	diags->count = mark.count;
	diags->error_count = mark.errors;
}

static inline const struct value *with_marks(struct eval *eval, const struct value *v, unsigned marks)
{
	return marks & ~(unsigned)v->marks ? value_mark(eval->arena, v, marks) : v;
}

/* The one type of TYPE_ANY and state null: `null` as written. */
static inline bool is_bare_null(const struct value *v)
{
	return v->state == VALUE_NULL && v->type->kind == TYPE_ANY;
}

const char *friendly_type(struct eval *eval, const struct type *type);

/* One behind an expression each; all return a value in every case. */
const struct value *eval_chain(struct eval *eval, const struct expr *expr);
const struct value *eval_splat(struct eval *eval, const struct expr *expr);
const struct value *eval_call(struct eval *eval, const struct expr *expr);
const struct value *eval_conditional(struct eval *eval, const struct expr *expr);
const struct value *eval_unary(struct eval *eval, const struct expr *expr);
const struct value *eval_binary(struct eval *eval, const struct expr *expr);
const struct value *eval_for(struct eval *eval, const struct expr *expr);
const struct value *eval_template(struct eval *eval, const struct expr *expr);

/* eval_attr() and eval_index() with the expression that errors are about. */
const struct value *take_attr(struct eval *eval, const struct value *v, const char *name, const struct expr *about,
			      struct src_range range);
const struct value *take_index(struct eval *eval, const struct value *v, const struct value *key,
			       const struct expr *about, struct src_range range);

/*
 * A reference: the first scope that knows the name gives the value, which the rest of the steps are
 * applied to. NULL where no scope knows it.
 */
const struct value *resolve_name(struct eval *eval, const char *root, struct src_range root_range,
				 const struct lookup_step *steps, size_t count, const struct expr *about);

/* What the names in an expression stand for, as notes of a diagnostic about it. */
void note_names(struct eval *eval, struct diag *diag, const struct expr *expr);

/* The steps of a reference in front of the first computed key; `out` has room for all of them. */
size_t literal_steps(const struct ref *ref, struct lookup_step *out);

/* The collection behind `for`: members one by one with their keys. */
struct iteration {
	const struct value *collection; /* known, not null */
	size_t next;
	const struct value *member;
};
/* Checks what is to be iterated; false after an error or when it is not known (*unknown says which). */
bool iteration_start(struct eval *eval, const struct value *collection, const struct expr *expr,
		     const struct expr *about, struct iteration *out, bool *unknown);
bool iteration_step(struct iteration *iteration);
/* The key of the present member: index, map key, attribute name, or the set's member itself. */
const struct value *iteration_key(struct eval *eval, const struct iteration *iteration);
/* The key of member i of an object, a map, a list, a tuple or a set. */
const struct value *member_key(struct arena *arena, const struct value *collection, size_t i);
