/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's own files share. */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "plans/diff.h"
#include "plans/engine.h"
#include "plans/graph.h"
#include "plans/walk.h"
#include "plans/world.h"

/* An object of the state on its way through a run. */
struct working {
	const struct object *object; /* as recorded; NULL: imported in this run */
	const char *address;         /* after moves */
	struct address parts;
	const struct node *node;       /* of its block in the configuration; NULL: it has none */
	struct working *next_of_node;  /* further ones of that block, in the state's order */
	const char *previous_address; /* when it was moved */
	const struct resource_type *type;
	const struct value *recorded; /* the state's value in the type's present form */
	const struct value *value;    /* as read; NULL: gone */
	const char *note; /* of an update that was cut short: it has to be finished */
	int64_t intent;   /* that update's; 0: none */
	bool refreshed, claimed;
	struct read_item read; /* while it is being read */
};

/* A provider block at work. */
struct provider_run {
	struct provider_config *config;
	struct engine *engine;
	struct provider *provider;
	bool deferred; /* its configuration is not known before apply: it plans, but reads nothing */
	bool ready, failed;
	size_t pending;    /* operations before it is ready */
	size_t error_mark; /* diagnostics before it began */
	struct walk *walk; /* to tell when it is ready */
	uint32_t node;
};

struct working_list {
	struct working *first, *last;
};

struct selection; /* what -target and -exclude leave */

struct engine {
	struct arena *arena;
	struct engine_options options;
	struct loop *loop;
	struct state *state;
	struct graph *graph;
	struct world *world;
	struct diags *diags; /* of the call under way */
	VEC(struct working *) objects; /* of the state, in its order */
	struct map current;  /* address -> struct working: the current ones */
	struct working_list *by_node; /* objects by their blocks */
	struct map runs;     /* provider address -> struct provider_run */
	const struct plan_options *plan_options;
	struct selection *selection;
	const uint8_t *only_read; /* -minimal-refresh: a bit for each node whose objects are read; NULL: all */
	int64_t plan_time;
	bool offline;
	bool interrupted;
	struct apply *apply; /* while applying */
	const struct map *placed; /* while applying: addresses of the plan's changes, where moves have been made */
};

void engine_emit(struct engine *engine, const struct engine_event *event);

/* ---- plans/objects.c ---- */
/* Fills objects and current from the state, in the form of the types' schemas; follows moved blocks. */
bool engine_load_objects(struct engine *engine, struct diags *diags);
/* Takes up an object that was just put into the state. */
void engine_adopt_object(struct engine *engine, const struct object *object, struct diags *diags);
void engine_release_objects(struct engine *engine);
struct working *engine_find_object(const struct engine *engine, const char *address);
/* Builds a resource's expansion in all module instances out of the state: for what a run leaves alone. */
void engine_expand_from_state(struct engine *engine, const struct node *node);

/* ---- plans/select.c ---- */
struct selection *selection_new(struct engine *engine, const struct plan_options *options, struct diags *diags);
/* After planning: targets with an instance key that nothing has. */
void selection_warn_of_absent(const struct selection *selection, const struct plan_options *options, struct diags *diags);
bool selection_has_node(const struct selection *selection, const struct node *node);
bool selection_has_instance(const struct selection *selection, const struct node *node, const struct address *address);
/* Objects without a block, and all objects when destroying. */
bool selection_has_object(const struct selection *selection, const struct working *object);
bool selection_is_all(const struct selection *selection);

/* ---- plans/relevant.c ---- */
/* Fills plan->relevant: what the changing nodes (a bit each) and the changed outputs refer to. */
void engine_find_relevant(struct engine *engine, const uint8_t *changing, struct plan *plan);

/* ---- plans/connect.c ---- */
/* Configures and connects a provider, settles its intents and reads its objects; ends `node` of `walk`. */
void provider_run_start(struct engine *engine, struct walk *walk, const struct node *node, bool settle, bool refresh);
struct provider_run *engine_provider(const struct engine *engine, const struct provider_config *config);
/* What its block says, evaluated; engine->diags hears of errors. */
const struct value *engine_evaluate_provider(struct engine *engine, const struct provider_config *config, struct arena *arena);
void engine_close_providers(struct engine *engine);

/* ---- plans/resource.c ---- */
/* What one instance's configuration says: decoded, without the meta-arguments. */
struct instance_config {
	const struct value *config;
	bool ok;
};
/* Evaluates preconditions and the body. */
struct instance_config resource_evaluate(struct engine *engine, const struct node *node, struct module_instance *mi,
					 const struct instance *instance, struct arena *arena, struct diags *diags);
/* Merges configuration and prior (NULL: none) into what shall be, with the provider's say; marks `replace` paths. */
struct planned_instance {
	const struct value *planned;
	const struct value_path *replace;
	size_t replace_count;
};
struct planned_instance resource_plan(struct engine *engine, const struct node *node, struct provider_run *provider,
				      const struct value *config, const struct value *prior, bool ignore, struct arena *arena,
				      struct diags *diags);
bool resource_postconditions(struct engine *engine, const struct node *node, struct module_instance *mi,
			     const struct instance *instance, const struct value *self, struct arena *arena, struct diags *diags);
/* Variables, outputs and checks: the same while planning and applying. */
bool evaluate_variable(struct engine *engine, const struct node *node, struct diags *diags);
bool evaluate_output(struct engine *engine, const struct node *node, struct diags *diags);
/* All checks of the selection by what is known now; what fails is told as a warning. */
struct check_result *evaluate_checks(struct engine *engine, size_t *count);
