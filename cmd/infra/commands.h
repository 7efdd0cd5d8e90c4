/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands: each gets what stands behind its name (argv[0] is the name) and returns the exit code. */
#pragma once

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_CHANGES = 2, EXIT_USAGE = 3 };

int cmd_console(int argc, char **argv);
