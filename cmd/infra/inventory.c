/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/inventory.h"

#include "base/file.h"
#include "cmd/infra/attempt.h"
#include "cmd/infra/sandbox.h"
#include "jobs/ssh_config.h"
#include "plans/engine.h"
#include "providers/aws/provider_kind.h"
#include "sandbox/host/hostd.h"
#include "sandbox/world.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* For the cloud's answers: before a host is gone to, and after that was in vain. */
enum { WAIT_MS = 90000, PATIENCE_MS = 20000, AGAIN_MS = 5000 };

/* ---- the command line ---- */

/* What a session takes, as it stands on the command line. */
static const struct shared {
	const char *name, *value_name, *help;
} shared[] = {
	{"state", "FILE", "instead of .infra/state.db"},
	{"var", "NAME=VALUE", "set a variable, for the provider block"},
	{"var-file", "FILE", "set the variables that the file names"},
	{"no-color", NULL, "print without colours"},
};

static void print_row(const char *name, const char *value_name, const char *help)
{
	char left[64];
	snprintf(left, sizeof(left), "-%s%s%s", name, value_name ? "=" : "", value_name ? value_name : "");
	printf("  %-24s %s\n", left, help);
}

static void print_help(const struct inventory_option *table, const char *usage)
{
	printf("%s\n\nOptions:\n", usage);
	for (; table->name; table++)
		print_row(table->name, table->value_name, table->help);
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		print_row(shared[i].name, shared[i].value_name, shared[i].help);
	print_row("help", NULL, "show this");
}

/* Whether an argument is this option; its value, "" without one, in *value. */
static bool is_option(const char *arg, const char *name, const char **value)
{
	const char *word = arg + (arg[0] == '-' && arg[1] == '-' ? 2 : 1);
	size_t len = strlen(name);
	*value = NULL;
	if (strncmp(word, name, len) != 0 || (word[len] && word[len] != '='))
		return false;
	*value = word[len] ? word + len + 1 : NULL;
	return true;
}

struct reader {
	struct inventory *inv;
	int argc, at;
	char **argv;
	const struct inventory_option *table;
	VEC(char *) session; /* its arguments */
	int code;
};

