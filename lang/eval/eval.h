/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From syntax tree to value. Evaluation is pure: it reads names from a scope, never waits, and
 * after an error returns an unknown value, so that callers can go on and report more.
 */
#pragma once

#include "base/diag.h"
#include "lang/syntax/ast.h"

/* One step behind the root of a reference, its index key already evaluated. */
struct lookup_step {
	const char *name;        /* .name, or NULL */
	const struct value *key; /* [key]: a number or string, perhaps unknown or marked; or NULL */
	struct src_range range;
};

struct eval;

/*
 * Gives the value of a reference's root and of as many of its steps as it likes (`*consumed`), so
 * that aws_instance.web[3].id need not build all of aws_instance. Returns NULL when the root is not
 * a name of this scope (the parent is asked then); after reporting an error it returns an unknown.
 */
typedef const struct value *(*lookup_fn)(void *ctx, struct eval *eval, const char *root, struct src_range root_range,
					 const struct lookup_step *steps, size_t count, size_t *consumed);

struct scope {
	const struct scope *parent;
	const char *name; /* a single name bound to `value`, ... */
	const struct value *value;
	lookup_fn lookup; /* ... or a function */
	void *ctx;
	/* For "did you mean": the names that this scope knows; may be NULL. */
	void (*names)(void *ctx, void (*add)(void *add_ctx, const char *name), void *add_ctx);
};

struct function_set;

struct eval {
	struct arena *arena; /* results live here */
	const struct scope *scope;
	struct diags *diags;
	const struct function_set *functions; /* NULL: the language's own */
	const char *base_dir;  /* what file functions' relative paths start from (the working directory when NULL) */
	struct src_set *sources; /* templates read from files are added here */
	int64_t plan_time;     /* plantimestamp(): seconds since 1970; 0: unknown */
	/*
	 * In the language of type files: a missing attribute, an index out of range and anything on null
	 * give null instead of an error; a one-member list may be used as its member; null prints as "",
	 * counts as false in a condition, and iterates as an empty list. A null argument where a function
	 * takes none is an empty collection, and makes the call null where the parameter is a primitive.
	 */
	bool lenient;
	bool pure;      /* timestamp(), uuid(), bcrypt() give unknown, as while planning */
	unsigned depth; /* of recursion, kept by eval_expr() */
	unsigned quiet; /* diagnostics will be thrown away: they need no notes */
	const struct value *splat_item; /* what EXPR_SPLAT_ITEM stands for */
};

const struct value *eval_expr(struct eval *eval, const struct expr *expr);
/* eval_expr(), then value_convert(); the error names `what` ("count"). On failure an unknown of that type. */
const struct value *eval_expr_as(struct eval *eval, const struct expr *expr, const struct type *type, const char *what);
/*
 * Evaluates with its diagnostics going to `diags` instead, for try() and its kin. The value is
 * unknown where `diags` has received an error.
 */
const struct value *eval_expr_apart(struct eval *eval, const struct expr *expr, struct diags *diags);
/*
 * Reports names that no scope knows, and what the scopes' functions say about the others, also where
 * evaluation does not come (the result of a condition that is not taken, the arguments of try).
 */
bool eval_check_refs(struct eval *eval, const struct expr *expr);
/* With one more name in scope. */
const struct value *eval_expr_with(struct eval *eval, const struct expr *expr, const char *name, const struct value *value);
/* v.name and v[key] by the language's rules, with its errors at `range`. */
const struct value *eval_attr(struct eval *eval, const struct value *v, const char *name, struct src_range range);
const struct value *eval_index(struct eval *eval, const struct value *v, const struct value *key, struct src_range range);
const struct value *eval_operator(struct eval *eval, enum expr_op op, const struct value *a, const struct value *b,
				  struct src_range range);

/*
 * Adds an error about `expr` (may be NULL), with notes that say what the names in it stand for:
 * "var.zones is list of string with 2 elements". Sensitive values are not shown.
 */
struct diag *eval_error(struct eval *eval, const struct expr *expr, struct src_range subject, const char *summary,
			const char *detail, ...) PRINTF_LIKE(5, 6);

/* A type constraint as variables write it: list(object({ a = optional(string, "x") })), any, legacy "string". */
const struct type *eval_type(struct eval *eval, const struct expr *expr);
