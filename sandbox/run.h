/* SPDX-License-Identifier: Apache-2.0 */
/* One operation at work: its steps, the names they see, and how it failed. */
#pragma once

#include "lang/eval/eval.h"
#include "sandbox/service.h"
#include "sandbox/store.h"

struct world;

struct failure { /* an AWS error */
	const char *code; /* NULL: none */
	const char *message;
	unsigned status;            /* HTTP; 0: the models' own */
	const struct value *fields; /* members of the error; or NULL */
};

struct run {
	struct world *world;
	struct arena *arena;
	const char *region;
	const struct service *service;
	const struct operation *operation; /* NULL for what the world does by itself */
	const struct value *in;            /* parameters; or NULL */
	const struct value *caller;        /* whose keys the request was signed with: a session; NULL: the account's own */
	const struct value *self, *args;   /* of a procedure or a view; or NULL */
	struct map names;                  /* bound by steps */
	struct failure *failure;
	/* What `list` leaves for the answer. */
	const struct value *found;
	const char *next_page;
	unsigned depth;
};

/* Runs steps until one fails. */
bool run_steps(struct run *run, const struct body *body);
/* The operation's whole: its steps, then its answer (NULL after a failure). */
const struct value *run_operation(struct run *run);
/* A procedure, with `self` and `args` (either may be NULL). */
bool run_procedure(const struct run *caller, const char *name, const struct value *self, const struct value *args);

void run_fail(struct run *run, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Evaluates; a mistake in the file is an internal error of the operation. NULL expressions give null. */
const struct value *run_eval(struct run *run, const struct expr *expr);
/* With `self` being something else. */
const struct value *run_eval_of(const struct run *run, const struct expr *expr, const struct value *self);
/* An object as answers show it. */
const struct value *run_view(const struct run *run, const struct kind *kind, const struct value *object);
/* The object of an id, or a failure in the kind's words. */
const struct object *run_need(struct run *run, const struct kind *kind, const char *id);
/* Where a kind's objects live for this run. */
const char *run_region(const struct run *run, const struct kind *kind);

/* The step "list": into run->found and run->next_page. sandbox/list.c */
bool run_list(struct run *run, const struct block *block);
/* Of an answer that was computed whole, the page that the request asks for; run->next_page names the rest. */
const struct value *run_page(struct run *run, const struct value *answer);
/* A member of an answer at a path of names with dots between them: the answer with it. */
const struct value *value_put_path(struct arena *arena, const struct value *object, const char *path, const struct value *item);

/* What the shape has of the value, at any depth. */
const struct value *value_fit(struct arena *arena, const struct aws_shape *shape, const struct value *value);
/* The object with members of another; those that are null are taken away. */
const struct value *value_with(struct arena *arena, const struct value *object, const struct value *more);
/* Whether text fits a pattern of * and ?, and \ before either. */
bool text_like(const char *pattern, const char *text);

/* The functions that service files can call beside the language's own. sandbox/words.c */
extern const struct function sandbox_functions[];
/* "vpc-" and 17 random hexadecimal digits. */
const char *new_id(struct arena *arena, const char *prefix);
