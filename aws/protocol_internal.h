/* SPDX-License-Identifier: Apache-2.0 */
/* What the protocols' files share among themselves. */
#pragma once

#include "aws/answer.h"
#include "aws/node.h"
#include "aws/protocol.h"
#include "base/buf.h"

struct aws_xml;

/* The text of a scalar; timestamps in `fallback` unless their shape has a format of its own. */
void node_text(const struct aws_node *node, enum aws_time_format fallback, struct buf *out);
/* A member's value that is a list written without an element around it. */
bool member_is_flat(const struct aws_member *member);

/* --- protocol_query.c --- */
/* Appends "Action=...&Version=..." and the parameters. */
void query_encode(const struct aws_operation *op, const struct aws_node *input, struct buf *out);
const struct value *query_decode(struct answer *answer, const struct aws_operation *op, const char *form, size_t len);
/* A form's or query's pairs, unescaped; in the order of the text. */
struct form_pair {
	const char *name, *value;
	size_t value_len;
	bool read; /* by query_decode */
};
struct form_pair *form_parse(struct arena *arena, const char *text, size_t len, size_t *count);
/* Not a parameter: what names the operation, or signs the request. */
bool form_pair_is_envelope(const struct form_pair *pair);

/* --- protocol_xml.c --- */
/* Writes a structure (its members in the body only) as an element. */
void xml_encode(const struct aws_node *node, const char *element, const char *xmlns, bool ec2, struct buf *out);
/* Only the members, without an element around. */
void xml_encode_members(const struct aws_node *node, bool ec2, struct buf *out);
/*
 * Reads the members of a structure up to the end of the element just opened, into by_member (an
 * array for all members of the shape, which may hold some already).
 */
bool xml_decode_members(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape,
			const struct value **by_member);
/* An answer of the ec2 or query protocol. */
const struct value *xml_decode_answer(struct answer *answer, const struct aws_operation *op, const char *body,
				      size_t len);
/* An error of ec2, query or rest-xml; leaves alone what it does not find. */
void xml_decode_error(struct answer *answer, const struct aws_operation *op, const char *body, size_t len,
		      struct aws_failure *out);

/* --- protocol_json.c --- */
/* A structure's members in the body. */
void json_encode(const struct aws_node *node, struct buf *out);
bool json_decode_members(struct answer *answer, const struct aws_shape *shape, const char *body, size_t len,
			 const struct value **by_member);
void json_decode_error(struct answer *answer, const struct aws_operation *op, const struct http_response *response,
		       struct aws_failure *out);

/* --- protocol_rest.c --- */
bool rest_encode_request(struct arena *arena, const struct aws_operation *op, const struct aws_node *input,
			 bool body_elsewhere, struct aws_request *out, struct buf *why);
const struct value *rest_decode_answer(struct answer *answer, const struct aws_operation *op,
				       const struct http_response *response);
const struct aws_operation *rest_match(const struct aws_service *service, const struct aws_incoming *in);
const struct value *rest_decode_request(struct answer *answer, const struct aws_operation *op,
					const struct aws_incoming *in);
void rest_encode_answer(struct arena *arena, const struct aws_operation *op, const struct aws_node *output,
			const char *request_id, struct aws_reply *out);

/* Arrays of headers that grow in an arena. */
struct header_list {
	struct http_header *items;
	size_t count, cap;
};
void header_add(struct arena *arena, struct header_list *list, const char *name, const char *value);
