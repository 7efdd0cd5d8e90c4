/* SPDX-License-Identifier: Apache-2.0 */
/* What the process of the hosts is told: whether an order is whole, and the packet filter that its rules make for two hosts. */
#include "lang/value/json.h"
#include "sandbox/host/filter.c" /* what builds it is not for others to call */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *order = value_from_json(arena, (const char *)bytes, len, &why);
	const struct value *rules = order ? value_get(order, "rules") : NULL;
	if (rules && rules->state == VALUE_KNOWN && !type_is_primitive(rules->type)) {
		char *groups[] = {(char *)(uintptr_t)"sg-1", (char *)(uintptr_t)"sg-2"};
		struct router router = {.nl = NETLINK_INIT};
		struct guest hosts[] = {{.link = "h1", .router = &router, .address.s_addr = htonl(0x0a000005), .source_check = true, .groups = {groups, 2, 2}},
					{.link = "h2", .router = &router, .address.s_addr = htonl(0x0a000006), .groups = {groups + 1, 1, 1}}};
		struct guests guests = {0};
		struct netlink nl = NETLINK_INIT;
		struct nft nft = {.nl = &nl, .table = table};
		for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
			vec_add(&guests.list, &hosts[i]);
		build(&guests, &router, &nft, rules);
		buf_release(&nl.out);
		vec_free(&guests.list);
	}
	arena_free(arena);
	return 0;
}
