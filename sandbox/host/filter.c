/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table, replaced in one transaction:
 *
 *     chain forward { policy drop; ct state established,related accept
 *         iifname LINK ip saddr != ADDRESS drop       each host: its own address alone
 *         iifname LINK jump "out sg-1" }              each group of each host
 *     chain "out sg-1" { RULE goto ingress }
 *     chain input { policy drop; as forward, and metadata may always be asked for }    to the router's own addresses
 *     chain ingress { oifname LINK jump "in sg-1"; ip daddr MOUNT-TARGET jump "in sg-1"; drop }
 *     chain "in sg-1" { RULE accept }
 *     chain output { policy accept; ct state ...; goto ingress }     users on the internet, who are at the router itself
 *
 * A group that a rule names stands for the addresses of its members.
 */
#include "sandbox/host/filter.h"

#include "base/arena.h"
#include "base/buf.h"
#include "lang/value/value.h"
#include "sandbox/host/metadata.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH_LIMIT = 64 << 20, ESTABLISHED_OR_RELATED = 2 | 4 };

static const char table[] = "groups", forward[] = "forward", ingress[] = "ingress", input[] = "input", output[] = "output";

/* ---- pieces ---- */

static void begin(struct netlink *nl, unsigned type, unsigned flags)
{
	struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	netlink_message(nl, (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | type), (uint16_t)flags, &head, sizeof(head));
}

static void mark_batch(struct netlink *nl, unsigned type)
{
	struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_message(nl, (uint16_t)type, 0, &head, sizeof(head));
}

static void number(struct netlink *nl, uint16_t type, uint32_t n)
{
	netlink_attr_u32(nl, type, htonl(n));
}

static void data(struct netlink *nl, uint16_t type, const void *bytes, size_t len)
{
	size_t place = netlink_begin(nl, type);
	netlink_attr(nl, NFTA_DATA_VALUE, bytes, len);
	netlink_end(nl, place);
}

struct rule {
	struct netlink *nl;
	size_t expressions, expression, inside;
};

