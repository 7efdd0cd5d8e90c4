/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct trace {
	struct walk *walk;
	char visited[64], skipped[64];
	uint32_t fails, waits; /* nodes that fail; that end later */
};

static void visit(void *ctx, uint32_t node)
{
	struct trace *t = ctx;
	t->visited[strlen(t->visited)] = (char)('a' + node);
	if (node != t->waits)
		walk_end(t->walk, node, node != t->fails);
}

static void skip_one(void *ctx, uint32_t node)
{
	struct trace *t = ctx;
	t->skipped[strlen(t->skipped)] = (char)('a' + node);
}

/* a <- b <- c, a <- d */
static struct walk *chain(struct trace *t)
{
	t->walk = walk_new(4, visit, skip_one, t);
	walk_add_edge(t->walk, 1, 0);
	walk_add_edge(t->walk, 2, 1);
	walk_add_edge(t->walk, 3, 0);
	walk_add_edge(t->walk, 3, 0); /* doubles do no harm */
	return t->walk;
}

static void needs_come_first(void **state)
{
	(void)state;
	struct trace t = {.fails = 99, .waits = 99};
	struct walk *walk = chain(&t);
	assert_true(walk_has_path(walk, 2, 0));
	assert_false(walk_has_path(walk, 3, 1));
	walk_start(walk);
	assert_true(walk_is_over(walk));
	assert_int_equal(strlen(t.visited), 4);
	assert_true(strchr(t.visited, 'a') < strchr(t.visited, 'b'));
	assert_true(strchr(t.visited, 'b') < strchr(t.visited, 'c'));
	walk_free(walk);
}

static void what_needs_a_failed_one_is_skipped(void **state)
{
	(void)state;
	struct trace t = {.fails = 1, .waits = 99};
	struct walk *walk = chain(&t);
	walk_start(walk);
	assert_true(walk_is_over(walk));
	assert_string_equal(t.skipped, "c");
	assert_int_equal(walk_result(walk, 1), WALK_FAILED);
	assert_int_equal(walk_result(walk, 2), WALK_SKIPPED);
	assert_int_equal(walk_result(walk, 3), WALK_DONE);
	walk_free(walk);
}

static void a_stop_waits_for_what_runs(void **state)
{
	(void)state;
	struct trace t = {.fails = 99, .waits = 0};
	struct walk *walk = chain(&t);
	walk_start(walk);
	assert_false(walk_is_over(walk));
	walk_stop(walk);
	assert_false(walk_is_over(walk));
	walk_end(walk, 0, true);
	assert_true(walk_is_over(walk));
	assert_string_equal(t.visited, "a");
	walk_free(walk);
}

static void circles_are_seen(void **state)
{
	(void)state;
	struct trace t = {0};
	struct walk *walk = chain(&t);
	assert_false(walk_has_cycle(walk));
	walk_add_edge(walk, 0, 2);
	assert_true(walk_has_cycle(walk));
	walk_free(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_come_first),
		cmocka_unit_test(what_needs_a_failed_one_is_skipped),
		cmocka_unit_test(a_stop_waits_for_what_runs),
		cmocka_unit_test(circles_are_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
