/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/connect.h"

#include "base/buf.h"
#include "base/loop.h"
#include "sandbox/host/disk.h"
#include "sandbox/host/guest.h"
#include "sandbox/host/hostd.h"
#include "sandbox/host/routes.h"
#include "sandbox/local_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 20000, STARTING_MS = 8000, TRY_MS = 100, AGAIN_MS = 20, WORDS_LIMIT = 512 };

/* ---- the world's side ---- */

struct caller {
	struct guests *guests;
	int fd;     /* who asks */
	int socket; /* what he shall have; -1: not yet */
	unsigned port;
	char *host;
	struct in_addr from;
	uint64_t until; /* the host may still be starting */
	bool brief;     /* this attempt waits for a short time only */
	loop_timer_id timer;
	struct buf words;
};

static void caller_free(struct caller *c)
{
	struct loop *loop = c->guests->loop;
	loop_unwatch(loop, c->fd);
	close(c->fd);
	if (c->socket >= 0) {
		loop_unwatch(loop, c->socket);
		close(c->socket);
	}
	loop_timer_cancel(loop, c->timer);
	buf_release(&c->words);
	free(c->host);
	free(c);
}

/* The last word: who asks has been answered. */
static void refuse(struct caller *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void refuse(struct caller *c, const char *fmt, ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	if (send(c->fd, text.ptr, text.len, MSG_NOSIGNAL) < 0)
		buf_clear(&text); /* he has left */
	caller_free(c);
}

static void attempt(void *ctx);

static void on_connected(void *ctx, int fd, unsigned events)
{
	struct caller *c = ctx;
	int error = 0;
	socklen_t len = sizeof(error);
	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	loop_unwatch(c->guests->loop, fd);
	loop_timer_cancel(c->guests->loop, c->timer);
	/* a host that has just been started does not listen at once; ours start so fast that waiting spares the asker his own */
	if (error == ECONNREFUSED && loop_now_ms(c->guests->loop) < c->until) {
		close(steal_fd(&c->socket));
		c->timer = loop_timer(c->guests->loop, AGAIN_MS, attempt, c);
	} else if (error) {
		refuse(c, "%s port %u: %s", c->host, c->port, strerror(error));
	} else if (fcntl(fd, F_SETFL, 0) == 0 && connect_hand_over(c->fd, fd, "ok", 2)) {
		caller_free(c);
	} else {
		refuse(c, "the connection cannot be handed over: %s", strerror(errno));
	}
}

static void on_timeout(void *ctx)
{
	struct caller *c = ctx;
	if (c->brief) { /* what was asked before it had a network is asked again only after a second */
		loop_unwatch(c->guests->loop, c->socket);
		close(steal_fd(&c->socket));
		attempt(c);
		return;
	}
	refuse(c, "%s port %u: %s", c->host, c->port, strerror(ETIMEDOUT));
}

static void attempt(void *ctx)
{
	struct caller *c = ctx;
	const struct guest *guest = guests_find(c->guests, c->host);
	struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
	if (!guest || !guest->router) {
		refuse(c, "no host runs at %s", c->host);
		return;
	}
	if (!guest->public_address.s_addr || !routes_lead_out(guest, c->from)) {
		refuse(c, "%s is not reached from the internet: %s", guest->id,
		       guest->public_address.s_addr ? "its subnet has no route to an internet gateway" : "it has no public address");
		return;
	}
	if (!internet_may_have(c->guests, c->from)) {
		refuse(c, "the address to come from is a host's, or none of the internet's");
		return;
	}
	to.sin_addr = guest->public_address;
	from.sin_addr = c->from;
	c->until = guest->started_ms + STARTING_MS;
	int error = internet_user(c->guests, c->from);
	c->socket = error ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	errno = error ? error : errno;
	if (c->socket < 0 || bind(c->socket, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (connect(c->socket, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
		refuse(c, "%s port %u: %s", c->host, c->port, strerror(errno));
		return;
	}
	loop_watch_fd(c->guests->loop, c->socket, LOOP_WRITE, on_connected, c);
	c->brief = loop_now_ms(c->guests->loop) < c->until;
	c->timer = loop_timer(c->guests->loop, c->brief ? TRY_MS : CONNECT_MS, on_timeout, c);
}

static void give_key(struct caller *c)
{
	const struct guest *guest = guests_find(c->guests, c->host);
	AUTO_BUF struct buf disk = BUF_INIT, text = BUF_INIT;
	buf_addf(&disk, "%s/%s", c->guests->disks, guest ? guest->id : "");
	buf_adds(&text, "ok ");
	if (!guest)
		refuse(c, "no host runs at %s", c->host);
	else if (disk_read(buf_text(&disk), "root/etc/ssh", "ssh_host_ed25519_key.pub", WORDS_LIMIT, &text))
		refuse(c, "%s has no key yet", guest->id);
	else
		refuse(c, "%s", buf_text(&text));
}

/* By its private address, too, where only one host has it. */
static void give_id(struct caller *c)
{
	const struct guest *guest = guests_find(c->guests, c->host);
	struct in_addr address;
	bool is_address = inet_pton(AF_INET, c->host, &address) == 1;
	size_t found = guest ? 1 : 0;
	for (size_t i = 0; !guest && is_address && i < c->guests->list.count; i++)
		found += c->guests->list.items[i]->address.s_addr == address.s_addr;
	for (size_t i = 0; !guest && found == 1 && i < c->guests->list.count; i++)
		guest = c->guests->list.items[i]->address.s_addr == address.s_addr ? c->guests->list.items[i] : NULL;
	if (guest)
		refuse(c, "ok %s", guest->id);
	else
		refuse(c, found ? "several hosts run at %s" : "no host runs at %s", c->host);
}

static void on_words(void *ctx, int fd, unsigned events)
{
	struct caller *c = ctx;
	char bytes[WORDS_LIMIT];
	(void)events;
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || c->words.len + (size_t)got > WORDS_LIMIT) {
		caller_free(c);
		return;
	}
	buf_add(&c->words, bytes, (size_t)got);
	char *end = memchr(c->words.ptr, '\n', c->words.len), *blank;
	if (!end || c->host)
		return;
	*end = '\0';
	blank = strchr(c->words.ptr, ' ');
	char *from = blank ? strchr(blank + 1, ' ') : NULL;
	c->port = from ? (unsigned)strtoul(blank + 1, NULL, 10) : 0;
	if (from && inet_pton(AF_INET, from + 1, &c->from) != 1)
		c->port = 0;
	c->host = xstrdup(c->words.ptr);
	if (blank)
		c->host[blank - c->words.ptr] = '\0';
	if (blank && !strcmp(blank + 1, "key")) {
		give_key(c);
		return;
	}
	if (blank && !strcmp(blank + 1, "id")) {
		give_id(c);
		return;
	}
	if (!c->port || c->port > 65535)
		refuse(c, "a host, a port and an address to come from are needed");
	else
		attempt(c);
}

static void on_caller(void *ctx, int fd, unsigned events)
{
	struct guests *guests = ctx;
	(void)events;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted < 0)
		return;
	struct caller *c = xcalloc(1, sizeof(*c));
	*c = (struct caller){.guests = guests, .fd = accepted, .socket = -1};
	loop_watch_fd(guests->loop, accepted, LOOP_READ, on_words, c);
}

void connect_serve(struct guests *guests, int listener)
{
	loop_watch_fd(guests->loop, listener, LOOP_READ, on_caller, guests);
}

/* ---- handing over ---- */

bool connect_hand_over(int socket, int fd, const char *words, size_t len)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec text = {.iov_base = (void *)(uintptr_t)words, .iov_len = len};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	*head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd))};
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)len;
}

