/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox: a cloud on this machine. */
#include "aws/endpoint.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "lang/value/jsonw.h"
#include "sandbox/control.h"
#include "sandbox/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"Usage: infra sandbox COMMAND [OPTION...]\n"
	"\n"
	"A cloud on this machine that speaks AWS's APIs on 127.0.0.1: for rehearsals and tests, without an account\n"
	"and without cost. What is made in it is kept in a directory: -dir=DIR, else $INFRA_SANDBOX, else\n"
	"~/.local/state/infra/sandbox.";

/* ---- options ---- */

/* "-name=value" or "--name=value" of the row's name; NULL when it is another. */
static const char *option_value(const char *arg, const char *name)
{
	size_t len = strlen(name);
	if (arg[0] != '-')
		return NULL;
	arg += arg[1] == '-' ? 2 : 1;
	if (strncmp(arg, name, len) != 0)
		return NULL;
	return arg[len] == '=' ? arg + len + 1 : !arg[len] ? "" : NULL;
}

const char *sandbox_directory(struct arena *arena, const char *given)
{
	const char *from_env = getenv("INFRA_SANDBOX"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const char *dir = given && *given ? given : from_env && *from_env ? from_env : NULL;
	if (dir && *dir == '/')
		return dir;
	if (dir) { /* the process that serves works elsewhere */
		char here[4096];
		return getcwd(here, sizeof(here)) ? path_join(arena, arena_strdup(arena, here), dir) : dir;
	}
	if (state && *state == '/')
		return path_join(arena, state, "infra/sandbox");
	return path_join(arena, home && *home == '/' ? home : "/tmp", ".local/state/infra/sandbox");
}

const char *sandbox_in_use(struct arena *arena)
{
	const char *endpoint = getenv("AWS_ENDPOINT_URL"), *key = getenv("AWS_ACCESS_KEY_ID");
	struct world_identity id;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!endpoint || !key)
		return NULL;
	const char *dir = sandbox_directory(arena, NULL);
	return world_identity_load(arena, dir, &id, &why) && !strcmp(key, id.access_key) ? dir : NULL;
}

/* The option that an argument is, its value behind "=" or in the next argument; moves *at over what it takes. */
static const struct sandbox_option *take_option(const struct sandbox_option *table, int argc, char **argv, int *at)
{
	for (const struct sandbox_option *row = table; row->name; row++) {
		const char *value = option_value(argv[*at], row->name);
		if (!value)
			continue;
		bool behind = strchr(argv[*at], '=') != NULL;
		if (row->word && !behind && *at + 1 < argc)
			value = argv[++*at];
		*row->value = value;
		return row;
	}
	return NULL;
}

bool sandbox_options(struct sandbox_options *o, int argc, char **argv, const struct sandbox_option *table, const char *help)
{
	o->arena = arena_new();
	o->code = EXIT_USAGE;
	const char *dir = NULL;
	const struct sandbox_option common[] = {{"dir", true, &dir}, {NULL, false, NULL}};
	for (int i = 1; i < argc; i++) {
		if (take_option(common, argc, argv, &i) || take_option(table, argc, argv, &i))
			continue;
		bool wants_help = option_value(argv[i], "help") || option_value(argv[i], "h");
		if (!wants_help && argv[i][0] != '-' && o->words < o->takes && o->words < ARRAY_LEN(o->word)) {
			o->word[o->words++] = argv[i];
			continue;
		}
		const char *names[32];
		size_t count = 0;
		for (const struct sandbox_option *row = table; row->name && count + 1 < ARRAY_LEN(names); row++)
			names[count++] = arena_printf(o->arena, "-%s%s", row->name, row->word ? "=" : "");
		names[count++] = "-dir=";
		const char *near = wants_help ? NULL : nearest_name(argv[i], names, count);
		if (!wants_help && argv[i][0] != '-')
			fprintf(stderr, "infra sandbox %s: there is nothing to do with %s here.\n\n", argv[0], argv[i]);
		else if (!wants_help)
			fprintf(stderr, "infra sandbox %s: there is no option %s here.%s%s%s\n\n", argv[0], argv[i], near ? " Did you mean " : "",
				near ? near : "", near ? "?" : "");
		fprintf(wants_help ? stdout : stderr, "%s\n", help);
		o->code = wants_help ? EXIT_DONE : EXIT_USAGE;
		return false;
	}
	o->dir = sandbox_directory(o->arena, dir);
	return true;
}

void sandbox_release(struct sandbox_options *o)
{
	arena_free(o->arena);
}

/* ---- up ---- */

