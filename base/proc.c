/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include "base/buf.h"
#include "base/loop.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { OUTPUT_LIMIT = 16 << 20, PIECE = 65536 };

struct stream {
	struct proc *proc;
	enum proc_stream which;
	int fd; /* our end, or -1 */
	struct buf kept;
};

struct proc {
	struct loop *loop;
	proc_done_fn done;
	void *ctx;
	proc_output_fn on_output;
	void *output_ctx;
	pid_t pid;
	bool own_group, running, timed_out, cut;
	int status, start_error;
	int input_fd; /* our end, or -1 */
	const char *input;
	size_t input_left, output_limit;
	struct stream out, err;
	loop_timer_id timer;
};

/* --- The environment --- */

static bool same_name(const char *entry, const char *name, size_t len)
{
	return !strncmp(entry, name, len) && entry[len] == '=';
}

/* Ours with the changes; the strings are borrowed, the array is the caller's to free. */
static char **changed_environment(const char *const *changes)
{
	VEC(char *) all = {0};
	for (char **e = environ; *e; e++) {
		bool changed = false;
		for (const char *const *c = changes; c && *c && !changed; c++)
			changed = same_name(*e, *c, strcspn(*c, "="));
		if (!changed)
			vec_add(&all, *e);
	}
	for (const char *const *c = changes; c && *c; c++) {
		if (strchr(*c, '='))
			vec_add(&all, (char *)(uintptr_t)*c);
	}
	vec_add(&all, NULL);
	return all.items;
}

/* --- Ending --- */

static void close_watched(struct loop *loop, int *fd)
{
	if (*fd < 0)
		return;
	loop_unwatch(loop, *fd);
	close(*fd);
	*fd = -1;
}

static void release(struct proc *proc)
{
	close_watched(proc->loop, &proc->input_fd);
	close_watched(proc->loop, &proc->out.fd);
	close_watched(proc->loop, &proc->err.fd);
	loop_timer_cancel(proc->loop, proc->timer);
	buf_release(&proc->out.kept);
	buf_release(&proc->err.kept);
	free(proc);
}

static void end(void *ctx)
{
	struct proc *proc = ctx;
	struct proc_outcome outcome = {
		.out = buf_text(&proc->out.kept),
		.err = buf_text(&proc->err.kept),
		.out_len = proc->out.kept.len,
		.err_len = proc->err.kept.len,
		.cut = proc->cut,
	};
	if (proc->start_error) {
		outcome.result = PROC_NOT_STARTED;
		outcome.code = proc->start_error;
	} else if (WIFEXITED(proc->status) && !proc->timed_out) {
		outcome.result = PROC_EXITED;
		outcome.code = WEXITSTATUS(proc->status);
	} else {
		outcome.result = proc->timed_out ? PROC_TIMED_OUT : PROC_KILLED;
		outcome.code = WIFSIGNALED(proc->status) ? WTERMSIG(proc->status) : 0;
	}
	proc->done(proc->ctx, &outcome);
	release(proc);
}

/* Both the process and its output must have ended; a grandchild that keeps the pipe open is not waited for. */
static void drain(struct stream *stream);
static void exited(void *ctx, pid_t pid, int status)
{
	(void)pid;
	struct proc *proc = ctx;
	proc->running = false;
	proc->status = status;
	drain(&proc->out);
	drain(&proc->err);
	end(proc);
}

/* --- Streams --- */

static void keep(struct stream *stream, const char *bytes, size_t len)
{
	struct proc *proc = stream->proc;
	if (proc->on_output) {
		proc->on_output(proc->output_ctx, stream->which, bytes, len);
		return;
	}
	size_t room = proc->output_limit - stream->kept.len;
	if (len > room) {
		proc->cut = true;
		len = room;
	}
	buf_add(&stream->kept, bytes, len);
}

/* Reads what is there. False at the end of the stream. */
static bool read_some(struct stream *stream)
{
	char bytes[PIECE];
	ssize_t n = read(stream->fd, bytes, sizeof(bytes));
	if (n < 0)
		return errno == EINTR;
	if (n > 0)
		keep(stream, bytes, (size_t)n);
	return n > 0;
}

static void drain(struct stream *stream)
{
	while (stream->fd >= 0 && read_some(stream))
		;
	close_watched(stream->proc->loop, &stream->fd);
}

