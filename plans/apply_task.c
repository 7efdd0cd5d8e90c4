/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation on one object: the intent is recorded, then (once it is on disk) the provider is
 * asked, then what came of it is recorded.
 */
#include "plans/apply_internal.h"

#include "base/digest.h"

#include <string.h>
#include <time.h>

struct task {
	struct apply *apply;
	struct work *work;
	struct task_options options;
	struct arena *arena;
	struct op_request request;
	const struct value *config;
	int64_t intent;
	char token[33];
	uint64_t started_ms;
	unsigned told_seconds;
	size_t diag_mark;
	struct op *op;
	const char *id;
	size_t slot; /* in apply->active */
	bool sent;   /* the provider was asked */
	bool unfinished; /* an update: the intent's note says what is still to be done */
};

void work_end_one(struct work *work)
{
	if (--work->pending == 0)
		walk_end(work->apply->walk, work->node, !work->failed);
}

static enum plan_action action_of(enum task_kind kind)
{
	static const enum plan_action actions[] = {
		[TASK_CREATE] = PLAN_CREATE, [TASK_UPDATE] = PLAN_UPDATE, [TASK_DELETE] = PLAN_DELETE, [TASK_READ] = PLAN_READ,
	};
	return actions[kind];
}

static void emit(struct task *task, enum engine_event_kind kind, const char *text)
{
	struct apply *apply = task->apply;
	const struct change *change = task->options.change;
	uint64_t now = loop_now_ms(apply->engine->loop);
	engine_emit(apply->engine, &(struct engine_event){
					   .kind = kind,
					   .address = change->address,
					   .deposed = task->options.deposed,
					   .type = change->type,
					   .action = action_of(task->options.kind),
					   .id = task->id,
					   .text = text,
					   .seconds = (unsigned)((now - task->started_ms) / 1000),
					   .count = apply->done,
					   .total = apply->total,
				   });
}

static const char *object_id(const struct value *v)
{
	return v ? value_get_text(v, "id") : NULL;
}

static struct object describe(struct task *task, const struct value *value, bool tainted, const char *mark)
{
	const struct change *change = task->options.change;
	struct provider_run *run = map_find(&task->apply->engine->runs, change->provider);
	return (struct object){
		.address = change->address,
		.parts = change->parts,
		.deposed = "",
		.kind = change->type->kind->name,
		.provider = change->provider,
		.cloud = run && run->provider ? change->type->kind->cloud(run->provider) : NULL,
		.status = tainted ? OBJECT_TAINTED : OBJECT_OK,
		.create_before_destroy = change->create_before_destroy,
		.schema_version = change->type->schema->version,
		.value = value,
		.dependencies = change->dependencies,
		.dependency_count = change->dependency_count,
		.mark = mark,
	};
}

static void task_free(struct task *task)
{
	struct apply *apply = task->apply;
	struct task *last = vec_pop(&apply->active);
	if (last != task) {
		apply->active.items[task->slot] = last;
		last->slot = task->slot;
	}
	arena_free(task->arena);
	free(task);
}

/* Gives its address to what was told of it meanwhile; others were at work, too, and their errors are not its own. */
static void claim_diags(struct task *task)
{
	struct diags *diags = task->apply->engine->diags;
	const struct change *change = task->options.change;
	for (size_t i = task->diag_mark; i < diags->count; i++) {
		struct diag *diag = &diags->items[i];
		if (!diag->address && diag->subject.start == change->range.start && diag->subject.end == change->range.end)
			diag->address = arena_strdup(diags->arena, change->address);
	}
}

static void task_end(struct task *task, bool ok)
{
	struct apply *apply = task->apply;
	struct work *work = task->work;
	claim_diags(task);
	if (!ok) {
		work->failed = true;
		apply->failed = true;
	}
	apply->running--;
	task_free(task);
	work_end_one(work);
	apply_pump(apply);
}

static void set_value(struct task *task, const struct value *value)
{
	if (!task->options.instance)
		return;
	task->options.instance->value = value;
	expansion_touch(task->options.expansion);
}

/* ---- what came of it ---- */

void apply_drop_updates(struct state *state, const char *address)
{
	for (size_t i = state_intent_count(state); i-- > 0;) {
		const struct intent *intent = state_intent_at(state, i);
		if (intent->kind == INTENT_UPDATE && !strcmp(intent->address, address))
			state_drop_intent(state, intent->id);
	}
}

static void drop_update_intents(struct task *task)
{
	apply_drop_updates(task->apply->engine->state, task->options.change->address);
}

