/* SPDX-License-Identifier: Apache-2.0 */
/* User data of the sandbox's hosts: each step has a path and text, in the order of phases. */
#include "base/arena.h"
#include "sandbox/host/user_data.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	struct user_data data = user_data_read(arena, (const char *)bytes, len, &(struct user_data_options){.user = "ubuntu"});
	for (size_t i = 0; i < data.count; i++) {
		const struct user_step *step = &data.steps[i];
		if (!step->path || *step->path != '/' || !step->bytes || (i && step->phase < data.steps[i - 1].phase))
			bug("step %zu is not in order", i);
		if (step->len && memchr(step->bytes, 0, 1) && len == 0)
			bug("text from nowhere");
	}
	if (strlen(data.errors) + strlen(data.warnings) > 100 * len + 1000)
		bug("more complaints than text");
	arena_free(arena);
	return 0;
}
