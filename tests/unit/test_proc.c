/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/loop.h"
#include "base/proc.h"
#include "base/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void output_and_code(void **state)
{
	(void)state;
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = ARGV("sh", "-c", "echo out; echo err >&2; exit 3")});
	assert_int_equal(o.result, PROC_EXITED);
	assert_int_equal(o.code, 3);
	assert_string_equal(o.out, "out\n");
	assert_string_equal(o.err, "err\n");
	proc_outcome_release(&o);
	/* What looks like shell stays text. */
	o = proc_run(&(struct proc_options){.argv = ARGV("printf", "%s", "$(id) * ; a\"b")});
	assert_string_equal(o.out, "$(id) * ; a\"b");
	proc_outcome_release(&o);
}

static void input_is_given(void **state)
{
	(void)state;
	struct buf large = BUF_INIT;
	buf_add_repeated(&large, 'x', 3000000);
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = ARGV("cat"), .input = large.ptr, .input_len = large.len});
	assert_int_equal(o.out_len, large.len);
	assert_memory_equal(o.out, large.ptr, large.len);
	proc_outcome_release(&o);
	/* One that does not read it. */
	o = proc_run(&(struct proc_options){.argv = ARGV("true"), .input = large.ptr, .input_len = large.len});
	assert_int_equal(o.result, PROC_EXITED);
	assert_int_equal(o.code, 0);
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = ARGV("cat"), .input = large.ptr, .input_len = large.len, .output_limit = 1000});
	assert_int_equal(o.out_len, 1000);
	assert_true(o.cut);
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = ARGV("cat")});
	assert_string_equal(o.out, "");
	assert_int_equal(o.code, 0);
	proc_outcome_release(&o);
	buf_release(&large);
}

static void environment_and_directory(void **state)
{
	(void)state;
	setenv("PROC_KEPT", "kept", 1);
	setenv("PROC_GONE", "gone", 1);
	struct proc_outcome o = proc_run(&(struct proc_options){
		.argv = ARGV("sh", "-c", "echo $PROC_KEPT $PROC_GONE $PROC_SET; pwd"),
		.environment = ARGV("PROC_GONE", "PROC_SET=a b"),
		.directory = "/usr",
	});
	assert_string_equal(o.out, "kept a b\n/usr\n");
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = ARGV("true"), .directory = "/no/such/directory"});
	assert_int_equal(o.result, PROC_NOT_STARTED);
	assert_int_equal(o.code, ENOENT);
	proc_outcome_release(&o);
}

static void failures_are_told(void **state)
{
	(void)state;
	char text[100];
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = ARGV("no-such-program-here")});
	assert_int_equal(o.result, PROC_NOT_STARTED);
	assert_string_equal(proc_describe(&o, text, sizeof(text)), "could not be started: No such file or directory");
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = ARGV("sh", "-c", "kill -TERM $$")});
	assert_int_equal(o.result, PROC_KILLED);
	assert_string_equal(proc_describe(&o, text, sizeof(text)), "was killed by signal 15 (Terminated)");
	proc_outcome_release(&o);
	/* The grandchild that keeps the pipe is killed with its group. */
	o = proc_run(&(struct proc_options){
		.argv = ARGV("sh", "-c", "echo begun; sleep 100; true"), .timeout_ms = 200, .flags = PROC_OWN_GROUP});
	assert_int_equal(o.result, PROC_TIMED_OUT);
	assert_string_equal(o.out, "begun\n");
	proc_outcome_release(&o);
}

/* A daemon left behind holds the pipe open; the end of the process itself is enough. */
static void grandchildren_are_not_waited_for(void **state)
{
	(void)state;
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = ARGV("sh", "-c", "sleep 5 & echo $!"), .timeout_ms = 4000});
	assert_int_equal(o.result, PROC_EXITED);
	kill(atoi(o.out), SIGKILL);
	proc_outcome_release(&o);
}

