/* SPDX-License-Identifier: Apache-2.0 */
/* What no block claims: deleted, or let go. */
#include "plans/planner.h"

/* Whether its block says that the object is to be let go instead of deleted. */
static bool is_only_forgotten(struct planner *p, const struct node *node, struct module_instance *mi)
{
	if (!node->resource->destroy)
		return false;
	struct world_eval we;
	world_eval_init(&we, p->engine->world, mi, NULL, NULL, p->scratch, p->engine->diags);
	const struct value *v = eval_expr_as(&we.eval, node->resource->destroy, &type_bool, "destroy");
	return value_is_a(v, TYPE_BOOL) && !v->boolean;
}

static enum plan_reason orphan_reason(struct planner *p, const struct working *w, struct module_instance **mi)
{
	struct engine *engine = p->engine;
	*mi = world_find_module(engine->world, w->parts.modules, w->parts.module_count);
	const struct node *node = w->node;
	if (!node)
		return w->previous_address ? REASON_NO_MOVE_TARGET : *mi || !w->parts.module_count ? REASON_NO_CONFIG : REASON_NO_CALL;
	if (!*mi)
		return REASON_NO_MODULE;
	const struct resource *r = node->resource;
	if (r->count)
		return w->parts.key.kind == KEY_INDEX ? REASON_COUNT_INDEX : REASON_WRONG_REPETITION;
	if (r->for_each)
		return w->parts.key.kind == KEY_NAME ? REASON_EACH_KEY : REASON_WRONG_REPETITION;
	if (w->parts.key.kind != KEY_NONE)
		return REASON_WRONG_REPETITION;
	return REASON_DISABLED;
}

static const struct removed *find_removed(struct engine *engine, const struct working *w)
{
	const struct module *root = engine->graph->config->root;
	for (size_t i = 0; i < root->removed_count; i++) {
		if (address_contains(&root->removed[i].from, &w->parts))
			return &root->removed[i];
	}
	return NULL;
}

void plan_delete(struct planner *p, struct working *w)
{
	struct engine *engine = p->engine;
	bool destroying = p->options->mode == PLAN_DESTROY;
	const struct object *object = w->object;
	if (!object || !w->type || w->parts.data || !w->value)
		return;
	bool deposed = *object->deposed;
	struct module_instance *mi = NULL;
	enum plan_reason reason = deposed ? REASON_DEPOSED : orphan_reason(p, w, &mi);
	const struct node *node = w->node;
	if (!selection_has_object(engine->selection, w))
		return;
	arena_reset(p->scratch);
	struct change change = {
		.address = w->address,
		.parts = w->parts,
		.deposed = object->deposed,
		.previous_address = w->previous_address,
		.type = w->type,
		.provider = object->provider,
		.action = PLAN_DELETE,
		.reason = destroying && !deposed ? REASON_NONE : reason,
		.prior = w->value,
		.dependencies = object->dependencies,
		.dependency_count = object->dependency_count,
		.create_before_destroy = object->create_before_destroy,
		.tainted = object->status == OBJECT_TAINTED,
		.mark = object->mark,
		.range = node ? node->resource->header_range : SRC_NOWHERE,
	};
	struct module_instance *at = node ? world_find_module(engine->world, w->parts.modules, w->parts.module_count) : NULL;
	const struct removed *removed = node ? NULL : find_removed(engine, w);
	if ((node && at && is_only_forgotten(p, node, at)) || (removed && !removed->destroy))
		change.action = PLAN_FORGET;
	if (change.action == PLAN_DELETE && node && at && !deposed) {
		struct instance instance = {.key = w->parts.key, .each_value = &value_unknown_any};
		if (planner_must_not_destroy(p, node, at, &instance)) {
			planner_refuse_destroying(p, node, w->address, destroying ? "as all objects" : "it is not in the configuration any more");
		}
	}
	if (!map_find(&engine->graph->providers, object->provider)) {
		struct diag *diag = diag_error(engine->diags, SRC_NOWHERE, "Provider configuration not present",
					       "%s was made with the provider configuration \"%s\", which is no longer there, and without which it "
					       "cannot be destroyed. Put the provider block back until the object is gone.", w->address, object->provider);
		diag->address = arena_strdup(engine->diags->arena, w->address);
		return;
	}
	planner_add_change(p, &change, node);
}
