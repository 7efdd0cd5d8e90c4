/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox/http_server.h without sockets: who includes this hands requests on himself, and sees the answers. */
#pragma once

#include "base/arena.h"
#include "sandbox/http_server.h"

#include <stdlib.h>

struct http_server {
	http_server_fn fn;
	void *ctx;
};

struct http_exchange {
	struct arena *arena;
	struct http_server_request request;
	unsigned status; /* 0: not answered, or reset */
	const char *trouble; /* what an answer of 500 says */
	bool reset;
};

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options, http_server_fn fn, void *ctx,
				    struct buf *why)
{
	(void)loop, (void)options, (void)why;
	struct http_server *server = xcalloc(1, sizeof(*server));
	*server = (struct http_server){fn, ctx};
	return server;
}

void http_exchange_hops(struct http_exchange *x, unsigned hops)
{
	(void)x, (void)hops;
}

void http_server_free(struct http_server *server)
{
	free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
	(void)server;
	return 1;
}

const struct http_server_request *http_exchange_request(const struct http_exchange *x)
{
	return &x->request;
}

struct arena *http_exchange_arena(const struct http_exchange *x)
{
	return x->arena;
}

uint64_t http_exchange_id(const struct http_exchange *x)
{
	(void)x;
	return 1;
}

struct http_exchange *http_exchange_find(const struct http_server *server, uint64_t id)
{
	(void)server, (void)id;
	return NULL;
}

void http_exchange_answer(struct http_exchange *x, unsigned status, const struct http_header *headers, size_t count, const void *body,
			  size_t len)
{
	if (x->status || x->reset)
		bug("a request is answered twice");
	if (status < 100 || status > 599)
		bug("an answer of status %u", status);
	for (size_t i = 0; i < count; i++) {
		for (const char *p = headers[i].value; *p; p++) {
			if (*p == '\r' || *p == '\n')
				bug("a header with a line break");
		}
	}
	unsigned sum = 0; /* every byte is looked at */
	for (size_t i = 0; i < len; i++)
		sum += ((const unsigned char *)body)[i];
	x->status = status + (sum & 0);
	x->trouble = status == 500 ? arena_strndup(x->arena, body, len) : NULL;
}

void http_exchange_reset(struct http_exchange *x)
{
	x->reset = true;
}
