/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/volume.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "sandbox/host/mounts.h"
#include "sandbox/host/shim.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of a line, parted by blanks; missing ones are "". The text is cut. */
static void cut(char *line, const char **fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fields[i] = line;
		char *blank = line + strcspn(line, " ");
		line = *blank ? blank + 1 : blank;
		*blank = '\0';
	}
}

static const char *path_in(struct arena *arena, const struct volume *volume, const char *name)
{
	return arena_printf(arena, SANDBOX_RUN "/volumes/%s/%s", volume->id, name);
}

/* "TYPE\nUUID\nLABEL\n" */
static void read_fs(struct arena *arena, struct volume *volume)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char **const fields[] = {&volume->type, &volume->uuid, &volume->label};
	volume->type = volume->uuid = volume->label = "";
	if (volume->root) { /* as images have it */
		volume->type = "ext4";
		volume->label = "cloudimg-rootfs";
		volume->uuid = arena_printf(arena, "00000000-0000-4000-8000-%.12s", strlen(volume->id) > 16 ? volume->id + 4 : "000000000000");
		return;
	}
	if (!file_read(path_in(arena, volume, "fs"), 4096, &text))
		return;
	const char *at = buf_copy(&text, arena);
	for (size_t i = 0; i < ARRAY_LEN(fields) && *at; i++) {
		size_t len = strcspn(at, "\n");
		*fields[i] = arena_strndup(arena, at, len);
		at += len + (at[len] == '\n');
	}
}

struct volumes volumes_list(struct arena *arena)
{
	AUTO_BUF struct buf text = BUF_INIT;
	VEC(struct volume) found = {0};
	struct volumes all = {0};
	if (!file_read(SANDBOX_RUN "/devices", 1 << 16, &text))
		return all;
	char *save = NULL;
	for (char *line = strtok_r(buf_copy(&text, arena), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *field[4];
		cut(line, field, ARRAY_LEN(field));
		struct volume volume = {.device = field[0], .id = field[1], .gib = strtoull(field[2], NULL, 10), .root = !strcmp(field[3], "root")};
		read_fs(arena, &volume);
		vec_add(&found, volume);
	}
	all.count = found.count;
	all.items = found.count ? arena_memdup(arena, found.items, found.count * sizeof(*found.items)) : NULL;
	vec_free(&found);
	return all;
}

const struct volume *volumes_find(struct arena *arena, const struct volumes *all, const char *name)
{
	bool uuid = !strncmp(name, "UUID=", 5), label = !strncmp(name, "LABEL=", 6);
	char resolved[PATH_MAX];
	(void)arena;
	if (!strncmp(name, "/dev/disk/by-uuid/", 18) || !strncmp(name, "/dev/disk/by-label/", 19)) {
		uuid = name[13] == 'u';
		label = !uuid;
		name = strrchr(name, '/') + 1;
	} else if (uuid || label) {
		name = strchr(name, '=') + 1;
		if (*name == '"')
			name = arena_strndup(arena, name + 1, strcspn(name + 1, "\""));
	} else if (realpath(name, resolved)) {
		name = resolved;
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct volume *v = &all->items[i];
		size_t len = strlen(v->device);
		if (uuid || label ? *name && !strcmp(uuid ? v->uuid : v->label, name) : !strcmp(v->device, name))
			return v;
		/* the root's partition */
		if (!uuid && !label && v->root && !strncmp(name, v->device, len) && (!strcmp(name + len, "p1") || !strcmp(name + len, "1")))
			return v;
	}
	return NULL;
}

const char *volume_data(struct arena *arena, const struct volume *volume)
{
	return path_in(arena, volume, "data");
}

bool volume_save(struct arena *arena, const struct volume *volume)
{
	const char *text = arena_printf(arena, "%s\n%s\n%s\n", volume->type, volume->uuid, volume->label), *path = path_in(arena, volume, "fs");
	return *volume->type ? file_write(path, text, strlen(text), 0644) : unlink(path) == 0 || access(path, F_OK) < 0;
}

const char *volume_mount_point(struct arena *arena, const struct volume *volume)
{
	struct mount_table table = mounts_list(arena);
	const struct mount_entry *entry = volume->root ? NULL : mounts_find(&table, volume->id);
	return volume->root ? "/" : entry ? entry->directory : NULL;
}
