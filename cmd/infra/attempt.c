/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/attempt.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NO_CONNECTION = 255, RSYNC_CUT_OFF = 12, NOT_STARTED = 127 };

static pid_t child;
static volatile sig_atomic_t was_signalled;

/* Ctrl-C reaches all of the terminal's group, the child among them; what a process sends reaches us alone. */
static void pass_on(int signo, siginfo_t *info, void *context)
{
	int kept = errno;
	(void)context;
	was_signalled = 1;
	if (child > 0 && info->si_code <= 0)
		kill(child, signo);
	errno = kept;
}

static const int passed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT};

/* What was ignored before us (nohup, a script's &) stays so, for the child too. */
static void take_signals(bool take)
{
	struct sigaction ours = {.sa_flags = SA_RESTART | SA_SIGINFO}, usual = {.sa_handler = SIG_DFL}, before;
	ours.sa_sigaction = pass_on;
	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
		sigaction(passed_on[i], NULL, &before);
		if ((before.sa_flags & SA_SIGINFO) || before.sa_handler != SIG_IGN)
			sigaction(passed_on[i], take ? &ours : &usual, NULL);
	}
}

static void become(char **argv)
{
	umask((mode_t)file_user_mask());
	execvp(argv[0], argv);
	bool absent = errno == ENOENT;
	fprintf(stderr, "infra: %s cannot be started: %s%s%s\n", argv[0], strerror(errno), absent ? "; install it: apt-get install " : "",
		!absent ? "" : !strcmp(argv[0], "ssh") ? "openssh-client" : argv[0]);
	_exit(NOT_STARTED);
}

static bool start(char **argv)
{
	pid_t us = getpid();
	sigset_t held, before;
	sigfillset(&held);
	sigprocmask(SIG_BLOCK, &held, &before); /* a signal finds either no child, or one that can be told */
	was_signalled = 0;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != us)
			_exit(NO_CONNECTION);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		become(argv);
	}
	take_signals(true);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child < 0)
		fprintf(stderr, "infra: no process for %s: %s\n", argv[0], strerror(errno));
	return child > 0;
}

static int run(char **argv)
{
	int status;
	if (!start(argv))
		return NOT_STARTED;
	for (;;) {
		if (waitpid(child, &status, WUNTRACED) < 0) {
			if (errno == EINTR)
				continue;
			bug("%s cannot be waited for: %s", argv[0], strerror(errno));
		}
		if (!WIFSTOPPED(status))
			break;
		raise(SIGSTOP); /* ssh's ~^Z stops ssh alone: the shell that started us wants its turn */
		kill(child, SIGCONT);
	}
	child = 0;
	take_signals(false);
	if (WIFSIGNALED(status)) {
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static void forget_words(struct attempt *attempt)
{
	for (char **word = attempt->argv; word && *word; word++)
		free(*word);
	free(attempt->argv);
	attempt->argv = NULL;
}

bool attempt_is_cut_off(const char *program, int code)
{
	return code == NO_CONNECTION || (code == RSYNC_CUT_OFF && !strcmp(program, "rsync"));
}

int attempt_run(int argc, char **argv, attempt_fn prepare)
{
	struct attempt attempt = {0};
	int code = prepare(argc, argv, &attempt);
	fflush(NULL);
	if (attempt.argv) {
		attempt.began_ms = (int64_t)time(NULL) * 1000;
		code = run(attempt.argv);
		bool failed = attempt_is_cut_off(attempt.argv[0], code);
		forget_words(&attempt);
		if (failed && !was_signalled) {
			attempt.again = true;
			prepare(argc, argv, &attempt);
			fflush(NULL);
			if (attempt.argv)
				code = run(attempt.argv);
			forget_words(&attempt);
		}
	}
	free(attempt.way);
	return code;
}
