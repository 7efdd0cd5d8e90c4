/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/session.h"

#include "base/buf.h"
#include "base/file.h"
#include "cmd/infra/sandbox.h"
#include "plans/render.h"
#include "plans/render_json.h"
#include "providers/provider.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum option_id {
	OPT_AUTO_APPROVE = 1000,
	OPT_DESTROY,
	OPT_DETAILED_EXITCODE,
	OPT_DRY_RUN,
	OPT_EXCLUDE,
	OPT_FORCE,
	OPT_HELP,
	OPT_IGNORE_BACKEND,
	OPT_INPUT,
	OPT_JSON,
	OPT_LOCK_TIMEOUT,
	OPT_MINIMAL_REFRESH,
	OPT_NO_COLOR,
	OPT_OUT,
	OPT_PARALLELISM,
	OPT_RAW,
	OPT_REFRESH,
	OPT_REFRESH_ONLY,
	OPT_REPLACE,
	OPT_SKIP_UNKNOWN,
	OPT_STATE,
	OPT_TARGET,
	OPT_VAR,
	OPT_VAR_FILE,
};

/* Options that may stand alone take true or false behind "=". */
static const struct option_row {
	struct option option;
	unsigned group; /* 0: every command */
	const char *help;
} rows[] = {
	{{"auto-approve", optional_argument, NULL, OPT_AUTO_APPROVE}, OPTIONS_APPLY, "do not ask before changing anything"},
	{{"destroy", optional_argument, NULL, OPT_DESTROY}, OPTIONS_PLAN, "plan to destroy everything"},
	{{"detailed-exitcode", optional_argument, NULL, OPT_DETAILED_EXITCODE}, OPTIONS_OUT, "exit with 2 when there are changes"},
	{{"dry-run", optional_argument, NULL, OPT_DRY_RUN}, OPTIONS_DRY, "say what would be done, and do nothing"},
	{{"exclude", required_argument, NULL, OPT_EXCLUDE}, OPTIONS_PLAN, "ADDRESS  leave this, and what needs it, out of the run"},
	{{"force", optional_argument, NULL, OPT_FORCE}, OPTIONS_FORCE, "do not ask"},
	{{"help", no_argument, NULL, OPT_HELP}, 0, "show this"},
	{{"ignore-backend", optional_argument, NULL, OPT_IGNORE_BACKEND}, OPTIONS_CONFIG, "leave a backend block aside"},
	{{"input", required_argument, NULL, OPT_INPUT}, OPTIONS_CONFIG, "false: never ask on the terminal"},
	{{"json", optional_argument, NULL, OPT_JSON}, 0, "print JSON"},
	{{"lock-timeout", required_argument, NULL, OPT_LOCK_TIMEOUT}, OPTIONS_STATE, "DURATION  wait so long for another run (30s, 5m)"},
	{{"minimal-refresh", optional_argument, NULL, OPT_MINIMAL_REFRESH}, OPTIONS_PLAN, "read only what would change and what that needs"},
	{{"no-color", optional_argument, NULL, OPT_NO_COLOR}, 0, "print without colours"},
	{{"out", required_argument, NULL, OPT_OUT}, OPTIONS_OUT, "FILE  save the plan, for `infra apply FILE`"},
	{{"parallelism", required_argument, NULL, OPT_PARALLELISM}, OPTIONS_PLAN, "N  at most N operations at a time"},
	{{"raw", optional_argument, NULL, OPT_RAW}, OPTIONS_RAW, "print a text, number or bool as it is, without quotes"},
	{{"refresh", required_argument, NULL, OPT_REFRESH}, OPTIONS_PLAN, "false: plan by the state alone, without reading"},
	{{"refresh-only", optional_argument, NULL, OPT_REFRESH_ONLY}, OPTIONS_PLAN, "take over what is found, change nothing"},
	{{"replace", required_argument, NULL, OPT_REPLACE}, OPTIONS_PLAN, "ADDRESS  replace this object"},
	{{"skip-unknown", optional_argument, NULL, OPT_SKIP_UNKNOWN}, OPTIONS_TAKE, "leave out objects of types that infra does not have"},
	{{"state", required_argument, NULL, OPT_STATE}, OPTIONS_STATE, "FILE  instead of .infra/state.db (in the sandbox cloud .infra/sandbox.db)"},
	{{"target", required_argument, NULL, OPT_TARGET}, OPTIONS_PLAN, "ADDRESS  only this, and what it needs"},
	{{"var", required_argument, NULL, OPT_VAR}, OPTIONS_CONFIG, "NAME=VALUE  set a variable"},
	{{"var-file", required_argument, NULL, OPT_VAR_FILE}, OPTIONS_CONFIG, "FILE  set the variables that the file names"},
};

