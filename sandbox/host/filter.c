/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table, replaced in one transaction. What crosses the router:
 *
 *     arriving (nat)     iifname internet, to a public address: to its host
 *     forward            what comes back by an address that is a host's no more: drop
 *                        answers: accept
 *                        each host: iifname LINK, not from its own address: drop
 *                        oifname internet: "leaving", which drops what has no public address to leave by
 *                        each host, each group: iifname LINK: "out sg-1"
 *                        iifname internet: "ingress"
 *                        drop
 *     out sg-1           RULE: "ingress"
 *     ingress            oifname internet: accept; each host, each group: oifname LINK: "in sg-1"; the same for mount targets; drop
 *     in sg-1            RULE: accept
 *     leaving_nat (nat)  by a NAT gateway: from its address; by an internet gateway: from the host's public address
 *
 * What is for the router itself passes "input", which is as "forward", but that metadata may always be asked for. A
 * group that a rule names stands for the addresses of its members.
 */
#include "sandbox/host/filter.h"

#include "base/arena.h"
#include "base/buf.h"
#include "lang/value/value.h"
#include "sandbox/host/metadata.h"
#include "sandbox/host/nft.h"
#include "sandbox/host/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH_LIMIT = 64 << 20 };

static const char table[] = "groups", forward[] = "forward", ingress[] = "ingress", input[] = "input", leaving[] = "leaving",
		  arriving_nat[] = "arriving", leaving_nat[] = "leaving_nat";

static struct in_addr address_of(const char *text)
{
	struct in_addr address;
	if (inet_pton(AF_INET, text, &address) != 1)
		bug("%s is no address", text);
	return address;
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

static void add_rule(struct nft *nft, const struct value *rule, const char *group, bool egress, struct in_addr network, unsigned prefix)
{
	char name[96];
	int protocol = protocol_of(rule);
	int64_t from = integer(rule, "from", -1), to = integer(rule, "to", -1);
	group_chain(name, sizeof(name), egress, group);
	nft_rule(nft, name);
	nft_match_network(nft, !egress, network, prefix);
	if (protocol >= 0)
		nft_match_protocol(nft, (uint8_t)protocol);
	if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && from >= 0 && (from > 0 || to < 65535)) {
		nft_match_ports(nft, (uint16_t)from, (uint16_t)to);
	} else if (protocol == IPPROTO_ICMP && from >= 0) {
		uint8_t type = (uint8_t)from; /* FromPort is ICMP's type, -1 all of them */
		nft_load_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
		nft_compare(nft, NFT_CMP_EQ, &type, 1);
		if (to >= 0) { /* and ToPort its code */
			uint8_t code = (uint8_t)to;
			nft_load_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 1, 1);
			nft_compare(nft, NFT_CMP_EQ, &code, 1);
		}
	}
	nft_rule_end(nft, egress ? NFT_GOTO : NF_ACCEPT, egress ? ingress : NULL);
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

static void add_rules(const struct members *members, struct nft *nft, const struct value *rules, bool egress)
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
		if (cidr && network_read(cidr, &network, &prefix))
			add_rule(nft, rule, group, egress, network, prefix);
		for (size_t k = 0; peer && k < members->count; k++) {
			if (is_in(members->items[k].groups, peer))
				add_rule(nft, rule, group, egress, members->items[k].address, 32);
		}
	}
}

/* ---- hosts ---- */

/* A host's own address alone. */
static void check_source(struct nft *nft, const char *chain, const struct guest *guest)
{
	nft_rule(nft, chain);
	nft_match_link(nft, true, guest->link);
	nft_match_other(nft, true, guest->address);
	nft_rule_end(nft, NF_DROP, NULL);
}

static void let_out(struct nft *nft, const char *chain, const struct guest *guest)
{
	char name[96];
	for (size_t i = 0; i < guest->groups.count; i++) {
		group_chain(name, sizeof(name), true, guest->groups.items[i]);
		nft_rule(nft, chain);
		nft_match_link(nft, true, guest->link);
		nft_rule_end(nft, NFT_JUMP, name);
	}
}

