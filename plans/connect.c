/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider's way to being ready: its configuration evaluated, its cloud found and compared with
 * the state's, creates that were cut short settled, and all its objects read, many at a time.
 */
#include "plans/apply_internal.h"

#include <string.h>

struct provider_run *engine_provider(const struct engine *engine, const struct provider_config *config)
{
	return map_find(&engine->runs, config->address);
}

void engine_close_providers(struct engine *engine)
{
	for (struct map_entry *e = map_first(&engine->runs); e; e = map_next(&engine->runs, e)) {
		struct provider_run *run = e->value;
		if (run->provider)
			run->config->kind->close(run->provider);
		run->provider = NULL;
		run->ready = false;
	}
}

static void finish(struct provider_run *run)
{
	struct walk *walk = run->walk;
	run->walk = NULL;
	run->ready = !run->failed;
	walk_end(walk, run->node, !run->failed);
}

/* ---- reading what exists ---- */

/* Attributes that no run had asked for before: what is found in them is no drift. */
static const struct value *learned(struct arena *arena, const struct value *recorded, const struct value *found)
{
	if (!(value_marks_deep(recorded) & VALUE_UNREAD) || recorded->type->kind != TYPE_OBJECT || found->type != recorded->type)
		return recorded;
	const struct value **items = arena_array_of(arena, recorded->count, const struct value *);
	for (uint32_t i = 0; i < recorded->count; i++)
		items[i] = recorded->items[i]->marks & VALUE_UNREAD ? found->items[i] : recorded->items[i];
	return value_mark(arena, value_object_of(arena, recorded->type, items), recorded->marks);
}

/* Whether the configuration looks at something of the object that was never read: that is read whatever was asked for. */
static bool is_missed(const struct working *w)
{
	const struct node *node = w->node;
	if (!node || !(value_marks_deep(w->recorded) & VALUE_UNREAD) || *w->object->deposed)
		return false;
	for (size_t i = 0; i < node->looked_at_count; i++) {
		const struct value *v = value_get(w->recorded, node->looked_at[i]);
		if (v && (v->marks & VALUE_UNREAD))
			return true;
	}
	return node->look_at_all;
}

static void one_less(struct provider_run *run)
{
	if (--run->pending == 0)
		finish(run);
}

static void on_read(void *ctx, const struct read_item *item, enum read_outcome outcome, const struct value *value)
{
	struct provider_run *run = ctx;
	struct engine *engine = run->engine;
	struct working *w = item->ctx;
	switch (outcome) {
	case READ_FOUND:
		value = diff_copy_marks(engine->arena, w->type->schema, value, w->recorded);
		/* what did not change stays the same pointer, so that comparing costs nothing later */
		if (!diff_same(w->recorded, value) || value_marks_deep(w->recorded) != value_marks_deep(value))
			w->value = value_copy(engine->arena, value);
		w->recorded = learned(engine->arena, w->recorded, w->value);
		w->refreshed = true;
		break;
	case READ_GONE:
		w->value = NULL;
		w->refreshed = true;
		break;
	case READ_FAILED:
		run->failed = true;
		break;
	}
	engine_emit(engine, &(struct engine_event){.kind = EVENT_REFRESHED,
						   .address = w->address,
						   .type = w->type,
						   .id = w->value ? value_get_text(w->value, "id") : NULL});
}

static void on_read_end(void *ctx)
{
	one_less(ctx);
}

static bool is_of(const struct working *w, const struct provider_run *run)
{
	return w->object && w->type && !w->parts.data && w->recorded && !strcmp(w->object->provider, run->config->address);
}

static int compare_by_type(const void *a, const void *b)
{
	const struct working *x = *(struct working *const *)a, *y = *(struct working *const *)b;
	int by_type = strcmp(x->type->name, y->type->name);
	return by_type ? by_type : strcmp(x->address, y->address);
}

/* Whether this run was told to read the object. */
static bool is_asked_for(const struct engine *engine, const struct working *w)
{
	const struct node *node = w->node;
	if (engine->only_read && node && !bit_is_set(engine->only_read, node->index))
		return false;
	return !engine->selection || (node && selection_has_node(engine->selection, node)) || selection_has_object(engine->selection, w);
}

