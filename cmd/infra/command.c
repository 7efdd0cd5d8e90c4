/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/command.h"

#include "base/base.h"
#include "base/diag.h"

#include <stdio.h>
#include <string.h>

#ifndef INFRA_VERSION
#define INFRA_VERSION "0.1.0"
#endif

const char program_version[] = INFRA_VERSION;

static int unknown_command(const struct command *table, const char *prefix, const char *name)
{
	const char *names[64];
	size_t count = 0;
	for (const struct command *command = table; command->name && count < ARRAY_LEN(names); command++)
		names[count++] = command->name;
	const char *near = nearest_name(name, names, count);
	fprintf(stderr, "infra: there is no command \"%s%s\".", prefix, name);
	if (near)
		fprintf(stderr, " Did you mean \"%s%s\"?", prefix, near);
	fprintf(stderr, "\n`infra %s-help` lists the commands.\n", prefix);
	return EXIT_USAGE;
}

int run_command(int argc, char **argv, const struct command *table, const char *prefix)
{
	for (const struct command *command = table; command->name; command++) {
		if (!strcmp(command->name, argv[0]))
			return command->run(argc, argv);
	}
	return unknown_command(table, prefix, argv[0]);
}

int run_subcommand(int argc, char **argv, const struct command *table, const char *usage_text)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	bool help = word && (!strcmp(word, "-help") || !strcmp(word, "--help") || !strcmp(word, "-h"));
	if (!word || help) {
		FILE *out = help ? stdout : stderr;
		fprintf(out, "%s\n\nCommands:\n", usage_text);
		for (const struct command *command = table; command->name; command++)
			fprintf(out, "  %-12s %s\n", command->name, command->help);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	char prefix[64];
	snprintf(prefix, sizeof(prefix), "%s ", argv[0]);
	return run_command(argc - 1, argv + 1, table, prefix);
}