static void readable(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	struct stream *stream = ctx;
	if (!read_some(stream) && errno != EAGAIN)
		close_watched(stream->proc->loop, &stream->fd);
}

static void writable(void *ctx, int fd, unsigned events)
{
	(void)events;
	struct proc *proc = ctx;
	ssize_t n = proc->input_left ? send(fd, proc->input, proc->input_left, MSG_NOSIGNAL) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		proc->input += n;
		proc->input_left -= (size_t)n;
	}
	if (n < 0 || !proc->input_left) /* a child that does not read to the end is not our failure */
		close_watched(proc->loop, &proc->input_fd);
}

static void timeout(void *ctx)
{
	struct proc *proc = ctx;
	proc->timer = 0;
	proc->timed_out = true;
	proc_signal(proc, SIGKILL);
}

/* --- Starting --- */

struct pipes {
	int input[2], out[2], err[2]; /* [0] ours, [1] the child's */
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

/* A socket for the input, so that writing to a child that has gone raises no signal. 0 or errno. */
static int open_pipes(const struct proc_options *options, struct pipes *pipes)
{
	int pair[2];
	if (!(options->flags & PROC_INHERIT_INPUT)) {
		if (options->input_len) {
			if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes->input) < 0)
				return errno;
			fcntl(pipes->input[0], F_SETFL, O_NONBLOCK);
			shutdown(pipes->input[0], SHUT_RD);
		} else if ((pipes->input[1] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
			return errno;
		}
	}
	if (!(options->flags & PROC_INHERIT_OUTPUT)) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return errno;
		pipes->out[0] = pair[0];
		pipes->out[1] = pair[1];
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	if (!(options->flags & PROC_INHERIT_ERROR)) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return errno;
		pipes->err[0] = pair[0];
		pipes->err[1] = pair[1];
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

/* In the child, between fork and exec: only what is safe there. Returns when that failed. */
static void become(const struct proc_options *options, const struct pipes *pipes, char *const *environment, pid_t parent)
{
	const int ends[] = {pipes->input[1], pipes->out[1], pipes->err[1]};
	sigset_t none;
	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL); /* where it is not possible it does not matter */
	for (int i = 0; i < 3; i++) {
		if (ends[i] >= 0 && dup2(ends[i], i) < 0)
			return;
	}
	if (options->directory && chdir(options->directory) < 0)
		return;
	if (options->flags & PROC_OWN_GROUP && setpgid(0, 0) < 0)
		return;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return;
	if (getppid() != parent) /* it has ended already */
		_exit(127);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvpe(options->argv[0], (char *const *)(uintptr_t)options->argv, environment);
}

/* As spawn(), for what posix_spawn() cannot ask for. */
static int spawn_to_end_with_us(const struct proc_options *options, const struct pipes *pipes, pid_t *pid)
{
	int report[2], error = 0;
	sigset_t all, before;
	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	char **environment = changed_environment(options->environment);
	pid_t parent = getpid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before); /* no handler of ours runs in the child */
	*pid = fork();
	if (!*pid) {
		become(options, pipes, environment, parent);
		error = errno;
		_exit(write(report[1], &error, sizeof(error)) == sizeof(error) ? 127 : 126);
	}
	error = *pid < 0 ? errno : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(environment);
	close(report[1]);
	if (*pid > 0 && read(report[0], &error, sizeof(error)) == sizeof(error)) {
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	} else if (*pid > 0) {
		error = 0;
	}
	close(report[0]);
	return error;
}