static bool mistake(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool mistake(struct reader *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fprintf(stderr, "infra %s: ", r->argv[0]);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n`infra %s -help` shows what it takes.\n", r->argv[0]);
	va_end(args);
	r->code = EXIT_USAGE;
	return false;
}

/* The value behind "=", or the next word. NULL after a mistake. */
static const char *value_of(struct reader *r, const char *name, const char *value)
{
	if (value)
		return value;
	if (r->at + 1 < r->argc)
		return r->argv[++r->at];
	mistake(r, "the option -%s needs a value: -%s=...", name, name);
	return NULL;
}

static bool unknown_option(struct reader *r)
{
	const char *names[64];
	size_t count = 0;
	for (const struct inventory_option *row = r->table; row->name; row++)
		names[count++] = row->name;
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		names[count++] = shared[i].name;
	AUTO_BUF struct buf name = BUF_INIT;
	const char *given = r->argv[r->at], *start = given + strspn(given, "-");
	buf_add(&name, start, strcspn(start, "="));
	const char *near = nearest_name(buf_text(&name), names, count);
	return near ? mistake(r, "there is no option %s; did you mean -%s?", given, near) : mistake(r, "there is no option %s", given);
}

/* -v, -tt, -L 8080:localhost:80: letters that ssh has. */
static bool take_ssh_option(struct reader *r)
{
	static const char plain[] = "46AaCfGgKkMNnqsTtVvXxYy", valued[] = "BbcDEeIiLlmOopQRSWw";
	const char *arg = r->argv[r->at];
	if (arg[1] == 'F' || arg[1] == 'J')
		return mistake(r, "ssh's -%c is infra's own matter here%s", arg[1], arg[1] == 'J' ? "; the host to go through is -jump=HOST" : "");
	if (arg[1] && strchr(valued, arg[1])) {
		vec_add(&r->inv->ssh_options, arg);
		if (arg[2])
			return true;
		const char *value = value_of(r, (char[]){arg[1], '\0'}, NULL);
		if (value)
			vec_add(&r->inv->ssh_options, value);
		return value != NULL;
	}
	if (!arg[1] || arg[1 + strspn(arg + 1, plain)])
		return unknown_option(r);
	vec_add(&r->inv->ssh_options, arg);
	return true;
}

static bool take_option(struct reader *r, unsigned flags)
{
	const char *arg = r->argv[r->at], *value;
	for (const struct inventory_option *row = r->table; row->name; row++) {
		if (!is_option(arg, row->name, &value))
			continue;
		if (!row->value_name && value)
			return mistake(r, "the option -%s takes no value", row->name);
		value = row->value_name ? value_of(r, row->name, value) : "";
		*row->value = value;
		return value != NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		if (!is_option(arg, shared[i].name, &value))
			continue;
		value = shared[i].value_name ? value_of(r, shared[i].name, value) : "";
		if (value)
			vec_add(&r->session, shared[i].value_name ? arena_printf(r->inv->s.arena, "-%s=%s", shared[i].name, value)
								  : arena_printf(r->inv->s.arena, "-%s", shared[i].name));
		return value != NULL;
	}
	return flags & INVENTORY_SSH_OPTIONS && arg[1] != '-' ? take_ssh_option(r) : unknown_option(r);
}

static bool read_arguments(struct reader *r, unsigned flags)
{
	struct inventory *inv = r->inv;
	for (r->at = 1; r->at < r->argc; r->at++) {
		const char *arg = r->argv[r->at];
		bool has_host = inv->words.count > 0;
		if (!strcmp(arg, "--")) {
			inv->has_command = true;
			for (r->at++; r->at < r->argc; r->at++) {
				if (flags & INVENTORY_COMMAND)
					vec_add(&inv->command, r->argv[r->at]);
				else
					vec_add(&inv->words, r->argv[r->at]);
			}
		} else if (arg[0] == '-' && arg[1]) {
			if (!take_option(r, flags))
				return false;
		} else if (flags & INVENTORY_COMMAND && has_host) {
			for (; r->at < r->argc; r->at++)
				vec_add(&inv->command, r->argv[r->at]);
		} else {
			vec_add(&inv->words, arg);
		}
	}
	return true;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0 && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-help") || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

bool inventory_parse(struct inventory *inv, int argc, char **argv, const struct inventory_option *table, unsigned flags, const char *usage,
		     int *code)
{
	struct arena *arena = arena_new(); /* of arguments, until the session has its own */
	struct reader r = {.inv = inv, .argc = argc, .argv = argv, .table = table};
	inv->s.arena = arena;
	vec_add(&r.session, argv[0]);
	bool ok = !asks_for_help(argc, argv);
	if (!ok)
		print_help(table, usage);
	ok = ok && read_arguments(&r, flags);
	vec_add(&r.session, NULL);
	int session_code = EXIT_DONE;
	/* variables are looked at later, by name: their texts have to live as long as the session */
	char **session_argv = vec_copy(&r.session, arena);
	int at = session_options(&inv->s, ok ? (int)r.session.count - 1 : 1, session_argv, OPTIONS_CONFIG | OPTIONS_STATE, usage, &session_code);
	inv->argument_arena = arena;
	vec_free(&r.session);
	inv->s.no_input = true;
	inv->s.ignore_backend = true;
	*code = at < 0 ? session_code : r.code;
	return ok && at >= 0;
}

void inventory_release(struct inventory *inv)
{
	for (struct map_entry *e = map_first(&inv->clients); e; e = map_next(&inv->clients, e)) {
		struct cloud_client *client = e->value;
		if (client->provider)
			aws_provider_kind.close(client->provider);
	}
	map_release(&inv->clients);
	session_release(&inv->s);
	vec_free(&inv->words);
	vec_free(&inv->command);
	vec_free(&inv->ssh_options);
	arena_free(inv->argument_arena);
}

/* ---- clouds ---- */

/*
 * The provider block's value. Where the plan files cannot be read, or it needs what nobody gave: one with the state's region
 * alone, so that the environment decides, as it may.
 */
static const struct value *provider_value(struct inventory *inv, const struct host *host)
{
	struct session *s = &inv->s;
	struct diags kept;
	diags_init(&kept);
	diags_move(&kept, &s->diags); /* what is wrong with the plan files is for plan to say */
	if (!inv->tried_config) {
		inv->tried_config = true;
		if (!session_load_config(s) || !session_load_given_variables(s) || !session_new_engine(s, NULL, NULL))
			s->engine = NULL;
	}
	const struct value *value = s->engine ? engine_provider_arguments(s->engine, host->provider, s->arena, &s->diags) : NULL;
	diags_clear(&s->diags);
	diags_move(&s->diags, &kept);
	diags_release(&kept);
	if (value && value_is_wholly_known(value))
		return value;
	const struct value *empty = schema_empty(s->arena, aws_provider_kind.config_schema());
	AUTO_BUF struct buf region = BUF_INIT;
	const char *colon = host->cloud ? strchr(host->cloud, ':') : NULL;
	colon = colon ? strchr(colon + 1, ':') : NULL;
	if (!colon)
		return empty;
	buf_add(&region, colon + 1, strcspn(colon + 1, "@"));
	const struct value **items = arena_array_of(s->arena, empty->count, const struct value *);
	for (uint32_t i = 0; i < empty->count; i++)
		items[i] = strcmp(value_key_at(empty, i), "region") != 0 ? empty->items[i] : value_string(s->arena, buf_text(&region));
	return value_object_of(s->arena, empty->type, items);
}

struct connecting {
	bool over, ok, late;
};

static void on_late(void *ctx)
{
	struct connecting *c = ctx;
	c->over = c->late = true;
}

static void on_ready(void *ctx, bool ok)
{
	struct connecting *c = ctx;
	c->over = true;
	c->ok = ok;
}

static struct aws *connect_client(struct inventory *inv, const struct host *host, struct cloud_client *client, struct diags *diags)
{
	struct session *s = &inv->s;
	struct provider_context context = {.loop = s->loop, .sources = s->sources, .root_dir = ".", .version = program_version};
	const struct provider_kind *kind = &aws_provider_kind;
	const struct value *value = provider_value(inv, host);
	client->provider = kind->configure(&context, value, SRC_NOWHERE, diags);
	if (!client->provider)
		return NULL;
	struct connecting c = {0};
	kind->connect(client->provider, on_ready, &c, diags);
	loop_timer_id timer = loop_timer(s->loop, inv->cloud.patience_ms, on_late, &c);
	if (!c.over)
		loop_run_until(s->loop, &c.over);
	loop_timer_cancel(s->loop, timer);
	if (c.late) {
		kind->close(client->provider); /* nothing of it comes back to us */
		client->provider = NULL;
		diag_error(diags, SRC_NOWHERE, "No answer in time", "The cloud has not said within %u s whose credentials these are.",
			   inv->cloud.patience_ms / 1000);
	}
	if (!c.ok)
		return NULL;
	const char *here = kind->cloud(client->provider);
	if (host->cloud && here && strcmp(here, host->cloud) != 0) {
		diag_error(diags, SRC_NOWHERE, "The state belongs to another cloud",
			   "The credentials, region and endpoint here lead to\n\n    %s\n\nbut %s lives in\n\n    %s", here, host->address, host->cloud);
		return NULL;
	}
	return aws_provider_client(client->provider);
}

static struct aws *client_of(void *ctx, const struct host *host, struct diags *diags)
{
	struct inventory *inv = ctx;
	struct cloud_client *client = map_find(&inv->clients, host->provider);
	if (!client) {
		client = arena_new_of(inv->s.arena, struct cloud_client);
		map_put(&inv->clients, host->provider, client);
		struct diags why;
		diags_init(&why);
		client->aws = connect_client(inv, host, client, &why);
		client->failed = !client->aws && diags_has_errors(&why) ? arena_strdup(inv->s.arena, why.items[0].summary) : NULL;
		diags_move(diags, &why);
		diags_release(&why);
	} else if (!client->aws) {
		diag_error(diags, SRC_NOWHERE, "The cloud cannot be asked", "%s", client->failed ? client->failed : "It could not be reached before.");
	}
	return client->aws;
}

/* Of a cloud like "aws:ACCOUNT:REGION@http://127.0.0.1:PORT": the sandbox that has this account. */
static const char *sandbox_of(void *ctx, const char *cloud)
{
	struct inventory *inv = ctx;
	AUTO_BUF struct buf why = BUF_INIT;
	struct world_identity id;
	const char *colon = strchr(cloud, ':');
	if (!colon || !strchr(cloud, '@'))
		return NULL;
	const char *dir = sandbox_directory(inv->s.arena, NULL);
	if (!world_identity_load(inv->s.arena, dir, &id, &why))
		return NULL;
	size_t len = strlen(id.account);
	return !strncmp(colon + 1, id.account, len) && colon[1 + len] == ':' ? dir : NULL;
}

bool inventory_load_engine(struct inventory *inv)
{
	struct session *s = &inv->s;
	inv->tried_config = true;
	if (!s->state && !session_open_state(s, true, "tunnel"))
		return false;
	bool ok = session_load_config(s) && session_load_given_variables(s) && session_new_engine(s, NULL, NULL);
	return ok && !diags_has_errors(&s->diags);
}

/* What is learned of hosts belongs to a state: beside the usual one's files are folders for others'. */
static const char *ssh_directory(struct arena *arena, const char *state_path)
{
	if (!strcmp(state_path, ".infra/state.db"))
		return ".infra";
	const char *slash = strrchr(state_path, '/'), *name = slash ? slash + 1 : state_path, *end = strrchr(name, '.');
	const char *stem = arena_strndup(arena, name, end && end > name ? (size_t)(end - name) : strlen(name));
	return arena_printf(arena, ".infra/%s.hosts", stem);
}

bool inventory_load(struct inventory *inv)
{
	struct session *s = &inv->s;
	if (!s->state && !session_open_state_only(s, true, "ssh"))
		return false;
	s->loop = s->loop ? s->loop : loop_new();
	inv->cloud = (struct hosts_cloud){.loop = s->loop, .patience_ms = PATIENCE_MS, .client = client_of, .sandbox = sandbox_of, .ctx = inv};
	inv->options.state = s->state;
	inv->options.dir = ssh_directory(s->arena, s->state_path);
	inv->options.cloud = &inv->cloud;
	if (!state_object_count(s->state) && access(s->state_path, F_OK) < 0 && access("terraform.tfstate", F_OK) == 0) {
		diag_error(&s->diags, SRC_NOWHERE, "The objects here belong to Terraform's state",
			   "The directory holds terraform.tfstate, with objects that infra does not know. Take that state over first:\n\n"
			   "    infra state import terraform.tfstate");
		return false;
	}
	inv->hosts = hosts_load(s->arena, &inv->options, &s->diags);
	return inv->hosts != NULL;
}

/* ---- ways ---- */

static bool parse_wait(const char *text, unsigned *ms)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || n > 100000)
		return false;
	*ms = (unsigned)(!strcmp(end, "ms") ? n : !strcmp(end, "m") ? n * 60000 : n * 1000);
	return !*end || !strcmp(end, "s") || !strcmp(end, "m") || !strcmp(end, "ms");
}

