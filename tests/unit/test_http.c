/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"

#include "base/file.h"
#include "base/proc.h"
#include "tests/support/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct loop *loop;
static struct http *http;
static struct server *server;
static char url[128];

static int setup(void **state);
static int teardown(void **state)
{
	(void)state;
	http_free(http);
	server_stop(server);
	loop_free(loop);
	return 0;
}

/* What came back, for one request. */
struct answer {
	enum http_result result;
	unsigned status, calls;
	bool timed_out, too_large;
	char body[200], error[200], header[100];
};

static void done(void *ctx, const struct http_response *r)
{
	struct answer *a = ctx;
	const char *header = http_header_find(r, "X-Answer");
	a->calls++;
	a->result = r->result;
	a->status = r->status;
	a->timed_out = r->timed_out;
	a->too_large = r->too_large;
	snprintf(a->body, sizeof(a->body), "%s", r->body);
	snprintf(a->error, sizeof(a->error), "%s", r->error ? r->error : "");
	snprintf(a->header, sizeof(a->header), "%s", header ? header : "");
	assert_int_equal(r->result == HTTP_OK, r->error == NULL);
}

/* The server's behaviour is chosen by the path. */
static unsigned slow_fd;
static void answer_slowly(void *ctx)
{
	server_answer(ctx, (int)slow_fd, 200, "", "slow");
}
static unsigned posts, deletes;
static void handle(void *ctx, const struct server_request *r)
{
	(void)ctx;
	char header[100];
	struct buf text = BUF_INIT;
	if (!strncmp(r->target, "/echo", 5)) {
		buf_addf(&text, "%s %s [%s] %zu %s", r->method, r->target, server_header(r, "X-Asked", header, sizeof(header)),
			 r->body_len, r->body_len < 50 ? r->body : "");
		server_answer(r->server, r->fd, 200, "X-Answer: yes \r\nX-Empty:\r\n", text.ptr);
	} else if (!strcmp(r->target, "/headers")) {
		server_answer(r->server, r->fd, 200, "", r->headers);
	} else if (!strcmp(r->target, "/redirect")) {
		server_answer(r->server, r->fd, 302, "Location: /echo\r\n", "");
	} else if (!strcmp(r->target, "/missing") || !strncmp(r->target, "http://", 7)) {
		server_answer(r->server, r->fd, 404, "", "not here");
	} else if (!strcmp(r->target, "/hang-up")) {
		posts += !strcmp(r->method, "POST");
		deletes += !strcmp(r->method, "DELETE") || !strcmp(r->method, "PUT");
		server_hang_up(r->server, r->fd);
	} else if (!strcmp(r->target, "/half")) {
		const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
		server_raw(r->server, r->fd, half, strlen(half));
		server_hang_up(r->server, r->fd);
	} else if (!strcmp(r->target, "/continue")) {
		const char answer[] = "HTTP/1.1 100 Continue\r\nX-Answer: no\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n";
		server_raw(r->server, r->fd, answer, strlen(answer));
	} else if (!strcmp(r->target, "/slow")) {
		slow_fd = (unsigned)r->fd;
		loop_timer(loop, 300, answer_slowly, r->server);
	} else if (!strcmp(r->target, "/large")) {
		buf_add_repeated(&text, 'x', 100000);
		server_answer(r->server, r->fd, 200, "", text.ptr);
	}
	buf_release(&text);
}

static int setup(void **state)
{
	(void)state;
	posts = deletes = 0;
	loop = loop_new();
	server = server_start(loop, handle, NULL);
	http = http_new(loop, &(struct http_options){.user_agent = "infra-test"});
	return 0;
}

static struct answer get(struct http_request request, const char *path)
{
	struct answer answer = {0};
	snprintf(url, sizeof(url), "%s%s", server->url, path);
	request.url = url;
	http_send(http, &request, done, &answer);
	loop_run(loop);
	assert_int_equal(answer.calls, 1);
	return answer;
}

