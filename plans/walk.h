/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a graph: visits each node when all that it needs is done, as many at a time as are ready.
 * A visit may end later; after a failed one everything that needs it is skipped.
 */
#pragma once

#include "base/base.h"

struct walk;

enum walk_result { WALK_DONE, WALK_FAILED, WALK_SKIPPED };

/* Starts a node's work; walk_end() tells its end, now or later. */
typedef void (*walk_visit_fn)(void *ctx, uint32_t node);
/* Hears of nodes that are not visited because something they need failed; may be NULL. */
typedef void (*walk_skip_fn)(void *ctx, uint32_t node);

struct walk *walk_new(uint32_t count, walk_visit_fn visit, walk_skip_fn skip, void *ctx);
void walk_free(struct walk *walk);
/* `node` comes after `needs`. Doubles are allowed, cycles are not. */
void walk_add_edge(struct walk *walk, uint32_t node, uint32_t needs);
/* Whether `node` comes after `needs`, directly or not, by the edges added so far. */
bool walk_has_path(const struct walk *walk, uint32_t node, uint32_t needs);
/* Whether some node comes after itself. */
bool walk_has_cycle(const struct walk *walk);
/* Visits what is ready, and goes on whenever walk_end() makes more ready. */
void walk_start(struct walk *walk);
void walk_end(struct walk *walk, uint32_t node, bool ok);
/* No further visits: what was not started counts as skipped. */
void walk_stop(struct walk *walk);
bool walk_is_over(const struct walk *walk);
const bool *walk_over_flag(const struct walk *walk);
enum walk_result walk_result(const struct walk *walk, uint32_t node);
