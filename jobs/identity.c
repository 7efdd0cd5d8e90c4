/* SPDX-License-Identifier: Apache-2.0 */
/* Which private key opens a host: the one whose public half is its key pair's. */
#include "jobs/hosts_internal.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "jobs/key_text.h"
#include "jobs/quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_LIMIT = 64 << 10 };

static const char *user_folder(struct arena *arena)
{
	const char *home = getenv("HOME");
	return home && *home == '/' ? path_join(arena, home, ".ssh") : NULL;
}

/* In ~/.ssh, a *.pub that fits: the file beside it, or itself where only an agent holds the rest. */
static const char *in_user_folder(struct arena *arena, const char *public_key)
{
	const char *folder = user_folder(arena);
	char **names;
	size_t count;
	if (!folder || !directory_list(arena, folder, &names, &count))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names[i]);
		if (len < 5 || strcmp(names[i] + len - 4, ".pub") != 0)
			continue;
		const char *path = path_join(arena, folder, names[i]);
		AUTO_BUF struct buf text = BUF_INIT;
		if (!path_is_quotable(path) || !file_read(path, KEY_FILE_LIMIT, &text) || !key_lines_equal(buf_text(&text), public_key))
			continue;
		const char *private_key = arena_strndup(arena, path, strlen(path) - 4);
		if (access(private_key, F_OK) == 0)
			return private_key;
		const char *agent = getenv("SSH_AUTH_SOCK");
		if (agent && *agent)
			return path;
	}
	return NULL;
}

/* As AWS's console saves it when it makes a key pair. */
static const char *by_name(struct arena *arena, const char *key_name)
{
	const char *folder = user_folder(arena);
	static const char *const ends[] = {".pem", ""};
	for (size_t i = 0; folder && host_word_is_safe(key_name) && i < ARRAY_LEN(ends); i++) {
		const char *path = path_join(arena, folder, arena_printf(arena, "%s%s", key_name, ends[i]));
		if (access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

static bool is_managed(const struct object *object, const char *type)
{
	return object->value && object->value->state == VALUE_KNOWN && !object->parts.data && !*object->deposed && !strcmp(object->parts.type, type);
}

/* Files that the configuration wrote; else the address of the object that has it. */
static const char *in_state(struct arena *arena, const struct state *state, const char *public_key, const char **holder)
{
	for (size_t i = 0; i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		if (is_managed(object, "tls_private_key")) {
			const char *line = value_get_text(object->value, "public_key_openssh");
			if (line && key_lines_equal(line, public_key))
				*holder = object->address;
			continue;
		}
		if (!is_managed(object, "local_file") && !is_managed(object, "local_sensitive_file"))
			continue;
		const char *path = value_get_text(object->value, "filename"), *content = value_get_text(object->value, "content");
		content = content ? content : value_get_text(object->value, "sensitive_content");
		if (!path || access(path, R_OK) < 0 || !private_key_fits(content, public_key))
			continue;
		AUTO_FREE char *whole = realpath(path, NULL);
		if (whole && path_is_quotable(whole))
			return arena_strdup(arena, whole);
	}
	return NULL;
}

const char *state_public_key(const struct state *state, const char *key_name)
{
	for (size_t i = 0; i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		if (is_managed(object, "aws_key_pair") && value_is_text(value_get(object->value, "key_name"), key_name))
			return value_get_text(object->value, "public_key");
	}
	return NULL;
}

/* ---- keys that the state alone has, written out ---- */

static const char *written_path(const struct hosts *hosts, const char *key_name)
{
	AUTO_FREE char *whole = realpath(hosts->dir, NULL);
	return host_word_is_safe(key_name) ? path_join(hosts->arena, whole ? whole : hosts->dir, arena_printf(hosts->arena, "%s.key", key_name)) : NULL;
}

static const char *written(const struct hosts *hosts, const char *key_name, const char *public_key)
{
	const char *path = written_path(hosts, key_name);
	AUTO_BUF struct buf text = BUF_INIT;
	bool fits = path && file_read(path, KEY_FILE_LIMIT, &text) && private_key_fits(buf_text(&text), public_key);
	if (text.ptr)
		explicit_bzero(text.ptr, text.len);
	return fits ? path : NULL;
}

static bool write_key(const struct hosts *hosts, const struct state *state, const char *key_name, struct diags *diags)
{
	const char *path = written_path(hosts, key_name), *public_key = state_public_key(state, key_name), *text = NULL;
	for (size_t i = 0; i < state_object_count(state) && public_key && !text; i++) {
		const struct object *object = state_object_at(state, i);
		const char *line = is_managed(object, "tls_private_key") ? value_get_text(object->value, "public_key_openssh") : NULL;
		if (!line || !key_lines_equal(line, public_key))
			continue;
		text = value_get_text(object->value, "private_key_openssh");
		text = text && *text ? text : value_get_text(object->value, "private_key_pem");
	}
	if (path && text && make_directories(hosts->dir, 0700) && file_write(path, text, strlen(text), 0600))
		return true;
	AUTO_BUF struct buf shown = BUF_INIT;
	buf_add_harmless(&shown, key_name);
	diag_error(diags, SRC_NOWHERE, "Private key cannot be written", "That of %s: %s.", buf_text(&shown),
		   !path ? "its name is no file's" : !text ? "the state does not hold it" : strerror(errno));
	return false;
}

bool hosts_write_keys(const struct hosts *hosts, const struct state *state, struct diags *diags)
{
	bool ok = true;
	for (size_t i = 0; i < hosts->count && ok; i++) {
		struct host *host = &hosts->items[i];
		if (!host->identity_note)
			continue;
		ok = write_key(hosts, state, host->key_name, diags);
		host->identity = ok ? written_path(hosts, host->key_name) : NULL;
		host->identity_note = NULL;
	}
	return ok;
}

void hosts_find_identities(const struct hosts *hosts, const struct state *state, const struct memory *memory)
{
	struct arena *arena = hosts->arena;
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		if (!host->key_name)
			continue;
		const struct host *before = i ? &hosts->items[i - 1] : NULL; /* mostly one key serves all */
		if (before && before->key_name && !strcmp(before->key_name, host->key_name)) {
			host->identity = before->identity;
			host->identity_note = before->identity_note;
			continue;
		}
		const char *public_key = state_public_key(state, host->key_name), *holder = NULL;
		public_key = public_key ? public_key : memory_get(memory, "public_key", host->key_name);
		if (!public_key || !*public_key)
			public_key = NULL;
		host->identity = public_key ? in_user_folder(arena, public_key) : NULL;
		if (!host->identity && public_key)
			host->identity = in_state(arena, state, public_key, &holder);
		if (!host->identity && public_key)
			host->identity = written(hosts, host->key_name, public_key);
		if (!host->identity)
			host->identity = by_name(arena, host->key_name);
		if (!host->identity && holder)
			host->identity_note = arena_printf(arena, "the private key of %s is in the state alone, as %s", host->key_name, holder);
	}
}
