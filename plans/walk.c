/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/walk.h"

#include "base/vec.h"

enum state { WAITING, RUNNING, DONE, FAILED, SKIPPED };

struct edge {
	uint32_t to;
	uint32_t next; /* index + 1 of the next edge from the same node; 0: none */
};

struct walk {
	uint32_t count, left;
	walk_visit_fn visit;
	walk_skip_fn skip;
	void *ctx;
	uint8_t *states;
	uint32_t *waiting_for; /* how many needs are not done */
	uint32_t *dependents;  /* first edge + 1 from a node to those that need it */
	VEC(struct edge) edges;
	VEC(uint32_t) ready;
	size_t next_ready;
	bool running, over, stopped;
};

struct walk *walk_new(uint32_t count, walk_visit_fn visit, walk_skip_fn skip, void *ctx)
{
	struct walk *walk = xcalloc(1, sizeof(*walk));
	*walk = (struct walk){.count = count, .left = count, .visit = visit, .skip = skip, .ctx = ctx, .over = count == 0};
	walk->states = xcalloc(count, 1);
	walk->waiting_for = xcalloc(count, sizeof(*walk->waiting_for));
	walk->dependents = xcalloc(count, sizeof(*walk->dependents));
	return walk;
}

void walk_free(struct walk *walk)
{
	if (!walk)
		return;
	free(walk->states);
	free(walk->waiting_for);
	free(walk->dependents);
	vec_free(&walk->edges);
	vec_free(&walk->ready);
	free(walk);
}

void walk_add_edge(struct walk *walk, uint32_t node, uint32_t needs)
{
	vec_add(&walk->edges, (struct edge){node, walk->dependents[needs]});
	walk->dependents[needs] = (uint32_t)walk->edges.count;
	walk->waiting_for[node]++;
}

bool walk_has_path(const struct walk *walk, uint32_t node, uint32_t needs)
{
	uint8_t *seen = xcalloc(walk->count, 1);
	VEC(uint32_t) stack = {0};
	vec_add(&stack, needs);
	bool found = false;
	while (stack.count && !found) {
		uint32_t at = vec_pop(&stack);
		found = at == node;
		for (uint32_t e = walk->dependents[at]; e && !found; e = walk->edges.items[e - 1].next) {
			uint32_t to = walk->edges.items[e - 1].to;
			if (!seen[to]) {
				seen[to] = 1;
				vec_add(&stack, to);
			}
		}
	}
	vec_free(&stack);
	free(seen);
	return found;
}

bool walk_has_cycle(const struct walk *walk)
{
	uint32_t *waiting = xcalloc(walk->count, sizeof(*waiting));
	VEC(uint32_t) ready = {0};
	uint32_t seen = 0;
	for (uint32_t i = 0; i < walk->count; i++) {
		waiting[i] = walk->waiting_for[i];
		if (!waiting[i])
			vec_add(&ready, i);
	}
	while (ready.count) {
		uint32_t node = vec_pop(&ready);
		seen++;
		for (uint32_t e = walk->dependents[node]; e; e = walk->edges.items[e - 1].next) {
			uint32_t to = walk->edges.items[e - 1].to;
			if (--waiting[to] == 0)
				vec_add(&ready, to);
		}
	}
	vec_free(&ready);
	free(waiting);
	return seen != walk->count;
}

static void skip_node(struct walk *walk, uint32_t start)
{
	VEC(uint32_t) stack = {0};
	vec_add(&stack, start);
	while (stack.count) {
		uint32_t node = vec_pop(&stack);
		if (walk->states[node] != WAITING)
			continue;
		walk->states[node] = SKIPPED;
		walk->left--;
		if (walk->skip)
			walk->skip(walk->ctx, node);
		for (uint32_t e = walk->dependents[node]; e; e = walk->edges.items[e - 1].next)
			vec_add(&stack, walk->edges.items[e - 1].to);
	}
	vec_free(&stack);
}

/* Visits may end at once: the loop, not recursion, takes up what they make ready. */
static void visit_ready(struct walk *walk)
{
	if (walk->running)
		return;
	walk->running = true;
	while (walk->next_ready < walk->ready.count && !walk->stopped) {
		uint32_t node = walk->ready.items[walk->next_ready++];
		if (walk->states[node] != WAITING)
			continue;
		walk->states[node] = RUNNING;
		walk->visit(walk->ctx, node);
	}
	walk->running = false;
	if (walk->left == 0)
		walk->over = true;
}

void walk_start(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->count; i++) {
		if (!walk->waiting_for[i])
			vec_add(&walk->ready, i);
	}
	visit_ready(walk);
}

void walk_end(struct walk *walk, uint32_t node, bool ok)
{
	if (walk->states[node] != RUNNING)
		bug("node %u ended without having been started", node);
	walk->states[node] = ok ? DONE : FAILED;
	walk->left--;
	for (uint32_t e = walk->dependents[node]; e; e = walk->edges.items[e - 1].next) {
		uint32_t to = walk->edges.items[e - 1].to;
		walk->waiting_for[to]--;
		if (!ok)
			skip_node(walk, to);
		else if (!walk->waiting_for[to] && walk->states[to] == WAITING)
			vec_add(&walk->ready, to);
	}
	visit_ready(walk);
}

void walk_stop(struct walk *walk)
{
	walk->stopped = true;
	for (uint32_t i = 0; i < walk->count; i++)
		skip_node(walk, i);
	if (walk->left == 0)
		walk->over = true;
}

bool walk_is_over(const struct walk *walk)
{
	return walk->over;
}

const bool *walk_over_flag(const struct walk *walk)
{
	return &walk->over;
}

enum walk_result walk_result(const struct walk *walk, uint32_t node)
{
	return walk->states[node] == DONE ? WALK_DONE : walk->states[node] == FAILED ? WALK_FAILED : WALK_SKIPPED;
}
