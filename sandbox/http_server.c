/* SPDX-License-Identifier: Apache-2.0 */
/* The one home of libmicrohttpd, which brings an epoll descriptor of its own that our loop watches. */
#include "sandbox/http_server.h"

#include "base/buf.h"
#include "base/loop.h"
#include "base/vec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BODY_LIMIT = 64 << 20,
	ALL_BODIES_LIMIT = 256 << 20, /* what requests that are not complete may hold together */
	HEAD_LIMIT = 32 << 10, /* of head and buffers of a connection; the library clears it for each request */
	PATIENCE_MS = 120000,
	CONNECTIONS_LIMIT = 4096,
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct arena *arena;
	uint64_t id;
	struct http_server_request request;
	struct buf body;
	struct MHD_Response *response; /* ready to be queued */
	unsigned status;
	bool begun;     /* its head has been read */
	bool too_large;
	bool handed;    /* the handler has had it */
	bool suspended;
	bool reset;
};

struct connection {
	int fd;
	uint64_t since_ms; /* its beginning, or its last answer */
	bool busy;         /* its request is whole */
};

static uint64_t last_id; /* of an exchange, of whatever server */

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	uint16_t port;
	size_t body_limit;
	http_server_fn fn;
	void *ctx;
	loop_timer_id timer;
	VEC(struct http_exchange *) open;
	VEC(struct connection *) connections;
	unsigned patience_ms;
	loop_timer_id sweeper;
	size_t held; /* bytes of bodies */
	bool running, again;
};

/* ---- the library's turns ---- */

static void turn(struct http_server *server);

static void on_timer(void *ctx)
{
	struct http_server *server = ctx;
	server->timer = 0;
	turn(server);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
	(void)fd, (void)events;
	turn(ctx);
}

static void turn(struct http_server *server)
{
	if (server->running) {
		server->again = true; /* called from inside of itself: an answer given at once */
		return;
	}
	server->running = true;
	MHD_run(server->daemon);
	server->running = false;
	if (server->timer)
		loop_timer_cancel(server->loop, server->timer);
	server->timer = 0;
	MHD_UNSIGNED_LONG_LONG wait;
	if (server->again)
		server->timer = loop_timer(server->loop, 0, on_timer, server);
	else if (MHD_get_timeout(server->daemon, &wait) == MHD_YES)
		server->timer = loop_timer(server->loop, wait, on_timer, server);
	server->again = false;
}

/* ---- connections ---- */

static void sweep(void *ctx)
{
	struct http_server *server = ctx;
	uint64_t now = loop_now_ms(server->loop);
	server->sweeper = 0;
	for (size_t i = 0; i < server->connections.count; i++) {
		const struct connection *c = server->connections.items[i];
		if (!c->busy && now - c->since_ms > server->patience_ms)
			(void)shutdown(c->fd, SHUT_RDWR); /* the library sees its end and clears it away */
	}
	if (server->connections.count)
		server->sweeper = loop_timer(server->loop, server->patience_ms / 4 + 1, sweep, server);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = ctx;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct connection *c = xcalloc(1, sizeof(*c));
		*c = (struct connection){.fd = info ? info->connect_fd : -1, .since_ms = loop_now_ms(server->loop)};
		vec_add(&server->connections, c);
		*state = c;
		if (!server->sweeper)
			server->sweeper = loop_timer(server->loop, server->patience_ms / 4 + 1, sweep, server);
		return;
	}
	for (size_t i = 0; i < server->connections.count; i++) {
		if (server->connections.items[i] == *state) {
			server->connections.items[i] = server->connections.items[--server->connections.count];
			break;
		}
	}
	free(*state);
	*state = NULL;
}

static struct connection *connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

/* ---- a request ---- */

/* The library unescapes what it hands out; this is the only sight of the target as it came. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_server *server = ctx;
	struct http_exchange *x = xcalloc(1, sizeof(*x));
	x->server = server;
	x->connection = connection;
	x->arena = arena_new();
	x->id = ++last_id;
	const char *query = strchr(target, '?');
	size_t len = query ? (size_t)(query - target) : strlen(target);
	x->request.path = arena_strndup(x->arena, target, len);
	x->request.query = arena_strdup(x->arena, query ? query + 1 : "");
	vec_add(&server->open, x);
	return x;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct http_server *server = ctx;
	struct http_exchange *x = *state;
	struct connection *c = connection_of(connection);
	(void)code;
	if (c) {
		c->busy = false;
		c->since_ms = loop_now_ms(server->loop);
	}
	if (!x)
		return;
	for (size_t i = 0; i < server->open.count; i++) {
		if (server->open.items[i] == x) {
			server->open.items[i] = server->open.items[server->open.count - 1];
			server->open.count--;
			break;
		}
	}
	if (x->response)
		MHD_destroy_response(x->response);
	server->held -= x->body.len;
	buf_release(&x->body);
	arena_free(x->arena);
	free(x);
	*state = NULL;
}

struct heads {
	struct arena *arena;
	VEC(struct http_header) list;
};

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct heads *heads = ctx;
	(void)kind;
	char *small = arena_strdup(heads->arena, name);
	for (char *p = small; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	vec_add(&heads->list, (struct http_header){small, arena_strdup(heads->arena, value ? value : "")});
	return MHD_YES;
}

static const char *peer_of(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in address;
	if (!info || info->client_addr->sa_family != AF_INET)
		return NULL;
	memcpy(&address, info->client_addr, sizeof(address));
	return arena_strdup(x->arena, inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text)));
}

void http_exchange_hops(struct http_exchange *x, unsigned hops)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info) /* it has just been read from */
		(void)setsockopt(info->connect_fd, IPPROTO_IP, IP_TTL, &(int){(int)hops}, sizeof(int));
}

