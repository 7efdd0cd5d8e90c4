/* SPDX-License-Identifier: Apache-2.0 */
/* infra fmt: options, exit status and output are those of `terraform fmt`. */
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/vec.h"
#include "cmd/infra/command.h"
#include "lang/syntax/format.h"
#include "lang/syntax/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_DONE = 0, STATUS_USAGE = 1, STATUS_FAILED = 2, STATUS_NOT_FORMATTED = 3 };

static const char help[] =
	"usage: infra fmt [OPTION...] [FILE|DIRECTORY|-]...\n"
	"\n"
	"Brings plan files into the canonical layout: *.tf, *.tfvars, *.infra, *.tftest.hcl. Without\n"
	"arguments those in the working directory. \"-\" reads standard input and writes the result to\n"
	"standard output. The names of files that were changed are printed.\n"
	"\n"
	"  -check        change nothing; exit status 3 if anything is not formatted\n"
	"  -diff         print the changes\n"
	"  -list=false   don't print the names\n"
	"  -write=false  don't write files\n"
	"  -recursive    also in the directories inside\n"
	"  -no-color     messages without colours\n"
	"\n"
	"Exit status: 0 done, 1 wrong usage, 2 a file could not be read, parsed or written, 3 see -check.\n";

static const char *const suffixes[] = {".tf", ".tfvars", ".infra", ".tftest.hcl", ".tfmock.hcl"};

struct fmt {
	bool check, diff, list, write, recursive, no_color;
	bool failed, unformatted;
	struct src_set *sources;
	struct arena *arena;
	struct diags diags;
};

/* ---- the differences ---- */

struct text_line {
	const char *text;
	size_t len; /* with its newline */
};

typedef VEC(struct text_line) line_vec;

static void split_lines(const struct buf *text, line_vec *lines)
{
	const char *at = buf_text(text), *end = at + text->len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		vec_add(lines, (struct text_line){at, (size_t)(next - at)});
		at = next;
	}
}

static bool same_line(const line_vec *a, size_t i, const line_vec *b, size_t j)
{
	return i < a->count && j < b->count && a->items[i].len == b->items[j].len &&
	       !memcmp(a->items[i].text, b->items[j].text, a->items[i].len);
}

/*
 * Formatting keeps nearly all line breaks, so that lines are compared side by side; where a few
 * were taken out or added, the nearest pair of equal lines is looked for.
 */
static void skip_difference(const line_vec *a, size_t *i, const line_vec *b, size_t *j)
{
	enum { WINDOW = 64 };
	for (size_t k = 1; k < WINDOW; k++) {
		if (same_line(a, *i + k, b, *j + k)) {
			*i += k;
			*j += k;
			return;
		}
	}
	for (size_t sum = 1; sum < WINDOW; sum++) {
		for (size_t k = 0; k <= sum; k++) {
			if (same_line(a, *i + k, b, *j + sum - k)) {
				*i += k;
				*j += sum - k;
				return;
			}
		}
	}
	/* Nothing is equal nearby: one line for one. */
	*i += *i < a->count;
	*j += *j < b->count;
}

struct change {
	size_t a, a_end, b, b_end;
};

static void print_side(char mark, const line_vec *lines, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct text_line *line = &lines->items[i];
		putchar(mark);
		fwrite(line->text, 1, line->len, stdout);
		if (line->text[line->len - 1] != '\n')
			fputs("\n\\ No newline at end of file\n", stdout);
	}
}

static void print_range(char mark, size_t start, size_t end)
{
	size_t count = end - start;
	/* An empty range names the line before it. */
	printf("%c%zu", mark, count ? start + 1 : start);
	if (count != 1)
		printf(",%zu", count);
}

/* Changes `first` to before `end` with their context make one hunk. */
static void print_hunk(const line_vec *a, const line_vec *b, const struct change *first,
		       const struct change *end)
{
	enum { CONTEXT = 3 };
	size_t before = first->a < CONTEXT ? first->a : CONTEXT;
	size_t left = a->count - end[-1].a_end, after = left < CONTEXT ? left : CONTEXT;
	fputs("@@ ", stdout);
	print_range('-', first->a - before, end[-1].a_end + after);
	putchar(' ');
	print_range('+', first->b - before, end[-1].b_end + after);
	fputs(" @@\n", stdout);
	size_t at = first->a - before;
	for (const struct change *change = first; change < end; change++) {
		print_side(' ', a, at, change->a);
		print_side('-', a, change->a, change->a_end);
		print_side('+', b, change->b, change->b_end);
		at = change->a_end;
	}
	print_side(' ', a, at, at + after);
}

