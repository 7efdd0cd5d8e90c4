/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and writes to a file what it took: seconds on the clock, seconds of processor,
 * the largest resident size in bytes of it and of any of its children that it waited for, and its exit code.
 *
 *   measure FILE COMMAND [ARGUMENT...]
 *
 * A program of its own because it is small: a child begins with the size of what started it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	struct rusage usage;
	int status;
	if (argc < 3)
		return 3;
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid_t pid = vfork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return 3;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	FILE *out = fopen(argv[1], "we");
	if (!out)
		return 3;
	fprintf(out, "%.6f %.6f %ld %d\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
		seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss * 1024,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(out) ? 3 : 0;
}
