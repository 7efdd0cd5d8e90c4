/* SPDX-License-Identifier: Apache-2.0 */
/* Stored values: damage must be noticed or give another value, which packs and unpacks as itself. */
#include "base/buf.h"
#include "lang/value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf packed = BUF_INIT;
	const struct value *v = value_unpack(arena, (const char *)bytes, len, &why);
	if (v) {
		value_pack(v, &packed);
		const struct value *again = value_unpack(arena, packed.ptr, packed.len, &why);
		if (!again || !value_identical(v, again))
			bug("a stored value changed on the way: %s", buf_text(&why));
	}
	arena_free(arena);
	return 0;
}
