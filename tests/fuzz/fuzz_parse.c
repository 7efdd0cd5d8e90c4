/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of plan files and expressions: whatever comes gives a sound tree, or errors and a tree. */
#include "base/buf.h"
#include "lang/syntax/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct src_range whole;

static void check_range(struct src_range range)
{
	if (range.start < whole.start || range.end > whole.end || range.start > range.end)
		bug("range %u-%u outside of %u-%u", range.start, range.end, whole.start, whole.end);
}

static void check_ref(void *ctx, const struct ref *ref)
{
	(void)ctx;
	check_range(ref->range);
	check_range(ref->root_range);
	for (size_t i = 0; i < ref->count; i++) {
		check_range(ref->steps[i].range);
		if (!ref->steps[i].name == !ref->steps[i].key)
			bug("a step that is both or neither");
	}
}

static void check_call(void *ctx, const struct expr *call)
{
	(void)ctx;
	check_range(call->range);
	check_range(call->function_range);
	if (call->height > EXPR_HEIGHT_LIMIT || !*call->function)
		bug("a call of height %u", call->height);
}

static void check_expr(const struct expr *e)
{
	check_range(e->range);
	expr_walk_refs(e, check_ref, NULL);
	expr_walk_calls(e, check_call, NULL);
}

static void check_body(const struct body *body)
{
	check_range(body->range);
	check_range(body->end);
	for (size_t i = 0; i < body->attr_count; i++) {
		check_range(body->attrs[i].range);
		check_range(body->attrs[i].name_range);
		check_expr(body->attrs[i].expr);
		if (body_find_attr(body, body->attrs[i].name) != &body->attrs[i])
			bug("two arguments of one name");
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		check_range(block->range);
		check_range(block->header_range);
		check_range(block->type_range);
		for (size_t j = 0; j < block->label_count; j++)
			check_range(block->labels[j].range);
		check_body(block->body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	struct src_set *set = src_set_new();
	struct diags diags;
	diags_init(&diags);
	AUTO_BUF struct buf out = BUF_INIT;
	const struct src *src = src_add(set, "fuzz.tf", (const char *)bytes, len);
	whole = (struct src_range){src_base(src), src_base(src) + (uint32_t)len};
	check_body(parse_file(arena, src, &diags));
	check_expr(parse_expr(arena, src, &diags));
	diags_print(&diags, set, false, 80, &out);
	diags_release(&diags);
	src_set_free(set);
	arena_free(arena);
	return 0;
}
