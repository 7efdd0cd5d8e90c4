/* SPDX-License-Identifier: Apache-2.0 */
/* infra console: reads expressions, prints their values as the language writes them. */
#include "base/buf.h"
#include "base/file.h"
#include "cmd/infra/session.h"
#include "lang/eval/console.h"
#include "plans/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct console {
	struct session session;
	struct arena *arena;     /* of the present line */
	struct eval *eval;       /* one of: */
	struct world_eval world; /* in a configuration */
	struct eval plain;       /* without one */
	struct scope scope;
	bool failed;
};

/* ---- names that have a meaning without a configuration ---- */

static const struct value *unknown_reference(struct eval *eval, struct src_range range, const char *summary,
					     const char *text)
{
	diag_error(eval->diags, range, summary, "%s", text);
	return &value_unknown_any;
}

static const struct value *lookup(void *ctx, struct eval *eval, const char *root, struct src_range root_range,
				  const struct lookup_step *steps, size_t count, size_t *consumed)
{
	(void)ctx;
	const char *first = count ? steps[0].name : NULL;
	struct src_range range = count ? src_range_join(root_range, steps[0].range) : root_range;
	*consumed = first ? 1 : 0;
	if (!strcmp(root, "path") && first && (!strcmp(first, "module") || !strcmp(first, "root")))
		return value_string(eval->arena, ".");
	if (!strcmp(root, "path") && first && !strcmp(first, "cwd")) {
		AUTO_FREE char *cwd = getcwd(NULL, 0);
		return value_string(eval->arena, cwd ? cwd : ".");
	}
	if (!strcmp(root, "terraform") && first && !strcmp(first, "workspace"))
		return value_string(eval->arena, "default");
	if (!strcmp(root, "var"))
		return unknown_reference(eval, range, "Reference to undeclared input variable",
					 "There is no configuration here, so there are no variables.");
	if (!strcmp(root, "local"))
		return unknown_reference(eval, range, "Reference to undeclared local value",
					 "There is no configuration here, so there are no local values.");
	return NULL;
}

static void names(void *ctx, void (*add)(void *add_ctx, const char *name), void *add_ctx)
{
	(void)ctx;
	add(add_ctx, "path");
	add(add_ctx, "terraform");
}

/* ---- input ---- */

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0';
}

/* One line, or several while something is open; false at the end of the input. */
static bool read_entry(bool terminal, struct buf *out)
{
	buf_clear(out);
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool any = false;
	for (;;) {
		if (terminal) {
			fputs(any ? ": " : "> ", stdout);
			fflush(stdout);
		}
		len = getline(&line, &cap, stdin);
		if (len < 0)
			break;
		any = true;
		bool blank = is_blank(line);
		buf_add(out, line, (size_t)len);
		if (blank || !console_wants_more(buf_text(out), out->len))
			break;
	}
	free(line);
	return any;
}

/* ---- evaluation ---- */

static void evaluate(struct console *console, const char *text, size_t len)
{
	struct session *session = &console->session;
	const struct src *src = src_add(session->sources, "<console-input>", text, len);
	if (!src) {
		fputs("infra: the console has read too much; please start it anew.\n", stderr);
		console->failed = true;
		return;
	}
	AUTO_BUF struct buf out = BUF_INIT;
	if (console_eval(console->eval, src, &out)) {
		fwrite(buf_text(&out), 1, out.len, stdout);
		fputc('\n', stdout);
	}
	fflush(stdout);
	console->failed |= session_report(session) != EXIT_DONE;
}

static void read_and_evaluate(struct console *console)
{
	AUTO_BUF struct buf entry = BUF_INIT;
	bool terminal = isatty(STDIN_FILENO);
	while (read_entry(terminal, &entry)) {
		const char *text = buf_text(&entry);
		size_t start = strspn(text, " \t\r\n"), len = entry.len;
		while (len > start && strchr(" \t\r\n", text[len - 1]))
			len--;
		if (len == start)
			continue;
		if (len - start == 4 && !strncmp(text + start, "exit", 4))
			break;
		/* A heredoc ends with a newline. */
		evaluate(console, text + start, text[len] == '\n' ? len - start + 1 : len - start);
		arena_reset(console->arena);
	}
	if (terminal)
		fputc('\n', stdout);
}

/* Whether the directory holds plan files; without any, the console knows functions and literals alone. */
static bool has_plan_files(struct arena *arena)
{
	char **files;
	size_t count;
	if (!directory_list(arena, ".", &files, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *end = strrchr(files[i], '.');
		if (*files[i] != '.' && end && (!strcmp(end, ".tf") || !strcmp(end, ".infra") || strstr(files[i], ".tf.json")))
			return true;
	}
	return false;
}

/* The names of the root module, with the state's values where there is a state. */
static bool prepare(struct console *console)
{
	struct session *session = &console->session;
	if (!has_plan_files(session->arena)) {
		console->plain = (struct eval){
			.arena = console->arena,
			.scope = &console->scope,
			.diags = &session->diags,
			.sources = session->sources,
			.plan_time = time(NULL),
		};
		console->eval = &console->plain;
		return true;
	}
	if (!session_load_config(session) || !session_load_variables(session))
		return false;
	if (access(session->state_path, F_OK) == 0 && !session_open_state(session, true, "console"))
		return false;
	if (!session_new_engine(session, NULL, NULL) ||
	    !engine_eval_init(session->engine, &console->world, console->arena, &session->diags))
		return false;
	console->eval = &console->world.eval;
	return !diags_has_errors(&session->diags);
}

int cmd_console(int argc, char **argv)
{
	struct console console = {.arena = arena_new(), .scope = {.lookup = lookup, .names = names}};
	int code;
	int at = session_options(&console.session, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE,
				 "Usage: infra console [OPTION...]\n\nReads expressions, one a line (or more lines where brackets are "
				 "open), and prints their values, among the names of the root module, with what the state knows. Data "
				 "sources are read when a line first asks for them.",
				 &code);
	if (at >= 0 && at < argc) {
		fprintf(stderr, "infra console: unexpected argument \"%s\"\n", argv[at]);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		bool ready = prepare(&console);
		code = session_report(&console.session);
		if (ready) {
			read_and_evaluate(&console);
			code = console.failed ? EXIT_FAILED : EXIT_DONE;
		}
	}
	session_release(&console.session);
	arena_free(console.arena);
	return code;
}
