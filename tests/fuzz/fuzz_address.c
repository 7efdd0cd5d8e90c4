/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: what is read must be written, and read again as the same. */
#include "lang/address.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	struct diags diags;
	diags_init(&diags);
	struct address a, again;
	if (address_parse(arena, arena_strndup(arena, (const char *)bytes, len), &a, &diags)) {
		const char *text = address_print(arena, &a);
		if (!address_parse(arena, text, &again, &diags) ||
		    address_compare(&a, &again) != 0 || !address_contains(&a, &again))
			bug("an address changed on the way: %s", text);
	}
	diags_release(&diags);
	arena_free(arena);
	return 0;
}
