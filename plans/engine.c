/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's life, and what is done once for each use of it. */
#include "plans/engine_internal.h"
#include "plans/tunnel.h"

#include <string.h>

void engine_emit(struct engine *engine, const struct engine_event *event)
{
	if (engine->options.event)
		engine->options.event(engine->options.ctx, event);
}

/* The providers that the state's objects were made with must be there, also when no block uses them. */
static void add_state_providers(const struct state *state, struct map *names)
{
	for (size_t i = 0; state && i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		map_put(names, object->provider, (void *)(uintptr_t)1);
	}
	for (size_t i = 0; state && i < state_intent_count(state); i++)
		map_put(names, state_intent_at(state, i)->provider, (void *)(uintptr_t)1);
}

struct engine *engine_new(struct arena *arena, const struct engine_options *options, struct diags *diags)
{
	struct map names = MAP_INIT;
	add_state_providers(options->state, &names);
	struct graph *graph = graph_build(arena, options->config, &names, diags);
	map_release(&names);
	if (!graph || diags_has_errors(diags)) {
		graph_release(graph);
		return NULL;
	}
	struct engine *engine = arena_new_of(arena, struct engine);
	*engine = (struct engine){
		.arena = arena, .options = *options, .loop = options->loop, .state = options->state, .graph = graph, .diags = diags,
	};
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	engine_close_providers(engine);
	engine_release_objects(engine);
	world_release(engine->world);
	map_release(&engine->runs);
	graph_release(engine->graph);
}

struct graph *engine_graph(struct engine *engine)
{
	return engine->graph;
}

const char *engine_waits_for(struct engine *engine, struct arena *arena)
{
	const char *text = NULL;
	for (struct map_entry *e = map_first(&engine->runs); e && !text; e = map_next(&engine->runs, e)) {
		struct provider_run *run = e->value;
		if (run->provider && run->config->kind->waits_for)
			text = run->config->kind->waits_for(run->provider, arena);
	}
	return text;
}

uint64_t engine_request_count(struct engine *engine)
{
	uint64_t sum = 0;
	for (struct map_entry *e = map_first(&engine->runs); e; e = map_next(&engine->runs, e)) {
		struct provider_run *run = e->value;
		if (run->provider && run->config->kind->request_count)
			sum += run->config->kind->request_count(run->provider);
	}
	return sum;
}

/* ---- validating ---- */

static void validate_node(void *ctx, uint32_t index)
{
	struct engine *engine = ctx;
	const struct node *node = &engine->graph->nodes[index];
	struct diags *diags = engine->diags;
	size_t errors = diags->error_count;
	if (node->kind == NODE_PROVIDER && node->provider->block && node->provider->block->body) {
		static const char *const meta[] = {"alias", "version"};
		schema_check(engine->arena, node->provider->block->body, node->provider->kind->config_schema(), meta, ARRAY_LEN(meta),
			     diags);
	} else if (node->kind == NODE_RESOURCE && node->type) {
		schema_check(engine->arena, node->resource->body, node->type->schema, resource_meta_arguments,
			     resource_meta_argument_count, diags);
	}
	(void)errors;
}

static void validate_tunnels(struct engine *engine, struct arena *scratch, struct diags *diags)
{
	const struct map *tunnels = &engine->graph->config->root->tunnels;
	for (struct map_entry *e = map_first(tunnels); e; e = map_next(tunnels, e)) {
		struct world_eval we;
		struct tunnel_value value;
		world_eval_init(&we, engine->world, engine->world->root, NULL, NULL, scratch, diags);
		tunnel_evaluate(&we, e->value, &value);
		arena_reset(scratch);
	}
}

bool engine_validate(struct engine *engine, struct diags *diags)
{
	engine->diags = diags;
	size_t errors = diags->error_count;
	for (uint32_t i = 0; i < engine->graph->count; i++)
		validate_node(engine, engine->graph->order[i]);
	if (diags->error_count > errors)
		return false;
	/* With every input unknown, what can be evaluated is: wrong types and names show. */
	struct map inputs = MAP_INIT;
	const struct module *root = engine->graph->config->root;
	for (struct map_entry *e = map_first(&root->variables); e; e = map_next(&root->variables, e)) {
		const struct variable *variable = e->value;
		map_put(&inputs, variable->name, (void *)(uintptr_t)value_unknown(engine->arena, variable->type));
	}
	engine->offline = true;
	world_release(engine->world);
	engine->world = world_new(engine->arena, engine->graph, &inputs, engine->options.root_dir, 0, true);
	struct arena *scratch = arena_new();
	for (uint32_t i = 0; i < engine->graph->count; i++) {
		const struct node *node = &engine->graph->nodes[engine->graph->order[i]];
		const struct module_list *list = world_modules(engine->world, node->module);
		switch (node->kind) {
		case NODE_CALL:
			world_expand_unknown_call(engine->world, node);
			break;
		case NODE_VARIABLE:
			for (size_t k = 0; k < list->count; k++)
				world_variable(engine->world, list->items[k], node->variable, diags);
			break;
		case NODE_OUTPUT:
			for (size_t k = 0; k < list->count; k++)
				world_output(engine->world, list->items[k], node->output, diags);
			break;
		case NODE_LOCAL:
			for (size_t k = 0; k < list->count; k++)
				world_local(engine->world, list->items[k], node->local, diags);
			break;
		case NODE_RESOURCE:
			for (size_t k = 0; k < list->count && node->type; k++) {
				struct expansion *expansion = world_expand_unknown_resource(engine->world, list->items[k], node);
				size_t first = diags->count;
				struct instance_config config = resource_evaluate(engine, node, list->items[k], &expansion->items[0],
										  scratch, diags);
				diags_set_address(diags, first, node->address);
				if (config.ok)
					expansion->items[0].value = value_copy(
						engine->arena, diff_propose(scratch, node->type->schema, config.config, NULL));
				arena_reset(scratch);
			}
			break;
		case NODE_PROVIDER:
		case NODE_CHECK:
			break;
		}
	}
	validate_tunnels(engine, scratch, diags);
	arena_free(scratch);
	map_release(&inputs);
	engine->offline = false;
	world_release(engine->world);
	engine->world = NULL;
	return diags->error_count == errors;
}
