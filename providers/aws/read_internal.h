/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading objects in sets: a batch has some readings of one type, and goes through phases (read.c). In each it
 * makes calls for some of the readings (read_ask.c), whose answers find their way back to them (read_answer.c).
 */
#pragma once

#include "providers/aws/aws.h"

struct batch {
	struct provider *provider;
	const struct aws_type *type;
	const struct read_plan *plan; /* the type's, or its single form */
	struct arena *arena;
	struct diags scratch_diags;
	struct reading **items;
	size_t count;
	size_t pending; /* calls under way, and one while a phase is set up */
	enum phase { PHASE_MAIN, PHASE_CONFIRM, PHASE_PARTS, PHASE_TAGS, PHASE_DONE } phase;
	size_t part; /* of PHASE_PARTS */
	bool listed; /* all pages were looked through: what is still missing is asked for by its id */
	read_end_fn end;
	void *ctx;
};

/* One call of a batch, for some of its readings. */
struct batch_call {
	struct batch *batch;
	struct reading **items;
	size_t count;
	const struct part *part; /* NULL: the objects themselves */
	size_t part_index;
	bool tags, alone;
	const struct value *answer; /* the part's, while further calls are made for its members */
	const struct value **answers;
	size_t answer_count, answers_pending;
};

/* ---- providers/aws/read.c ---- */
/* One call less is under way. */
void batch_call_ended(struct batch *batch);

/* ---- providers/aws/read_ask.c: each starts calls ---- */
void ask_main(struct batch *batch, struct reading **items, size_t count);
void ask_part(struct batch *batch, const struct part *part, size_t index);
void ask_tags(struct batch *batch);

/* ---- providers/aws/read_answer.c ---- */
/* The names that the type's expressions may use; without a reading, those that hold for all. */
void batch_env(struct batch *batch, struct env *env, const struct reading *reading);
/*
 * What identifies a reading, and what identifies an object among answers: the values of the
 * members that `match` (or the type's key) names, or one text where `match` is an expression.
 */
const char *reading_key(struct batch *batch, const struct expr *match, struct reading *reading);
const char *object_key(struct batch *batch, const struct expr *match, const struct value *object);
const struct value *answer_objects(struct batch *batch, const struct expr *objects, const struct value *answer,
				   const struct reading *reading);
/* Sends it; the answer becomes what the call's readings found. */
void batch_call_send(struct batch_call *call, const struct aws_operation *op, const struct value *params);
