/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"
#include "cmd/infra/commands.h"

#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"console", cmd_console, "Evaluate expressions, one a line"},
};

static void print_usage(FILE *out)
{
	fputs("usage: infra COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "-help") || !strcmp(argv[1], "--help")) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "infra: there is no command \"%s\"\n\n", argv[1]);
	print_usage(stderr);
	return EXIT_USAGE;
}
