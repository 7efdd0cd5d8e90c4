/* SPDX-License-Identifier: Apache-2.0 */
/* infra types: what the AWS types are, and whether their files hold. */
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "cmd/infra/command.h"
#include "plans/config/config.h"
#include "providers/aws/form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char usage[] =
	"Usage: infra types check [NAME|FILE...]\n"
	"       infra types list\n"
	"       infra types explain NAME...\n"
	"\n"
	"check  Holds type files against AWS's published models: every operation, request member, answer path\n"
	"       and value of an enum that a file names must be there, what is required must be sent, and every\n"
	"       argument must have a place. NAME is a type (\"aws_vpc\", \"data.aws_ami\"), FILE a type file of yours\n"
	"       (*.hcl); without either, all types are checked.\n"
	"list   Prints the names of all types and data sources.\n"
	"explain  Prints pages about types: arguments with what they may be and what a change does, attributes, imports,\n"
	"       the calls that are made, timeouts, and the permissions that all this needs.\n"
	"\n"
	"Files types/*.hcl in the working directory add types to those of the program.\n";

static int list(void)
{
	for (int data = 0; data < 2; data++) {
		size_t count;
		const char *const *names = aws_type_names(data, &count);
		for (size_t i = 0; i < count; i++)
			printf("%s%s\n", data ? "data." : "", names[i]);
	}
	return EXIT_DONE;
}

static const struct aws_type *find_type(const char *name, struct diags *diags)
{
	bool data = !strncmp(name, "data.", 5);
	size_t errors = diags->error_count;
	const struct aws_type *type = aws_type_find(data ? name + 5 : name, data, diags);
	if (!type && diags->error_count == errors) {
		size_t count;
		const char *const *names = aws_type_names(data, &count);
		const char *near = nearest_name(data ? name + 5 : name, names, count);
		diag_error(diags, SRC_NOWHERE, "No such type", "There is no type file for \"%s\".%s%s%s%s", name, near ? " Did you mean \"" : "",
			   near && data ? "data." : "", near ? near : "", near ? "\"?" : "");
	}
	return type;
}

static bool check_type(const char *name, struct form_counts *counts, unsigned *types, struct diags *diags)
{
	const struct aws_type *type = find_type(name, diags);
	if (!type)
		return false;
	++*types;
	return type->hook && !type->service ? true : aws_type_check(type, counts, diags);
}

static int explain(int count, char **names)
{
	struct diags diags;
	struct winsize window;
	diags_init(&diags);
	unsigned width = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 40 ? window.ws_col : 100;
	AUTO_BUF struct buf out = BUF_INIT;
	for (int i = 0; i < count; i++) {
		const struct aws_type *type = find_type(names[i], &diags);
		if (type && out.len)
			buf_adds(&out, "\n\n");
		if (type)
			aws_type_explain(type, width, &out);
	}
	fputs(buf_text(&out), stdout);
	buf_clear(&out);
	diags_print(&diags, NULL, isatty(STDERR_FILENO), 0, &out);
	fputs(buf_text(&out), stderr);
	bool failed = diags_has_errors(&diags);
	diags_release(&diags);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* The types of a user's file: "type" and "data" blocks' names are those that were not there before. */
static bool add_file(const char *path, struct diags *diags)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read(path, 0, &text)) {
		diag_error(diags, SRC_NOWHERE, "Cannot read the file", "%s: %s.", path, strerror(errno));
		return false;
	}
	return aws_types_add_file(path, buf_text(&text), text.len, diags);
}

static int check(int count, char **names)
{
	struct diags diags;
	struct form_counts counts = {0};
	unsigned types = 0;
	diags_init(&diags);
	bool all = count == 0, files = false;
	for (int i = 0; i < count; i++) {
		size_t len = strlen(names[i]);
		if (len > 4 && !strcmp(names[i] + len - 4, ".hcl"))
			files |= add_file(names[i], &diags);
		else
			check_type(names[i], &counts, &types, &diags);
	}
	for (int data = 0; (all || files) && data < 2; data++) {
		size_t known;
		const char *const *list = aws_type_names(data, &known);
		for (size_t i = 0; i < known; i++) {
			char name[256];
			snprintf(name, sizeof(name), "%s%s", data ? "data." : "", list[i]);
			check_type(name, &counts, &types, &diags);
		}
	}
	AUTO_BUF struct buf out = BUF_INIT;
	diags_print(&diags, NULL, isatty(STDERR_FILENO), 0, &out);
	fputs(buf_text(&out), stderr);
	bool failed = diags_has_errors(&diags);
	if (!failed)
		printf("%u types hold: %u calls, %u request members, %u required ones, %u answer paths, %u bound attributes, %u values.\n",
		       types, counts.calls, counts.request_members, counts.required, counts.answer_paths, counts.bound, counts.values);
	diags_release(&diags);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* Those of the project in the working directory count as ours do. */
static bool load_own(void)
{
	struct diags diags;
	struct arena *arena = arena_new();
	diags_init(&diags);
	bool ok = config_load_types(arena, ".", &diags);
	AUTO_BUF struct buf out = BUF_INIT;
	diags_print(&diags, NULL, isatty(STDERR_FILENO), 0, &out);
	fputs(buf_text(&out), stderr);
	diags_release(&diags);
	arena_free(arena);
	return ok;
}

int cmd_types(int argc, char **argv)
{
	if (argc >= 2 && argv[1][0] != '-' && !load_own())
		return EXIT_FAILED;
	if (argc >= 2 && !strcmp(argv[1], "check"))
		return check(argc - 2, argv + 2);
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc >= 3 && !strcmp(argv[1], "explain") && argv[2][0] != '-')
		return explain(argc - 2, argv + 2);
	bool help = argc >= 2 && (!strcmp(argv[1], "-help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
	fputs(usage, help ? stdout : stderr);
	return help ? EXIT_DONE : EXIT_USAGE;
}
