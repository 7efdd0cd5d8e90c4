/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: what is read must be written, and read again as the same. */
#include "base/buf.h"
#include "lang/value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	const struct value *v = value_from_yaml(arena, (const char *)bytes, len, &why);
	/* Aliases may make a long text of a short one. */
	if (v && len < 4096)
		value_to_yaml(v, &text);
	if (text.len && text.len < 100000) {
		const struct value *again = value_from_yaml(arena, text.ptr, text.len, &why);
		if (!again || !value_same(v, again))
			bug("YAML changed on the way: %s", text.ptr);
	}
	arena_free(arena);
	return 0;
}