static void let_in(struct nft *nft, const char *link, struct in_addr address, const struct group_names *groups)
{
	char name[96];
	for (size_t i = 0; i < groups->count; i++) {
		group_chain(name, sizeof(name), false, groups->items[i]);
		nft_rule(nft, ingress);
		if (link)
			nft_match_link(nft, false, link);
		else
			nft_match_network(nft, false, address, 32);
		nft_rule_end(nft, NFT_JUMP, name);
	}
}

static void add_host(struct nft *nft, const struct guest *guest)
{
	if (guest->source_check) { /* for others it does not listen either */
		nft_rule(nft, ingress);
		nft_match_link(nft, false, guest->link);
		nft_match_other(nft, false, guest->address);
		nft_rule_end(nft, NF_DROP, NULL);
	}
	let_out(nft, forward, guest);
	let_out(nft, input, guest);
	let_in(nft, guest->link, guest->address, &guest->groups);
}

static void let_answers_through(struct nft *nft, const char *chain)
{
	nft_rule(nft, chain);
	nft_match_established(nft);
	nft_rule_end(nft, NF_ACCEPT, NULL);
}

static void let_ask_for_metadata(struct nft *nft)
{
	static const uint16_t ports[] = {METADATA_PORT, METADATA_API_PORT};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		nft_rule(nft, input);
		nft_match_network(nft, false, address_of(METADATA_ADDRESS), 32);
		nft_match_protocol(nft, IPPROTO_TCP);
		nft_match_ports(nft, ports[i], ports[i]);
		nft_rule_end(nft, NF_ACCEPT, NULL);
	}
}

/* ---- the way out, and the way in ---- */

/* What comes from the internet was sent to this public address of a host's, or is an answer to what left by it. */
static void return_by(struct nft *nft, const char *chain, bool answers, struct in_addr address)
{
	nft_rule(nft, chain);
	nft_match_original_receiver(nft, answers, address);
	nft_rule_end(nft, NFT_RETURN, NULL);
}

/* An address that was taken from a host carries its open connections no more. */
static void check_mapping(struct nft *nft, const struct router *router, const struct guest *guest)
{
	char name[32];
	snprintf(name, sizeof(name), "back %s", guest->link);
	nft_chain(nft, name);
	nft_rule(nft, forward);
	nft_match_link(nft, true, INTERNET_LINK);
	nft_match_link(nft, false, guest->link);
	nft_rule_end(nft, NFT_JUMP, name);
	if (guest->public_address.s_addr) {
		return_by(nft, name, false, guest->public_address);
		return_by(nft, name, true, guest->public_address);
	}
	for (size_t i = 0; i < router->ways.count; i++) {
		if (way_nat(&router->ways.items[i]).s_addr)
			return_by(nft, name, true, way_nat(&router->ways.items[i]));
	}
	nft_rule(nft, name);
	nft_rule_end(nft, NF_DROP, NULL);
}

/* Through the internet gateway, under a public address of its own. */
static void map_host(struct nft *nft, const struct guest *guest)
{
	nft_rule(nft, arriving_nat);
	nft_match_link(nft, true, INTERNET_LINK);
	nft_match_network(nft, false, guest->public_address, 32);
	nft_rule_end_nat(nft, false, guest->address);
	nft_rule(nft, leaving_nat);
	nft_match_link(nft, false, INTERNET_LINK);
	nft_match_next_hop(nft, address_of(INTERNET_GATEWAY));
	nft_match_network(nft, true, guest->address, 32);
	nft_rule_end_nat(nft, true, guest->public_address);
	nft_rule(nft, leaving);
	nft_match_network(nft, true, guest->address, 32);
	nft_rule_end(nft, NFT_RETURN, NULL);
}

/* Through a NAT gateway, whoever it is. */
static void map_gateway(struct nft *nft, struct in_addr address)
{
	nft_rule(nft, leaving_nat);
	nft_match_link(nft, false, INTERNET_LINK);
	nft_match_next_hop(nft, address);
	nft_rule_end_nat(nft, true, address);
	nft_rule(nft, leaving);
	nft_match_next_hop(nft, address);
	nft_rule_end(nft, NFT_RETURN, NULL);
}

