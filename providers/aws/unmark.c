/* SPDX-License-Identifier: Apache-2.0 */
/* Intent tags are taken off, of many objects in one request where the service allows it. */
#include "providers/aws/aws.h"

struct unmarking {
	struct provider *provider;
	struct arena *arena;
	size_t pending;
	unmark_fn fn;
	read_end_fn end;
	void *ctx;
};

struct unmark_call {
	struct unmarking *all;
	const struct mark **marks;
	size_t count;
};

static void unmark_end(struct unmarking *all)
{
	if (--all->pending)
		return;
	all->end(all->ctx);
	arena_free(all->arena);
}

/* The request that takes the tag off one object; the tag's value is left out, so that requests can be joined. */
static const struct value *unmark_params(struct unmarking *all, const struct mark *mark)
{
	const struct aws_type *type = aws_type_of(mark->type);
	struct diags diags;
	diags_init(&diags);
	struct env env;
	env_init(&env, type, &all->provider->place, all->arena, &diags);
	env.self = mark->value;
	env.id = value_get_text(mark->value, "id");
	static const char *const keys[] = {INTENT_TAG};
	const struct value *none = &value_null_string;
	env.removed = value_map(all->arena, &type_string, keys, &none, 1);
	env.kind = type->tag_kind ? value_string(all->arena, type->tag_kind) : NULL;
	const char *tag_id = type->tag_id ? env_text(&env, type->tag_id) : NULL;
	if (tag_id)
		env.id = tag_id;
	struct draft *draft = draft_new(all->arena);
	const struct aws_operation *op = type->tags.remove_op;
	if (!tag_id)
		bind_key(&env, op, draft);
	draft_merge(draft, bind_value(&env, NULL, 0, env_eval(&env, type->tags.remove_send), aws_shape_at(op->input), 0));
	diags_release(&diags);
	return draft_value(draft);
}

static void send_unmark(struct unmarking *all, const struct aws_type *type, const struct value *params, const struct mark **marks, size_t count);

static bool says_absent(const struct aws_answer *answer, const struct mark *mark)
{
	const struct aws_type *type = aws_type_of(mark->type);
	return answer->result == AWS_ERROR && (code_match(&type->service->absent, answer->failure.code, answer->failure.message) ||
					       code_match(&type->read.absent, answer->failure.code, answer->failure.message));
}

static void on_unmarked(void *ctx, const struct aws_answer *answer)
{
	struct unmark_call *call = ctx;
	/* gone with its object; any other refusal leaves the tag where it is, for the next run */
	bool absent = false;
	for (size_t i = 0; i < call->count && !absent; i++)
		absent = says_absent(answer, call->marks[i]);
	if (absent && call->count > 1) { /* which stands in the way of all others */
		for (size_t i = 0; i < call->count; i++)
			send_unmark(call->all, aws_type_of(call->marks[i]->type), unmark_params(call->all, call->marks[i]), &call->marks[i], 1);
		unmark_end(call->all);
		return;
	}
	for (size_t i = 0; i < call->count; i++)
		call->all->fn(call->all->ctx, call->marks[i], answer->result == AWS_OK || absent);
	unmark_end(call->all);
}

static void send_unmark(struct unmarking *all, const struct aws_type *type, const struct value *params, const struct mark **marks, size_t count)
{
	struct unmark_call *call = arena_new_of(all->arena, struct unmark_call);
	*call = (struct unmark_call){all, marks, count};
	all->pending++;
	aws_call(all->provider->aws,
		 &(struct aws_call_options){
			 .op = type->tags.remove_op,
			 .region = type->service->region,
			 .params = params,
			 .repeat = AWS_REPEAT_ALWAYS,
		 },
		 on_unmarked, call);
}

void provider_unmark(struct provider *provider, const struct mark *marks, size_t count, unmark_fn fn, read_end_fn end, void *ctx)
{
	enum { MOST_AT_ONCE = 500 };
	struct arena *arena = arena_new();
	struct unmarking *all = arena_new_of(arena, struct unmarking);
	*all = (struct unmarking){.provider = provider, .arena = arena, .pending = 1, .fn = fn, .end = end, .ctx = ctx};
	const struct aws_type *joined_type = NULL; /* of a service whose request names many objects */
	VEC(const struct value *) ids = {0};
	VEC(const struct mark *) joined = {0};
	const struct value *joined_params = NULL;
	for (size_t i = 0; i <= count; i++) {
		const struct aws_type *type = i < count ? aws_type_of(marks[i].type) : NULL;
		const struct value *params = type && type->tags.remove_op ? unmark_params(all, &marks[i]) : NULL;
		const struct value *resources = params ? value_get(params, "Resources") : NULL;
		bool joins = resources && !type_is_primitive(resources->type) && resources->count == 1;
		if (joined.count && (i == count || joined.count == MOST_AT_ONCE)) {
			struct draft *draft = draft_new(arena);
			draft_merge(draft, joined_params);
			static const char *const member = "Resources";
			draft_set(draft, &member, 1, value_tuple(arena, ids.items, ids.count));
			const struct mark **copy = vec_copy(&joined, arena);
			send_unmark(all, joined_type, draft_value(draft), copy, joined.count);
			joined.count = ids.count = 0;
		}
		if (joins) {
			joined_type = type;
			joined_params = params;
			vec_add(&ids, resources->items[0]);
			vec_add(&joined, &marks[i]);
		} else if (params) {
			const struct mark **one = arena_array_of(arena, 1, const struct mark *);
			one[0] = &marks[i];
			send_unmark(all, type, params, one, 1);
		}
	}
	vec_free(&ids);
	vec_free(&joined);
	unmark_end(all);
}