static struct rule rule_begin(struct netlink *nl, const char *chain)
{
	struct rule r = {.nl = nl};
	begin(nl, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_attr_text(nl, NFTA_RULE_TABLE, table);
	netlink_attr_text(nl, NFTA_RULE_CHAIN, chain);
	r.expressions = netlink_begin(nl, NFTA_RULE_EXPRESSIONS);
	return r;
}

static void expr_begin(struct rule *r, const char *name)
{
	r->expression = netlink_begin(r->nl, NFTA_LIST_ELEM);
	netlink_attr_text(r->nl, NFTA_EXPR_NAME, name);
	r->inside = netlink_begin(r->nl, NFTA_EXPR_DATA);
}

static void expr_end(struct rule *r)
{
	netlink_end(r->nl, r->inside);
	netlink_end(r->nl, r->expression);
}

static void load_meta(struct rule *r, uint32_t key)
{
	expr_begin(r, "meta");
	number(r->nl, NFTA_META_DREG, NFT_REG_1);
	number(r->nl, NFTA_META_KEY, key);
	expr_end(r);
}

static void load_payload(struct rule *r, uint32_t base, uint32_t offset, uint32_t len)
{
	expr_begin(r, "payload");
	number(r->nl, NFTA_PAYLOAD_DREG, NFT_REG_1);
	number(r->nl, NFTA_PAYLOAD_BASE, base);
	number(r->nl, NFTA_PAYLOAD_OFFSET, offset);
	number(r->nl, NFTA_PAYLOAD_LEN, len);
	expr_end(r);
}

static void mask(struct rule *r, const void *bits, uint32_t len)
{
	static const unsigned char none[4];
	expr_begin(r, "bitwise");
	number(r->nl, NFTA_BITWISE_SREG, NFT_REG_1);
	number(r->nl, NFTA_BITWISE_DREG, NFT_REG_1);
	number(r->nl, NFTA_BITWISE_LEN, len);
	data(r->nl, NFTA_BITWISE_MASK, bits, len);
	data(r->nl, NFTA_BITWISE_XOR, none, len);
	expr_end(r);
}

static void compare(struct rule *r, uint32_t op, const void *bytes, size_t len)
{
	expr_begin(r, "cmp");
	number(r->nl, NFTA_CMP_SREG, NFT_REG_1);
	number(r->nl, NFTA_CMP_OP, op);
	data(r->nl, NFTA_CMP_DATA, bytes, len);
	expr_end(r);
}

static void rule_end(struct rule *r, int verdict, const char *chain)
{
	expr_begin(r, "immediate");
	number(r->nl, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t what = netlink_begin(r->nl, NFTA_IMMEDIATE_DATA), how = netlink_begin(r->nl, NFTA_DATA_VERDICT);
	number(r->nl, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		netlink_attr_text(r->nl, NFTA_VERDICT_CHAIN, chain);
	netlink_end(r->nl, how);
	netlink_end(r->nl, what);
	expr_end(r);
	netlink_end(r->nl, r->expressions);
}

static void match_link(struct rule *r, uint32_t key, const char *link)
{
	char name[IFNAMSIZ] = "";
	snprintf(name, sizeof(name), "%s", link);
	load_meta(r, key);
	compare(r, NFT_CMP_EQ, name, sizeof(name));
}

enum { SOURCE = 12, DESTINATION = 16 }; /* in IPv4's header */

static void match_network(struct rule *r, uint32_t offset, struct in_addr network, unsigned prefix)
{
	struct in_addr bits = {htonl(prefix ? UINT32_MAX << (32 - prefix) : 0)};
	network.s_addr &= bits.s_addr;
	if (!prefix)
		return;
	load_payload(r, NFT_PAYLOAD_NETWORK_HEADER, offset, 4);
	if (prefix < 32)
		mask(r, &bits, 4);
	compare(r, NFT_CMP_EQ, &network, 4);
}

static void chain(struct netlink *nl, const char *name, int hook, uint32_t policy)
{
	begin(nl, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_attr_text(nl, NFTA_CHAIN_TABLE, table);
	netlink_attr_text(nl, NFTA_CHAIN_NAME, name);
	if (hook < 0)
		return;
	size_t place = netlink_begin(nl, NFTA_CHAIN_HOOK);
	number(nl, NFTA_HOOK_HOOKNUM, (uint32_t)hook);
	number(nl, NFTA_HOOK_PRIORITY, 0);
	netlink_end(nl, place);
	netlink_attr_text(nl, NFTA_CHAIN_TYPE, "filter");
	number(nl, NFTA_CHAIN_POLICY, policy);
}

static void let_answers_through(struct netlink *nl, const char *name)
{
	struct rule r = rule_begin(nl, name);
	uint32_t states = ESTABLISHED_OR_RELATED, none = 0; /* in the machine's order */
	expr_begin(&r, "ct");
	number(nl, NFTA_CT_DREG, NFT_REG_1);
	number(nl, NFTA_CT_KEY, NFT_CT_STATE);
	expr_end(&r);
	mask(&r, &states, sizeof(states));
	compare(&r, NFT_CMP_NEQ, &none, sizeof(none));
	rule_end(&r, NF_ACCEPT, NULL);
}

/* ---- groups ---- */

static void group_chain(char *out, size_t size, bool egress, const char *group)
{
	snprintf(out, size, "%s %.80s", egress ? "out" : "in", group);
}

static int64_t integer(const struct value *v, const char *name, int64_t fallback)
{
	const struct value *n = value_get(v, name);
	int64_t i;
	return n && value_is_a(n, TYPE_NUMBER) && number_to_int(n->number, &i) ? i : fallback;
}

/* -1: all. */
static int protocol_of(const struct value *rule)
{
	const char *name = value_get_text(rule, "protocol");
	if (!name || !strcmp(name, "-1"))
		return -1;
	return !strcmp(name, "tcp") ? IPPROTO_TCP : !strcmp(name, "udp") ? IPPROTO_UDP : !strcmp(name, "icmp") ? IPPROTO_ICMP : atoi(name);
}

static void add_rule(struct netlink *nl, const struct value *rule, const char *group, bool egress, struct in_addr network, unsigned prefix)
{
	char name[96];
	int protocol = protocol_of(rule);
	int64_t from = integer(rule, "from", -1), to = integer(rule, "to", -1);
	group_chain(name, sizeof(name), egress, group);
	struct rule r = rule_begin(nl, name);
	match_network(&r, egress ? DESTINATION : SOURCE, network, prefix);
	if (protocol >= 0) {
		uint8_t byte = (uint8_t)protocol;
		load_meta(&r, NFT_META_L4PROTO);
		compare(&r, NFT_CMP_EQ, &byte, 1);
	}
	if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && from >= 0 && (from > 0 || to < 65535)) {
		uint16_t first = htons((uint16_t)from), last = htons((uint16_t)to);
		load_payload(&r, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
		compare(&r, NFT_CMP_GTE, &first, 2);
		compare(&r, NFT_CMP_LTE, &last, 2);
	} else if (protocol == IPPROTO_ICMP && from >= 0) {
		uint8_t type = (uint8_t)from; /* FromPort is ICMP's type, -1 all of them */
		load_payload(&r, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
		compare(&r, NFT_CMP_EQ, &type, 1);
	}
	rule_end(&r, egress ? NFT_GOTO : NF_ACCEPT, egress ? ingress : NULL);
}

static bool is_in(const struct group_names *names, const char *group)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->items[i], group))
			return true;
	}
	return false;
}

struct member { /* an address with security groups */
	struct in_addr address;
	const struct group_names *groups;
};

struct members {
	struct member *items;
	size_t count, cap;
};

static void list_members(const struct guests *guests, const struct router *router, struct members *out)
{
	for (size_t i = 0; i < guests->list.count; i++) {
		const struct guest *guest = guests->list.items[i];
		if (guest->router == router)
			vec_add(out, (struct member){guest->address, &guest->groups});
	}
	for (size_t i = 0; i < guests->targets.count; i++) {
		const struct target *target = guests->targets.items[i];
		if (target->router == router)
			vec_add(out, (struct member){target->address, &target->groups});
	}
}

static bool read_network(const char *text, struct in_addr *network, unsigned *prefix)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : 0, text);
	unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 33;
	*prefix = (unsigned)bits;
	return bits <= 32 && inet_pton(AF_INET, address, network) == 1;
}

