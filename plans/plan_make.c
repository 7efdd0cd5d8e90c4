/* SPDX-License-Identifier: Apache-2.0 */
/* Planning: the graph walked once, each resource's instances compared with what exists. */
#include "plans/planner.h"

#include "base/loop.h"

#include <string.h>
#include <time.h>

/* ---- changes ---- */

void planner_add_change(struct planner *p, const struct change *change, const struct node *node)
{
	vec_add(&p->changes, *change);
	vec_add(&p->change_before, node ? p->last_change[node->index] : 0);
	if (!node || change->action == PLAN_NOOP)
		return;
	p->last_change[node->index] = (uint32_t)p->changes.count;
	bit_set(p->changing, node->index);
}

static const struct value_path *copy_paths(struct arena *arena, const struct value_path *paths, size_t count)
{
	struct value_path *copy = arena_array_of(arena, count, struct value_path);
	for (size_t i = 0; i < count; i++) {
		struct value_step *steps = arena_memdup(arena, paths[i].steps, paths[i].count * sizeof(*steps));
		for (size_t k = 0; k < paths[i].count; k++) {
			if (steps[k].name)
				steps[k].name = arena_strdup(arena, steps[k].name);
			if (steps[k].member)
				steps[k].member = value_copy(arena, steps[k].member);
		}
		copy[i] = (struct value_path){steps, paths[i].count};
	}
	return copy;
}

const char *node_provider_address(const struct node *node)
{
	return node->uses ? node->uses->address : "";
}

/* ---- one managed instance ---- */

/* Whether something that replace_triggered_by names changes: whole resources and instances, or one attribute. */
static bool is_triggered(struct planner *p, const struct node *node, struct module_instance *mi, const struct instance *instance)
{
	struct engine *engine = p->engine;
	for (size_t i = 0; i < node->resource->replace_trigger_count; i++) {
		struct ref ref;
		if (!expr_as_ref(p->scratch, node->resource->replace_triggered_by[i], &ref) || ref.count < 1 || !ref.steps[0].name)
			continue;
		const struct node *target = graph_find(engine->graph, mi->module, arena_printf(p->scratch, "%s.%s", ref.root, ref.steps[0].name));
		if (!target)
			continue;
		size_t at = 1;
		struct instance_key key = {0};
		bool keyed = false;
		if (at < ref.count && ref.steps[at].key) {
			struct world_eval we;
			world_eval_init(&we, engine->world, mi, instance, NULL, p->scratch, engine->diags);
			const struct value *v = eval_expr(&we.eval, ref.steps[at].key);
			int64_t index;
			if (value_is_a(v, TYPE_NUMBER) && number_to_int(v->number, &index))
				key = (struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)index}, keyed = true;
			else if (value_is_a(v, TYPE_STRING))
				key = (struct instance_key){.kind = KEY_NAME, .name = v->text}, keyed = true;
			at++;
		}
		for (uint32_t k = p->last_change[target->index]; k; k = p->change_before.items[k - 1]) {
			const struct change *change = &p->changes.items[k - 1];
			if (change->action == PLAN_READ || change->action == PLAN_FORGET || *change->deposed)
				continue;
			if (keyed && !instance_key_equal(change->parts.key, key))
				continue;
			struct address module = change->parts;
			module.type = NULL;
			if (strcmp(address_print(p->scratch, &module), mi->address))
				continue;
			if (at >= ref.count || !change->prior || !change->planned)
				return true;
			const struct value *before = change->prior, *after = change->planned;
			for (size_t s = at; s < ref.count && before && after; s++) {
				before = ref.steps[s].name ? value_get(before, ref.steps[s].name) : before;
				after = ref.steps[s].name ? value_get(after, ref.steps[s].name) : after;
			}
			if (before && after && !diff_same(before, after))
				return true;
		}
	}
	return false;
}

bool planner_must_not_destroy(struct planner *p, const struct node *node, struct module_instance *mi,
			      const struct instance *instance)
{
	if (!node->resource->prevent_destroy)
		return false;
	struct world_eval we;
	world_eval_init(&we, p->engine->world, mi, instance, NULL, p->scratch, p->engine->diags);
	const struct value *v = eval_expr_as(&we.eval, node->resource->prevent_destroy, &type_bool, "prevent_destroy");
	return value_is_true(v) || v->state == VALUE_UNKNOWN; /* what cannot be said yet protects, too */
}

