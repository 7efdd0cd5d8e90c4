/* SPDX-License-Identifier: Apache-2.0 */
/* Planning: the graph walked once, each resource's instances compared with what exists. */
#include "plans/engine_internal.h"

#include "base/loop.h"
#include "lang/value/convert.h"

#include <string.h>
#include <time.h>

struct planner {
	struct engine *engine;
	const struct plan_options *options;
	struct plan *plan;
	struct walk *walk;
	struct arena *scratch; /* of one instance */
	VEC(struct change) changes;
	/* The changes of each block: place in `changes` + 1 of the last one, and of the one before each. */
	uint32_t *last_change;
	VEC(uint32_t) change_before;
	uint8_t *changing; /* a bit for each node: some instance of it changes */
	const uint8_t *for_providers; /* a bit for each node that a provider block needs */
	struct map replaced; /* address -> the -replace option's text, until it is used */
};

/* A resource block's visit, while imports and data sources are read. */
struct block_visit {
	struct planner *planner;
	const struct node *node;
	size_t pending;
	bool failed;
};

/* ---- changes ---- */

/* `node`: of its block; NULL: it has none. */
static void add_change(struct planner *p, const struct change *change, const struct node *node)
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

static const char *provider_address(const struct node *node)
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

static bool must_not_be_destroyed(struct planner *p, const struct node *node, struct module_instance *mi,
				  const struct instance *instance)
{
	if (!node->resource->prevent_destroy)
		return false;
	struct world_eval we;
	world_eval_init(&we, p->engine->world, mi, instance, NULL, p->scratch, p->engine->diags);
	const struct value *v = eval_expr_as(&we.eval, node->resource->prevent_destroy, &type_bool, "prevent_destroy");
	return value_is_true(v) || v->state == VALUE_UNKNOWN; /* what cannot be said yet protects, too */
}

static void refuse_destroying(struct planner *p, const struct node *node, const char *address, const char *why)
{
	struct diag *diag = diag_error(p->engine->diags, node->resource->header_range, "Instance cannot be destroyed",
				       "The plan would destroy %s (%s), but its block says prevent_destroy. Take that out if the object may go; "
				       "or change the configuration so that it can stay; or leave it out of this run with -exclude=%s.",
				       address, why, address);
	diag->address = arena_strdup(p->engine->diags->arena, address);
}

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
		.provider = provider_address(node),
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
	bool refused = replace && must_not_be_destroyed(p, node, mi, instance);
	if (refused)
		refuse_destroying(p, node, address, "it would be replaced");
	change.planned = change.action == PLAN_NOOP ? prior : value_copy(engine->arena, planned.planned);
	instance->value = change.planned;
	bool ok = resource_postconditions(engine, node, mi, instance, change.planned, p->scratch, diags);
	diags_set_address(diags, first, address);
	add_change(p, &change, node);
	return ok && !refused;
}

/* ---- one data source ---- */

struct data_read {
	struct block_visit *visit;
	struct module_instance *mi;
	struct expansion *expansion;
	struct instance *instance;
	struct op_request request;
	size_t diag_mark;
	uint64_t started_ms;
};

