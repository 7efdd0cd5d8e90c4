/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan holds beside its changes: drift, what was there before, checks, outputs, variables, clouds. */
#include "plans/planner.h"

#include <string.h>

void planner_find_drift(struct planner *p)
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

void planner_record_priors(struct planner *p)
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

void planner_prepare_outputs(struct planner *p)
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

void planner_record_output(struct planner *p, const struct node *node)
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

void planner_record_clouds(struct planner *p)
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

const struct value *engine_given_variables(struct engine *engine)
{
	size_t count = map_size(engine->options.inputs), n = 0;
	const char **names = arena_array_of(engine->arena, count, const char *);
	const struct value **items = arena_array_of(engine->arena, count, const struct value *);
	for (struct map_entry *e = map_first(engine->options.inputs); e; e = map_next(engine->options.inputs, e)) {
		const struct variable *variable = map_find(&engine->graph->config->root->variables, e->key);
		if (variable && variable->ephemeral)
			continue; /* not kept: given again for the apply */
		names[n] = e->key;
		items[n] = e->value;
		if (variable && variable->sensitive)
			items[n] = value_mark(engine->arena, items[n], VALUE_SENSITIVE);
		n++;
	}
	return value_object(engine->arena, names, items, n);
}