/* Nothing may stay unknown in what is recorded; a provider that leaves something so has a bug we name. */
static bool is_complete(struct task *task, const struct value *value)
{
	if (!value || value_is_wholly_known(value))
		return true;
	diag_error(task->apply->engine->diags, task->options.change->range, "Provider returned unknown values",
		   "After the operation the provider \"%s\" still calls parts of %s unknown. This is a bug in infra.",
		   task->options.change->type->kind->name, task->options.change->address);
	return false;
}

static bool made(struct task *task, const struct op_result *result)
{
	struct engine *engine = task->apply->engine;
	struct arena *arena = engine->arena;
	const struct schema *schema = task->options.change->type->schema;
	if (!result->value)
		bug("%s: an operation succeeded without a value", task->options.change->address);
	const struct value *value =
		value_copy(arena, diff_copy_marks(task->arena, schema, result->value, task->request.planned));
	const char *mark = result->marked ? arena_strdup(arena, task->token)
			   : task->options.kind == TASK_UPDATE ? task->options.change->mark
							       : NULL;
	if (!is_complete(task, value))
		return false;
	struct object object = describe(task, value, result->tainted, mark);
	state_put_object(engine->state, &object);
	if (task->options.kind == TASK_CREATE)
		drop_update_intents(task);
	if (task->intent)
		state_drop_intent(engine->state, task->intent);
	set_value(task, value);
	return resource_postconditions(engine, task->options.node, task->options.mi, task->options.instance, value, task->arena,
				       engine->diags);
}

/* A failed operation may still have left something: what stands there is recorded, so that nothing is lost. */
static void failed(struct task *task, const struct op_result *result)
{
	struct engine *engine = task->apply->engine;
	const struct change *change = task->options.change;
	bool creating = task->options.kind == TASK_CREATE;
	if (result->outcome == OP_UNDECIDED)
		return; /* the intent stays: the next run finds out */
	if (result->value && task->options.kind != TASK_DELETE) {
		const struct value *value =
			value_copy(engine->arena, diff_copy_marks(task->arena, change->type->schema, result->value, task->request.planned));
		const char *mark = result->marked ? task->token : task->options.kind == TASK_UPDATE ? change->mark : NULL;
		if (!is_complete(task, value))
			return; /* the intent stays: the next run looks again */
		struct object object = describe(task, value, result->tainted, mark);
		state_put_object(engine->state, &object);
		if (creating)
			drop_update_intents(task);
	} else if (creating && change->action == PLAN_CREATE_THEN_DELETE && task->options.deposed) {
		/* the new one was not made: the old one is the current one again */
		const struct object *old = state_find_object(engine->state, change->address, task->options.deposed);
		if (old) {
			struct object back = *old;
			back.deposed = "";
			const char *deposed = arena_strdup(engine->arena, task->options.deposed);
			state_put_object(engine->state, &back);
			state_remove_object(engine->state, change->address, deposed);
		}
	}
	if (task->intent && !(task->options.kind == TASK_UPDATE && task->unfinished))
		state_drop_intent(engine->state, task->intent);
}

static void on_done(void *ctx, const struct op_result *result)
{
	struct task *task = ctx;
	struct apply *apply = task->apply;
	struct engine *engine = apply->engine;
	bool ok = result->outcome == OP_OK;
	size_t first = engine->diags->count;
	if (ok) {
		switch (task->options.kind) {
		case TASK_CREATE:
		case TASK_UPDATE:
			ok = made(task, result);
			task->id = object_id(result->value);
			break;
		case TASK_DELETE:
			state_remove_object(engine->state, task->options.change->address, task->options.deposed);
			if (!*task->options.deposed)
				drop_update_intents(task);
			if (task->intent)
				state_drop_intent(engine->state, task->intent);
			break;
		case TASK_READ: {
			const struct value *value = value_copy(
				engine->arena, diff_copy_marks(task->arena, task->request.type->schema, result->value, task->config));
			set_value(task, value);
			ok = resource_postconditions(engine, task->options.node, task->options.mi, task->options.instance, value, task->arena,
						     engine->diags);
			break;
		}
		}
	} else if (task->options.kind != TASK_READ) {
		failed(task, result);
	} else if (task->options.node->resource->scoped) {
		diags_soften(engine->diags, task->diag_mark, task->options.change->address);
		ok = true;
	}
	diags_set_address(engine->diags, first, task->options.change->address);
	if (task->options.kind != TASK_READ)
		apply->done++;
	emit(task, ok ? EVENT_FINISHED : EVENT_FAILED, NULL);
	task_end(task, ok);
}

static void on_progress(void *ctx, const char *id, const char *note)
{
	struct task *task = ctx;
	if (id)
		task->id = arena_strdup(task->arena, id);
	task->unfinished = note != NULL;
	if (task->intent)
		state_set_intent_progress(task->apply->engine->state, task->intent, id, note);
}

