/* SPDX-License-Identifier: Apache-2.0 */
/* plan, apply, destroy and refresh: the same way up to the point where they part. */
#include "cmd/infra/run.h"
#include "plans/graph.h"
#include "plans/saved.h"

#include <inttypes.h>
#include <string.h>

static void begin_stream(struct run *run)
{
	if (!run->s.json)
		return;
	run->s.stream = true;
	AUTO_BUF struct buf text = BUF_INIT;
	stream_version(program_version, &text);
	session_print(&text);
}

/* What lets go of objects, or looks at a part only, is said again behind the plan. */
static void add_warnings(struct session *s, const struct plan *plan)
{
	AUTO_BUF struct buf list = BUF_INIT;
	size_t count = 0;
	for (size_t i = 0; i < plan->change_count; i++) {
		if (plan->changes[i].action == PLAN_FORGET && count++ < 20)
			buf_addf(&list, "\n    %s", plan->changes[i].address);
	}
	if (count)
		diag_warning(&s->diags, SRC_NOWHERE, "Some objects will no longer be managed by infra",
			     "Applying this plan lets go of %s, and deletes none of them:%s%s\n\nTo manage them again, import them.",
			     count == 1 ? "this object" : "these objects", buf_text(&list), count > 20 ? "\n    ..." : "");
	if (plan->target_count || plan->exclude_count)
		diag_warning(&s->diags, SRC_NOWHERE, plan->target_count ? "Resource targeting is in effect" : "Resources are left out",
			     "The plan was made with -%s: it does not show all that the configuration asks for, and outputs may stay as they "
			     "are. Use it for exceptions; a plan without it shows the rest.", plan->target_count ? "target" : "exclude");
}

/* Options that contradict each other, or the command; told. */
static bool options_agree(const struct session *s, const char *command)
{
	const char *mistake = NULL;
	if (s->plan.mode != PLAN_REFRESH_ONLY && s->refresh_only)
		mistake = "-refresh-only destroys nothing";
	else if (s->plan.mode != PLAN_DESTROY && s->destroy)
		mistake = "-destroy is no refresh";
	else if (s->plan.mode == PLAN_REFRESH_ONLY && s->plan.no_refresh)
		mistake = "with -refresh=false nothing is read, and nothing could be recorded";
	else if (s->plan.mode == PLAN_REFRESH_ONLY && s->plan.minimal_refresh)
		mistake = "with -minimal-refresh only what would change is read, and here nothing changes";
	else if (s->plan.mode != PLAN_NORMAL && s->plan.replace_count)
		mistake = "-replace needs a plan that makes objects";
	if (mistake)
		fprintf(stderr, "infra %s: these options exclude each other: %s\n", command, mistake);
	return !mistake;
}

/* ---- plan ---- */

static void print_next_step(struct run *run, const struct plan *plan)
{
	const struct session *s = &run->s;
	if (s->stream || (!plan_can_apply(plan) && !s->out))
		return;
	struct render_options options = session_rendering(s);
	AUTO_BUF struct buf text = BUF_INIT;
	render_rule(&options, &text);
	buf_addc(&text, '\n');
	if (s->out)
		buf_addf(&text, "Saved the plan to: %s\n\nTo perform exactly these actions:\n\n    infra apply %s\n", s->out, s->out);
	else
		render_text("Note: The plan was not saved (-out=FILE), so \"infra apply\" makes a new one, and asks again before it acts.", &options,
			    &text);
	session_print(&text);
}

int cmd_plan(int argc, char **argv)
{
	struct run run = {.operation = "plan"};
	struct session *s = &run.s;
	int code;
	int at = session_options(s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE | OPTIONS_PLAN | OPTIONS_OUT,
				 "Usage: infra plan [OPTION...]\n\nShows what an apply would change, and changes nothing. With -out, the plan is saved and "
				 "can be carried out exactly as it was shown.\n\n    infra plan -var size=p3.2xlarge\n    infra plan -out=today.plan\n    infra "
				 "plan -destroy -exclude=aws_efs_file_system.data", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("plan", argv[at]);
	} else if (at >= 0 && !options_agree(s, "plan")) {
		code = EXIT_USAGE;
	} else if (at >= 0) {
		begin_stream(&run);
		struct plan *plan = run_prepare(&run);
		if (plan) {
			run_show_plan(&run, plan);
			add_warnings(s, plan);
		}
		bool saved = !s->out || !plan || plan->errored || saved_plan_write(s->out, plan, s->config, s->state, &s->diags);
		bool changes = plan && plan_can_apply(plan);
		code = session_report(s);
		if (code == EXIT_DONE && saved)
			print_next_step(&run, plan);
		if (code == EXIT_DONE && s->detailed_exit && changes)
			code = EXIT_CHANGES;
	}
	run_release(&run);
	return code;
}