static void read_objects(struct provider_run *run, bool refresh)
{
	struct engine *engine = run->engine;
	VEC(struct working *) wanted = {0};
	for (size_t i = 0; i < engine->objects.count; i++) {
		struct working *w = engine->objects.items[i];
		if (!is_of(w, run) || w->refreshed)
			continue;
		if ((refresh && is_asked_for(engine, w)) || is_missed(w))
			vec_add(&wanted, w);
	}
	if (wanted.count)
		qsort(wanted.items, wanted.count, sizeof(*wanted.items), compare_by_type);
	run->pending++;
	for (size_t start = 0; start < wanted.count;) {
		const struct resource_type *type = wanted.items[start]->type;
		size_t end = start;
		while (end < wanted.count && wanted.items[end]->type == type)
			end++;
		struct read_item *items = arena_array_of(engine->arena, end - start, struct read_item);
		for (size_t i = start; i < end; i++) {
			struct working *w = wanted.items[i];
			const struct node *node = w->node;
			items[i - start] = (struct read_item){
				.address = w->address,
				.prior = w->recorded,
				.looked_at = node ? node->looked_at : NULL,
				.looked_at_count = node ? node->looked_at_count : 0,
				.look_at_all = node ? node->look_at_all : false,
				.range = node ? node->resource->header_range : SRC_NOWHERE,
				.ctx = w,
			};
			engine_emit(engine, &(struct engine_event){.kind = EVENT_REFRESHING,
								   .address = w->address,
								   .type = type,
								   .id = value_get_text(w->recorded, "id"),
								   .count = i - start,
								   .total = end - start});
		}
		run->pending++;
		type->kind->read(run->provider, type, items, end - start, on_read, on_read_end, run, engine->diags);
		start = end;
	}
	vec_free(&wanted);
	one_less(run);
}

/* ---- settling ---- */

struct settling {
	struct provider_run *run;
	struct intent intent; /* a copy: the state's own moves */
	struct op_request request;
	bool refresh;
};

static void after_settling(struct provider_run *run, bool refresh)
{
	if (run->failed)
		finish(run);
	else
		read_objects(run, refresh);
}

/* What the state must know of an object that a cut-short create turned out to have made. */
static void record_settled(struct settling *s, const struct op_result *result)
{
	struct engine *engine = s->run->engine;
	const struct intent *intent = &s->intent;
	struct object object = {
		.address = intent->address,
		.deposed = "",
		.kind = intent->provider_kind,
		.provider = intent->provider,
		.cloud = intent->cloud,
		.status = result->tainted ? OBJECT_TAINTED : OBJECT_OK,
		.create_before_destroy = intent->create_before_destroy,
		.schema_version = s->request.type->schema->version,
		.value = diff_copy_marks(engine->arena, s->request.type->schema, result->value, intent->planned),
		.dependencies = intent->dependencies,
		.dependency_count = intent->dependency_count,
		.mark = result->marked ? intent->token : NULL,
	};
	state_put_object(engine->state, &object);
	state_drop_intent(engine->state, s->intent.id);
	if (!result->unfinished)
		return;
	/* what the create still had to do is done by the next update of the object */
	struct intent rest = *intent;
	rest.kind = INTENT_UPDATE;
	rest.note = result->unfinished;
	rest.planned = NULL;
	state_put_intent(engine->state, &rest);
}

static void on_settled(void *ctx, const struct op_result *result)
{
	struct settling *s = ctx;
	struct provider_run *run = s->run;
	struct engine *engine = run->engine;
	const char *text = NULL;
	switch (result->outcome) {
	case OP_OK:
		record_settled(s, result);
		engine_adopt_object(engine, state_find_object(engine->state, s->intent.address, ""), engine->diags);
		text = "an earlier run was cut short while it made this object; the object exists, and is taken over";
		break;
	case OP_ABSENT:
		state_drop_intent(engine->state, s->intent.id);
		text = "an earlier run was cut short before this object was made";
		break;
	case OP_FAILED:
	case OP_UNDECIDED:
		run->failed = true;
		break;
	}
	if (text)
		engine_emit(engine, &(struct engine_event){.kind = EVENT_SETTLED, .address = s->intent.address, .type = s->request.type,
							   .text = text});
	if (--run->pending)
		return;
	if (!state_commit(engine->state, engine->diags))
		run->failed = true;
	after_settling(run, s->refresh);
}

static void on_settle_progress(void *ctx, const char *id, const char *note)
{
	struct settling *s = ctx;
	state_set_intent_progress(s->run->engine->state, s->intent.id, id, note);
}

