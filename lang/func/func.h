/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language's functions: one table row each, one file a family. The caller (eval) has checked
 * the number of arguments, converted them to the parameters' types, and dealt with unknown, null
 * and marked arguments as the row's flags say, so that a function sees plain values.
 */
#pragma once

#include "base/diag.h"
#include "lang/value/value.h"

struct eval;
struct expr;

enum param_flags {
	PARAM_NULL = 1u << 0,     /* may be null */
	PARAM_UNKNOWN = 1u << 1,  /* the function deals with (deeply) unknown values itself */
	PARAM_DEEP = 1u << 2,     /* known itself; members may be unknown */
	PARAM_MARKS = 1u << 3,    /* the function deals with marks itself */
};

struct param {
	const char *name;
	const struct type *type; /* a constraint; &type_any takes anything */
	unsigned flags;
};

struct call {
	struct eval *eval; /* arena, diags, base_dir, sources, clock */
	const struct function *function;
	const struct value *const *args;
	size_t count;
	unsigned marks;                    /* taken off the arguments; errors show no values where one was sensitive */
	struct src_range range;            /* of the whole call */
	struct src_range name_range;       /* of its name: what is underlined */
	const struct src_range *arg_ranges;
};

struct function {
	const char *name;
	const struct param *params; /* ends with a row without a name */
	const struct param *rest;   /* variadic: what further arguments must be; or NULL */
	/*
	 * The result's type where some argument is unknown; NULL: any. May look at call->args, and may
	 * report with call_error() what is wrong whatever the values will be; what it returns is of no
	 * importance then.
	 */
	const struct type *(*result_type)(const struct call *call);
	const struct value *(*run)(const struct call *call); /* NULL after call_error() */
	bool impure;   /* not computed while planning */
	bool nullable; /* the result may be null; an unknown result of the others is known not to be */
	/* Special forms (try, can, templatefile, ...) get unevaluated arguments instead. */
	const struct value *(*special)(struct eval *eval, const struct expr *call);
};

/* A function written in the language itself, as type files have them. */
struct user_function {
	const char *name;
	const char *const *params;
	size_t param_count;
	const struct expr *result;
};

/* What can be called; sets are chained: one of its own in front of `next`. */
struct function_set {
	const struct function *table; /* rows; ends with a row without a name; may be NULL */
	const struct user_function *(*find_user)(void *ctx, const char *name); /* may be NULL */
	void *ctx;
	const struct function_set *next; /* NULL: then the language's own */
};

/*
 * The error that a function reports: "Invalid function argument", pointing at argument `arg`, or
 * with -1 "Error in function call", pointing at the call. The text is the reason alone, without a
 * full stop. Returns NULL.
 */
const struct value *call_error(const struct call *call, int arg, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One of the language's own by name ("core::" is taken off), or NULL. */
const struct function *function_find(const char *name);
/* All of them, sorted by name, for messages and documents. */
const struct function *const *function_list(size_t *count);
