/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh, rsync: a program that goes to a host, run on our terminal as if we were it. Where it did not get there, the cloud is
 * asked whether the host is another way by now, and if so it is run once more.
 */
#pragma once

#include "base/base.h"

struct attempt {
	bool again;       /* the first one has failed: `way` and `began_ms` are its */
	char **argv;      /* of the program, once all is ready for it; on the heap, as all here */
	char *way;        /* the hosts gone through, and their addresses then */
	int64_t began_ms; /* since 1970 */
};

/*
 * A command that makes everything ready for the program and leaves its words in attempt->argv, or returns the exit code. It is
 * called a second time, with `again`, where the program ended as it does without a connection.
 */
typedef int (*attempt_fn)(int argc, char **argv, struct attempt *attempt);

/* Whether ssh or rsync ends so where it got no connection; it may mean something else, too. */
bool attempt_is_cut_off(const char *program, int code);

/*
 * Runs the command and its program. While that runs it has the terminal, signals reach it, and nothing of ours is held open. The
 * program's exit code; where a signal ended it, we end by the same.
 */
int attempt_run(int argc, char **argv, attempt_fn prepare);