static void methods_headers_and_bodies(void **state)
{
	(void)state;
	const struct http_header asked[] = {{"X-Asked", "a b"}, {"X-Empty", ""}};
	struct answer a = get((struct http_request){.headers = asked, .header_count = 2}, "/echo?x=1");
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "GET /echo?x=1 [a b] 0 ");
	assert_string_equal(a.header, "yes");
	a = get((struct http_request){.method = "POST", .body = "hello", .body_len = 5}, "/echo");
	assert_string_equal(a.body, "POST /echo [] 5 hello");
	a = get((struct http_request){.method = "PUT"}, "/echo");
	assert_string_equal(a.body, "PUT /echo [] 0 ");
	a = get((struct http_request){.method = "DELETE"}, "/echo/../%2F");
	assert_string_equal(a.body, "DELETE /echo/../%2F [] 0 ");
	a = get((struct http_request){.method = "DELETE", .body = "{}", .body_len = 2}, "/echo");
	assert_string_equal(a.body, "DELETE /echo [] 2 {}");
	a = get((struct http_request){.method = "HEAD"}, "/continue");
	assert_int_equal(a.status, 201);
	a = get((struct http_request){0}, "/echo");
	assert_string_equal(a.body, "GET /echo [] 0 ");
	/* One after the other: all went over one connection. */
	assert_int_equal(http_stats(http).requests, 7);
	assert_int_equal(http_stats(http).connections, 1);
	assert_int_equal(server->connections, 1);
}

static void nothing_is_added_to_headers(void **state)
{
	(void)state;
	char want[200];
	struct answer a = get((struct http_request){.method = "POST", .body = "x", .body_len = 1}, "/headers");
	snprintf(want, sizeof(want), "Host: 127.0.0.1:%u\r\nUser-Agent: infra-test\r\nContent-Length: 1\r\n", server->port);
	assert_string_equal(a.body, want);
	a = get((struct http_request){.method = "PUT"}, "/headers");
	assert_non_null(strstr(a.body, "Content-Length: 0\r\n"));
	const struct http_header bad[] = {{"X-Asked", "a\r\nX-Other: b"}};
	a = get((struct http_request){.headers = bad, .header_count = 1}, "/echo");
	assert_int_equal(a.result, HTTP_NOT_SENT);
	assert_int_equal(server->requests, 2);
}

static void answers_are_told_apart(void **state)
{
	(void)state;
	struct answer a = get((struct http_request){0}, "/missing");
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(a.status, 404);
	assert_string_equal(a.body, "not here");
	a = get((struct http_request){0}, "/redirect");
	assert_int_equal(a.status, 302);
	a = get((struct http_request){.method = "POST", .body = "1", .body_len = 1}, "/continue");
	assert_int_equal(a.status, 201);
	assert_string_equal(a.header, ""); /* that of the 100 is forgotten */
	a = get((struct http_request){0}, "/half");
	assert_int_equal(a.result, HTTP_LOST);
	assert_int_equal(a.status, 200);
	assert_string_not_equal(a.error, "");
	a = get((struct http_request){.timeout_ms = 50}, "/slow");
	assert_int_equal(a.result, HTTP_LOST);
	assert_true(a.timed_out);
	a = get((struct http_request){.response_limit = 1000}, "/large");
	assert_int_equal(a.result, HTTP_LOST);
	assert_true(a.too_large);
	a = get((struct http_request){.response_limit = 100000}, "/large");
	assert_int_equal(a.result, HTTP_OK);
}

static void what_never_left_is_known(void **state)
{
	(void)state;
	struct answer a = {0}, b = {0}, c = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, not listening: refuses */
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(address.sin_port));
	http_send(http, &(struct http_request){.url = url, .once = true}, done, &a);
	http_send(http, &(struct http_request){.url = "ftp://127.0.0.1/"}, done, &b);
	http_send(http, &(struct http_request){.url = "http://no.such.host.invalid/"}, done, &c);
	loop_run(loop);
	close(fd);
	assert_int_equal(a.result, HTTP_NOT_SENT);
	assert_int_equal(b.result, HTTP_NOT_SENT);
	assert_int_equal(c.result, HTTP_NOT_SENT);
	assert_non_null(strstr(c.error, "no.such.host.invalid"));
}

static unsigned refused_count;
static void count_refused(void *ctx, const struct http_response *r)
{
	assert_int_equal(r->result, HTTP_NOT_SENT);
	assert_non_null(strstr(r->error, "connect"));
	/* One of them tries again at once, which must not be swallowed by those that fail together. */
	if (++refused_count == 10)
		http_send(http, &(struct http_request){.url = "http://127.0.0.1:1/"}, count_refused, ctx);
}
static void unreachable_hosts_are_not_tried_by_all(void **state)
{
	(void)state;
	refused_count = 0;
	for (int i = 0; i < 1000; i++)
		http_send(http, &(struct http_request){.url = "http://127.0.0.1:1/"}, count_refused, NULL);
	loop_run(loop);
	assert_int_equal(refused_count, 1001);
	assert_in_range(http_stats(http).requests, 2, 6);
	assert_int_equal(http_stats(http).waiting, 0);
}

