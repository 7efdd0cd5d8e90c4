/* SPDX-License-Identifier: Apache-2.0 */
/* Small commands. */
#include "cmd/infra/session.h"
#include "lang/value/jsonw.h"
#include "plans/render_json.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

int cmd_init(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra init [OPTION...]\n\nThere is nothing to download or to prepare: providers are part of infra, and modules "
				 "are read where they stand. Checks that the plan files can be read.", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("init", argv[at]);
	} else if (at >= 0) {
		session_load_config(&s);
		code = session_report(&s);
		if (code == EXIT_DONE)
			puts("Nothing needs to be prepared: the providers are part of infra, and modules are read where they stand.\n\n    infra "
			     "plan");
	}
	session_release(&s);
	return code;
}

int cmd_get(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra get [OPTION...]\n\nThere is nothing to get: modules are read where they stand. Lists the modules that the "
				 "configuration calls, with their directories.", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("get", argv[at]);
	} else if (at >= 0) {
		session_load_config(&s);
		code = session_report(&s);
		for (size_t i = 1; code == EXIT_DONE && i < s.config->module_count; i++)
			printf("module.%s  %s\n", s.config->modules[i]->path, s.config->modules[i]->dir);
	}
	session_release(&s);
	return code;
}

int cmd_validate(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra validate [OPTION...]\n\nChecks the plan files without credentials, state and requests: names, arguments, "
				 "types, references, and all that can be evaluated while nothing is known. With -json the result is one "
				 "document.\n\n    infra validate\n    infra validate -json", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("validate", argv[at]);
	} else if (at >= 0) {
		if (session_load_config(&s) && session_new_engine(&s, NULL, NULL))
			engine_validate(s.engine, &s.diags);
		if (s.json) {
			AUTO_BUF struct buf out = BUF_INIT;
			json_validation(&s.diags, s.sources, &out);
			code = diags_has_errors(&s.diags) ? EXIT_FAILED : EXIT_DONE;
			session_print(&out);
		} else {
			code = session_report(&s);
			if (code == EXIT_DONE)
				puts("The configuration is valid.");
		}
	}
	session_release(&s);
	return code;
}

int cmd_version(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, 0, "Usage: infra version [-json]\n\nShows the version.", &code);
	if (at >= 0 && s.json) {
		struct utsname system;
		AUTO_BUF struct buf out = BUF_INIT;
		struct jsonw w = {.out = &out, .pretty = true};
		jsonw_open(&w, NULL, '{');
		jsonw_text(&w, "infra_version", program_version);
		jsonw_text(&w, "terraform_version", TERRAFORM_FORMS);
		jsonw_text(&w, "platform",
			   uname(&system)			     ? "linux"
			   : !strcmp(system.machine, "x86_64")	     ? "linux_amd64"
			   : !strcmp(system.machine, "aarch64")	     ? "linux_arm64"
								     : arena_printf(s.arena, "linux_%s", system.machine));
		jsonw_open(&w, "provider_selections", '{');
		jsonw_close(&w, '}');
		jsonw_bool(&w, "terraform_outdated", false);
		jsonw_close(&w, '}');
		buf_addc(&out, '\n');
		session_print(&out);
	} else if (at >= 0) {
		printf("infra v%s\n", program_version);
	}
	session_release(&s);
	return code;
}

int cmd_force_unlock(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE | OPTIONS_FORCE,
				 "Usage: infra force-unlock [OPTION...] [LOCK-ID]\n\nTakes away what a run has left of its lock. The lock ends with the "
				 "process that holds it, so that this is needed only where a network file system has not noticed its end; a lock whose "
				 "process lives is not taken away.\n\n    infra force-unlock", &code);
	if (at >= 0 && argc - at > 1) {
		code = session_too_many("force-unlock", argv[at + 1]);
	} else if (at >= 0) {
		if (state_force_unlock(s.state_path, at < argc ? argv[at] : "", &s.diags))
			puts("The state is not locked.");
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

/* ---- workspaces: directories and -state files serve ---- */

static int workspace_list(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("* default\n");
	return EXIT_DONE;
}

static int workspace_show(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("default");
	return EXIT_DONE;
}

static int workspace_other(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "NAME";
	fprintf(stderr,
		"infra workspace %s: there is one workspace, \"default\". A second set of objects has a state file of its own, or a directory of its "
		"own:\n\n    infra plan -state=.infra/%s.db -var-file=%s.tfvars\n",
		argv[0], name, name);
	return EXIT_FAILED;
}

int cmd_workspace(int argc, char **argv)
{
	static const struct command table[] = {
		{"list", workspace_list, "List the workspaces: there is one", false},
		{"show", workspace_show, "Show the name of the present one", false},
		{"new", workspace_other, "Say what to do instead", false},
		{"select", workspace_other, "Say what to do instead", false},
		{"delete", workspace_other, "Say what to do instead", false},
		{NULL, NULL, NULL, false},
	};
	return run_subcommand(argc, argv, table,
			      "Usage: infra workspace COMMAND\n\nThere is one workspace, \"default\". For a second set of objects from the same plan files give "
			      "it a state of its own with -state=FILE.");
}
