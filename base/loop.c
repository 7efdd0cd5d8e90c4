/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/vec.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_A_TURN = 256,
	SIGNALS = 65,
	/* Deferred calls that keep deferring others give way to descriptors after this many rounds. */
	LATER_ROUNDS = 1000,
};

struct watcher {
	loop_fd_fn fn; /* NULL: not watched */
	void *ctx;
	unsigned events;
	uint32_t generation; /* tells events of an earlier watch of the same descriptor apart */
};

/* Timers live in slots that keep their place; the heap holds slot numbers, the soonest first. */
struct timer {
	uint64_t due_us;
	uint64_t order;
	loop_fn fn;
	void *ctx;
	uint32_t generation;
	uint32_t heap_at; /* in use: its place in the heap; free: the next free slot + 1 */
};

struct deferred {
	loop_fn fn; /* NULL: taken back */
	void *ctx;
};

struct child {
	struct loop *loop;
	pid_t pid;
	int pidfd;
	loop_child_fn fn;
	void *ctx;
	struct child *next;
};

struct signal_watch {
	loop_signal_fn fn;
	void *ctx;
	bool was_blocked;
};

struct loop {
	int epoll_fd;
	int signal_fd;
	bool stopped, running;
	bool skip_waits;
	uint64_t now_us;
	uint64_t ahead_us; /* how far tests moved the clock */

	VEC(struct watcher) watchers; /* by descriptor */
	size_t foreground;
	uint32_t watch_generation;

	VEC(struct timer) timers;
	VEC(uint32_t) heap;
	uint32_t free_timer; /* slot + 1, or 0 */
	uint64_t timer_order;

	VEC(struct deferred) later, later_running;
	VEC(struct deferred) hooks;

	struct child *children;
	struct signal_watch signals[SIGNALS];
	sigset_t signal_set;
};

static uint64_t clock_us(const struct loop *loop)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 + loop->ahead_us;
}

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		bug("epoll_create1: %s", strerror(errno));
	loop->signal_fd = -1;
	sigemptyset(&loop->signal_set);
	loop->now_us = clock_us(loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (int signo = 1; signo < SIGNALS; signo++)
		loop_signal(loop, signo, NULL, NULL);
	while (loop->children)
		loop_child_forget(loop, loop->children->pid);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	close(loop->epoll_fd);
	vec_free(&loop->watchers);
	vec_free(&loop->timers);
	vec_free(&loop->heap);
	vec_free(&loop->later);
	vec_free(&loop->later_running);
	vec_free(&loop->hooks);
	free(loop);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_us / 1000;
}

void loop_skip_waits(struct loop *loop)
{
	loop->skip_waits = true;
}