/* A kept connection that dies after the request was read must not make libcurl repeat it. */
static void once_is_once(void **state)
{
	(void)state;
	struct answer a = get((struct http_request){0}, "/echo"); /* opens the connection that is kept */
	a = get((struct http_request){.method = "POST", .body = "create", .body_len = 6, .once = true}, "/hang-up");
	assert_int_equal(a.result, HTTP_LOST);
	assert_string_equal(a.error, "the connection was closed before an answer came");
	assert_int_equal(posts, 1);
	/* Nor one that has no body to rewind. */
	a = get((struct http_request){0}, "/echo");
	a = get((struct http_request){.method = "PUT", .once = true}, "/hang-up");
	assert_int_equal(a.result, HTTP_LOST);
	assert_int_equal(deletes, 1);
	a = get((struct http_request){0}, "/echo");
	a = get((struct http_request){.method = "DELETE", .once = true}, "/hang-up");
	assert_int_equal(a.result, HTTP_LOST);
	assert_int_equal(deletes, 2);
	/* Without the flag it is repeated, which shows that the test can fail. */
	a = get((struct http_request){0}, "/echo");
	a = get((struct http_request){.method = "POST", .body = "create", .body_len = 6}, "/hang-up");
	assert_int_equal(a.result, HTTP_LOST);
	assert_int_equal(posts, 3);
	a = get((struct http_request){0}, "/echo");
	a = get((struct http_request){.method = "DELETE"}, "/hang-up");
	assert_int_equal(deletes, 4);
}

/* A kept connection that the server closed while it was idle is noticed before it is used. */
static void hang_up_all(void *ctx)
{
	struct server *s = ctx;
	while (s->list)
		server_drop(s->list);
}
static void idle_connections_may_die(void **state)
{
	(void)state;
	struct answer a = get((struct http_request){0}, "/echo");
	loop_later(loop, hang_up_all, server);
	loop_run(loop);
	usleep(20000);
	a = get((struct http_request){.method = "POST", .body = "create", .body_len = 6, .once = true}, "/echo");
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(server->requests, 2);
}

static void files_are_streamed(void **state)
{
	(void)state;
	char path[] = "/tmp/test_http.XXXXXX";
	int fd = mkstemp(path);
	char block[10000];
	memset(block, 'f', sizeof(block));
	for (int i = 0; i < 100; i++)
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	close(fd);
	struct answer a = get((struct http_request){.method = "PUT", .body_file = path}, "/echo");
	assert_string_equal(a.body, "PUT /echo [] 1000000 ");
	assert_int_equal(http_stats(http).bytes_sent, 1000000);
	unlink(path);
	a = get((struct http_request){.method = "PUT", .body_file = path}, "/echo");
	assert_int_equal(a.result, HTTP_NOT_SENT);
}

static size_t pieces;
static bool count_pieces(void *ctx, const void *bytes, size_t len)
{
	assert_ptr_equal(ctx, &pieces);
	assert_true(((const char *)bytes)[0] == 'x');
	pieces += len;
	return true;
}
static bool refuse(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return false;
}
static void bodies_can_be_streamed(void **state)
{
	(void)state;
	pieces = 0;
	struct http_request request = {.on_data = count_pieces, .data_ctx = &pieces, .response_limit = 10};
	struct answer a = get(request, "/large");
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(pieces, 100000);
	assert_string_equal(a.body, "");
	a = get(request, "/missing"); /* what the server says of an error is kept */
	assert_string_equal(a.body, "not here");
	a = get((struct http_request){.on_data = refuse}, "/large");
	assert_int_equal(a.result, HTTP_LOST);
	assert_false(a.too_large);
}

