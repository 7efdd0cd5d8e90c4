/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: everything that waits (descriptors, timers, child processes, signals) waits here.
 *
 * One turn: wait for events; run the callbacks of descriptors, children, signals and timers; run
 * what loop_later() queued, in order; then, if anything ran, call the turn-end hooks. Callbacks may
 * call every function below except loop_run(), loop_run_until() and loop_free(). A loop belongs to
 * one thread. Failures of the kernel's calls (no descriptors left, a bad descriptor) are bugs or
 * end the program: there is nothing to continue with.
 */
#pragma once

#include "base/base.h"

#include <sys/types.h>

struct loop;

struct loop *loop_new(void);
/* Also drops everything still registered, without calling it. NULL accepted. */
void loop_free(struct loop *loop);

/*
 * Runs turns until loop_stop(), or until nothing is left to wait for: no timer, no child, nothing
 * queued and no descriptor except background ones. Signals keep nothing alive.
 */
void loop_run(struct loop *loop);
/* The same until *done is true, looked at after each turn; false when it ended otherwise. */
bool loop_run_until(struct loop *loop, const bool *done);
void loop_stop(struct loop *loop);

/* Monotonic milliseconds, as of the start of this turn's callbacks. */
uint64_t loop_now_ms(const struct loop *loop);
/*
 * For tests: from now on the clock jumps to the next timer instead of waiting, whenever nothing but
 * timers is left to wait for.
 */
void loop_skip_waits(struct loop *loop);
/* For tests: moves the clock ahead. */
void loop_advance(struct loop *loop, uint64_t ms);

/* --- Descriptors. The loop never closes them; unwatch first, then close. --- */

enum loop_events {
	LOOP_READ = 1u << 0,
	LOOP_WRITE = 1u << 1,
	LOOP_ERROR = 1u << 2,      /* only reported: error or hang-up; LOOP_READ comes with it when watched */
	LOOP_BACKGROUND = 1u << 3, /* only given: does not keep loop_run() going (a listening socket) */
};
typedef void (*loop_fd_fn)(void *ctx, int fd, unsigned events);

/* Watching a descriptor that is watched already is a bug. */
void loop_watch_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn fn, void *ctx);
void loop_change_fd(struct loop *loop, int fd, unsigned events);
/* Nothing happens when it is not watched. Its callback does not run any more, not even in this turn. */
void loop_unwatch(struct loop *loop, int fd);

/* --- Timers and deferred calls --- */

typedef void (*loop_fn)(void *ctx);
/* Names one timer for ever: 0 is none, and cancelling one that has fired does nothing. */
typedef uint64_t loop_timer_id;

/* Calls fn once, no earlier than `ms` from now. Timers of the same moment run in order of creation. */
loop_timer_id loop_timer(struct loop *loop, uint64_t ms, loop_fn fn, void *ctx);
void loop_timer_cancel(struct loop *loop, loop_timer_id id);
/* How many are set. */
size_t loop_timer_count(const struct loop *loop);

/* Calls fn at the end of this turn, before the hooks (of the next one, when called by a hook). */
void loop_later(struct loop *loop, loop_fn fn, void *ctx);
/* Takes back every queued call of fn with ctx. */
void loop_later_cancel(struct loop *loop, loop_fn fn, void *ctx);

/*
 * Calls fn after every turn in which something ran, in order of registration: the place for one
 * commit of all that became ready. What it passes to loop_later() runs in the next turn, at once.
 */
void loop_at_turn_end(struct loop *loop, loop_fn fn, void *ctx);
void loop_at_turn_end_cancel(struct loop *loop, loop_fn fn, void *ctx);

/* --- Children and signals --- */

/* `status` as waitpid() gives it; the child has been reaped. */
typedef void (*loop_child_fn)(void *ctx, pid_t pid, int status);
/* Waits for a child of this process, which nothing else may wait for. */
void loop_child(struct loop *loop, pid_t pid, loop_child_fn fn, void *ctx);
/* Stops waiting for it: it is not reaped. */
void loop_child_forget(struct loop *loop, pid_t pid);

typedef void (*loop_signal_fn)(void *ctx, int signo);
/*
 * Calls fn for each delivery of a signal, which is blocked for the process from then on (children
 * started by base/proc.h get a clean mask). fn NULL gives the signal back its former handling.
 */
void loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *ctx);
