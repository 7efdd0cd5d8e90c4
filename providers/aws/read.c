/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading objects in sets: by filter or ids in chunks, by group, all pages, or one by one; then
 * the parts that AWS keeps behind other calls, for those who want them.
 */
#include "providers/aws/aws.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <fnmatch.h>
#include <string.h>

enum { MOST_PARTS = 64 }; /* of a type, those of its single form included */

struct batch {
	struct provider *provider;
	const struct aws_type *type;
	const struct read_plan *plan; /* the type's, or its single form */
	struct arena *arena;
	struct diags scratch_diags;
	struct reading **items;
	size_t count;
	size_t pending; /* calls under way, and one while a phase is set up */
	enum phase { PHASE_MAIN, PHASE_CONFIRM, PHASE_PARTS, PHASE_TAGS, PHASE_DONE } phase;
	size_t part; /* of PHASE_PARTS */
	bool listed; /* all pages were looked through: what is still missing is asked for by its id */
	read_end_fn end;
	void *ctx;
};

/* One call of a batch, for some of its readings. */
struct batch_call {
	struct batch *batch;
	struct reading **items;
	size_t count;
	const struct part *part; /* NULL: the objects themselves */
	size_t part_index;
	bool tags, alone;
	const struct value *answer; /* the part's, while further calls are made for its members */
	const struct value **answers;
	size_t answer_count, answers_pending;
};

struct each_call {
	struct batch_call *call;
	size_t index;
};

static void next_phase(struct batch *batch);

/* ---- errors ---- */

const struct code_rule *code_match(const struct code_rules *rules, const char *code, const char *message)
{
	for (size_t i = 0; code && i < rules->count; i++) {
		const struct code_rule *rule = &rules->items[i];
		if (fnmatch(rule->code, code, 0) == 0 && (!rule->text || (message && strstr(message, rule->text))))
			return rule;
	}
	return NULL;
}

static bool is_absent(const struct aws_type *type, const struct read_plan *plan, const struct code_rules *own,
		      const struct aws_answer *answer)
{
	if (answer->result != AWS_ERROR)
		return false;
	const char *code = answer->failure.code, *message = answer->failure.message;
	return code_match(&plan->absent, code, message) || code_match(&type->read.absent, code, message) ||
	       code_match(&type->service->absent, code, message) || (own && code_match(own, code, message));
}

/* ---- names in scope ---- */

static void batch_env(struct batch *batch, struct env *env, const struct reading *reading)
{
	env_init(env, batch->type, &batch->provider->place, batch->arena, &batch->scratch_diags);
	env->kind = batch->type->tag_kind ? value_string(batch->arena, batch->type->tag_kind) : NULL;
	if (!reading)
		return;
	env->id = reading->id;
	env->self = reading->self;
	env->prior = reading->self;
	env->object = reading->object;
	env->parts = reading->part_values;
}

/* Mistakes in a type file's expressions are told once, where they are met. */
static void tell_mistakes(struct batch *batch)
{
	for (size_t i = 0; i < batch->scratch_diags.count; i++) {
		const struct diag *diag = &batch->scratch_diags.items[i];
		if (diag->severity == DIAG_ERROR && batch->count && batch->items[0]->diags)
			diag_error(batch->items[0]->diags, SRC_NOWHERE, "Mistake in a type file", "Reading %s: %s", batch->type->base.name,
				   diag->detail ? diag->detail : diag->summary);
	}
	diags_clear(&batch->scratch_diags);
}

/* ---- matching answers to readings ---- */

static const char *member_text(struct arena *arena, const struct value *object, const char *name)
{
	const struct value *v = object->state == VALUE_KNOWN && object->type->kind == TYPE_OBJECT ? value_get(object, name) : NULL;
	return v && v->state == VALUE_KNOWN ? value_to_text(arena, v) : NULL;
}

static const char *field_name(const struct object_item *item)
{
	return item->key->kind == EXPR_NAME ? item->key->name : item->key->literal->text;
}

/*
 * What identifies a reading, and what identifies an object among answers: the values of the
 * members that `match` (or the type's key) names, or one text where `match` is an expression.
 */