/* ---- apply ---- */

static bool may_go_on(struct run *run, const struct plan *plan)
{
	struct session *s = &run->s;
	if (s->auto_approve || !plan_can_apply(plan))
		return true;
	const char *question = plan->mode == PLAN_DESTROY	 ? "Do you really want to destroy all these objects?"
			       : plan->mode == PLAN_REFRESH_ONLY ? "Do you want to record these values in the state?"
								 : "Do you want to perform these actions?";
	if (session_confirm(s, question))
		return true;
	fputs("Nothing was changed.\n", stderr);
	return false;
}

static int apply_new(struct run *run)
{
	struct session *s = &run->s;
	struct plan *plan = run_prepare(run);
	if (plan) {
		run_show_plan(run, plan);
		add_warnings(s, plan);
	}
	if (session_report(s) != EXIT_DONE || !plan || plan->errored)
		return EXIT_FAILED;
	return may_go_on(run, plan) ? run_apply(run, plan) : EXIT_FAILED;
}

static bool refuse_with_file(struct session *s, const char *path)
{
	const char *option = s->plan.target_count	? "-target"
			     : s->plan.exclude_count	? "-exclude"
			     : s->plan.replace_count	? "-replace"
			     : s->plan.mode != PLAN_NORMAL ? "-destroy and -refresh-only"
			     : s->plan.no_refresh	? "-refresh=false"
			     : s->plan.minimal_refresh	? "-minimal-refresh"
							: NULL;
	if (!option)
		return true;
	diag_error(&s->diags, SRC_NOWHERE, "The plan is made already",
		   "%s has no effect on a saved plan: %s holds what was decided when it was made. Leave the option out, or plan again with it.",
		   option, path);
	return false;
}

/*
 * What is ephemeral is not kept in a saved plan: it is given anew. Values of other variables were decided when the
 * plan was made.
 */
static bool take_ephemeral_variables(struct session *s, const char *path)
{
	const struct map *variables = &s->config->root->variables;
	struct map given = MAP_INIT;
	size_t errors = s->diags.error_count;
	bool any = false;
	for (struct map_entry *e = map_first(variables); e; e = map_next(variables, e))
		any |= ((const struct variable *)e->value)->ephemeral;
	for (size_t i = 0; i < s->variables.count; i++) {
		const char *text = s->variables.items[i].text;
		const char *name = arena_strndup(s->arena, text, strcspn(text, "="));
		const struct variable *variable = map_find(variables, name);
		if (s->variables.items[i].kind == VAR_FILE ? !any : variable && !variable->ephemeral)
			diag_error(&s->diags, SRC_NOWHERE, "The plan is made already",
				   "%s has no effect on a saved plan: %s holds the values that were given when it was made. Leave the option out, or "
				   "plan again with it.", s->variables.items[i].kind == VAR_FILE ? "-var-file" : "-var", path);
	}
	if (any && s->diags.error_count == errors)
		config_variables(s->config, s->variables.items, s->variables.count, MISSING_UNKNOWN, &given, &s->diags);
	for (struct map_entry *e = map_first(variables); any && e; e = map_next(variables, e)) {
		const struct variable *variable = e->value;
		struct value *value = variable->ephemeral ? map_find(&given, variable->name) : NULL;
		if (value && value->state != VALUE_UNKNOWN)
			map_put(&s->inputs, variable->name, value);
		else if (variable->ephemeral && !variable->fallback && s->diags.error_count == errors)
			diag_error(&s->diags, variable->range, "No value for required variable",
				   "The variable \"%s\" is ephemeral, so that the saved plan does not hold its value. It has to be given again:\n\n"
				   "    infra apply -var '%s=VALUE' %s", variable->name, variable->name, path);
	}
	map_release(&given);
	return s->diags.error_count == errors;
}

