/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sandbox knows of AWS's services: the files of sandbox/services, read once. A file says which
 * kinds of objects there are, and what each operation does to them as a list of steps; docs/sandbox.md
 * describes the language. Names of operations, parameters and answers are those of AWS's models.
 */
#pragma once

#include "aws/shape.h"
#include "base/map.h"
#include "lang/func/func.h"
#include "lang/syntax/ast.h"

struct buf;

struct kind { /* of objects */
	const char *name;
	const char *prefix;    /* of ids, or NULL: they are given */
	const char *id_member; /* attribute that holds the id, or NULL */
	const char *noun;      /* "vpc ID", for messages */
	const char *absent;    /* error code where an id is not there */
	const char *malformed; /* error code where it cannot be one, or NULL: as absent */
	const struct expr *absent_message; /* over `id`, or NULL */
	const char *tags;      /* resource type of TagSpecifications, or NULL */
	const struct aws_shape *shape; /* of what answers show, or NULL */
	const struct expr *view;       /* over `self`, or NULL: the object as it is */
	const struct body *filters;    /* by name, over `self`; or NULL */
	bool global;                   /* not in a region */
};

struct operation {
	const struct aws_operation *aws;
	const struct body *body;
	struct map parameters; /* those that the steps look at */
	struct map open;       /* those whose values the steps check themselves, not the models */
	struct map parts;      /* of structures: "Placement.Tenancy", where the steps look at some members alone */
	struct map parted;     /* "Placement": of such it is so */
};

struct service {
	const struct aws_service *aws;
	struct map operations; /* name -> struct operation */
	const char *invalid;   /* error code for parameters that cannot be */
	const char *no_page;   /* error code for page tokens that cannot be; or NULL: the usual one */
	bool tokens;           /* idempotency tokens are kept, and answer again */
};

struct library {
	struct arena *arena;
	struct src_set *sources;
	struct map services;   /* by the tables' name ("ec2") */
	struct map kinds;      /* name -> struct kind, of all services */
	struct map procedures; /* name -> struct block */
	struct map functions;  /* name -> struct user_function */
};

/* The files that are part of the program; NULL with the mistakes found in them, one a line. */
struct library *library_new(struct buf *why);
void library_free(struct library *library); /* NULL accepted */

const struct kind *library_kind(const struct library *library, const char *name);
/* Whether an operation of that name changes nothing. */
bool operation_reads(const char *name);