/* A unified diff. */
static void print_diff(const char *name, const struct buf *before, const struct buf *after)
{
	line_vec a = {0}, b = {0};
	VEC(struct change) changes = {0};
	split_lines(before, &a);
	split_lines(after, &b);
	for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
		if (same_line(&a, i, &b, j)) {
			i++;
			j++;
			continue;
		}
		struct change change = {i, i, j, j};
		do
			skip_difference(&a, &i, &b, &j);
		while ((i < a.count || j < b.count) && !same_line(&a, i, &b, j));
		change.a_end = i;
		change.b_end = j;
		vec_add(&changes, change);
	}
	printf("--- old/%s\n+++ new/%s\n", name, name);
	for (size_t start = 0, end; start < changes.count; start = end) {
		for (end = start + 1;
		     end < changes.count && changes.items[end].a - changes.items[end - 1].a_end <= 6;)
			end++;
		print_hunk(&a, &b, &changes.items[start], &changes.items[start] + (end - start));
	}
	vec_free(&a);
	vec_free(&b);
	vec_free(&changes);
}

/* ---- files ---- */

static void fail(struct fmt *f, const char *path, const char *doing)
{
	diag_error(&f->diags, SRC_NOWHERE, "File trouble", "%s can't be %s: %s.", path, doing,
		   strerror(errno));
	f->failed = true;
}

static bool has_suffix(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t n = strlen(path), m = strlen(suffixes[i]);
		if (n > m && !strcmp(path + n - m, suffixes[i]))
			return true;
	}
	return false;
}

/* Through symbolic links, and with the permissions the file has. */
static void write_file(struct fmt *f, const char *path, const struct buf *text)
{
	AUTO_FREE char *real = realpath(path, NULL);
	struct stat st;
	if (!real || stat(real, &st) || !file_write(real, buf_text(text), text->len, st.st_mode & 07777))
		fail(f, path, "written");
}

static void format_one(struct fmt *f, const char *name, const struct buf *text, bool is_stdin)
{
	struct buf out = BUF_INIT;
	size_t errors = f->diags.error_count;
	const struct src *src = src_add(f->sources, name, buf_text(text), text->len);
	if (!src) {
		errno = EFBIG;
		fail(f, name, "read");
		return;
	}
	parse_file(f->arena, src, &f->diags);
	if (f->diags.error_count > errors) {
		f->failed = true;
		return;
	}
	format_text(src, &out);
	if (is_stdin && (!out.len || out.ptr[out.len - 1] != '\n'))
		buf_addc(&out, '\n');
	bool changed = out.len != text->len || memcmp(buf_text(&out), buf_text(text), out.len);
	f->unformatted = f->unformatted || changed;
	if (changed && f->list && !is_stdin)
		puts(name);
	if (changed && f->diff)
		print_diff(name, text, &out);
	if (changed && f->write && !is_stdin)
		write_file(f, name, &out);
	bool show = is_stdin ? !f->diff && !f->check : !f->list && !f->write && !f->diff && !f->check;
	if (show)
		fwrite(buf_text(&out), 1, out.len, stdout);
	buf_release(&out);
}

static void format_file(struct fmt *f, const char *path)
{
	struct buf text = BUF_INIT;
	const char *endless = file_endless(path);
	if (endless) {
		diag_error(&f->diags, SRC_NOWHERE, "File trouble", "%s is %s, not a file.", path, endless);
		f->failed = true;
	} else if (file_read(path, 0, &text))
		format_one(f, path, &text, false);
	else
		fail(f, path, "read");
	buf_release(&text);
}