static void end_visit(struct block_visit *visit)
{
	if (--visit->pending == 0)
		walk_end(visit->planner->walk, visit->node->index, !visit->failed);
}

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
		add_change(p, &(struct change){
				      .address = read->request.address,
				      .parts = world_address(read->mi, visit->node->resource, read->instance->key),
				      .deposed = "",
				      .type = read->request.type,
				      .provider = provider_address(visit->node),
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
	end_visit(visit);
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

static void plan_data(struct block_visit *visit, struct module_instance *mi, struct expansion *expansion, struct instance *instance)
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
		add_change(p, &(struct change){
				      .address = address,
				      .parts = parts,
				      .deposed = "",
				      .type = node->type,
				      .provider = provider_address(node),
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

/* ---- imports ---- */

struct import_read {
	struct block_visit *visit;
	struct working *working;
	const struct import_block *block;
};

static void plan_instances(struct block_visit *visit);

static void on_imported(void *ctx, const struct read_item *item, enum read_outcome outcome, const struct value *value)
{
	(void)ctx;
	struct import_read *import = item->ctx;
	struct block_visit *visit = import->visit;
	struct engine *engine = visit->planner->engine;
	struct working *w = import->working;
	if (outcome == READ_FOUND) {
		w->value = value_copy(engine->arena, schema_mark_sensitive(engine->arena, w->type->schema, value));
		map_put(&engine->current, w->address, w);
		return;
	}
	visit->failed = true;
	if (outcome == READ_GONE) {
		struct diag *diag = diag_error(engine->diags, import->block->range, "Cannot import non-existent remote object",
					       "There is no object with the id \"%s\" to be imported as %s, in the place where its provider works. "
					       "Only objects that exist can be imported.", item->import_id, w->address);
		diag->address = arena_strdup(engine->diags->arena, w->address);
	}
}

static void on_imports_end(void *ctx)
{
	struct block_visit *visit = ctx;
	if (visit->failed)
		end_visit(visit);
	else
		plan_instances(visit);
}

static const char *import_id(struct planner *p, const struct import_block *block, const struct instance *instance)
{
	struct engine *engine = p->engine;
	struct world_eval we;
	world_eval_init(&we, engine->world, engine->world->root, instance, NULL, engine->arena, engine->diags);
	if (!block->id) {
		diag_error(engine->diags, block->range, "Invalid import block", "The argument \"id\" is needed: the id of the object in its cloud.");
		return NULL;
	}
	const struct value *v = eval_expr_as(&we.eval, block->id, &type_string, "id");
	if (v->state == VALUE_KNOWN && v->count && !v->marks)
		return v->text;
	if (!diags_has_errors(engine->diags))
		diag_error(engine->diags, block->id->range, "Invalid import id argument", "%s",
			   v->state == VALUE_UNKNOWN ? "The id is known only after apply; it must be known while planning."
						     : "The id is null, empty or sensitive.");
	return NULL;
}

/* The address that `to` names for one instance of the import block. */
static bool import_address(struct planner *p, const struct import_block *block, const struct instance *instance, struct address *out)
{
	struct engine *engine = p->engine;
	struct ref ref;
	if (!expr_as_ref(engine->arena, block->to, &ref))
		return false;
	struct world_eval we;
	world_eval_init(&we, engine->world, engine->world->root, instance, NULL, engine->arena, engine->diags);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, ref.root);
	for (size_t i = 0; i < ref.count; i++) {
		if (ref.steps[i].name) {
			buf_addf(&text, ".%s", ref.steps[i].name);
			continue;
		}
		const struct value *key = eval_expr(&we.eval, ref.steps[i].key);
		int64_t index;
		if (value_is_a(key, TYPE_NUMBER) && number_to_int(key->number, &index))
			instance_key_print((struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)index}, &text);
		else if (value_is_a(key, TYPE_STRING))
			instance_key_print((struct instance_key){.kind = KEY_NAME, .name = key->text}, &text);
	}
	return address_parse(engine->arena, buf_text(&text), out, engine->diags);
}

/* Reads what import blocks bring into this resource and the state does not hold yet; then plans. */
static void start_imports(struct block_visit *visit)
{
	struct planner *p = visit->planner;
	struct engine *engine = p->engine;
	const struct node *node = visit->node;
	const struct module *root = engine->graph->config->root;
	VEC(struct read_item) items = {0};
	size_t errors = engine->diags->error_count;
	for (size_t i = 0; i < node->import_count && p->options->mode == PLAN_NORMAL; i++) {
		const struct import_block *block = &root->imports[node->imports[i]];
		struct instance none = {.each_value = NULL};
		struct expansion one = {.items = &none, .count = 1};
		struct expansion *each = &one;
		if (block->for_each)
			each = world_expand_each(engine->world, engine->world->root, block->for_each, engine->diags);
		for (size_t k = 0; k < each->count; k++) {
			struct address to;
			if (!import_address(p, block, block->for_each ? &each->items[k] : NULL, &to))
				continue;
			const char *address = address_print(engine->arena, &to);
			if (engine_find_object(engine, address) || (engine->selection && !selection_has_instance(engine->selection, node, &to)))
				continue;
			const char *id = import_id(p, block, block->for_each ? &each->items[k] : NULL);
			if (!id)
				continue;
			bool twice = false;
			for (size_t n = 0; n < items.count && !twice; n++)
				twice = !strcmp(items.items[n].address, address);
			if (twice) {
				diag_error(engine->diags, block->range, "Duplicate import configuration",
					   "Another import block already says what is imported as %s.", address);
				continue;
			}
			struct working *w = arena_new_of(engine->arena, struct working);
			*w = (struct working){.address = address, .parts = to, .type = node->type, .refreshed = true};
			w->read = (struct read_item){.address = address, .import_id = id, .look_at_all = true, .range = block->range};
			struct import_read *import = arena_new_of(engine->arena, struct import_read);
			*import = (struct import_read){visit, w, block};
			w->read.ctx = import;
			vec_add(&items, w->read);
		}
	}
	if (engine->diags->error_count > errors) {
		visit->failed = true;
		vec_free(&items);
		end_visit(visit);
		return;
	}
	size_t count = items.count;
	struct read_item *copies = vec_copy(&items, engine->arena);
	vec_free(&items);
	struct provider_run *run = engine_provider(engine, node->uses);
	if (count && (!run || !run->provider || run->deferred)) {
		diag_error(engine->diags, copies[0].range, "Cannot import through a provider that is not ready",
			   "The configuration of the provider \"%s\" depends on values that are known only after apply, so that %s cannot be read "
			   "now. Apply first what it depends on, with -target.", node->uses->address, copies[0].address);
		visit->failed = true;
		end_visit(visit);
		return;
	}
	if (count)
		node->type->kind->read(run->provider, node->type, copies, count, on_imported, on_imports_end,
				       visit, engine->diags);
	else
		plan_instances(visit);
}

/* ---- one block ---- */

static void plan_instances(struct block_visit *visit)
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
	end_visit(visit);
}

static void record_output(struct planner *p, const struct node *node)
{
	struct engine *engine = p->engine;
	if (node->module->parent)
		return;
	const struct value *after = world_output(engine->world, engine->world->root, node->output, engine->diags);
	struct output_change *change = NULL;
	for (size_t i = 0; i < p->plan->output_count; i++) {
		if (!strcmp(p->plan->outputs[i].name, node->output->name))
			change = &p->plan->outputs[i];
	}
	if (!change)
		bug("output \"%s\" has no row", node->output->name);
	change->after = value_is_null(after) ? NULL : value_copy(engine->arena, after);
	change->sensitive = node->output->sensitive;
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
				record_output(p, node);
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
			start_imports(visit);
		return;
	}
	}
	walk_end(p->walk, index, ok);
}