static void add_ways(struct nft *nft, const struct guests *guests, const struct router *router)
{
	nft_rule(nft, leaving);
	nft_match_link(nft, true, INTERNET_LINK); /* what is nobody's here */
	nft_rule_end(nft, NF_DROP, NULL);
	for (size_t i = 0; i < router->ways.count; i++) {
		struct in_addr address = way_nat(&router->ways.items[i]);
		if (address.s_addr)
			map_gateway(nft, address);
	}
	for (size_t i = 0; i < guests->list.count; i++) {
		const struct guest *guest = guests->list.items[i];
		if (guest->router == router && guest->public_address.s_addr)
			map_host(nft, guest);
	}
	nft_rule(nft, leaving);
	nft_rule_end(nft, NF_DROP, NULL);
}

/* ---- all ---- */

static void add_chains(struct nft *nft, const struct members *members)
{
	char name[96];
	nft_chain(nft, ingress);
	nft_chain(nft, leaving);
	nft_chain_at(nft, forward, NF_INET_FORWARD, NF_DROP);
	nft_chain_at(nft, input, NF_INET_LOCAL_IN, NF_DROP);
	nft_chain_nat(nft, arriving_nat, NF_INET_PRE_ROUTING);
	nft_chain_nat(nft, leaving_nat, NF_INET_POST_ROUTING);
	for (size_t i = 0; i < members->count; i++) {
		const struct group_names *groups = members->items[i].groups;
		for (size_t k = 0; k < groups->count; k++) {
			group_chain(name, sizeof(name), true, groups->items[k]);
			nft_chain(nft, name);
			group_chain(name, sizeof(name), false, groups->items[k]);
			nft_chain(nft, name);
		}
	}
}

static void build(const struct guests *guests, const struct router *router, struct nft *nft, const struct value *rules)
{
	struct members members = {0};
	list_members(guests, router, &members);
	nft_batch_begin(nft);
	add_chains(nft, &members);
	for (size_t i = 0; i < guests->list.count; i++) {
		if (guests->list.items[i]->router == router)
			check_mapping(nft, router, guests->list.items[i]);
	}
	let_answers_through(nft, forward);
	let_answers_through(nft, input);
	for (size_t i = 0; i < guests->list.count; i++) {
		if (guests->list.items[i]->router != router)
			continue;
		check_source(nft, input, guests->list.items[i]);
		if (guests->list.items[i]->source_check)
			check_source(nft, forward, guests->list.items[i]);
	}
	let_ask_for_metadata(nft);
	nft_rule(nft, forward);
	nft_match_link(nft, false, INTERNET_LINK);
	nft_rule_end(nft, NFT_JUMP, leaving);
	nft_rule(nft, ingress);
	nft_match_link(nft, false, INTERNET_LINK);
	nft_rule_end(nft, NF_ACCEPT, NULL);
	for (size_t i = 0; i < guests->list.count; i++) {
		if (guests->list.items[i]->router == router)
			add_host(nft, guests->list.items[i]);
	}
	for (size_t i = 0; i < guests->targets.count; i++) {
		const struct target *target = guests->targets.items[i];
		if (target->router == router)
			let_in(nft, NULL, target->address, &target->groups);
	}
	nft_rule(nft, forward);
	nft_match_link(nft, true, INTERNET_LINK);
	nft_rule_end(nft, NFT_GOTO, ingress);
	add_rules(&members, nft, rules, true);
	add_rules(&members, nft, rules, false);
	add_ways(nft, guests, router);
	nft_batch_end(nft, ingress);
	vec_free(&members);
}

int filter_apply(struct guests *guests, struct router *router, const struct value *rules)
{
	struct netlink nl = NETLINK_INIT;
	struct nft nft = {.nl = &nl, .table = table};
	int error = guests_enter(guests, router);
	error = error ? error : netlink_open(&nl, NETLINK_NETFILTER); /* answers of a refused batch must not reach the next one */
	guests_leave(guests);
	if (error)
		return error;
	build(guests, router, &nft, rules);
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
