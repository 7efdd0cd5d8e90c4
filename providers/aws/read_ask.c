/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a batch: by filter or ids in chunks, by group, page by page, all at once, or one by one. */
#include "providers/aws/read_internal.h"

#include <stdlib.h>
#include <string.h>

static struct batch_call *new_call(struct batch *batch, struct reading **items, size_t count)
{
	struct batch_call *call = arena_new_of(batch->arena, struct batch_call);
	*call = (struct batch_call){.batch = batch, .items = items, .count = count};
	return call;
}

static const struct value *text_list(struct arena *arena, const char *const *texts, size_t count)
{
	const struct value **items = arena_array_of(arena, count, const struct value *);
	for (size_t i = 0; i < count; i++)
		items[i] = value_string(arena, texts[i]);
	return value_list(arena, &type_string, items, count);
}

/* What a way adds to the request for these values. */
static void add_way(struct batch *batch, const struct way *way, const char *const *values, size_t count, struct draft *draft)
{
	struct arena *arena = batch->arena;
	if (way->kind == WAY_IDS) {
		draft_set(draft, &way->name, 1, text_list(arena, values, count));
	} else if (way->kind == WAY_FILTER) {
		static const char *const names[] = {"Name", "Values"};
		const struct value *pair[] = {value_string(arena, way->name), text_list(arena, values, count)};
		const struct value *filter = value_object(arena, names, pair, 2);
		draft_set(draft, &way->member, 1, value_tuple(arena, &filter, 1));
	}
}

static const struct value *params_for(struct batch *batch, const struct aws_operation *op, const struct expr *send, const struct way *way,
				      struct reading *first, const char *const *values, size_t count, bool with_key)
{
	struct env env;
	batch_env(batch, &env, first);
	env.ids = values ? text_list(batch->arena, values, count) : NULL;
	struct draft *draft = draft_new(batch->arena);
	if (batch->type->base.data && op == batch->plan->op)
		bind_arguments(&env, first->self, op, NULL, 0, 0, draft);
	if (with_key)
		bind_key(&env, op, draft);
	if (send)
		draft_merge(draft, bind_value(&env, NULL, 0, env_eval(&env, send), aws_shape_at(op->input), 0));
	if (way)
		add_way(batch, way, values, count, draft);
	return draft_value(draft);
}

struct keyed {
	const char *value;
	struct reading *reading;
};

static int compare_keyed(const void *a, const void *b)
{
	return strcmp(((const struct keyed *)a)->value, ((const struct keyed *)b)->value);
}

/* ---- many objects of a type: page by page, as long as that finds more a request than asking by id would ---- */

struct listing {
	struct batch *batch;
	struct reading **items;
	size_t count;
	struct map missing; /* key -> struct listed: those not found yet */
	const struct expr *send;
	const struct way *way;
	size_t found, pages;
	unsigned at_once;
};

struct listed {
	struct reading *reading;
	struct listed *next; /* of the same key */
};

static void ask_by(struct batch *batch, const struct aws_operation *op, const struct expr *send, const struct way *way,
		   struct reading **items, size_t count, const struct part *part, size_t part_index, unsigned at_once);

static bool on_page(void *ctx, const struct value *page)
{
	struct listing *listing = ctx;
	struct batch *batch = listing->batch;
	const struct value *objects = answer_objects(batch, batch->plan->objects, page, listing->items[0]);
	for (size_t i = 0; is_list(objects) && i < objects->count; i++) {
		const char *key = object_key(batch, batch->plan->match, objects->items[i]);
		struct listed *listed = key ? map_find(&listing->missing, key) : NULL;
		if (!listed)
			continue;
		map_remove(&listing->missing, key);
		listing->found++;
		for (; listed; listed = listed->next)
			listed->reading->object = objects->items[i];
	}
	listing->pages++;
	return map_size(&listing->missing) && listing->found >= listing->pages * listing->at_once;
}