static void format_stdin(struct fmt *f)
{
	struct buf text = BUF_INIT;
	char block[65536];
	ssize_t n;
	while ((n = read(STDIN_FILENO, block, sizeof(block))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			buf_add(&text, block, (size_t)n);
	}
	if (n < 0)
		fail(f, "standard input", "read");
	else
		format_one(f, "<stdin>", &text, true);
	buf_release(&text);
}

/* What editors leave behind, and hidden files. */
static bool is_ignored(const char *name)
{
	size_t n = strlen(name);
	return name[0] == '.' || name[n - 1] == '~' || (name[0] == '#' && name[n - 1] == '#');
}

static void format_directory(struct fmt *f, const char *path)
{
	char **names;
	size_t count;
	if (!directory_list(f->arena, path, &names, &count)) {
		fail(f, path, "read");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (is_ignored(names[i]))
			continue;
		const char *inside = path_join(f->arena, path, names[i]);
		struct stat st;
		/* Directories behind symbolic links are left out, so that no circle is followed. */
		if (lstat(inside, &st)) {
			fail(f, inside, "read");
		} else if (S_ISDIR(st.st_mode)) {
			if (f->recursive)
				format_directory(f, inside);
		} else if (has_suffix(names[i])) {
			format_file(f, inside);
		}
	}
}

static void format_path(struct fmt *f, const char *path)
{
	struct stat st;
	path = path_clean(f->arena, path);
	if (stat(path, &st))
		fail(f, path, "read");
	else if (S_ISDIR(st.st_mode))
		format_directory(f, path);
	else if (has_suffix(path))
		format_file(f, path);
	else {
		diag_error(&f->diags, SRC_NOWHERE, "Not a plan file",
			   "%s is left alone, since its name does not end in .tf, .tfvars, .infra or "
			   ".tftest.hcl.",
			   path);
		f->failed = true;
	}
}

/* ---- the command line ---- */

/* "-name", "-name=true", "-name=false", with one dash or two. */
static bool bool_option(const char *arg, const char *name, bool *value)
{
	arg += 1 + (arg[1] == '-');
	size_t n = strlen(name);
	if (strncmp(arg, name, n) || (arg[n] && arg[n] != '='))
		return false;
	const char *text = arg[n] ? arg + n + 1 : "true";
	if (!strcmp(text, "true") || !strcmp(text, "1"))
		*value = true;
	else if (!strcmp(text, "false") || !strcmp(text, "0"))
		*value = false;
	else
		return false;
	return true;
}

static void print_diags(const struct fmt *f)
{
	struct buf out = BUF_INIT;
	bool terminal = isatty(STDERR_FILENO);
	struct winsize size = {0};
	if (terminal)
		ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	bool color = terminal && !f->no_color && !getenv("NO_COLOR");
	diags_print(&f->diags, f->sources, color, size.ws_col, &out);
	fputs(buf_text(&out), stderr);
	buf_release(&out);
}

int cmd_fmt(int argc, char **argv)
{
	struct fmt f = {.list = true, .write = true};
	int first = 1;
	for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
		const char *arg = argv[first];
		bool asked = false;
		if (!strcmp(arg, "--")) {
			first++;
			break;
		}
		if (bool_option(arg, "help", &asked) || bool_option(arg, "h", &asked)) {
			fputs(help, stdout);
			return STATUS_DONE;
		}
		if (bool_option(arg, "check", &f.check) || bool_option(arg, "diff", &f.diff) ||
		    bool_option(arg, "list", &f.list) || bool_option(arg, "write", &f.write) ||
		    bool_option(arg, "recursive", &f.recursive) || bool_option(arg, "no-color", &f.no_color))
			continue;
		fprintf(stderr, "infra fmt: unknown option %s\n\n%s", arg, help);
		return STATUS_USAGE;
	}
	f.sources = src_set_new();
	f.arena = arena_new();
	diags_init(&f.diags);
	f.write = f.write && !f.check;
	if (first == argc)
		format_directory(&f, ".");
	for (int i = first; i < argc; i++) {
		if (!strcmp(argv[i], "-"))
			format_stdin(&f);
		else
			format_path(&f, argv[i]);
	}
	fflush(stdout);
	print_diags(&f);
	f.failed |= ferror(stdout) != 0;
	diags_release(&f.diags);
	arena_free(f.arena);
	src_set_free(f.sources);
	return f.failed ? STATUS_FAILED : f.check && f.unformatted ? STATUS_NOT_FORMATTED : STATUS_DONE;
}
