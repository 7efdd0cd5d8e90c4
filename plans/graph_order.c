/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a graph: dependencies first, cycles refused, and all that comes before each resource. */
#include "plans/graph_internal.h"

#include "base/buf.h"

#include <string.h>

struct frame {
	uint32_t node;
	size_t next;
};

/* Depth first; a node met again while it is open closes a cycle. */
bool graph_sort_nodes(struct graph *graph, struct diags *diags)
{
	enum { NEW, OPEN, DONE };
	uint8_t *marks = xcalloc(graph->count, 1);
	VEC(struct frame) stack = {0};
	graph->order = arena_array_of(graph->arena, graph->count, uint32_t);
	size_t placed = 0;
	bool ok = true;
	for (uint32_t start = 0; start < graph->count && ok; start++) {
		if (marks[start] != NEW)
			continue;
		marks[start] = OPEN;
		vec_add(&stack, (struct frame){start, 0});
		while (stack.count && ok) {
			struct frame *top = &stack.items[stack.count - 1];
			const struct node *node = &graph->nodes[top->node];
			if (top->next == node->dep_count) {
				marks[top->node] = DONE;
				graph->order[placed++] = top->node;
				stack.count--;
				continue;
			}
			uint32_t dep = node->deps[top->next++];
			if (marks[dep] == NEW) {
				marks[dep] = OPEN;
				vec_add(&stack, (struct frame){dep, 0});
			} else if (marks[dep] == OPEN) {
				AUTO_BUF struct buf text = BUF_INIT;
				size_t from = stack.count;
				while (stack.items[--from].node != dep)
					;
				for (size_t i = from; i < stack.count; i++)
					buf_addf(&text, "    %s\n", graph->nodes[stack.items[i].node].address);
				const struct node *first = &graph->nodes[dep];
				struct src_range range = first->kind == NODE_RESOURCE ? first->resource->header_range
							 : first->kind == NODE_LOCAL  ? first->local->range
							 : first->kind == NODE_OUTPUT ? first->output->range
										      : SRC_NOWHERE;
				if (from + 1 == stack.count)
					diag_error(diags, range, "Self-referential block",
						   "%s refers to itself, and has no value before it is made. Take the reference out.", first->address);
				else
					diag_error(diags, range, "Cycle",
					   "Each of these needs the next one, and the last one needs the first:\n\n%s\nTake out one of the "
					   "references.", buf_text(&text));
				ok = false;
			}
		}
	}
	vec_free(&stack);
	free(marks);
	return ok;
}

void graph_mark_needed(const struct graph *graph, uint32_t start, uint8_t *bits)
{
	VEC(uint32_t) stack = {0};
	vec_add(&stack, start);
	while (stack.count) {
		const struct node *node = &graph->nodes[vec_pop(&stack)];
		for (size_t i = 0; i < node->dep_count; i++) {
			if (bit_is_set(bits, node->deps[i]))
				continue;
			bit_set(bits, node->deps[i]);
			vec_add(&stack, node->deps[i]);
		}
	}
	vec_free(&stack);
}

uint8_t *graph_mark_for_providers(const struct graph *graph, struct arena *arena)
{
	uint8_t *bits = arena_array_of(arena, graph->count / 8 + 1, uint8_t);
	for (uint32_t i = 0; i < graph->count; i++) {
		if (graph->nodes[i].kind == NODE_PROVIDER)
			graph_mark_needed(graph, i, bits);
	}
	return bits;
}

/* ---- all that comes before ---- */

/* Managed resources by address: a resource's place among them stands for it. */
struct ranks {
	const char **addresses;
	uint32_t *of_node; /* by node; NO_RANK for others */
	size_t count;
};
enum { NO_RANK = UINT32_MAX };

/*
 * The managed resources that come before a node, directly or not: ranks, rising. Nodes share their lists where they can.
 * In a long chain the lists would grow with its square; a node with more than MOST_RANKS has only the resources that
 * it, or what is no resource itself, names. Who comes before whom can be told from these as long as all of them exist.
 */
enum { MOST_RANKS = 512 };
struct closure {
	const uint32_t *ranks;
	size_t count;
	bool is_long;
};

struct rank_list {
	VEC(uint32_t) items;
};

static int compare_by_address(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	return strcmp(x->address, y->address);
}

