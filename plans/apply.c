/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying: the plan's changes in an order in which each finds what it needs.
 *
 * The walk has the configuration's nodes, and behind them one node for each resource that loses
 * objects before its new ones come (`deletes`), and one for those whose old objects go last
 * (`leftovers`: deposed by create_before_destroy).
 */
#include "plans/apply_internal.h"

#include "base/digest.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* The deletions of one resource (all its instances), by its address without keys. */
struct deletions {
	const char *resource;
	uint32_t walk_node;
	bool last; /* after everything that used the objects has moved on */
	VEC(const struct change *) changes;
	VEC(const char *) dependencies; /* of all its changes */
	const char *const *last_list;   /* instances share theirs */
	const struct node *node; /* of the configuration; or NULL */
	struct provider_config *provider;
	struct work work;
};

struct ordering {
	struct apply *apply;
	VEC(struct deletions *) groups;
	struct map by_resource; /* "d|address" or "l|address" -> struct deletions */
	struct work *works;     /* by configuration node */
	struct map users;       /* resource's address -> struct users */
	VEC(struct users *) all_users;
};

static void visit(void *ctx, uint32_t index);
static void skipped(void *ctx, uint32_t index);

/* ---- who deletes what ---- */

static struct deletions *group_of(struct ordering *o, const char *resource, bool last)
{
	const char *key = arena_printf(o->apply->engine->arena, "%c|%s", last ? 'l' : 'd', resource);
	return map_find(&o->by_resource, key);
}

static void add_deletion(struct ordering *o, const struct change *change, bool last)
{
	struct engine *engine = o->apply->engine;
	const char *resource = address_print_config(engine->arena, &change->parts);
	struct deletions *group = group_of(o, resource, last);
	if (!group) {
		group = arena_new_of(engine->arena, struct deletions);
		group->resource = resource;
		group->last = last;
		group->node = graph_find_resource(engine->graph, &change->parts);
		group->provider = map_find(&engine->graph->providers, change->provider);
		map_put(&o->by_resource, arena_printf(engine->arena, "%c|%s", last ? 'l' : 'd', resource), group);
		vec_add(&o->groups, group);
	}
	vec_add(&group->changes, change);
	/* what the old object was made after, as the state says; the plan's list is of the new one */
	const struct object *object = state_find_object(engine->state, change->address, change->deposed);
	const char *const *list = object ? object->dependencies : change->dependencies;
	size_t count = object ? object->dependency_count : change->dependency_count;
	for (size_t i = 0; list != group->last_list && i < count; i++) {
		bool known = false;
		for (size_t k = 0; k < group->dependencies.count && !known; k++)
			known = !strcmp(group->dependencies.items[k], list[i]);
		if (!known)
			vec_add(&group->dependencies, list[i]);
	}
	group->last_list = list;
}

/* Nodes of the configuration that use a resource: by what they say now, or by what their objects were made after. */
struct users {
	VEC(uint32_t) nodes;
};

static void add_users(struct ordering *o, const char *const *dependencies, size_t count, uint32_t node)
{
	for (size_t i = 0; i < count; i++) {
		struct users *users = map_find(&o->users, dependencies[i]);
		if (!users) {
			users = arena_new_of(o->apply->engine->arena, struct users);
			map_put(&o->users, dependencies[i], users);
			vec_add(&o->all_users, users);
		}
		if (!users->nodes.count || users->nodes.items[users->nodes.count - 1] != node)
			vec_add(&users->nodes, node);
	}
}

static void find_users(struct ordering *o)
{
	struct engine *engine = o->apply->engine;
	struct graph *graph = engine->graph;
	for (uint32_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		if (node->kind == NODE_RESOURCE && !node->resource->data)
			add_users(o, node->dependencies, node->dependency_count, i);
	}
	const char *const *last = NULL;
	for (size_t i = 0; i < engine->objects.count; i++) {
		const struct working *w = engine->objects.items[i];
		if (!w->object || w->object->dependencies == last)
			continue; /* instances of one resource share their list */
		last = w->object->dependencies;
		const struct node *node = w->node;
		if (node && !node->resource->data)
			add_users(o, w->object->dependencies, w->object->dependency_count, node->index);
	}
}