static const char *reading_key(struct batch *batch, const struct expr *match, struct reading *reading)
{
	struct env env;
	batch_env(batch, &env, reading);
	if (match && match->kind != EXPR_OBJECT)
		return reading->id;
	if (!match) {
		const char *v = batch->type->key_count ? env_text(&env, batch->type->key[0].value) : reading->id;
		return v ? v : reading->id;
	}
	AUTO_BUF struct buf key = BUF_INIT;
	for (size_t i = 0; i < match->field_count; i++) {
		const char *v = env_text(&env, match->fields[i].value);
		buf_addf(&key, "%s\n", v ? v : "");
	}
	return buf_copy(&key, batch->arena);
}

static const char *object_key(struct batch *batch, const struct expr *match, const struct value *object)
{
	if (match && match->kind != EXPR_OBJECT) {
		struct env env;
		batch_env(batch, &env, NULL);
		env.object = object;
		return env_text(&env, match);
	}
	if (!match)
		return batch->type->key_count ? member_text(batch->arena, object, field_name(&batch->type->key[0])) : NULL;
	AUTO_BUF struct buf key = BUF_INIT;
	for (size_t i = 0; i < match->field_count; i++) {
		const char *v = member_text(batch->arena, object, field_name(&match->fields[i]));
		buf_addf(&key, "%s\n", v ? v : "");
	}
	return buf_copy(&key, batch->arena);
}

/* ---- answers ---- */

static const struct value *answer_objects(struct batch *batch, const struct expr *objects, const struct value *answer,
					  const struct reading *reading)
{
	struct env env;
	batch_env(batch, &env, reading);
	env.answer = answer;
	return env_eval(&env, objects);
}

static bool is_list(const struct value *v)
{
	return v->state == VALUE_KNOWN && (v->type->kind == TYPE_TUPLE || v->type->kind == TYPE_LIST || v->type->kind == TYPE_SET);
}

/* A data source chooses one of what was found; that none or too many fit is the user's affair. */
static void choose_object(struct batch_call *call, const struct value *answer)
{
	struct batch *batch = call->batch;
	struct reading *reading = call->items[0];
	struct env env;
	batch_env(batch, &env, reading);
	env.answer = answer;
	const struct value *all = env_eval(&env, batch->plan->objects);
	VEC(const struct value *) fitting = {0};
	for (uint32_t i = 0; is_list(all) && i < all->count; i++) {
		env.object = all->items[i];
		if (!batch->plan->where || env_true(&env, batch->plan->where))
			vec_add(&fitting, all->items[i]);
	}
	env.object = NULL;
	env.objects = value_tuple(batch->arena, fitting.items, fitting.count);
	vec_free(&fitting);
	struct diags refusal;
	diags_init(&refusal);
	env.eval.diags = &refusal;
	const struct value *object = env_eval(&env, batch->plan->choose);
	if (refusal.error_count) {
		reading->failed = true;
		const char *text = refusal.items[0].detail ? refusal.items[0].detail : refusal.items[0].summary;
		const char *reason = strstr(text, "\": ");
		struct diag *diag = diag_error(reading->diags, reading->range, "Data source does not fit one object", "%s", reason ? reason + 3 : text);
		diag->address = arena_strdup(reading->diags->arena, reading->address);
	} else if (object->state == VALUE_KNOWN) {
		reading->object = object;
	}
	diags_release(&refusal);
}

static void find_object(struct batch *batch, struct reading *reading, const struct value *objects)
{
	for (uint32_t i = 0; is_list(objects) && i < objects->count && !reading->object; i++) {
		struct env env;
		batch_env(batch, &env, reading);
		env.object = objects->items[i];
		if ((batch->type->read.gone && env_true(&env, batch->type->read.gone)) || !env_true(&env, batch->type->settle_expr))
			continue;
		const char *id = object_key(batch, batch->plan->match, objects->items[i]);
		if (!id)
			continue;
		reading->id = id;
		reading->object = objects->items[i];
	}
}