static struct buf pieces;
static void piece(void *ctx, enum proc_stream stream, const char *bytes, size_t len)
{
	assert_null(ctx);
	buf_addc(&pieces, stream == PROC_STDOUT ? 'o' : 'e');
	buf_add(&pieces, bytes, len);
}
static void done(void *ctx, const struct proc_outcome *o)
{
	assert_int_equal(o->result, PROC_EXITED);
	assert_string_equal(o->out, "");
	++*(unsigned *)ctx;
}
static void never(void *ctx, const struct proc_outcome *o)
{
	(void)ctx;
	(void)o;
	fail_msg("an abandoned process reported");
}
static void several_at_once(void **state)
{
	(void)state;
	unsigned count = 0;
	struct loop *loop = loop_new();
	/* The children must not inherit what the loop blocks. */
	loop_signal(loop, SIGTERM, NULL, NULL);
	for (int i = 0; i < 20; i++)
		proc_start(loop, &(struct proc_options){.argv = ARGV("true")}, done, &count);
	proc_start(loop, &(struct proc_options){.argv = ARGV("sh", "-c", "echo 1"), .on_output = piece}, done, &count);
	proc_abandon(proc_start(loop, &(struct proc_options){.argv = ARGV("sleep", "100")}, never, NULL));
	proc_abandon(proc_start(loop, &(struct proc_options){.argv = ARGV("no-such-program-here")}, never, NULL));
	loop_run(loop);
	assert_int_equal(count, 21);
	assert_string_equal(buf_text(&pieces), "o1\n");
	buf_release(&pieces);
	loop_free(loop);
}

static void on_signal(void *ctx, int signo)
{
	(void)ctx;
	(void)signo;
}
static void signal_masks_are_clean(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	loop_signal(loop, SIGTERM, on_signal, NULL);
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = ARGV("sh", "-c", "kill -TERM $$; echo alive")});
	assert_int_equal(o.result, PROC_KILLED);
	proc_outcome_release(&o);
	loop_free(loop);
}

/* A process that starts another one, and is killed; the pipe ends with the last of them. */
static void ends_with_us(void **state)
{
	(void)state;
	int pipe_ends[2];
	assert_int_equal(pipe(pipe_ends), 0);
	pid_t middle = fork();
	if (!middle) {
		struct loop *loop = loop_new();
		unsigned flags = PROC_END_WITH_US | PROC_OWN_GROUP | PROC_TERMINAL;
		proc_start(loop, &(struct proc_options){.argv = ARGV("sleep", "100"), .flags = flags}, never, NULL);
		(void)!write(pipe_ends[1], "x", 1);
		pause();
		_exit(0);
	}
	close(pipe_ends[1]);
	char byte;
	assert_int_equal(read(pipe_ends[0], &byte, 1), 1);
	kill(middle, SIGKILL);
	waitpid(middle, NULL, 0);
	alarm(20);
	assert_int_equal(read(pipe_ends[0], &byte, 1), 0);
	alarm(0);
	close(pipe_ends[0]);
	/* else they are as others are */
	struct proc_outcome o = proc_run(&(struct proc_options){
		.argv = ARGV("sh", "-c", "pwd; echo $X; cat; exit 3"), .flags = PROC_END_WITH_US, .directory = "/",
		.environment = ARGV("X=1"), .input = "in", .input_len = 2});
	assert_int_equal(o.result, PROC_EXITED);
	assert_int_equal(o.code, 3);
	assert_string_equal(o.out, "/\n1\nin");
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = ARGV("/does/not/exist"), .flags = PROC_END_WITH_US});
	assert_int_equal(o.result, PROC_NOT_STARTED);
	assert_int_equal(o.code, ENOENT);
	proc_outcome_release(&o);
}

static void secrets(void **state)
{
	(void)state;
	AUTO_SECRET struct secret secret = SECRET_INIT;
	assert_string_equal(secret_text(&secret), "");
	assert_true(secret_equal(&secret, "", 0));
	secret_set_text(&secret, "hidden");
	secret_set(&secret, secret.ptr + 1, 3);
	assert_string_equal(secret_text(&secret), "idd");
	assert_true(secret_equal(&secret, "idd", 3));
	assert_false(secret_equal(&secret, "ide", 3));
	secret_set_text(&secret, NULL);
	assert_null(secret.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_code),
		cmocka_unit_test(input_is_given),
		cmocka_unit_test(environment_and_directory),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(grandchildren_are_not_waited_for),
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(signal_masks_are_clean),
		cmocka_unit_test(ends_with_us),
		cmocka_unit_test(secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
