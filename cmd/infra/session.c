/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/session.h"

#include "base/buf.h"
#include "base/file.h"
#include "cmd/infra/sandbox.h"
#include "plans/render.h"
#include "plans/render_json.h"
#include "providers/provider.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