static struct intent copy_intent(struct arena *arena, const struct intent *intent)
{
	struct intent copy = *intent;
	copy.address = arena_strdup(arena, intent->address);
	copy.token = intent->token ? arena_strdup(arena, intent->token) : NULL;
	copy.object_id = intent->object_id ? arena_strdup(arena, intent->object_id) : NULL;
	copy.note = intent->note ? arena_strdup(arena, intent->note) : NULL;
	copy.type = arena_strdup(arena, intent->type);
	copy.provider = arena_strdup(arena, intent->provider);
	copy.provider_kind = arena_strdup(arena, intent->provider_kind);
	copy.cloud = intent->cloud ? arena_strdup(arena, intent->cloud) : NULL;
	copy.planned = intent->planned ? value_copy(arena, intent->planned) : NULL;
	copy.prior = NULL;
	const char **dependencies = arena_array_of(arena, intent->dependency_count, const char *);
	for (size_t i = 0; i < intent->dependency_count; i++)
		dependencies[i] = arena_strdup(arena, intent->dependencies[i]);
	copy.dependencies = dependencies;
	return copy;
}

static void settle(struct provider_run *run, bool refresh)
{
	static const struct op_events events = {.progress = on_settle_progress, .done = on_settled};
	struct engine *engine = run->engine;
	VEC(struct settling *) open = {0};
	VEC(int64_t) stale = {0};
	for (size_t i = 0; i < state_intent_count(engine->state); i++) {
		const struct intent *intent = state_intent_at(engine->state, i);
		if (strcmp(intent->provider, run->config->address))
			continue;
		/* reading tells whether it is gone, or changed; only a note says what else there is to do */
		if (intent->kind == INTENT_DELETE || (intent->kind == INTENT_UPDATE && !intent->note)) {
			vec_add(&stale, intent->id);
			continue;
		}
		if (intent->kind != INTENT_CREATE)
			continue;
		struct settling *s = arena_new_of(engine->arena, struct settling);
		*s = (struct settling){.run = run, .intent = copy_intent(engine->arena, intent), .refresh = refresh};
		const struct resource_type *type = run->config->kind->find_type(s->intent.type, false, engine->diags);
		if (!type) {
			diag_error(engine->diags, SRC_NOWHERE, "Unknown resource type in the state",
				   "An earlier run was cut short while it made %s, but this version of infra has no type \"%s\".", s->intent.address,
				   s->intent.type);
			run->failed = true;
			continue;
		}
		s->request = (struct op_request){
			.kind = OP_SETTLE,
			.type = type,
			.address = s->intent.address,
			.planned = s->intent.planned,
			.token = s->intent.token,
			.id = s->intent.object_id,
			.note = s->intent.note,
			.recorded_at = s->intent.recorded_at,
		};
		vec_add(&open, s);
	}
	for (size_t i = 0; i < stale.count; i++)
		state_drop_intent(engine->state, stale.items[i]);
	vec_free(&stale);
	if (!open.count) {
		vec_free(&open);
		after_settling(run, refresh);
		return;
	}
	run->pending = open.count;
	struct settling **items = open.items;
	size_t count = open.count;
	for (size_t i = 0; i < count; i++)
		run->config->kind->start(run->provider, &items[i]->request, &events, items[i], engine->diags);
	free(items);
}

/* ---- which cloud ---- */

static bool check_cloud(struct provider_run *run)
{
	struct engine *engine = run->engine;
	const char *here = run->config->kind->cloud(run->provider);
	const char *there = NULL, *example = NULL;
	size_t count = 0;
	const struct provider_kind *kind = run->config->kind;
	for (size_t i = 0; i < engine->objects.count && here; i++) {
		const struct working *w = engine->objects.items[i];
		if (!w->object || strcmp(w->object->provider, run->config->address))
			continue;
		const char *elsewhere = w->object->cloud;
		if (elsewhere && !strcmp(elsewhere, here))
			continue;
		/* taken over from a state of Terraform's, which does not record it */
		if (!elsewhere && w->recorded && kind->lives_elsewhere)
			elsewhere = kind->lives_elsewhere(run->provider, w->recorded, engine->arena);
		if (!elsewhere)
			continue;
		there = elsewhere;
		example = w->address;
		count++;
	}
	for (size_t i = 0; engine->state && i < state_intent_count(engine->state) && here; i++) {
		const struct intent *intent = state_intent_at(engine->state, i);
		if (strcmp(intent->provider, run->config->address) || !intent->cloud || !strcmp(intent->cloud, here))
			continue;
		there = intent->cloud;
		example = intent->address;
		count++;
	}
	if (!count)
		return true;
	diag_error(engine->diags, run->config->block ? run->config->block->header_range : SRC_NOWHERE,
		   "The state belongs to another cloud",
		   "The provider \"%s\" would work in\n\n    %s\n\nbut %zu object%s of the state, %s among them, live%s in\n\n    %s\n\nNothing was "
		   "read or changed. Use the credentials, region and endpoint of that place, or another directory for this one.",
		   run->config->address, here, count, count == 1 ? "" : "s", example, count == 1 ? "s" : "", there);
	return false;
}