static int spawn(const struct proc_options *options, const struct pipes *pipes, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&actions) || posix_spawnattr_init(&attributes))
		out_of_memory();
	int error = 0;
	const int ends[] = {pipes->input[1], pipes->out[1], pipes->err[1]};
	for (int i = 0; i < 3 && !error; i++) {
		if (ends[i] >= 0)
			error = posix_spawn_file_actions_adddup2(&actions, ends[i], i);
	}
	if (!error && options->directory)
		error = posix_spawn_file_actions_addchdir_np(&actions, options->directory);
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	if (options->flags & PROC_OWN_GROUP)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, flags);
	char **environment = changed_environment(options->environment);
	if (!error) /* the interface takes a char *const *, but changes nothing */
		error = posix_spawnp(pid, options->argv[0], &actions, &attributes, (char *const *)(uintptr_t)options->argv,
				     environment);
	free(environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

struct proc *proc_start(struct loop *loop, const struct proc_options *options, proc_done_fn done, void *ctx)
{
	struct proc *proc = xcalloc(1, sizeof(*proc));
	*proc = (struct proc){
		.loop = loop,
		.done = done,
		.ctx = ctx,
		.on_output = options->on_output,
		.output_ctx = options->output_ctx,
		.own_group = options->flags & PROC_OWN_GROUP,
		.input_fd = -1,
		.input = options->input,
		.input_left = options->input_len,
		.output_limit = options->output_limit ? options->output_limit : OUTPUT_LIMIT,
		.out = {proc, PROC_STDOUT, -1, BUF_INIT},
		.err = {proc, PROC_STDERR, -1, BUF_INIT},
	};
	struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
	proc->start_error = open_pipes(options, &pipes);
	if (!proc->start_error)
		proc->start_error = options->flags & PROC_END_WITH_US ? spawn_to_end_with_us(options, &pipes, &proc->pid)
								      : spawn(options, &pipes, &proc->pid);
	if (proc->start_error) {
		close_pair(pipes.input);
		close_pair(pipes.out);
		close_pair(pipes.err);
		loop_later(loop, end, proc);
		return proc;
	}
	proc->running = true;
	loop_child(loop, proc->pid, exited, proc);
	if ((proc->input_fd = steal_fd(&pipes.input[0])) >= 0)
		loop_watch_fd(loop, proc->input_fd, LOOP_WRITE, writable, proc);
	if ((proc->out.fd = steal_fd(&pipes.out[0])) >= 0)
		loop_watch_fd(loop, proc->out.fd, LOOP_READ, readable, &proc->out);
	if ((proc->err.fd = steal_fd(&pipes.err[0])) >= 0)
		loop_watch_fd(loop, proc->err.fd, LOOP_READ, readable, &proc->err);
	close_pair(pipes.input);
	close_pair(pipes.out);
	close_pair(pipes.err);
	if (options->timeout_ms)
		proc->timer = loop_timer(loop, options->timeout_ms, timeout, proc);
	return proc;
}

void proc_signal(struct proc *proc, int signo)
{
	if (proc->running)
		kill(proc->own_group ? -proc->pid : proc->pid, signo);
}

void proc_abandon(struct proc *proc)
{
	if (proc->running) {
		loop_child_forget(proc->loop, proc->pid);
		proc_signal(proc, SIGKILL);
		while (waitpid(proc->pid, NULL, 0) < 0 && errno == EINTR)
			;
	} else {
		loop_later_cancel(proc->loop, end, proc);
	}
	release(proc);
}

int proc_pid(const struct proc *proc)
{
	return proc->pid;
}

/* --- Waiting for one --- */

struct waiting {
	struct proc_outcome outcome;
	bool done;
};

static char *copy_text(const char *text, size_t len)
{
	char *copy = xmalloc(len + 1);
	memcpy(copy, text, len + 1);
	return copy;
}

static void ended(void *ctx, const struct proc_outcome *outcome)
{
	struct waiting *waiting = ctx;
	waiting->outcome = *outcome;
	waiting->outcome.out = copy_text(outcome->out, outcome->out_len);
	waiting->outcome.err = copy_text(outcome->err, outcome->err_len);
	waiting->done = true;
}

struct proc_outcome proc_run(const struct proc_options *options)
{
	struct waiting waiting = {0};
	struct loop *loop = loop_new();
	proc_start(loop, options, ended, &waiting);
	if (!loop_run_until(loop, &waiting.done))
		bug("a child process was lost");
	loop_free(loop);
	return waiting.outcome;
}

void proc_outcome_release(struct proc_outcome *outcome)
{
	free((void *)(uintptr_t)outcome->out);
	free((void *)(uintptr_t)outcome->err);
	*outcome = (struct proc_outcome){.out = NULL};
}

const char *proc_describe(const struct proc_outcome *outcome, char *text, size_t size)
{
	switch (outcome->result) {
	case PROC_EXITED:
		snprintf(text, size, "exited with code %d", outcome->code);
		break;
	case PROC_KILLED:
		snprintf(text, size, "was killed by signal %d (%s)", outcome->code, strsignal(outcome->code));
		break;
	case PROC_TIMED_OUT:
		snprintf(text, size, "took too long and was stopped");
		break;
	case PROC_NOT_STARTED:
		snprintf(text, size, "could not be started: %s", strerror(outcome->code));
		break;
	}
	return text;
}