static bool prepare(void *ctx, struct http_request *request)
{
	unsigned *times = ctx;
	if (++*times > 1)
		return false;
	request->method = "POST";
	request->body = "late";
	request->body_len = 4;
	return true;
}
static void requests_are_prepared_late(void **state)
{
	(void)state;
	unsigned times = 0;
	struct answer a = get((struct http_request){.prepare = prepare, .prepare_ctx = &times}, "/echo");
	assert_string_equal(a.body, "POST /echo [] 4 late");
	a = get((struct http_request){.prepare = prepare, .prepare_ctx = &times}, "/echo");
	assert_int_equal(a.result, HTTP_NOT_SENT);
	assert_int_equal(times, 2);
}

static http_id victim;
static unsigned completed;
static void cancel_victim(void *ctx, const struct http_response *r)
{
	(void)ctx;
	assert_int_equal(r->result, HTTP_OK);
	completed++;
	http_cancel(http, victim);
	http_cancel(http, victim);
}
static void never(void *ctx, const struct http_response *r)
{
	(void)ctx;
	(void)r;
	fail_msg("a cancelled request was answered");
}
static void cancelled_is_silent(void **state)
{
	(void)state;
	char slow[128];
	completed = 0;
	snprintf(url, sizeof(url), "%s/echo", server->url);
	snprintf(slow, sizeof(slow), "%s/slow", server->url);
	victim = http_send(http, &(struct http_request){.url = slow}, never, NULL);
	http_id waiting = http_send(http, &(struct http_request){.url = url}, never, NULL);
	http_send(http, &(struct http_request){.url = url}, cancel_victim, NULL);
	http_cancel(http, waiting);
	bool stop = false;
	while (!completed)
		loop_run_until(loop, &stop);
	assert_int_equal(completed, 1);
	assert_int_equal(http_stats(http).active, 0);
	assert_int_equal(http_stats(http).waiting, 0);
	struct answer a = get((struct http_request){0}, "/echo");
	assert_int_equal(a.result, HTTP_OK);
}

static void count_done(void *ctx, const struct http_response *r)
{
	assert_int_equal(r->result, HTTP_OK);
	++*(unsigned *)ctx;
}
static void many_wait_in_little_memory(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	unsigned count = 0;
	snprintf(url, sizeof(url), "%s/echo", server->url);
	for (int i = 0; i < COUNT; i++)
		http_send(http, &(struct http_request){.url = url}, count_done, &count);
	assert_int_equal(http_stats(http).waiting, COUNT);
	loop_run(loop);
	assert_int_equal(count, COUNT);
	assert_int_equal(http_stats(http).most_active, 64);
	assert_in_range(http_stats(http).connections, 2, 64);
	assert_int_equal(server->connections, http_stats(http).connections);
}

static void proxies_come_from_the_environment(void **state)
{
	(void)state;
	struct answer a = {0};
	setenv("http_proxy", server->url, 1);
	http_send(http, &(struct http_request){.url = "http://no.such.host.invalid/echo"}, done, &a);
	loop_run(loop);
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(a.status, 404);
	http_send(http, &(struct http_request){.url = "http://no.such.host.invalid/echo", .no_proxy = true}, done, &a);
	loop_run(loop);
	assert_int_equal(a.result, HTTP_NOT_SENT);
	unsetenv("http_proxy");
}

/* --- TLS, against openssl's own server --- */

static char tls_folder[] = "/tmp/test_http_tls.XXXXXX";
static struct buf tls_said;
static bool tls_listens;
static unsigned tls_port;

