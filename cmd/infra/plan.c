/* SPDX-License-Identifier: Apache-2.0 */
/* plan, apply and destroy: the same way up to the point where they part. */
#include "cmd/infra/session.h"

#include "base/buf.h"
#include "plans/render.h"

#include <string.h>
#include <unistd.h>

static void show_event(void *ctx, const struct engine_event *event)
{
	struct session *s = ctx;
	struct render_options options = session_rendering(s);
	AUTO_BUF struct buf line = BUF_INIT;
	render_event(event, &options, &line);
	if (line.len) {
		fputs(buf_text(&line), stdout);
		fflush(stdout);
	}
}

/* Configuration, variables, state, engine and the plan itself (perhaps errored); NULL after diagnostics. */
static struct plan *prepare_plan(struct session *s, const char *operation)
{
	if (!session_load_config(s) || !session_load_variables(s) || !session_open_state(s, false, operation) ||
	    !session_new_engine(s, show_event, s))
		return NULL;
	return engine_plan(s->engine, &s->plan, &s->diags);
}

static void print_plan(struct session *s, const struct plan *plan)
{
	struct render_options options = session_rendering(s);
	AUTO_BUF struct buf text = BUF_INIT;
	render_plan(plan, &options, &text);
	fputs(buf_text(&text), stdout);
	fflush(stdout);
}

int cmd_plan(int argc, char **argv)
{
	struct session s;
	int code;
	static const char usage[] = "Usage: infra plan [OPTION...]\n\nShows what an apply would change, and changes nothing.";
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE | OPTIONS_PLAN | OPTIONS_OUT, usage, &code);
	if (at >= 0) {
		struct plan *plan = prepare_plan(&s, "plan");
		if (plan)
			print_plan(&s, plan);
		bool changes = plan && !plan->errored && !plan_is_empty(plan);
		code = session_report(&s);
		if (code == EXIT_DONE && s.detailed_exit && changes)
			code = EXIT_CHANGES;
	}
	session_release(&s);
	return code;
}

static int apply(int argc, char **argv, enum plan_mode mode, const char *usage)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE | OPTIONS_PLAN | OPTIONS_APPLY, usage, &code);
	if (at < 0) {
		session_release(&s);
		return code;
	}
	if (mode == PLAN_DESTROY)
		s.plan.mode = PLAN_DESTROY;
	struct plan *plan = prepare_plan(&s, mode == PLAN_DESTROY ? "destroy" : "apply");
	bool go = plan && !plan->errored;
	if (plan) {
		print_plan(&s, plan);
		bool ask = go && !plan_is_empty(plan) && !s.auto_approve;
		if (session_report(&s) != EXIT_DONE)
			go = false;
		if (go && ask && !session_confirm(&s, s.plan.mode == PLAN_DESTROY ? "Do you really want to destroy all these objects?"
									       : "Do you want to perform these actions?")) {
			fputs("Nothing was changed.\n", stderr);
			go = false;
			code = EXIT_FAILED;
		}
	}
	if (go) {
		bool done = engine_apply(s.engine, plan, &s.diags);
		int reported = session_report(&s);
		code = done && reported == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
		struct render_options options = session_rendering(&s);
		AUTO_BUF struct buf text = BUF_INIT;
		render_applied(plan, done, &options, &text);
		if (s.plan.mode != PLAN_DESTROY)
			render_outputs(s.state, &options, &text);
		fputs(buf_text(&text), stdout);
	} else if (session_report(&s) != EXIT_DONE) {
		code = EXIT_FAILED;
	}
	session_release(&s);
	return code;
}

int cmd_apply(int argc, char **argv)
{
	return apply(argc, argv, PLAN_NORMAL,
		     "Usage: infra apply [OPTION...] [PLAN-FILE]\n\nPlans, asks, and carries the plan out; or carries a saved plan out.");
}

int cmd_destroy(int argc, char **argv)
{
	return apply(argc, argv, PLAN_DESTROY, "Usage: infra destroy [OPTION...]\n\nDestroys every object that the state holds.");
}