/* What was made after these objects goes before them. `careful`: where that makes no circle. */
static void order_deletions(struct ordering *o, bool careful)
{
	struct walk *walk = o->apply->walk;
	for (size_t g = 0; g < o->groups.count; g++) {
		struct deletions *later = o->groups.items[g];
		for (size_t i = 0; i < later->dependencies.count; i++) {
			for (int last = 0; last < 2; last++) {
				struct deletions *group = group_of(o, later->dependencies.items[i], last != 0);
				if (!group || !strcmp(group->resource, later->resource))
					continue;
				if (!careful || !walk_has_path(walk, later->walk_node, group->walk_node))
					walk_add_edge(walk, group->walk_node, later->walk_node);
			}
		}
	}
}

static void order_configuration(struct ordering *o)
{
	struct graph *graph = o->apply->engine->graph;
	struct walk *walk = o->apply->walk;
	for (uint32_t i = 0; i < graph->count; i++) {
		for (size_t k = 0; k < graph->nodes[i].dep_count; k++)
			walk_add_edge(walk, i, graph->nodes[i].deps[k]);
	}
	for (size_t g = 0; g < o->groups.count; g++) {
		if (o->groups.items[g]->provider)
			walk_add_edge(walk, o->groups.items[g]->walk_node, o->groups.items[g]->provider->node);
	}
}

/* Deletions among creates and updates; when everything goes there are none of those. */
static void order_users(struct ordering *o)
{
	struct walk *walk = o->apply->walk;
	find_users(o);
	for (size_t g = 0; g < o->groups.count; g++) {
		struct deletions *group = o->groups.items[g];
		bool replaced = false;
		for (size_t i = 0; i < group->changes.count; i++)
			replaced |= group->changes.items[i]->action == PLAN_DELETE_THEN_CREATE;
		if (group->node && group->last)
			walk_add_edge(walk, group->walk_node, group->node->index);
		else if (group->node && (replaced || !walk_has_path(walk, group->walk_node, group->node->index)))
			walk_add_edge(walk, group->node->index, group->walk_node);
		if (replaced)
			continue;
		/* users of the objects let go of them first, wherever that makes no circle */
		const struct users *users = map_find(&o->users, group->resource);
		for (size_t i = 0; users && i < users->nodes.count; i++) {
			uint32_t user = users->nodes.items[i];
			if ((!group->node || user != group->node->index) && !walk_has_path(walk, user, group->walk_node))
				walk_add_edge(walk, group->walk_node, user);
		}
	}
}

static void add_edges(struct ordering *o)
{
	struct apply *apply = o->apply;
	order_configuration(o);
	order_deletions(o, false);
	if (walk_has_cycle(apply->walk)) { /* what states remember may contradict itself */
		uint32_t count = (uint32_t)(apply->engine->graph->count + o->groups.count);
		walk_free(apply->walk);
		apply->walk = walk_new(count, visit, skipped, o);
		order_configuration(o);
		order_deletions(o, true);
	}
	if (apply->plan->mode != PLAN_DESTROY)
		order_users(o);
}

/* ---- visiting ---- */

