/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made and carried out: what plan, apply, destroy, refresh and import share. */
#pragma once

#include "cmd/infra/session.h"
#include "plans/render.h"
#include "plans/render_json.h"

struct run {
	struct session s;
	const struct plan *plan; /* once there is one */
	struct tally tally;
	const char *operation; /* "apply": for the lock and the history */
};

/* For session_new_engine(): shows progress and counts what is done; ctx is the run. */
void run_event(void *ctx, const struct engine_event *event);
/* Says that the run is a rehearsal, where it is one; false with a diagnostic where the sandbox does not run. */
bool run_begin(struct run *run);
/* Configuration, variables, state, engine and the plan itself (perhaps errored); NULL after diagnostics. */
struct plan *run_prepare(struct run *run);
/* As text or as messages, by -json. */
void run_show_plan(struct run *run, const struct plan *plan);
/* Carries a plan out and says what came of it; the exit code. */
int run_apply(struct run *run, const struct plan *plan);
void run_release(struct run *run);
