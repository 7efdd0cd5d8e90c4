/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests over tests/value share: cases, one JSON object a line, with Terraform's answers. */
#pragma once

#include "base/buf.h"
#include "base/file.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef bool (*case_fn)(struct arena *arena, size_t line, const struct value *c);

static inline const char *buf_take_text(struct arena *arena, struct buf *buf)
{
	const char *text = buf_copy(buf, arena);
	buf_release(buf);
	return text;
}

/* A case's result is not what was expected: says so, and counts. */
static inline bool differs(size_t line, const char *what, const char *got, const char *wanted)
{
	if (!strcmp(got, wanted))
		return false;
	print_message("# line %zu, %s:\n#   got    %s\n#   wanted %s\n", line, what, got, wanted);
	return true;
}

/* All cases of a file; the test fails when one does, and when the file has fewer than `at_least`. */
static inline void run_cases(const char *path, size_t at_least, case_fn fn)
{
	struct buf text = BUF_INIT;
	if (!file_read(path, (size_t)1 << 26, &text))
		fail_msg("cannot read %s", path);
	size_t line = 0, failed = 0;
	for (char *at = text.ptr; at && *at;) {
		char *end = strchr(at, '\n');
		struct arena *arena = arena_new();
		struct buf why = BUF_INIT;
		const struct value *c =
			value_from_json(arena, at, end ? (size_t)(end - at) : strlen(at), &why);
		line++;
		if (!c)
			fail_msg("%s, line %zu: %s", path, line, buf_text(&why));
		failed += !fn(arena, line, c);
		buf_release(&why);
		arena_free(arena);
		at = end ? end + 1 : NULL;
	}
	buf_release(&text);
	print_message("# %s: %zu cases, %zu failed\n", path, line, failed);
	assert_true(line >= at_least);
	assert_int_equal(failed, 0);
}
