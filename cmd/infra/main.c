/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/command.h"

#include "base/base.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
	{"init", cmd_init, "Say what a project needs before it is planned: nothing", false},
	{"validate", cmd_validate, "Check the plan files without credentials and requests", false},
	{"plan", cmd_plan, "Show what would change", false},
	{"apply", cmd_apply, "Make it so", false},
	{"destroy", cmd_destroy, "Leave nothing behind", false},
	{"hosts", cmd_hosts, "List the hosts", false},
	{"ssh", cmd_ssh, "Go to a host", false},
	{"push", cmd_push, "Copy files to a host", false},
	{"pull", cmd_pull, "Copy files from a host", false},
	{"tunnel", cmd_tunnel, "Bring ports of hosts to this machine", false},
	{"doctor", cmd_doctor, "Check what infra needs, and say how to mend it", false},
	{"sandbox", cmd_sandbox, "A cloud on this machine, to rehearse in", false},
	{"console", cmd_console, "Evaluate expressions, one a line", true},
	{"fmt", cmd_fmt, "Bring plan files into the canonical layout", true},
	{"force-unlock", cmd_force_unlock, "Take away what a run has left of its lock", true},
	{"get", cmd_get, "List the modules that are called", true},
	{"graph", cmd_graph, "Print which resource needs which, for Graphviz", true},
	{"import", cmd_import, "Take an object that exists into the state", true},
	{"output", cmd_output, "Show outputs", true},
	{"providers", cmd_providers, "List the providers in use, and print their schemas", true},
	{"refresh", cmd_refresh, "Record in the state what is found different", true},
	{"show", cmd_show, "Show the state or a saved plan", true},
	{"ssh-config", cmd_ssh_config, "Write what ssh, scp, rsync and VS Code need to reach the hosts", true},
	{"state", cmd_state, "List, show, move, forget, take over and hand back what the state holds", true},
	{"taint", cmd_taint, "Have an object replaced by the next apply", true},
	{"types", cmd_types, "List the AWS types, or check type files against AWS's models", true},
	{"untaint", cmd_untaint, "Count an object as sound again", true},
	{"version", cmd_version, "Show the version", true},
	{"workspace", cmd_workspace, "Show the workspace", true},
	{NULL, NULL, NULL, false},
};

static void usage(FILE *out)
{
	fputs("Usage: infra [-chdir=DIR] COMMAND [OPTION...]\n\nMain commands:\n", out);
	for (int plumbing = 0; plumbing < 2; plumbing++) {
		if (plumbing)
			fputs("\nOther commands:\n", out);
		for (const struct command *command = commands; command->name; command++) {
			if (command->plumbing == (plumbing != 0))
				fprintf(out, "  %-12s %s\n", command->name, command->help);
		}
	}
	fputs("\n`infra COMMAND -help` shows a command's options.\n", out);
}

/* A stream that the caller has closed goes nowhere: its number must not become that of the state's lock. */
static void open_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_FAILED);
	}
}

/* What was printed must have arrived for the command to have succeeded. A reader that wants no more (a pager, head) is no mistake. */
static int close_output(int code)
{
	errno = 0;
	bool failed = fflush(stdout) != 0;
	int error = errno;
	if (!failed && !ferror(stdout))
		return code;
	struct pollfd output = {.fd = STDOUT_FILENO};
	if (poll(&output, 1, 0) == 1 && (output.revents & POLLERR))
		return code;
	fprintf(stderr, "infra: the output could not be written%s%s\n", error ? ": " : "", error ? strerror(error) : "");
	return code == EXIT_DONE ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
	open_streams();
	file_keep_private(); /* state, plans and logs */
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	int at = 1;
	for (; at < argc && argv[at][0] == '-'; at++) {
		const char *option = argv[at] + (argv[at][1] == '-' ? 2 : 1);
		if (!strncmp(option, "chdir=", 6)) {
			if (chdir(option + 6) < 0) {
				fprintf(stderr, "infra: cannot work in the directory %s: %s\n", option + 6, strerror(errno));
				return EXIT_FAILED;
			}
		} else if (!strcmp(option, "help") || !strcmp(option, "h")) {
			usage(stdout);
			return close_output(EXIT_DONE);
		} else if (!strcmp(option, "version") || !strcmp(option, "v")) {
			return close_output(cmd_version(1, (char *[]){"version", NULL}));
		} else {
			fprintf(stderr, "infra: there is no option %s before the command; options of a command stand behind it\n", argv[at]);
			return EXIT_USAGE;
		}
	}
	if (at == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return close_output(run_command(argc - at, argv + at, commands, ""));
}
