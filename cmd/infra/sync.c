/* SPDX-License-Identifier: Apache-2.0 */
/* infra push, pull: files to and from hosts, by rsync. */
#include "base/proc.h"
#include "cmd/infra/attempt.h"
#include "cmd/infra/inventory.h"
#include "jobs/sync.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sync {
	struct inventory inv;
	struct sync_options options;
	const char *accept, *remove, *all, *dry_run;
	bool warned;
};

/* rsync's words for a host; NULL with the exit code, all told. */
static const char *const *prepare(struct sync *sync, struct host *host, int *code)
{
	struct inventory *inv = &sync->inv;
	size_t count;
	const char *why;
	host = inventory_look(inv, host);
	const char **way = host ? inventory_way(inv, host, &count) : NULL;
	*code = session_report(&inv->s);
	if (!way)
		return NULL;
	sync->options.ssh = way;
	sync->options.host = host;
	const char *const *argv = sync_arguments(inv->s.arena, &sync->options, &why);
	const char *lost = argv && !sync->warned ? sync_lost_exception(inv->s.arena, &sync->options) : NULL;
	if (lost)
		fprintf(stderr, "infra push: .gitignore has \"%s\", and rsync knows no exceptions: what other lines name is not sent. An .infraignore would be taken instead.\n",
			lost);
	sync->warned = true;
	if (!argv) {
		fprintf(stderr, "infra %s: %s\n", sync->options.pull ? "pull" : "push", why);
		*code = EXIT_USAGE;
	}
	return argv;
}

/* ---- to each host, some at a time ---- */

enum { SIDE_BY_SIDE = 8 };

struct everyone {
	struct sync *sync;
	struct loop *loop;
	size_t next, running;
	bool over;
	int worst; /* the first exit code that is not 0 */
	VEC(const struct host *) cut_off;
};

struct one {
	struct everyone *all;
	const struct host *host;
};

static void start_more(struct everyone *all);

static void print_text(FILE *out, const char *text, size_t len)
{
	fwrite(text, 1, len, out);
	if (len && text[len - 1] != '\n')
		fputc('\n', out);
	fflush(out);
}

static void on_end(void *ctx, const struct proc_outcome *outcome)
{
	struct one *one = ctx;
	struct everyone *all = one->all;
	char text[128];
	bool good = outcome->result == PROC_EXITED && !outcome->code;
	printf("%zu  %s%s%s\n", one->host->index, host_title(one->host), good ? "" : ": rsync ", good ? "" : proc_describe(outcome, text, sizeof(text)));
	print_text(stdout, outcome->out, outcome->out_len);
	print_text(stderr, outcome->err, outcome->err_len);
	if (!good && all->worst == EXIT_DONE)
		all->worst = outcome->result == PROC_EXITED ? outcome->code : EXIT_FAILED;
	if (outcome->result == PROC_EXITED && attempt_is_cut_off("rsync", outcome->code))
		vec_add(&all->cut_off, one->host);
	all->running--;
	start_more(all);
}

static void start_more(struct everyone *all)
{
	struct inventory *inv = &all->sync->inv;
	while (all->running < SIDE_BY_SIDE && all->next < inv->hosts->count) {
		struct host *host = &inv->hosts->items[all->next++];
		int code;
		const char *const *argv = prepare(all->sync, host, &code);
		if (!argv) {
			all->worst = all->worst == EXIT_DONE ? code : all->worst;
			continue;
		}
		struct one *one = arena_new_of(inv->s.arena, struct one);
		*one = (struct one){.all = all, .host = host};
		/* a word of ssh's (a passphrase) is asked for on the terminal itself */
		proc_start(all->loop, &(struct proc_options){.argv = argv}, on_end, one);
		all->running++;
	}
	all->over = !all->running;
}

static int sync_everyone(struct sync *sync)
{
	struct inventory *inv = &sync->inv;
	unsigned wait_ms;
	if (!inventory_wait(inv, &wait_ms))
		return session_report(&inv->s);
	inventory_learn_all(inv, wait_ms);
	inv->wait = "0"; /* that was the wait for all */
	struct everyone all = {.sync = sync, .loop = inv->s.loop};
	start_more(&all);
	if (!all.over)
		loop_run_until(all.loop, &all.over);
	for (size_t i = 0; i < all.cut_off.count; i++)
		inventory_explain(inv, all.cut_off.items[i], false);
	session_report(&inv->s);
	vec_free(&all.cut_off);
	return all.worst;
}

/* ---- to one ---- */

static int sync_one(struct sync *sync, struct host *host)
{
	int code;
	const char *const *argv = prepare(sync, host, &code);
	return argv ? inventory_leave(&sync->inv, host, argv) : code;
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
	bool every = !sync->options.pull && inv->words.count && !strcmp(inv->words.items[0], "all") && inv->hosts->count;
	struct host *host = every ? inv->hosts->items : take_host(sync, most, &at);
	if (!host)
		return session_report(&inv->s);
	const char *first = at < inv->words.count ? inv->words.items[at] : NULL;
	const char *second = at + 1 < inv->words.count ? inv->words.items[at + 1] : NULL;
	sync->options.local = sync->options.pull ? second : first;
	sync->options.remote = sync->options.pull ? first : second;
	sync->options.terminal = !every && isatty(STDOUT_FILENO);
	return every ? sync_everyone(sync) : sync_one(sync, host);
}

static int sync_command(int argc, char **argv, struct attempt *attempt, bool pull, const char *usage)
{
	struct sync sync = {.options.pull = pull, .inv.attempt = attempt};
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

static int prepare_push(int argc, char **argv, struct attempt *attempt)
{
	return sync_command(argc, argv, attempt, false,
			    "Usage: infra push [OPTION...] [HOST] [LOCAL] [REMOTE]\n\nCopies files to a host by rsync: what has changed alone, and nothing is removed there. HOST is as "
			    "in `infra ssh`, or\n\"all\"; the only one need not be named. LOCAL is the working directory unless given, REMOTE the same name in the "
			    "user's\nhome. As with rsync, a '/' behind a directory means what is in it.\n\nWhat .infraignore names is left out, or where there is "
			    "none .gitignore; always .infra, and .git.\n\n    infra push\n    infra push all src/ code\n    infra push 1 data.tar /efs/");
}

int cmd_push(int argc, char **argv)
{
	return attempt_run(argc, argv, prepare_push);
}

static int prepare_pull(int argc, char **argv, struct attempt *attempt)
{
	return sync_command(argc, argv, attempt, true,
			    "Usage: infra pull [OPTION...] [HOST] REMOTE [LOCAL]\n\nCopies files from a host by rsync: what has changed alone, and nothing is removed here. A REMOTE that "
			    "is relative is\nin the user's home; LOCAL is the working directory unless given. As with rsync, a '/' behind a directory means what\nis in "
			    "it.\n\n    infra pull trainer results\n    infra pull 1 /efs/checkpoints/ checkpoints");
}

int cmd_pull(int argc, char **argv)
{
	return attempt_run(argc, argv, prepare_pull);
}
