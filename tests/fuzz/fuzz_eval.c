/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluates whatever bytes come, as an expression, plainly and in the lenient way of type files.
 * An entry of libFuzzer; tests/unit/test_fuzz_eval.c feeds it mutated golden expressions.
 */
#include "tests/unit/eval_scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 4096)
		return 0;
	struct fixture f;
	fixture_init(&f);
	const struct src *src = src_add(f.sources, "fuzz.tf", (const char *)bytes, size);
	const struct expr *expr = parse_expr(f.arena, src, &f.diags);
	for (int lenient = 0; lenient < 2; lenient++) {
		f.eval.lenient = lenient;
		f.eval.pure = lenient;
		const struct value *v = eval_expr(&f.eval, expr);
		if (!v || !v->type || f.eval.depth || f.eval.quiet || f.eval.scope != &f.scope || f.eval.diags != &f.diags)
			bug("evaluation left its state behind");
		AUTO_BUF struct buf out = BUF_INIT;
		value_print(v, &out);
		diags_print(&f.diags, f.sources, false, 80, &out);
		buf_clear(&out);
		type_print(eval_type(&f.eval, expr), &out);
	}
	fixture_release(&f);
	return 0;
}
