/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's shared files. */
#include "aws/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	unsigned line = 0;
	const char *why = NULL;
	const struct ini *ini = ini_parse(arena, (const char *)bytes, len, &line, &why);
	if (!ini && (!why || !line))
		bug("a refusal without a reason");
	for (size_t i = 0; ini && i < ini->section_count; i++) {
		if (!ini->sections[i].name || !*ini->sections[i].name)
			bug("a section without a name");
	}
	arena_free(arena);
	return 0;
}
