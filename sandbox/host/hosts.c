/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/hosts.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/vec.h"
#include "lang/value/jsonw.h"
#include "sandbox/api.h"
#include "sandbox/host/connect.h"
#include "sandbox/host/hostd.h"
#include "sandbox/host/probe.h"
#include "sandbox/http_server.h"
#include "sandbox/host/trash.h"
#include "sandbox/run.h"
#include "sandbox/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOLLOW_MS = 5, RESTART_MS = 300, RESTART_LIMIT = 20 };

struct ear { /* what hosts of a VPC ask of the cloud */
	char *vpc;
	struct http_server *server;
};

struct hosts {
	struct world *world;
	pid_t pid; /* 0: none runs */
	int channel, listener;
	loop_timer_id timer, tick;
	bool ready, changed;
	unsigned starts;
	struct buf words;   /* from it, up to a newline */
	struct buf out;     /* to it, what did not fit yet */
	struct buf last;    /* the last order */
	struct buf trouble; /* the last one; or why there are none */
	VEC(int) sockets;   /* that have come and are not named yet */
	VEC(struct ear) ears;
};

static void start(struct hosts *h);

/* ---- what shall be ---- */

/* What a function of the service files says, of all regions that have such objects. False: not all of it. */
static bool write_list(struct hosts *h, const char *name, const char *kind, const char *function_name, struct jsonw *w)
{
	struct world *world = h->world;
	const struct user_function *function = map_find(&world->library->functions, function_name);
	struct arena *arena = arena_new();
	struct failure failure = {0};
	size_t count = 0;
	const char *const *regions = store_regions(world->store, arena, kind, &count);
	jsonw_open(w, name, '[');
	for (size_t i = 0; function && i < count; i++) {
		struct run run = {.world = world, .arena = arena, .region = regions[i], .failure = &failure};
		const struct value *list = run_eval(&run, function->result);
		for (uint32_t k = 0; list->state == VALUE_KNOWN && !failure.code && k < list->count; k++)
			jsonw_value(w, NULL, list->items[k]);
	}
	jsonw_close(w, ']');
	if (failure.code) {
		buf_clear(&h->trouble);
		buf_adds(&h->trouble, failure.message);
	}
	arena_free(arena);
	return !failure.code;
}

static void on_channel(void *ctx, int fd, unsigned events);

