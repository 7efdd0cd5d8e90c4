/* SPDX-License-Identifier: Apache-2.0 */
/* What the graph's files share: graph.c makes the nodes, graph_refs.c their edges, graph_order.c puts them in order. */
#pragma once

#include "base/vec.h"
#include "plans/graph.h"

struct builder {
	struct graph *graph;
	struct diags *diags;
	/* while the references of one node are walked */
	struct node *node;
	struct module *module; /* that the references are meant in */
	VEC(uint32_t) deps;
	uint32_t *seen; /* by node: index + 1 of the last node that was found to need it */
	VEC(const char *) *looked_at; /* by node: attributes referred to */
};

/* ---- plans/graph_refs.c ---- */
/* Fills the nodes' `imports` from the root's import blocks; each must have a resource to go to. */
void graph_find_imports(struct graph *graph, struct diags *diags);
/*
 * What the block itself refers to. `node` is b->node here and below; what is found is added to b->deps and
 * b->looked_at. It may leave b->module at another one.
 */
void builder_need_parts(struct builder *b, struct node *node);
/* The calls that a node's module came by: their instances must be known, and what they depend on done. */
void builder_need_calls(struct builder *b, struct node *node);
/* Takes a variable's need of itself out of b->deps: it may look at itself in its validations, and only there. */
void builder_drop_self(struct builder *b);
/* Whether what the root's tunnels refer to exists; nothing waits for a tunnel, so they are no nodes. */
void builder_check_tunnels(struct builder *b);
/* Whether ignore_changes names arguments that the resource's type has; the type must be known. */
void builder_check_ignored(struct builder *b, const struct node *node);

/* ---- plans/graph_order.c ---- */
/* Fills graph->order; false after a cycle. */
bool graph_sort_nodes(struct graph *graph, struct diags *diags);
/* Fills the resources' `dependencies`; once sorted. */
void graph_find_dependencies(struct graph *graph);
/* Sets create_before_destroy: what such a resource needs must be there before and after it is replaced. Once sorted. */
void graph_spread_create_before_destroy(struct graph *graph);
