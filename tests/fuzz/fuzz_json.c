/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is read must be written, and read again as the same. */
#include "base/buf.h"
#include "lang/value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	const struct value *v = value_from_json(arena, (const char *)bytes, len, &why);
	if (v) {
		value_to_json(v, true, &text);
		const struct value *again = value_from_json(arena, text.ptr, text.len, &why);
		if (!again || !value_same(v, again))
			bug("JSON changed on the way: %s", text.ptr);
	}
	arena_free(arena);
	return 0;
}