bool inventory_wait(struct inventory *inv, unsigned *ms)
{
	*ms = WAIT_MS;
	if (!inv->wait || parse_wait(inv->wait, ms))
		return true;
	diag_error(&inv->s.diags, SRC_NOWHERE, "Not a duration", "-wait takes a duration like 30s or 2m, not \"%s\".", inv->wait);
	return false;
}

const char *inventory_program(struct arena *arena)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	return len > 0 ? arena_strndup(arena, path, (size_t)len) : "infra";
}

/* ---- whether hosts are where they were ---- */

enum { CONNECTING_MS = 60000 };

/* Through whom a host is reached, before -jump is held against what there is. */
static const struct host *jump_of(const struct inventory *inv, const struct host *host, const struct host *first)
{
	const struct host *wished = host == first && inv->jump_word ? host_lookup(inv->hosts, inv->jump_word) : NULL;
	return wished && wished != host ? wished : host->jump;
}

/* "i-1 198.51.100.4;i-2 10.0.0.7;" from the host outwards */
static void add_way(const struct inventory *inv, const struct host *host, struct buf *out)
{
	size_t n = 0;
	for (const struct host *h = host; h && n <= inv->hosts->count; h = jump_of(inv, h, host), n++) {
		const char *address = h->public_address ? h->public_address : h->private_address;
		buf_addf(out, "%s %s;", h->id, address ? address : "-");
	}
}