static void visit_resource(struct apply *apply, struct work *work, const struct node *node)
{
	struct engine *engine = apply->engine;
	*work = (struct work){.apply = apply, .node = node->index, .pending = 1};
	/* of data sources only those that a provider needs were read for destroying; the others are not asked how many they are */
	bool only_provider_data = apply->plan->mode == PLAN_DESTROY && !bit_is_set(apply->for_providers, node->index);
	if ((apply->plan->mode != PLAN_NORMAL && !node->resource->data) || only_provider_data || !selection_has_node(engine->selection, node)) {
		engine_expand_from_state(engine, node);
		work_end_one(work);
		return;
	}
	const struct module_list *list = world_modules(engine->world, node->module);
	for (size_t i = 0; i < list->count; i++) {
		struct module_instance *mi = list->items[i];
		struct expansion *expansion = world_expand_resource(engine->world, mi, node, engine->diags);
		work->failed |= expansion->failed;
		for (size_t k = 0; k < expansion->count; k++) {
			struct instance *instance = &expansion->items[k];
			struct address parts = world_address(mi, node->resource, instance->key);
			arena_reset(apply->scratch);
			const char *address = address_print(apply->scratch, &parts);
			const struct change *change = map_find(&apply->changes, address);
			if (!change) {
				const struct working *w = engine_find_object(engine, address);
				instance->value = w ? w->value : NULL;
				continue;
			}
			struct task_options options = {
				.change = change, .node = node, .mi = mi, .expansion = expansion, .instance = instance};
			switch (change->action) {
			case PLAN_NOOP:
				instance->value = change->planned;
				break;
			case PLAN_CREATE:
			case PLAN_DELETE_THEN_CREATE:
				options.kind = TASK_CREATE;
				task_queue(apply, work, &options);
				break;
			case PLAN_CREATE_THEN_DELETE: {
				options.kind = TASK_CREATE;
				uint8_t random[4];
				random_bytes(random, sizeof(random));
				char *deposed = arena_printf(engine->arena, "%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
				map_put(&apply->deposed, change->address, deposed);
				options.deposed = deposed;
				task_queue(apply, work, &options);
				break;
			}
			case PLAN_UPDATE:
				options.kind = TASK_UPDATE;
				task_queue(apply, work, &options);
				break;
			case PLAN_READ:
				options.kind = TASK_READ;
				task_queue(apply, work, &options);
				break;
			case PLAN_DELETE:
			case PLAN_FORGET:
				bug("%s is in the configuration and is to be deleted", change->address);
			}
		}
		expansion_touch(expansion);
	}
	work_end_one(work);
}

static void visit_deletions(struct apply *apply, struct deletions *group)
{
	struct engine *engine = apply->engine;
	group->work = (struct work){.apply = apply, .node = group->walk_node, .pending = 1};
	for (size_t i = 0; i < group->changes.count; i++) {
		const struct change *change = group->changes.items[i];
		const char *deposed = change->deposed;
		if (change->action == PLAN_CREATE_THEN_DELETE) {
			deposed = map_find(&apply->deposed, change->address);
			if (!deposed || !state_find_object(engine->state, change->address, deposed))
				continue; /* it is the current one again, after a failure that was told */
		}
		if (change->action == PLAN_FORGET) {
			state_remove_object(engine->state, change->address, change->deposed);
			if (!*change->deposed)
				apply_drop_updates(engine->state, change->address);
			continue;
		}
		task_queue(apply, &group->work, &(struct task_options){.kind = TASK_DELETE, .change = change, .deposed = deposed});
	}
	work_end_one(&group->work);
}

static void visit(void *ctx, uint32_t index)
{
	struct ordering *o = ctx;
	struct apply *apply = o->apply;
	struct engine *engine = apply->engine;
	if (index >= engine->graph->count) {
		visit_deletions(apply, o->groups.items[index - engine->graph->count]);
		return;
	}
	const struct node *node = &engine->graph->nodes[index];
	bool normal = apply->plan->mode == PLAN_NORMAL;
	bool ok = true;
	switch (node->kind) {
	case NODE_VARIABLE:
		ok = evaluate_variable(engine, node, engine->diags);
		break;
	case NODE_LOCAL:
	case NODE_CHECK:
		break;
	case NODE_OUTPUT:
		if (!normal || !selection_has_node(engine->selection, node))
			break;
		ok = evaluate_output(engine, node, engine->diags);
		if (ok && !node->module->parent) {
			const struct value *v = world_output(engine->world, engine->world->root, node->output, engine->diags);
			if (value_is_wholly_known(v))
				state_put_output(engine->state, node->output->name, value_is_null(v) ? NULL : v);
		}
		break;
	case NODE_CALL:
		ok = world_expand_call(engine->world, node, engine->diags);
		break;
	case NODE_PROVIDER:
		provider_run_start(engine, apply->walk, node, false, false);
		return;
	case NODE_RESOURCE:
		visit_resource(apply, &o->works[index], node);
		return;
	}
	apply->failed |= !ok;
	walk_end(apply->walk, index, ok);
}

static void skipped(void *ctx, uint32_t index)
{
	(void)index;
	struct ordering *o = ctx;
	o->apply->failed = true;
}

/* ---- what the plan found, recorded ---- */

/* All leave their places before the first takes its new one: one's new address may be another's old one. */
static void move_in_state(struct engine *engine, const struct plan *plan)
{
	VEC(struct object) moved = {0};
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		if (!change->previous_address || !strcmp(change->previous_address, change->address))
			continue;
		const struct object *object = state_find_object(engine->state, change->previous_address, change->deposed);
		if (!object)
			continue;
		struct object copy = *object;
		copy.address = change->address;
		copy.parts = change->parts;
		vec_add(&moved, copy);
		state_remove_object(engine->state, change->previous_address, change->deposed);
	}
	for (size_t i = 0; i < moved.count; i++)
		state_put_object(engine->state, &moved.items[i]);
	vec_free(&moved);
}

