/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands need before they can begin: options, configuration, variables, state, engine. */
#pragma once

#include "base/buf.h"
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
	OPTIONS_DRY = 1u << 5,    /* -dry-run */
	OPTIONS_TAKE = 1u << 6,   /* -skip-unknown */
	OPTIONS_RAW = 1u << 7,    /* -raw */
	OPTIONS_FORCE = 1u << 8,  /* -force */
};

struct texts {
	const char **items;
	size_t count, cap;
};

struct session {
	/* options */
	unsigned takes;
	VEC(struct variable_source) variables;
	struct texts targets, excludes, replaces;
	struct plan_options plan;
	const char *out, *state_path;
	const char *rehearsal; /* the directory of the sandbox cloud in use, which has its own state; or NULL */
	bool destroy, refresh_only, detailed_exit, auto_approve, no_input, no_color, json, ignore_backend, dry_run, skip_unknown, raw, force;
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
	const struct config_reader *reader; /* where plan files come from; NULL: the disk */
	const char *config_dir;             /* NULL: the working directory */
	bool stream; /* -json of plan and apply: everything goes to standard output as messages, diagnostics too */
	bool color; /* of standard output */
	bool error_color;
	unsigned width, text_width; /* of diagnostics, and of sentences on standard output */
};

/* ---- cmd/infra/options.c ---- */
/*
 * Reads the options of a command; `usage` is its help. Operands are left in argv from the returned
 * index on; -1 after a mistake (told) with *code set, or after -help.
 */
int session_options(struct session *session, int argc, char **argv, unsigned takes, const char *usage, int *code);

/* ---- cmd/infra/session.c ---- */
void session_release(struct session *session);

/* The steps, each false after diagnostics. */
bool session_load_config(struct session *session);
bool session_load_variables(struct session *session);
/* The same for commands that look at a part of the configuration: a variable without a value is unknown, and no error. */
bool session_load_given_variables(struct session *session);
bool session_open_state(struct session *session, bool read_only, const char *operation);
bool session_new_engine(struct session *session, void (*event)(void *ctx, const struct engine_event *event), void *ctx);

/* Opens the state alone: for commands that neither plan nor read plan files. */
bool session_open_state_only(struct session *session, bool read_only, const char *operation);
/* Ends with the changes on disk and a line in the history; false after diagnostics. */
bool session_commit(struct session *session, const char *operation, const char *summary);

/* Prints what diagnostics there are and forgets them; EXIT_FAILED when there were errors, else EXIT_DONE. */
int session_report(struct session *session);
/* A question on the terminal; true for "yes". */
bool session_confirm(struct session *session, const char *question);

struct render_options;
/* How this command's output is to be printed: colours, width, and straight to standard output as it grows. */
struct render_options session_rendering(const struct session *session);
/* Prints the buffer to standard output and empties it. */
void session_print(struct buf *out);
/* The schema of an object's type, or NULL. */
const struct schema *session_schema(struct session *session, const struct object *object);
/* The one object of the open state that an address names; NULL: told that there is none, or that there are several. */
const struct object *session_one_object(struct session *session, const char *text);
/* More operands than the command takes: told, EXIT_USAGE. */
int session_too_many(const char *command, const char *operand);
