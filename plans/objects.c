/* SPDX-License-Identifier: Apache-2.0 */
/* The state's objects as a run sees them: in the form of today's schemas, at the addresses of today's configuration. */
#include "plans/engine_internal.h"

#include "lang/value/convert.h"

#include <string.h>

/* A recorded value in the type's present form: attributes that are gone are dropped, new ones were never read. */
static const struct value *to_schema(struct arena *arena, const struct schema *schema, const struct value *v)
{
	if (type_equal(v->type, schema->type) || v->state != VALUE_KNOWN)
		return v;
	const struct type *type = schema->type;
	const struct value **items = arena_array_of(arena, type->count, const struct value *);
	const struct value *empty = schema_empty(arena, schema);
	AUTO_BUF struct buf why = BUF_INIT;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct value *had = value_get(v, type->attrs[i].name);
		const struct value *now = had ? value_convert(arena, had, type->attrs[i].type, &why) : NULL;
		items[i] = now ? now : value_mark(arena, empty->items[i], VALUE_UNREAD);
	}
	return value_mark(arena, value_object_of(arena, type, items), v->marks);
}

static const struct provider_kind *kind_of(struct engine *engine, const struct object *object)
{
	const struct provider_config *config = map_find(&engine->graph->providers, object->provider);
	if (config && config->kind)
		return config->kind;
	return provider_find_kind(object->kind);
}

static void move_object(struct engine *engine, struct working *w, struct address to)
{
	map_remove(&engine->current, w->address);
	if (!w->previous_address)
		w->previous_address = w->address;
	w->parts = to;
	w->address = address_print(engine->arena, &to);
	map_put(&engine->current, w->address, w);
}

/* A module's steps as an absolute prefix for the addresses of its `moved` blocks. */
static bool module_matches(const struct module *module, const struct module_step *steps, size_t count, size_t *depth)
{
	size_t n = 0;
	for (const struct module *m = module; m->parent; m = m->parent)
		n++;
	*depth = n;
	if (count < n)
		return false;
	for (const struct module *m = module; m->parent; m = m->parent) {
		if (strcmp(steps[--n].name, m->name))
			return false;
	}
	return true;
}

static bool steps_start_with(const struct address *address, size_t from, const struct module_step *steps, size_t count)
{
	if (address->module_count < from + count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct module_step *a = &address->modules[from + i], *b = &steps[i];
		if (strcmp(a->name, b->name) || (b->key.kind != KEY_NONE && !instance_key_equal(a->key, b->key)))
			return false;
	}
	return true;
}

/* Where a moved block of `module` takes an address, or false when it does not concern it. */
static bool moved_to(struct engine *engine, const struct module *module, const struct moved *moved, const struct address *at,
		     struct address *to)
{
	size_t depth;
	if (!module_matches(module, at->modules, at->module_count, &depth))
		return false;
	const struct address *from = &moved->from;
	if (!steps_start_with(at, depth, from->modules, from->module_count))
		return false;
	struct arena *arena = engine->arena;
	size_t rest = at->module_count - depth - from->module_count; /* modules below the moved thing */
	*to = *at;
	size_t count = depth + moved->to.module_count + rest;
	struct module_step *steps = arena_array_of(arena, count, struct module_step);
	for (size_t i = 0; i < depth; i++)
		steps[i] = at->modules[i];
	for (size_t i = 0; i < moved->to.module_count; i++)
		steps[depth + i] = moved->to.modules[i];
	for (size_t i = 0; i < rest; i++)
		steps[depth + moved->to.module_count + i] = at->modules[depth + from->module_count + i];
	to->modules = steps;
	to->module_count = count;
	if (!from->type) {
		/* module.a -> module.b keeps the instance's key unless the block names one */
		const struct module_step *last = from->module_count ? &from->modules[from->module_count - 1] : NULL;
		if (last && last->key.kind == KEY_NONE && moved->to.module_count &&
		    moved->to.modules[moved->to.module_count - 1].key.kind == KEY_NONE)
			steps[depth + moved->to.module_count - 1].key = at->modules[depth + from->module_count - 1].key;
		return true;
	}
	if (rest || at->data != from->data || strcmp(at->type, from->type) || strcmp(at->name, from->name))
		return false;
	if (from->key.kind != KEY_NONE && !instance_key_equal(from->key, at->key))
		return false;
	to->type = moved->to.type;
	to->name = moved->to.name;
	if (moved->to.key.kind != KEY_NONE || from->key.kind != KEY_NONE)
		to->key = moved->to.key;
	return true;
}

