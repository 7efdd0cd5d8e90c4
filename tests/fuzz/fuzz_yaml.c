/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: what is read must be written, and be read again. */
#include "base/buf.h"
#include "lang/value/value.h"
#include "lang/value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	const struct value *v = value_from_yaml(arena, (const char *)bytes, len, &why);
	if (v) {
		value_to_yaml(v, &text);
		if (!value_from_yaml(arena, text.ptr, text.len, &why))
			bug("YAML cannot be read again: %s\n%s", buf_text(&why), text.ptr);
	}
	arena_free(arena);
	return 0;
}
