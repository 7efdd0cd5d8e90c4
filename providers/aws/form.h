/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an expression of a type file can be, followed through AWS's models without evaluating it:
 * how `infra types check` finds names that no answer, request or schema has.
 */
#pragma once

#include "base/vec.h"
#include "providers/aws/type.h"

enum form_kind {
	FORM_ANY,     /* nothing is known of it: everything may be asked */
	FORM_SCALAR,
	FORM_WIRE,    /* a shape of the models: structure, list, map, or an enum */
	FORM_SURFACE, /* an object of the type's schema */
	FORM_SEQ,     /* list, set, tuple */
	FORM_OBJECT,  /* made in an expression, or a map */
};

struct form;
struct form_field {
	const char *name;
	const struct form *form;
};

struct form {
	enum form_kind kind;
	bool one;  /* a list of at most one, which may be used as its member */
	bool open; /* objects: any name may be asked; surfaces: `self`, which has id, arn and tags too */
	union {
		const struct aws_shape *shape;
		struct { /* surface */
			const struct entry *entries;
			size_t entry_count;
		};
		struct { /* object: `element` for what is not among the fields */
			const struct form_field *fields;
			size_t field_count;
		};
	};
	const struct form *element; /* of sequences, maps */
};

extern const struct form form_any, form_scalar;

/* A name in scope, inner ones first. */
struct form_name {
	const struct form_name *outer;
	const char *name;
	const struct form *form;
};

struct form_counts {
	unsigned calls, answer_paths, request_members, required, values, schema_paths, bound;
};

struct form_check {
	struct arena *arena;
	struct diags *diags;
	const struct aws_type *type;
	const char *where; /* "create RunInstances": for messages */
	const struct expr *busy[32]; /* lets and functions being followed */
	size_t busy_count;
	VEC(const struct aws_operation *) called;
	struct form_counts counts;
};

void form_error(struct form_check *check, struct src_range range, const char *fmt, ...) PRINTF_LIKE(3, 4);

const struct form *form_of_shape(struct form_check *check, const struct aws_shape *shape); /* NULL: an empty object */
const struct form *form_of_entry(struct form_check *check, const struct entry *entry);
const struct form *form_seq(struct form_check *check, const struct form *element);
/* A member of something that has some; form_any after an error. */
const struct form *form_element(struct form_check *check, const struct form *of, struct src_range range);

/* NULL expressions are form_any. */
const struct form *form_infer(struct form_check *check, const struct expr *e, const struct form_name *names);
/* An expression that stands for a place in a request, walked together with that place's shape. */
void form_send(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names);
/* Whether something of this form can be sent as the shape. */
void form_fits(struct form_check *check, const struct form *form, const struct aws_shape *to, struct src_range range);

/* ---- check.c ---- */

/* Holds a whole type against the models; counts are added up. False after diagnostics. */
bool aws_type_check(const struct aws_type *type, struct form_counts *counts, struct diags *diags);
/* That entries have a place in a structure of the wire: to send them, or to read them from. */
void form_bind(struct form_check *check, const struct entry *entries, size_t count, const struct aws_shape *shape, bool to);