void planner_refuse_destroying(struct planner *p, const struct node *node, const char *address, const char *why)
{
	struct diag *diag = diag_error(p->engine->diags, node->resource->header_range, "Instance cannot be destroyed",
				       "The plan would destroy %s (%s), but its block says prevent_destroy. Take that out if the object may go; "
				       "or change the configuration so that it can stay; or leave it out of this run with -exclude=%s.",
				       address, why, address);
	diag->address = arena_strdup(p->engine->diags->arena, address);
}

/*
 * The heart: configuration and prior object -> change. `instance` gets the value that others see
 * from here on.
 */
static bool plan_instance(struct planner *p, const struct node *node, struct module_instance *mi, struct instance *instance)
{
	struct engine *engine = p->engine;
	struct diags *diags = engine->diags;
	struct address parts = world_address(mi, node->resource, instance->key);
	const char *address = address_print(engine->arena, &parts);
	struct working *w = engine_find_object(engine, address);
	if (w)
		w->claimed = true;
	const struct value *prior = w ? w->value : NULL;
	if (p->options->mode == PLAN_REFRESH_ONLY || (engine->selection && !selection_has_instance(engine->selection, node, &parts))) {
		instance->value = prior;
		return true;
	}
	struct provider_run *provider = engine_provider(engine, node->uses);
	size_t first = diags->count;
	arena_reset(p->scratch);
	struct instance_config config = resource_evaluate(engine, node, mi, instance, p->scratch, diags);
	if (!config.ok) {
		diags_set_address(diags, first, address);
		return false;
	}
	struct change change = {
		.address = address,
		.parts = parts,
		.deposed = "",
		.previous_address = w ? w->previous_address : NULL,
		.type = node->type,
		.provider = node_provider_address(node),
		.prior = prior,
		.dependencies = node->dependencies,
		.dependency_count = node->dependency_count,
		.create_before_destroy = node->create_before_destroy,
		.importing = w && !w->object,
		.import_id = w && !w->object ? w->read.import_id : NULL,
		.tainted = w && w->object && w->object->status == OBJECT_TAINTED,
		.mark = w && w->object ? w->object->mark : NULL,
		.range = node->resource->header_range,
	};
	size_t errors = diags->error_count;
	struct planned_instance planned = resource_plan(engine, node, provider, config.config, prior, true, p->scratch, diags);
	bool changed = !prior || !diff_same(prior, planned.planned);
	bool replace = prior && changed && planned.replace_count;
	change.reason = replace ? REASON_CANNOT_UPDATE : REASON_NONE;
	if (prior && change.tainted) {
		replace = true;
		change.reason = REASON_TAINTED;
	} else if (prior && map_find(&p->replaced, address)) {
		replace = true;
		change.reason = REASON_REQUESTED;
	} else if (prior && !replace && is_triggered(p, node, mi, instance)) {
		replace = true;
		change.reason = REASON_TRIGGERED;
	}
	map_remove(&p->replaced, address);
	if (replace) {
		change.replace = copy_paths(engine->arena, planned.replace, planned.replace_count);
		change.replace_count = planned.replace_count;
		planned = resource_plan(engine, node, provider, config.config, NULL, false, p->scratch, diags);
	}
	if (diags->error_count > errors) {
		diags_set_address(diags, first, address);
		return false;
	}
	if (!prior)
		change.action = PLAN_CREATE;
	else if (replace)
		change.action = node->create_before_destroy ? PLAN_CREATE_THEN_DELETE : PLAN_DELETE_THEN_CREATE;
	else if (changed || (w && w->note) || !diff_same_sensitivity(prior, planned.planned)) /* what is secret now is to be recorded so */
		change.action = PLAN_UPDATE;
	else
		change.action = PLAN_NOOP;
	bool refused = replace && planner_must_not_destroy(p, node, mi, instance);
	if (refused)
		planner_refuse_destroying(p, node, address, "it would be replaced");
	change.planned = change.action == PLAN_NOOP ? prior : value_copy(engine->arena, planned.planned);
	instance->value = change.planned;
	bool ok = resource_postconditions(engine, node, mi, instance, change.planned, p->scratch, diags);
	diags_set_address(diags, first, address);
	planner_add_change(p, &change, node);
	return ok && !refused;
}

/* ---- one block ---- */

void visit_end(struct block_visit *visit)
{
	if (--visit->pending == 0)
		walk_end(visit->planner->walk, visit->node->index, !visit->failed);
}

