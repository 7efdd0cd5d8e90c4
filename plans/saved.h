/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved plans: one file that holds the plan and all that is needed to carry it out or to show it:
 * the texts of the plan files, the variables, and what was there.
 *
 * A plan that holds anything sensitive is sealed as a whole, under the state's key; others can be
 * shown anywhere. Files that functions read (file(), templatefile()) are not in it: applying
 * evaluates them again, and stops where that gives another value than the plan showed.
 */
#pragma once

#include "plans/config/config.h"
#include "plans/plan.h"

struct state;

/* Mode 0600, written whole or not at all. False after a diagnostic. */
bool saved_plan_write(const char *path, const struct plan *plan, const struct config *config, struct state *state, struct diags *diags);

struct saved_plan {
	struct plan *plan;
	struct config_file *files;
	size_t file_count;
	struct config_reader reader; /* gives these files; for config_load() */
	struct map inputs;           /* name -> struct value, for the engine; release with map_release() */
	const char *dir;             /* of the root module */
};

/* Whether a file begins like a saved plan. */
bool saved_plan_is(const char *path);
/* The state is needed where the plan is sealed. NULL after a diagnostic. */
struct saved_plan *saved_plan_read(struct arena *arena, const char *path, struct state *state, struct diags *diags);