static void rank_resources(struct graph *graph, struct arena *arena, struct ranks *ranks)
{
	VEC(const struct node *) resources = {0};
	ranks->of_node = arena_array_of(arena, graph->count, uint32_t);
	for (size_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		ranks->of_node[i] = NO_RANK;
		if (node->kind == NODE_RESOURCE && !node->resource->data)
			vec_add(&resources, node);
	}
	if (resources.count)
		qsort(resources.items, resources.count, sizeof(*resources.items), compare_by_address);
	ranks->count = resources.count;
	ranks->addresses = arena_array_of(arena, resources.count, const char *);
	for (size_t i = 0; i < resources.count; i++) {
		ranks->addresses[i] = resources.items[i]->address;
		ranks->of_node[resources.items[i]->index] = (uint32_t)i;
	}
	vec_free(&resources);
}

static int compare_ranks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

struct closing {
	struct arena *arena;
	const struct ranks *ranks;
	struct closure *closures; /* by node */
	uint32_t *seen;           /* by rank: the stamp of the last list that it is in */
	uint32_t stamp;
};

static void add_rank(struct closing *c, struct rank_list *all, uint32_t rank)
{
	if (c->seen[rank] == c->stamp)
		return;
	c->seen[rank] = c->stamp;
	vec_add(&all->items, rank);
}

/* The union of what the node's needs are and, where `deep`, of what these need; always of what those need that are no resources. */
static struct closure unite(struct closing *c, const struct node *node, bool deep, struct closure most)
{
	struct rank_list all = {0};
	c->stamp++;
	for (size_t i = 0; i < node->dep_count; i++) {
		struct closure below = c->closures[node->deps[i]];
		uint32_t own = c->ranks->of_node[node->deps[i]];
		if (own != NO_RANK)
			add_rank(c, &all, own);
		for (size_t k = 0; (deep || own == NO_RANK) && k < below.count; k++)
			add_rank(c, &all, below.ranks[k]);
	}
	struct closure whole = {.ranks = most.ranks, .count = all.items.count};
	if (!deep || all.items.count > most.count) {
		if (all.items.count)
			qsort(all.items.items, all.items.count, sizeof(*all.items.items), compare_ranks);
		whole.ranks = vec_copy(&all.items, c->arena);
	}
	vec_free(&all.items);
	return whole;
}

static struct closure close_node(struct closing *c, const struct node *node)
{
	struct closure most = {0};
	bool alone = true; /* nothing but `most` was met */
	bool is_long = false;
	for (size_t i = 0; i < node->dep_count; i++) {
		struct closure below = c->closures[node->deps[i]];
		alone &= c->ranks->of_node[node->deps[i]] == NO_RANK && (!below.count || !most.count || below.ranks == most.ranks);
		is_long |= below.is_long;
		if (below.count > most.count)
			most = below;
	}
	if (alone)
		return most;
	struct closure whole = is_long ? (struct closure){0} : unite(c, node, true, most);
	if (is_long || whole.count > MOST_RANKS) {
		whole = unite(c, node, false, most);
		whole.is_long = true;
	}
	return whole;
}

void graph_find_dependencies(struct graph *graph)
{
	struct arena *arena = arena_new();
	struct ranks ranks;
	rank_resources(graph, arena, &ranks);
	struct closing closing = {
		.arena = arena,
		.ranks = &ranks,
		.closures = arena_array_of(arena, graph->count, struct closure),
		.seen = arena_array_of(arena, ranks.count, uint32_t),
	};
	for (size_t i = 0; i < graph->count; i++) {
		struct node *node = &graph->nodes[graph->order[i]];
		struct closure c = closing.closures[node->index] = close_node(&closing, node);
		if (node->kind != NODE_RESOURCE)
			continue;
		const char **addresses = arena_array_of(graph->arena, c.count, const char *);
		for (size_t k = 0; k < c.count; k++)
			addresses[k] = ranks.addresses[c.ranks[k]];
		node->dependencies = addresses;
		node->dependency_count = c.count;
	}
	arena_free(arena);
}

void graph_spread_create_before_destroy(struct graph *graph)
{
	AUTO_FREE uint8_t *needed = xcalloc(graph->count / 8 + 1, 1);
	for (size_t i = graph->count; i-- > 0;) {
		struct node *node = &graph->nodes[graph->order[i]];
		bool here = bit_is_set(needed, node->index);
		if (node->kind == NODE_RESOURCE)
			here = node->create_before_destroy = here || node->resource->create_before_destroy;
		for (size_t k = 0; k < node->dep_count && here; k++)
			bit_set(needed, node->deps[k]);
	}
}
