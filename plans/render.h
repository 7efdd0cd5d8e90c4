/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and states as people and programs read them. Pure: they print into buffers. */
#pragma once

#include "plans/plan.h"
#include "state/state.h"

struct buf;
struct engine_event;

struct render_options {
	bool color;
	unsigned width;
};

/*
 * The plan in Terraform's text form: the clouds it was made in, drift that matters, each change with
 * its reason, outputs, and the closing counts.
 */
void render_plan(const struct plan *plan, const struct render_options *options, struct buf *out);
/* One line: "Plan: 1 to add, 2 to change, 3 to destroy." */
void render_counts(const struct plan *plan, const struct render_options *options, struct buf *out);
/* After an apply: "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." or what to do after a failed one. */
void render_applied(const struct plan *plan, bool done, const struct render_options *options, struct buf *out);
/* Outputs as `infra output` and the end of an apply print them. */
void render_outputs(const struct state *state, const struct render_options *options, struct buf *out);
/* One line of progress, as an apply prints it; nothing for events that people need not see. */
void render_event(const struct engine_event *event, const struct render_options *options, struct buf *out);
