/* SPDX-License-Identifier: Apache-2.0 */
/* Host keys from consoles, of many hosts at a time, waited for until one common deadline. */
#include "jobs/ssh_config.h"

#include "aws/call.h"
#include "aws/time.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/loop.h"
#include "jobs/hosts_internal.h"
#include "jobs/known_hosts.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Who has run for OLD_S without having shown keys has shown them long ago, if ever. */
enum { POLL_FIRST_MS = 100, POLL_MOST_MS = 5000, ANSWER_MS = 3000, OLD_S = 900 };

enum learned { PENDING, KNOWN, SILENT, OLD, UNREAD };

struct console {
	struct round *round;
	const struct host *host;
	struct aws *aws;
	enum learned state;
	bool oldest;     /* its machine does not tell the newest output: that of the boot has to do */
	aws_call_id call; /* under way; 0: none */
};

struct round {
	const struct hosts *hosts;
	struct arena *arena; /* of one round */
	struct console *consoles;
	size_t count, asked;
	bool over, late;
	struct diags diags;
};

/* ---- one console ---- */

/* What is there so far; AWS packs it into lines of base64. */
static void unpack(const struct value *output, struct buf *text)
{
	if (!output || !value_is_a(output, TYPE_STRING))
		return;
	AUTO_BUF struct buf packed = BUF_INIT;
	for (const char *p = output->text; *p; p++) {
		if (!strchr("\r\n", *p))
			buf_addc(&packed, *p);
	}
	if (!base64_decode(BASE64_STANDARD, buf_text(&packed), packed.len, text))
		buf_adds(text, output->text);
}

static void look(struct console *c, const struct value *output)
{
	AUTO_BUF struct buf text = BUF_INIT, lines = BUF_INIT;
	const char *dir = c->round->hosts->dir;
	unpack(output, &text);
	if (console_keys(buf_text(&text), c->host->id, &lines)) {
		c->state = KNOWN;
		if (!known_hosts_put(dir, c->host->id, buf_text(&lines)))
			diag_error(&c->round->diags, SRC_NOWHERE, "File cannot be written", "%s/known_hosts: %s", dir, strerror(errno));
	} else if (console_is_over(buf_text(&text))) {
		c->state = SILENT;
	}
}

static void ask(struct console *c);

static void on_console(void *ctx, const struct aws_answer *answer)
{
	struct console *c = ctx;
	struct round *round = c->round;
	c->call = 0;
	if (answer->result == AWS_OK) {
		look(c, value_get(answer->value, "Output"));
	} else if (!c->oldest && (aws_code_is(answer, "UnsupportedOperation") || aws_code_is(answer, "InvalidParameter*"))) {
		c->oldest = true;
		ask(c);
		return;
	} else {
		c->state = UNREAD;
		aws_error_diag(answer, SRC_NOWHERE, &round->diags);
	}
	round->over = --round->asked == 0;
}

static void ask(struct console *c)
{
	struct arena *arena = c->round->arena;
	const char *const names[] = {"InstanceId", "Latest"};
	const struct value *const values[] = {value_string(arena, c->host->id), &value_true};
	struct aws_call_options options = {.service = "ec2", .operation = "GetConsoleOutput", .repeat = AWS_REPEAT_ALWAYS, .arena = arena,
					   .params = value_object(arena, names, values, c->oldest ? 1 : 2)};
	c->call = aws_call(c->aws, &options, on_console, c);
}

/* ---- one round ---- */

static void on_late(void *ctx)
{
	struct round *round = ctx;
	round->over = round->late = true;
}

static void on_time(void *ctx)
{
	*(bool *)ctx = true;
}

static size_t pending(const struct round *round)
{
	size_t count = 0;
	for (size_t i = 0; i < round->count; i++)
		count += round->consoles[i].state == PENDING;
	return count;
}

/* Reads all that is awaited, side by side; what has not answered by the deadline is left. */
static void read_all(struct round *round, uint64_t most_ms)
{
	struct loop *loop = round->hosts->cloud->loop;
	round->over = round->late = false;
	round->asked = pending(round);
	for (size_t i = 0; i < round->count; i++) {
		if (round->consoles[i].state == PENDING)
			ask(&round->consoles[i]);
	}
	loop_timer_id timer = loop_timer(loop, most_ms, on_late, round);
	loop_run_until(loop, &round->over);
	loop_timer_cancel(loop, timer);
	for (size_t i = 0; i < round->count; i++) {
		struct console *c = &round->consoles[i];
		if (!c->call)
			continue;
		const char *what = aws_describe(c->aws, c->call, round->arena);
		diag_error(&round->diags, SRC_NOWHERE, "No answer in time", "Still: %s.", what ? what : "no answer to GetConsoleOutput");
		aws_cancel(c->aws, c->call);
		c->call = 0;
		c->state = UNREAD;
	}
}

/* Whether keys may still come: of one instance, as AWS describes it. */
static bool is_young(const struct value *instance)
{
	const struct value *state = value_get(instance, "State");
	const char *name = state ? value_get_text(state, "Name") : NULL, *launched = value_get_text(instance, "LaunchTime");
	int64_t ms;
	if (name && strcmp(name, "pending") != 0 && strcmp(name, "running") != 0)
		return false;
	return !launched || !aws_time_parse(launched, strlen(launched), &ms) || time(NULL) - ms / 1000 < OLD_S;
}

