/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/census.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "sandbox/store.h"

#include <stdlib.h>
#include <string.h>

struct span {
	int64_t after, until; /* numbers of objects */
};

struct tally {
	const char *kind;
	size_t count;
};

struct census {
	struct arena *arena;
	VEC(struct span) furniture;
	VEC(struct tally) tallies;
};

static int64_t number_in(const struct value *v, const char *name)
{
	const struct value *number = value_get(v, name);
	int64_t n = 0;
	return number && value_is_a(number, TYPE_NUMBER) && number_to_int(number->number, &n) ? n : 0;
}

static bool is_over(const struct value *object)
{
	const struct value *state = value_get(object, "State");
	const char *text = state && value_is_a(state, TYPE_STRING) ? state->text : state ? value_get_text(state, "Name") : NULL;
	return text && (!strcmp(text, "terminated") || !strcmp(text, "deleted"));
}

static void find_furniture(void *ctx, const struct object *object)
{
	struct census *c = ctx;
	if (strcmp(object->kind, "@prepared") != 0)
		return;
	const struct value *v = store_value(c->arena, object);
	vec_add(&c->furniture, (struct span){number_in(v, "after"), number_in(v, "until")});
	arena_reset(c->arena);
}

static void count(void *ctx, const struct object *object)
{
	struct census *c = ctx;
	int64_t number = (int64_t)object->number;
	if (*object->kind == '@')
		return;
	for (size_t i = 0; i < c->furniture.count; i++) {
		if (number > c->furniture.items[i].after && number <= c->furniture.items[i].until)
			return;
	}
	bool over = is_over(store_value(c->arena, object));
	arena_reset(c->arena);
	if (over)
		return;
	for (size_t i = 0; i < c->tallies.count; i++) {
		if (c->tallies.items[i].kind == object->kind || !strcmp(c->tallies.items[i].kind, object->kind)) {
			c->tallies.items[i].count++;
			return;
		}
	}
	vec_add(&c->tallies, (struct tally){object->kind, 1});
}

static int by_kind(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	return strcmp(x->kind, y->kind);
}

void census_describe(struct store *store, struct buf *out)
{
	struct census c = {.arena = arena_new()};
	store_each(store, find_furniture, &c);
	store_each(store, count, &c);
	if (c.tallies.count)
		qsort(c.tallies.items, c.tallies.count, sizeof(*c.tallies.items), by_kind);
	else
		buf_adds(out, "It is empty");
	for (size_t i = 0; i < c.tallies.count; i++) {
		buf_adds(out, i ? ", " : "It holds ");
		for (const char *at = c.tallies.items[i].kind; *at; at++)
			buf_addc(out, *at == '_' ? ' ' : *at);
		buf_addf(out, " %zu", c.tallies.items[i].count);
	}
	vec_free(&c.furniture);
	vec_free(&c.tallies);
	arena_free(c.arena);
}
