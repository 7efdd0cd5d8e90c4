/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/known_hosts.h"

#include "aws/call.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/loop.h"
#include "jobs/hosts_internal.h"
#include "jobs/ssh_config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { KNOWN_LIMIT = 16 << 20, POLL_FIRST_MS = 100, POLL_MOST_MS = 5000, ANSWER_MS = 3000 };

/* ---- consoles ---- */

/* "ssh-ed25519 AAAA...": the key's own first bytes say its type once more. */
static bool is_key(const char *type, size_t type_len, const char *key, size_t key_len)
{
	AUTO_BUF struct buf blob = BUF_INIT;
	if (key_len < 40 || key_len > 8192 || !base64_decode(BASE64_STANDARD, key, key_len, &blob) || blob.len < 4 + type_len)
		return false;
	const unsigned char *bytes = (const unsigned char *)blob.ptr;
	size_t len = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	return len == type_len && !memcmp(blob.ptr + 4, type, type_len);
}

/* A line may begin with a time or a program's name. */
static bool add_key(const char *line, size_t len, const char *word, struct buf *out)
{
	static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t type_len = strlen(types[i]);
		const char *at = memmem(line, len, types[i], type_len), *end = line + len;
		if (!at || (at > line && at[-1] != ' ' && at[-1] != '\t') || end - at <= (ptrdiff_t)type_len || at[type_len] != ' ')
			continue;
		const char *key = at + type_len + 1;
		size_t key_len = 0;
		while (key + key_len < end && key[key_len] && !strchr(" \t\r", key[key_len]))
			key_len++;
		if (!is_key(types[i], type_len, key, key_len))
			continue;
		buf_addf(out, "%s %s ", word, types[i]);
		buf_add(out, key, key_len);
		buf_addc(out, '\n');
		return true;
	}
	return false;
}

size_t console_keys(const char *console, const char *word, struct buf *out)
{
	static const char begin[] = "-----BEGIN SSH HOST KEY KEYS-----", end[] = "-----END SSH HOST KEY KEYS-----";
	const char *block = NULL;
	size_t count = 0;
	for (const char *p = console; (p = strstr(p, begin)); p += sizeof(begin) - 1) {
		if (strstr(p, end))
			block = p + sizeof(begin) - 1;
	}
	const char *stop = block ? strstr(block, end) : NULL;
	while (block && block < stop) {
		size_t len = strcspn(block, "\n");
		len = len < (size_t)(stop - block) ? len : (size_t)(stop - block);
		count += add_key(block, len, word, out);
		block += len + 1;
	}
	return count;
}

bool console_is_over(const char *console)
{
	const char *init = strstr(console, "Cloud-init v.");
	return (init && strstr(init, " finished at ")) || strstr(console, " login: ");
}

/* ---- the file ---- */

static const char *path_of(struct arena *arena, const char *dir)
{
	return path_join(arena, dir, "known_hosts");
}

static size_t first_word(const char *line)
{
	return strcspn(line, " \t\r\n");
}

static bool is_id(const char *line, size_t len, const char *id)
{
	return strlen(id) == len && !strncmp(line, id, len);
}

typedef bool (*keep_fn)(const void *ctx, const char *word, size_t len);

/* Keeps the lines whose first word `keep` wants, appends others; writes only what differs. */
static bool rewrite(const char *dir, keep_fn keep, const void *ctx, const char *more)
{
	struct arena *arena = arena_new();
	const char *path = path_of(arena, dir);
	AUTO_BUF struct buf old = BUF_INIT, new = BUF_INIT;
	bool ok = file_read(path, KNOWN_LIMIT, &old) || errno == ENOENT;
	for (const char *line = buf_text(&old); *line;) {
		size_t len = strcspn(line, "\n");
		if (!len || *line == '#' || *line == '@' || keep(ctx, line, first_word(line))) {
			buf_add(&new, line, len);
			buf_addc(&new, '\n');
		}
		line += len + (line[len] == '\n');
	}
	buf_adds(&new, more);
	if (ok && strcmp(buf_text(&old), buf_text(&new)) != 0)
		ok = make_directories(dir, 0700) && file_write(path, buf_text(&new), new.len, 0600);
	arena_free(arena);
	return ok;
}

static bool is_no_hosts(const void *ctx, const char *word, size_t len)
{
	return !is_id(word, len, ctx);
}

bool known_hosts_put(const char *dir, const char *id, const char *lines)
{
	return rewrite(dir, is_no_hosts, id, lines);
}

static bool is_a_hosts(const void *ctx, const char *word, size_t len)
{
	const struct hosts *hosts = ctx;
	for (size_t i = 0; i < hosts->count; i++) {
		if (is_id(word, len, hosts->items[i].id))
			return true;
	}
	return false;
}

bool known_hosts_prune(const struct hosts *hosts)
{
	return rewrite(hosts->dir, is_a_hosts, hosts, "");
}

bool ssh_forget_key(const struct hosts *hosts, const struct host *host)
{
	return known_hosts_put(hosts->dir, host->id, "");
}

bool ssh_knows_key(const struct hosts *hosts, const struct host *host)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct arena *arena = arena_new();
	bool known = false;
	if (file_read(path_of(arena, hosts->dir), KNOWN_LIMIT, &text)) {
		for (const char *line = buf_text(&text); *line && !known;) {
			known = is_id(line, first_word(line), host->id);
			line += strcspn(line, "\n");
			line += *line == '\n';
		}
	}
	arena_free(arena);
	return known;
}

/* ---- learning ---- */

struct console {
	const struct value *output;
	bool over, unsupported, late;
	struct diags *diags;
};

