/* SPDX-License-Identifier: Apache-2.0 */
/* Templates, as files for templatefile() are read. */
#include "base/buf.h"
#include "lang/syntax/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ignore_ref(void *ctx, const struct ref *ref)
{
	*(size_t *)ctx += ref->count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	struct src_set *set = src_set_new();
	struct diags diags;
	diags_init(&diags);
	AUTO_BUF struct buf out = BUF_INIT;
	const struct expr *e = parse_template(arena, src_add(set, "fuzz.tftpl", (const char *)bytes, len), &diags);
	if (e->kind != EXPR_LITERAL && e->kind != EXPR_TEMPLATE && e->kind != EXPR_ERROR)
		bug("a template of kind %d", (int)e->kind);
	if ((e->kind == EXPR_ERROR) && !diags_has_errors(&diags))
		bug("no word about what is wrong");
	size_t steps = 0;
	expr_walk_refs(e, ignore_ref, &steps);
	diags_print(&diags, set, false, 80, &out);
	diags_release(&diags);
	src_set_free(set);
	arena_free(arena);
	return 0;
}
