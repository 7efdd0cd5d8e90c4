/* SPDX-License-Identifier: Apache-2.0 */
/* What applying's two files share: apply.c orders the work, apply_task.c does one piece of it. */
#pragma once

#include "base/loop.h"
#include "plans/engine_internal.h"

struct task;

/* A node's work: its tasks, and whether one failed. */
struct work {
	struct apply *apply;
	uint32_t node; /* of the walk */
	size_t pending;
	bool failed;
};

struct apply {
	struct engine *engine;
	const struct plan *plan;
	struct walk *walk;
	struct arena *scratch;
	struct map changes; /* address of a current object -> struct change */
	struct map deposed; /* address -> the key that its old object got in this run */
	const uint8_t *for_providers; /* a bit for each node that a provider block needs */
	VEC(struct task *) queue;
	size_t next_queued;
	size_t running;
	size_t done, total; /* operations */
	bool pumping;
	bool failed;
	VEC(struct task *) active; /* running ones, for heartbeats */
	loop_timer_id heartbeat;
};

/* What is to be done with one object. */
enum task_kind { TASK_CREATE, TASK_UPDATE, TASK_DELETE, TASK_READ };
struct task_options {
	enum task_kind kind;
	const struct change *change;
	const char *deposed; /* delete: which of the address's objects */
	const struct node *node;
	struct module_instance *mi;
	struct expansion *expansion;
	struct instance *instance;
};
/* Queues it; it begins when there is room, and ends its work's share. */
void task_queue(struct apply *apply, struct work *work, const struct task_options *options);
/* Begins what is queued, as far as -parallelism allows. */
void apply_pump(struct apply *apply);
void work_end_one(struct work *work);
/* Turn-end hook: one transaction for all that became ready. */
void apply_commit(void *ctx);
void apply_heartbeat(void *ctx);
/* What is left of updates that were cut short belongs to the object that they were for, and goes with it. */
void apply_drop_updates(struct state *state, const char *address);