void loop_advance(struct loop *loop, uint64_t ms)
{
	loop->ahead_us += ms * 1000;
	loop->now_us = clock_us(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

/* --- Descriptors --- */

static uint32_t epoll_events(unsigned events)
{
	return (events & LOOP_READ ? (uint32_t)EPOLLIN | EPOLLRDHUP : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static struct watcher *find_watcher(struct loop *loop, int fd)
{
	if (fd < 0 || (size_t)fd >= loop->watchers.count || !loop->watchers.items[fd].fn)
		return NULL;
	return &loop->watchers.items[fd];
}

static void control(struct loop *loop, int op, int fd, const struct watcher *watcher)
{
	struct epoll_event event = {
		.events = epoll_events(watcher->events),
		.data.u64 = (uint64_t)watcher->generation << 32 | (uint32_t)fd,
	};
	if (epoll_ctl(loop->epoll_fd, op, fd, &event) < 0)
		bug("cannot watch descriptor %d: %s", fd, strerror(errno));
}

void loop_watch_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn fn, void *ctx)
{
	if (fd < 0 || !fn || find_watcher(loop, fd))
		bug("descriptor %d cannot be watched, or is watched already", fd);
	while (loop->watchers.count <= (size_t)fd)
		vec_add(&loop->watchers, (struct watcher){0});
	struct watcher *watcher = &loop->watchers.items[fd];
	*watcher = (struct watcher){fn, ctx, events, ++loop->watch_generation};
	loop->foreground += !(events & LOOP_BACKGROUND);
	control(loop, EPOLL_CTL_ADD, fd, watcher);
}

void loop_change_fd(struct loop *loop, int fd, unsigned events)
{
	struct watcher *watcher = find_watcher(loop, fd);
	if (!watcher)
		bug("descriptor %d is not watched", fd);
	if (watcher->events == events)
		return;
	loop->foreground -= !(watcher->events & LOOP_BACKGROUND);
	loop->foreground += !(events & LOOP_BACKGROUND);
	watcher->events = events;
	control(loop, EPOLL_CTL_MOD, fd, watcher);
}

void loop_unwatch(struct loop *loop, int fd)
{
	struct watcher *watcher = find_watcher(loop, fd);
	if (!watcher)
		return;
	loop->foreground -= !(watcher->events & LOOP_BACKGROUND);
	watcher->fn = NULL;
	/* A descriptor that a library closed before it told us has left the set by itself. */
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0 && errno != EBADF && errno != ENOENT)
		bug("cannot stop watching descriptor %d: %s", fd, strerror(errno));
}

static bool run_fd(struct loop *loop, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	const struct watcher *watcher = find_watcher(loop, fd);
	if (!watcher || watcher->generation != (uint32_t)(event->data.u64 >> 32))
		return false;
	unsigned events = 0;
	if (event->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		events |= LOOP_ERROR | (watcher->events & LOOP_READ);
	if (event->events & EPOLLIN)
		events |= LOOP_READ;
	if (event->events & EPOLLOUT)
		events |= LOOP_WRITE;
	watcher->fn(watcher->ctx, fd, events);
	return true;
}

/* --- Timers --- */

static bool sooner(const struct loop *loop, uint32_t a, uint32_t b)
{
	const struct timer *x = &loop->timers.items[a], *y = &loop->timers.items[b];
	return x->due_us != y->due_us ? x->due_us < y->due_us : x->order < y->order;
}

static void heap_put(struct loop *loop, size_t at, uint32_t slot)
{
	loop->heap.items[at] = slot;
	loop->timers.items[slot].heap_at = (uint32_t)at;
}

static void heap_up(struct loop *loop, size_t at)
{
	uint32_t slot = loop->heap.items[at];
	while (at > 0 && sooner(loop, slot, loop->heap.items[(at - 1) / 4])) {
		heap_put(loop, at, loop->heap.items[(at - 1) / 4]);
		at = (at - 1) / 4;
	}
	heap_put(loop, at, slot);
}

static void heap_down(struct loop *loop, size_t at)
{
	uint32_t slot = loop->heap.items[at];
	for (;;) {
		size_t best = 0;
		for (size_t i = at * 4 + 1; i <= at * 4 + 4 && i < loop->heap.count; i++) {
			if (!best || sooner(loop, loop->heap.items[i], loop->heap.items[best]))
				best = i;
		}
		if (!best || sooner(loop, slot, loop->heap.items[best]))
			break;
		heap_put(loop, at, loop->heap.items[best]);
		at = best;
	}
	heap_put(loop, at, slot);
}

static void remove_timer(struct loop *loop, uint32_t slot)
{
	struct timer *timer = &loop->timers.items[slot];
	size_t at = timer->heap_at;
	uint32_t last = vec_pop(&loop->heap);
	if (last != slot) {
		heap_put(loop, at, last);
		heap_up(loop, at);
		heap_down(loop, loop->timers.items[last].heap_at);
	}
	timer->fn = NULL;
	timer->generation++;
	timer->heap_at = loop->free_timer;
	loop->free_timer = slot + 1;
}

loop_timer_id loop_timer(struct loop *loop, uint64_t ms, loop_fn fn, void *ctx)
{
	if (!loop->free_timer) {
		vec_add(&loop->timers, (struct timer){.generation = 1});
		loop->free_timer = (uint32_t)loop->timers.count;
	}
	uint32_t slot = loop->free_timer - 1;
	struct timer *timer = &loop->timers.items[slot];
	loop->free_timer = timer->heap_at;
	timer->due_us = clock_us(loop) + ms * 1000;
	timer->order = ++loop->timer_order;
	timer->fn = fn;
	timer->ctx = ctx;
	vec_add(&loop->heap, slot);
	heap_up(loop, loop->heap.count - 1);
	return (uint64_t)timer->generation << 32 | (slot + 1);
}

void loop_timer_cancel(struct loop *loop, loop_timer_id id)
{
	uint32_t slot = (uint32_t)id - 1;
	if (!id || slot >= loop->timers.count)
		return;
	const struct timer *timer = &loop->timers.items[slot];
	if (timer->fn && timer->generation == (uint32_t)(id >> 32))
		remove_timer(loop, slot);
}

size_t loop_timer_count(const struct loop *loop)
{
	return loop->heap.count;
}

static bool run_timers(struct loop *loop)
{
	/* Those set by the callbacks wait for the next turn, or a timer of 0 ms would run for ever. */
	uint64_t newest = loop->timer_order;
	bool ran = false;
	while (loop->heap.count) {
		uint32_t slot = loop->heap.items[0];
		const struct timer *timer = &loop->timers.items[slot];
		if (timer->due_us > loop->now_us || timer->order > newest)
			break;
		loop_fn fn = timer->fn;
		void *ctx = timer->ctx;
		remove_timer(loop, slot);
		fn(ctx);
		ran = true;
	}
	return ran;
}

/* --- Deferred calls and hooks --- */

void loop_later(struct loop *loop, loop_fn fn, void *ctx)
{
	vec_add(&loop->later, (struct deferred){fn, ctx});
}

static void take_back(struct deferred *items, size_t count, loop_fn fn, const void *ctx)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].fn == fn && items[i].ctx == ctx)
			items[i].fn = NULL;
	}
}