/* ---- what no block claims ---- */

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

static void plan_delete(struct planner *p, struct working *w)
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
		if (must_not_be_destroyed(p, node, at, &instance)) {
			refuse_destroying(p, node, w->address, destroying ? "as all objects" : "it is not in the configuration any more");
		}
	}
	if (!map_find(&engine->graph->providers, object->provider)) {
		struct diag *diag = diag_error(engine->diags, SRC_NOWHERE, "Provider configuration not present",
					       "%s was made with the provider configuration \"%s\", which is no longer there, and without which it "
					       "cannot be destroyed. Put the provider block back until the object is gone.", w->address, object->provider);
		diag->address = arena_strdup(engine->diags->arena, w->address);
		return;
	}
	add_change(p, &change, node);
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int by_address = address_compare(&x->parts, &y->parts);
	return by_address ? by_address : strcmp(x->deposed, y->deposed);
}

static void find_drift(struct planner *p)
{
	struct engine *engine = p->engine;
	VEC(struct drift) drifts = {0};
	struct map acting = MAP_INIT;
	for (size_t i = 0; i < engine->objects.count; i++) {
		const struct working *w = engine->objects.items[i];
		if (!w->object || !w->type || w->parts.data)
			continue;
		bool same = w->value && (w->value == w->recorded || diff_same(w->recorded, w->value));
		if (same)
			continue;
		struct drift drift = {
			.address = w->address,
			.deposed = w->object->deposed,
			.type = w->type,
			.before = w->recorded,
			.after = w->value,
			.previous_address = w->previous_address,
		};
		/* it matters where the plan would put it back, or make it again */
		for (size_t k = 0; k < p->changes.count && !drifts.count; k++) {
			if (p->changes.items[k].action != PLAN_NOOP)
				map_put(&acting, p->changes.items[k].address, &p->changes.items[k]);
		}
		drift.relevant = map_find(&acting, w->address) != NULL;
		vec_add(&drifts, drift);
	}
	p->plan->drifts = vec_copy(&drifts, engine->arena);
	p->plan->drift_count = drifts.count;
	vec_free(&drifts);
	map_release(&acting);
}

