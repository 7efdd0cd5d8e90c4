/* SPDX-License-Identifier: Apache-2.0 */
/* Orders to a running sandbox, as they come through its socket: a line of JSON. */
#include "tests/fuzz/fake_http.h"

#include "base/db.h"
#include "sandbox/control.c" /* what reads an order is not for others to call */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct world world;
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT, said = BUF_INIT;
	if (!world.faults) {
		world.arena = arena_new();
		world.faults = faults_new();
		world.store = store_open(DB_MEMORY, &why);
		world.library = library_new(&why);
		if (!world.store || !world.library)
			bug("no store, or no services: %s", buf_text(&why));
	}
	const struct value *order = value_from_json(arena, (const char *)bytes, len, &why);
	const char *name = order && value_is_a(order, TYPE_OBJECT) ? value_get_text(order, "order") : NULL;
	/* the order "reset" needs all of a world */
	if (order && value_is_a(order, TYPE_OBJECT) && (!name || strcmp(name, "reset") != 0) && !do_order(&world, order, &said) && !said.len)
		bug("a refusal without a reason");
	if (order && value_is_a(order, TYPE_OBJECT)) {
		faults_describe(world.faults, 0, true, &said);
		faults_describe(world.faults, 0, false, &said);
		faults_clear(world.faults);
	}
	arena_free(arena);
	return 0;
}