static void flush(struct hosts *h)
{
	ssize_t sent = h->out.len ? send(h->channel, h->out.ptr, h->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (sent > 0) {
		memmove(h->out.ptr, h->out.ptr + sent, h->out.len - (size_t)sent);
		h->out.len -= (size_t)sent;
	}
	loop_change_fd(h->world->loop, h->channel, LOOP_READ | LOOP_BACKGROUND | (h->out.len ? LOOP_WRITE : 0u));
}

/* What comes with time comes to hosts also when nobody asks for anything. */
static void on_tick(void *ctx)
{
	struct hosts *h = ctx;
	h->tick = 0;
	world_look_at_clock(h->world);
	world_tick(h->world);
	hosts_changed(h);
}

static void await_tick(struct hosts *h)
{
	int64_t wait = world_next_ms(h->world);
	loop_timer_cancel(h->world->loop, h->tick);
	h->tick = wait < 0 ? 0 : loop_timer(h->world->loop, (uint64_t)wait + 1, on_tick, h);
}

static void follow(void *ctx)
{
	struct hosts *h = ctx;
	AUTO_BUF struct buf order = BUF_INIT;
	struct jsonw w = {.out = &order};
	h->timer = 0;
	h->changed = false;
	jsonw_open(&w, NULL, '{');
	bool whole = write_list(h, "hosts", "instance", "hosts", &w) && write_list(h, "subnets", "instance", "host_subnets", &w) &&
		     write_list(h, "rules", "instance", "host_rules", &w) &&
		     write_list(h, "shares", "file_system", "host_shares", &w) && write_list(h, "targets", "mount_target", "host_targets", &w) &&
		     write_list(h, "volumes", "volume", "host_volumes", &w) && write_list(h, "access_points", "access_point", "host_access_points", &w);
	jsonw_close(&w, '}');
	buf_addc(&order, '\n');
	await_tick(h);
	/* what is missing in an order loses its disk: half of one is none */
	if (!whole || h->channel < 0 || !strcmp(buf_text(&order), buf_text(&h->last)))
		return;
	buf_clear(&h->last);
	buf_add(&h->last, order.ptr, order.len);
	buf_add(&h->out, order.ptr, order.len);
	flush(h);
}

void hosts_changed(struct hosts *h)
{
	if (!h || h->changed || !h->ready)
		return;
	h->changed = true;
	h->timer = loop_timer(h->world->loop, FOLLOW_MS, follow, h);
}

/* ---- the process ---- */

static void close_ear(struct hosts *h, const char *vpc)
{
	for (size_t i = h->ears.count; i-- > 0;) {
		if (vpc && strcmp(h->ears.items[i].vpc, vpc) != 0)
			continue;
		http_server_free(h->ears.items[i].server);
		free(h->ears.items[i].vpc);
		h->ears.items[i] = h->ears.items[--h->ears.count];
	}
}

static void open_ear(struct hosts *h, const char *vpc)
{
	AUTO_BUF struct buf why = BUF_INIT;
	if (!h->sockets.count)
		return;
	int fd = h->sockets.items[0];
	memmove(h->sockets.items, h->sockets.items + 1, --h->sockets.count * sizeof(fd));
	close_ear(h, vpc);
	struct http_server *server = http_server_new(h->world->loop, &(struct http_server_options){.listener = fd}, api_handle, h->world, &why);
	if (server)
		vec_add(&h->ears, ((struct ear){xstrdup(vpc), server}));
}

struct http_exchange *hosts_exchange(const struct hosts *h, uint64_t id)
{
	struct http_exchange *found = NULL;
	for (size_t i = 0; h && !found && i < h->ears.count; i++)
		found = http_exchange_find(h->ears.items[i].server, id);
	return found;
}

static void stop(struct hosts *h)
{
	close_ear(h, NULL); /* a socket would keep its network */
	while (h->sockets.count)
		close(vec_pop(&h->sockets));
	if (h->channel >= 0) {
		loop_unwatch(h->world->loop, h->channel);
		close(steal_fd(&h->channel)); /* with it they end */
	}
	loop_timer_cancel(h->world->loop, h->timer);
	loop_timer_cancel(h->world->loop, h->tick);
	h->timer = h->tick = 0;
	h->ready = h->changed = false;
	buf_clear(&h->out);
	buf_clear(&h->words);
	buf_clear(&h->last);
}

static void on_restart(void *ctx)
{
	struct hosts *h = ctx;
	h->timer = 0;
	start(h);
}

static void on_end(void *ctx, pid_t pid, int status)
{
	struct hosts *h = ctx;
	(void)pid, (void)status;
	bool worked = h->ready;
	h->pid = 0;
	stop(h);
	if (!worked)
		return; /* it has said why, or will never work */
	buf_clear(&h->trouble);
	buf_adds(&h->trouble, "the process of the hosts had ended; they were started anew");
	if (h->starts < RESTART_LIMIT)
		h->timer = loop_timer(h->world->loop, RESTART_MS, on_restart, h);
}

/* A host was powered off from inside: what becomes of its instance is written in hosts.hcl. */
static void instance_ended(struct hosts *h, const char *id)
{
	struct world *world = h->world;
	struct arena *arena = arena_new();
	size_t count = 0;
	const char *const *regions = store_regions(world->store, arena, "instance", &count);
	world_look_at_clock(world);
	for (size_t i = 0; i < count; i++) {
		const struct object *object = store_find(world->store, "instance", regions[i], id);
		if (object)
			world_later(world, regions[i], "instance_halts", store_value(arena, object), 0, true);
	}
	world_tick(world);
	arena_free(arena);
	hosts_changed(h);
}

static void read_words(struct hosts *h, char *line)
{
	struct host_refusal refusal = {0};
	char *end;
	if (!strcmp(line, "ready")) {
		h->ready = true;
		hosts_changed(h);
	} else if (!strncmp(line, "refused ", 8)) {
		refusal.stage = (enum host_stage)strtol(line + 8, &end, 10);
		refusal.error = (int)strtol(end, NULL, 10);
		buf_clear(&h->trouble);
		host_refusal_explain(&refusal, &h->trouble);
	} else if (!strncmp(line, "listens ", 8)) {
		open_ear(h, line + 8);
	} else if (!strncmp(line, "deaf ", 5)) {
		close_ear(h, line + 5);
	} else if (!strncmp(line, "ended ", 6)) {
		instance_ended(h, line + 6);
	} else if (!strncmp(line, "trouble ", 8)) {
		buf_clear(&h->trouble);
		buf_adds(&h->trouble, line + 8);
	}
}

/* Text, and sockets that come with it. */
static ssize_t receive(struct hosts *h, int fd, char *bytes, size_t size)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec part = {bytes, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	for (struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL; head; head = CMSG_NXTHDR(&message, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= head->cmsg_len; i++) {
			int sent;
			memcpy(&sent, CMSG_DATA(head) + i * sizeof(int), sizeof(sent));
			vec_add(&h->sockets, sent);
		}
	}
	return got;
}

static void on_channel(void *ctx, int fd, unsigned events)
{
	struct hosts *h = ctx;
	char bytes[4096], *end;
	if (events & LOOP_WRITE)
		flush(h);
	if (!(events & LOOP_READ))
		return;
	ssize_t got = receive(h, fd, bytes, sizeof(bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		loop_unwatch(h->world->loop, fd); /* its end comes by itself */
		return;
	}
	buf_add(&h->words, bytes, (size_t)got);
	while (h->words.len && (end = memchr(h->words.ptr, '\n', h->words.len))) {
		size_t len = (size_t)(end - h->words.ptr) + 1;
		*end = '\0';
		read_words(h, h->words.ptr);
		memmove(h->words.ptr, h->words.ptr + len, h->words.len - len);
		h->words.len -= len;
	}
}

/* The child has a copy of all that we have, and keeps two descriptors of it. */
static NORETURN void become_hostd(const char *directory, int channel, int listener)
{
	int high = listener > channel ? listener : channel;
	int spare_channel = fcntl(channel, F_DUPFD, high + 4), spare_listener = fcntl(listener, F_DUPFD, high + 4);
	if (spare_channel < 0 || spare_listener < 0 || dup3(spare_channel, 3, O_CLOEXEC) < 0 || dup3(spare_listener, 4, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, 5u, ~0u, 0u) < 0)
		_exit(1);
	hostd_live(&(struct hostd_options){.directory = directory, .channel = 3, .listener = 4});
}

static void start(struct hosts *h)
{
	int ends[2];
	char *directory = path_join(h->world->arena, h->world->dir, "hosts");
	h->starts++;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		buf_addf(&h->trouble, "%s", strerror(errno));
		return;
	}
	fflush(NULL);
	h->pid = fork();
	if (h->pid == 0)
		become_hostd(directory, ends[1], h->listener);
	close(ends[1]);
	if (h->pid < 0) {
		buf_addf(&h->trouble, "%s", strerror(errno));
		h->pid = 0;
		close(ends[0]);
		return;
	}
	h->channel = ends[0];
	loop_watch_fd(h->world->loop, h->channel, LOOP_READ | LOOP_BACKGROUND, on_channel, h);
	loop_child(h->world->loop, h->pid, on_end, h);
}

struct hosts *hosts_open(struct world *world)
{
	struct hosts *h = xcalloc(1, sizeof(*h));
	*h = (struct hosts){.world = world, .channel = -1, .listener = -1};
	if (host_probe(&h->trouble) && (h->listener = connect_listen(world->dir, &h->trouble)) >= 0)
		start(h);
	return h;
}

void hosts_close(struct hosts *h)
{
	if (!h)
		return;
	stop(h);
	if (h->pid) {
		loop_child_forget(h->world->loop, h->pid);
		kill(h->pid, SIGKILL);
		while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	trash_clear(path_join(h->world->arena, h->world->dir, "hosts"));
	if (h->listener >= 0) {
		connect_forget(h->world->dir);
		close(h->listener);
	}
	buf_release(&h->words);
	buf_release(&h->out);
	buf_release(&h->last);
	buf_release(&h->trouble);
	vec_free(&h->sockets);
	vec_free(&h->ears);
	free(h);
}

bool hosts_ready(const struct hosts *h)
{
	return h && h->ready;
}

void hosts_describe(const struct hosts *h, struct buf *out)
{
	if (!h) {
		buf_adds(out, "Instances have no hosts behind them (-hosts=off).");
	} else if (h->channel >= 0) {
		buf_adds(out, "Instances are real hosts of this machine: `infra ssh` enters those of a project.");
		if (h->trouble.len)
			buf_addf(out, "\nLast trouble: %s.", h->trouble.ptr);
	} else {
		buf_addf(out, "Instances have no hosts behind them: %s", buf_text(&h->trouble));
	}
}
