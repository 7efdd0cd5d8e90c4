/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

enum { SENDER = 12, RECEIVER = 16, LAST_ADDRESS = 4 }; /* in IPv4's header */
enum { ESTABLISHED_OR_RELATED = 2 | 4 };

/* ---- messages ---- */

static void begin(struct nft *nft, unsigned type, unsigned flags)
{
	struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	netlink_message(nft->nl, (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | type), (uint16_t)flags, &head, sizeof(head));
}

static void mark_batch(struct nft *nft, unsigned type)
{
	struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_message(nft->nl, (uint16_t)type, 0, &head, sizeof(head));
}

static void number(struct nft *nft, uint16_t type, uint32_t n)
{
	netlink_attr_u32(nft->nl, type, htonl(n));
}

static void data(struct nft *nft, uint16_t type, const void *bytes, size_t len)
{
	size_t place = netlink_begin(nft->nl, type);
	netlink_attr(nft->nl, NFTA_DATA_VALUE, bytes, len);
	netlink_end(nft->nl, place);
}

static void add_table(struct nft *nft, unsigned type, unsigned flags)
{
	begin(nft, type, flags);
	netlink_attr_text(nft->nl, NFTA_TABLE_NAME, nft->table);
}

void nft_batch_begin(struct nft *nft)
{
	mark_batch(nft, NFNL_MSG_BATCH_BEGIN);
	add_table(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE); /* so that there is one to delete */
	add_table(nft, NFT_MSG_DELTABLE, 0);
	add_table(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

/* ---- chains ---- */

void nft_chain(struct nft *nft, const char *name)
{
	begin(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_attr_text(nft->nl, NFTA_CHAIN_TABLE, nft->table);
	netlink_attr_text(nft->nl, NFTA_CHAIN_NAME, name);
}

static void hook_chain(struct nft *nft, const char *name, const char *type, unsigned hook, int priority, unsigned policy)
{
	nft_chain(nft, name);
	size_t place = netlink_begin(nft->nl, NFTA_CHAIN_HOOK);
	number(nft, NFTA_HOOK_HOOKNUM, hook);
	number(nft, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_end(nft->nl, place);
	netlink_attr_text(nft->nl, NFTA_CHAIN_TYPE, type);
	number(nft, NFTA_CHAIN_POLICY, policy);
}

void nft_chain_at(struct nft *nft, const char *name, unsigned hook, unsigned policy)
{
	hook_chain(nft, name, "filter", hook, NF_IP_PRI_FILTER, policy);
}

void nft_chain_nat(struct nft *nft, const char *name, unsigned hook)
{
	hook_chain(nft, name, "nat", hook, hook == NF_INET_PRE_ROUTING ? NF_IP_PRI_NAT_DST : NF_IP_PRI_NAT_SRC, NF_ACCEPT);
}

/* ---- rules ---- */

static void begin_rule(struct nft *nft, const char *chain, unsigned flags)
{
	begin(nft, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | flags);
	netlink_attr_text(nft->nl, NFTA_RULE_TABLE, nft->table);
	netlink_attr_text(nft->nl, NFTA_RULE_CHAIN, chain);
	nft->expressions = netlink_begin(nft->nl, NFTA_RULE_EXPRESSIONS);
}

void nft_rule(struct nft *nft, const char *chain)
{
	begin_rule(nft, chain, 0);
}

static void begin_expression(struct nft *nft, const char *name)
{
	nft->expression = netlink_begin(nft->nl, NFTA_LIST_ELEM);
	netlink_attr_text(nft->nl, NFTA_EXPR_NAME, name);
	nft->inside = netlink_begin(nft->nl, NFTA_EXPR_DATA);
}

static void end_expression(struct nft *nft)
{
	netlink_end(nft->nl, nft->inside);
	netlink_end(nft->nl, nft->expression);
}

void nft_rule_end(struct nft *nft, int verdict, const char *chain)
{
	begin_expression(nft, "immediate");
	number(nft, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t what = netlink_begin(nft->nl, NFTA_IMMEDIATE_DATA), how = netlink_begin(nft->nl, NFTA_DATA_VERDICT);
	number(nft, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		netlink_attr_text(nft->nl, NFTA_VERDICT_CHAIN, chain);
	netlink_end(nft->nl, how);
	netlink_end(nft->nl, what);
	end_expression(nft);
	netlink_end(nft->nl, nft->expressions);
}

void nft_rule_end_nat(struct nft *nft, bool sender, struct in_addr address)
{
	begin_expression(nft, "immediate");
	number(nft, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	data(nft, NFTA_IMMEDIATE_DATA, &address, sizeof(address));
	end_expression(nft);
	begin_expression(nft, "nat");
	number(nft, NFTA_NAT_TYPE, sender ? NFT_NAT_SNAT : NFT_NAT_DNAT);
	number(nft, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	number(nft, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	end_expression(nft);
	netlink_end(nft->nl, nft->expressions);
}

void nft_batch_end(struct nft *nft, const char *chain)
{
	begin_rule(nft, chain, NLM_F_ACK);
	nft_rule_end(nft, NF_DROP, NULL);
	mark_batch(nft, NFNL_MSG_BATCH_END);
}

/* ---- matches ---- */

void nft_load_meta(struct nft *nft, uint32_t key)
{
	begin_expression(nft, "meta");
	number(nft, NFTA_META_DREG, NFT_REG_1);
	number(nft, NFTA_META_KEY, key);
	end_expression(nft);
}

void nft_load_payload(struct nft *nft, uint32_t base, uint32_t offset, uint32_t len)
{
	begin_expression(nft, "payload");
	number(nft, NFTA_PAYLOAD_DREG, NFT_REG_1);
	number(nft, NFTA_PAYLOAD_BASE, base);
	number(nft, NFTA_PAYLOAD_OFFSET, offset);
	number(nft, NFTA_PAYLOAD_LEN, len);
	end_expression(nft);
}

/* `direction` as IP_CT_DIR_REPLY; -1: of the connection. */
static void load_connection(struct nft *nft, uint32_t key, int direction)
{
	begin_expression(nft, "ct");
	number(nft, NFTA_CT_DREG, NFT_REG_1);
	number(nft, NFTA_CT_KEY, key);
	if (direction >= 0) {
		uint8_t byte = (uint8_t)direction;
		netlink_attr(nft->nl, NFTA_CT_DIRECTION, &byte, 1);
	}
	end_expression(nft);
}

static void mask(struct nft *nft, const void *bits, uint32_t len)
{
	static const unsigned char none[LAST_ADDRESS];
	begin_expression(nft, "bitwise");
	number(nft, NFTA_BITWISE_SREG, NFT_REG_1);
	number(nft, NFTA_BITWISE_DREG, NFT_REG_1);
	number(nft, NFTA_BITWISE_LEN, len);
	data(nft, NFTA_BITWISE_MASK, bits, len);
	data(nft, NFTA_BITWISE_XOR, none, len);
	end_expression(nft);
}

void nft_compare(struct nft *nft, uint32_t op, const void *bytes, size_t len)
{
	begin_expression(nft, "cmp");
	number(nft, NFTA_CMP_SREG, NFT_REG_1);
	number(nft, NFTA_CMP_OP, op);
	data(nft, NFTA_CMP_DATA, bytes, len);
	end_expression(nft);
}

void nft_match_link(struct nft *nft, bool in, const char *link)
{
	char name[IFNAMSIZ] = "";
	snprintf(name, sizeof(name), "%s", link);
	nft_load_meta(nft, in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	nft_compare(nft, NFT_CMP_EQ, name, sizeof(name));
}

void nft_match_protocol(struct nft *nft, uint8_t protocol)
{
	nft_load_meta(nft, NFT_META_L4PROTO);
	nft_compare(nft, NFT_CMP_EQ, &protocol, 1);
}

void nft_match_ports(struct nft *nft, uint16_t first, uint16_t last)
{
	uint16_t low = htons(first), high = htons(last);
	nft_load_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_compare(nft, NFT_CMP_GTE, &low, 2);
	nft_compare(nft, NFT_CMP_LTE, &high, 2);
}

void nft_match_network(struct nft *nft, bool sender, struct in_addr network, unsigned prefix)
{
	struct in_addr bits = {htonl(prefix ? UINT32_MAX << (32 - prefix) : 0)};
	network.s_addr &= bits.s_addr;
	if (!prefix)
		return;
	nft_load_payload(nft, NFT_PAYLOAD_NETWORK_HEADER, sender ? SENDER : RECEIVER, sizeof(network));
	if (prefix < 32)
		mask(nft, &bits, sizeof(bits));
	nft_compare(nft, NFT_CMP_EQ, &network, sizeof(network));
}

void nft_match_other(struct nft *nft, bool sender, struct in_addr address)
{
	nft_load_payload(nft, NFT_PAYLOAD_NETWORK_HEADER, sender ? SENDER : RECEIVER, sizeof(address));
	nft_compare(nft, NFT_CMP_NEQ, &address, sizeof(address));
}

void nft_match_next_hop(struct nft *nft, struct in_addr address)
{
	begin_expression(nft, "rt");
	number(nft, NFTA_RT_DREG, NFT_REG_1);
	number(nft, NFTA_RT_KEY, NFT_RT_NEXTHOP4);
	end_expression(nft);
	nft_compare(nft, NFT_CMP_EQ, &address, sizeof(address));
}

void nft_match_established(struct nft *nft)
{
	uint32_t states = ESTABLISHED_OR_RELATED, none = 0; /* in the machine's order */
	load_connection(nft, NFT_CT_STATE, -1);
	mask(nft, &states, sizeof(states));
	nft_compare(nft, NFT_CMP_NEQ, &none, sizeof(none));
}

void nft_match_original_receiver(struct nft *nft, bool answers, struct in_addr address)
{
	uint8_t direction = answers ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL;
	load_connection(nft, NFT_CT_DIRECTION, -1);
	nft_compare(nft, NFT_CMP_EQ, &direction, 1);
	load_connection(nft, NFT_CT_DST_IP, direction);
	nft_compare(nft, NFT_CMP_EQ, &address, sizeof(address));
}
