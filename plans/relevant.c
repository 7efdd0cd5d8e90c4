/* SPDX-License-Identifier: Apache-2.0 */
/* Which attributes the plan's changes come from: what is shown of drift. */
#include "plans/engine_internal.h"

#include <string.h>

struct task { /* an expression to be walked, in a module */
	const struct module *module;
	const struct expr *expr;
};

struct finder {
	struct engine *engine;
	const struct module *module; /* that references are meant in */
	struct map seen;             /* what was walked, by address and attribute */
	VEC(struct relevant_place) found;
	VEC(struct task) tasks; /* chains of references may be as long as the configuration: no recursion */
};

static void add_task(struct finder *f, const struct module *module, const struct expr *expr)
{
	if (expr)
		vec_add(&f->tasks, (struct task){module, expr});
}

static bool is_new(struct finder *f, const char *key)
{
	return !map_put(&f->seen, key, (void *)(uintptr_t)1);
}

static const char *literal_text(const struct expr *key)
{
	return key && key->kind == EXPR_LITERAL && value_is_a(key->literal, TYPE_STRING) ? key->literal->text : NULL;
}

/* An attribute of a resource: it is relevant, and so is what it was made of. */
static void visit_resource(struct finder *f, const struct ref *ref, size_t first, const char *within)
{
	struct arena *arena = f->engine->arena;
	const struct node *node = graph_find(f->engine->graph, f->module, within);
	if (!node)
		return;
	size_t at = first;
	if (at < ref->count && ref->steps[at].key) /* which instance */
		at++;
	struct value_step *steps = arena_array_of(arena, ref->count, struct value_step);
	size_t count = 0;
	for (; at < ref->count; at++) {
		const char *name = ref->steps[at].name ? ref->steps[at].name : literal_text(ref->steps[at].key);
		if (!name)
			break;
		steps[count++] = (struct value_step){.name = name};
	}
	AUTO_BUF struct buf key = BUF_INIT;
	buf_adds(&key, node->address);
	for (size_t i = 0; i < count; i++)
		buf_addf(&key, "|%s", steps[i].name);
	if (!is_new(f, buf_copy(&key, arena)))
		return;
	vec_add(&f->found, (struct relevant_place){node->address, {steps, count}});
	const struct attribute *attr = count ? body_find_attr(node->resource->body, steps[0].name) : NULL;
	if (attr)
		add_task(f, node->module, attr->expr);
}

static void visit_output(struct finder *f, const struct module_call *call, const char *name)
{
	struct arena *arena = f->engine->arena;
	const struct node *node = graph_find(f->engine->graph, call->module, arena_printf(arena, "output.%s", name));
	if (node && is_new(f, node->address))
		add_task(f, node->module, node->output->value);
}

static void visit_named(struct finder *f, const char *within)
{
	const struct node *node = graph_find(f->engine->graph, f->module, within);
	if (!node || !is_new(f, node->address))
		return;
	if (node->kind == NODE_LOCAL) {
		add_task(f, node->module, node->local->expr);
	} else if (node->kind == NODE_VARIABLE && node->module->parent) {
		const struct attribute *given = body_find_attr(node->module->call->body, node->variable->name);
		if (given)
			add_task(f, node->module->parent, given->expr);
	}
}

static void visit_ref(void *ctx, const struct ref *ref)
{
	struct finder *f = ctx;
	struct arena *arena = f->engine->arena;
	const char *first = ref->count ? ref->steps[0].name : NULL;
	if (!first)
		return;
	if (!strcmp(ref->root, "var") || !strcmp(ref->root, "local")) {
		visit_named(f, arena_printf(arena, "%s.%s", ref->root, first));
	} else if (!strcmp(ref->root, "module")) {
		const struct module_call *call = map_find(&f->module->calls, first);
		size_t at = 1;
		while (at < ref->count && ref->steps[at].key)
			at++;
		if (call && call->module && at < ref->count)
			visit_output(f, call, ref->steps[at].name);
		for (struct map_entry *e = call && call->module && at >= ref->count ? map_first(&call->module->outputs) : NULL; e;
		     e = map_next(&call->module->outputs, e))
			visit_output(f, call, e->key);
	} else if (!strcmp(ref->root, "data")) {
		if (ref->count > 1 && ref->steps[1].name)
			visit_resource(f, ref, 2, arena_printf(arena, "data.%s.%s", first, ref->steps[1].name));
	} else {
		visit_resource(f, ref, 1, arena_printf(arena, "%s.%s", ref->root, first));
	}
}

void engine_find_relevant(struct engine *engine, const uint8_t *changing, struct plan *plan)
{
	struct finder f = {.engine = engine};
	for (uint32_t i = 0; i < engine->graph->count; i++) {
		const struct node *node = &engine->graph->nodes[i];
		f.module = node->module;
		if (node->kind == NODE_RESOURCE && bit_is_set(changing, i)) {
			body_walk_refs(node->resource->body, visit_ref, &f);
		} else if (node->kind == NODE_OUTPUT && !node->module->parent) {
			for (size_t k = 0; k < plan->output_count; k++) {
				const struct output_change *o = &plan->outputs[k];
				if (!strcmp(o->name, node->output->name) &&
				    (!o->before != !o->after || (o->before && !diff_same(o->before, o->after))))
					add_task(&f, node->module, node->output->value);
			}
		}
	}
	while (f.tasks.count) {
		struct task task = f.tasks.items[--f.tasks.count];
		f.module = task.module;
		expr_walk_refs(task.expr, visit_ref, &f);
	}
	plan->relevant = vec_copy(&f.found, engine->arena);
	plan->relevant_count = f.found.count;
	vec_free(&f.found);
	vec_free(&f.tasks);
	map_release(&f.seen);
}