/* Whether hosts stand behind its instances, in its own words. */
static void print_hosts(const char *dir)
{
	AUTO_BUF struct buf said = BUF_INIT;
	if (control_order(dir, "{\"order\":\"hosts\"}", &said))
		printf("%s\n", buf_text(&said));
}

struct announcement {
	int fd; /* to the process that waits for us; -1: we are it */
	const char *dir;
};

static void print_use(const char *dir)
{
	struct arena *arena = arena_new();
	struct world_identity id;
	AUTO_BUF struct buf why = BUF_INIT;
	if (world_identity_load(arena, dir, &id, &why))
		printf("The sandbox cloud answers at http://127.0.0.1:%u, as account %s in %s.\n\n    eval \"$(infra sandbox env)\"\n    infra apply\n\n"
		       "What is made in it is kept in %s.\n",
		       id.port, id.account, id.region, dir);
	arena_free(arena);
	fflush(stdout);
}

static void announce(void *ctx, const char *why)
{
	struct announcement *a = ctx;
	if (a->fd >= 0) {
		const char *text = why ? why : "";
		ssize_t written = write(a->fd, text, strlen(text) + 1);
		close(a->fd);
		a->fd = -1;
		if (written < 0 && why)
			fprintf(stderr, "infra sandbox: %s\n", why);
	} else if (why) {
		fprintf(stderr, "infra sandbox up: %s\n", why);
	} else {
		print_use(a->dir);
	}
}

static void leave_terminal(void)
{
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (chdir("/") < 0)
		_exit(1);
}

/* The child serves on its own; we wait until it has begun, or could not. */
static int up_detached(const struct world_options *options)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		fprintf(stderr, "infra sandbox up: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		struct announcement a = {ends[1], options->dir};
		close(ends[0]);
		leave_terminal();
		_exit(world_serve(options, announce, &a));
	}
	close(ends[1]);
	AUTO_BUF struct buf said = BUF_INIT;
	char bytes[1024];
	ssize_t got;
	while (pid > 0 && (got = read(ends[0], bytes, sizeof(bytes))) > 0)
		buf_add(&said, bytes, (size_t)got);
	close(ends[0]);
	if (said.len == 1) { /* nothing is wrong */
		print_use(options->dir);
		if (options->hosts)
			print_hosts(options->dir);
		return EXIT_DONE;
	}
	fprintf(stderr, "infra sandbox up: %s\n", said.len ? said.ptr : "the process that should serve has ended");
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return EXIT_FAILED;
}

static int sandbox_up(int argc, char **argv)
{
	const char *port = NULL, *region = NULL, *pace = NULL, *foreground = NULL, *hosts = NULL;
	const struct sandbox_option table[] = {{"port", true, &port}, {"region", true, &region}, {"pace", true, &pace}, {"hosts", true, &hosts},
					       {"foreground", false, &foreground}, {NULL, false, NULL}};
	struct sandbox_options o = {0};
	int code = EXIT_USAGE;
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox up [OPTION...]\n\nStarts the sandbox cloud, or shows the one that runs.\n\n"
			    "  -dir=DIR       where its world is kept\n"
			    "  -port=N        where it listens on 127.0.0.1; by default a free port, the same one each time\n"
			    "  -region=NAME   the region that `infra sandbox env` names; us-east-1 by default\n"
			    "  -pace=X        how long what takes a second at AWS takes here; 0.01 by default, 1 to feel it\n"
			    "  -hosts=off     no real hosts of this machine behind the instances\n"
			    "  -foreground    do not detach\n\n    infra sandbox up\n    eval \"$(infra sandbox env)\"")) {
		struct world_options options = {.dir = o.dir, .region = region, .pace = -1, .hosts = !hosts || !strcmp(hosts, "on")};
		char *end = NULL;
		if (port)
			options.port = (unsigned)strtoul(port, &end, 10);
		if (hosts && strcmp(hosts, "on") != 0 && strcmp(hosts, "off") != 0) {
			fprintf(stderr, "infra sandbox up: -hosts is on or off.\n");
			sandbox_release(&o);
			return EXIT_USAGE;
		}
		if (region && !aws_region_is_known(region)) {
			const char *near = aws_region_nearest(region);
			fprintf(stderr, "infra sandbox up: there is no region %s.%s%s%s\n", region, near ? " Did you mean " : "", near ? near : "",
				near ? "?" : "");
			sandbox_release(&o);
			return EXIT_USAGE;
		}
		bool bad = port && (*end || !*port || !options.port || options.port > 65535);
		if (pace)
			options.pace = strtod(pace, &end);
		if (bad || (pace && (*end || !*pace || options.pace < 0 || options.pace > 1000))) {
			fprintf(stderr, "infra sandbox up: -port is a number from 1 to 65535, and -pace one from 0 to 1000.\n");
		} else if (world_process(o.dir)) {
			print_use(o.dir);
			print_hosts(o.dir);
			if (port || region || pace || hosts)
				fputs("\nIt runs already: what the options say will not hold until it is started anew, after `infra sandbox down`.\n", stderr);
			code = EXIT_DONE;
		} else if (foreground) {
			struct announcement a = {-1, o.dir};
			code = world_serve(&options, announce, &a) ? EXIT_FAILED : EXIT_DONE;
		} else {
			code = up_detached(&options);
		}
		o.code = code;
	}
	sandbox_release(&o);
	return o.code;
}