static void leave_old(struct console *c)
{
	struct round *round = c->round;
	struct diags quiet; /* that it cannot be found out is no reason not to wait */
	diags_init(&quiet);
	const struct value *ids = value_string(round->arena, c->host->id), *list = value_list(round->arena, &type_string, &ids, 1);
	const struct value *params = value_object(round->arena, (const char *const[]){"InstanceIds"}, &list, 1);
	const struct value *answer = hosts_ask(round->hosts->cloud, c->aws, "DescribeInstances", params, round->arena, &quiet);
	const struct value *reservations = answer ? value_get(answer, "Reservations") : NULL;
	const struct value *one = reservations && value_is_a(reservations, TYPE_TUPLE) && reservations->count ? reservations->items[0] : NULL;
	const struct value *instances = one ? value_get(one, "Instances") : NULL;
	if (instances && value_is_a(instances, TYPE_TUPLE) && instances->count && !is_young(instances->items[0]))
		c->state = OLD;
	diags_release(&quiet);
}

static void tell_waiting(const struct round *round, unsigned wait_ms)
{
	AUTO_BUF struct buf names = BUF_INIT;
	size_t count = 0, all = pending(round);
	for (size_t i = 0; i < round->count && count < 3; i++) {
		if (round->consoles[i].state == PENDING)
			buf_addf(&names, "%s%s", count++ ? ", " : "", host_title(round->consoles[i].host));
	}
	if (all > count)
		buf_addf(&names, " and %zu more", all - count);
	fprintf(stderr, "infra: waiting for the host key%s of %s, which %s console%s when %s booted (at most %u s; -wait=0 does not wait)\n", all == 1 ? "" : "s",
		buf_text(&names), all == 1 ? "its" : "their", all == 1 ? " shows" : "s show", all == 1 ? "it has" : "they have", (wait_ms + 999) / 1000);
}

static void learn(struct round *round, unsigned wait_ms)
{
	struct loop *loop = round->hosts->cloud->loop;
	uint64_t begin = loop_now_ms(loop), pause = POLL_FIRST_MS;
	for (bool first = true, told = false; pending(round); first = false) {
		uint64_t waited = loop_now_ms(loop) - begin, left = waited < wait_ms ? wait_ms - waited : 0;
		read_all(round, left > ANSWER_MS ? left : ANSWER_MS);
		for (size_t i = 0; first && wait_ms && i < round->count; i++) {
			if (round->consoles[i].state == PENDING)
				leave_old(&round->consoles[i]);
		}
		waited = loop_now_ms(loop) - begin;
		if (!pending(round) || waited >= wait_ms)
			break;
		if (!told && waited + pause >= 1000) {
			told = true;
			tell_waiting(round, wait_ms);
		}
		bool elapsed = false;
		loop_timer(loop, pause < wait_ms - waited ? pause : wait_ms - waited, on_time, &elapsed);
		loop_run_until(loop, &elapsed);
		pause = pause * 2 < POLL_MOST_MS ? pause * 2 : POLL_MOST_MS;
		arena_reset(round->arena);
	}
}

/* ---- all ---- */

static void report(struct round *round, struct memory *memory)
{
	static const char *const words[] = {
		[PENDING] = "shows no host keys yet",
		[SILENT] = "shows no host keys",
		[OLD] = "shows no host keys any more",
		[UNREAD] = "cannot be read",
	};
	for (size_t i = 0; i < round->count; i++) {
		const struct console *c = &round->consoles[i];
		if (c->state == SILENT)
			memory_set(memory, "console", c->host->id, "without keys");
		if (c->state != KNOWN)
			fprintf(stderr, "infra: the console of %s %s, so its key is not known yet: ssh asks, once. -accept-new accepts it unasked.\n",
				host_title(c->host), words[c->state]);
	}
	if (diags_has_errors(&round->diags)) {
		const struct diag *first = &round->diags.items[0];
		fprintf(stderr, "infra: %s. %s\n", first->summary, first->detail ? first->detail : "");
	}
}

/* Without a host behind it an instance's console never says anything. */
static bool is_mute(struct arena *arena, const struct host *host)
{
	return host->sandbox && access(path_join(arena, host->sandbox, "hosts.socket"), F_OK) < 0;
}

static void add(struct round *round, const struct host *host, struct memory *memory)
{
	const struct hosts *hosts = round->hosts;
	for (size_t i = 0; i < round->count; i++) {
		if (round->consoles[i].host == host)
			return;
	}
	if (ssh_knows_key(hosts, host) || is_mute(hosts->arena, host) || memory_get(memory, "console", host->id))
		return;
	struct aws *aws = hosts->cloud->client(hosts->cloud->ctx, host, &round->diags);
	round->consoles[round->count++] = (struct console){.round = round, .host = host, .aws = aws, .state = aws ? PENDING : UNREAD};
}

void ssh_learn_keys(const struct hosts *hosts, const struct host *const *list, size_t count, unsigned wait_ms)
{
	if (!hosts->cloud)
		return;
	struct arena *arena = arena_new();
	struct memory *memory = memory_open(arena, hosts->dir);
	struct round round = {.hosts = hosts, .arena = arena_new(), .consoles = arena_array_of(arena, hosts->count, struct console)};
	diags_init(&round.diags);
	for (size_t i = 0; i < count; i++) {
		const struct host *host = list[i];
		for (size_t n = 0; host && n <= hosts->count; host = host->jump, n++)
			add(&round, host, memory);
	}
	learn(&round, wait_ms);
	report(&round, memory);
	memory_save(memory);
	memory_close(memory);
	diags_release(&round.diags);
	arena_free(round.arena);
	arena_free(arena);
}