static void add_rules(const struct members *members, struct netlink *nl, const struct value *rules, bool egress)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct value *rule = rules->items[i], *out = value_get(rule, "egress");
		const char *group = value_get_text(rule, "group"), *cidr = value_get_text(rule, "cidr"), *peer = value_get_text(rule, "peer");
		struct in_addr network;
		unsigned prefix;
		bool used = false;
		if (!group || !out || value_is_true(out) != egress)
			continue;
		for (size_t k = 0; k < members->count && !used; k++)
			used = is_in(members->items[k].groups, group);
		if (!used)
			continue;
		if (cidr && read_network(cidr, &network, &prefix))
			add_rule(nl, rule, group, egress, network, prefix);
		for (size_t k = 0; peer && k < members->count; k++) {
			if (is_in(members->items[k].groups, peer))
				add_rule(nl, rule, group, egress, members->items[k].address, 32);
		}
	}
}

/* ---- hosts ---- */

/* A host's own address alone. */
static void check_source(struct netlink *nl, const char *chain_name, const struct guest *guest)
{
	struct rule r = rule_begin(nl, chain_name);
	match_link(&r, NFT_META_IIFNAME, guest->link);
	load_payload(&r, NFT_PAYLOAD_NETWORK_HEADER, SOURCE, 4);
	compare(&r, NFT_CMP_NEQ, &guest->address, 4);
	rule_end(&r, NF_DROP, NULL);
}

static void let_out(struct netlink *nl, const char *chain_name, const struct guest *guest)
{
	char name[96];
	for (size_t i = 0; i < guest->groups.count; i++) {
		group_chain(name, sizeof(name), true, guest->groups.items[i]);
		struct rule r = rule_begin(nl, chain_name);
		match_link(&r, NFT_META_IIFNAME, guest->link);
		rule_end(&r, NFT_JUMP, name);
	}
}

static void let_in(struct netlink *nl, const char *link, struct in_addr address, const struct group_names *groups)
{
	char name[96];
	for (size_t i = 0; i < groups->count; i++) {
		group_chain(name, sizeof(name), false, groups->items[i]);
		struct rule r = rule_begin(nl, ingress);
		if (link)
			match_link(&r, NFT_META_OIFNAME, link);
		else
			match_network(&r, DESTINATION, address, 32);
		rule_end(&r, NFT_JUMP, name);
	}
}