/* ---- down, status, reset, env ---- */

static void not_running(const char *dir)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf option = BUF_INIT;
	if (strcmp(dir, sandbox_directory(arena, NULL)) != 0) {
		buf_adds(&option, " -dir=");
		buf_add_shell_quoted(&option, dir);
	}
	fprintf(stderr, "infra sandbox: no sandbox cloud runs in %s.\n\n    infra sandbox up%s\n", dir, buf_text(&option));
	arena_free(arena);
}

static bool wait_for_end(const char *dir, unsigned ms)
{
	for (unsigned waited = 0; world_process(dir); waited += 5) {
		if (waited >= ms)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return true;
}

static int sandbox_down(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const struct sandbox_option table[] = {{NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox down [-dir=DIR]\n\nStops the sandbox cloud. What is in it is kept for the next `infra sandbox up`.")) {
		int pid = world_process(o.dir);
		o.code = EXIT_DONE;
		if (!pid) {
			printf("No sandbox cloud runs in %s.\n", o.dir);
		} else if (kill(pid, SIGTERM) < 0 || (!wait_for_end(o.dir, 10000) && (kill(pid, SIGKILL) < 0 || !wait_for_end(o.dir, 2000)))) {
			fprintf(stderr, "infra sandbox down: process %d does not end: %s\n", pid, strerror(errno));
			o.code = EXIT_FAILED;
		} else {
			puts("The sandbox cloud has stopped.");
		}
	}
	sandbox_release(&o);
	return o.code;
}

static int sandbox_status(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const struct sandbox_option table[] = {{NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table, "Usage: infra sandbox status [-dir=DIR]\n\nShows whether the sandbox cloud runs. The exit code is 0 if so, else 1.")) {
		struct world_identity id;
		AUTO_BUF struct buf said = BUF_INIT;
		int pid = world_process(o.dir);
		o.code = EXIT_FAILED;
		if (!pid || !world_identity_load(o.arena, o.dir, &id, &said))
			not_running(o.dir);
		else if (!control_order(o.dir, "{\"order\":\"status\"}", &said))
			fprintf(stderr, "infra sandbox: %s\n", buf_text(&said));
		else {
			printf("http://127.0.0.1:%u, account %s, region %s, process %d\n%s\n", id.port, id.account, id.region, pid, buf_text(&said));
			print_hosts(o.dir);
			o.code = EXIT_DONE;
		}
	}
	sandbox_release(&o);
	return o.code;
}

int sandbox_give_order(const char *dir, const char *order, const char *done)
{
	AUTO_BUF struct buf said = BUF_INIT;
	if (!world_process(dir)) {
		not_running(dir);
		return EXIT_FAILED;
	}
	bool ok = control_order(dir, order, &said);
	if (!ok)
		fprintf(stderr, "infra sandbox: %s\n", buf_text(&said));
	else if (said.len)
		fputs(said.ptr, stdout);
	else if (done)
		puts(done);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static int sandbox_reset(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const struct sandbox_option table[] = {{NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox reset [-dir=DIR]\n\nEmpties the sandbox cloud: objects, faults and the log. It stays the same account."))
		o.code = sandbox_give_order(o.dir, "{\"order\":\"reset\"}", "The sandbox cloud is empty.");
	sandbox_release(&o);
	return o.code;
}

/*
 * A shell's words. What was set before is kept under another name, so that -unset can give it back: losing AWS_PROFILE would
 * silently mean another account.
 */
#define KEPT "INFRA_BEFORE_"

static void print_set(bool fish, const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-";
	AUTO_BUF struct buf quoted = BUF_INIT;
	if (*value && !value[strspn(value, plain)])
		buf_adds(&quoted, value);
	else
		buf_add_shell_quoted(&quoted, value);
	printf(fish ? "set -gx %s %s\n" : "export %s=%s\n", name, buf_text(&quoted));
}

static void print_unset(bool fish, const char *name)
{
	printf(fish ? "set -e %s\n" : "unset %s\n", name);
}

static bool is_kept(struct arena *arena, const char *const *names, size_t count)
{
	bool any = false;
	for (size_t i = 0; i < count; i++)
		any |= getenv(arena_printf(arena, KEPT "%s", names[i])) != NULL;
	return any;
}

static void print_back(struct arena *arena, bool fish, const char *const *names, size_t count)
{
	if (!is_kept(arena, names, count) && !getenv("AWS_ENDPOINT_URL"))
		return; /* it has been taken back before */
	for (size_t i = 0; i < count; i++) {
		const char *kept = arena_printf(arena, KEPT "%s", names[i]), *value = getenv(kept);
		if (value)
			print_set(fish, names[i], value);
		else
			print_unset(fish, names[i]);
		if (value)
			print_unset(fish, kept);
	}
}

static void print_kept(struct arena *arena, bool fish, const char *const *names, size_t count, const char *own_key)
{
	const char *key = getenv("AWS_ACCESS_KEY_ID");
	bool keep = (!key || strcmp(key, own_key) != 0) && !is_kept(arena, names, count);
	for (size_t i = 0; keep && i < count; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			print_set(fish, arena_printf(arena, KEPT "%s", names[i]), value);
	}
}

static int sandbox_env(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const char *unset = NULL, *fish = NULL;
	const struct sandbox_option table[] = {{"unset", false, &unset}, {"fish", false, &fish}, {NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox env [-dir=DIR] [-unset] [-fish]\n\nPrints what a shell has to set so that infra, the AWS CLI and Terraform speak to the sandbox\n"
			    "cloud; with -unset, what gives it back as it was.\n\n    eval \"$(infra sandbox env)\"\n    infra sandbox env -fish | source")) {
		struct world_identity id = {0};
		AUTO_BUF struct buf why = BUF_INIT;
		bool elsewhere = strcmp(o.dir, sandbox_directory(o.arena, NULL)) != 0;
		o.code = EXIT_FAILED;
		if (!unset && (!world_process(o.dir) || !world_identity_load(o.arena, o.dir, &id, &why))) {
			not_running(o.dir);
		} else {
			const char *endpoint = unset ? NULL : arena_printf(o.arena, "http://127.0.0.1:%u", id.port);
			const char *const names[] = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
						     "AWS_EC2_METADATA_DISABLED", "AWS_SESSION_TOKEN", "AWS_PROFILE"};
			const char *const values[ARRAY_LEN(names)] = {endpoint, id.access_key, id.secret_key, id.region, id.region, "true"};
			if (unset)
				print_back(o.arena, fish, names, ARRAY_LEN(names));
			else
				print_kept(o.arena, fish, names, ARRAY_LEN(names), id.access_key);
			if (elsewhere && !unset)
				print_set(fish, "INFRA_SANDBOX", o.dir);
			for (size_t i = 0; !unset && i < ARRAY_LEN(names); i++) {
				if (values[i])
					print_set(fish, names[i], values[i]);
				else
					print_unset(fish, names[i]);
			}
			o.code = EXIT_DONE;
		}
	}
	sandbox_release(&o);
	return o.code;
}

int cmd_sandbox(int argc, char **argv)
{
	static const struct command table[] = {
		{"up", sandbox_up, "Start it", false},
		{"down", sandbox_down, "Stop it; what is in it is kept", false},
		{"status", sandbox_status, "Show whether it runs", false},
		{"env", sandbox_env, "Print what a shell has to set to use it", false},
		{"reset", sandbox_reset, "Empty it", false},
		{"ssh-config", sandbox_ssh_config, "Print what ssh needs to enter its hosts", false},
		{"connect", sandbox_connect, "Hand ssh a connection to one of its hosts", false},
		{"host-key", sandbox_host_key, "Print the key of one of its hosts", false},
		{"console", sandbox_console, "Show what a host has printed while it boots", false},
		{"shims", sandbox_shims, "List the programs that mean something else inside its hosts", false},
		{"shim", sandbox_shim, "What those programs call", true},
		{"log", sandbox_log, "Show what was asked of it", false},
		{"fault", sandbox_fault, "Order bad days: throttling, errors, lost answers", false},
		{NULL, NULL, NULL, false},
	};
	return run_subcommand(argc, argv, table, usage);
}
