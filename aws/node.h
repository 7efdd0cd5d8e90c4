/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is about to be written to the wire: a value of the language held against its shape, checked,
 * converted and stripped of nulls, so that the encoders only have to walk it.
 */
#pragma once

#include "aws/shape.h"
#include "base/arena.h"

struct buf;
struct value;
struct aws_node;

struct aws_node_field {
	const struct aws_member *member;
	const struct aws_node *node;
};
struct aws_node_entry {
	const char *key;
	const struct aws_node *node;
};

struct aws_node {
	const struct aws_shape *shape;
	uint32_t count; /* fields, items, entries; bytes of text */
	bool sensitive; /* marked so in the value, or secret by its shape */
	union {
		const struct aws_node_field *fields;   /* structures: those present, in order of the table */
		const struct aws_node *const *items;   /* lists */
		const struct aws_node_entry *entries;  /* maps, sorted by key */
		const char *text;                      /* strings, numbers and booleans as text, blobs in base64 */
		int64_t ms;                            /* timestamps */
		const struct value *document;          /* structures that may be any JSON */
	};
};

enum aws_node_flags {
	/*
	 * An answer that is served, not a request: members may be missing, values need not be
	 * published ones.
	 */
	AWS_NODE_ANSWER = 1u << 0,
	/* Values of enums that the tables do not know are sent all the same. */
	AWS_NODE_ANY_ENUM = 1u << 1,
};

/*
 * NULL with a sentence for each problem (separated by newlines) in `why`: members that the shape
 * lacks, required ones that are missing, values of the wrong kind, below a published minimum, not
 * among the published ones, or not known yet.
 *
 * What fits: numbers and bools where text is wanted and the other way round; a list of one where a
 * structure is wanted; sets and tuples as lists; objects as maps. A blob is base64 text. A
 * timestamp is any text that aws_time_parse() reads, or a number of seconds. `token`, if not NULL,
 * fills the member of `shape` that is marked as idempotency token, when the value has none.
 */
const struct aws_node *aws_node_from(struct arena *arena, const struct aws_shape *shape, const struct value *value,
				     const char *token, unsigned flags, struct buf *why);

/* The present field of that member, or NULL. */
const struct aws_node *aws_node_field(const struct aws_node *structure, const struct aws_member *member);

/* The node as one line of text for logs: secrets are replaced, long texts cut. */
void aws_node_describe(const struct aws_node *node, struct buf *out);
