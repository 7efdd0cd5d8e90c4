/* SPDX-License-Identifier: Apache-2.0 */
/* What -target and -exclude leave of a run. */
#include "plans/engine_internal.h"

#include <stdlib.h>
#include <string.h>

struct selection {
	struct engine *engine;
	bool all, destroying;
	struct address *targets, *excludes;
	size_t target_count, exclude_count;
	uint8_t *met;    /* a byte for each target: an instance or object lies within it */
	uint8_t *nodes;  /* a bit each: part of the run */
	uint8_t *whole;  /* part of the run with all instances: needed by a target */
	/* addresses of objects, sorted: what else is destroyed with the targets, and what is kept, or left, with the excludes */
	struct names { const char **items; size_t count; } along, kept;
};

static struct address *parse_all(struct engine *engine, const char *const *texts, size_t count, const char *option,
				 struct diags *diags)
{
	struct address *out = arena_array_of(engine->arena, count, struct address);
	for (size_t i = 0; i < count; i++) {
		size_t first = diags->count;
		if (!address_parse(engine->arena, texts[i], &out[i], diags)) {
			for (size_t k = first; k < diags->count; k++)
				diag_add_note(diags, &diags->items[k], SRC_NOWHERE, "in the option -%s=%s", option, texts[i]);
		}
	}
	return out;
}

/* Whether a resource block lies within an address, or holds what it names. */
static bool block_meets(struct engine *engine, const struct address *target, const struct node *node)
{
	struct address block;
	struct arena *arena = engine->arena;
	size_t depth = 0;
	for (const struct module *m = node->module; m->parent; m = m->parent)
		depth++;
	struct module_step *steps = arena_array_of(arena, depth, struct module_step);
	size_t at = depth;
	for (const struct module *m = node->module; m->parent; m = m->parent)
		steps[--at] = (struct module_step){.name = m->name};
	block = (struct address){.modules = steps, .module_count = depth, .data = node->resource->data,
				 .type = node->resource->type, .name = node->resource->name};
	struct module_step *plain = arena_array_of(arena, target->module_count, struct module_step);
	for (size_t i = 0; i < target->module_count; i++)
		plain[i] = (struct module_step){.name = target->modules[i].name};
	struct address unkeyed = *target;
	unkeyed.modules = plain;
	unkeyed.key = (struct instance_key){0};
	return address_contains(&unkeyed, &block);
}

static bool node_in(struct engine *engine, const struct address *addresses, size_t count, const struct node *node)
{
	for (size_t i = 0; i < count; i++) {
		if (block_meets(engine, &addresses[i], node))
			return true;
	}
	return false;
}

static bool object_in(const struct address *addresses, size_t count, const struct address *object)
{
	for (size_t i = 0; i < count; i++) {
		if (address_contains(&addresses[i], object))
			return true;
	}
	return false;
}

static void warn_of_nothing(const char *option, const char *text, struct diags *diags)
{
	diag_warning(diags, SRC_NOWHERE, "Address names nothing", "-%s=%s: neither the configuration nor the state holds anything at this address.",
		     option, text);
}

/* An address with a slip in it would leave everything out (or nothing), and the plan would look fine. */
static void warn_of_strangers(const struct selection *s, const struct address *addresses, const char *const *texts, size_t count,
			      const char *option, struct diags *diags)
{
	struct engine *engine = s->engine;
	for (size_t i = 0; i < count; i++) {
		bool met = false;
		for (uint32_t k = 0; k < engine->graph->count && !met; k++) {
			const struct node *node = &engine->graph->nodes[k];
			met = node->kind == NODE_RESOURCE && block_meets(engine, &addresses[i], node);
		}
		for (size_t k = 0; k < engine->objects.count && !met; k++)
			met = object_in(&addresses[i], 1, &engine->objects.items[k]->parts);
		if (!met)
			warn_of_nothing(option, texts[i], diags);
	}
}