/* Blocks are written in any order, and one may go on where another ends: true when something moved. */
static bool follow_moves(struct engine *engine, const struct module *module, struct diags *diags)
{
	bool moved_some = false;
	for (size_t i = 0; i < module->moved_count; i++) {
		const struct moved *moved = &module->moved[i];
		for (size_t k = 0; k < engine->objects.count; k++) {
			struct working *w = engine->objects.items[k];
			struct address to;
			if ((engine->placed && map_find(engine->placed, w->address)) ||
			    !moved_to(engine, module, moved, &w->parts, &to))
				continue;
			if (w->object && *w->object->deposed) {
				if (!w->previous_address)
					w->previous_address = w->address;
				w->parts = to;
				w->address = address_print(engine->arena, &to);
				continue;
			}
			const char *address = address_print(engine->arena, &to);
			if (!strcmp(address, w->address))
				continue;
			if (map_find(&engine->current, address)) {
				if (diags)
					diag_warning(diags, moved->range, "Unresolved resource instance address change",
					     "%s cannot become %s, because there is an object at that address already. It stays where it "
						     "is, and will be destroyed if no block declares it there.", w->address, address);
				continue;
			}
			move_object(engine, w, to);
			moved_some = true;
		}
	}
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		const struct module_call *call = e->value;
		if (call->module)
			moved_some |= follow_moves(engine, call->module, diags);
	}
	return moved_some;
}

static void join_node(struct engine *engine, struct working *w, const struct node *node)
{
	w->node = node;
	if (!node)
		return;
	struct working_list *list = &engine->by_node[node->index];
	if (list->last)
		list->last->next_of_node = w;
	else
		list->first = w;
	list->last = w;
}

static bool same_block(const struct address *a, const struct address *b)
{
	if (a->data != b->data || a->module_count != b->module_count || strcmp(a->name, b->name) || strcmp(a->type, b->type))
		return false;
	for (size_t i = 0; i < a->module_count; i++) {
		if (strcmp(a->modules[i].name, b->modules[i].name))
			return false;
	}
	return true;
}

/* Brings objects and blocks together. Objects of one block mostly stand in a row. */
static void find_nodes(struct engine *engine)
{
	engine->by_node = xcalloc(engine->graph->count, sizeof(*engine->by_node));
	const struct working *last = NULL;
	for (size_t i = 0; i < engine->objects.count; i++) {
		struct working *w = engine->objects.items[i];
		bool same = last && same_block(&last->parts, &w->parts);
		join_node(engine, w, same ? last->node : graph_find_resource(engine->graph, &w->parts));
		last = w;
	}
}

/* When count is added or taken away, the one object keeps its place: a <-> a[0]. */
static void follow_repetition(struct engine *engine)
{
	for (size_t k = 0; k < engine->objects.count; k++) {
		struct working *w = engine->objects.items[k];
		if ((w->object && *w->object->deposed) || (engine->placed && map_find(engine->placed, w->address)))
			continue;
		const struct node *node = w->node;
		if (!node)
			continue;
		struct address to = w->parts;
		if (node->resource->count && to.key.kind == KEY_NONE)
			to.key = (struct instance_key){.kind = KEY_INDEX, .index = 0};
		else if (!node->resource->count && !node->resource->for_each && to.key.kind == KEY_INDEX && to.key.index == 0)
			to.key = (struct instance_key){.kind = KEY_NONE};
		else
			continue;
		if (!map_find(&engine->current, address_print(engine->arena, &to)))
			move_object(engine, w, to);
	}
}

