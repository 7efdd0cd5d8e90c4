/* SPDX-License-Identifier: Apache-2.0 */
/* infra hosts, ssh, ssh-config: the hosts of the state, and ssh to them. */
#include "cmd/infra/attempt.h"
#include "cmd/infra/inventory.h"
#include "jobs/quote.h"
#include "jobs/ssh_config.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- hosts ---- */

int cmd_hosts(int argc, char **argv)
{
	struct inventory inv = {0};
	const char *json = NULL, *refresh = NULL;
	const struct inventory_option table[] = {
		{"json", NULL, "print JSON", &json},
		{"refresh", NULL, "ask the cloud how the hosts are now, instead of the state", &refresh},
		{"user", "NAME", "the user, whatever the images say", &inv.options.user},
		{NULL, NULL, NULL, NULL},
	};
	int code;
	if (inventory_parse(&inv, argc, argv, table, 0,
			    "Usage: infra hosts [OPTION...]\n\nLists the instances of the state: their index, address, name, state, addresses, the user that "
			    "ssh logs in as, and\nthe host that ssh jumps through.\n\n    infra hosts\n    infra hosts -json | jq -r '.hosts[].private_address'",
			    &code)) {
		if (inv.words.count) {
			code = session_too_many("hosts", inv.words.items[0]);
		} else {
			inv.options.refresh = refresh != NULL;
			AUTO_BUF struct buf out = BUF_INIT;
			if (inventory_load(&inv)) {
				if (json)
					hosts_print_json(inv.hosts, &out);
				else if (inv.hosts->count)
					hosts_print(inv.hosts, &out);
				else
					fputs("The state holds no hosts.\n", stderr);
			}
			session_print(&out);
			code = session_report(&inv.s);
		}
	}
	inventory_release(&inv);
	return code;
}

/* ---- ssh ---- */

/* HOST, or USER@HOST as people write it for ssh. */
static struct host *named_host(struct inventory *inv)
{
	const char *word = inv->words.count ? inv->words.items[0] : NULL, *at = word ? strrchr(word, '@') : NULL;
	if (at && !host_lookup(inv->hosts, word)) {
		inv->user = arena_strndup(inv->s.arena, word, (size_t)(at - word));
		word = at + 1;
	}
	return host_find(inv->hosts, word, &inv->s.diags);
}

static int run_ssh(struct inventory *inv)
{
	if (!inventory_load(inv))
		return session_report(&inv->s);
	struct host *host = named_host(inv);
	host = host ? inventory_look(inv, host) : NULL;
	size_t count = 0;
	const char **way = host ? inventory_way(inv, host, &count) : NULL;
	if (!way)
		return session_report(&inv->s);
	VEC(const char *) words = {0};
	for (size_t i = 0; i < count; i++)
		vec_add(&words, way[i]);
	for (size_t i = 0; i < inv->ssh_options.count; i++)
		vec_add(&words, inv->ssh_options.items[i]);
	vec_add(&words, "--");
	vec_add(&words, host->id);
	AUTO_BUF struct buf line = BUF_INIT;
	if (inv->command.count) {
		/* behind a host that stands behind "--" ssh looks for no options */
		add_remote_command(&line, inv->command.items, inv->command.count);
		vec_add(&words, buf_text(&line));
	}
	vec_add(&words, NULL);
	int code = inventory_leave(inv, host, words.items);
	vec_free(&words);
	return code;
}

static int prepare_ssh(int argc, char **argv, struct attempt *attempt)
{
	struct inventory inv = {.attempt = attempt};
	const char *accept = NULL, *refresh = NULL;
	const struct inventory_option table[] = {
		INVENTORY_WAY(&inv, &accept),
		{"refresh", NULL, "ask the cloud for the host's address, instead of the state", &refresh},
		{NULL, NULL, NULL, NULL},
	};
	int code;
	if (inventory_parse(&inv, argc, argv, table, INVENTORY_COMMAND | INVENTORY_SSH_OPTIONS,
			    "Usage: infra ssh [OPTION...] [HOST] [-- COMMAND...]\n\nStarts ssh to a host of the state; the terminal, signals and the exit status are "
			    "ssh's own. HOST is an\nindex, a resource's address, the tag Name, an instance's id or an address (`infra hosts`); the only "
			    "one need not\nbe named. Options of ssh's of one letter (-t, -v, -L ...) are passed on.\n\nA COMMAND of several words is a program and "
			    "its arguments, which arrive as they are; one word is a command line for\nthe shell over there.\n\n    infra ssh 1\n    infra ssh trainer "
			    "-- ls 'a b'\n    infra ssh trainer -- 'cd data && ls | wc -l'\n    infra ssh -t 0 -- tmux attach",
			    &code)) {
		if (inv.words.count > 1) {
			code = session_too_many("ssh", inv.words.items[1]);
		} else {
			inv.accept_new = accept != NULL;
			inv.options.refresh = refresh != NULL;
			code = run_ssh(&inv);
		}
	}
	inventory_release(&inv);
	return code;
}