static enum MHD_Result give(struct http_exchange *x)
{
	if (x->reset) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		/* to no address: the kernel takes the connection apart and says so to the other side at once */
		struct sockaddr none = {.sa_family = AF_UNSPEC};
		if (info)
			(void)connect(info->connect_fd, &none, sizeof(none));
		return MHD_NO;
	}
	enum MHD_Result queued = MHD_queue_response(x->connection, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return queued;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *target, const char *method,
				  const char *version, const char *bytes, size_t *len, void **state)
{
	struct http_server *server = ctx;
	struct http_exchange *x = *state;
	(void)target, (void)version, (void)connection;
	if (!x->begun) {
		x->begun = true;
		x->request.method = arena_strdup(x->arena, method);
		return MHD_YES;
	}
	if (*len) {
		x->too_large |= *len > server->body_limit - x->body.len || *len > ALL_BODIES_LIMIT - server->held;
		if (!x->too_large) {
			buf_add(&x->body, bytes, *len);
			server->held += *len;
		}
		*len = 0;
		return MHD_YES;
	}
	if (!x->handed) {
		x->handed = true;
		struct connection *c = connection_of(x->connection);
		if (c)
			c->busy = true;
		struct heads heads = {.arena = x->arena};
		MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_header, &heads);
		x->request.headers = vec_copy(&heads.list, x->arena);
		x->request.header_count = heads.list.count;
		vec_free(&heads.list);
		x->request.peer = peer_of(x);
		x->request.body = buf_text(&x->body);
		x->request.body_len = x->body.len;
		if (x->too_large)
			http_exchange_answer(x, 413, NULL, 0, "", 0);
		else
			server->fn(server->ctx, x);
	}
	if (x->response || x->reset)
		return give(x);
	x->suspended = true;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

/* ---- for the handler ---- */

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
	return x->id;
}

struct http_exchange *http_exchange_find(const struct http_server *server, uint64_t id)
{
	for (size_t i = 0; i < server->open.count; i++) {
		if (server->open.items[i]->id == id)
			return server->open.items[i];
	}
	return NULL;
}

static void resume(struct http_exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	MHD_resume_connection(x->connection);
	turn(x->server);
}

void http_exchange_answer(struct http_exchange *x, unsigned status, const struct http_header *headers, size_t header_count,
			  const void *body, size_t body_len)
{
	if (x->response || x->reset)
		bug("a request is answered twice");
	x->status = status;
	x->response = MHD_create_response_from_buffer(body_len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	if (!x->response)
		out_of_memory();
	for (size_t i = 0; i < header_count; i++)
		MHD_add_response_header(x->response, headers[i].name, headers[i].value);
	resume(x);
}

void http_exchange_reset(struct http_exchange *x)
{
	x->reset = true;
	resume(x);
}

/* ---- the server ---- */

static int listen_on(uint16_t port, uint16_t *got, struct buf *why)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) /* so that the port can be had again while its last connections fade away */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		buf_addf(why, "cannot listen on 127.0.0.1:%u: %s", port, strerror(errno));
		return -1;
	}
	*got = ntohs(address.sin_port);
	return steal_fd(&fd);
}

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options, http_server_fn fn, void *ctx,
				    struct buf *why)
{
	uint16_t port = 0;
	int fd = options->listener ? options->listener : listen_on(options->port, &port, why);
	if (fd < 0)
		return NULL;
	struct http_server *server = xcalloc(1, sizeof(*server));
	server->loop = loop;
	server->port = port;
	server->body_limit = options->body_limit ? options->body_limit : BODY_LIMIT;
	server->patience_ms = options->patience_ms ? options->patience_ms : PATIENCE_MS;
	server->fn = fn;
	server->ctx = ctx;
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
					  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
					  MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					  (size_t)HEAD_LIMIT, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_LIMIT,
					  MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		buf_adds(why, "the HTTP server cannot be started");
		if (server->daemon)
			MHD_stop_daemon(server->daemon);
		else
			close(fd);
		free(server);
		return NULL;
	}
	server->epoll_fd = info->epoll_fd;
	loop_watch_fd(loop, server->epoll_fd, LOOP_READ, on_ready, server);
	return server;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	if (server->timer)
		loop_timer_cancel(server->loop, server->timer);
	if (server->sweeper)
		loop_timer_cancel(server->loop, server->sweeper);
	loop_unwatch(server->loop, server->epoll_fd);
	for (size_t i = 0; i < server->open.count; i++) { /* what is suspended cannot be stopped */
		if (server->open.items[i]->suspended)
			MHD_resume_connection(server->open.items[i]->connection);
	}
	server->running = true; /* no turns any more */
	MHD_stop_daemon(server->daemon);
	vec_free(&server->open);
	vec_free(&server->connections);
	free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}
