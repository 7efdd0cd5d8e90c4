/* SPDX-License-Identifier: Apache-2.0 */
/* The options that commands share: a table, and how each kind of them is taken. */
#include "cmd/infra/session.h"

#include "base/buf.h"
#include "cmd/infra/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum option_kind {
	FLAG,     /* stands alone, or has true or false behind "=" */
	NOT,      /* true or false; the member holds the contrary */
	TEXT,
	LIST,     /* may come several times */
	DURATION, /* into milliseconds */
	COUNT,    /* from 1 */
	STATE_FILE,
	VARIABLE,
	VARIABLE_FILE,
	HELP,
};

#define MEMBER(name) offsetof(struct session, name)

static const struct option_row {
	const char *name;
	enum option_kind kind;
	size_t place;      /* of its member in the session */
	unsigned group;    /* 0: every command */
	const char *value; /* what stands behind "=", for people; NULL: nothing */
	const char *help;
} rows[] = {
	{"auto-approve", FLAG, MEMBER(auto_approve), OPTIONS_APPLY, NULL, "do not ask before changing anything"},
	{"destroy", FLAG, MEMBER(destroy), OPTIONS_PLAN, NULL, "plan to destroy everything"},
	{"detailed-exitcode", FLAG, MEMBER(detailed_exit), OPTIONS_OUT, NULL, "exit with 2 when there are changes"},
	{"dry-run", FLAG, MEMBER(dry_run), OPTIONS_DRY, NULL, "say what would be done, and do nothing"},
	{"exclude", LIST, MEMBER(excludes), OPTIONS_PLAN, "ADDRESS", "leave this, and what needs it, out of the run"},
	{"force", FLAG, MEMBER(force), OPTIONS_FORCE, NULL, "do not ask"},
	{"help", HELP, 0, 0, NULL, "show this"},
	{"ignore-backend", FLAG, MEMBER(ignore_backend), OPTIONS_CONFIG, NULL, "leave a backend block aside"},
	{"input", NOT, MEMBER(no_input), OPTIONS_CONFIG, "false", "never ask on the terminal"},
	{"json", FLAG, MEMBER(json), 0, NULL, "print JSON"},
	{"lock-timeout", DURATION, MEMBER(lock_timeout_ms), OPTIONS_STATE, "DURATION", "wait so long for another run (30s, 5m)"},
	{"minimal-refresh", FLAG, MEMBER(plan.minimal_refresh), OPTIONS_PLAN, NULL, "read only what would change and what that needs"},
	{"no-color", FLAG, MEMBER(no_color), 0, NULL, "print without colours"},
	{"out", TEXT, MEMBER(out), OPTIONS_OUT, "FILE", "save the plan, for `infra apply FILE`"},
	{"parallelism", COUNT, MEMBER(parallelism), OPTIONS_PLAN, "N", "at most N operations at a time"},
	{"raw", FLAG, MEMBER(raw), OPTIONS_RAW, NULL, "print a text, number or bool as it is, without quotes"},
	{"refresh", NOT, MEMBER(plan.no_refresh), OPTIONS_PLAN, "false", "plan by the state alone, without reading"},
	{"refresh-only", FLAG, MEMBER(refresh_only), OPTIONS_PLAN, NULL, "take over what is found, change nothing"},
	{"replace", LIST, MEMBER(replaces), OPTIONS_PLAN, "ADDRESS", "replace this object"},
	{"skip-unknown", FLAG, MEMBER(skip_unknown), OPTIONS_TAKE, NULL, "leave out objects of types that infra does not have"},
	{"state", STATE_FILE, MEMBER(state_path), OPTIONS_STATE, "FILE", "instead of .infra/state.db (in the sandbox cloud .infra/sandbox.db)"},
	{"target", LIST, MEMBER(targets), OPTIONS_PLAN, "ADDRESS", "only this, and what it needs"},
	{"var", VARIABLE, MEMBER(variables), OPTIONS_CONFIG, "NAME=VALUE", "set a variable"},
	{"var-file", VARIABLE_FILE, MEMBER(variables), OPTIONS_CONFIG, "FILE", "set the variables that the file names"},
};

static bool is_taken(const struct option_row *row, unsigned takes)
{
	return !row->group || row->group & takes;
}

static void print_help(const char *usage, unsigned takes)
{
	printf("%s\n\nOptions:\n", usage);
	for (const struct option_row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		AUTO_BUF struct buf left = BUF_INIT;
		if (!is_taken(row, takes))
			continue;
		buf_addf(&left, "-%s%s%s", row->name, row->value ? "=" : "", row->value ? row->value : "");
		printf("  %-24s %s\n", buf_text(&left), row->help);
	}
}

/* "30s", "5m", "1h", "250ms"; false for others. */
static bool parse_duration(const char *text, int64_t *ms)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || errno || n < 0 || n > 1000000000)
		return false;
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!strcmp(end, units[i].unit)) {
			*ms = n * units[i].ms;
			return true;
		}
	}
	return n == 0 && !*end && !(*ms = 0);
}

static bool parse_bool(const char *text, bool *out)
{
	static const char *const words[][2] = {{"true", "false"}, {"1", "0"}, {"t", "f"}, {"T", "F"}, {"TRUE", "FALSE"}, {"True", "False"}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		*out = !strcmp(text, words[i][0]);
		if (*out || !strcmp(text, words[i][1]))
			return true;
	}
	return false;
}

