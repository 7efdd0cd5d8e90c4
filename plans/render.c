/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/render.h"

#include "base/buf.h"
#include "plans/diff.h"
#include "plans/engine.h"

#include <string.h>

static const char *sign(enum plan_action action)
{
	static const char *const signs[] = {
		[PLAN_NOOP] = "   ", [PLAN_CREATE] = "  +", [PLAN_READ] = " <=", [PLAN_UPDATE] = "  ~", [PLAN_DELETE] = "  -",
		[PLAN_DELETE_THEN_CREATE] = "-/+", [PLAN_CREATE_THEN_DELETE] = "+/-", [PLAN_FORGET] = "  .",
	};
	return signs[action];
}

void render_counts(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	(void)options;
	struct plan_counts counts = plan_count(plan);
	buf_adds(out, "Plan: ");
	if (counts.import)
		buf_addf(out, "%zu to import, ", counts.import);
	buf_addf(out, "%zu to add, %zu to change, %zu to destroy.\n", counts.add, counts.change, counts.destroy);
}

void render_plan(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		if (change->action != PLAN_NOOP)
			buf_addf(out, "%s %s\n", sign(change->action), change->address);
	}
	if (plan_is_empty(plan))
		buf_adds(out, "No changes. Your infrastructure matches the configuration.\n");
	else
		render_counts(plan, options, out);
}

void render_applied(const struct plan *plan, bool done, const struct render_options *options, struct buf *out)
{
	(void)options;
	struct plan_counts counts = plan_count(plan);
	if (done)
		buf_addf(out, "\nApply complete! Resources: %zu added, %zu changed, %zu destroyed.\n", counts.add, counts.change,
			 counts.destroy);
}

void render_outputs(const struct state *state, const struct render_options *options, struct buf *out)
{
	(void)options;
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		buf_addf(out, "%s = ", output->name);
		value_print(output->value, out);
		buf_addc(out, '\n');
	}
}

void render_event(const struct engine_event *event, const struct render_options *options, struct buf *out)
{
	(void)options;
	if (event->kind == EVENT_FINISHED)
		buf_addf(out, "%s: %s done after %us\n", event->address, plan_action_name(event->action), event->seconds);
}
