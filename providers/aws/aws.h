/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS provider at work: what its files share. */
#pragma once

#include "aws/call.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/vec.h"
#include "providers/aws/bind.h"

struct read_queue;

struct provider {
	struct provider_context context;
	struct aws_config *config;
	struct http *http;
	struct aws_identity *identity;
	struct aws *aws;
	struct aws_place place;
	struct arena *arena;
	const char *cloud;
	bool configured_endpoint; /* not AWS's own */
	uint64_t patience_ms;     /* how late what was made may show before it is believed not to be there */
	const struct value *default_tags; /* a map, never NULL */
	const struct value *ignored_tags, *ignored_prefixes;
	const struct value *allowed_accounts, *forbidden_accounts;
	bool skip_account;
	struct src_range range;
	struct map queues; /* type's name -> struct read_queue */
	struct map serial; /* key -> struct serial: operations that exclude each other */
	VEC(const char *) made; /* ids of this run: not found ones among them may still appear */
	uint64_t seed;
};

/* ---- providers/aws/read.c ---- */

/* What reading found of one object; values live until the callback returns. */
struct found {
	enum read_outcome outcome;
	const struct value *object; /* NULL: gone */
	const struct value *const *parts; /* by index; NULL: not read */
	uint64_t parts_read;
	const struct value *tags; /* raw, as AWS lists them; NULL: the type has none */
	struct arena *arena;      /* of the values: what is made of them may live there, too */
};
struct reading;
typedef void (*reading_fn)(void *ctx, const struct found *found);

struct reading {
	const struct aws_type *type;
	const char *id;
	const struct value *self; /* the state's or planned value */
	uint64_t parts;           /* wanted */
	bool find;                /* the id is not known: the one that fits the type's `settle = find(...)` */
	bool confirm;             /* absent from a list: ask once more alone */
	bool even_gone;           /* an object that its type calls gone is wanted all the same */
	bool quiet;               /* failures are not told */
	const char *address;
	struct src_range range;
	struct diags *diags;
	reading_fn fn;
	void *ctx;
	/* the batch's */
	const struct value *object;
	const struct value **part_values;
	const struct value *tags;
	uint64_t parts_read;
	bool failed, asked_alone;
	const char *key;
	struct read_queue *queue;
};

/* Reads many at once; calls each one's fn, then `end` (may be NULL). The readings must live until their fn was called. */
void read_batch(struct provider *provider, const struct aws_type *type, struct reading *const *readings, size_t count,
		read_end_fn end, void *ctx);
/* Waits a little for others of the type, so that one request serves all. */
void read_soon(struct provider *provider, struct reading *reading);
void read_cancel(struct reading *reading);
/* Frees what waits in queues. */
void read_close(struct provider *provider);

/* ---- providers/aws/found.c ---- */
/* Which parts the looked-at attributes want; and those that are written in `self`. */
uint64_t wanted_parts(const struct aws_type *type, const char *const *looked_at, size_t count, bool all, const struct value *self);
/* The surface value of what was found. `marked` (may be NULL): whether it carries the intent tag. */
const struct value *found_value(struct provider *provider, const struct aws_type *type, const struct found *found, const char *id,
				const struct value *before, bool *marked, const char *token, struct diags *diags);

/* ---- providers/aws/read_answer.c ---- */
/* Whether a code (and text) is in a list; "*" stands for anything. */
const struct code_rule *code_match(const struct code_rules *rules, const char *code, const char *message);

/* ---- providers/aws/data.c ---- */
struct op *data_source_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
		      struct diags *diags);

/* ---- providers/aws/validate.c ---- */
void provider_validate(const struct resource_type *type, const struct value *config, const struct body *body, struct diags *diags);

/* ---- providers/aws/op.c ---- */
struct op *op_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
		    struct diags *diags);
const char *op_describe(const struct op *op);

/* ---- providers/aws/unmark.c ---- */
void provider_unmark(struct provider *provider, const struct mark *marks, size_t count, unmark_fn fn, read_end_fn end, void *ctx);

/* ---- providers/aws/adjust.c ---- */
void provider_adjust(struct provider *provider, const struct resource_type *type, struct arena *arena,
		     const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags);

#define INTENT_TAG "infra:intent"
