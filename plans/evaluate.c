/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluating a line: resources have the values that the state knows; data sources, which the state
 * does not keep, are read when a line first asks for them.
 */
#include "base/loop.h"
#include "plans/engine_internal.h"

#include <string.h>

/* ---- data sources ---- */

struct connecting {
	struct engine *engine;
	const struct node *node;
	struct walk *walk;
};

static void connect_node(void *ctx, uint32_t index)
{
	struct connecting *c = ctx;
	if (index == c->node->index)
		provider_run_start(c->engine, c->walk, c->node, false, false);
	else
		walk_end(c->walk, index, true);
}

/* The provider, ready to read, or NULL. */
static struct provider_run *connect_provider(struct engine *engine, const struct provider_config *config)
{
	struct provider_run *run = engine_provider(engine, config);
	if (!run || !run->ready) {
		struct connecting c = {.engine = engine, .node = &engine->graph->nodes[config->node]};
		c.walk = walk_new((uint32_t)engine->graph->count, connect_node, NULL, &c);
		walk_start(c.walk);
		loop_run_until(engine->loop, walk_over_flag(c.walk));
		walk_free(c.walk);
		run = engine_provider(engine, config);
	}
	return run && run->ready && run->provider && !run->deferred ? run : NULL;
}

struct data_reads {
	struct engine *engine;
	size_t pending;
	bool started, over, failed;
};

struct data_read {
	struct data_reads *all;
	struct instance *instance;
	struct op_request request;
};

static void on_data(void *ctx, const struct op_result *result)
{
	struct data_read *read = ctx;
	struct data_reads *all = read->all;
	struct arena *arena = all->engine->arena;
	if (result->outcome == OP_OK && result->value)
		read->instance->value = value_copy(
			arena, diff_copy_marks(arena, read->request.type->schema, result->value, read->request.config));
	else
		all->failed = true;
	all->over = --all->pending == 0 && all->started;
}

static void on_progress(void *ctx, const char *id, const char *note)
{
	(void)ctx, (void)id, (void)note;
}

/* Reads all instances of a data source in one module; what needs objects that are not there yet stays unknown. */
static void read_data(void *ctx, struct module_instance *mi, const struct node *node)
{
	static const struct op_events events = {.progress = on_progress, .done = on_data};
	struct engine *engine = ctx;
	struct expansion *expansion = world_expand_resource(engine->world, mi, node, engine->diags);
	struct data_reads all = {.engine = engine};
	struct provider_run *provider = expansion->count && !expansion->failed ? connect_provider(engine, node->uses) : NULL;
	all.failed = expansion->failed || (expansion->count && !provider);
	for (size_t i = 0; i < expansion->count && !all.failed; i++) {
		struct instance *instance = &expansion->items[i];
		struct address parts = world_address(mi, node->resource, instance->key);
		size_t first = engine->diags->count;
		struct instance_config config = resource_evaluate(engine, node, mi, instance, engine->arena, engine->diags);
		const char *address = address_print(engine->arena, &parts);
		diags_set_address(engine->diags, first, address);
		if (!config.ok)
			all.failed = true;
		if (all.failed || !value_is_wholly_known(config.config))
			continue;
		struct data_read *read = arena_new_of(engine->arena, struct data_read);
		*read = (struct data_read){
			.all = &all,
			.instance = instance,
			.request = {.kind = OP_READ_DATA, .type = node->type, .address = address, .config = config.config,
				    .range = node->resource->header_range, .look_at_all = true},
		};
		all.pending++;
		node->type->kind->start(provider->provider, &read->request, &events, read, engine->diags);
	}
	all.started = true;
	if (all.pending && !loop_run_until(engine->loop, &all.over))
		bug("reading %s ended early", node->address);
	expansion_touch(expansion);
	expansion->failed |= all.failed; /* the next line that asks tries again */
}

/* ---- lines ---- */

/* What the state knows no instance of is known after apply, whatever its count; data sources until they are read. */
static void expand_for_evaluation(struct engine *engine, const struct node *node)
{
	engine_expand_from_state(engine, node);
	const struct module_list *list = world_modules(engine->world, node->module);
	for (size_t i = 0; i < list->count; i++) {
		struct expansion *expansion = world_expansion(list->items[i], node->resource);
		if (!expansion->count || node->resource->data)
			expansion->failed = true;
	}
}

bool engine_eval_init(struct engine *engine, struct world_eval *we, struct arena *arena, struct diags *diags)
{
	engine->diags = diags;
	if (!engine->world) {
		if (engine->state && !engine_load_objects(engine, diags))
			return false;
		engine->world = world_new(engine->arena, engine->graph, engine->options.inputs, engine->options.root_dir, 0, false);
		engine->world->read_data = read_data;
		engine->world->read_data_ctx = engine;
		for (uint32_t i = 0; i < engine->graph->count; i++) {
			const struct node *node = &engine->graph->nodes[engine->graph->order[i]];
			if (node->kind == NODE_CALL)
				world_expand_call(engine->world, node, diags);
			else if (node->kind == NODE_RESOURCE)
				expand_for_evaluation(engine, node);
		}
	}
	world_eval_init(we, engine->world, engine->world->root, NULL, NULL, arena, diags);
	return true;
}

const struct value *engine_evaluate(struct engine *engine, const struct expr *expr, struct arena *arena, struct diags *diags)
{
	struct world_eval we;
	if (!engine_eval_init(engine, &we, arena, diags))
		return &value_unknown_any;
	return eval_expr(&we.eval, expr);
}

const struct value *engine_provider_arguments(struct engine *engine, const char *address, struct arena *arena, struct diags *diags)
{
	struct world_eval we;
	size_t errors = diags->error_count;
	if (!engine_eval_init(engine, &we, arena, diags))
		return NULL;
	const struct provider_config *config = map_find(&engine->graph->providers, address);
	const char *name = address;
	while (name && !strncmp(name, "module.", 7)) {
		name = strchr(name + 7, '.');
		name = name ? name + 1 : NULL;
	}
	if (!name)
		return NULL;
	const struct provider_kind *kind =
		config ? config->kind : provider_find_kind(arena_strndup(arena, name, strcspn(name, ".")));
	if (!kind)
		return NULL;
	const struct value *v = config ? engine_evaluate_provider(engine, config, arena) : schema_empty(arena, kind->config_schema());
	return diags->error_count > errors ? NULL : v;
}
