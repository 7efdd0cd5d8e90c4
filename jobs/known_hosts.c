/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/known_hosts.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "jobs/hosts_internal.h"
#include "jobs/ssh_config.h"

#include <errno.h>
#include <string.h>

enum { KNOWN_LIMIT = 16 << 20 };

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