/* Asks the cloud about all hosts anew. False where it does not answer, of which nothing is said: then nothing is known anew. */
static bool ask_anew(struct inventory *inv)
{
	struct session *s = &inv->s;
	struct diags kept;
	diags_init(&kept);
	diags_move(&kept, &s->diags);
	inv->options.refresh = true;
	inv->cloud.patience_ms = AGAIN_MS;
	struct hosts *hosts = hosts_load(s->arena, &inv->options, &s->diags);
	inv->cloud.patience_ms = PATIENCE_MS;
	bool ok = hosts && !diags_has_errors(&s->diags);
	if (ok)
		inv->hosts = hosts;
	diags_clear(&s->diags);
	diags_move(&s->diags, &kept);
	diags_release(&kept);
	return ok;
}

static void does_not_run(struct inventory *inv, const struct host *host, const struct host *for_whom)
{
	AUTO_BUF struct buf text = BUF_INIT;
	bool stops = !strcmp(host->state, "stopped") || !strcmp(host->state, "stopping");
	buf_addf(&text, "%s", host_title(host));
	if (host != for_whom)
		buf_addf(&text, ", through which %s is reached,", host_title(for_whom));
	buf_addf(&text, " is %s%s%s%s.", host->state, host->reason ? " (" : "", host->reason ? host->reason : "", host->reason ? ")" : "");
	if (!stops) {
		buf_addf(&text, " `infra plan` shows what would make it anew.");
	} else {
		const char *colon = host->cloud ? strchr(host->cloud, ':') : NULL, *region = colon ? strchr(colon + 1, ':') : NULL;
		buf_addf(&text, " %s\n\n    aws ec2 start-instances --instance-ids %s",
			 !strcmp(host->state, "stopped") ? "This starts it again:" : "Once it is stopped, this starts it again:", host->id);
		if (region)
			buf_addf(&text, " --region %.*s", (int)strcspn(region + 1, "@"), region + 1);
		if (host->sandbox)
			buf_adds(&text, " --endpoint-url \"$AWS_ENDPOINT_URL\"");
	}
	diag_error(&inv->s.diags, SRC_NOWHERE, "The host does not run", "%s", buf_text(&text));
}