void loop_later_cancel(struct loop *loop, loop_fn fn, void *ctx)
{
	take_back(loop->later.items, loop->later.count, fn, ctx);
	take_back(loop->later_running.items, loop->later_running.count, fn, ctx);
}

static bool run_later(struct loop *loop)
{
	bool ran = false;
	for (int round = 0; loop->later.count && round < LATER_ROUNDS; round++) {
		struct deferred *empty = loop->later_running.items;
		size_t cap = loop->later_running.cap;
		loop->later_running.items = loop->later.items;
		loop->later_running.count = loop->later.count;
		loop->later_running.cap = loop->later.cap;
		loop->later.items = empty;
		loop->later.count = 0;
		loop->later.cap = cap;
		for (size_t i = 0; i < loop->later_running.count; i++) {
			struct deferred call = loop->later_running.items[i];
			if (call.fn) {
				call.fn(call.ctx);
				ran = true;
			}
		}
		loop->later_running.count = 0;
	}
	return ran;
}

void loop_at_turn_end(struct loop *loop, loop_fn fn, void *ctx)
{
	vec_add(&loop->hooks, (struct deferred){fn, ctx});
}

void loop_at_turn_end_cancel(struct loop *loop, loop_fn fn, void *ctx)
{
	take_back(loop->hooks.items, loop->hooks.count, fn, ctx);
}

static void run_hooks(struct loop *loop)
{
	size_t kept = 0;
	for (size_t i = 0; i < loop->hooks.count; i++) {
		struct deferred hook = loop->hooks.items[i];
		if (hook.fn)
			hook.fn(hook.ctx);
	}
	for (size_t i = 0; i < loop->hooks.count; i++) {
		if (loop->hooks.items[i].fn)
			loop->hooks.items[kept++] = loop->hooks.items[i];
	}
	loop->hooks.count = kept;
}

/* --- Children --- */

static void unlink_child(struct child *child)
{
	struct child **at = &child->loop->children;
	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	loop_unwatch(child->loop, child->pidfd);
	close(child->pidfd);
}

static void child_ended(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	struct child *child = ctx;
	int status = 0;
	pid_t got = waitpid(child->pid, &status, WNOHANG);
	if (got == 0 || (got < 0 && errno == EINTR))
		return;
	if (got < 0)
		bug("child %d was waited for by somebody else", (int)child->pid);
	unlink_child(child);
	child->fn(child->ctx, child->pid, status);
	free(child);
}