static void print_help(const char *usage, unsigned takes)
{
	printf("%s\n\nOptions:\n", usage);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].group && !(rows[i].group & takes))
			continue;
		AUTO_BUF struct buf left = BUF_INIT;
		const char *help = rows[i].help;
		buf_addf(&left, "-%s", rows[i].option.name);
		const char *gap = strstr(help, "  ");
		if (rows[i].option.has_arg == required_argument && gap) {
			buf_addc(&left, '=');
			buf_add(&left, help, (size_t)(gap - help));
			help = gap + 2;
		} else if (rows[i].option.has_arg == required_argument) {
			size_t n = strcspn(help, ":");
			buf_addc(&left, '=');
			buf_add(&left, help, n);
			help += n + 2;
		}
		printf("  %-24s %s\n", buf_text(&left), help);
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

static int refuse(const char *option, const char *value, const char *wanted, int *code)
{
	fprintf(stderr, "infra: the option -%s takes %s, not \"%s\"\n", option, wanted, value);
	*code = EXIT_USAGE;
	return -1;
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
	struct option options[ARRAY_LEN(rows) + 1] = {0};
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].group || (rows[i].group & takes))
			options[count++] = rows[i].option;
	}
	const char *input = getenv("TF_INPUT");
	s->no_input = input && (!strcmp(input, "0") || !strcmp(input, "false"));
	optind = 1;
	opterr = 0;
	int c;
	int at;
	while (at = -1, (c = getopt_long_only(argc, argv, ":", options, &at)) != -1) {
		bool flag = true;
		if (at >= 0 && options[at].has_arg == optional_argument && optarg && !parse_bool(optarg, &flag))
			return refuse(options[at].name, optarg, "true or false", code);
		switch (c) {
		case OPT_AUTO_APPROVE:
			s->auto_approve = flag;
			break;
		case OPT_DESTROY:
			s->destroy = flag;
			break;
		case OPT_DETAILED_EXITCODE:
			s->detailed_exit = flag;
			break;
		case OPT_DRY_RUN:
			s->dry_run = flag;
			break;
		case OPT_EXCLUDE:
			vec_add(&s->excludes, optarg);
			break;
		case OPT_FORCE:
			s->force = flag;
			break;
		case OPT_HELP:
			print_help(usage, takes);
			return -1;
		case OPT_IGNORE_BACKEND:
			s->ignore_backend = flag;
			break;
		case OPT_INPUT:
			if (!parse_bool(optarg, &flag))
				return refuse("input", optarg, "true or false", code);
			s->no_input = !flag;
			break;
		case OPT_JSON:
			s->json = flag;
			break;
		case OPT_LOCK_TIMEOUT:
			if (!parse_duration(optarg, &s->lock_timeout_ms))
				return refuse("lock-timeout", optarg, "a duration like 30s or 5m", code);
			break;
		case OPT_MINIMAL_REFRESH:
			s->plan.minimal_refresh = flag;
			break;
		case OPT_NO_COLOR:
			s->no_color = flag;
			break;
		case OPT_OUT:
			s->out = optarg;
			break;
		case OPT_PARALLELISM: {
			char *end;
			long n = strtol(optarg, &end, 10);
			if (*end || n < 1 || n > 1000000)
				return refuse("parallelism", optarg, "a whole number from 1", code);
			s->parallelism = (unsigned)n;
			break;
		}
		case OPT_RAW:
			s->raw = flag;
			break;
		case OPT_REFRESH:
			if (!parse_bool(optarg, &flag))
				return refuse("refresh", optarg, "true or false", code);
			s->plan.no_refresh = !flag;
			break;
		case OPT_REFRESH_ONLY:
			s->refresh_only = flag;
			break;
		case OPT_REPLACE:
			vec_add(&s->replaces, optarg);
			break;
		case OPT_SKIP_UNKNOWN:
			s->skip_unknown = flag;
			break;
		case OPT_STATE: {
			struct stat st;
			if (!*optarg || (stat(optarg, &st) == 0 && S_ISDIR(st.st_mode)))
				return refuse("state", optarg, "the name of a file", code);
			s->state_path = optarg;
			s->rehearsal = NULL;
			break;
		}
		case OPT_TARGET:
			vec_add(&s->targets, optarg);
			break;
		case OPT_VAR:
			vec_add(&s->variables, (struct variable_source){VAR_ARGUMENT, optarg});
			break;
		case OPT_VAR_FILE:
			vec_add(&s->variables, (struct variable_source){VAR_FILE, optarg});
			break;
		default: {
			const char *given = argv[optind - 1];
			if (c == ':') {
				fprintf(stderr, "infra %s: the option %s needs a value: %s=...\n", argv[0], given, given);
			} else {
				const char *names[ARRAY_LEN(rows)];
				for (size_t i = 0; i < count; i++)
					names[i] = options[i].name;
				AUTO_BUF struct buf name = BUF_INIT;
				const char *start = given + strspn(given, "-");
				buf_add(&name, start, strcspn(start, "="));
				const char *near = nearest_name(buf_text(&name), names, count);
				fprintf(stderr, "infra %s: there is no option %s", argv[0], given);
				if (near)
					fprintf(stderr, "; did you mean -%s?", near);
				fprintf(stderr, "\n`infra %s -help` lists the options.\n", argv[0]);
			}
			*code = EXIT_USAGE;
			return -1;
		}
		}
	}
	if (s->destroy && s->refresh_only) {
		fprintf(stderr, "infra %s: -destroy and -refresh-only exclude each other\n", argv[0]);
		*code = EXIT_USAGE;
		return -1;
	}
	s->plan.mode = s->destroy ? PLAN_DESTROY : s->refresh_only ? PLAN_REFRESH_ONLY : PLAN_NORMAL;
	s->plan.targets = s->targets.items;
	s->plan.target_count = s->targets.count;
	s->plan.excludes = s->excludes.items;
	s->plan.exclude_count = s->excludes.count;
	s->plan.replaces = s->replaces.items;
	s->plan.replace_count = s->replaces.count;
	const char *no_color = getenv("NO_COLOR");
	bool colors = !s->no_color && !(no_color && *no_color);
	s->color = colors && isatty(STDOUT_FILENO);
	s->error_color = colors && isatty(STDERR_FILENO);
	struct winsize window;
	s->width = isatty(STDERR_FILENO) && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col ? window.ws_col : 100;
	s->text_width = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 ? window.ws_col - 1u : 78;
	if (s->text_width > 100)
		s->text_width = 100;
	return optind;
}