static struct host *by_id(const struct inventory *inv, const char *id)
{
	for (size_t i = 0; i < inv->hosts->count; i++) {
		if (!strcmp(inv->hosts->items[i].id, id))
			return &inv->hosts->items[i];
	}
	return NULL;
}

static bool is_on_way(const struct inventory *inv, const struct host *one, const struct host *host)
{
	size_t n = 0;
	for (const struct host *h = host; h && n <= inv->hosts->count; h = jump_of(inv, h, host), n++) {
		if (h == one)
			return true;
	}
	return false;
}

/* Those of the way as it was that do not run now. */
static bool tell_stopped(struct inventory *inv, const struct host *before, const struct host *now)
{
	size_t n = 0;
	for (const struct host *h = before; h && n++ <= inv->hosts->count; h = jump_of(inv, h, before)) {
		const struct host *one = by_id(inv, h->id);
		if (!one || host_may_run(one) || (!now->no_way && !is_on_way(inv, one, now)))
			continue;
		does_not_run(inv, one, now);
		return true;
	}
	return false;
}

static void tell_moved(const struct host *host, bool by_hand)
{
	const char *address = host->public_address ? host->public_address : host->jump ? host->jump->public_address : NULL;
	fprintf(stderr, "infra: %s is reached %s%s by now%s\n", host_title(host), address ? "at " : "another way", address ? address : "",
		by_hand ? "; the same command goes there" : "");
}

/* After an attempt that failed: whether another may do better. */
static bool has_moved(const struct inventory *inv, const struct host *host)
{
	const struct attempt *attempt = inv->attempt;
	AUTO_BUF struct buf way = BUF_INIT;
	add_way(inv, host, &way);
	if (!strcmp(buf_text(&way), attempt->way))
		return false;
	size_t n = 0;
	bool since = (int64_t)time(NULL) * 1000 - attempt->began_ms > CONNECTING_MS;
	for (const struct host *h = host; h && n <= inv->hosts->count; h = jump_of(inv, h, host), n++)
		since |= h->launched_ms > attempt->began_ms;
	tell_moved(host, since);
	return !since; /* what had begun must not be begun a second time */
}

