/* SPDX-License-Identifier: Apache-2.0 */
/* A subcommand: a row of the table, and what the rows share. */
#pragma once

#include <stdbool.h>

/* What the shell sees: 0 done, 1 failed, 2 `plan -detailed-exitcode` found changes, 3 usage. */
enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_CHANGES = 2, EXIT_USAGE = 3 };

/* argv[0] is the command's name. */
typedef int (*command_fn)(int argc, char **argv);

struct command {
	const char *name;
	command_fn run;
	const char *help; /* one line */
	bool plumbing;    /* listed after the main ones */
};

/* Tables are ended by a row without a name. */

/* Runs the command that argv[0] names; `prefix` ("state ") is what stands before it. One that is not there: told, EXIT_USAGE. */
int run_command(int argc, char **argv, const struct command *table, const char *prefix);
/* Runs the subcommand that argv[1] names; `usage` stands above their list. */
int run_subcommand(int argc, char **argv, const struct command *table, const char *usage);

extern const char program_version[];

int cmd_apply(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_fmt(int argc, char **argv);
int cmd_force_unlock(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_output(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_providers(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_push(int argc, char **argv);
int cmd_refresh(int argc, char **argv);
int cmd_sandbox(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_ssh(int argc, char **argv);
int cmd_ssh_config(int argc, char **argv);
int cmd_state(int argc, char **argv);
int cmd_taint(int argc, char **argv);
int cmd_tunnel(int argc, char **argv);
int cmd_types(int argc, char **argv);
int cmd_untaint(int argc, char **argv);
int cmd_validate(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_workspace(int argc, char **argv);
