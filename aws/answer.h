/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the language made from what the wire brings, by shape: the other half of aws/node.h.
 *
 * A structure becomes an object of the members that are there; absent and null ones are left out.
 * A list becomes a tuple, a map of scalars a map of strings, numbers or bools, any other map an
 * object. Timestamps become RFC 3339 text with whole seconds in UTC, as Terraform's AWS provider
 * prints them; blobs are base64 text. Nothing is marked: what is sensitive is the schema's to say.
 */
#pragma once

#include "aws/shape.h"
#include "base/map.h"
#include "lang/value/value.h"

/*
 * Types are shared by values of the same form, since a page of a thousand instances would otherwise
 * carry a thousand descriptions.
 */
struct answer {
	struct arena *arena; /* of the values */
	struct map types;
	struct buf *why;     /* what went wrong first */
	bool failed;
	const char **unknown; /* of requests: takes the first member that the tables do not have; NULL: such are dropped */
	const char *at;       /* of requests: the member that is read, for `why` */
};

void answer_init(struct answer *answer, struct arena *arena, struct buf *why);
void answer_release(struct answer *answer);
/* Notes the first problem; returns NULL. */
const struct value *answer_fail(struct answer *answer, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Notes a member of a request that the tables do not have. */
void answer_unknown(struct answer *answer, const char *name);

/* A structure's members in the order of the table, NULL where one is absent. */
const struct value *answer_structure(struct answer *answer, const struct aws_shape *shape,
				     const struct value *const *by_member);
const struct value *answer_list(struct answer *answer, const struct value *const *items, size_t count);
const struct value *answer_map(struct answer *answer, const struct aws_shape *shape, const char *const *keys,
			       const struct value *const *items, size_t count);
/* A scalar from its text; NULL after answer_fail(). */
const struct value *answer_scalar(struct answer *answer, const struct aws_shape *shape, const char *text, size_t len);
/* Bytes as a blob's or string's value. */
const struct value *answer_bytes(struct answer *answer, const struct aws_shape *shape, const void *bytes, size_t len);
/* JSON as parsed, fitted to the shape; unknown members are dropped, or noted. NULL for null and after answer_fail(). */
const struct value *answer_from_json(struct answer *answer, const struct aws_shape *shape, const struct value *json);
