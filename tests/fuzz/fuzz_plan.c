/* SPDX-License-Identifier: Apache-2.0 */
/* Plan files, expressions and templates; the first byte chooses. */
#include "base/buf.h"
#include "base/diag.h"
#include "lang/syntax/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ignore_ref(void *ctx, const struct ref *ref)
{
	(void)ctx;
	(void)ref;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	struct arena *arena = arena_new();
	struct src_set *set = src_set_new();
	struct diags diags;
	diags_init(&diags);
	const struct src *src = src_add(set, "fuzz.tf", (const char *)bytes + 1, len - 1);
	switch (bytes[0] % 3) {
	case 0:
		body_walk_refs(parse_file(arena, src, &diags), ignore_ref, NULL);
		break;
	case 1:
		expr_walk_refs(parse_expr(arena, src, &diags), ignore_ref, NULL);
		break;
	default:
		expr_walk_refs(parse_template(arena, src, &diags), ignore_ref, NULL);
		break;
	}
	struct buf out = BUF_INIT;
	diags_print(&diags, set, false, 80, &out);
	buf_release(&out);
	diags_release(&diags);
	src_set_free(set);
	arena_free(arena);
	return 0;
}
