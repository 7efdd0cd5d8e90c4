/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `infra sandbox` share. */
#pragma once

#include "base/base.h"

struct arena;

struct sandbox_option {
	const char *name;
	bool word; /* takes a value */
	const char **value; /* receives it, "" where none was given */
};
struct sandbox_options {
	struct arena *arena;
	const char *dir;
	size_t takes; /* words at most; set before */
	const char *word[4]; /* what stands there beside options */
	size_t words;
	int code; /* to leave with */
};
/* Reads -dir and what the table names. False when the command is done: help, or a mistake. Release in each case. */
bool sandbox_options(struct sandbox_options *o, int argc, char **argv, const struct sandbox_option *table, const char *help);
void sandbox_release(struct sandbox_options *o);
const char *sandbox_directory(struct arena *arena, const char *given);
/* The world that the environment makes AWS of (its endpoint and keys, see `infra sandbox env`); NULL when it does not. */
const char *sandbox_in_use(struct arena *arena);
/* Gives an order to what runs there, and prints what it says, else `done`. An exit code. */
int sandbox_give_order(const char *dir, const char *order, const char *done);

int sandbox_console(int argc, char **argv);
int sandbox_shims(int argc, char **argv);
int sandbox_shim(int argc, char **argv);
int sandbox_log(int argc, char **argv);
int sandbox_fault(int argc, char **argv);
int sandbox_connect(int argc, char **argv);
int sandbox_host_key(int argc, char **argv);
int sandbox_ssh_config(int argc, char **argv);
