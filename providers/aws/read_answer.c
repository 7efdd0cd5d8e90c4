/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a batch's calls, matched with the readings that asked. */
#include "providers/aws/read_internal.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <fnmatch.h>
#include <string.h>

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

void batch_env(struct batch *batch, struct env *env, const struct reading *reading)
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

const char *reading_key(struct batch *batch, const struct expr *match, struct reading *reading)
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

const char *object_key(struct batch *batch, const struct expr *match, const struct value *object)
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

const struct value *answer_objects(struct batch *batch, const struct expr *objects, const struct value *answer,
				   const struct reading *reading)
{
	struct env env;
	batch_env(batch, &env, reading);
	env.answer = answer;
	return env_eval(&env, objects);
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
			map_put(&by_key, key, (void *)objects->items[i]);
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

struct each_call {
	struct batch_call *call;
	size_t index;
};

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
	batch_call_ended(batch);
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
	batch_call_ended(batch);
}

void batch_call_send(struct batch_call *call, const struct aws_operation *op, const struct value *params)
{
	call_with(call, op, params, on_answer, call);
}