static void send(void *ctx)
{
	static const struct op_events events = {.progress = on_progress, .done = on_done};
	struct task *task = ctx;
	struct engine *engine = task->apply->engine;
	struct provider_run *run = map_find(&engine->runs, task->options.change->provider);
	task->sent = true;
	struct op *op = task->request.type->kind->start(run->provider, &task->request, &events, task, engine->diags);
	if (op) /* else it is over, and the task is gone */
		task->op = op;
}

/* ---- beginning ---- */

/* The configuration again, now that what it refers to is there; it must say what the plan said. */
static bool evaluate(struct task *task)
{
	struct engine *engine = task->apply->engine;
	const struct change *change = task->options.change;
	struct instance_config config = resource_evaluate(engine, task->options.node, task->options.mi, task->options.instance,
							  task->arena, engine->diags);
	if (!config.ok)
		return false;
	task->config = config.config;
	struct provider_run *run = map_find(&engine->runs, change->provider);
	if (task->options.kind == TASK_READ) {
		if (value_is_wholly_known(config.config))
			return true;
		diag_error(engine->diags, change->range, "Configuration is not known",
			   "Parts of the configuration of %s are still unknown, because something that it refers to was left out of this run.",
			   change->address);
		return false;
	}
	bool update = task->options.kind == TASK_UPDATE;
	const struct value *prior = update ? change->prior : NULL;
	struct planned_instance planned =
		resource_plan(engine, task->options.node, run, config.config, prior, update, task->arena, engine->diags);
	struct value_path path = {0};
	if (!value_is_wholly_known(config.config)) {
		diag_error(engine->diags, change->range, "Configuration is not known",
			   "Parts of the configuration of %s are still unknown, because something that it refers to was left out of this run. "
			   "Nothing was done to it.", change->address);
		return false;
	}
	if (!diff_conforms(task->arena, change->planned, planned.planned, &path)) {
		AUTO_BUF struct buf where = BUF_INIT;
		value_path_print(&path, &where);
		diag_error(engine->diags, change->range, "The plan does not hold any more",
			   "%s would now get another value for \"%s\" than the plan showed. Nothing was done to it. Plan again, and look at "
			   "the change.", change->address, buf_text(&where));
		return false;
	}
	task->request.planned = planned.planned;
	return true;
}

/* The old object of a create-before-destroy replacement steps aside. */
static void depose(struct task *task)
{
	struct engine *engine = task->apply->engine;
	const struct object *current = state_find_object(engine->state, task->options.change->address, "");
	if (!current)
		return;
	struct object old = *current;
	old.deposed = task->options.deposed;
	state_put_object(engine->state, &old);
	state_remove_object(engine->state, task->options.change->address, "");
}

static void record_intent(struct task *task)
{
	static const enum intent_kind kinds[] = {
		[TASK_CREATE] = INTENT_CREATE, [TASK_UPDATE] = INTENT_UPDATE, [TASK_DELETE] = INTENT_DELETE};
	struct engine *engine = task->apply->engine;
	struct object object = describe(task, NULL, false, NULL);
	struct intent intent = {
		.kind = kinds[task->options.kind],
		.address = task->options.change->address,
		.deposed = task->options.kind == TASK_DELETE ? task->options.deposed : "",
		.type = task->options.change->type->name,
		.provider_kind = object.kind,
		.provider = object.provider,
		.cloud = object.cloud,
		.token = task->token,
		.planned = task->request.planned,
		.prior = task->request.prior,
		.note = task->request.note,
		.dependencies = object.dependencies,
		.dependency_count = object.dependency_count,
		.create_before_destroy = object.create_before_destroy,
		.recorded_at = time(NULL),
	};
	task->intent = state_put_intent(engine->state, &intent);
}

