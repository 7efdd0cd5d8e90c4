/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading objects in sets: the objects; once more alone what is missing; then the parts that AWS keeps
 * behind other calls, for those who want them; and tags.
 */
#include "providers/aws/read_internal.h"

#include <stdlib.h>

enum { MOST_PARTS = 64 }; /* of a type, those of its single form included */

/* Mistakes in a type file's expressions are told once, where they are met. */
static void tell_mistakes(struct batch *batch)
{
	for (size_t i = 0; i < batch->scratch_diags.count; i++) {
		const struct diag *diag = &batch->scratch_diags.items[i];
		if (diag->severity == DIAG_ERROR && batch->count && batch->items[0]->diags)
			diag_error(batch->items[0]->diags, SRC_NOWHERE, "Mistake in a type file", "Reading %s: %s", batch->type->base.name,
				   diag->detail ? diag->detail : diag->summary);
	}
	diags_clear(&batch->scratch_diags);
}

/* ---- phases ---- */

static void confirm_missing(struct batch *batch)
{
	struct reading **missing = arena_array_of(batch->arena, batch->count, struct reading *);
	size_t n = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object && !reading->failed && reading->confirm && !reading->asked_alone && batch->count > 1) {
			reading->asked_alone = true;
			missing[n++] = reading;
		}
	}
	for (size_t i = 0; i < n; i++)
		ask_main(batch, &missing[i], 1);
}

static void drop_gone(struct batch *batch)
{
	const struct expr *gone = batch->type->read.gone;
	for (size_t i = 0; i < batch->count && gone; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object || reading->even_gone)
			continue;
		struct env env;
		batch_env(batch, &env, reading);
		if (env_true(&env, gone))
			reading->object = NULL;
	}
}

static void deliver(struct batch *batch)
{
	tell_mistakes(batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = batch->items[i];
		struct found found = {
			.outcome = reading->failed ? READ_FAILED : reading->object ? READ_FOUND : READ_GONE,
			.object = reading->object,
			.parts = reading->part_values,
			.parts_read = reading->parts_read,
			.tags = reading->tags,
			.arena = batch->arena,
		};
		if (reading->fn) /* not cancelled */
			reading->fn(reading->ctx, &found);
	}
	if (batch->end)
		batch->end(batch->ctx);
	diags_release(&batch->scratch_diags);
	struct arena *arena = batch->arena;
	arena_free(arena);
}

static void next_phase(struct batch *batch)
{
	for (;;) {
		batch->pending = 1;
		switch (batch->phase) {
		case PHASE_MAIN:
			batch->phase = PHASE_CONFIRM;
			confirm_missing(batch);
			break;
		case PHASE_CONFIRM:
			drop_gone(batch);
			batch->phase = PHASE_PARTS;
			break;
		case PHASE_PARTS:
			/* the single form's own parts come first: they complete the object */
			for (size_t i = 0; batch->plan != &batch->type->read && i < batch->plan->part_count; i++)
				ask_part(batch, &batch->plan->parts[i], batch->type->read.part_count + i);
			for (size_t i = 0; i < batch->type->read.part_count; i++)
				ask_part(batch, &batch->type->read.parts[i], i);
			batch->phase = PHASE_TAGS;
			break;
		case PHASE_TAGS:
			ask_tags(batch);
			batch->phase = PHASE_DONE;
			break;
		case PHASE_DONE:
			deliver(batch);
			return;
		}
		if (--batch->pending)
			return; /* the calls' answers go on */
	}
}

void batch_call_ended(struct batch *batch)
{
	if (--batch->pending == 0)
		next_phase(batch);
}

void read_batch(struct provider *provider, const struct aws_type *type, struct reading *const *readings, size_t count,
		read_end_fn end, void *ctx)
{
	if (!count) {
		if (end)
			end(ctx);
		return;
	}
	struct arena *arena = arena_new();
	struct batch *batch = arena_new_of(arena, struct batch);
	*batch = (struct batch){
		.provider = provider,
		.type = type,
		.plan = type->read.one && count <= type->read.few ? type->read.one : &type->read,
		.arena = arena,
		.items = arena_memdup(arena, readings, count * sizeof(struct reading *)),
		.count = count,
		.end = end,
		.ctx = ctx,
	};
	diags_init(&batch->scratch_diags);
	for (size_t i = 0; i < count; i++) {
		struct reading *reading = batch->items[i];
		reading->object = NULL;
		reading->tags = NULL;
		/* a list tells at once what single reads ask for in parts */
		reading->parts_read = 0;
		for (size_t k = 0; batch->plan == &type->read && type->read.one && k < type->read.one->part_count; k++)
			reading->parts_read |= (uint64_t)1 << (type->read.part_count + k);
		reading->failed = reading->asked_alone = false;
		reading->part_values = arena_array_of(arena, MOST_PARTS, const struct value *);
	}
	batch->pending = 1;
	ask_main(batch, batch->items, count);
	batch_call_ended(batch);
}

/* ---- shared single reads ---- */

struct read_queue {
	struct provider *provider;
	const struct aws_type *type;
	VEC(struct reading *) waiting;
	loop_timer_id timer;
};

enum { GATHER_MS = 15 };

static void flush_queue(void *ctx)
{
	struct read_queue *queue = ctx;
	queue->timer = 0;
	size_t count = queue->waiting.count;
	struct reading **items = queue->waiting.items;
	queue->waiting.items = NULL;
	queue->waiting.count = queue->waiting.cap = 0;
	for (size_t i = 0; i < count; i++)
		items[i]->queue = NULL;
	read_batch(queue->provider, queue->type, items, count, NULL, NULL);
	free(items);
}

void read_soon(struct provider *provider, struct reading *reading)
{
	struct read_queue *queue = map_find(&provider->queues, reading->type->base.name);
	if (!queue) {
		queue = xcalloc(1, sizeof(*queue));
		queue->provider = provider;
		queue->type = reading->type;
		map_put(&provider->queues, reading->type->base.name, queue);
	}
	reading->queue = queue;
	vec_add(&queue->waiting, reading);
	if (!queue->timer)
		queue->timer = loop_timer(provider->context.loop, GATHER_MS, flush_queue, queue);
}

void read_cancel(struct reading *reading)
{
	reading->fn = NULL;
	struct read_queue *queue = reading->queue;
	for (size_t i = 0; queue && i < queue->waiting.count; i++) {
		if (queue->waiting.items[i] == reading) {
			queue->waiting.items[i] = vec_pop(&queue->waiting);
			break;
		}
	}
}

void read_close(struct provider *provider)
{
	for (struct map_entry *e = map_first(&provider->queues); e; e = map_next(&provider->queues, e)) {
		struct read_queue *queue = e->value;
		loop_timer_cancel(provider->context.loop, queue->timer);
		vec_free(&queue->waiting);
		free(queue);
	}
	map_release(&provider->queues);
}