static int compare_priors(const void *a, const void *b)
{
	const struct prior_object *x = a, *y = b;
	int by_address = address_compare(&x->parts, &y->parts);
	return by_address ? by_address : strcmp(x->deposed, y->deposed);
}

static void record_priors(struct planner *p)
{
	struct engine *engine = p->engine;
	struct prior_object *priors = arena_array_of(engine->arena, engine->objects.count, struct prior_object);
	size_t count = 0;
	for (size_t i = 0; i < engine->objects.count; i++) {
		const struct working *w = engine->objects.items[i];
		if (!w->object || !w->type || !w->value)
			continue;
		priors[count++] = (struct prior_object){
			.address = w->address,
			.deposed = w->object->deposed,
			.parts = w->parts,
			.type = w->type,
			.provider = w->object->provider,
			.value = w->value,
			.tainted = w->object->status == OBJECT_TAINTED,
			.dependencies = w->object->dependencies,
			.dependency_count = w->object->dependency_count,
		};
	}
	sort(priors, count, sizeof(*priors), compare_priors);
	p->plan->priors = priors;
	p->plan->prior_count = count;
}

static void run_checks(struct planner *p)
{
	struct engine *engine = p->engine;
	VEC(struct check_result) results = {0};
	for (uint32_t i = 0; i < engine->graph->count; i++) {
		const struct node *node = &engine->graph->nodes[i];
		if (node->kind != NODE_CHECK || !selection_has_node(engine->selection, node))
			continue;
		const struct module_list *list = world_modules(engine->world, node->module);
		for (size_t m = 0; m < list->count; m++) {
			struct check_result result = {.address = node->address};
			for (size_t k = 0; k < node->check->assert_count; k++) {
				struct diags private;
				diags_init(&private);
				struct world_eval we;
				world_eval_init(&we, engine->world, list->items[m], NULL, NULL, engine->arena, &private);
				const char *message;
				switch (world_condition(&we, &node->check->asserts[k], NULL, &message)) {
				case CONDITION_TRUE:
					break;
				case CONDITION_FALSE:
					result.status = CHECK_FAIL;
					result.message = arena_strdup(engine->arena, message);
					diag_warning(engine->diags, node->check->asserts[k].condition->range, "Check block assertion failed", "%s",
						     message);
					break;
				case CONDITION_UNKNOWN:
					if (result.status == CHECK_PASS)
						result.status = CHECK_UNKNOWN;
					break;
				case CONDITION_ERROR:
					if (result.status == CHECK_PASS)
						result.status = CHECK_ERROR;
					for (size_t e = 0; e < private.count; e++) {
						private.items[e].severity = DIAG_WARNING;
						diags_add(engine->diags, &private.items[e]);
					}
					break;
				}
				diags_release(&private);
			}
			vec_add(&results, result);
		}
	}
	p->plan->checks = vec_copy(&results, engine->arena);
	p->plan->check_count = results.count;
	vec_free(&results);
}