static void take_objects(struct batch_call *call, const struct value *answer)
{
	struct batch *batch = call->batch;
	const struct read_plan *plan = batch->plan;
	if (plan->choose) {
		choose_object(call, answer);
		return;
	}
	if (plan->object) { /* a single read: the answer is about this object alone */
		struct env env;
		batch_env(batch, &env, call->items[0]);
		env.answer = answer;
		const struct value *object = env_eval(&env, plan->object);
		call->items[0]->object = object->state == VALUE_KNOWN ? object : NULL;
		return;
	}
	const struct value *objects = answer_objects(batch, plan->objects, answer, call->items[0]);
	if (call->items[0]->find) {
		find_object(batch, call->items[0], objects);
		return;
	}
	struct map by_key = MAP_INIT;
	for (uint32_t i = 0; is_list(objects) && i < objects->count; i++) {
		const char *key = object_key(batch, plan->match, objects->items[i]);
		if (key && !map_find(&by_key, key))
			map_put(&by_key, key, (void *)(uintptr_t)objects->items[i]);
	}
	for (size_t i = 0; i < call->count; i++) {
		const char *key = reading_key(batch, plan->match, call->items[i]);
		call->items[i]->object = key ? map_find(&by_key, key) : NULL;
	}
	map_release(&by_key);
}

static void set_part(struct batch_call *call, struct reading *reading, const struct value *v)
{
	reading->part_values[call->part_index] = v;
	if (!call->part->into)
		return;
	/* members that join the object itself */
	struct batch *batch = call->batch;
	struct env env;
	batch_env(batch, &env, reading);
	env.answer = v;
	env.answers = value_tuple(batch->arena, call->answers, call->answer_count);
	struct draft *draft = draft_new(batch->arena);
	draft_merge(draft, reading->object);
	draft_merge(draft, env_eval(&env, call->part->into));
	reading->object = draft_value(draft);
}

static void take_part(struct batch_call *call, const struct value *answer)
{
	struct batch *batch = call->batch;
	const struct part *part = call->part;
	if (!part->objects) {
		for (size_t i = 0; i < call->count; i++)
			set_part(call, call->items[i], answer);
		return;
	}
	const struct value *objects = answer_objects(batch, part->objects, answer, call->items[0]);
	size_t object_count = is_list(objects) ? objects->count : 0;
	/* one reading a call, and no word about matching: all that came is its own */
	bool own = call->count == 1 && !part->match && part->way.kind == WAY_EACH;
	const char **keys = arena_array_of(batch->arena, object_count, const char *);
	for (size_t k = 0; k < object_count && !own; k++)
		keys[k] = object_key(batch, part->match, objects->items[k]);
	for (size_t i = 0; i < call->count; i++) {
		struct reading *reading = call->items[i];
		const char *key = reading_key(batch, part->match, reading);
		VEC(const struct value *) mine = {0};
		for (size_t k = 0; k < object_count; k++) {
			const char *other = own ? key : keys[k];
			if (key && other && !strcmp(key, other))
				vec_add(&mine, objects->items[k]);
		}
		if (part->many)
			set_part(call, reading, value_tuple(batch->arena, mine.items, mine.count));
		else
			set_part(call, reading, mine.count ? mine.items[0] : &value_null_any);
		vec_free(&mine);
	}
}

static void end_call(struct batch *batch)
{
	if (--batch->pending == 0)
		next_phase(batch);
}

static void fail_call(struct batch_call *call, const struct aws_answer *answer)
{
	for (size_t i = 0; i < call->count; i++) {
		struct reading *reading = call->items[i];
		reading->failed = true;
		if (reading->quiet || !reading->diags || i)
			continue;
		size_t first = reading->diags->count;
		aws_error_diag(answer, reading->range, reading->diags);
		if (call->count == 1)
			diags_set_address(reading->diags, first, reading->address);
	}
}

/* ---- calling ---- */

static void call_with(struct batch_call *call, const struct aws_operation *op, const struct value *params, aws_done_fn done, void *ctx)
{
	struct batch *batch = call->batch;
	batch->pending++;
	aws_call(batch->provider->aws,
		 &(struct aws_call_options){
			 .op = op,
			 .region = batch->type->service->region,
			 .params = params,
			 .all_pages = true,
			 .repeat = AWS_REPEAT_ALWAYS,
			 .page_size = batch->plan->ways && batch->plan->ways[0].kind == WAY_IDS ? 0 : batch->type->service->page,
			 .arena = batch->arena,
		 },
		 done, ctx);
}