void plan_instances(struct block_visit *visit)
{
	struct planner *p = visit->planner;
	struct engine *engine = p->engine;
	const struct node *node = visit->node;
	const struct module_list *list = world_modules(engine->world, node->module);
	for (size_t i = 0; i < list->count; i++) {
		struct module_instance *mi = list->items[i];
		struct expansion *expansion = world_expand_resource(engine->world, mi, node, engine->diags);
		visit->failed |= expansion->failed;
		for (size_t k = 0; k < expansion->count; k++) {
			if (node->resource->data)
				plan_data(visit, mi, expansion, &expansion->items[k]);
			else if (!plan_instance(p, node, mi, &expansion->items[k]))
				visit->failed = true;
		}
		expansion_touch(expansion);
	}
	visit_end(visit);
}

static void visit_node(void *ctx, uint32_t index)
{
	struct planner *p = ctx;
	struct engine *engine = p->engine;
	const struct node *node = &engine->graph->nodes[index];
	struct diags *diags = engine->diags;
	bool destroying = p->options->mode == PLAN_DESTROY;
	bool ok = true;
	switch (node->kind) {
	case NODE_VARIABLE:
		ok = evaluate_variable(engine, node, diags);
		break;
	case NODE_LOCAL:
	case NODE_CHECK: /* checks come last, when everything has its value */
		break;
	case NODE_OUTPUT:
		if (!destroying && selection_has_node(engine->selection, node)) {
			ok = evaluate_output(engine, node, diags);
			if (ok)
				planner_record_output(p, node);
		}
		break;
	case NODE_CALL:
		ok = world_expand_call(engine->world, node, diags);
		break;
	case NODE_PROVIDER:
		provider_run_start(engine, p->walk, node, true, !p->options->no_refresh);
		return;
	case NODE_RESOURCE: {
		/* data sources are read while destroying only where a provider needs them */
		if (!selection_has_node(engine->selection, node) ||
		    (destroying && !(node->resource->data && bit_is_set(p->for_providers, index)))) {
			engine_expand_from_state(engine, node);
			break;
		}
		struct block_visit *visit = arena_new_of(engine->arena, struct block_visit);
		*visit = (struct block_visit){.planner = p, .node = node, .pending = 1};
		if (node->resource->data)
			plan_instances(visit);
		else
			visit_start_imports(visit);
		return;
	}
	}
	walk_end(p->walk, index, ok);
}

/* ---- the whole plan ---- */

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int by_address = address_compare(&x->parts, &y->parts);
	return by_address ? by_address : strcmp(x->deposed, y->deposed);
}

/* An instance of the resource that an address without a key names; NULL: it has none with keys. */
static const char *some_instance(const struct engine *engine, const char *address)
{
	size_t len = strlen(address);
	for (size_t i = 0; i < engine->objects.count; i++) {
		const char *held = engine->objects.items[i]->address;
		if (!strncmp(held, address, len) && held[len] == '[' && !strchr(held + len, '.'))
			return held;
	}
	return NULL;
}

