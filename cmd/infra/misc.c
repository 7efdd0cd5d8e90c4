/* SPDX-License-Identifier: Apache-2.0 */
/* Small commands. */
#include "cmd/infra/session.h"

#include <stdio.h>
#include <string.h>

int cmd_init(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra init [OPTION...]\n\nThere is nothing to download or to prepare; checks that the plan files can be read.",
				 &code);
	if (at >= 0) {
		session_load_config(&s);
		code = session_report(&s);
		if (code == EXIT_DONE)
			puts("Nothing needs to be prepared: the providers are part of infra, and modules are read where they stand.\n\n    infra "
			     "plan");
	}
	session_release(&s);
	return code;
}

int cmd_validate(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra validate [OPTION...]\n\nChecks the plan files without credentials, state and requests.", &code);
	if (at >= 0) {
		if (session_load_config(&s) && session_new_engine(&s, NULL, NULL))
			engine_validate(s.engine, &s.diags);
		code = session_report(&s);
		if (code == EXIT_DONE)
			puts("The configuration is valid.");
	}
	session_release(&s);
	return code;
}

int cmd_version(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("infra v%s\n", program_version);
	return EXIT_DONE;
}
