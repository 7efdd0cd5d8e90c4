/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire protocols of AWS's services (ec2, query, json 1.0 and 1.1, rest-json, rest-xml) as
 * codecs between values and HTTP messages, led by the tables of aws/shape.h. Both directions: a
 * client writes requests and reads answers; the sandbox reads requests and writes answers.
 *
 * Nothing here touches the network, a clock or an account: host, signature and dates come later.
 * How values stand for shapes is said in aws/node.h (sending) and aws/answer.h (receiving).
 */
#pragma once

#include "aws/shape.h"
#include "base/arena.h"
#include "base/http.h"

struct value;
struct buf;

struct aws_encode_options {
	const char *token; /* fills the idempotency token where the parameters have none; or NULL */
	bool any_enum;     /* values that the tables do not publish are sent all the same */
	/* The body comes from elsewhere (a file): the member that streams need not be given. */
	bool body_elsewhere;
};

struct aws_request {
	const char *method;
	const char *path;  /* escaped, from "/" on; S3's begins with the bucket */
	const char *query; /* escaped, without "?"; "" when there is none */
	const struct http_header *headers; /* content type, target, and those of members */
	size_t header_count;
	const char *body;
	size_t body_len;
	const char *host_prefix; /* or NULL */
	const char *log; /* parameters in one line, secrets replaced */
};

/* False with a sentence for each problem (separated by newlines) in `why`. `params` is an object, or NULL for none. */
bool aws_encode_request(struct arena *arena, const struct aws_operation *op, const struct value *params,
			const struct aws_encode_options *options, struct aws_request *out, struct buf *why) MUST_USE;
/*
 * The answer's value (an empty object where nothing is told), or NULL with the reason. The body of
 * an answer that streams becomes base64 text.
 */
const struct value *aws_decode_answer(struct arena *arena, const struct aws_operation *op,
				      const struct http_response *response, struct buf *why);

struct aws_failure {
	unsigned status;        /* HTTP */
	const char *code;       /* "NoSuchEntity"; never NULL: the HTTP status where the answer tells none ("404") */
	const char *message;    /* without control characters; "" where none was told */
	const char *note;       /* our own word on an answer that tells none; or NULL */
	const char *request_id; /* or NULL */
	const struct value *fields; /* the error's members where the models publish them, else an empty object */
};
/* Reads an answer that is an error; never fails. */
void aws_decode_error(struct arena *arena, const struct aws_operation *op, const struct http_response *response,
		      struct aws_failure *out);
/* Whether it is one: by status, or by what a body with status 200 says. */
bool aws_is_error(const struct aws_operation *op, const struct http_response *response);
const char *aws_request_id(struct arena *arena, const struct http_response *response);

/* --- For servers --- */

/* A request as it arrived; path and query still escaped; header names in lower case. */
struct aws_incoming {
	const char *method, *path, *query;
	const struct http_header *headers;
	size_t header_count;
	const char *body;
	size_t body_len;
};
/*
 * Which operation of the service a request means, NULL when none. S3's path must begin with the
 * bucket (put there by who knows the host's name).
 */
const struct aws_operation *aws_match_operation(const struct aws_service *service, const struct aws_incoming *in);
/*
 * The request's parameters, or NULL with the reason. What the tables do not have is left out, and the first such name
 * stands in `unknown` (NULL where there is none).
 */
const struct value *aws_decode_request(struct arena *arena, const struct aws_operation *op,
				       const struct aws_incoming *in, const char **unknown, struct buf *why);

struct aws_reply {
	unsigned status;
	const struct http_header *headers;
	size_t header_count;
	const char *body;
	size_t body_len;
};
bool aws_encode_answer(struct arena *arena, const struct aws_operation *op, const struct value *answer,
		       const char *request_id, struct aws_reply *out, struct buf *why) MUST_USE;
/* `fields` may be NULL; status 0: the one published for the code, else 400. */
void aws_encode_error(struct arena *arena, const struct aws_operation *op, const struct aws_failure *failure,
		      struct aws_reply *out);
