/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/run.h"

#include "sandbox/world.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void run_event(void *ctx, const struct engine_event *event)
{
	struct run *run = ctx;
	AUTO_BUF struct buf line = BUF_INIT;
	if (run->plan)
		tally_event(&run->tally, run->s.arena, run->plan, event);
	if (run->s.stream) {
		stream_event(event, &line);
	} else {
		struct render_options options = session_rendering(&run->s);
		render_event(event, &options, &line);
	}
	if (line.len)
		session_print(&line);
}

/* ---- while a plan is made: a sign of life now and then, and an end at once when the user wants one ---- */

struct planning {
	struct run *run;
	loop_timer_id timer;
	unsigned seconds;
};

enum { SIGN_SECONDS = 10 };

static void sign_of_life(void *ctx)
{
	struct planning *p = ctx;
	struct session *s = &p->run->s;
	p->seconds += SIGN_SECONDS;
	struct arena *arena = arena_new();
	run_event(p->run, &(struct engine_event){.kind = EVENT_PLANNING, .seconds = p->seconds, .text = engine_waits_for(s->engine, arena)});
	arena_free(arena);
	p->timer = loop_timer(s->loop, SIGN_SECONDS * 1000UL, sign_of_life, p);
}

/* Nothing is under way that could be lost: what is read is read again. */
static void on_signal(void *ctx, int signo)
{
	struct planning *p = ctx;
	(void)signo;
	diag_error(&p->run->s.diags, SRC_NOWHERE, "Interrupted", "The plan was not finished, and nothing was changed.");
	session_report(&p->run->s);
	fflush(stdout);
	_exit(EXIT_FAILED);
}

static struct plan *make_plan(struct run *run)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct session *s = &run->s;
	struct planning planning = {.run = run};
	planning.timer = loop_timer(s->loop, SIGN_SECONDS * 1000UL, sign_of_life, &planning);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		loop_signal(s->loop, signals[i], on_signal, &planning);
	struct plan *plan = engine_plan(s->engine, &s->plan, &s->diags);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		loop_signal(s->loop, signals[i], NULL, NULL);
	loop_timer_cancel(s->loop, planning.timer);
	return plan;
}

bool run_begin(struct run *run)
{
	struct session *s = &run->s;
	if (s->rehearsal && !world_process(s->rehearsal)) {
		diag_error(&s->diags, SRC_NOWHERE, "The sandbox cloud does not run", "This shell speaks to the one in %s. It is there again, as it was, after\n\n    infra sandbox up\n\n"
			   "To leave it: eval \"$(infra sandbox env -unset)\"", s->rehearsal);
		return false;
	}
	if (s->rehearsal && !s->stream)
		printf("Rehearsal in the sandbox cloud; its state is %s.\n", s->state_path);
	return true;
}

struct plan *run_prepare(struct run *run)
{
	struct session *s = &run->s;
	if (!run_begin(run))
		return NULL;
	if (!session_load_config(s) || !session_load_variables(s) || !session_open_state(s, false, run->operation) ||
	    !session_new_engine(s, run_event, run))
		return NULL;
	return make_plan(run);
}

void run_show_plan(struct run *run, const struct plan *plan)
{
	struct render_options options = session_rendering(&run->s);
	AUTO_BUF struct buf text = BUF_INIT;
	if (run->s.stream)
		stream_plan(plan, &options, &text);
	else
		render_plan(plan, &options, &text);
	session_print(&text);
}

/* An argument as the shell must be given it. */
static void add_argument(const char *option, const char *value, struct buf *out)
{
	bool plain = value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")] == '\0';
	buf_addf(out, " %s=", option);
	plain ? buf_adds(out, value) : buf_add_shell_quoted(out, value);
}

/* -var NAME=VALUE; the value of a sensitive variable is not shown. */
static void add_variable(const struct session *s, const char *given, struct buf *out)
{
	const char *name = arena_strndup(s->arena, given, strcspn(given, "="));
	const struct variable *variable = s->config ? map_find(&s->config->root->variables, name) : NULL;
	bool secret = !variable || variable->sensitive || variable->ephemeral;
	add_argument("-var", secret ? arena_printf(s->arena, "%s=...", name) : given, out);
}

/* The command that goes on with what a failed apply left. */
static void go_on(const struct session *s, const struct plan *plan, struct buf *out)
{
	buf_adds(out, plan->mode == PLAN_DESTROY ? "infra destroy" : "infra apply");
	if (plan->mode == PLAN_REFRESH_ONLY)
		buf_adds(out, " -refresh-only");
	if (strcmp(s->state_path, ".infra/state.db") != 0 && !s->rehearsal)
		add_argument("-state", s->state_path, out);
	for (size_t i = 0; i < s->variables.count; i++) {
		if (s->variables.items[i].kind == VAR_FILE)
			add_argument("-var-file", s->variables.items[i].text, out);
		else
			add_variable(s, s->variables.items[i].text, out);
	}
	for (size_t i = 0; i < plan->target_count; i++)
		add_argument("-target", plan->targets[i], out);
	for (size_t i = 0; i < plan->exclude_count; i++)
		add_argument("-exclude", plan->excludes[i], out);
}

static void record(struct run *run)
{
	AUTO_BUF struct buf summary = BUF_INIT;
	if (!map_size(&run->tally.done) && !map_size(&run->tally.failed))
		return;
	render_tally(&run->tally, &summary);
	if (map_size(&run->tally.failed))
		buf_addf(&summary, ", %zu failed", map_size(&run->tally.failed));
	session_commit(&run->s, run->operation, buf_text(&summary));
}

int run_apply(struct run *run, const struct plan *plan)
{
	struct session *s = &run->s;
	run->plan = plan;
	bool done = engine_apply(s->engine, plan, &s->diags);
	for (size_t i = 0; i < plan->change_count && done; i++)
		run->tally.imported += plan->changes[i].importing;
	record(run);
	int code = session_report(s) == EXIT_DONE && done ? EXIT_DONE : EXIT_FAILED;
	AUTO_BUF struct buf text = BUF_INIT;
	if (s->stream) {
		if (code == EXIT_DONE)
			stream_applied(plan, &run->tally, &text);
		if (code == EXIT_DONE && plan->mode != PLAN_DESTROY)
			stream_outputs(s->state, &text);
		session_print(&text);
		return code;
	}
	struct render_options options = session_rendering(s);
	AUTO_BUF struct buf command = BUF_INIT;
	go_on(s, plan, &command);
	render_applied(plan, &run->tally, code == EXIT_DONE, buf_text(&command), &options, &text);
	if (plan->mode != PLAN_DESTROY && code == EXIT_DONE && state_output_count(s->state)) {
		buf_adds(&text, "\nOutputs:\n\n");
		render_outputs(s->state, &options, &text);
	}
	session_print(&text);
	return code;
}

void run_release(struct run *run)
{
	tally_release(&run->tally);
	session_release(&run->s);
}