/* Moves, imports and what reading found reach the state before anything is changed. */
static void record_findings(struct apply *apply)
{
	struct engine *engine = apply->engine;
	const struct plan *plan = apply->plan;
	move_in_state(engine, plan);
	for (size_t i = 0; i < plan->drift_count; i++) {
		const struct drift *drift = &plan->drifts[i];
		const struct object *object = state_find_object(engine->state, drift->address, drift->deposed);
		if (!object)
			continue;
		if (!drift->after) {
			state_remove_object(engine->state, drift->address, drift->deposed);
			if (!*drift->deposed)
				apply_drop_updates(engine->state, drift->address);
			continue;
		}
		struct object found = *object;
		found.value = drift->after;
		state_put_object(engine->state, &found);
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		if (*change->deposed || change->parts.data)
			continue;
		const struct object *object = state_find_object(engine->state, change->address, "");
		struct provider_run *run = map_find(&engine->runs, change->provider);
		const char *cloud = run && run->provider ? change->type->kind->cloud(run->provider) : NULL;
		if (change->importing && !object) {
			state_put_object(engine->state, &(struct object){
								.address = change->address,
								.parts = change->parts,
								.deposed = "",
								.kind = change->type->kind->name,
								.provider = change->provider,
								.cloud = cloud,
								.schema_version = change->type->schema->version,
								.value = change->prior,
								.dependencies = change->dependencies,
								.dependency_count = change->dependency_count,
							});
		} else if (object && change->action == PLAN_NOOP) {
			bool same = object->dependency_count == change->dependency_count && !strcmp(object->provider, change->provider) &&
				    object->create_before_destroy == change->create_before_destroy && diff_same(object->value, change->prior);
			/* a state of Terraform's does not say where its objects live; by now this one was found */
			const struct working *w = engine_find_object(engine, change->address);
			bool found = cloud && !object->cloud && w && w->refreshed;
			for (size_t k = 0; same && k < change->dependency_count; k++)
				same = !strcmp(object->dependencies[k], change->dependencies[k]);
			if (same && !found)
				continue;
			struct object now = *object;
			now.cloud = found ? cloud : object->cloud;
			now.dependencies = change->dependencies;
			now.dependency_count = change->dependency_count;
			now.value = change->prior;
			now.schema_version = change->type->schema->version;
			now.provider = change->provider;
			now.create_before_destroy = change->create_before_destroy;
			state_put_object(engine->state, &now);
		}
	}
}

/* ---- intent tags ---- */

