/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and states as people read them. Pure: they print into buffers. */
#pragma once

#include "base/map.h"
#include "plans/plan.h"
#include "state/state.h"

struct buf;
struct engine_event;
struct schema;

/* What an apply has done so far, gathered from its events. */
struct tally {
	size_t imported, added, changed, destroyed;
	struct map done, failed, started; /* operations: see tally_event() */
};

struct render_options {
	bool color;
	unsigned width; /* where sentences are broken; 0: 78 */
	/* Called from time to time while something long is printed, to empty the buffer; may be NULL. */
	void (*flush)(void *ctx, struct buf *out);
	void *ctx;
};

/*
 * The plan in Terraform's text form: the clouds it was made in, drift that matters, each change with
 * its reason, the counts, and outputs.
 */
void render_plan(const struct plan *plan, const struct render_options *options, struct buf *out);
/* One line: "Plan: 1 to add, 2 to change, 3 to destroy." */
void render_counts(const struct plan *plan, const struct render_options *options, struct buf *out);
/* Takes an event of an apply into account. */
void tally_event(struct tally *tally, struct arena *arena, const struct plan *plan, const struct engine_event *event);
void tally_release(struct tally *tally);
/* After an apply: "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.", or what was done and what not, and how to go on. */
void render_applied(const struct plan *plan, const struct tally *tally, bool done, const char *go_on, const struct render_options *options,
		    struct buf *out);
/* The same in a few words, for the state's history: "1 added, 0 changed, 0 destroyed". */
void render_tally(const struct tally *tally, struct buf *out);
/* Outputs as `infra output` and the end of an apply print them. */
void render_outputs(const struct state *state, const struct render_options *options, struct buf *out);
/* One value as an output's: sensitive ones hidden. */
void render_output(const struct value *value, const struct render_options *options, struct buf *out);
/* An object of the state as `infra state show` prints it. */
void render_object(const struct object *object, const struct schema *schema, const struct render_options *options, struct buf *out);
/* All of it, as `infra show` does. */
typedef const struct schema *(*render_schema_fn)(void *ctx, const struct object *object);
void render_state(const struct state *state, render_schema_fn schema_of, void *ctx, const struct render_options *options,
		  struct buf *out);
/* One line of progress, as an apply prints it; nothing for events that people need not see. */
void render_event(const struct engine_event *event, const struct render_options *options, struct buf *out);
/* A sentence broken at the options' width, with a newline behind it. */
void render_text(const char *text, const struct render_options *options, struct buf *out);
/* A line across. */
void render_rule(const struct render_options *options, struct buf *out);