static void on_each(void *ctx, const struct aws_answer *answer)
{
	struct each_call *each = ctx;
	struct batch_call *call = each->call;
	struct batch *batch = call->batch;
	if (answer->result == AWS_OK)
		call->answers[each->index] = answer->value;
	else if (is_absent(batch->type, batch->plan, &call->part->absent, answer))
		call->answers[each->index] = &value_null_any;
	else
		fail_call(call, answer);
	if (--call->answers_pending == 0)
		take_part(call, call->answer);
	end_call(batch);
}

/* A part's answer lists members that are asked for one by one. */
static void ask_each(struct batch_call *call, const struct value *answer)
{
	struct batch *batch = call->batch;
	struct env env;
	batch_env(batch, &env, call->items[0]);
	env.answer = answer;
	const struct value *members = env_eval(&env, call->part->each_of);
	call->answer = answer;
	call->answer_count = is_list(members) ? members->count : 0;
	call->answers = arena_array_of(batch->arena, call->answer_count, const struct value *);
	call->answers_pending = call->answer_count;
	if (!call->answer_count) {
		take_part(call, answer);
		return;
	}
	for (size_t i = 0; i < call->answer_count; i++) {
		struct each_call *each = arena_new_of(batch->arena, struct each_call);
		*each = (struct each_call){call, i};
		env.member = members->items[i];
		struct draft *draft = draft_new(batch->arena);
		bind_key(&env, call->part->each_op, draft);
		draft_merge(draft, env_eval(&env, call->part->each_send));
		call_with(call, call->part->each_op, draft_value(draft), on_each, each);
	}
}

static void on_answer(void *ctx, const struct aws_answer *answer)
{
	struct batch_call *call = ctx;
	struct batch *batch = call->batch;
	if (answer->result == AWS_OK) {
		if (call->tags) {
			struct env env;
			batch_env(batch, &env, call->items[0]);
			env.answer = answer->value;
			call->items[0]->tags = env_eval(&env, batch->type->tags.read_value);
		} else if (!call->part) {
			take_objects(call, answer->value);
		} else if (call->part->each_op) {
			ask_each(call, answer->value);
		} else {
			take_part(call, answer->value);
		}
	} else if (!is_absent(batch->type, batch->plan, call->part ? &call->part->absent : NULL, answer)) {
		fail_call(call, answer);
	}
	end_call(batch);
}

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
	end_call(batch);
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
		call_with(call, op, params_for(batch, op, send, way, chunk[0], values, different, false), on_answer, call);
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
		call_with(call, op, params_for(batch, op, send, NULL, items[i], &items[i]->id, 1, true), on_answer, call);
	}
}

static void ask_all(struct batch *batch, const struct read_plan *plan, struct reading **items, size_t count)
{
	struct batch_call *call = new_call(batch, items, count);
	call_with(call, plan->op, params_for(batch, plan->op, plan->send, NULL, items[0], NULL, 0, false), on_answer, call);
}

static void ask_main(struct batch *batch, struct reading **items, size_t count)
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

/* ---- phases ---- */

static void confirm_missing(struct batch *batch)
{
	struct reading **missing = arena_array_of(batch->arena, batch->count, struct reading *);
	size_t n = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object && !reading->failed && reading->confirm && !reading->asked_alone && batch->count > 1) {
			reading->asked_alone = true;
			missing[n++] = reading;
		}
	}
	for (size_t i = 0; i < n; i++)
		ask_main(batch, &missing[i], 1);
}

static void drop_gone(struct batch *batch)
{
	const struct expr *gone = batch->type->read.gone;
	for (size_t i = 0; i < batch->count && gone; i++) {
		struct reading *reading = batch->items[i];
		if (!reading->object || reading->even_gone)
			continue;
		struct env env;
		batch_env(batch, &env, reading);
		if (env_true(&env, gone))
			reading->object = NULL;
	}
}

static void ask_part(struct batch *batch, const struct part *part, size_t index)
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
		call_with(call, part->op, params_for(batch, part->op, part->send, NULL, wanting[0], NULL, 0, false), on_answer, call);
	} else if (part->at_once > 1) {
		static const struct way by_ids = {.kind = WAY_EACH};
		ask_by(batch, part->op, part->send, &by_ids, wanting, n, part, index, part->at_once);
	} else {
		ask_one_by_one(batch, part->op, part->send, wanting, n, part, index);
	}
}