struct unmarking {
	struct engine *engine;
	size_t pending;
	size_t kept; /* marks that could not be taken off */
	bool over;
};

static void on_unmarked(void *ctx, const struct mark *mark, bool off)
{
	struct unmarking *u = ctx;
	const char *address = mark->ctx;
	u->kept += !off; /* the next run tries again */
	const struct object *object = off ? state_find_object(u->engine->state, address, "") : NULL;
	if (!object)
		return;
	struct object clean = *object;
	clean.mark = NULL;
	state_put_object(u->engine->state, &clean);
}

static void on_unmark_end(void *ctx)
{
	struct unmarking *u = ctx;
	u->over = --u->pending == 0;
}

/* Takes the intent tags off, many objects in one request. */
static void unmark_all(struct engine *engine)
{
	struct unmarking u = {.engine = engine, .pending = 1};
	for (struct map_entry *e = map_first(&engine->runs); e; e = map_next(&engine->runs, e)) {
		struct provider_run *run = e->value;
		if (!run->provider || !run->config->kind->unmark)
			continue;
		VEC(struct mark) marks = {0};
		for (size_t i = 0; i < state_object_count(engine->state); i++) {
			const struct object *object = state_object_at(engine->state, i);
			if (!object->mark || *object->deposed || strcmp(object->provider, run->config->address))
				continue;
			const struct resource_type *type = run->config->kind->find_type(object->parts.type, false, engine->diags);
			if (type)
				vec_add(&marks, (struct mark){.type = type, .value = object->value, .token = arena_strdup(engine->arena, object->mark),
							      .ctx = (void *)(uintptr_t)arena_strdup(engine->arena, object->address)});
		}
		size_t count = marks.count;
		struct mark *copies = vec_copy(&marks, engine->arena);
		vec_free(&marks);
		if (!count)
			continue;
		u.pending++;
		run->config->kind->unmark(run->provider, copies, count, on_unmarked, on_unmark_end, &u);
	}
	on_unmark_end(&u);
	if (!u.over)
		loop_run_until(engine->loop, &u.over);
	if (u.kept)
		diag_warning(engine->diags, SRC_NOWHERE, "Intent tags stay",
			     "%zu object%s still carr%s the tag infra:intent, by which an interrupted run would have found %s: the request that takes it "
			     "off failed. The next apply tries again.", u.kept, u.kept == 1 ? "" : "s", u.kept == 1 ? "ies" : "y",
			     u.kept == 1 ? "it" : "them");
}

/* ---- interrupts ---- */

static void on_signal(void *ctx, int signo)
{
	(void)signo;
	struct apply *apply = ctx;
	struct engine *engine = apply->engine;
	if (engine->interrupted) {
		/* at once: what is known is recorded, the rest is in the intents; nothing more leaves */
		state_cancel_after_commit(engine->state);
		state_commit(engine->state, engine->diags);
		engine_emit(engine, &(struct engine_event){.kind = EVENT_LEAVING, .count = apply->running});
		_exit(1);
	}
	engine->interrupted = true;
	apply->failed = true;
	engine_emit(engine, &(struct engine_event){.kind = EVENT_STOPPING, .count = apply->running});
	walk_stop(apply->walk);
	apply_pump(apply);
}

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void start(void *ctx)
{
	struct apply *apply = ctx;
	walk_start(apply->walk);
}

