/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/plan.h"

#include "plans/diff.h"

#include <string.h>

struct plan_counts plan_count(const struct plan *plan)
{
	struct plan_counts counts = {0};
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		counts.import += change->importing;
		switch (change->action) {
		case PLAN_NOOP:
			counts.noop += !change->parts.data;
			break;
		case PLAN_CREATE:
			counts.add++;
			break;
		case PLAN_READ:
			counts.read++;
			break;
		case PLAN_UPDATE:
			counts.change++;
			break;
		case PLAN_DELETE:
			counts.destroy++;
			break;
		case PLAN_DELETE_THEN_CREATE:
		case PLAN_CREATE_THEN_DELETE:
			counts.add++;
			counts.destroy++;
			break;
		case PLAN_FORGET:
			counts.forget++;
			break;
		}
	}
	return counts;
}

bool plan_has_resource_changes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		if (change->action != PLAN_NOOP || change->importing || change->previous_address)
			return true;
	}
	return false;
}

bool plan_is_empty(const struct plan *plan)
{
	if (plan_has_resource_changes(plan))
		return false;
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct output_change *o = &plan->outputs[i];
		if (!o->before != !o->after || (o->before && !diff_same(o->before, o->after)))
			return false;
	}
	return true;
}

bool plan_can_apply(const struct plan *plan)
{
	return !plan->errored && (!plan_is_empty(plan) || (plan->mode == PLAN_REFRESH_ONLY && plan->drift_count));
}

const char *plan_action_name(enum plan_action action)
{
	static const char *const names[] = {
		[PLAN_NOOP] = "no-op",
		[PLAN_CREATE] = "create",
		[PLAN_READ] = "read",
		[PLAN_UPDATE] = "update",
		[PLAN_DELETE] = "delete",
		[PLAN_DELETE_THEN_CREATE] = "replace",
		[PLAN_CREATE_THEN_DELETE] = "replace",
		[PLAN_FORGET] = "forget",
	};
	return names[action];
}

const struct change *plan_find_change(const struct plan *plan, const char *address, const char *deposed)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		if (!strcmp(change->address, address) && !strcmp(change->deposed, deposed))
			return change;
	}
	return NULL;
}