static void begin(struct task *task)
{
	struct apply *apply = task->apply;
	struct engine *engine = apply->engine;
	const struct change *change = task->options.change;
	apply->running++;
	task->started_ms = loop_now_ms(engine->loop);
	task->diag_mark = engine->diags->count;
	task->arena = arena_new();
	task->slot = apply->active.count;
	vec_add(&apply->active, task);
	task->request = (struct op_request){
		.type = change->type,
		.address = change->address,
		.prior = task->options.kind == TASK_UPDATE || task->options.kind == TASK_DELETE ? change->prior : NULL,
		.token = task->token,
		.range = change->range,
		.looked_at = task->options.node ? task->options.node->looked_at : NULL,
		.looked_at_count = task->options.node ? task->options.node->looked_at_count : 0,
		.look_at_all = task->options.node && task->options.node->look_at_all,
	};
	struct provider_run *run = map_find(&engine->runs, change->provider);
	if (!run || !run->provider) {
		diag_error(engine->diags, change->range, "Provider configuration not present",
			   "The provider \"%s\" of %s could not be used.", change->provider, change->address);
		task_end(task, false);
		return;
	}
	if (task->options.kind != TASK_DELETE && !evaluate(task)) {
		diags_set_address(engine->diags, task->diag_mark, change->address);
		emit(task, EVENT_FAILED, NULL);
		task_end(task, false);
		return;
	}
	task->request.config = task->config;
	static const enum op_kind kinds[] = {
		[TASK_CREATE] = OP_CREATE, [TASK_UPDATE] = OP_UPDATE, [TASK_DELETE] = OP_DELETE, [TASK_READ] = OP_READ_DATA};
	task->request.kind = kinds[task->options.kind];
	if (task->options.kind == TASK_DELETE && *task->options.deposed) {
		const struct object *current = state_find_object(engine->state, change->address, "");
		task->request.successor = current ? current->value : NULL;
	}
	struct working *w = engine_find_object(engine, change->address);
	if (task->options.kind == TASK_UPDATE && w) {
		task->request.note = w->note;
		task->unfinished = w->note != NULL;
		if (w->intent) {
			state_drop_intent(engine->state, w->intent);
			w->intent = 0;
		}
	}
	task->id = task->request.prior ? object_id(task->request.prior) : NULL;
	emit(task, EVENT_STARTED, NULL);
	if (task->options.kind == TASK_CREATE && task->options.deposed)
		depose(task);
	if (task->options.kind == TASK_READ || change->type->no_outside_effect) {
		send(task);
		return;
	}
	uint8_t random[16];
	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(task->token + 2 * i, 3, "%02x", random[i]);
	record_intent(task);
	state_after_commit(engine->state, send, task);
}

void task_queue(struct apply *apply, struct work *work, const struct task_options *options)
{
	struct task *task = xcalloc(1, sizeof(*task));
	*task = (struct task){.apply = apply, .work = work, .options = *options};
	work->pending++;
	vec_add(&apply->queue, task);
	apply_pump(apply);
}

/* The reason why nothing further may begin, or false. */
static bool is_stopped(const struct apply *apply)
{
	return apply->engine->interrupted;
}

void apply_pump(struct apply *apply)
{
	if (apply->pumping)
		return;
	apply->pumping = true;
	unsigned limit = apply->engine->options.parallelism;
	while (apply->next_queued < apply->queue.count && (is_stopped(apply) || !limit || apply->running < limit)) {
		struct task *task = apply->queue.items[apply->next_queued++];
		if (apply->next_queued == apply->queue.count)
			apply->next_queued = apply->queue.count = 0;
		if (is_stopped(apply)) {
			struct work *work = task->work;
			work->failed = true;
			free(task);
			work_end_one(work);
			continue;
		}
		begin(task);
	}
	apply->pumping = false;
}

void apply_commit(void *ctx)
{
	struct apply *apply = ctx;
	struct engine *engine = apply->engine;
	if (!state_has_changes(engine->state))
		return;
	if (state_commit(engine->state, engine->diags))
		return;
	/* What is under way may end, and is tried to be recorded again; what has not left must not leave. */
	engine->interrupted = true;
	apply->failed = true;
	walk_stop(apply->walk);
	state_cancel_after_commit(engine->state);
	for (size_t i = apply->active.count; i-- > 0;) {
		struct task *task = apply->active.items[i];
		if (task->sent)
			continue;
		if (task->intent)
			state_drop_intent(engine->state, task->intent);
		task_end(task, false);
		i = apply->active.count; /* the order has changed */
	}
	apply_pump(apply);
}

void apply_heartbeat(void *ctx)
{
	enum { EVERY_SECONDS = 10 };
	struct apply *apply = ctx;
	struct engine *engine = apply->engine;
	uint64_t now = loop_now_ms(engine->loop);
	for (size_t i = 0; i < apply->active.count; i++) {
		struct task *task = apply->active.items[i];
		unsigned seconds = (unsigned)((now - task->started_ms) / 1000);
		if (seconds < task->told_seconds + EVERY_SECONDS)
			continue;
		task->told_seconds = seconds - seconds % EVERY_SECONDS;
		const struct provider_kind *kind = task->options.change->type->kind;
		emit(task, EVENT_WAITING, task->op && kind->describe ? kind->describe(task->op) : NULL);
	}
	apply->heartbeat = loop_timer(engine->loop, 1000, apply_heartbeat, apply);
}
