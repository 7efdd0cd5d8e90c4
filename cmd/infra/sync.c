/* SPDX-License-Identifier: Apache-2.0 */
/* infra push, pull: files to and from hosts, by rsync. */
#include "base/proc.h"
#include "cmd/infra/inventory.h"
#include "jobs/sync.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sync {
	struct inventory inv;
	struct sync_options options;
	const char *accept, *remove, *all, *dry_run;
	bool every; /* HOST is "all" */
};

/* rsync to one host: instead of us, or, where others follow, before them. */
static int sync_one(struct sync *sync, struct host *host)
{
	struct inventory *inv = &sync->inv;
	size_t count;
	const char *why;
	const char **way = inventory_way(inv, host, &count);
	if (!way)
		return session_report(&inv->s);
	sync->options.ssh = way;
	sync->options.host = host;
	const char *const *argv = sync_arguments(inv->s.arena, &sync->options, &why);
	if (!argv) {
		fprintf(stderr, "infra %s: %s\n", sync->options.pull ? "pull" : "push", why);
		return EXIT_USAGE;
	}
	if (!sync->every)
		return inventory_exec(inv, argv);
	int code = session_report(&inv->s);
	if (code != EXIT_DONE)
		return code;
	printf("%s%zu  %s\n", host->index ? "\n" : "", host->index, host_title(host));
	fflush(stdout);
	struct proc_outcome outcome = proc_run(&(struct proc_options){.argv = argv, .flags = PROC_TERMINAL});
	char text[128];
	if (outcome.result != PROC_EXITED)
		fprintf(stderr, "infra: rsync %s\n", proc_describe(&outcome, text, sizeof(text)));
	code = outcome.result == PROC_EXITED ? outcome.code : EXIT_FAILED;
	proc_outcome_release(&outcome);
	return code;
}

/* HOST may be left out where there is one alone, or where the first word is no host's and there is one alone. */
static struct host *take_host(struct sync *sync, size_t most, size_t *at)
{
	struct inventory *inv = &sync->inv;
	const char *first = inv->words.count ? inv->words.items[0] : NULL;
	*at = 0;
	if (first && (inv->hosts->count != 1 || inv->words.count == most || host_lookup(inv->hosts, first))) {
		*at = 1;
		return host_find(inv->hosts, first, &inv->s.diags);
	}
	return host_find(inv->hosts, NULL, &inv->s.diags);
}

static int run_sync(struct sync *sync)
{
	struct inventory *inv = &sync->inv;
	size_t at = 1, most = 3;
	if (!inventory_load(inv))
		return session_report(&inv->s);
	sync->every = !sync->options.pull && inv->words.count && !strcmp(inv->words.items[0], "all") && inv->hosts->count;
	struct host *host = sync->every ? inv->hosts->items : take_host(sync, most, &at);
	if (!host)
		return session_report(&inv->s);
	const char *first = at < inv->words.count ? inv->words.items[at] : NULL;
	const char *second = at + 1 < inv->words.count ? inv->words.items[at + 1] : NULL;
	sync->options.local = sync->options.pull ? second : first;
	sync->options.remote = sync->options.pull ? first : second;
	sync->options.terminal = isatty(STDOUT_FILENO);
	if (!sync->every)
		return sync_one(sync, host);
	unsigned wait_ms;
	if (!inventory_wait(inv, &wait_ms))
		return session_report(&inv->s);
	inventory_learn_all(inv, wait_ms);
	inv->wait = "0"; /* that was the wait for all */
	int worst = EXIT_DONE;
	for (size_t i = 0; i < inv->hosts->count; i++) {
		int code = sync_one(sync, &inv->hosts->items[i]);
		worst = worst == EXIT_DONE ? code : worst;
	}
	return worst;
}

static int sync_command(int argc, char **argv, bool pull, const char *usage)
{
	struct sync sync = {.options.pull = pull};
	struct inventory *inv = &sync.inv;
	const struct inventory_option table[] = {
		{"delete", NULL, "remove at the target what the source does not have", &sync.remove},
		{"dry-run", NULL, "say what would be copied, and copy nothing", &sync.dry_run},
		{"all", NULL, "also what ignore files name, and .git", &sync.all},
		INVENTORY_WAY(inv, &sync.accept),
		{NULL, NULL, NULL, NULL},
	};
	int code;
	if (inventory_parse(inv, argc, argv, table, 0, usage, &code)) {
		inv->accept_new = sync.accept != NULL;
		sync.options.remove = sync.remove != NULL;
		sync.options.all = sync.all != NULL;
		sync.options.dry_run = sync.dry_run != NULL;
		code = inv->words.count > 3 ? session_too_many(argv[0], inv->words.items[3]) : run_sync(&sync);
	}
	inventory_release(inv);
	return code;
}

int cmd_push(int argc, char **argv)
{
	return sync_command(argc, argv, false,
			    "Usage: infra push [OPTION...] [HOST] [LOCAL] [REMOTE]\n\nCopies files to a host by rsync: what has changed alone, and nothing is removed there. HOST is as "
			    "in `infra ssh`, or\n\"all\"; the only one need not be named. LOCAL is the working directory unless given, REMOTE the same name in the "
			    "user's\nhome. As with rsync, a '/' behind a directory means what is in it.\n\nWhat .infraignore names is left out, or where there is "
			    "none .gitignore; always .infra, and .git.\n\n    infra push\n    infra push all src/ code\n    infra push 1 data.tar /efs/");
}

int cmd_pull(int argc, char **argv)
{
	return sync_command(argc, argv, true,
			    "Usage: infra pull [OPTION...] [HOST] REMOTE [LOCAL]\n\nCopies files from a host by rsync: what has changed alone, and nothing is removed here. A REMOTE that "
			    "is relative is\nin the user's home; LOCAL is the working directory unless given. As with rsync, a '/' behind a directory means what\nis in "
			    "it.\n\n    infra pull trainer results\n    infra pull 1 /efs/checkpoints/ checkpoints");
}
