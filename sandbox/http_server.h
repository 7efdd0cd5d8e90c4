/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server on the event loop, for clients of this machine: connections are kept, heads
 * and bodies are bounded, and a request is handed on when all of it is there.
 */
#pragma once

#include "base/arena.h"
#include "base/http.h"

struct http_server;
struct loop;
struct buf;

struct http_server_request {
	const char *method;
	const char *path, *query;          /* as they came, still escaped; query "" when there is none */
	const struct http_header *headers; /* names in small letters */
	size_t header_count;
	const char *peer; /* address of the client; NULL: not known */
	const char *body; /* NUL-terminated behind its length; never NULL */
	size_t body_len;
};

/* One request and its answer; gone when the answer has been sent or the client has left. */
struct http_exchange;
/* Called once for each request. It is answered at once, or later by its id. */
typedef void (*http_server_fn)(void *ctx, struct http_exchange *x);

struct http_server_options {
	uint16_t port;     /* on 127.0.0.1; 0: any free one */
	int listener;      /* a listening socket to take over instead; 0: none */
	size_t body_limit; /* bytes, beyond which 413 is answered; 0: 64 MiB */
	/*
	 * Milliseconds within which a connection must bring a whole request, from its beginning or the last answer on,
	 * however slowly it speaks; 0: two minutes.
	 */
	unsigned patience_ms;
};
/* NULL with the reason. */
struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options, http_server_fn fn, void *ctx,
				    struct buf *why);
/* Drops what is under way. NULL accepted. */
void http_server_free(struct http_server *server);
uint16_t http_server_port(const struct http_server *server);

/* Valid as long as the exchange, as is everything in its arena. */
const struct http_server_request *http_exchange_request(const struct http_exchange *x);
struct arena *http_exchange_arena(const struct http_exchange *x);
/* Names an exchange for ever. */
uint64_t http_exchange_id(const struct http_exchange *x);
/* NULL when its client has left. */
struct http_exchange *http_exchange_find(const struct http_server *server, uint64_t id);

/* What is sent on its connection from now on passes so many routers less one; nothing said: as many as usual. */
void http_exchange_hops(struct http_exchange *x, unsigned hops);
/* The bytes are copied. Content-Length and Date are added. */
void http_exchange_answer(struct http_exchange *x, unsigned status, const struct http_header *headers, size_t header_count,
			  const void *body, size_t body_len);
/* Ends the connection without an answer, by a TCP reset. */
void http_exchange_reset(struct http_exchange *x);