/* A block of that name may lack the instance that is meant. */
void selection_warn_of_absent(const struct selection *s, const struct plan_options *options, struct diags *diags)
{
	struct engine *engine = s->engine;
	for (size_t i = 0; i < s->target_count; i++) {
		const struct address *target = &s->targets[i];
		bool keyed = target->key.kind != KEY_NONE, met = s->met[i];
		for (size_t m = 0; m < target->module_count; m++)
			keyed |= target->modules[m].key.kind != KEY_NONE;
		for (size_t k = 0; k < engine->objects.count && !met; k++)
			met = object_in(target, 1, &engine->objects.items[k]->parts);
		bool block = false;
		for (uint32_t k = 0; k < engine->graph->count && !block; k++) {
			const struct node *node = &engine->graph->nodes[k];
			block = node->kind == NODE_RESOURCE && block_meets(engine, target, node);
		}
		if (keyed && !met && block) /* else it has been said before */
			warn_of_nothing("target", options->targets[i], diags);
	}
}

/* Whether an object was made after the resource of one of the addresses. */
static bool depends_on_any(struct engine *engine, const struct object *object, const struct address *addresses, size_t count)
{
	for (size_t i = 0; object && i < object->dependency_count; i++) {
		struct diags ignored;
		diags_init(&ignored);
		struct address dependency;
		bool met = address_parse(engine->arena, object->dependencies[i], &dependency, &ignored);
		diags_release(&ignored);
		for (size_t k = 0; met && k < count; k++) {
			struct address unkeyed = addresses[k];
			unkeyed.key = (struct instance_key){0};
			if (address_contains(&unkeyed, &dependency) || address_contains(&dependency, &unkeyed))
				return true;
		}
	}
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const struct names *names, const char *name)
{
	return names->count && bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names);
}

struct object_list {
	VEC(struct working *) items;
};

static void list_object(struct map *lists, const char *key, struct working *w)
{
	struct object_list *list = map_find(lists, key);
	if (!list) {
		list = xcalloc(1, sizeof(*list));
		map_put(lists, key, list);
	}
	vec_add(&list->items, w);
}

static void meet_all(struct map *met, struct object_list *queue, const struct map *lists, const char *key)
{
	const struct object_list *list = map_find(lists, key);
	for (size_t i = 0; list && i < list->items.count; i++) {
		if (!map_put(met, list->items.items[i]->address, list->items.items[i]))
			vec_add(&queue->items, list->items.items[i]);
	}
}

/*
 * The objects that were made after those at the addresses (`users`), or before them, directly or not; the latter with
 * the objects themselves. States need not list all that came before, only what leads there.
 */
static struct names reach_objects(struct engine *engine, const struct address *from, size_t count, bool users)
{
	struct map met = MAP_INIT;
	struct map lists = MAP_INIT; /* users: by what they were made after; else by resource */
	struct object_list queue = {0};
	for (size_t i = 0; i < engine->objects.count; i++) {
		struct working *w = engine->objects.items[i];
		if (!users)
			list_object(&lists, address_print_config(engine->arena, &w->parts), w);
		for (size_t k = 0; users && w->object && k < w->object->dependency_count; k++)
			list_object(&lists, w->object->dependencies[k], w);
		bool first = users ? depends_on_any(engine, w->object, from, count) : object_in(from, count, &w->parts);
		if (first && !map_put(&met, w->address, w))
			vec_add(&queue.items, w);
	}
	for (size_t at = 0; at < queue.items.count; at++) {
		const struct working *w = queue.items.items[at];
		if (users)
			meet_all(&met, &queue, &lists, address_print_config(engine->arena, &w->parts));
		for (size_t k = 0; !users && w->object && k < w->object->dependency_count; k++)
			meet_all(&met, &queue, &lists, w->object->dependencies[k]);
	}
	for (struct map_entry *e = map_first(&lists); e; e = map_next(&lists, e)) {
		struct object_list *list = e->value;
		vec_free(&list->items);
		free(list);
	}
	struct names names = {arena_array_of(engine->arena, queue.items.count, const char *), queue.items.count};
	for (size_t i = 0; i < names.count; i++)
		names.items[i] = queue.items.items[i]->address;
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	map_release(&lists);
	map_release(&met);
	vec_free(&queue.items);
	return names;
}