/* Whatever ended the listing: what it did not find is asked for by id, which also tells what is wrong. */
static void on_listed(void *ctx, const struct aws_answer *answer)
{
	(void)answer;
	struct listing *listing = ctx;
	struct batch *batch = listing->batch;
	size_t missing = 0;
	for (size_t i = 0; i < listing->count; i++) {
		if (!listing->items[i]->object)
			listing->items[missing++] = listing->items[i];
	}
	map_release(&listing->missing);
	if (missing)
		ask_by(batch, batch->plan->op, listing->send, listing->way, listing->items, missing, NULL, 0, listing->at_once);
	batch_call_ended(batch);
}

static void list_pages(struct batch *batch, const struct expr *send, const struct way *way, struct reading **items, size_t count,
		       unsigned at_once)
{
	struct listing *listing = arena_new_of(batch->arena, struct listing);
	*listing = (struct listing){
		.batch = batch,
		.items = arena_memdup(batch->arena, items, size_mul(count, sizeof(struct reading *))),
		.count = count,
		.send = send,
		.way = way,
		.at_once = at_once,
	};
	for (size_t i = 0; i < count; i++) {
		const char *key = reading_key(batch, batch->plan->match, items[i]);
		if (!key)
			continue;
		struct listed *listed = arena_new_of(batch->arena, struct listed);
		*listed = (struct listed){items[i], map_find(&listing->missing, key)};
		map_put(&listing->missing, key, listed);
	}
	batch->listed = true;
	batch->pending++;
	aws_call(batch->provider->aws,
		 &(struct aws_call_options){
			 .op = batch->plan->op,
			 .region = batch->type->service->region,
			 .params = params_for(batch, batch->plan->op, send, NULL, items[0], NULL, 0, false),
			 .page = on_page,
			 .page_ctx = listing,
			 .repeat = AWS_REPEAT_ALWAYS,
			 .page_size = batch->type->service->page,
			 .arena = batch->arena,
		 },
		 on_listed, listing);
}

/* Asks for readings by a way: those with equal values share one, `at_once` different values a request. */
static void ask_by(struct batch *batch, const struct aws_operation *op, const struct expr *send, const struct way *way,
		   struct reading **items, size_t count, const struct part *part, size_t part_index, unsigned at_once)
{
	struct arena *arena = batch->arena;
	struct keyed *keyed = arena_array_of(arena, count, struct keyed);
	for (size_t i = 0; i < count; i++) {
		struct env env;
		batch_env(batch, &env, items[i]);
		const char *v = way->value ? env_text(&env, way->value) : items[i]->id;
		keyed[i] = (struct keyed){v ? v : way->kind == WAY_GROUP ? items[i]->id : "", items[i]};
	}
	qsort(keyed, count, sizeof(*keyed), compare_keyed);
	if (!at_once)
		at_once = way->kind == WAY_GROUP ? 1 : way->at_once ? way->at_once : 100;
	enum { MANY_REQUESTS = 4 };
	size_t values_count = 0;
	for (size_t i = 0; i < count; i++)
		values_count += !i || strcmp(keyed[i].value, keyed[i - 1].value);
	const struct aws_page *pages = aws_operation_page(op);
	if (!part && way->kind == WAY_FILTER && !batch->listed && batch->type->service->page > at_once && pages && pages->limit &&
	    values_count >= (size_t)MANY_REQUESTS * at_once) {
		list_pages(batch, send, way, items, count, at_once);
		return;
	}
	struct reading **chunks = arena_array_of(arena, count, struct reading *);
	for (size_t start = 0; start < count;) {
		struct reading **chunk = chunks + start;
		const char **values = arena_array_of(arena, at_once, const char *);
		size_t n = 0, different = 0, at = start;
		for (; at < count; at++) {
			bool fresh = at == start || strcmp(keyed[at].value, keyed[at - 1].value);
			if (fresh && different == at_once)
				break;
			if (fresh)
				values[different++] = keyed[at].value;
			chunk[n++] = keyed[at].reading;
		}
		struct batch_call *call = new_call(batch, chunk, n);
		call->part = part;
		call->part_index = part_index;
		batch_call_send(call, op, params_for(batch, op, send, way, chunk[0], values, different, false));
		start = at;
	}
}