/* Who waits in vain at a host that runs mostly sits elsewhere than its security groups were told. */
static void tell_silence(const struct inventory *inv, const struct host *host)
{
	const struct host *first = host;
	for (size_t n = 0; jump_of(inv, first, host) && n <= inv->hosts->count; n++)
		first = jump_of(inv, first, host);
	if (!first->public_address)
		return;
	fprintf(stderr, "infra: %s runs. Where ssh gets no answer it is mostly security groups: they let in whom their rules name, and ", host_title(host));
	if (first->sandbox)
		fprintf(stderr, "in the sandbox you are at %s (`infra ssh-config -from=ADDRESS` puts you elsewhere).\n",
			inv->hosts->from ? inv->hosts->from : HOST_INTERNET_USER);
	else
		fputs("your address may be another by now (`curl https://checkip.amazonaws.com` tells it).\n", stderr);
}

void inventory_explain(struct inventory *inv, const struct host *host, bool silent)
{
	AUTO_BUF struct buf before = BUF_INIT, after = BUF_INIT;
	add_way(inv, host, &before);
	const struct host *now = inv->options.refresh || ask_anew(inv) ? by_id(inv, host->id) : NULL;
	if (!now || tell_stopped(inv, host, now))
		return;
	add_way(inv, now, &after);
	if (strcmp(buf_text(&before), buf_text(&after)) != 0)
		tell_moved(now, true);
	else if (silent)
		tell_silence(inv, now);
}

/* Of hosts that are where they were, what may be why they let nobody in. */
static void tell_keys(const struct inventory *inv, const struct host *host)
{
	for (size_t i = 0; i < inv->ssh_options.count; i++) {
		if (!strncmp(inv->ssh_options.items[i], "-i", 2))
			return;
	}
	size_t n = 0;
	for (const struct host *h = host; h && n <= inv->hosts->count; h = jump_of(inv, h, host), n++) {
		if (!h->key_name)
			fprintf(stderr, "infra: %s was made without a key pair (key_name), so it may let nobody in\n", host_title(h));
		else if (!h->identity)
			fprintf(stderr, "infra: the private key of %s, the key pair of %s, was not found in ~/.ssh, so ssh tried what it has; -i FILE names it\n",
				h->key_name, host_title(h));
	}
}

static bool sandbox_runs(struct inventory *inv, const struct host *host)
{
	if (!host->sandbox || world_process(host->sandbox))
		return true;
	diag_error(&inv->s.diags, SRC_NOWHERE, "The sandbox cloud does not run", "%s lives in the one in %s. It is there again after\n\n    infra sandbox up",
		   host_title(host), host->sandbox);
	return false;
}

/* Whether it took about as long as ssh waits for an answer (ConnectTimeout): of a connection, or of that and of the host's first line. */
static bool was_timeout(const struct attempt *attempt)
{
	int64_t s = time(NULL) - attempt->began_ms / 1000;
	return (s >= SSH_CONNECT_S - 1 && s <= SSH_CONNECT_S + 3) || (s >= 2 * SSH_CONNECT_S - 1 && s <= 2 * SSH_CONNECT_S + 3);
}

struct host *inventory_look(struct inventory *inv, struct host *host)
{
	bool again = inv->attempt && inv->attempt->again, good = !host->no_way || inv->jump_word;
	size_t n = 0;
	for (const struct host *h = host; h && n <= inv->hosts->count; h = jump_of(inv, h, host), n++)
		good &= host_may_run(h);
	if (!again && (good || inv->options.refresh))
		return host;
	if (!ask_anew(inv))
		return sandbox_runs(inv, host) && !again ? host : NULL;
	struct host *now = by_id(inv, host->id);
	if (!now || tell_stopped(inv, host, now))
		return NULL;
	if (!again || has_moved(inv, now))
		return now;
	tell_keys(inv, now);
	if (was_timeout(inv->attempt))
		tell_silence(inv, now);
	return NULL;
}