static bool parse_count(const char *text, unsigned *out)
{
	char *end;
	long n = strtol(text, &end, 10);
	*out = (unsigned)n;
	return *text && !*end && n >= 1 && n <= 1000000;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* NULL, or what the option takes instead. `value` may be NULL for those that can stand alone. */
static const char *take(struct session *s, const struct option_row *row, const char *value)
{
	void *member = (char *)s + row->place;
	bool yes = true;
	switch (row->kind) {
	case FLAG:
	case NOT:
		if (value && !parse_bool(value, &yes))
			return "true or false";
		*(bool *)member = row->kind == FLAG ? yes : !yes;
		return NULL;
	case TEXT:
		*(const char **)member = value;
		return NULL;
	case LIST:
		vec_add((struct texts *)member, value);
		return NULL;
	case DURATION:
		return parse_duration(value, member) ? NULL : "a duration like 30s or 5m";
	case COUNT:
		return parse_count(value, member) ? NULL : "a whole number from 1";
	case STATE_FILE:
		if (!*value || is_directory(value))
			return "the name of a file";
		s->state_path = value;
		s->rehearsal = NULL;
		return NULL;
	case VARIABLE:
	case VARIABLE_FILE:
		vec_add(&s->variables, (struct variable_source){row->kind == VARIABLE ? VAR_ARGUMENT : VAR_FILE, value});
		return NULL;
	case HELP:
		return NULL;
	}
	return NULL;
}

static int usage_mistake(int *code)
{
	*code = EXIT_USAGE;
	return -1;
}

static int unknown_option(const char *command, const char *given, const struct option *options, size_t count, int *code)
{
	const char *names[ARRAY_LEN(rows)], *start = given + strspn(given, "-");
	AUTO_BUF struct buf name = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		names[i] = options[i].name;
	buf_add(&name, start, strcspn(start, "="));
	const char *near = nearest_name(buf_text(&name), names, count);
	fprintf(stderr, "infra %s: there is no option %s", command, given);
	if (near)
		fprintf(stderr, "; did you mean -%s?", near);
	fprintf(stderr, "\n`infra %s -help` lists the options.\n", command);
	return usage_mistake(code);
}

/* The operands' place in argv; -1 as session_options(). */
static int read_options(struct session *s, int argc, char **argv, const char *usage, int *code)
{
	struct option options[ARRAY_LEN(rows) + 1] = {0};
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int has_arg = rows[i].kind == FLAG ? optional_argument : rows[i].kind == HELP ? no_argument : required_argument;
		if (is_taken(&rows[i], s->takes))
			options[count++] = (struct option){rows[i].name, has_arg, NULL, 1000 + (int)i};
	}
	optind = 1;
	opterr = 0;
	for (int c; (c = getopt_long_only(argc, argv, ":", options, NULL)) != -1;) {
		if (c == ':') {
			fprintf(stderr, "infra %s: the option %s needs a value: %s=...\n", argv[0], argv[optind - 1], argv[optind - 1]);
			return usage_mistake(code);
		}
		if (c < 1000)
			return unknown_option(argv[0], argv[optind - 1], options, count, code);
		const struct option_row *row = &rows[c - 1000];
		if (row->kind == HELP) {
			print_help(usage, s->takes);
			return -1;
		}
		const char *wanted = take(s, row, optarg);
		if (wanted) {
			fprintf(stderr, "infra: the option -%s takes %s, not \"%s\"\n", row->name, wanted, optarg);
			return usage_mistake(code);
		}
	}
	return optind;
}

static void measure_terminal(struct session *s)
{
	const char *no_color = getenv("NO_COLOR");
	bool colors = !s->no_color && !(no_color && *no_color);
	struct winsize window;
	s->color = colors && isatty(STDOUT_FILENO);
	s->error_color = colors && isatty(STDERR_FILENO);
	s->width = isatty(STDERR_FILENO) && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col ? window.ws_col : 100;
	s->text_width = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 ? window.ws_col - 1u : 78;
	if (s->text_width > 100)
		s->text_width = 100;
}

int session_options(struct session *s, int argc, char **argv, unsigned takes, const char *usage, int *code)
{
	*s = (struct session){.takes = takes, .state_path = ".infra/state.db"};
	*code = EXIT_DONE;
	s->arena = arena_new();
	s->rehearsal = sandbox_in_use(s->arena);
	if (s->rehearsal)
		s->state_path = ".infra/sandbox.db";
	s->sources = src_set_new();
	diags_init(&s->diags);
	const char *input = getenv("TF_INPUT");
	s->no_input = input && (!strcmp(input, "0") || !strcmp(input, "false"));
	int at = read_options(s, argc, argv, usage, code);
	if (at < 0)
		return -1;
	if (s->destroy && s->refresh_only) {
		fprintf(stderr, "infra %s: -destroy and -refresh-only exclude each other\n", argv[0]);
		return usage_mistake(code);
	}
	s->plan.mode = s->destroy ? PLAN_DESTROY : s->refresh_only ? PLAN_REFRESH_ONLY : PLAN_NORMAL;
	s->plan.targets = s->targets.items;
	s->plan.target_count = s->targets.count;
	s->plan.excludes = s->excludes.items;
	s->plan.exclude_count = s->excludes.count;
	s->plan.replaces = s->replaces.items;
	s->plan.replace_count = s->replaces.count;
	measure_terminal(s);
	return at;
}