static void on_console(void *ctx, const struct aws_answer *answer)
{
	struct console *c = ctx;
	c->over = true;
	if (answer->result == AWS_OK)
		c->output = value_get(answer->value, "Output");
	else if (aws_code_is(answer, "UnsupportedOperation") || aws_code_is(answer, "InvalidParameter*"))
		c->unsupported = true;
	else
		aws_error_diag(answer, SRC_NOWHERE, c->diags);
}

static void on_late(void *ctx)
{
	struct console *c = ctx;
	c->over = c->late = true;
}

/*
 * False when it cannot be read, or not within the time. The newest output is told by newer machines alone; of others, AWS shows
 * that of the boot.
 */
static bool read_console(const struct hosts_cloud *cloud, struct aws *aws, const struct host *host, unsigned most_ms, struct arena *arena,
			 struct buf *text, struct diags *diags)
{
	struct console c = {.diags = diags};
	loop_timer_id timer = loop_timer(cloud->loop, most_ms, on_late, &c);
	for (unsigned latest = 2; latest-- && !c.late;) {
		const char *const names[] = {"InstanceId", "Latest"};
		const struct value *const values[] = {value_string(arena, host->id), &value_true};
		struct aws_call_options options = {.service = "ec2", .operation = "GetConsoleOutput", .repeat = AWS_REPEAT_ALWAYS, .arena = arena,
						   .params = value_object(arena, names, values, latest ? 2 : 1)};
		c.over = c.unsupported = false;
		aws_call_id id = aws_call(aws, &options, on_console, &c);
		loop_run_until(cloud->loop, &c.over);
		if (c.late) {
			const char *what = aws_describe(aws, id, arena);
			diag_error(diags, SRC_NOWHERE, "No answer in time", "Still: %s.", what ? what : "no answer to GetConsoleOutput");
			aws_cancel(aws, id);
		}
		if (!c.unsupported)
			break;
	}
	loop_timer_cancel(cloud->loop, timer);
	if (c.output && value_is_a(c.output, TYPE_STRING)) {
		AUTO_BUF struct buf packed = BUF_INIT; /* lines of base64 */
		for (const char *p = c.output->text; *p; p++) {
			if (!strchr("\r\n", *p))
				buf_addc(&packed, *p);
		}
		if (!base64_decode(BASE64_STANDARD, buf_text(&packed), packed.len, text))
			buf_adds(text, c.output->text);
	}
	return !diags_has_errors(diags);
}

static void on_time(void *ctx)
{
	*(bool *)ctx = true;
}

static void learn(const struct hosts *hosts, const struct host *host, struct memory *memory, unsigned wait_ms)
{
	const struct hosts_cloud *cloud = hosts->cloud;
	struct diags diags;
	diags_init(&diags);
	struct aws *aws = cloud->client(cloud->ctx, host, &diags);
	uint64_t begin = loop_now_ms(cloud->loop), pause = POLL_FIRST_MS;
	bool told = false, known = false, over = false;
	struct arena *arena = arena_new();
	while (aws && !known && !over) {
		AUTO_BUF struct buf text = BUF_INIT, lines = BUF_INIT;
		uint64_t before = loop_now_ms(cloud->loop) - begin;
		unsigned left = before < wait_ms ? wait_ms - (unsigned)before : 0;
		if (!read_console(cloud, aws, host, left > ANSWER_MS ? left : ANSWER_MS, arena, &text, &diags))
			break;
		known = console_keys(buf_text(&text), host->id, &lines) > 0;
		over = console_is_over(buf_text(&text));
		if (known && !known_hosts_put(hosts->dir, host->id, buf_text(&lines)))
			fprintf(stderr, "infra: %s/known_hosts cannot be written: %s\n", hosts->dir, strerror(errno));
		uint64_t waited = loop_now_ms(cloud->loop) - begin;
		if (known || over || waited >= wait_ms)
			break;
		if (!told && waited + pause >= 1000) {
			told = true;
			fprintf(stderr, "infra: waiting for the host key of %s, which its console shows when it has booted (at most %u s; -wait=0 does not wait)\n",
				host_title(host), wait_ms / 1000);
		}
		bool elapsed = false;
		loop_timer(cloud->loop, pause < wait_ms - waited ? pause : wait_ms - waited, on_time, &elapsed);
		loop_run_until(cloud->loop, &elapsed);
		pause = pause * 2 < POLL_MOST_MS ? pause * 2 : POLL_MOST_MS;
		arena_reset(arena);
	}
	if (over && !known)
		memory_set(memory, "console", host->id, "without keys");
	if (!known)
		fprintf(stderr, "infra: the console of %s %s, so its key is not known yet: ssh asks, once. -accept-new accepts it unasked.\n", host_title(host),
			diags_has_errors(&diags) ? "cannot be read" : over ? "shows no host keys" : "shows no host keys yet");
	if (diags_has_errors(&diags))
		fprintf(stderr, "infra: %s. %s\n", diags.items[0].summary, diags.items[0].detail ? diags.items[0].detail : "");
	arena_free(arena);
	diags_release(&diags);
}

void ssh_learn_keys(const struct hosts *hosts, const struct host *host, unsigned wait_ms)
{
	struct arena *arena = arena_new();
	struct memory *memory = NULL;
	for (size_t n = 0; host && n <= hosts->count; host = host->jump, n++) {
		/* without a host behind it an instance's console never says anything */
		bool mute = host->sandbox && access(path_join(arena, host->sandbox, "hosts.socket"), F_OK) < 0;
		if (mute || ssh_knows_key(hosts, host) || !hosts->cloud)
			continue;
		if (!memory)
			memory = memory_open(arena, hosts->dir);
		if (!memory_get(memory, "console", host->id))
			learn(hosts, host, memory, wait_ms);
	}
	if (memory)
		memory_save(memory);
	memory_close(memory);
	arena_free(arena);
}