struct selection *selection_new(struct engine *engine, const struct plan_options *options, struct diags *diags)
{
	struct graph *graph = engine->graph;
	struct selection *s = arena_new_of(engine->arena, struct selection);
	*s = (struct selection){
		.engine = engine,
		.destroying = options->mode == PLAN_DESTROY,
		.all = !options->target_count && !options->exclude_count,
		.targets = parse_all(engine, options->targets, options->target_count, "target", diags),
		.excludes = parse_all(engine, options->excludes, options->exclude_count, "exclude", diags),
		.target_count = options->target_count,
		.exclude_count = options->exclude_count,
		.met = arena_array_of(engine->arena, options->target_count + 1, uint8_t),
		.nodes = arena_array_of(engine->arena, graph->count / 8 + 1, uint8_t),
		.whole = arena_array_of(engine->arena, graph->count / 8 + 1, uint8_t),
	};
	if (s->all)
		return s;
	warn_of_strangers(s, s->targets, options->targets, s->target_count, "target", diags);
	warn_of_strangers(s, s->excludes, options->excludes, s->exclude_count, "exclude", diags);
	if (s->target_count && s->destroying)
		s->along = reach_objects(engine, s->targets, s->target_count, true);
	if (s->exclude_count) /* what something kept depends on must be kept, too; else, what depends on something left out is */
		s->kept = reach_objects(engine, s->excludes, s->exclude_count, !s->destroying);
	for (uint32_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		if (node->kind != NODE_RESOURCE)
			continue;
		if (s->target_count && !node_in(engine, s->targets, s->target_count, node))
			continue;
		bit_set(s->nodes, i);
		if (s->target_count)
			graph_mark_needed(graph, i, s->whole);
	}
	for (uint32_t i = 0; i < graph->count; i++) {
		if (bit_is_set(s->whole, i))
			bit_set(s->nodes, i);
	}
	/* what needs something that is left out is left out, too */
	uint8_t *needed = arena_array_of(engine->arena, graph->count / 8 + 1, uint8_t);
	for (uint32_t i = 0; i < graph->count && s->exclude_count; i++) {
		const struct node *node = &graph->nodes[i];
		if (node->kind != NODE_RESOURCE || !bit_is_set(s->nodes, i))
			continue;
		bool out = node_in(engine, s->excludes, s->exclude_count, node);
		memset(needed, 0, graph->count / 8 + 1);
		graph_mark_needed(graph, i, needed);
		for (uint32_t k = 0; k < graph->count && !out; k++)
			out = bit_is_set(needed, k) && graph->nodes[k].kind == NODE_RESOURCE &&
			      node_in(engine, s->excludes, s->exclude_count, &graph->nodes[k]);
		if (out)
			s->nodes[i / 8] &= (uint8_t)~(1u << (i % 8));
	}
	return s;
}

bool selection_is_all(const struct selection *s)
{
	return s->all;
}

bool selection_has_node(const struct selection *s, const struct node *node)
{
	if (s->all)
		return true;
	if (node->kind == NODE_RESOURCE)
		return bit_is_set(s->nodes, node->index);
	if (node->kind != NODE_OUTPUT && node->kind != NODE_CHECK)
		return true;
	/* outputs and checks only where all that they need takes part */
	AUTO_FREE uint8_t *needed = xcalloc(s->engine->graph->count / 8 + 1, 1);
	graph_mark_needed(s->engine->graph, node->index, needed);
	for (uint32_t k = 0; k < s->engine->graph->count; k++) {
		if (bit_is_set(needed, k) && s->engine->graph->nodes[k].kind == NODE_RESOURCE && !bit_is_set(s->nodes, k))
			return false;
	}
	return true;
}

bool selection_has_instance(const struct selection *s, const struct node *node, const struct address *address)
{
	if (s->all)
		return true;
	for (size_t i = 0; i < s->target_count; i++)
		s->met[i] |= address_contains(&s->targets[i], address);
	if (!bit_is_set(s->nodes, node->index))
		return false;
	if (s->exclude_count && object_in(s->excludes, s->exclude_count, address))
		return false;
	if (!s->target_count || bit_is_set(s->whole, node->index))
		return true;
	return object_in(s->targets, s->target_count, address);
}

bool selection_has_object(const struct selection *s, const struct working *w)
{
	if (s->all)
		return true;
	if (s->target_count && !object_in(s->targets, s->target_count, &w->parts) && !is_among(&s->along, w->address))
		return false;
	return !object_in(s->excludes, s->exclude_count, &w->parts) && !is_among(&s->kept, w->address);
}
