/* SPDX-License-Identifier: Apache-2.0 */
/* infra tunnel: ports of hosts at 127.0.0.1, by the names of the configuration's tunnel blocks or by host and port. */
#include "cmd/infra/inventory.h"

#include "base/proc.h"
#include "jobs/forward.h"
#include "plans/tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: infra tunnel [OPTION...] NAME|HOST:PORT...\n"
	"\n"
	"Brings ports of hosts to 127.0.0.1 by ssh, through the jump host where one is needed, and keeps them there: when the\n"
	"connection is lost, it is made again with the same port, until Ctrl-C. NAME is that of a tunnel block in a .infra file;\n"
	"HOST is as for `infra ssh`, or an address that the jump host reaches. What listens on the host may do so on localhost\n"
	"there, on its private address, or on all. Without a name the named ones are listed.\n"
	"\n"
	"    infra tunnel -list\n"
	"    infra tunnel grafana tensorboard\n"
	"    infra tunnel trainer:8888";

struct entry { /* a tunnel that is asked for */
	const char *name;
	const char *path;
	struct host *host;  /* to log in to */
	const char *target; /* seen from there */
	const char *what;   /* "monitor, port 3000", for people */
	bool sensitive;     /* where it leads */
	unsigned port, local_port;
	bool fixed;  /* that local port and no other */
	bool beyond; /* the host is the jump host itself, and the target lies behind it */
	struct forward *forward;
	struct tunneling *all;
	bool was_up, was_lost, failed;
	bool silent; /* it failed for want of an answer */
};

struct tunneling {
	struct inventory inv;
	const char *local_port, *list, *open;
	VEC(struct entry) entries;
	size_t width; /* of names */
	bool stop, over;
	bool engine_ready;
	struct world_eval we;
};

/* ---- what is asked for ---- */

static bool load_engine(struct tunneling *t)
{
	struct session *s = &t->inv.s;
	if (!t->engine_ready)
		t->engine_ready = inventory_load_engine(&t->inv) && engine_eval_init(s->engine, &t->we, s->arena, &s->diags) &&
				  !diags_has_errors(&s->diags);
	return t->engine_ready;
}

