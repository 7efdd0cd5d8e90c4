/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: from a configuration and a state to a plan, and from a plan to the new state. It
 * knows providers only by providers/provider.h.
 */
#pragma once

#include "plans/config/config.h"
#include "plans/plan.h"
#include "state/state.h"

struct engine;

enum engine_event_kind {
	EVENT_REFRESHING, /* one object is going to be read, of many at a time */
	EVENT_REFRESHED,
	EVENT_READING, /* a data source */
	EVENT_READ,
	EVENT_SETTLED,  /* what became of an interrupted create: text says it */
	EVENT_STARTED,  /* an operation of a change */
	EVENT_WAITING,  /* still at it: seconds and text say how long and for what */
	EVENT_FINISHED,
	EVENT_FAILED,
	EVENT_STOPPING, /* an interrupt was heard; `count` operations are still running */
	EVENT_PLANNING, /* reading for a plan goes on: seconds, and in text what is waited for */
	EVENT_LEAVING,  /* a second one: the process ends now, with `count` operations under way */
};

struct engine_event {
	enum engine_event_kind kind;
	const char *address; /* of the instance */
	const char *deposed;
	const struct resource_type *type;
	enum plan_action action; /* PLAN_CREATE, PLAN_UPDATE, PLAN_DELETE, PLAN_READ */
	const char *id;          /* the object's id, where one is known */
	const char *text;
	unsigned seconds;
	size_t count, total; /* applying: changes done and all; refreshing: number of this one, and how many of its type */
};

struct engine_options {
	struct loop *loop;
	struct config *config;
	struct state *state;
	const struct map *inputs; /* name -> struct value, as config_variables() fills it */
	const char *root_dir;     /* where relative paths of functions start: the run's directory */
	const char *version;
	unsigned parallelism; /* operations at a time; 0: no limit of ours */
	void (*event)(void *ctx, const struct engine_event *event); /* may be NULL */
	void (*log)(void *ctx, const char *line);                   /* may be NULL */
	void *ctx;
};

/* NULL after errors that make every use senseless (cycles, unknown names). Everything given must outlive it. */
struct engine *engine_new(struct arena *arena, const struct engine_options *options, struct diags *diags);
void engine_free(struct engine *engine);
struct graph *engine_graph(struct engine *engine);

struct plan_options {
	enum plan_mode mode;
	bool no_refresh, minimal_refresh;
	const char *const *targets, *const *excludes, *const *replaces; /* addresses as typed */
	size_t target_count, exclude_count, replace_count;
};

/*
 * Settles what an interrupted run left, reads what exists, and compares. Never NULL; `errored`
 * after errors. Settling writes to the state; nothing else does.
 */
struct plan *engine_plan(struct engine *engine, const struct plan_options *options, struct diags *diags);

/*
 * Carries a plan out and records every step in the state. False after any error: what was done is
 * recorded, what failed is told. The first SIGINT stops new work and waits for what is running.
 */
bool engine_apply(struct engine *engine, const struct plan *plan, struct diags *diags);

/* Checks everything that can be checked without state, credentials and requests. */
bool engine_validate(struct engine *engine, struct diags *diags);

/*
 * Evaluates an expression among the names of the root module, with the state's values (`console`). Data sources
 * that it needs are read, over the loop.
 */
const struct value *engine_evaluate(struct engine *engine, const struct expr *expr, struct arena *arena, struct diags *diags);

/*
 * The same as an evaluation to be used again and again: fills in `we`, which must not be moved
 * afterwards. False when the state cannot be read.
 */
struct world_eval;
bool engine_eval_init(struct engine *engine, struct world_eval *we, struct arena *arena, struct diags *diags);

/*
 * The arguments of a provider block, by its address ("aws", "aws.west", "module.net.aws"), evaluated in the same way: for
 * who speaks to its cloud beside the engine. An empty object where no block is written; NULL after errors.
 */
const struct value *engine_provider_arguments(struct engine *engine, const char *address, struct arena *arena, struct diags *diags);

/* What the providers have waited for longest, for people; in the arena. NULL: nothing. */
const char *engine_waits_for(struct engine *engine, struct arena *arena);

/* Requests that all providers have sent so far. */
uint64_t engine_request_count(struct engine *engine);