void session_release(struct session *s)
{
	engine_free(s->engine);
	state_close(s->state);
	config_release(s->config);
	loop_free(s->loop);
	map_release(&s->inputs);
	diags_release(&s->diags);
	src_set_free(s->sources);
	arena_free(s->arena);
	vec_free(&s->variables);
	vec_free(&s->targets);
	vec_free(&s->excludes);
	vec_free(&s->replaces);
}

bool session_load_config(struct session *s)
{
	struct config_options options = {
		.dir = s->config_dir ? s->config_dir : ".",
		.ignore_backend = s->ignore_backend,
		.may_be_empty = s->plan.mode == PLAN_DESTROY || s->reader,
		.reader = s->reader,
	};
	s->config = config_load(s->arena, s->sources, &options, &s->diags);
	return s->config && !diags_has_errors(&s->diags);
}

bool session_load_variables(struct session *s)
{
	bool may_ask = !s->no_input && !s->json && isatty(STDIN_FILENO);
	return config_variables(s->config, s->variables.items, s->variables.count, may_ask ? MISSING_ASKED : MISSING_REFUSED, &s->inputs, &s->diags);
}

bool session_load_given_variables(struct session *s)
{
	return config_variables(s->config, s->variables.items, s->variables.count, MISSING_UNKNOWN, &s->inputs, &s->diags);
}

/* A directory that Terraform works in, and that we do not, must not be planned as if it were new. */
static bool is_terraforms(struct session *s)
{
	if (s->rehearsal || access(s->state_path, F_OK) == 0 || access("terraform.tfstate", F_OK) < 0)
		return false;
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read("terraform.tfstate", 64u << 20, &text) || !strstr(buf_text(&text), "\"instances\""))
		return false;
	diag_error(&s->diags, SRC_NOWHERE, "The objects here belong to Terraform's state",
		   "The directory holds terraform.tfstate, with objects that infra does not know; planning now would make them all a second "
		   "time. Take that state over first:\n\n    infra state import terraform.tfstate");
	return true;
}