/* ---- the machine's side ---- */

static const char socket_name[] = "hosts.socket";

int connect_listen(const char *dir, struct buf *why)
{
	int fd = local_socket_listen(dir, socket_name);
	if (fd < 0)
		buf_addf(why, "cannot listen in %s: %s", dir, strerror(errno));
	return fd;
}

void connect_forget(const char *dir)
{
	local_socket_remove(dir, socket_name);
}

/* -1 with the reason. */
static int ask(const char *dir, const char *words, struct buf *why)
{
	AUTO_FD int fd = local_socket_connect(dir, socket_name);
	if (fd >= 0 && send(fd, words, strlen(words), MSG_NOSIGNAL) == (ssize_t)strlen(words))
		return steal_fd(&fd);
	buf_addf(why, "the hosts of the sandbox in %s are not reached: %s", dir, strerror(errno));
	return -1;
}

/* "ok TEXT", or why not. */
static bool ask_text(const char *dir, const char *host, const char *what, struct buf *key, struct buf *why)
{
	AUTO_BUF struct buf words = BUF_INIT, got = BUF_INIT;
	buf_addf(&words, "%s %s\n", host, what);
	AUTO_FD int fd = ask(dir, buf_text(&words), why);
	char bytes[WORDS_LIMIT];
	ssize_t n;
	while (fd >= 0 && (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(&got, bytes, (size_t)n);
	bool ok = !strncmp(buf_text(&got), "ok ", 3);
	buf_adds(ok ? key : why, buf_text(&got) + (ok ? 3 : 0));
	if (fd >= 0 && !got.len)
		buf_adds(why, "the sandbox has ended");
	return ok;
}

bool connect_host_key(const char *dir, const char *host, struct buf *key, struct buf *why)
{
	return ask_text(dir, host, "key", key, why);
}

bool connect_host_id(const char *dir, const char *host, struct buf *id, struct buf *why)
{
	return ask_text(dir, host, "id", id, why);
}

int connect_ask(const char *dir, const char *host, unsigned port, const char *from, struct buf *why)
{
	AUTO_BUF struct buf words = BUF_INIT;
	buf_addf(&words, "%s %u %s\n", host, port, from ? from : HOST_INTERNET_USER);
	AUTO_FD int fd = ask(dir, buf_text(&words), why);
	if (fd < 0)
		return -1;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[WORDS_LIMIT];
	struct iovec piece = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got;
	do {
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int handed = -1;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&handed, CMSG_DATA(head), sizeof(handed));
	else if (got > 0)
		buf_add(why, text, (size_t)got);
	else
		buf_adds(why, "the sandbox has ended");
	return handed;
}
