/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands need before they can begin: options, configuration, variables, state, engine. */
#pragma once

#include "base/loop.h"
#include "base/vec.h"
#include "cmd/infra/command.h"
#include "plans/engine.h"

/* Which of the shared options a command takes. */
enum session_options {
	OPTIONS_CONFIG = 1u << 0, /* -var -var-file -ignore-backend */
	OPTIONS_STATE = 1u << 1,  /* -lock-timeout -state */
	OPTIONS_PLAN = 1u << 2,   /* -destroy -refresh -minimal-refresh -refresh-only -target -exclude -replace -parallelism */
	OPTIONS_OUT = 1u << 3,    /* -out -detailed-exitcode */
	OPTIONS_APPLY = 1u << 4,  /* -auto-approve */
};

struct session {
	/* options */
	unsigned takes;
	VEC(struct variable_source) variables;
	VEC(const char *) targets, excludes, replaces;
	struct plan_options plan;
	const char *out, *state_path;
	bool detailed_exit, auto_approve, no_input, no_color, json, ignore_backend, help;
	int64_t lock_timeout_ms;
	unsigned parallelism;
	/* what is prepared */
	struct arena *arena;
	struct src_set *sources;
	struct diags diags;
	struct loop *loop;
	struct config *config;
	struct map inputs;
	struct state *state;
	struct engine *engine;
	bool color; /* of standard output */
	bool error_color;
	unsigned width;
};

/*
 * Reads the options of a command; `usage` is its help. Operands are left in argv from the returned
 * index on; -1 after a mistake (told) with *code set, or after -help.
 */
int session_options(struct session *session, int argc, char **argv, unsigned takes, const char *usage, int *code);
void session_release(struct session *session);

/* The steps, each false after diagnostics. */
bool session_load_config(struct session *session);
bool session_load_variables(struct session *session);
bool session_open_state(struct session *session, bool read_only, const char *operation);
bool session_new_engine(struct session *session, void (*event)(void *ctx, const struct engine_event *event), void *ctx);

/* Prints what diagnostics there are and forgets them; EXIT_FAILED when there were errors, else EXIT_DONE. */
int session_report(struct session *session);
/* A question on the terminal; true for "yes". */
bool session_confirm(struct session *session, const char *question);