static struct plan *make_plan(struct engine *engine, const struct plan_options *options, struct diags *diags)
{
	struct arena *arena = engine->arena;
	struct plan *plan = arena_new_of(arena, struct plan);
	*plan = (struct plan){
		.arena = arena,
		.mode = options->mode,
		.state_lineage = state_lineage(engine->state),
		.targets = options->targets,
		.target_count = options->target_count,
		.excludes = options->excludes,
		.exclude_count = options->exclude_count,
		.version = engine->options.version,
		.made_at = engine->plan_time,
	};
	struct planner p = {.engine = engine, .options = options, .plan = plan, .scratch = arena_new()};
	engine->diags = diags;
	engine->plan_options = options;
	size_t errors = diags->error_count;
	world_release(engine->world);
	engine->world = world_new(arena, engine->graph, engine->options.inputs, engine->options.root_dir, engine->plan_time, true);
	if (engine_load_objects(engine, diags))
		engine->selection = selection_new(engine, options, diags);
	if (diags->error_count > errors) {
		plan->errored = true;
		arena_free(p.scratch);
		return plan;
	}
	p.changing = arena_array_of(arena, engine->graph->count / 8 + 1, uint8_t);
	p.last_change = arena_array_of(arena, engine->graph->count, uint32_t);
	for (size_t i = 0; i < options->replace_count; i++)
		map_put(&p.replaced, options->replaces[i], (void *)(uintptr_t)options->replaces[i]);
	p.for_providers = graph_mark_for_providers(engine->graph, arena);
	planner_prepare_outputs(&p);
	p.walk = walk_new((uint32_t)engine->graph->count, visit_node, NULL, &p);
	for (uint32_t i = 0; i < engine->graph->count; i++) {
		const struct node *node = &engine->graph->nodes[i];
		for (size_t k = 0; k < node->dep_count; k++)
			walk_add_edge(p.walk, i, node->deps[k]);
	}
	walk_start(p.walk);
	loop_run_until(engine->loop, walk_over_flag(p.walk));
	if (!walk_is_over(p.walk) && !engine->interrupted)
		bug("the plan's walk ended early");
	/* an unvisited block claims nothing, and what nothing claims would be destroyed */
	for (uint32_t i = 0; i < engine->graph->count && diags->error_count == errors; i++) {
		if (walk_result(p.walk, i) != WALK_DONE)
			diag_error(diags, SRC_NOWHERE, "Planning failed", "%s could not be planned, and no reason was given. This is a bug in infra.",
				   engine->graph->nodes[i].address);
	}
	walk_free(p.walk);
	if (diags->error_count == errors) {
		if (options->mode != PLAN_REFRESH_ONLY) {
			for (size_t i = 0; i < engine->objects.count; i++) {
				struct working *w = engine->objects.items[i];
				if (!w->claimed)
					plan_delete(&p, w);
			}
		}
		plan->checks = evaluate_checks(engine, &plan->check_count);
		selection_warn_of_absent(engine->selection, options, diags);
	}
	for (struct map_entry *e = map_first(&p.replaced); e && options->mode == PLAN_NORMAL; e = map_next(&p.replaced, e)) {
		const char *instance = some_instance(engine, e->key);
		diag_warning(diags, SRC_NOWHERE, "Nothing to replace",
			     "-replace=%s names no object of the state that the configuration still has; it has no effect.%s%s%s", e->key,
			     instance ? " One instance is named with its key:\n\n    -replace='" : "", instance ? instance : "", instance ? "'" : "");
	}
	sort(p.changes.items, p.changes.count, sizeof(*p.changes.items), compare_changes);
	plan->changes = vec_copy(&p.changes, arena);
	plan->change_count = p.changes.count;
	planner_find_drift(&p);
	planner_record_priors(&p);
	engine_find_relevant(engine, p.changing, plan);
	planner_record_clouds(&p);
	plan->variables = engine_given_variables(engine);
	plan->state_serial = state_serial(engine->state);
	plan->errored = diags->error_count > errors;
	plan->requests = engine_request_count(engine);
	vec_free(&p.changes);
	vec_free(&p.change_before);
	map_release(&p.replaced);
	arena_free(p.scratch);
	return plan;
}

/* Plans without reading first, and then once more with only those read that change or that such need. */
static struct plan *make_minimal(struct engine *engine, const struct plan_options *options, struct diags *diags)
{
	struct plan_options dry = *options;
	dry.no_refresh = true;
	dry.minimal_refresh = false;
	struct plan *first = make_plan(engine, &dry, diags);
	if (first->errored)
		return first;
	size_t bytes = engine->graph->count / 8 + 1;
	uint8_t *touched = arena_array_of(engine->arena, bytes, uint8_t);
	for (size_t i = 0; i < first->change_count; i++) {
		const struct change *change = &first->changes[i];
		const struct node *node = graph_find_resource(engine->graph, &change->parts);
		if (change->action == PLAN_NOOP || !node)
			continue;
		bit_set(touched, node->index);
		graph_mark_needed(engine->graph, node->index, touched);
	}
	engine->only_read = touched;
	dry.no_refresh = false;
	struct plan *second = make_plan(engine, &dry, diags);
	engine->only_read = NULL;
	return second;
}

static bool has_error_at(const struct diags *diags, struct src_range range)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		if (diag->severity == DIAG_ERROR && diag->subject.start == range.start && diag->subject.end == range.end)
			return true;
	}
	return false;
}

/*
 * What planning has not come to is wrong all the same: what no output or resource asks for, modules and resources
 * with no instances, what uses a provider that could not begin.
 */
static bool add_other_mistakes(struct engine *engine, struct diags *diags)
{
	struct diags found, added;
	diags_init(&found);
	diags_init(&added);
	engine_validate(engine, &found);
	for (size_t i = 0; i < found.count; i++) {
		if (found.items[i].severity == DIAG_ERROR && !has_error_at(diags, found.items[i].subject))
			diags_add(&added, &found.items[i]);
	}
	bool any = added.count > 0;
	diags_move(diags, &added);
	diags_release(&added);
	diags_release(&found);
	engine->diags = diags;
	return any;
}

struct plan *engine_plan(struct engine *engine, const struct plan_options *options, struct diags *diags)
{
	engine->plan_time = time(NULL);
	struct plan *plan = options->minimal_refresh ? make_minimal(engine, options, diags) : make_plan(engine, options, diags);
	if (plan && options->mode != PLAN_DESTROY)
		plan->errored |= add_other_mistakes(engine, diags);
	return plan;
}