static void ask_tags(struct batch *batch)
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
		call_with(call, tags->read_op, draft_value(draft), on_answer, call);
	}
}

static void deliver(struct batch *batch)
{
	tell_mistakes(batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = batch->items[i];
		struct found found = {
			.outcome = reading->failed ? READ_FAILED : reading->object ? READ_FOUND : READ_GONE,
			.object = reading->object,
			.parts = reading->part_values,
			.parts_read = reading->parts_read,
			.tags = reading->tags,
			.arena = batch->arena,
		};
		if (reading->fn) /* not cancelled */
			reading->fn(reading->ctx, &found);
	}
	if (batch->end)
		batch->end(batch->ctx);
	diags_release(&batch->scratch_diags);
	struct arena *arena = batch->arena;
	arena_free(arena);
}

static void next_phase(struct batch *batch)
{
	for (;;) {
		batch->pending = 1;
		switch (batch->phase) {
		case PHASE_MAIN:
			batch->phase = PHASE_CONFIRM;
			confirm_missing(batch);
			break;
		case PHASE_CONFIRM:
			drop_gone(batch);
			batch->phase = PHASE_PARTS;
			break;
		case PHASE_PARTS:
			/* the single form's own parts come first: they complete the object */
			for (size_t i = 0; batch->plan != &batch->type->read && i < batch->plan->part_count; i++)
				ask_part(batch, &batch->plan->parts[i], batch->type->read.part_count + i);
			for (size_t i = 0; i < batch->type->read.part_count; i++)
				ask_part(batch, &batch->type->read.parts[i], i);
			batch->phase = PHASE_TAGS;
			break;
		case PHASE_TAGS:
			ask_tags(batch);
			batch->phase = PHASE_DONE;
			break;
		case PHASE_DONE:
			deliver(batch);
			return;
		}
		if (--batch->pending)
			return; /* the calls' answers go on */
	}
}

void read_batch(struct provider *provider, const struct aws_type *type, struct reading *const *readings, size_t count,
		read_end_fn end, void *ctx)
{
	if (!count) {
		if (end)
			end(ctx);
		return;
	}
	struct arena *arena = arena_new();
	struct batch *batch = arena_new_of(arena, struct batch);
	*batch = (struct batch){
		.provider = provider,
		.type = type,
		.plan = type->read.one && count <= type->read.few ? type->read.one : &type->read,
		.arena = arena,
		.items = arena_memdup(arena, readings, count * sizeof(struct reading *)),
		.count = count,
		.end = end,
		.ctx = ctx,
	};
	diags_init(&batch->scratch_diags);
	for (size_t i = 0; i < count; i++) {
		struct reading *reading = batch->items[i];
		reading->object = NULL;
		reading->tags = NULL;
		/* a list tells at once what single reads ask for in parts */
		reading->parts_read = 0;
		for (size_t k = 0; batch->plan == &type->read && type->read.one && k < type->read.one->part_count; k++)
			reading->parts_read |= (uint64_t)1 << (type->read.part_count + k);
		reading->failed = reading->asked_alone = false;
		reading->part_values = arena_array_of(arena, MOST_PARTS, const struct value *);
	}
	batch->pending = 1;
	ask_main(batch, batch->items, count);
	end_call(batch);
}

/* ---- shared single reads ---- */

struct read_queue {
	struct provider *provider;
	const struct aws_type *type;
	VEC(struct reading *) waiting;
	loop_timer_id timer;
};

enum { GATHER_MS = 15 };

static void flush_queue(void *ctx)
{
	struct read_queue *queue = ctx;
	queue->timer = 0;
	size_t count = queue->waiting.count;
	struct reading **items = queue->waiting.items;
	queue->waiting.items = NULL;
	queue->waiting.count = queue->waiting.cap = 0;
	for (size_t i = 0; i < count; i++)
		items[i]->queue = NULL;
	read_batch(queue->provider, queue->type, items, count, NULL, NULL);
	free(items);
}

void read_soon(struct provider *provider, struct reading *reading)
{
	struct read_queue *queue = map_find(&provider->queues, reading->type->base.name);
	if (!queue) {
		queue = xcalloc(1, sizeof(*queue));
		queue->provider = provider;
		queue->type = reading->type;
		map_put(&provider->queues, reading->type->base.name, queue);
	}
	reading->queue = queue;
	vec_add(&queue->waiting, reading);
	if (!queue->timer)
		queue->timer = loop_timer(provider->context.loop, GATHER_MS, flush_queue, queue);
}