/* One row for each output that is or was, by name. */
static void prepare_outputs(struct planner *p)
{
	struct engine *engine = p->engine;
	const struct module *root = engine->graph->config->root;
	size_t declared = map_size(&root->outputs), recorded = state_output_count(engine->state);
	struct output_change *rows = arena_array_of(engine->arena, declared + recorded, struct output_change);
	size_t n = 0;
	for (size_t i = 0; i < recorded; i++) {
		const struct state_output *output = state_output_at(engine->state, i);
		bool stays = map_find(&root->outputs, output->name) && p->options->mode != PLAN_DESTROY;
		rows[n++] = (struct output_change){
			.name = output->name,
			.before = output->value,
			.after = stays || (p->options->mode != PLAN_DESTROY && !selection_is_all(engine->selection)) ? output->value : NULL,
			.sensitive = value_marks_deep(output->value) & VALUE_SENSITIVE,
		};
	}
	for (struct map_entry *e = map_first(&root->outputs); e && p->options->mode != PLAN_DESTROY; e = map_next(&root->outputs, e)) {
		bool there = false;
		for (size_t i = 0; i < recorded && !there; i++)
			there = !strcmp(rows[i].name, e->key);
		if (!there)
			rows[n++] = (struct output_change){.name = e->key};
	}
	for (size_t i = 1; i < n; i++) { /* few: by insertion */
		struct output_change row = rows[i];
		size_t k = i;
		for (; k && strcmp(rows[k - 1].name, row.name) > 0; k--)
			rows[k] = rows[k - 1];
		rows[k] = row;
	}
	p->plan->outputs = rows;
	p->plan->output_count = n;
}

static void record_clouds(struct planner *p)
{
	struct engine *engine = p->engine;
	VEC(const char *) lines = {0};
	for (struct map_entry *e = map_first(&engine->runs); e; e = map_next(&engine->runs, e)) {
		struct provider_run *run = e->value;
		const char *cloud = run->ready && run->provider && !run->deferred ? run->config->kind->cloud(run->provider) : NULL;
		if (cloud)
			vec_add(&lines, arena_printf(engine->arena, "%s = %s", run->config->address, cloud));
	}
	p->plan->clouds = vec_copy(&lines, engine->arena);
	p->plan->cloud_count = lines.count;
	vec_free(&lines);
}

static const struct value *given_variables(struct engine *engine)
{
	size_t count = map_size(engine->options.inputs), n = 0;
	const char **names = arena_array_of(engine->arena, count, const char *);
	const struct value **items = arena_array_of(engine->arena, count, const struct value *);
	for (struct map_entry *e = map_first(engine->options.inputs); e; e = map_next(engine->options.inputs, e)) {
		names[n] = e->key;
		items[n] = e->value;
		const struct variable *variable = map_find(&engine->graph->config->root->variables, e->key);
		if (variable && variable->sensitive)
			items[n] = value_mark(engine->arena, items[n], VALUE_SENSITIVE);
		n++;
	}
	return value_object(engine->arena, names, items, n);
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
	prepare_outputs(&p);
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
		run_checks(&p);
	}
	for (struct map_entry *e = map_first(&p.replaced); e && options->mode == PLAN_NORMAL; e = map_next(&p.replaced, e))
		diag_warning(diags, SRC_NOWHERE, "Nothing to replace",
			     "-replace=%s names no object of the state that the configuration still has; it has no effect.", e->key);
	sort(p.changes.items, p.changes.count, sizeof(*p.changes.items), compare_changes);
	plan->changes = vec_copy(&p.changes, arena);
	plan->change_count = p.changes.count;
	find_drift(&p);
	record_priors(&p);
	engine_find_relevant(engine, p.changing, plan);
	record_clouds(&p);
	plan->variables = given_variables(engine);
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

struct plan *engine_plan(struct engine *engine, const struct plan_options *options, struct diags *diags)
{
	engine->plan_time = time(NULL);
	return options->minimal_refresh ? make_minimal(engine, options, diags) : make_plan(engine, options, diags);
}
