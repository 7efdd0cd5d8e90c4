/* SPDX-License-Identifier: Apache-2.0 */
/* infra console: reads expressions, prints their values as the language writes them. */
#include "base/buf.h"
#include "cmd/infra/command.h"
#include "lang/eval/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct console {
	struct arena *arena; /* of the present line */
	struct src_set *sources;
	struct diags diags;
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

static void show_diags(struct console *console)
{
	AUTO_BUF struct buf text = BUF_INIT;
	diags_print(&console->diags, console->sources, isatty(STDERR_FILENO), 78, &text);
	fputs(buf_text(&text), stderr);
	fflush(stderr);
	console->failed |= diags_has_errors(&console->diags);
	diags_clear(&console->diags);
}

static void evaluate(struct console *console, const char *text, size_t len)
{
	const struct src *src = src_add(console->sources, "<console-input>", text, len);
	if (!src) {
		fputs("infra: the console has read too much; please start it anew.\n", stderr);
		console->failed = true;
		return;
	}
	struct eval eval = {
		.arena = console->arena,
		.scope = &console->scope,
		.diags = &console->diags,
		.sources = console->sources,
		.plan_time = time(NULL),
	};
	AUTO_BUF struct buf out = BUF_INIT;
	if (console_eval(&eval, src, &out)) {
		fwrite(buf_text(&out), 1, out.len, stdout);
		fputc('\n', stdout);
	}
	fflush(stdout);
	show_diags(console);
}

int cmd_console(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "infra console: unexpected argument \"%s\"\n", argv[1]);
		return EXIT_USAGE;
	}
	struct console console = {
		.arena = arena_new(),
		.sources = src_set_new(),
		.scope = {.lookup = lookup, .names = names},
	};
	diags_init(&console.diags);
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
		evaluate(&console, text + start, text[len] == '\n' ? len - start + 1 : len - start);
		arena_reset(console.arena);
	}
	if (terminal)
		fputc('\n', stdout);
	diags_release(&console.diags);
	src_set_free(console.sources);
	arena_free(console.arena);
	return console.failed ? EXIT_FAILED : EXIT_DONE;
}