void read_cancel(struct reading *reading)
{
	reading->fn = NULL;
	struct read_queue *queue = reading->queue;
	for (size_t i = 0; queue && i < queue->waiting.count; i++) {
		if (queue->waiting.items[i] == reading) {
			queue->waiting.items[i] = vec_pop(&queue->waiting);
			break;
		}
	}
}

void read_close(struct provider *provider)
{
	for (struct map_entry *e = map_first(&provider->queues); e; e = map_next(&provider->queues, e)) {
		struct read_queue *queue = e->value;
		loop_timer_cancel(provider->context.loop, queue->timer);
		vec_free(&queue->waiting);
		free(queue);
	}
	map_release(&provider->queues);
}

/* ---- what is found, as the surface has it ---- */

uint64_t wanted_parts(const struct aws_type *type, const char *const *looked_at, size_t count, bool all, const struct value *self)
{
	uint64_t wanted = 0;
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct entry *entry = &type->entries[i];
		if (!entry->parts || !(entry->parts & ~wanted))
			continue;
		bool want = all;
		for (size_t k = 0; k < count && !want; k++)
			want = !strcmp(looked_at[k], entry->name);
		const struct value *v = self && self->state == VALUE_KNOWN ? value_get(self, entry->name) : NULL;
		bool computed = entry->kind == ENTRY_OUTPUT || (entry->flags & ENTRY_COMPUTED);
		if (!want && v && !computed && v->state == VALUE_KNOWN && !is_blank(v))
			want = true;
		if (want)
			wanted |= entry->parts;
	}
	return wanted;
}

/* ignore_tags of the provider block: tags that others set and that are none of our business. */
static bool is_ignored(const struct provider *provider, const char *key)
{
	const struct value *keys = provider->ignored_tags, *prefixes = provider->ignored_prefixes;
	for (uint32_t i = 0; keys && i < keys->count; i++) {
		if (value_is_text(keys->items[i], key))
			return true;
	}
	for (uint32_t i = 0; prefixes && i < prefixes->count; i++) {
		const struct value *prefix = prefixes->items[i];
		if (value_is_a(prefix, TYPE_STRING) && !strncmp(key, prefix->text, prefix->count))
			return true;
	}
	return false;
}

static const struct value *without_ignored(const struct provider *provider, struct arena *arena, const struct value *tags)
{
	if (!provider->ignored_tags && !provider->ignored_prefixes)
		return tags;
	const char **keys = arena_array_of(arena, tags->count, const char *);
	const struct value **items = arena_array_of(arena, tags->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < tags->count; i++) {
		if (is_ignored(provider, tags->keys[i]))
			continue;
		keys[n] = tags->keys[i];
		items[n++] = tags->items[i];
	}
	return value_map(arena, &type_string, keys, items, n);
}

const struct value *found_value(struct provider *provider, const struct aws_type *type, const struct found *found, const char *id,
				const struct value *before, bool *marked, const char *token, struct diags *diags)
{
	struct diags scratch;
	diags_init(&scratch);
	struct env env;
	env_init(&env, type, &provider->place, found->arena, &scratch);
	env.id = id;
	env.self = before;
	env.prior = before;
	env.object = found->object;
	env.parts = found->parts;
	env.kind = type->tag_kind ? value_string(found->arena, type->tag_kind) : NULL;
	const struct value *tags = NULL;
	if (type->has_tags)
		tags = without_ignored(provider, found->arena, surface_tags(found->arena, found->tags, marked, token));
	else if (marked)
		*marked = false;
	const struct value *v = surface_value(&env, before, found->parts_read, tags, provider->default_tags);
	for (size_t i = 0; i < scratch.count && diags; i++) {
		if (scratch.items[i].severity == DIAG_ERROR)
			diag_error(diags, SRC_NOWHERE, "Mistake in a type file", "The attributes of %s: %s", type->base.name,
				   scratch.items[i].detail ? scratch.items[i].detail : scratch.items[i].summary);
	}
	diags_release(&scratch);
	return v;
}
