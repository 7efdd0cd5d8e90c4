/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to nf_tables, for IPv4: chains, and rules as a row of expressions. A rule is begun, filled with matches, all
 * of which must fit, and ended by what it then does. Register 1 holds what was loaded last.
 */
#pragma once

#include "sandbox/host/netlink.h"

struct nft {
	struct netlink *nl;
	const char *table;
	size_t expressions, expression, inside; /* of the rule that is begun */
};

/* A batch is one transaction; the answer comes for its end alone. Its table is empty. */
void nft_batch_begin(struct nft *nft);
/* Ends with a rule that drops all, at the end of `chain`. */
void nft_batch_end(struct nft *nft, const char *chain);
/* Without a hook. One that is there already stays. */
void nft_chain(struct nft *nft, const char *name);
/* With a hook, as NF_INET_FORWARD, and what happens to packets that no rule has decided on, as NF_DROP. */
void nft_chain_at(struct nft *nft, const char *name, unsigned hook, unsigned policy);
/* One that changes addresses: at NF_INET_PRE_ROUTING those of receivers, at NF_INET_POST_ROUTING those of senders. */
void nft_chain_nat(struct nft *nft, const char *name, unsigned hook);

void nft_rule(struct nft *nft, const char *chain);
/* `verdict` as NF_ACCEPT or NFT_JUMP, which has a chain to go to. */
void nft_rule_end(struct nft *nft, int verdict, const char *chain);
void nft_rule_end_nat(struct nft *nft, bool sender, struct in_addr address);

void nft_load_meta(struct nft *nft, uint32_t key);
void nft_load_payload(struct nft *nft, uint32_t base, uint32_t offset, uint32_t len);
void nft_compare(struct nft *nft, uint32_t op, const void *bytes, size_t len);
void nft_match_link(struct nft *nft, bool in, const char *link);
void nft_match_protocol(struct nft *nft, uint8_t protocol);
void nft_match_ports(struct nft *nft, uint16_t first, uint16_t last); /* of the receiver */
/* Of the sender or the receiver. */
void nft_match_network(struct nft *nft, bool sender, struct in_addr network, unsigned prefix);
void nft_match_other(struct nft *nft, bool sender, struct in_addr address); /* any but this one */
void nft_match_next_hop(struct nft *nft, struct in_addr address);
void nft_match_established(struct nft *nft); /* or related to what is */
/* Those of a connection's first direction, or of answers, whose receiver was this one before addresses were changed. */
void nft_match_original_receiver(struct nft *nft, bool answers, struct in_addr address);