/* Through whom, as whom: what the command line says wins. */
static bool check_way(struct inventory *inv, struct host *host)
{
	struct diags *diags = &inv->s.diags;
	if (inv->jump_word) {
		struct host *jump = host_find(inv->hosts, inv->jump_word, diags);
		if (!jump)
			return false;
		if (jump == host) {
			diag_error(diags, SRC_NOWHERE, "The jump host is the host itself", "%s cannot be reached through itself; -jump names another host.",
				   host_title(host));
			return false;
		}
		host->jump = jump;
		host->no_way = NULL;
	} else if (host->jump_note) {
		fprintf(stderr, "infra: %s\n", host->jump_note);
	}
	for (const struct host *h = host; h; h = h->jump) {
		if (h->identity_note)
			fprintf(stderr, "infra: %s: `infra ssh-config -write-keys` puts it where ssh finds it.\n", h->identity_note);
		const char *endpoint = h->cloud && !h->sandbox ? strchr(h->cloud, '@') : NULL;
		if (endpoint) {
			diag_error(diags, SRC_NOWHERE, "No way to the host",
				   "%s lives in the cloud at %s, which is no sandbox of %s. If it is one in another directory, INFRA_SANDBOX=DIR names that.",
				   host_title(h), endpoint + 1, sandbox_directory(inv->s.arena, NULL));
			return false;
		}
		if (!sandbox_runs(inv, h))
			return false;
		if (h->sandbox && access(path_join(inv->s.arena, h->sandbox, "hosts.socket"), F_OK) < 0) {
			diag_error(diags, SRC_NOWHERE, "No way to the host",
				   "%s lives in a sandbox cloud that has no real hosts behind its instances; `infra sandbox status` tells why.",
				   host_title(h));
			return false;
		}
		if (h->no_way) {
			diag_error(diags, SRC_NOWHERE, "No way to the host", "%s cannot be reached: %s.", host_title(h), h->no_way);
			return false;
		}
		if (!h->user && !(h == host && inv->user)) {
			diag_error(diags, SRC_NOWHERE, "The host's user is not known",
				   "Whom %s lets in is not known: %s. -user=NAME says it, and `infra ssh-config -user=NAME` for good.", host_title(h),
				   h->user_why ? h->user_why : "its image is not known");
			return false;
		}
	}
	if (inv->user && !host_word_is_safe(inv->user)) {
		diag_error(diags, SRC_NOWHERE, "Not a user's name", "-user takes letters, digits, '.', '_' and '-', with no '-' at the begin.");
		return false;
	}
	return true;
}

void inventory_learn_all(struct inventory *inv, unsigned wait_ms)
{
	const struct host **list = arena_array_of(inv->s.arena, inv->hosts->count, const struct host *);
	size_t count = 0;
	for (size_t i = 0; i < inv->hosts->count; i++) {
		if (!inv->hosts->items[i].no_way)
			list[count++] = &inv->hosts->items[i];
	}
	ssh_learn_keys(inv->hosts, list, count, wait_ms);
}

const char **inventory_way(struct inventory *inv, struct host *host, size_t *count)
{
	struct arena *arena = inv->s.arena;
	unsigned wait_ms;
	if (!inventory_wait(inv, &wait_ms) || !check_way(inv, host))
		return NULL;
	ssh_learn_keys(inv->hosts, (const struct host *const[]){host}, 1, wait_ms);
	struct ssh_options options = {.accept_new = inv->accept_new, .program = inventory_program(arena)};
	const char *file = ssh_config_write(arena, inv->hosts, &options, &inv->s.diags);
	if (!file)
		return NULL;
	const char **argv = arena_array_of(arena, 8, const char *);
	size_t n = 0;
	argv[n++] = "ssh";
	argv[n++] = "-F";
	argv[n++] = file;
	if (inv->user) {
		argv[n++] = "-l";
		argv[n++] = inv->user;
	}
	if (inv->jump_word) {
		argv[n++] = "-o";
		argv[n++] = arena_printf(arena, "ProxyJump=%s", host->jump->id);
	}
	*count = n;
	return argv;
}

int inventory_leave(struct inventory *inv, const struct host *host, const char *const *argv)
{
	struct attempt *attempt = inv->attempt;
	AUTO_BUF struct buf way = BUF_INIT;
	int code = session_report(&inv->s);
	if (code != EXIT_DONE)
		return code;
	size_t count = 0;
	while (argv[count])
		count++;
	attempt->argv = xcalloc(count + 1, sizeof(*attempt->argv));
	for (size_t i = 0; i < count; i++)
		attempt->argv[i] = xstrdup(argv[i]);
	free(attempt->way);
	add_way(inv, host, &way);
	attempt->way = xstrdup(buf_text(&way));
	return EXIT_DONE;
}
