/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a run: modules and resources expanded into instances, and what the names of the
 * language mean among them. Locals, variables and outputs are evaluated when first asked for and
 * kept; the graph's order sees to it that what they need is there by then.
 */
#pragma once

#include "lang/eval/eval.h"
#include "plans/graph.h"

struct instance {
	struct instance_key key;
	const struct value *each_value;  /* for_each: the member */
	const struct value *value;       /* resources: the object as far as it is known; NULL: not there */
	struct module_instance *module;  /* calls */
	bool unknown;                    /* stands for all instances, while validating */
};

enum repetition { REPEAT_NONE, REPEAT_COUNT, REPEAT_EACH };

struct expansion {
	enum repetition repetition;
	struct instance *items; /* by key: indexes rising, names sorted */
	size_t count;
	const struct value *whole; /* all instances as one value, once asked for */
	bool failed;               /* count or for_each could not be evaluated */
	bool unknown;              /* one instance stands for all, while validating */
};

struct module_instance {
	struct module *module;
	struct module_instance *parent;
	const struct instance *instance; /* of the call in the parent; NULL: the root */
	struct instance_key key;
	const char *address; /* "module.net[0]", "" for the root */
	struct module_step *steps;
	size_t depth;
	struct map variables, locals, outputs; /* name -> struct memo */
	struct map calls;     /* name -> struct expansion */
	struct map resources; /* address within the module -> struct expansion */
};

struct world {
	struct arena *arena;
	struct graph *graph;
	struct src_set *sources;
	struct module_instance *root;
	struct map instances; /* module path -> struct module_list */
	const struct map *inputs; /* root variables: name -> struct value */
	const char *root_dir;
	int64_t plan_time;
	bool planning; /* impure functions give unknown; what is not there yet is unknown, not an error */
	/* Asked for a data source that was not read yet; puts what it finds into its expansion. NULL: it stays unknown. */
	void (*read_data)(void *ctx, struct module_instance *mi, const struct node *node);
	void *read_data_ctx;
};

struct module_list {
	struct module_instance **items;
	size_t count, cap;
};

/* `inputs` as config_variables() fills it. */
struct world *world_new(struct arena *arena, struct graph *graph, const struct map *inputs, const char *root_dir, int64_t plan_time,
			bool planning);
void world_release(struct world *world);

/* The instances of a module that exist so far; none until its calls are expanded. */
const struct module_list *world_modules(const struct world *world, const struct module *module);
/* Finds a module's instance by its steps, or NULL. */
struct module_instance *world_find_module(const struct world *world, const struct module_step *steps, size_t count);

/* Expands a call in all instances of its module. False after an error. */
bool world_expand_call(struct world *world, const struct node *node, struct diags *diags);
/* Expands a resource in one module instance; never NULL (`failed` after an error). */
struct expansion *world_expand_resource(struct world *world, struct module_instance *mi, const struct node *node,
					struct diags *diags);
/* A for_each of another block (import) in a module instance; never NULL. */
struct expansion *world_expand_each(struct world *world, struct module_instance *mi, const struct expr *for_each, struct diags *diags);
/* For checking without values: one instance, whose keys are not known. */
void world_expand_unknown_call(struct world *world, const struct node *node);
struct expansion *world_expand_unknown_resource(struct world *world, struct module_instance *mi, const struct node *node);
/* What was expanded before, or NULL. */
struct expansion *world_expansion(const struct module_instance *mi, const struct resource *resource);
/* Puts an expansion made elsewhere (from the state) in place. */
void world_put_expansion(struct module_instance *mi, const struct resource *resource, struct expansion *expansion);
struct instance *expansion_find(const struct expansion *expansion, struct instance_key key);
/* To be called when a value of an instance changes. */
void expansion_touch(struct expansion *expansion);

/* An evaluation in a module instance; `instance` gives each and count, `self` self; both may be NULL. */
struct world_eval {
	struct eval eval;
	struct scope scope;
	struct world *world;
	struct module_instance *mi;
	const struct instance *instance;
	const struct value *self;
};
/* The lookup of its scope, which has the world_eval as its context. plans/names.c */
const struct value *world_lookup(void *ctx, struct eval *eval, const char *root, struct src_range root_range,
				 const struct lookup_step *steps, size_t count, size_t *consumed);
void world_eval_init(struct world_eval *we, struct world *world, struct module_instance *mi, const struct instance *instance,
		     const struct value *self, struct arena *arena, struct diags *diags);

/* The value of a variable, local or output, evaluated now if it was not before; errors once. */
const struct value *world_local(struct world *world, struct module_instance *mi, const struct local *local, struct diags *diags);
const struct value *world_variable(struct world *world, struct module_instance *mi, const struct variable *variable,
				   struct diags *diags);
const struct value *world_output(struct world *world, struct module_instance *mi, const struct output *output, struct diags *diags);

/* The address of an instance: "module.net.aws_vpc.main[0]". */
struct address world_address(const struct module_instance *mi, const struct resource *resource, struct instance_key key);

/* Evaluates a condition; CHECK_ values of plans/plan.h. Failures are reported with the message when `report`. */
enum condition_result { CONDITION_TRUE, CONDITION_FALSE, CONDITION_UNKNOWN, CONDITION_ERROR };
enum condition_result world_condition(struct world_eval *we, const struct condition *condition, const char *summary,
				      const char **message);
