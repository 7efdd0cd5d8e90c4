/* SPDX-License-Identifier: Apache-2.0 */
/* What planning's files share: plan_make.c walks the graph, the others plan or record one kind of thing. */
#pragma once

#include "plans/engine_internal.h"

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

/* ---- plans/plan_make.c ---- */
/* Copies it to the plan's changes. `node`: of its block; NULL: it has none. */
void planner_add_change(struct planner *p, const struct change *change, const struct node *node);
/* Of the provider block that the node's resource uses; "": none is known. */
const char *node_provider_address(const struct node *node);
/* What prevent_destroy says of an instance; true where it cannot be said yet. */
bool planner_must_not_destroy(struct planner *p, const struct node *node, struct module_instance *mi,
			      const struct instance *instance);
/* The error for it; `why` stands in brackets behind the address. */
void planner_refuse_destroying(struct planner *p, const struct node *node, const char *address, const char *why);
/* Plans a resource's instances in all module instances, and ends its own share of the visit. */
void plan_instances(struct block_visit *visit);
/* Ends one share of the visit (`pending`); with the last one the walk goes on. */
void visit_end(struct block_visit *visit);

/* ---- plans/plan_data.c ---- */
/* Reads one instance, a share of the visit until it is there; or plans that it is read when applying. */
void plan_data(struct block_visit *visit, struct module_instance *mi, struct expansion *expansion, struct instance *instance);

/* ---- plans/plan_import.c ---- */
/* Reads what import blocks bring into this resource and the state does not hold yet; then plans. */
void visit_start_imports(struct block_visit *visit);

/* ---- plans/plan_orphan.c ---- */
/* Plans the end of an object that the walk did not claim. */
void plan_delete(struct planner *p, struct working *w);

/* ---- plans/plan_record.c ---- */
/* Each fills its part of the plan; all but the two for outputs are for when the walk is over. */
void planner_find_drift(struct planner *p);
void planner_record_priors(struct planner *p);
/* One row for each output that is or was, by name; before the walk. */
void planner_prepare_outputs(struct planner *p);
/* Puts an output's new value into its row, where it is the root's. */
void planner_record_output(struct planner *p, const struct node *node);
void planner_record_clouds(struct planner *p);
/* The root's variables as they were given, marked sensitive where they are; in the engine's arena. */
const struct value *engine_given_variables(struct engine *engine);