bool session_open_state(struct session *s, bool read_only, const char *operation)
{
	if (!read_only && is_terraforms(s))
		return false;
	struct state_options options = {
		.path = s->state_path, .read_only = read_only, .lock_timeout_ms = s->lock_timeout_ms, .operation = operation};
	s->state = state_open(&options, &s->diags);
	return s->state != NULL;
}

bool session_open_state_only(struct session *s, bool read_only, const char *operation)
{
	config_load_types(s->arena, ".", &s->diags);
	struct state_options options = {
		.path = s->state_path, .read_only = read_only, .lock_timeout_ms = s->lock_timeout_ms, .operation = operation};
	s->state = state_open(&options, &s->diags);
	return s->state != NULL;
}

bool session_commit(struct session *s, const char *operation, const char *summary)
{
	state_add_history(s->state, operation, summary);
	return state_commit(s->state, &s->diags);
}

bool session_new_engine(struct session *s, void (*event)(void *ctx, const struct engine_event *event), void *ctx)
{
	if (!s->loop)
		s->loop = loop_new();
	struct engine_options options = {
		.loop = s->loop,
		.config = s->config,
		.state = s->state,
		.inputs = &s->inputs,
		.root_dir = ".",
		.version = program_version,
		.parallelism = s->parallelism,
		.event = event,
		.ctx = ctx,
	};
	s->engine = engine_new(s->arena, &options, &s->diags);
	return s->engine != NULL;
}

int session_report(struct session *s)
{
	int code = diags_has_errors(&s->diags) ? EXIT_FAILED : EXIT_DONE;
	if (s->diags.count) {
		AUTO_BUF struct buf text = BUF_INIT;
		diags_sort(&s->diags);
		if (s->stream) {
			stream_diags(&s->diags, s->sources, &text);
			session_print(&text);
		} else {
			diags_print(&s->diags, s->sources, s->error_color, s->width, &text);
			fflush(stdout);
			fputs(buf_text(&text), stderr);
		}
		diags_clear(&s->diags);
	}
	return code;
}

static volatile sig_atomic_t stop_asking;

static void on_stop(int signo)
{
	(void)signo;
	stop_asking = 1;
}

/* Asks, and waits until there is an answer to read; false when a signal came that would end the process. */
static bool await_answer(const char *question)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction old[ARRAY_LEN(signals)];
	sigset_t blocked, before;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &(struct sigaction){.sa_handler = on_stop}, &old[i]);
	stop_asking = 0;
	fprintf(stderr, "\n%s\n  Only \"yes\" is taken as a yes.\n\n  Enter a value: ", question);
	fflush(stderr);
	struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
	while (!stop_asking && ppoll(&terminal, 1, NULL, &before) < 0 && (errno == EINTR || errno == EAGAIN))
		;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !stop_asking;
}

bool session_confirm(struct session *s, const char *question)
{
	if (s->no_input || !isatty(STDIN_FILENO)) {
		fputs("infra: there is no terminal to ask on. Use -auto-approve to go on without being asked.\n", stderr);
		return false;
	}
	char line[64];
	if (!await_answer(question) || !fgets(line, sizeof(line), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	fputc('\n', stderr);
	return !strcmp(line, "yes");
}

/* ---- printing ---- */

void session_print(struct buf *out)
{
	fwrite(buf_text(out), 1, out->len, stdout);
	fflush(stdout);
	buf_clear(out);
}

static void flush_output(void *ctx, struct buf *out)
{
	(void)ctx;
	fwrite(buf_text(out), 1, out->len, stdout);
	buf_clear(out);
}

struct render_options session_rendering(const struct session *s)
{
	return (struct render_options){.color = s->color, .width = s->text_width, .flush = flush_output};
}

const struct schema *session_schema(struct session *s, const struct object *object)
{
	const struct provider_kind *kind = provider_find_kind(object->kind);
	const struct resource_type *type = kind ? kind->find_type(object->parts.type, object->parts.data, &s->diags) : NULL;
	return type ? type->schema : NULL;
}

int session_too_many(const char *command, const char *operand)
{
	fprintf(stderr, "infra %s: unexpected argument \"%s\"\n`infra %s -help` shows what it takes.\n", command, operand, command);
	return EXIT_USAGE;
}
