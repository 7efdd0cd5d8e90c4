/* SPDX-License-Identifier: Apache-2.0 */
/* infra import: one object taken into the state, by an import block that is written nowhere. */
#include "base/file.h"
#include "cmd/infra/run.h"

#include <errno.h>
#include <string.h>

static const char NAME[] = "(infra import).tf";

/* The disk, and one file more in the root module. */
struct with_block {
	const char *text;
};

static bool list(void *ctx, struct arena *arena, const char *dir, char ***names, size_t *count)
{
	(void)ctx;
	if (!directory_list(arena, dir, names, count))
		return false;
	if (strcmp(dir, ".") != 0)
		return true;
	char **more = arena_array_of(arena, *count + 1, char *);
	if (*count)
		memcpy(more, *names, *count * sizeof(*more));
	more[(*count)++] = arena_strdup(arena, NAME);
	*names = more;
	return true;
}

static bool read_file(void *ctx, const char *path, struct buf *out)
{
	const struct with_block *with = ctx;
	if (strcmp(path, NAME) != 0)
		return file_read(path, 64u << 20, out);
	buf_adds(out, with->text);
	return true;
}

static void import_text(const char *address, const char *id, struct buf *out)
{
	buf_addf(out, "import {\n  to = %s\n  id = ", address);
	value_print_quoted(id, strlen(id), out);
	buf_adds(out, "\n}\n");
}

/* The plan with nothing in it but the object as it is. */
static struct plan *only_import(struct session *s, const struct plan *plan, const char *address)
{
	const struct change *change = plan_find_change(plan, address, "");
	if (!change || !change->importing) {
		const char *held = change && change->previous_address ? change->previous_address : address;
		if (change || state_find_object(s->state, address, ""))
			diag_error(&s->diags, SRC_NOWHERE, "Resource already managed by infra",
				   "The state holds an object at %s already. To take another one there, forget that one first:\n\n    infra state rm '%s'",
				   held, held);
		else
			diag_error(&s->diags, SRC_NOWHERE, "Nothing to import into",
				   "The configuration has no instance %s; write its resource block first, then import into it.", address);
		return NULL;
	}
	struct plan *one = arena_new_of(s->arena, struct plan);
	*one = *plan;
	one->changes = arena_new_of(s->arena, struct change);
	one->changes[0] = *change;
	one->changes[0].action = PLAN_NOOP;
	one->changes[0].reason = REASON_NONE;
	one->changes[0].planned = change->prior;
	one->changes[0].replace_count = 0;
	one->change_count = 1;
	one->output_count = one->drift_count = 0;
	return one;
}

int cmd_import(int argc, char **argv)
{
	struct run run = {.operation = "import"};
	struct session *s = &run.s;
	int code;
	int at = session_options(s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE,
				 "Usage: infra import [OPTION...] ADDRESS ID\n\nTakes an object that exists into the state, as the one that a resource block "
				 "stands for. Nothing is changed in the cloud; the next plan shows where block and object differ. To do the same reviewed, in "
				 "a plan, write an `import` block.\n\n    infra import aws_vpc.main vpc-0a1b2c3d", &code);
	if (at >= 0 && argc - at != 2) {
		fputs("infra import: give the address of a resource instance, and the id of the object\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		struct address parts;
		AUTO_BUF struct buf text = BUF_INIT;
		struct plan *plan = NULL;
		if (address_parse(s->arena, argv[at], &parts, &s->diags)) {
			if (!parts.type || parts.data)
				diag_error(&s->diags, SRC_NOWHERE, "Invalid address", "%s is no address of a resource instance.", argv[at]);
			import_text(argv[at], argv[at + 1], &text);
		}
		struct with_block with = {buf_text(&text)};
		struct config_reader reader = {list, read_file, &with};
		const char *target = argv[at];
		s->reader = &reader;
		s->plan.targets = &target;
		s->plan.target_count = 1;
		if (!diags_has_errors(&s->diags))
			plan = run_prepare(&run);
		if (plan && !plan->errored)
			plan = only_import(s, plan, address_print(s->arena, &parts));
		code = session_report(s);
		if (code == EXIT_DONE && plan) {
			code = run_apply(&run, plan);
			if (code == EXIT_DONE)
				printf("\n%s is in the state now. To see where it differs from its block:\n\n    infra plan\n", argv[at]);
		}
	}
	run_release(&run);
	return code;
}