static void let_ask_for_metadata(struct netlink *nl)
{
	struct in_addr service;
	uint8_t tcp = IPPROTO_TCP;
	uint16_t port = htons(METADATA_PORT);
	if (inet_pton(AF_INET, METADATA_ADDRESS, &service) != 1)
		bug("%s is no address", METADATA_ADDRESS);
	struct rule r = rule_begin(nl, input);
	match_network(&r, DESTINATION, service, 32);
	load_meta(&r, NFT_META_L4PROTO);
	compare(&r, NFT_CMP_EQ, &tcp, 1);
	load_payload(&r, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	compare(&r, NFT_CMP_EQ, &port, 2);
	rule_end(&r, NF_ACCEPT, NULL);
}

static void add_table(struct netlink *nl, unsigned type, unsigned flags)
{
	begin(nl, type, flags);
	netlink_attr_text(nl, NFTA_TABLE_NAME, table);
}

static void build(const struct guests *guests, const struct router *router, struct netlink *nl, const struct value *rules)
{
	char name[96];
	struct members members = {0};
	list_members(guests, router, &members);
	mark_batch(nl, NFNL_MSG_BATCH_BEGIN);
	add_table(nl, NFT_MSG_NEWTABLE, NLM_F_CREATE); /* so that there is one to delete */
	add_table(nl, NFT_MSG_DELTABLE, 0);
	add_table(nl, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	chain(nl, ingress, -1, 0);
	chain(nl, forward, NF_INET_FORWARD, NF_DROP);
	chain(nl, input, NF_INET_LOCAL_IN, NF_DROP);
	chain(nl, output, NF_INET_LOCAL_OUT, NF_ACCEPT);
	let_answers_through(nl, forward);
	let_answers_through(nl, input);
	let_answers_through(nl, output);
	for (size_t i = 0; i < members.count; i++) {
		const struct group_names *groups = members.items[i].groups;
		for (size_t k = 0; k < groups->count; k++) { /* making one that is there changes nothing */
			group_chain(name, sizeof(name), true, groups->items[k]);
			chain(nl, name, -1, 0);
			group_chain(name, sizeof(name), false, groups->items[k]);
			chain(nl, name, -1, 0);
		}
	}
	for (size_t i = 0; i < guests->list.count; i++) {
		if (guests->list.items[i]->router == router) {
			check_source(nl, forward, guests->list.items[i]);
			check_source(nl, input, guests->list.items[i]);
		}
	}
	let_ask_for_metadata(nl);
	for (size_t i = 0; i < guests->list.count; i++) {
		const struct guest *guest = guests->list.items[i];
		if (guest->router != router)
			continue;
		let_out(nl, forward, guest);
		let_out(nl, input, guest);
		let_in(nl, guest->link, guest->address, &guest->groups);
	}
	for (size_t i = 0; i < guests->targets.count; i++) {
		const struct target *target = guests->targets.items[i];
		if (target->router == router)
			let_in(nl, NULL, target->address, &target->groups);
	}
	add_rules(&members, nl, rules, true);
	add_rules(&members, nl, rules, false);
	vec_free(&members);
	struct rule r = rule_begin(nl, output);
	rule_end(&r, NFT_GOTO, ingress);
	begin(nl, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	netlink_attr_text(nl, NFTA_RULE_TABLE, table);
	netlink_attr_text(nl, NFTA_RULE_CHAIN, ingress);
	r = (struct rule){.nl = nl, .expressions = netlink_begin(nl, NFTA_RULE_EXPRESSIONS)};
	rule_end(&r, NF_DROP, NULL);
	mark_batch(nl, NFNL_MSG_BATCH_END);
}

int filter_apply(struct guests *guests, struct router *router, const struct value *rules)
{
	struct netlink nl = NETLINK_INIT;
	int error = guests_enter(guests, router);
	error = error ? error : netlink_open(&nl, NETLINK_NETFILTER); /* answers of a refused batch must not reach the next one */
	guests_leave(guests);
	if (error)
		return error;
	build(guests, router, &nl, rules);
	if (nl.out.len != router->filter.len || memcmp(nl.out.ptr, router->filter.ptr, nl.out.len)) {
		struct buf made = BUF_INIT;
		int room = BATCH_LIMIT;
		buf_add(&made, nl.out.ptr, nl.out.len);
		if (setsockopt(nl.fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
			(void)setsockopt(nl.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		error = netlink_send(&nl);
		buf_release(&router->filter);
		if (error)
			buf_release(&made);
		else
			router->filter = made;
	}
	netlink_close(&nl);
	return error;
}
