/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server on the loop, for tests: it hands each request to one function, which
 * answers, answers later, or hangs up. Static functions in a header, since test programs are single
 * files.
 */
#pragma once

#include "base/buf.h"
#include "base/loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct server;
struct server_request {
	struct server *server;
	int fd;
	uint32_t connection; /* counts from 1 */
	const char *method, *target; /* "/path?query" */
	const char *headers;         /* "Name: value\r\n..." as they came */
	const char *body;
	size_t body_len;
};
typedef void (*server_fn)(void *ctx, const struct server_request *request);

struct server {
	struct loop *loop;
	int fd;
	unsigned port;
	char url[64]; /* "http://127.0.0.1:PORT" */
	server_fn fn;
	void *ctx;
	unsigned connections, requests, open;
	struct server_connection *list;
};

struct server_connection {
	struct server *server;
	int fd;
	uint32_t number;
	bool close_after;
	struct buf in, out;
	size_t sent;
	struct server_connection *next;
};

static inline void server_drop(struct server_connection *c)
{
	struct server_connection **at = &c->server->list;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->open--;
	loop_unwatch(c->server->loop, c->fd);
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static inline struct server_connection *server_find(struct server *s, int fd)
{
	struct server_connection *c = s->list;
	while (c && c->fd != fd)
		c = c->next;
	return c;
}

static inline void server_flush(struct server_connection *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.ptr + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			loop_change_fd(c->server->loop, c->fd, LOOP_READ | LOOP_WRITE | LOOP_BACKGROUND);
			return;
		}
		if (n < 0) {
			server_drop(c);
			return;
		}
		c->sent += (size_t)n;
	}
	buf_clear(&c->out);
	c->sent = 0;
	if (c->close_after)
		server_drop(c);
	else
		loop_change_fd(c->server->loop, c->fd, LOOP_READ | LOOP_BACKGROUND);
}

/* Sends bytes as they are. */
static inline void server_raw(struct server *s, int fd, const char *bytes, size_t len)
{
	struct server_connection *c = server_find(s, fd);
	if (!c)
		return;
	buf_add(&c->out, bytes, len);
	server_flush(c);
}

/* `headers`: "Name: value\r\n..." or "". */
static inline void server_answer(struct server *s, int fd, unsigned status, const char *headers, const char *body)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "HTTP/1.1 %u Some Reason\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), headers, body);
	server_raw(s, fd, text.ptr, text.len);
	buf_release(&text);
}

static inline void server_hang_up(struct server *s, int fd)
{
	struct server_connection *c = server_find(s, fd);
	if (c)
		server_drop(c);
}

/* The value of a header in the arena-free form of the tests: copied into `out`, or "" when it is missing. */
static inline const char *server_header(const struct server_request *r, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);
	*out = '\0';
	for (const char *p = r->headers; *p;) {
		size_t len = strcspn(p, "\r");
		if (len > n && p[n] == ':' && !strncasecmp(p, name, n)) {
			const char *value = p + n + 1;
			while (*value == ' ')
				value++;
			snprintf(out, size, "%.*s", (int)(p + len - value), value);
			return out;
		}
		p += len;
		while (*p == '\r' || *p == '\n')
			p++;
	}
	return out;
}

/* Takes one whole request from the front of `in`; false when it is not there yet. */
static inline bool server_take(struct server_connection *c)
{
	char *end = c->in.len ? strstr(c->in.ptr, "\r\n\r\n") : NULL;
	if (!end)
		return false;
	struct server_request r = {.server = c->server, .fd = c->fd, .connection = c->number};
	char length[32];
	char *head = strndup(c->in.ptr, (size_t)(end - c->in.ptr) + 2);
	char *line_end = strstr(head, "\r\n");
	r.headers = line_end + 2;
	size_t body_at = (size_t)(end - c->in.ptr) + 4;
	r.body_len = strtoul(server_header(&r, "Content-Length", length, sizeof(length)), NULL, 10);
	bool whole = c->in.len >= body_at + r.body_len;
	if (whole) {
		char *save;
		*line_end = '\0';
		r.method = strtok_r(head, " ", &save);
		r.target = strtok_r(NULL, " ", &save);
		char *body = malloc(r.body_len + 1);
		memcpy(body, c->in.ptr + body_at, r.body_len);
		body[r.body_len] = '\0';
		r.body = body;
		size_t used = body_at + r.body_len;
		memmove(c->in.ptr, c->in.ptr + used, c->in.len - used + 1);
		c->in.len -= used;
		c->server->requests++;
		c->server->fn(c->server->ctx, &r); /* may drop the connection */
		free(body);
	}
	free(head);
	return whole;
}

static inline void server_readable(void *ctx, int fd, unsigned events)
{
	struct server *s = ctx;
	struct server_connection *c = server_find(s, fd);
	if (events & LOOP_WRITE)
		server_flush(c);
	if (!(events & LOOP_READ) || !(c = server_find(s, fd)))
		return;
	char bytes[16384];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		server_drop(c);
		return;
	}
	buf_add(&c->in, bytes, (size_t)n);
	uint32_t number = c->number;
	while ((c = server_find(s, fd)) && c->number == number && server_take(c))
		;
}

static inline void server_accept(void *ctx, int listener, unsigned events)
{
	(void)events;
	struct server *s = ctx;
	int fd, one = 1;
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct server_connection *c = calloc(1, sizeof(*c));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		*c = (struct server_connection){.server = s, .fd = fd, .number = ++s->connections, .next = s->list};
		s->list = c;
		s->open++;
		loop_watch_fd(s->loop, fd, LOOP_READ | LOOP_BACKGROUND, server_readable, s);
	}
}

static inline struct server *server_start(struct loop *loop, server_fn fn, void *ctx)
{
	struct server *s = calloc(1, sizeof(*s));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	*s = (struct server){.loop = loop, .fn = fn, .ctx = ctx};
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, len) < 0 || listen(s->fd, 1024) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)&address, &len) < 0)
		bug("no listening socket: %s", strerror(errno));
	s->port = ntohs(address.sin_port);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", s->port);
	loop_watch_fd(loop, s->fd, LOOP_READ | LOOP_BACKGROUND, server_accept, s);
	return s;
}

static inline void server_stop(struct server *s)
{
	while (s->list)
		server_drop(s->list);
	loop_unwatch(s->loop, s->fd);
	close(s->fd);
	free(s);
}
