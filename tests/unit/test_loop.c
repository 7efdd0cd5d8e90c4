/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct buf seen;
static struct loop *loop;

static int setup(void **state)
{
	(void)state;
	buf_clear(&seen);
	loop = loop_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	buf_release(&seen);
	return 0;
}

static void note(void *ctx)
{
	buf_adds(&seen, ctx);
}

static void timers_run_in_order(void **state)
{
	(void)state;
	loop_skip_waits(loop);
	uint64_t start = loop_now_ms(loop);
	loop_timer(loop, 3000000, note, "c");
	loop_timer(loop, 1000, note, "a");
	loop_timer(loop, 1000, note, "A");
	loop_timer_id gone = loop_timer(loop, 1500, note, "x");
	loop_timer(loop, 2000, note, "b");
	loop_timer_cancel(loop, gone);
	loop_timer_cancel(loop, gone);
	loop_timer_cancel(loop, 0);
	assert_int_equal(loop_timer_count(loop), 4);
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "aAbc");
	assert_true(loop_now_ms(loop) - start >= 3000000);
	loop_timer(loop, 0, note, "d");
	loop_timer_cancel(loop, gone); /* names the old timer only, though the slot is in use again */
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "aAbcd");
}

static uint64_t last_due;
static unsigned fired;
static void count_timer(void *ctx)
{
	uint64_t due = *(uint64_t *)ctx;
	assert_true(due >= last_due);
	last_due = due;
	fired++;
}

static void many_timers_are_cheap(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	loop_skip_waits(loop);
	uint64_t *due = calloc(COUNT, sizeof(*due));
	loop_timer_id *ids = calloc(COUNT, sizeof(*ids));
	srand(7);
	last_due = fired = 0;
	clock_t start = clock();
	for (int i = 0; i < COUNT; i++) {
		/* Far apart, so that the time which passes here does not change their order. */
		due[i] = (uint64_t)(rand() % 1000) * 60000 + 1;
		ids[i] = loop_timer(loop, due[i], count_timer, &due[i]);
	}
	for (int i = 0; i < COUNT; i += 2)
		loop_timer_cancel(loop, ids[i]);
	loop_run(loop);
	assert_int_equal(fired, COUNT / 2);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
	free(due);
	free(ids);
}

static void defer_more(void *ctx)
{
	buf_adds(&seen, ctx);
	loop_later(loop, note, "2");
	loop_later(loop, note, "3");
}
static bool hook_defers;
static void hook(void *ctx)
{
	buf_adds(&seen, ctx);
	if (hook_defers) {
		hook_defers = false;
		loop_later(loop, note, "4");
	}
}

static void deferred_calls_and_hooks(void **state)
{
	(void)state;
	hook_defers = true;
	loop_at_turn_end(loop, hook, "|");
	loop_later(loop, defer_more, "1");
	loop_later(loop, note, "x");
	loop_later_cancel(loop, note, "x");
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "123|4|");
	loop_at_turn_end_cancel(loop, hook, "|");
	loop_later(loop, note, "5");
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "123|4|5");
}

static void run_again(void *ctx)
{
	if (++*(unsigned *)ctx < 5)
		loop_timer(loop, 0, run_again, ctx);
	else
		loop_stop(loop);
}
static void stop_ends_it(void **state)
{
	(void)state;
	unsigned times = 0;
	loop_timer(loop, 100000, note, "never");
	loop_timer(loop, 0, run_again, &times);
	loop_run(loop);
	assert_int_equal(times, 5);
	assert_string_equal(buf_text(&seen), "");
}

static int pair[2];
static void read_fd(void *ctx, int fd, unsigned events)
{
	(void)ctx;
	char text[16];
	ssize_t n = read(fd, text, sizeof(text));
	assert_true(events & LOOP_READ);
	if (n > 0) {
		buf_add(&seen, text, (size_t)n);
		return;
	}
	buf_adds(&seen, events & LOOP_ERROR ? "!" : ".");
	loop_unwatch(loop, fd);
}
static void write_fd(void *ctx, int fd, unsigned events)
{
	(void)ctx;
	assert_true(events & LOOP_WRITE);
	assert_int_equal(write(fd, "hello", 5), 5);
	loop_unwatch(loop, fd);
	close(fd);
}
static void descriptors_are_watched(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	loop_watch_fd(loop, pair[0], LOOP_READ, read_fd, NULL);
	loop_watch_fd(loop, pair[1], 0, write_fd, NULL);
	loop_change_fd(loop, pair[1], LOOP_WRITE);
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "hello!");
	close(pair[0]);
}

/* Both ends become readable at once; whoever comes first takes the other one out. */
static void unwatch_other(void *ctx, int fd, unsigned events)
{
	(void)ctx;
	(void)events;
	buf_addc(&seen, 'u');
	loop_unwatch(loop, fd);
	loop_unwatch(loop, fd == pair[0] ? pair[1] : pair[0]);
}
static void unwatched_is_silent(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[0], "x", 1) + write(pair[1], "x", 1), 2);
	loop_watch_fd(loop, pair[0], LOOP_READ, unwatch_other, NULL);
	loop_watch_fd(loop, pair[1], LOOP_READ, unwatch_other, NULL);
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "u");
	close(pair[0]);
	close(pair[1]);
}

static void background_keeps_nothing_alive(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	loop_watch_fd(loop, pair[0], LOOP_READ | LOOP_BACKGROUND, read_fd, NULL);
	loop_timer(loop, 5, note, "t");
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "t");
	close(pair[0]);
	close(pair[1]);
}

static void child_ended(void *ctx, pid_t pid, int status)
{
	assert_int_equal(pid, *(pid_t *)ctx);
	assert_true(WIFEXITED(status));
	buf_addf(&seen, "%d", WEXITSTATUS(status));
}
static void children_are_reaped(void **state)
{
	(void)state;
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(7);
		loop_child(loop, pids[i], child_ended, &pids[i]);
	}
	loop_run(loop);
	assert_string_equal(buf_text(&seen), "77");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void got_signal(void *ctx, int signo)
{
	(void)ctx;
	buf_addf(&seen, "%d", signo);
	if (seen.len == 4)
		loop_stop(loop);
	else
		kill(getpid(), SIGUSR2);
}
static void signals_come_in(void **state)
{
	(void)state;
	loop_signal(loop, SIGUSR1, got_signal, NULL);
	loop_signal(loop, SIGUSR2, got_signal, NULL);
	loop_run(loop); /* keeps nothing alive */
	kill(getpid(), SIGUSR1);
	bool never = false;
	loop_timer(loop, 10000, note, "late");
	assert_false(loop_run_until(loop, &never));
	assert_string_equal(buf_text(&seen), "1012");
	sigset_t mask;
	loop_signal(loop, SIGUSR1, NULL, NULL);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGUSR1));
	assert_true(sigismember(&mask, SIGUSR2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timers_run_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(many_timers_are_cheap, setup, teardown),
		cmocka_unit_test_setup_teardown(deferred_calls_and_hooks, setup, teardown),
		cmocka_unit_test_setup_teardown(stop_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors_are_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(unwatched_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(background_keeps_nothing_alive, setup, teardown),
		cmocka_unit_test_setup_teardown(children_are_reaped, setup, teardown),
		cmocka_unit_test_setup_teardown(signals_come_in, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
