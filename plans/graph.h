/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who needs whom: one node for each block of the configuration (not for each instance), and the
 * references between them, through locals, variables, outputs and modules.
 */
#pragma once

#include "plans/config/config.h"
#include "providers/provider.h"

enum node_kind { NODE_VARIABLE, NODE_LOCAL, NODE_OUTPUT, NODE_RESOURCE, NODE_PROVIDER, NODE_CALL, NODE_CHECK };

/* A provider as a module's resources see it: a block, or none where the default will do. */
struct provider_config {
	const char *address; /* "aws", "aws.west", "module.net.aws": also what the state records */
	struct module *module;
	const char *name, *alias;
	const struct provider_kind *kind;
	const struct provider_block *block; /* NULL: empty */
	uint32_t node;
	bool used;
};

struct node {
	enum node_kind kind;
	uint32_t index;
	struct module *module; /* that it stands in; for a call: the calling one */
	union {
		const struct variable *variable;
		const struct local *local;
		const struct output *output;
		const struct resource *resource;
		struct provider_config *provider;
		const struct module_call *call;
		const struct check *check;
	};
	const char *address; /* for messages and states: "module.net.aws_vpc.main", "local.x" */
	uint32_t *deps;      /* indexes of nodes that come first; no doubles */
	size_t dep_count;
	/* resources */
	const struct resource_type *type; /* NULL after an error */
	struct provider_config *uses;
	const char *const *looked_at; /* arguments written and attributes referred to, sorted */
	size_t looked_at_count;
	bool look_at_all;
	const char *const *dependencies; /* addresses of all managed resources that come before it, sorted */
	size_t dependency_count;
	const uint32_t *imports; /* import blocks of the root that bring in its objects: their places in root->imports */
	size_t import_count;
	bool create_before_destroy; /* its own, or because something that needs it is */
};

struct graph {
	struct arena *arena;
	struct config *config;
	struct node *nodes;
	size_t count, cap;
	struct map by_key;    /* "module path|address within" -> node index + 1 */
	struct map providers; /* address -> struct provider_config */
	struct map modules;   /* path -> struct node_range */
	uint32_t *order;      /* all nodes, dependencies first */
};

/*
 * Builds the graph and finds unknown names, unknown types, providers that do not exist and cycles.
 * `also` holds the addresses of providers that the state's objects were made with; may be NULL.
 * NULL when one of these makes going on senseless (cycles); else look at diags.
 */
struct graph *graph_build(struct arena *arena, struct config *config, const struct map *also, struct diags *diags);
void graph_release(struct graph *graph);

/* The node of a block, or NULL: "var.x", "local.x", "output.x", "aws_vpc.main", "data.aws_ami.x", "module.net" in a module. */
struct node *graph_find(const struct graph *graph, const struct module *module, const char *address);
/* The node of a resource by its full address without instance keys ("module.net.aws_vpc.main"), or NULL. */
struct node *graph_find_resource(const struct graph *graph, const struct address *address);
/* The same by its parts, in a module. */
struct node *graph_find_block(const struct graph *graph, const struct module *module, bool data, const char *type, const char *name);
/* The nodes of a module and of those that it calls, without providers. */
struct node_range {
	uint32_t start, end;
};
struct node_range graph_module_range(const struct graph *graph, const struct module *module);
/* Address without instance keys: what `dependencies` hold. */
const char *address_print_config(struct arena *arena, const struct address *address);

/* All nodes that a node needs, directly or not, as a bit for each node; `bits` holds (count + 7) / 8 bytes, zeroed. */
void graph_mark_needed(const struct graph *graph, uint32_t node, uint8_t *bits);
/* The same of all provider blocks; in the arena. */
uint8_t *graph_mark_for_providers(const struct graph *graph, struct arena *arena);
static inline bool bit_is_set(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}
static inline void bit_set(uint8_t *bits, uint32_t i)
{
	bits[i / 8] |= (uint8_t)(1u << (i % 8));
}