bool engine_apply(struct engine *engine, const struct plan *plan, struct diags *diags)
{
	engine->diags = diags;
	engine->plan_time = plan->made_at;
	size_t errors = diags->error_count;
	struct apply apply = {.engine = engine, .plan = plan, .scratch = arena_new()};
	struct ordering order = {.apply = &apply};
	engine->apply = &apply;
	record_findings(&apply);
	struct map placed = MAP_INIT;
	for (size_t i = 0; i < plan->change_count; i++)
		map_put(&placed, plan->changes[i].address, (void *)(uintptr_t)&plan->changes[i]);
	engine->placed = &placed;
	bool loaded = state_commit(engine->state, diags) && engine_load_objects(engine, diags);
	engine->placed = NULL;
	map_release(&placed);
	if (!loaded) {
		arena_free(apply.scratch);
		engine->apply = NULL;
		return false;
	}
	world_release(engine->world);
	engine->world = world_new(engine->arena, engine->graph, engine->options.inputs, engine->options.root_dir, plan->made_at, false);
	struct plan_options options = {.mode = plan->mode, .targets = plan->targets, .target_count = plan->target_count,
				       .excludes = plan->excludes, .exclude_count = plan->exclude_count};
	engine->selection = selection_new(engine, &options, diags);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		apply.total += change->action != PLAN_NOOP && change->action != PLAN_READ && change->action != PLAN_FORGET;
		if (!*change->deposed && change->action != PLAN_DELETE && change->action != PLAN_FORGET)
			map_put(&apply.changes, change->address, (void *)(uintptr_t)change);
		if (change->action == PLAN_DELETE || change->action == PLAN_FORGET)
			add_deletion(&order, change, *change->deposed != '\0');
		else if (change->action == PLAN_DELETE_THEN_CREATE)
			apply.total++, add_deletion(&order, change, false);
		else if (change->action == PLAN_CREATE_THEN_DELETE)
			apply.total++, add_deletion(&order, change, true);
	}
	size_t nodes = engine->graph->count;
	for (size_t i = 0; i < order.groups.count; i++)
		order.groups.items[i]->walk_node = (uint32_t)(nodes + i);
	apply.for_providers = graph_mark_for_providers(engine->graph, engine->arena);
	order.works = xcalloc(nodes, sizeof(*order.works));
	apply.walk = walk_new((uint32_t)(nodes + order.groups.count), visit, skipped, &order);
	add_edges(&order);
	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++)
		loop_signal(engine->loop, stop_signals[i], on_signal, &apply);
	loop_at_turn_end(engine->loop, apply_commit, &apply);
	apply.heartbeat = loop_timer(engine->loop, 1000, apply_heartbeat, &apply);
	loop_later(engine->loop, start, &apply);
	loop_run_until(engine->loop, walk_over_flag(apply.walk));
	if (!walk_is_over(apply.walk))
		bug("applying ended early");
	loop_timer_cancel(engine->loop, apply.heartbeat);
	unmark_all(engine);
	if (plan->mode == PLAN_DESTROY && !apply.failed && selection_is_all(engine->selection)) {
		while (state_output_count(engine->state))
			state_put_output(engine->state, state_output_at(engine->state, 0)->name, NULL);
	}
	for (size_t i = 0; i < plan->output_count && plan->mode == PLAN_NORMAL && !apply.failed; i++) {
		if (!plan->outputs[i].after)
			state_put_output(engine->state, plan->outputs[i].name, NULL);
	}
	if (plan->mode == PLAN_NORMAL && !apply.failed) {
		size_t count;
		evaluate_checks(engine, &count);
	}
	bool committed = state_commit(engine->state, diags);
	loop_at_turn_end_cancel(engine->loop, apply_commit, &apply);
	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++)
		loop_signal(engine->loop, stop_signals[i], NULL, NULL);
	walk_free(apply.walk);
	map_release(&apply.changes);
	map_release(&apply.deposed);
	map_release(&order.by_resource);
	for (size_t i = 0; i < order.groups.count; i++) {
		vec_free(&order.groups.items[i]->changes);
		vec_free(&order.groups.items[i]->dependencies);
	}
	vec_free(&order.groups);
	for (size_t i = 0; i < order.all_users.count; i++)
		vec_free(&order.all_users.items[i]->nodes);
	vec_free(&order.all_users);
	map_release(&order.users);
	vec_free(&apply.queue);
	vec_free(&apply.active);
	free(order.works);
	arena_free(apply.scratch);
	engine->apply = NULL;
	return committed && !apply.failed && diags->error_count == errors;
}
