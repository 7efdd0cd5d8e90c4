/* SPDX-License-Identifier: Apache-2.0 */
/* infra show: a state or a saved plan, for people or programs. */
#include "cmd/infra/session.h"
#include "plans/render_json.h"
#include "plans/saved.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct schema *schema_of(void *ctx, const struct object *object)
{
	return session_schema(ctx, object);
}

static void show_state(struct session *s)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct render_options options = session_rendering(s);
	if (!session_open_state_only(s, true, "show"))
		return;
	if (s->json)
		json_state(s->state, schema_of, s, &options, &out);
	else if (state_object_count(s->state) || state_output_count(s->state))
		render_state(s->state, schema_of, s, &options, &out);
	else
		buf_adds(&out, "The state is empty: nothing was made, or everything was destroyed.\n");
	session_print(&out);
}

static void show_plan(struct session *s, const char *path)
{
	if (!session_open_state_only(s, true, "show")) /* for the key of what is sealed */
		return;
	struct saved_plan *saved = saved_plan_read(s->arena, path, s->state, &s->diags);
	if (!saved)
		return;
	AUTO_BUF struct buf out = BUF_INIT;
	struct render_options options = session_rendering(s);
	if (s->json) {
		s->reader = &saved->reader;
		s->config_dir = saved->dir;
		session_load_config(s);
		json_plan(saved->plan, s->config, &options, &out);
	} else {
		render_plan(saved->plan, &options, &out);
	}
	session_print(&out);
	map_release(&saved->inputs);
}

int cmd_show(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE,
				 "Usage: infra show [OPTION...] [FILE]\n\nShows what the state holds, or a saved plan, or another state file. The JSON forms "
				 "are Terraform's.\n\n    infra show\n    infra show -json today.plan | jq .resource_changes", &code);
	if (at >= 0 && argc - at > 1) {
		code = session_too_many("show", argv[at + 1]);
	} else if (at >= 0) {
		if (at < argc && access(argv[at], R_OK) < 0) {
			diag_error(&s.diags, SRC_NOWHERE, "The file cannot be read", "%s: %s.", argv[at], strerror(errno));
		} else if (at < argc && saved_plan_is(argv[at])) {
			show_plan(&s, argv[at]);
		} else {
			if (at < argc)
				s.state_path = argv[at];
			show_state(&s);
		}
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}