/* A plan that was saved may be carried out elsewhere than it was made, with a state that has no objects yet. */
static bool check_plan(struct provider_run *run)
{
	struct engine *engine = run->engine;
	const char *here = run->config->kind->cloud(run->provider);
	const struct plan *plan = engine->apply ? engine->apply->plan : NULL;
	size_t len = strlen(run->config->address);
	for (size_t i = 0; plan && here && i < plan->cloud_count; i++) {
		const char *line = plan->clouds[i];
		if (strncmp(line, run->config->address, len) != 0 || strncmp(line + len, " = ", 3) != 0 || !strcmp(line + len + 3, here))
			continue;
		diag_error(engine->diags, run->config->block ? run->config->block->header_range : SRC_NOWHERE, "The plan was made for another cloud",
			   "The provider \"%s\" would work in\n\n    %s\n\nbut the plan was made in\n\n    %s\n\nNothing was changed. Use the "
			   "credentials, region and endpoint of that place, or plan again.", run->config->address, here, line + len + 3);
		return false;
	}
	return true;
}

static void on_connected(void *ctx, bool ok)
{
	struct provider_run *run = ctx;
	bool settle_first = run->pending & 1, refresh = run->pending & 2;
	run->pending = 0;
	if (!ok || !check_cloud(run) || !check_plan(run)) {
		run->failed = true;
		finish(run);
		return;
	}
	if (settle_first)
		settle(run, refresh);
	else
		after_settling(run, refresh);
}

/* ---- configuring ---- */

static bool has_work(const struct provider_run *run)
{
	if (run->config->used)
		return true;
	struct engine *engine = run->engine;
	for (size_t i = 0; i < engine->objects.count; i++) {
		const struct working *w = engine->objects.items[i];
		if (w->object && !strcmp(w->object->provider, run->config->address))
			return true;
	}
	for (size_t i = 0; i < state_intent_count(engine->state); i++) {
		if (!strcmp(state_intent_at(engine->state, i)->provider, run->config->address))
			return true;
	}
	return false;
}

const struct value *engine_evaluate_provider(struct engine *engine, const struct provider_config *config, struct arena *arena)
{
	const struct schema *schema = config->kind->config_schema();
	if (!config->block || !config->block->body)
		return schema_empty(arena, schema);
	const struct module_list *list = world_modules(engine->world, config->module);
	if (!list->count)
		return schema_empty(arena, schema);
	static const char *const meta[] = {"alias", "version"};
	struct world_eval we;
	world_eval_init(&we, engine->world, list->items[0], NULL, NULL, arena, engine->diags);
	return schema_decode(&we.eval, config->block->body, schema, meta, ARRAY_LEN(meta));
}

void provider_run_start(struct engine *engine, struct walk *walk, const struct node *node, bool settle_first, bool refresh)
{
	struct provider_config *config = node->provider;
	struct provider_run *run = map_find(&engine->runs, config->address);
	if (!run) {
		run = arena_new_of(engine->arena, struct provider_run);
		*run = (struct provider_run){.config = config, .engine = engine};
		map_put(&engine->runs, config->address, run);
	}
	run->walk = walk;
	run->node = node->index;
	run->failed = false;
	if (!has_work(run)) {
		finish(run);
		return;
	}
	struct diags *diags = engine->diags;
	if (!run->provider || run->deferred) {
		size_t errors = diags->error_count;
		const struct value *value = engine_evaluate_provider(engine, config, engine->arena);
		run->deferred = !value_is_wholly_known(value);
		struct provider_context context = {
			.loop = engine->loop,
			.sources = engine->graph->config->sources,
			.root_dir = engine->options.root_dir,
			.version = engine->options.version,
			.log = engine->options.log,
			.log_ctx = engine->options.ctx,
			.offline = engine->offline || run->deferred,
		};
		if (run->provider)
			config->kind->close(run->provider);
		run->provider = NULL;
		if (diags->error_count == errors)
			run->provider = config->kind->configure(&context, value,
								config->block ? config->block->header_range : SRC_NOWHERE, diags);
		run->failed = !run->provider;
		if (run->failed || run->deferred || engine->offline) {
			finish(run);
			return;
		}
		run->pending = (settle_first ? 1u : 0u) | (refresh ? 2u : 0u);
		config->kind->connect(run->provider, on_connected, run, diags);
		return;
	}
	/* connected earlier in this process */
	run->pending = (settle_first ? 1u : 0u) | (refresh ? 2u : 0u);
	on_connected(run, true);
}
