/* SPDX-License-Identifier: Apache-2.0 */
/* infra taint, infra untaint: whether an object counts as damaged. */
#include "cmd/infra/session.h"

#include <stdio.h>

static int set_status(int argc, char **argv, enum object_status status, const char *usage)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE, usage, &code);
	if (at >= 0 && argc - at != 1) {
		fprintf(stderr, "infra %s: give the address of one object, as `infra state list` shows it\n", argv[0]);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		const struct object *found = session_open_state_only(&s, false, argv[0]) ? session_one_object(&s, argv[at]) : NULL;
		bool tainted = status == OBJECT_TAINTED;
		if (found && found->status == status) {
			printf("%s is %s already.\n", found->address, tainted ? "tainted" : "not tainted");
		} else if (found) {
			const char *address = arena_strdup(s.arena, found->address);
			struct object now = *found;
			now.status = status;
			state_put_object(s.state, &now);
			if (session_commit(&s, argv[0], address))
				printf(tainted ? "%s is tainted: the next apply replaces it.\n" : "%s counts as sound: it is not replaced.\n", address);
		}
		fflush(stdout);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

int cmd_taint(int argc, char **argv)
{
	return set_status(argc, argv, OBJECT_TAINTED,
			  "Usage: infra taint [OPTION...] ADDRESS\n\nMarks an object as damaged in the state: the next plan replaces it. To do the same "
			  "for one plan alone, use `infra plan -replace=ADDRESS`.\n\n    infra taint 'aws_instance.host[0]'");
}

int cmd_untaint(int argc, char **argv)
{
	return set_status(argc, argv, OBJECT_OK,
			  "Usage: infra untaint [OPTION...] ADDRESS\n\nTakes the mark of a damaged object away, that `infra taint` has set, or a creation "
			  "that failed half-way.\n\n    infra untaint 'aws_instance.host[0]'");
}