static void ask_one_by_one(struct batch *batch, const struct aws_operation *op, const struct expr *send, struct reading **items, size_t count,
			   const struct part *part, size_t part_index)
{
	for (size_t i = 0; i < count; i++) {
		struct batch_call *call = new_call(batch, &items[i], 1);
		call->part = part;
		call->part_index = part_index;
		batch_call_send(call, op, params_for(batch, op, send, NULL, items[i], &items[i]->id, 1, true));
	}
}

static void ask_all(struct batch *batch, const struct read_plan *plan, struct reading **items, size_t count)
{
	struct batch_call *call = new_call(batch, items, count);
	batch_call_send(call, plan->op, params_for(batch, plan->op, plan->send, NULL, items[0], NULL, 0, false));
}

void ask_main(struct batch *batch, struct reading **items, size_t count)
{
	const struct read_plan *plan = batch->plan;
	const struct way *way = plan->way_count ? &plan->ways[0] : NULL;
	for (size_t i = 0; items[0]->find && i < plan->way_count; i++) { /* by what is known without the id */
		if (plan->ways[i].value)
			way = &plan->ways[i];
	}
	if (!way || way->kind == WAY_EACH || plan->object)
		ask_one_by_one(batch, plan->op, plan->send, items, count, NULL, 0);
	else if (way->kind == WAY_ALL)
		ask_all(batch, plan, items, count);
	else
		ask_by(batch, plan->op, plan->send, way, items, count, NULL, 0, 0);
}

/* ---- parts and tags ---- */

void ask_part(struct batch *batch, const struct part *part, size_t index)
{
	struct reading **wanting = arena_array_of(batch->arena, batch->count, struct reading *);
	size_t n = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object || reading->failed || !(reading->parts >> index & 1))
			continue;
		struct env env;
		batch_env(batch, &env, reading);
		reading->parts_read |= (uint64_t)1 << index;
		if (part->when && !env_true(&env, part->when)) {
			reading->part_values[index] = &value_null_any;
			continue;
		}
		wanting[n++] = reading;
	}
	if (!n)
		return;
	if (part->way.kind == WAY_FILTER || part->way.kind == WAY_IDS)
		ask_by(batch, part->op, part->send, &part->way, wanting, n, part, index, 0);
	else if (part->way.kind == WAY_ALL) {
		struct batch_call *call = new_call(batch, wanting, n);
		call->part = part;
		call->part_index = index;
		batch_call_send(call, part->op, params_for(batch, part->op, part->send, NULL, wanting[0], NULL, 0, false));
	} else if (part->at_once > 1) {
		static const struct way by_ids = {.kind = WAY_EACH};
		ask_by(batch, part->op, part->send, &by_ids, wanting, n, part, index, part->at_once);
	} else {
		ask_one_by_one(batch, part->op, part->send, wanting, n, part, index);
	}
}

void ask_tags(struct batch *batch)
{
	const struct tag_rules *tags = &batch->type->tags;
	for (size_t i = 0; i < batch->count && batch->type->has_tags; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object || reading->failed)
			continue;
		struct env env;
		batch_env(batch, &env, reading);
		if (tags->read) {
			reading->tags = env_eval(&env, tags->read);
			continue;
		}
		if (!tags->read_op)
			continue;
		struct reading **one = arena_array_of(batch->arena, 1, struct reading *);
		one[0] = reading;
		struct batch_call *call = new_call(batch, one, 1);
		call->tags = true;
		/* arn and others that the request may name are the found object's */
		struct found found = {.object = reading->object, .parts = reading->part_values, .parts_read = reading->parts_read,
				      .arena = batch->arena};
		const struct value *self = reading->self;
		env.self = found_value(batch->provider, batch->type, &found, reading->id, self, NULL, NULL, NULL);
		struct draft *draft = draft_new(batch->arena);
		bind_key(&env, tags->read_op, draft);
		draft_merge(draft, env_eval(&env, tags->read_send));
		batch_call_send(call, tags->read_op, draft_value(draft));
	}
}
