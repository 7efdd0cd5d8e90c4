/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes: an argument vector, never a shell. Children get a clean signal mask, default
 * signal handling and no descriptor of ours but the three standard ones.
 */
#pragma once

#include "base/base.h"

struct loop;
struct proc;

enum proc_stream { PROC_STDOUT, PROC_STDERR };
/* A piece of output as it comes, not ended by NUL. */
typedef void (*proc_output_fn)(void *ctx, enum proc_stream stream, const char *bytes, size_t len);

enum proc_flags {
	PROC_INHERIT_INPUT = 1u << 0,  /* our standard input, instead of `input` */
	PROC_INHERIT_OUTPUT = 1u << 1, /* our standard output, not captured */
	PROC_INHERIT_ERROR = 1u << 2,  /* our standard error, not captured */
	PROC_TERMINAL = PROC_INHERIT_INPUT | PROC_INHERIT_OUTPUT | PROC_INHERIT_ERROR,
	PROC_OWN_GROUP = 1u << 3, /* a process group of its own: Ctrl-C does not reach it, and kills reach all of it */
	PROC_END_WITH_US = 1u << 4, /* it gets SIGTERM when we end, however that happens */
};

/* Borrowed until proc_start() returns; `input` until the process has ended. */
struct proc_options {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	/* Added to our environment, NULL-terminated: "NAME=value" sets, "NAME" removes. */
	const char *const *environment;
	const char *directory; /* NULL: ours */
	const void *input;     /* standard input; without it, the child reads an empty one */
	size_t input_len;
	size_t output_limit;      /* bytes kept of each stream; 0: 16 MiB */
	unsigned timeout_ms;      /* 0: none; after it the child is killed */
	unsigned flags;           /* enum proc_flags */
	proc_output_fn on_output; /* gets all output instead of it being kept */
	void *output_ctx;
};

enum proc_result {
	PROC_EXITED,      /* code: 0 to 255 */
	PROC_KILLED,      /* by a signal; code: its number */
	PROC_TIMED_OUT,   /* and killed by us */
	PROC_NOT_STARTED, /* code: errno */
};

struct proc_outcome {
	enum proc_result result;
	int code;
	const char *out, *err; /* NUL-terminated; never NULL */
	size_t out_len, err_len;
	bool cut; /* output went beyond the limit and is incomplete */
};
typedef void (*proc_done_fn)(void *ctx, const struct proc_outcome *outcome);

/* `done` is called once, later, from the loop; then the proc is gone. */
struct proc *proc_start(struct loop *loop, const struct proc_options *options, proc_done_fn done, void *ctx);
/* Sends a signal; it ends as any process does that got one. */
void proc_signal(struct proc *proc, int signo);
/* Kills and reaps it without calling back. */
void proc_abandon(struct proc *proc);
/* 0 when it did not start. */
int proc_pid(const struct proc *proc);

/* Waits for the end on a loop of its own. The outcome's texts are the caller's until proc_outcome_release(). */
struct proc_outcome proc_run(const struct proc_options *options);
void proc_outcome_release(struct proc_outcome *outcome);
/* "exited with code 1", "was killed by signal 9 (Killed)", "could not be started: ...". The buffer is filled anew. */
const char *proc_describe(const struct proc_outcome *outcome, char *text, size_t size);