static bool is_current(struct session *s, const struct plan *plan, const char *path)
{
	if (strcmp(plan->state_lineage, state_lineage(s->state)) != 0) {
		diag_error(&s->diags, SRC_NOWHERE, "The plan belongs to another state",
			   "%s was made with another state than %s. Use it in the directory that it was made in.", path, s->state_path);
		return false;
	}
	if (plan->state_serial != state_serial(s->state)) {
		diag_error(&s->diags, SRC_NOWHERE, "Saved plan is stale",
			   "The state has changed since %s was made (it is at %" PRIu64 ", and was at %" PRIu64
			   "): another apply came between. What the plan showed may not be what it would do now. Plan again:\n\n    infra plan "
			   "-out=%s", path, state_serial(s->state), plan->state_serial, path);
		return false;
	}
	if (plan->errored) {
		diag_error(&s->diags, SRC_NOWHERE, "The plan is not complete", "%s was saved after errors, and cannot be applied.", path);
		return false;
	}
	return true;
}

/* Places in the plan files are counted anew when these are read again. */
static void restore_ranges(struct engine *engine, struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct node *node = graph_find_resource(engine_graph(engine), &plan->changes[i].parts);
		plan->changes[i].range = node ? node->resource->header_range : SRC_NOWHERE;
	}
}

static int apply_saved(struct run *run, const char *path)
{
	struct session *s = &run->s;
	struct saved_plan *saved = NULL;
	bool ready = refuse_with_file(s, path) && run_begin(run) && session_open_state(s, false, run->operation) &&
		     (saved = saved_plan_read(s->arena, path, s->state, &s->diags)) && is_current(s, saved->plan, path);
	if (ready) {
		s->reader = &saved->reader;
		s->config_dir = saved->dir;
		s->inputs = saved->inputs;
		ready = session_load_config(s) && take_ephemeral_variables(s, path) && session_new_engine(s, run_event, run);
	}
	if (session_report(s) != EXIT_DONE || !ready)
		return EXIT_FAILED;
	restore_ranges(s->engine, saved->plan);
	return run_apply(run, saved->plan);
}

static int apply(int argc, char **argv, enum plan_mode mode, const char *operation, const char *usage)
{
	struct run run = {.operation = operation};
	struct session *s = &run.s;
	int code;
	int at = session_options(s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE | OPTIONS_PLAN | OPTIONS_APPLY, usage, &code);
	bool takes_file = mode == PLAN_NORMAL;
	if (at >= 0 && argc - at > (takes_file ? 1 : 0)) {
		code = session_too_many(operation, argv[argc - 1]);
	} else if (at >= 0) {
		if (mode != PLAN_NORMAL)
			s->plan.mode = mode;
		if (s->json && !s->auto_approve && at == argc) {
			fprintf(stderr, "infra %s: with -json nothing can be asked; add -auto-approve, or apply a saved plan\n", operation);
			code = EXIT_USAGE;
		} else if (at == argc && !options_agree(s, operation)) {
			code = EXIT_USAGE;
		} else {
			begin_stream(&run);
			code = at < argc ? apply_saved(&run, argv[at]) : apply_new(&run);
		}
	}
	run_release(&run);
	return code;
}

int cmd_apply(int argc, char **argv)
{
	return apply(argc, argv, PLAN_NORMAL, "apply",
		     "Usage: infra apply [OPTION...] [PLAN-FILE]\n\nPlans, asks, and carries the plan out; or carries a saved plan out, without "
		     "asking, if nothing has changed since.\n\n    infra apply\n    infra apply -auto-approve -target=aws_instance.host\n    infra apply "
		     "today.plan");
}

int cmd_destroy(int argc, char **argv)
{
	return apply(argc, argv, PLAN_DESTROY, "destroy",
		     "Usage: infra destroy [OPTION...]\n\nDestroys every object that the state holds, users before what they use. The same as `infra "
		     "apply -destroy`.\n\n    infra destroy\n    infra destroy -exclude=aws_efs_file_system.data");
}

int cmd_refresh(int argc, char **argv)
{
	return apply(argc, argv, PLAN_REFRESH_ONLY, "refresh",
		     "Usage: infra refresh [OPTION...]\n\nRecords in the state what is found different from it, after asking; changes no object. The "
		     "same as `infra apply -refresh-only`.");
}
