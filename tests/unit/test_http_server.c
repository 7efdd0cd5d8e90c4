/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's HTTP server with clients that are slow, silent, too large, or in order. */
#include "base/buf.h"
#include "base/loop.h"
#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 300, LATE_MS = 900, BODY_LIMIT = 1000 };

static struct loop *loop;
static struct http_server *server;
static uint64_t late; /* the exchange that is answered late */

static void answer_late(void *ctx)
{
	(void)ctx;
	struct http_exchange *x = http_exchange_find(server, late);
	if (x)
		http_exchange_answer(x, 200, NULL, 0, "late", 4);
}

static void on_request(void *ctx, struct http_exchange *x)
{
	(void)ctx;
	if (!strcmp(http_exchange_request(x)->path, "/late")) {
		late = http_exchange_id(x);
		loop_timer(loop, LATE_MS, answer_late, NULL);
	} else {
		http_exchange_answer(x, 200, NULL, 0, "at once", 7);
	}
}

struct client {
	int fd;
	const char *says; /* again and again; NULL: nothing */
	unsigned every_ms;
	struct buf heard;
	bool closed;
};

static void on_heard(void *ctx, int fd, unsigned events)
{
	struct client *c = ctx;
	char bytes[4096];
	(void)events;
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got > 0) {
		buf_add(&c->heard, bytes, (size_t)got);
		return;
	}
	c->closed = true;
	loop_unwatch(loop, fd);
}

static void say(void *ctx)
{
	struct client *c = ctx;
	if (c->closed)
		return;
	if (c->says && send(c->fd, c->says, strlen(c->says), MSG_NOSIGNAL) < 0)
		return;
	if (c->every_ms)
		loop_timer(loop, c->every_ms, say, c);
}

static void begin(struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	loop_watch_fd(loop, c->fd, LOOP_READ, on_heard, c);
	say(c);
}

static void end(struct client *c)
{
	if (!c->closed)
		loop_unwatch(loop, c->fd);
	c->closed = true;
	close(c->fd);
	buf_release(&c->heard);
}

static void stop(void *ctx)
{
	loop_stop(ctx);
}

static void run_for(unsigned ms)
{
	loop_timer(loop, ms, stop, loop);
	loop_run(loop);
}

/* Who does not bring a whole request in time is let go of, byte by byte or silent; who waits for us is not. */
static void patience(void **state)
{
	(void)state;
	struct client slow = {.says = "G", .every_ms = 50}, silent = {0};
	struct client busy = {.says = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", .every_ms = 100};
	struct client waiting = {.says = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"};
	struct client *all[] = {&slow, &silent, &busy, &waiting};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		begin(all[i]);
	run_for(LATE_MS + 100);
	assert_true(slow.closed);
	assert_true(silent.closed);
	assert_false(busy.closed);
	assert_non_null(strstr(buf_text(&busy.heard), "at once"));
	assert_non_null(strstr(buf_text(&waiting.heard), "late"));
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		end(all[i]);
	run_for(150); /* what was still to be said */
}

static const char *status_of(const char *request)
{
	static char status[16];
	struct client c = {.says = request};
	begin(&c);
	run_for(100);
	snprintf(status, sizeof(status), "%.3s", c.heard.len > 12 ? c.heard.ptr + 9 : c.closed ? "end" : "");
	end(&c);
	return status;
}

static void sizes(void **state)
{
	(void)state;
	AUTO_BUF struct buf large = BUF_INIT;
	assert_string_equal(status_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"), "200");
	buf_addf(&large, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BODY_LIMIT + 1);
	buf_add_repeated(&large, 'a', BODY_LIMIT + 1);
	assert_string_equal(status_of(large.ptr), "413");
	buf_clear(&large);
	buf_addf(&large, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", BODY_LIMIT + 1);
	buf_add_repeated(&large, 'a', BODY_LIMIT + 1);
	buf_adds(&large, "\r\n0\r\n\r\n");
	assert_string_equal(status_of(large.ptr), "413");
	buf_clear(&large);
	buf_adds(&large, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");
	buf_add_repeated(&large, 'a', 64 << 10);
	buf_adds(&large, "\r\n\r\n");
	assert_string_equal(status_of(large.ptr), "431");
	assert_string_equal(status_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), "400");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(patience), cmocka_unit_test(sizes)};
	AUTO_BUF struct buf why = BUF_INIT;
	loop = loop_new();
	server = http_server_new(loop, &(struct http_server_options){.patience_ms = PATIENCE_MS, .body_limit = BODY_LIMIT}, on_request, NULL, &why);
	if (!server)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	http_server_free(server);
	loop_free(loop);
	return failed;
}
