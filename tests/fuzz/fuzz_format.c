/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter: what parses still does when formatted, and settles after a few rounds. */
#include "base/buf.h"
#include "lang/syntax/format.h"
#include "lang/syntax/parse.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool format(const void *text, size_t len, struct buf *out)
{
	struct arena *arena = arena_new();
	struct src_set *set = src_set_new();
	struct diags diags;
	diags_init(&diags);
	const struct src *src = src_add(set, "fuzz.tf", text, len);
	parse_file(arena, src, &diags);
	bool good = !diags_has_errors(&diags);
	if (good)
		format_text(src, out);
	diags_release(&diags);
	src_set_free(set);
	arena_free(arena);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	AUTO_BUF struct buf out = BUF_INIT;
	if (len > 4096 || !format(bytes, len, &out))
		return 0;
	/* Each round can unwrap one "${ }" of those in each other, and alignment follows in the next. */
	for (int round = 0; round < 100; round++) {
		AUTO_BUF struct buf again = BUF_INIT;
		if (!format(buf_text(&out), out.len, &again))
			bug("formatting broke the file:\n%s", buf_text(&out));
		if (again.len == out.len && !memcmp(again.ptr, out.ptr, out.len))
			return 0;
		buf_clear(&out);
		buf_add(&out, buf_text(&again), again.len);
	}
	bug("formatting never settles:\n%s", buf_text(&out));
}