void engine_adopt_object(struct engine *engine, const struct object *object, struct diags *diags)
{
	struct working *w = arena_new_of(engine->arena, struct working);
	w->object = object;
	w->address = object->address;
	w->parts = object->parts;
	w->recorded = w->value = object->value;
	const struct provider_kind *kind = kind_of(engine, object);
	if (kind)
		w->type = kind->find_type(object->parts.type, object->parts.data, diags);
	if (w->type && w->recorded)
		w->recorded = w->value = to_schema(engine->arena, w->type->schema, object->value);
	if (!w->type && !object->parts.data) {
		diag_error(diags, SRC_NOWHERE, "Unknown resource type in the state",
			   "The state holds %s, but this version of infra has no type \"%s\". Use the version that made it, add the type "
			   "by a file in the project, or let go of the object:\n\n    infra state rm '%s'", w->address, object->parts.type,
			   w->address);
		return;
	}
	vec_add(&engine->objects, w);
	if (engine->by_node)
		join_node(engine, w, graph_find_resource(engine->graph, &w->parts));
	if (*object->deposed)
		return;
	map_put(&engine->current, w->address, w);
	for (size_t i = 0; i < state_intent_count(engine->state); i++) {
		const struct intent *intent = state_intent_at(engine->state, i);
		if (intent->kind == INTENT_UPDATE && !strcmp(intent->address, w->address)) {
			w->note = intent->note;
			w->intent = intent->id;
		}
	}
}

bool engine_load_objects(struct engine *engine, struct diags *diags)
{
	engine_release_objects(engine);
	size_t errors = diags->error_count;
	for (size_t i = 0; i < state_object_count(engine->state); i++)
		engine_adopt_object(engine, state_object_at(engine->state, i), diags);
	enum { LONGEST_CHAIN = 100 };
	for (int i = 0; i < LONGEST_CHAIN && follow_moves(engine, engine->graph->config->root, NULL); i++)
		;
	follow_moves(engine, engine->graph->config->root, diags);
	find_nodes(engine);
	follow_repetition(engine);
	return diags->error_count == errors;
}

void engine_release_objects(struct engine *engine)
{
	vec_free(&engine->objects);
	map_release(&engine->current);
	free(engine->by_node);
	engine->by_node = NULL;
}

struct working *engine_find_object(const struct engine *engine, const char *address)
{
	return map_find(&engine->current, address);
}

static int compare_keys(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;
	if (x->key.kind != y->key.kind)
		return x->key.kind < y->key.kind ? -1 : 1;
	if (x->key.kind == KEY_NAME)
		return strcmp(x->key.name, y->key.name);
	return (x->key.index > y->key.index) - (x->key.index < y->key.index);
}

struct found {
	const struct module_instance *mi;
	struct instance instance;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->mi != y->mi)
		return (uintptr_t)x->mi < (uintptr_t)y->mi ? -1 : 1;
	return compare_keys(&x->instance, &y->instance);
}

/* The first one of a module's instance, or `count`. */
static size_t first_found(const struct found *items, size_t count, const struct module_instance *mi)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)items[middle].mi < (uintptr_t)mi)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void engine_expand_from_state(struct engine *engine, const struct node *node)
{
	const struct module_list *list = world_modules(engine->world, node->module);
	VEC(struct found) all = {0};
	for (struct working *w = engine->by_node ? engine->by_node[node->index].first : NULL; w; w = w->next_of_node) {
		const struct module_instance *mi = world_find_module(engine->world, w->parts.modules, w->parts.module_count);
		if (mi && !(w->object && *w->object->deposed))
			vec_add(&all, (struct found){mi, {.key = w->parts.key, .value = w->value}});
	}
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), compare_found);
	for (size_t i = 0; i < list->count; i++) {
		struct module_instance *mi = list->items[i];
		VEC(struct instance) found = {0};
		for (size_t k = first_found(all.items, all.count, mi); k < all.count && all.items[k].mi == mi; k++)
			vec_add(&found, all.items[k].instance);
		struct expansion *expansion = arena_new_of(engine->arena, struct expansion);
		expansion->repetition = node->resource->count      ? REPEAT_COUNT
					: node->resource->for_each ? REPEAT_EACH
								   : REPEAT_NONE;
		expansion->items = vec_copy(&found, engine->arena);
		expansion->count = found.count;
		if (!found.count && expansion->repetition == REPEAT_NONE) { /* not made yet: its values are not known */
			expansion->items = arena_array_of(engine->arena, 1, struct instance);
			expansion->count = 1;
		}
		vec_free(&found);
		world_put_expansion(mi, node->resource, expansion);
	}
	vec_free(&all);
}
