/* SPDX-License-Identifier: Apache-2.0 */
/* serve [-foreground] ADDRESS PORT TITLE DETAIL: a web server that says what would be there. */
#include "sandbox/host/shim.h"

#include "base/buf.h"
#include "base/http.h"
#include "base/loop.h"
#include "lang/value/jsonw.h"
#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct page {
	const char *title, *detail;
	bool grafana;
};

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&')
			buf_addf(out, "&#%d;", *text);
		else
			buf_addc(out, *text);
	}
}

static void on_request(void *ctx, struct http_exchange *exchange)
{
	const struct page *page = ctx;
	const struct http_server_request *request = http_exchange_request(exchange);
	AUTO_BUF struct buf text = BUF_INIT;
	const char *type = "text/html; charset=utf-8", *colon = strrchr(page->title, ':');
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	unsigned status = 200;
	if (page->grafana && !strcmp(request->path, "/api/health")) {
		struct jsonw w = {.out = &text};
		type = "application/json; charset=UTF-8";
		jsonw_open(&w, NULL, '{');
		jsonw_text(&w, "commit", "sandbox");
		jsonw_text(&w, "database", "ok");
		jsonw_text(&w, "version", colon ? colon + 1 : "sandbox");
		jsonw_close(&w, '}');
	} else if (!strncmp(request->path, "/api/", 5)) {
		type = "application/json; charset=UTF-8";
		buf_adds(&text, "{\"message\":\"Not found: this is the sandbox's stand-in\"}");
		status = 404;
	} else {
		buf_adds(&text, "<!doctype html>\n<title>");
		add_escaped(&text, page->grafana ? "Grafana" : page->title);
		buf_adds(&text, " (sandbox)</title>\n<h1>");
		add_escaped(&text, page->title);
		buf_adds(&text, "</h1>\n<p>This page of the sandbox stands for it: ");
		add_escaped(&text, page->detail);
		buf_addf(&text, ", on %s.</p>\n", host);
	}
	const struct http_header headers[] = {{"Content-Type", type}, {"Server", "infra-sandbox"}};
	http_exchange_answer(exchange, status, headers, ARRAY_LEN(headers), buf_text(&text), text.len);
}

static int listen_at(const char *address, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int yes = 1;
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errno = EINVAL;
	else if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		 listen(fd, 64) == 0)
		return steal_fd(&fd);
	return -1;
}

static NORETURN void serve(int listener, struct page *page)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop, &(struct http_server_options){.listener = listener, .body_limit = 1 << 20}, on_request, page, &why);
	if (server)
		loop_run(loop);
	fprintf(stderr, "%s\n", buf_text(&why));
	_exit(1);
}

int shim_serve(int argc, char **argv)
{
	bool foreground = argc > 1 && !strcmp(argv[1], "-foreground");
	argv += foreground;
	if (argc - foreground != 5)
		return 3;
	unsigned long port = strtoul(argv[2], NULL, 10);
	int listener = port && port < 65536 ? listen_at(argv[1], (unsigned)port) : -1;
	struct page page = {.title = argv[3], .detail = argv[4], .grafana = strstr(argv[3], "grafana") != NULL};
	if (listener < 0) {
		fprintf(stderr, "listen tcp4 %s:%s: %s\n", argv[1], argv[2], strerror(errno ? errno : EINVAL));
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	if (foreground)
		serve(listener, &page);
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		setsid();
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		serve(listener, &page);
	}
	close(listener);
	printf("%d\n", (int)pid);
	return pid < 0;
}
