/* SPDX-License-Identifier: Apache-2.0 */
/* Planning one data source: read now, or only after apply. */
#include "plans/planner.h"

#include "base/loop.h"

#include <string.h>

struct data_read {
	struct block_visit *visit;
	struct module_instance *mi;
	struct expansion *expansion;
	struct instance *instance;
	struct op_request request;
	size_t diag_mark;
	uint64_t started_ms;
};

static void on_data(void *ctx, const struct op_result *result)
{
	struct data_read *read = ctx;
	struct block_visit *visit = read->visit;
	struct planner *p = visit->planner;
	struct engine *engine = p->engine;
	if (result->outcome == OP_OK && result->value) {
		read->instance->value = value_copy(
			engine->arena, diff_copy_marks(engine->arena, read->request.type->schema, result->value, read->request.config));
		expansion_touch(read->expansion);
		arena_reset(p->scratch);
		if (!resource_postconditions(engine, visit->node, read->mi, read->instance, read->instance->value, p->scratch, engine->diags))
			visit->failed = true;
		/* kept in the plan, so that applying need not read it again */
		planner_add_change(p, &(struct change){
					      .address = read->request.address,
					      .parts = world_address(read->mi, visit->node->resource, read->instance->key),
					      .deposed = "",
					      .type = read->request.type,
					      .provider = node_provider_address(visit->node),
					      .action = PLAN_NOOP,
					      .planned = read->instance->value,
					      .range = visit->node->resource->header_range,
				      }, visit->node);
	} else if (visit->node->resource->scoped) {
		diags_soften(engine->diags, read->diag_mark, read->request.address);
	} else {
		visit->failed = true;
	}
	engine_emit(engine, &(struct engine_event){
				    .kind = EVENT_READ,
				    .address = read->request.address,
				    .type = read->request.type,
				    .id = read->instance->value ? value_get_text(read->instance->value, "id") : NULL,
				    .seconds = (unsigned)((loop_now_ms(engine->loop) - read->started_ms) / 1000),
			    });
	visit_end(visit);
}

static void on_data_progress(void *ctx, const char *id, const char *note)
{
	(void)ctx, (void)id, (void)note;
}

/* Whether something that the block or its module is told to come after will change in this plan. */
static bool waits_for_changes(struct planner *p, const struct node *node)
{
	struct engine *engine = p->engine;
	bool waits = false;
	const struct module *module = node->module;
	const struct ref *refs = node->resource->depends_on;
	size_t count = node->resource->depends_on_count;
	for (;;) {
		for (size_t i = 0; i < count && !waits; i++) {
			const struct ref *ref = &refs[i];
			bool data = !strcmp(ref->root, "data");
			if (!strcmp(ref->root, "module") && ref->count) {
				const struct module_call *call = map_find(&module->calls, ref->steps[0].name);
				struct node_range range = {0};
				if (call && call->module)
					range = graph_module_range(engine->graph, call->module);
				for (uint32_t k = range.start; k < range.end && !waits; k++)
					waits = bit_is_set(p->changing, k);
				continue;
			}
			if (data || !ref->count)
				continue;
			const struct node *target = graph_find(engine->graph, module, arena_printf(p->scratch, "%s.%s", ref->root, ref->steps[0].name));
			waits = target && bit_is_set(p->changing, target->index);
		}
		if (!module->parent || waits)
			return waits;
		refs = module->call->depends_on;
		count = module->call->depends_on_count;
		module = module->parent;
	}
}

void plan_data(struct block_visit *visit, struct module_instance *mi, struct expansion *expansion, struct instance *instance)
{
	static const struct op_events events = {.progress = on_data_progress, .done = on_data};
	struct planner *p = visit->planner;
	struct engine *engine = p->engine;
	const struct node *node = visit->node;
	struct address parts = world_address(mi, node->resource, instance->key);
	const char *address = address_print(engine->arena, &parts);
	if (engine->selection && !selection_has_instance(engine->selection, node, &parts))
		return;
	size_t first = engine->diags->count;
	struct instance_config config = resource_evaluate(engine, node, mi, instance, engine->arena, engine->diags);
	diags_set_address(engine->diags, first, address);
	if (!config.ok) {
		if (node->resource->scoped)
			diags_soften(engine->diags, first, address);
		else
			visit->failed = true;
		return;
	}
	struct provider_run *provider = engine_provider(engine, node->uses);
	bool unknown = !value_is_wholly_known(config.config) || !provider || provider->deferred;
	bool waits = waits_for_changes(p, node);
	if (unknown || waits) {
		const struct value *planned =
			schema_mark_sensitive(engine->arena, node->type->schema, diff_propose(engine->arena, node->type->schema, config.config, NULL));
		instance->value = planned;
		expansion_touch(expansion);
		if (p->options->mode == PLAN_REFRESH_ONLY)
			return;
		planner_add_change(p, &(struct change){
					      .address = address,
					      .parts = parts,
					      .deposed = "",
					      .type = node->type,
					      .provider = node_provider_address(node),
					      .action = PLAN_READ,
					      .reason = unknown ? REASON_READ_UNKNOWN : REASON_READ_DEPENDENCY,
					      .planned = planned,
					      .range = node->resource->header_range,
				      }, node);
		return;
	}
	struct data_read *read = arena_new_of(engine->arena, struct data_read);
	*read = (struct data_read){
		.visit = visit,
		.mi = mi,
		.expansion = expansion,
		.instance = instance,
		.started_ms = loop_now_ms(engine->loop),
		.diag_mark = first,
		.request = {.kind = OP_READ_DATA, .type = node->type, .address = address, .config = config.config,
			    .range = node->resource->header_range, .looked_at = node->looked_at, .looked_at_count = node->looked_at_count,
			    .look_at_all = node->look_at_all},
	};
	visit->pending++;
	engine_emit(engine, &(struct engine_event){.kind = EVENT_READING, .address = address, .type = node->type});
	node->type->kind->start(provider->provider, &read->request, &events, read, engine->diags);
}