int cmd_ssh(int argc, char **argv)
{
	return attempt_run(argc, argv, prepare_ssh);
}

/* ---- ssh-config ---- */

struct config_words {
	const char *print, *forget, *write_keys;
};

static bool forget_keys(struct inventory *inv, const char *word)
{
	for (size_t i = 0; i < inv->hosts->count; i++) {
		struct host *host = &inv->hosts->items[i];
		if (strcmp(word, "all") != 0 && host != host_lookup(inv->hosts, word))
			continue;
		if (!ssh_forget_key(inv->hosts, host)) {
			diag_error(&inv->s.diags, SRC_NOWHERE, "File cannot be written", "%s/known_hosts cannot be written.", inv->hosts->dir);
			return false;
		}
	}
	return strcmp(word, "all") == 0 || host_find(inv->hosts, word, &inv->s.diags);
}

static int write_config(struct inventory *inv, const struct config_words *words)
{
	if (!inventory_load(inv) || (words->forget && !forget_keys(inv, words->forget)) ||
	    (words->write_keys && !hosts_write_keys(inv->hosts, inv->s.state, &inv->s.diags)))
		return session_report(&inv->s);
	unsigned wait_ms;
	if (!inventory_wait(inv, &wait_ms))
		return session_report(&inv->s);
	inventory_learn_all(inv, wait_ms);
	struct ssh_options options = {.program = inventory_program(inv->s.arena)};
	const char *file = ssh_config_write(inv->s.arena, inv->hosts, &options, &inv->s.diags);
	if (!file)
		return session_report(&inv->s);
	AUTO_BUF struct buf out = BUF_INIT;
	const char *hosts_file = path_join(inv->s.arena, arena_strndup(inv->s.arena, file, (size_t)(strrchr(file, '/') - file)), "ssh_config");
	if (words->print) {
		if (!file_read(hosts_file, 0, &out))
			diag_error(&inv->s.diags, SRC_NOWHERE, "File cannot be read", "%s cannot be read.", hosts_file);
	} else {
		buf_addf(&out, "%zu host%s in %s/ssh_config. For ssh, scp, rsync and VS Code this line goes to the top of ~/.ssh/config:\n\n    Include ",
			 inv->hosts->count, inv->hosts->count == 1 ? "" : "s", inv->hosts->dir);
		add_include_quoted(&out, hosts_file);
		buf_addf(&out, "\n\nWithout it:\n\n    ssh -F %s/ssh_main HOST\n", inv->hosts->dir);
	}
	session_print(&out);
	return session_report(&inv->s);
}

int cmd_ssh_config(int argc, char **argv)
{
	struct inventory inv = {0};
	struct config_words words = {0};
	const char *accept = NULL, *refresh = NULL;
	const struct inventory_option table[] = {
		{"print", NULL, "print the file", &words.print},
		{"user", "NAME", "log in as this user, from now on; empty: by the images", &inv.options.user},
		{"jump", "HOST", "go through this host, from now on; empty: chosen", &inv.options.jump},
		{"from", "ADDRESS", "where a sandbox's security groups see you, from now on", &inv.options.from},
		{"accept-new", NULL, "accept keys that are not known unasked", &accept},
		{"forget", "HOST", "forget a host's key (all: everyone's), and learn it anew", &words.forget},
		{"write-keys", NULL, "write private keys that the state alone has into .infra, mode 0600", &words.write_keys},
		{"wait", "DURATION", "for a host's key in its console at most; 90s", &inv.wait},
		{"refresh", NULL, "ask the cloud for the hosts' addresses, instead of the state", &refresh},
		{NULL, NULL, NULL, NULL},
	};
	int code;
	if (inventory_parse(&inv, argc, argv, table, 0,
			    "Usage: infra ssh-config [OPTION...]\n\nWrites .infra/ssh_config, by which any OpenSSH client reaches the hosts of the state, learns their "
			    "keys from their\nconsoles, and says how to use it.\n\n    infra ssh-config\n    infra ssh-config -jump=bastion -user=admin",
			    &code)) {
		if (inv.words.count) {
			code = session_too_many("ssh-config", inv.words.items[0]);
		} else {
			inv.options.accept_new = accept != NULL;
			inv.options.refresh = refresh != NULL;
			inv.options.remember = true;
			code = write_config(&inv, &words);
		}
	}
	inventory_release(&inv);
	return code;
}