void loop_child(struct loop *loop, pid_t pid, loop_child_fn fn, void *ctx)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
	if (pidfd < 0)
		bug("pidfd_open(%d): %s", (int)pid, strerror(errno));
	struct child *child = xcalloc(1, sizeof(*child));
	*child = (struct child){loop, pid, pidfd, fn, ctx, loop->children};
	loop->children = child;
	loop_watch_fd(loop, pidfd, LOOP_READ, child_ended, child);
}

void loop_child_forget(struct loop *loop, pid_t pid)
{
	for (struct child *child = loop->children; child; child = child->next) {
		if (child->pid == pid) {
			unlink_child(child);
			free(child);
			return;
		}
	}
}

/* --- Signals --- */

static void signal_came(void *ctx, int fd, unsigned events)
{
	(void)events;
	struct loop *loop = ctx;
	struct signalfd_siginfo info;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo < SIGNALS && loop->signals[info.ssi_signo].fn)
			loop->signals[info.ssi_signo].fn(loop->signals[info.ssi_signo].ctx, (int)info.ssi_signo);
	}
}

void loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *ctx)
{
	struct signal_watch *watch = &loop->signals[signo];
	if (!fn && !watch->fn)
		return;
	sigset_t one, old;
	sigemptyset(&one);
	sigaddset(&one, signo);
	if (fn) {
		sigaddset(&loop->signal_set, signo);
		sigprocmask(SIG_BLOCK, &one, &old);
		if (!watch->fn)
			watch->was_blocked = sigismember(&old, signo) == 1;
	} else {
		sigdelset(&loop->signal_set, signo);
	}
	watch->fn = fn;
	watch->ctx = ctx;
	int fd = signalfd(loop->signal_fd, &loop->signal_set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		bug("signalfd: %s", strerror(errno));
	if (loop->signal_fd < 0) {
		loop->signal_fd = fd;
		loop_watch_fd(loop, fd, LOOP_READ | LOOP_BACKGROUND, signal_came, loop);
	}
	if (!fn && !watch->was_blocked)
		sigprocmask(SIG_UNBLOCK, &one, NULL);
}

/* --- Turns --- */

static bool something_to_wait_for(const struct loop *loop)
{
	return loop->foreground || loop->heap.count || loop->later.count;
}

/* Milliseconds for epoll_wait(); rounded up, so that a timer is never found a little too early. */
static int wait_ms(struct loop *loop)
{
	if (loop->later.count)
		return 0;
	if (!loop->heap.count)
		return -1;
	uint64_t due = loop->timers.items[loop->heap.items[0]].due_us;
	uint64_t now = clock_us(loop);
	if (due <= now)
		return 0;
	if (loop->skip_waits && !loop->foreground) {
		loop->ahead_us += due - now;
		return 0;
	}
	uint64_t ms = (due - now + 999) / 1000;
	return ms > 86400000 ? 86400000 : (int)ms;
}

static void turn(struct loop *loop)
{
	struct epoll_event events[EVENTS_A_TURN];
	int n = epoll_wait(loop->epoll_fd, events, EVENTS_A_TURN, wait_ms(loop));
	if (n < 0 && errno != EINTR)
		bug("epoll_wait: %s", strerror(errno));
	loop->now_us = clock_us(loop);
	bool ran = false;
	for (int i = 0; i < n; i++)
		ran |= run_fd(loop, &events[i]);
	ran |= run_timers(loop);
	ran |= run_later(loop);
	if (ran)
		run_hooks(loop);
}

static void run(struct loop *loop, const bool *done)
{
	if (loop->running)
		bug("the loop is running already");
	loop->running = true;
	loop->stopped = false;
	while (!loop->stopped && !(done && *done) && something_to_wait_for(loop))
		turn(loop);
	loop->running = false;
	loop->now_us = clock_us(loop);
}

void loop_run(struct loop *loop)
{
	run(loop, NULL);
}

bool loop_run_until(struct loop *loop, const bool *done)
{
	run(loop, done);
	return *done;
}