static void no_such_tunnel(struct tunneling *t, const char *name)
{
	struct session *s = &t->inv.s;
	const struct map *tunnels = &s->config->root->tunnels;
	VEC(const char *) names = {0};
	for (struct map_entry *e = map_first(tunnels); e; e = map_next(tunnels, e))
		vec_add(&names, e->key);
	const char *near = nearest_name(name, names.items, names.count);
	diag_error(&s->diags, SRC_NOWHERE, "Tunnel not found",
		   "The configuration has no tunnel \"%s\".%s%s%s A port of a host is written HOST:PORT; `infra tunnel "
		   "-list` shows the named ones.",
		   name, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	vec_free(&names);
}

static bool add_named(struct tunneling *t, const char *name, const char **host)
{
	struct session *s = &t->inv.s;
	struct tunnel_value v;
	if (!load_engine(t))
		return false;
	const struct tunnel *tunnel = map_find(&s->config->root->tunnels, name);
	if (!tunnel) {
		no_such_tunnel(t, name);
		return false;
	}
	if (!tunnel_evaluate(&t->we, tunnel, &v))
		return false;
	if (!v.host || !v.port) {
		const char *what = v.host ? "port" : "host";
		diag_error(&s->diags, tunnel->range, "Tunnel leads nowhere",
			   v.unknown ? "The %s of the tunnel \"%s\" is not known: it depends on what the next apply makes, or on a "
				       "variable that has no value here "
				       "(-var, terraform.tfvars)."
				     : "The %s of the tunnel \"%s\" is null now: what it leads to is turned off, or is not there.",
			   what, name);
		return false;
	}
	*host = v.host;
	struct entry entry = {.name = name,
			      .path = v.path,
			      .port = v.port,
			      .local_port = v.local_port,
			      .fixed = v.local_port != 0,
			      .sensitive = v.sensitive};
	vec_add(&t->entries, entry);
	return true;
}

static bool parse_port(const char *text, unsigned *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	*port = (unsigned)n;
	return *text >= '0' && *text <= '9' && !*end && n >= 1 && n <= 65535;
}

/* What ssh shall connect to from the jump host: nothing that its -L, or a shell, would read otherwise. */
static bool is_safe_target(const char *host)
{
	unsigned char bytes[16];
	return *host && *host != '-' && !host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-")] &&
	       (!strchr(host, ':') || inet_pton(AF_INET6, host, bytes) == 1);
}

/* "HOST:PORT", "[::1]:PORT" */
static bool add_plain(struct tunneling *t, const char *word, const char **host)
{
	struct session *s = &t->inv.s;
	const char *colon = strrchr(word, ':');
	struct entry entry = {.name = word};
	bool bracket = *word == '[' && colon > word && colon[-1] == ']';
	*host = bracket ? arena_strndup(s->arena, word + 1, (size_t)(colon - word) - 2)
			: arena_strndup(s->arena, word, (size_t)(colon - word));
	if (!**host || !parse_port(colon + 1, &entry.port) || (!bracket && strchr(*host, ':') && !is_safe_target(*host))) {
		diag_error(&s->diags, SRC_NOWHERE, "Not a port of a host", "\"%s\" is not HOST:PORT, with a port from 1 to 65535.",
			   word);
		return false;
	}
	vec_add(&t->entries, entry);
	return true;
}

/* The host that others are reached through: what -jump says, else the one that the hosts have, else the only one that is open. */
static struct host *find_jump(struct inventory *inv)
{
	struct host *open = NULL;
	for (size_t i = 0; i < inv->hosts->count; i++) {
		struct host *host = &inv->hosts->items[i];
		if (host->jump)
			return host->jump;
		if (host->public_address)
			open = open ? open : host;
	}
	return open;
}

static bool resolve(struct tunneling *t, struct entry *entry, const char *host)
{
	struct inventory *inv = &t->inv;
	struct diags *diags = &inv->s.diags;
	entry->host = host_lookup(inv->hosts, host);
	entry->target = "localhost";
	if (!entry->host && (!strpbrk(host, ".:") || (strpbrk(host, "[@") && !entry->sensitive))) {
		entry->host = host_find(inv->hosts, host, diags); /* says what there is */
		if (!entry->host)
			return false;
	}
	if (!entry->host) {
		if (!is_safe_target(host)) {
			diag_error(diags, SRC_NOWHERE, "Not a host",
				   "The tunnel %s leads to a host whose name holds what no name of a host holds.", entry->name);
			return false;
		}
		entry->target = host;
		entry->host = inv->jump_word ? host_find(inv->hosts, inv->jump_word, diags) : find_jump(inv);
		entry->beyond = true;
		if (!entry->host && !diags_has_errors(diags))
			diag_error(diags, SRC_NOWHERE, "No way to the host",
				   "%s leads to no host of the state, and none of those could reach it for us. `infra hosts` "
				   "lists them.",
				   entry->name);
		if (!entry->host)
			return false;
	}
	entry->what = !strcmp(entry->target, "localhost")
			      ? arena_printf(inv->s.arena, "%s, port %u", host_title(entry->host), entry->port)
			      : arena_printf(inv->s.arena, "%s, port %u", entry->sensitive ? "(sensitive)" : host, entry->port);
	return true;
}

/* ---- local ports ---- */

static bool is_taken_by_us(const struct tunneling *t, const struct entry *entry, unsigned port)
{
	for (size_t i = 0; i < t->entries.count; i++) {
		if (&t->entries.items[i] != entry && t->entries.items[i].local_port == port)
			return true;
	}
	return false;
}

static bool choose_port(struct tunneling *t, struct entry *entry)
{
	struct diags *diags = &t->inv.s.diags;
	if (entry->fixed) {
		if (!is_taken_by_us(t, entry, entry->local_port) && forward_port_is_free(entry->local_port))
			return true;
		diag_error(diags, SRC_NOWHERE, "The local port is in use",
			   "The tunnel %s wants port %u of this machine, and something else listens there, or it needs "
			   "rights that you do not have. Another one:\n\n    infra tunnel -local-port=N %s",
			   entry->name, entry->local_port, entry->name);
		return false;
	}
	bool same = !is_taken_by_us(t, entry, entry->port) && forward_port_is_free(entry->port);
	entry->local_port = same ? entry->port : 0;
	for (unsigned tries = 0; !entry->local_port && tries < 20; tries++) {
		unsigned port = forward_free_port();
		entry->local_port = is_taken_by_us(t, entry, port) ? 0 : port;
	}
	if (!entry->local_port)
		diag_error(diags, SRC_NOWHERE, "No local port is free", "No port of 127.0.0.1 could be had for the tunnel %s.",
			   entry->name);
	return entry->local_port != 0;
}

static bool prepare(struct tunneling *t)
{
	struct inventory *inv = &t->inv;
	struct diags *diags = &inv->s.diags;
	AUTO_FREE const char **hosts = xcalloc(inv->words.count, sizeof(*hosts));
	for (size_t i = 0; i < inv->words.count; i++) {
		const char *word = inv->words.items[i];
		if (!(strchr(word, ':') ? add_plain(t, word, &hosts[i]) : add_named(t, word, &hosts[i])))
			return false;
	}
	unsigned local_port = 0;
	if (t->local_port && (!parse_port(t->local_port, &local_port) || t->entries.count != 1)) {
		diag_error(diags, SRC_NOWHERE, "Not a local port",
			   t->entries.count != 1 ? "-local-port is for one tunnel at a time; give local_port in the tunnel blocks."
						 : "-local-port is a number from 1 to 65535.");
		return false;
	}
	if (!inventory_load(inv))
		return false;
	for (size_t i = 0; i < t->entries.count; i++) {
		struct entry *entry = &t->entries.items[i];
		entry->all = t;
		if (local_port) {
			entry->local_port = local_port;
			entry->fixed = true;
		}
		if (!resolve(t, entry, hosts[i]))
			return false;
		size_t width = strlen(entry->name);
		t->width = width > t->width ? width : t->width;
	}
	for (size_t i = 0; i < t->entries.count; i++) {
		if (!choose_port(t, &t->entries.items[i]))
			return false;
	}
	return true;
}

/* ---- at work ---- */

/* What a browser can open, but where a port means something else to everybody. */
static const char *url_of(const struct entry *entry, char *out, size_t size)
{
	static const unsigned others[] = {22, 2049, 3306, 5432, 6379};
	for (size_t i = 0; i < ARRAY_LEN(others) && !entry->path; i++) {
		if (entry->port == others[i]) {
			snprintf(out, size, "127.0.0.1:%u", entry->local_port);
			return out;
		}
	}
	AUTO_BUF struct buf path = BUF_INIT;
	buf_add_harmless(&path, entry->path ? entry->path : "");
	snprintf(out, size, "http://127.0.0.1:%u%s", entry->local_port, buf_text(&path));
	return out;
}

static void on_opened(void *ctx, const struct proc_outcome *outcome)
{
	const struct entry *entry = ctx;
	char how[128];
	if (outcome->result != PROC_EXITED || outcome->code)
		fprintf(stderr, "infra: xdg-open, which -open needs, %s; %s stands all the same\n",
			proc_describe(outcome, how, sizeof(how)), entry->name);
}

static void open_page(const struct entry *entry, const char *url)
{
	const char *const argv[] = {"xdg-open", url, NULL};
	proc_start(entry->all->inv.s.loop, &(struct proc_options){.argv = argv, .flags = PROC_OWN_GROUP, .output_limit = 1 << 16},
		   on_opened, (void *)(uintptr_t)entry);
}

static void on_event(void *ctx, enum forward_event event, const char *why)
{
	struct entry *entry = ctx;
	struct tunneling *t = entry->all;
	int width = (int)t->width;
	char url[512];
	entry->local_port = forward_local_port(entry->forward);
	url_of(entry, url, sizeof(url));
	switch (event) {
	case FORWARD_WORKS:
		printf("%-*s  %s%s\n", width, entry->name, url, entry->was_lost ? "  (is back)" : "");
		fflush(stdout);
		if (t->open && !entry->was_up)
			open_page(entry, url);
		entry->was_up = true;
		entry->was_lost = false;
		break;
	case FORWARD_SILENT:
		fprintf(stderr, "%-*s  the tunnel stands at %s, but nobody listens there (%s): %s\n", width, entry->name, url,
			entry->what, why);
		break;
	case FORWARD_LOST:
		fprintf(stderr, "%-*s  is lost: %s; trying again until it is back, or Ctrl-C\n", width, entry->name, why);
		entry->was_lost = true;
		break;
	case FORWARD_STILL: fprintf(stderr, "%-*s  is still lost: %s\n", width, entry->name, why); break;
	case FORWARD_FAILED:
		fprintf(stderr, "%-*s  failed: %s%s\n", width, entry->name, why,
			strstr(why, "host key is known") ? " (-accept-new takes it unseen, `infra ssh` asks)"
			: strstr(why, "HAS CHANGED") ? " (`infra ssh` tells more; if that is right, `infra ssh-config -forget=HOST` learns it anew)"
						     : "");
		entry->failed = true;
		entry->silent = strstr(why, "timed out") != NULL;
		break;
	}
}

static void on_signal(void *ctx, int signo)
{
	struct tunneling *t = ctx;
	(void)signo;
	if (t->stop) { /* the second time: at once */
		t->over = true;
		return;
	}
	t->stop = true;
	for (size_t i = 0; i < t->entries.count; i++) {
		if (t->entries.items[i].forward)
			forward_stop(t->entries.items[i].forward);
	}
}

static void look_whether_over(void *ctx)
{
	struct tunneling *t = ctx;
	bool over = true;
	for (size_t i = 0; i < t->entries.count; i++)
		over &= !t->entries.items[i].forward || forward_is_over(t->entries.items[i].forward);
	t->over |= over;
}

/* What renews the addresses in ssh's files: ourselves. */
static const char *const *renewal(struct tunneling *t)
{
	struct session *s = &t->inv.s;
	VEC(const char *) argv = {0};
	vec_add(&argv, inventory_program(s->arena));
	vec_add(&argv, "ssh-config");
	vec_add(&argv, "-refresh");
	vec_add(&argv, "-wait=0s");
	if (t->inv.hosts->accept_new) /* else it would be taken back */
		vec_add(&argv, "-accept-new");
	vec_add(&argv, arena_printf(s->arena, "-state=%s", s->state_path));
	for (size_t i = 0; i < s->variables.count; i++)
		vec_add(&argv, arena_printf(s->arena, "-var%s=%s", s->variables.items[i].kind == VAR_FILE ? "-file" : "",
					    s->variables.items[i].text));
	vec_add(&argv, NULL);
	const char *const *copy = vec_copy(&argv, s->arena);
	vec_free(&argv);
	return copy;
}

static int run(struct tunneling *t)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct inventory *inv = &t->inv;
	struct session *s = &inv->s;
	if (!prepare(t))
		return session_report(s);
	bool terminal = isatty(STDIN_FILENO);
	const char *const *renew = renewal(t);
	struct forward_options *options = arena_array_of(s->arena, t->entries.count, struct forward_options);
	for (size_t i = 0; i < t->entries.count; i++) {
		struct entry *entry = &t->entries.items[i];
		options[i] = (struct forward_options){.host = entry->host->id,
						      .target = entry->target,
						      .other = entry->beyond ? NULL : entry->host->private_address,
						      .port = entry->port,
						      .local_port = entry->local_port,
						      .may_move = !entry->fixed,
						      .terminal = terminal,
						      .renew = renew};
		const char *jump = inv->jump_word;
		inv->jump_word = entry->beyond ? NULL : jump;
		entry->host = inventory_look(inv, entry->host);
		if (!entry->host)
			return session_report(s);
		options[i].way = inventory_way(inv, entry->host, &options[i].way_count);
		inv->jump_word = jump;
		if (!options[i].way)
			return session_report(s);
	}
	session_report(s); /* warnings */
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		loop_signal(s->loop, signals[i], on_signal, t);
	loop_at_turn_end(s->loop, look_whether_over, t);
	for (size_t i = 0; i < t->entries.count; i++)
		t->entries.items[i].forward = forward_new(s->loop, &options[i], on_event, &t->entries.items[i]);
	loop_run_until(s->loop, &t->over);
	bool failed = false;
	for (size_t i = 0; i < t->entries.count; i++) {
		failed |= t->entries.items[i].failed;
		forward_free(t->entries.items[i].forward);
	}
	for (size_t i = 0; i < t->entries.count && !t->stop; i++) {
		if (t->entries.items[i].failed)
			inventory_explain(inv, t->entries.items[i].host, t->entries.items[i].silent);
	}
	session_report(s);
	loop_at_turn_end_cancel(s->loop, look_whether_over, t);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* ---- the list ---- */

static void print_row(struct tunneling *t, const struct tunnel *tunnel, int width, struct buf *out)
{
	struct tunnel_value v;
	AUTO_BUF struct buf where = BUF_INIT;
	if (!tunnel_evaluate(&t->we, tunnel, &v))
		return;
	if (v.sensitive) {
		buf_adds(&where, "(sensitive)");
	} else if (v.host && v.port) {
		buf_add_harmless(&where, v.host);
		buf_addf(&where, ":%u", v.port);
	} else {
		buf_adds(&where, v.unknown ? "(not known yet)" : "(not there)");
	}
	buf_addf(out, "%-*s  %-24s", width, tunnel->name, buf_text(&where));
	if (v.local_port)
		buf_addf(out, "  at 127.0.0.1:%u", v.local_port);
	if (tunnel->description) {
		buf_adds(out, "  ");
		buf_add_harmless(out, tunnel->description);
	}
	buf_addc(out, '\n');
}

static int list(struct tunneling *t)
{
	struct session *s = &t->inv.s;
	AUTO_BUF struct buf out = BUF_INIT;
	if (!load_engine(t))
		return session_report(s);
	const struct map *tunnels = &s->config->root->tunnels;
	size_t width = 0;
	const char *first = NULL;
	for (struct map_entry *e = map_first(tunnels); e; e = map_next(tunnels, e)) {
		size_t len = strlen(e->key);
		width = len > width ? len : width;
		first = first ? first : e->key;
	}
	for (struct map_entry *e = map_first(tunnels); e; e = map_next(tunnels, e))
		print_row(t, e->value, (int)width, &out);
	session_print(&out);
	if (first)
		fprintf(stderr, "\n    infra tunnel %s\n", first);
	else
		fputs("The configuration names no tunnels. A port of a host is brought here with\n\n    infra tunnel "
		      "HOST:PORT\n\nand gets a name by a tunnel block in a "
		      ".infra file.\n",
		      stderr);
	return session_report(s);
}

int cmd_tunnel(int argc, char **argv)
{
	struct tunneling t = {0};
	const char *accept = NULL;
	const struct inventory_option table[] = {
		{"list", NULL, "list the tunnels that the configuration names", &t.list},
		{"local-port", "N", "listen here; else the same number where it is free, or any", &t.local_port},
		{"open", NULL, "open the page with xdg-open", &t.open},
		INVENTORY_WAY(&t.inv, &accept),
		{NULL, NULL, NULL, NULL},
	};
	int code;
	if (inventory_parse(&t.inv, argc, argv, table, 0, usage, &code)) {
		t.inv.accept_new = accept != NULL;
		code = t.list || !t.inv.words.count ? list(&t) : run(&t);
	}
	vec_free(&t.entries);
	inventory_release(&t.inv);
	return code;
}
