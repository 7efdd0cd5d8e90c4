/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on a connection to the HTTP server, in one piece or (first byte) in two; what it understands is answered at once. */
#include "sandbox/http_server.h"

#include "base/buf.h"
#include "base/loop.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { LIMIT = 4096 };

static void on_request(void *ctx, struct http_exchange *x)
{
	const struct http_server_request *request = http_exchange_request(x);
	(void)ctx;
	if (request->body_len > LIMIT || request->body[request->body_len])
		bug("a body that is too long, or without its end");
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "%s %s?%s\n", request->method, request->path, request->query);
	for (size_t i = 0; i < request->header_count; i++)
		buf_addf(&text, "%s=%s\n", request->headers[i].name, request->headers[i].value);
	buf_add(&text, request->body, request->body_len);
	http_exchange_answer(x, 200, &(struct http_header){"Content-Type", "text/plain"}, 1, text.ptr, text.len);
}

struct client {
	struct loop *loop;
	int fd;
	size_t heard;
};

static void on_answer(void *ctx, int fd, unsigned events)
{
	struct client *client = ctx;
	char bytes[8192];
	(void)events;
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got > 0)
		client->heard += (size_t)got;
	else
		loop_stop(client->loop);
}

static void on_second(void *ctx)
{
	loop_stop(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct loop *loop;
	static struct http_server *server;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!loop) {
		loop = loop_new();
		server = http_server_new(loop, &(struct http_server_options){.body_limit = LIMIT}, on_request, NULL, &why);
		if (!server)
			bug("%s", buf_text(&why));
	}
	if (len < 2)
		return 0;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct client client = {.loop = loop, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (client.fd < 0 || connect(client.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		bug("no connection");
	size_t first = bytes[0] < len - 1 ? bytes[0] : len - 1;
	if (send(client.fd, bytes + 1, first, MSG_NOSIGNAL) < 0 || (first < len - 1 && send(client.fd, bytes + 1 + first, len - 1 - first, MSG_NOSIGNAL) < 0))
		first = 0; /* it has closed the connection before all was said */
	shutdown(client.fd, SHUT_WR);
	loop_watch_fd(loop, client.fd, LOOP_READ, on_answer, &client);
	uint64_t timer = loop_timer(loop, 1000, on_second, loop);
	loop_run(loop);
	loop_timer_cancel(loop, timer);
	loop_unwatch(loop, client.fd);
	close(client.fd);
	return 0;
}