static void tls_output(void *ctx, enum proc_stream stream, const char *bytes, size_t len)
{
	(void)ctx;
	(void)stream;
	buf_add(&tls_said, bytes, len);
	const char *accept = strstr(tls_said.ptr, "ACCEPT 127.0.0.1:");
	if (accept && strchr(accept, '\n')) {
		tls_port = (unsigned)strtoul(accept + 17, NULL, 10);
		tls_listens = true;
	}
}
static void tls_ended(void *ctx, const struct proc_outcome *outcome)
{
	(void)ctx;
	char text[200];
	fail_msg("openssl s_server %s: %s", proc_describe(outcome, text, sizeof(text)), buf_text(&tls_said));
}
static void tls_done(void *ctx, const struct http_response *r)
{
	assert_int_equal(r->untrusted, r->result == HTTP_NOT_SENT);
	done(ctx, r);
	loop_stop(loop); /* openssl goes on */
}
static struct answer get_tls(const char *ca_file, const char *host)
{
	struct answer a = {0};
	struct http *client = http_new(loop, &(struct http_options){.ca_file = ca_file});
	snprintf(url, sizeof(url), "https://%s:%u/", host, tls_port);
	http_send(client, &(struct http_request){.url = url, .once = true}, tls_done, &a);
	loop_run(loop);
	assert_int_equal(a.calls, 1);
	http_free(client);
	return a;
}
static void certificates_are_checked(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(tls_folder));
	char key[100], certificate[100];
	snprintf(key, sizeof(key), "%s/key", tls_folder);
	snprintf(certificate, sizeof(certificate), "%s/certificate", tls_folder);
	struct proc_outcome o = proc_run(&(struct proc_options){
		.argv = (const char *const[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
					      "-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
					      key, "-out", certificate, NULL}});
	assert_int_equal(o.code, 0);
	proc_outcome_release(&o);
	tls_listens = false;
	struct proc *tls = proc_start(loop,
				      &(struct proc_options){.argv = (const char *const[]){"openssl", "s_server", "-accept",
											   "127.0.0.1:0", "-key", key, "-cert",
											   certificate, "-www", NULL},
							     .on_output = tls_output},
				      tls_ended, NULL);
	while (!tls_listens)
		loop_run_until(loop, &tls_listens);
	struct answer a = get_tls(NULL, "127.0.0.1");
	assert_int_equal(a.result, HTTP_NOT_SENT);
	a = get_tls(certificate, "127.0.0.1");
	assert_int_equal(a.result, HTTP_OK);
	assert_int_equal(a.status, 200);
	a = get_tls(certificate, "localhost"); /* which the certificate does not name */
	assert_int_equal(a.result, HTTP_NOT_SENT);
	setenv("AWS_CA_BUNDLE", certificate, 1);
	a = get_tls(NULL, "127.0.0.1");
	assert_int_equal(a.result, HTTP_OK);
	unsetenv("AWS_CA_BUNDLE");
	proc_abandon(tls);
	unlink(key);
	unlink(certificate);
	rmdir(tls_folder);
	buf_release(&tls_said);
}

static void joins_urls(void **state)
{
	(void)state;
	static const struct {
		const char *base, *reference, *joined;
	} rows[] = {
		{"http://a/b/c", "d", "http://a/b/d"},
		{"http://a/b/c?q", "/d?e=f", "http://a/d?e=f"},
		{"https://a:8/b", "//c/d", "https://c/d"},
		{"https://a/b", "http://c/", "http://c/"},
		{"http://a", "http://a", "http://a/"},
		{"http://a/", "/b c", "http://a/b%20c"},
		{"http://a/", "/\xc3\xa4", "http://a/%c3%a4"},
		{"http://a/", "file:///etc/passwd", "file:///etc/passwd"}, /* it is the caller's to refuse */
		{"http://", "x", NULL},
		{"http://a/", "http://b\nc/", NULL},
		{"no url", "", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT;
		bool ok = http_join_url(rows[i].base, rows[i].reference, &out);
		assert_int_equal(ok, rows[i].joined != NULL);
		if (ok)
			assert_string_equal(buf_text(&out), rows[i].joined);
	}
	assert_true(http_same_origin("http://a/b", "http://A:80/c"));
	assert_true(http_same_origin("https://a:443", "https://a/?"));
	assert_false(http_same_origin("http://a/", "https://a/"));
	assert_false(http_same_origin("http://a/", "http://a:81/"));
	assert_false(http_same_origin("http://a/", "http://b.a/"));
	assert_int_equal(strncmp(http_library(), "curl/", 5), 0);
}

int main(void)
{
	/* The machine's own settings are none of this test's business. */
	static const char *const variables[] = {"http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(methods_headers_and_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_added_to_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(what_never_left_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(unreachable_hosts_are_not_tried_by_all, setup, teardown),
		cmocka_unit_test_setup_teardown(once_is_once, setup, teardown),
		cmocka_unit_test_setup_teardown(idle_connections_may_die, setup, teardown),
		cmocka_unit_test_setup_teardown(files_are_streamed, setup, teardown),
		cmocka_unit_test_setup_teardown(bodies_can_be_streamed, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_prepared_late, setup, teardown),
		cmocka_unit_test_setup_teardown(cancelled_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(many_wait_in_little_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(proxies_come_from_the_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(certificates_are_checked, setup, teardown),
		cmocka_unit_test(joins_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
