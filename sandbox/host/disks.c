/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/disks.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "lang/value/value.h"
#include "sandbox/host/disk.h"
#include "sandbox/host/guest.h"
#include "sandbox/host/trash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_LIMIT = 1 << 20 };

static bool is_id(const char *id, const char *prefix)
{
	size_t len = strlen(prefix);
	return id && !strncmp(id, prefix, len) && strlen(id) < 40 && strspn(id + len, "0123456789abcdef") == strlen(id + len);
}

/* Where each volume is now: id -> path. */
static void look(struct arena *arena, const char *folder, struct map *where)
{
	char **names;
	size_t count;
	if (!directory_list(arena, folder, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (is_id(names[i], "vol-"))
			map_put(where, names[i], path_join(arena, folder, names[i]));
	}
}

static void look_everywhere(struct arena *arena, const char *disks, struct map *where)
{
	char **names;
	size_t count;
	look(arena, path_join(arena, disks, "volumes"), where);
	if (!directory_list(arena, disks, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (is_id(names[i], "i-"))
			look(arena, arena_printf(arena, "%s/%s/volumes", disks, names[i]), where);
	}
}

/* One that is being terminated has left already, and its disk goes with it. */
static bool is_there(const struct value *hosts, const char *host)
{
	for (uint32_t i = 0; i < hosts->count; i++) {
		const struct value *id = value_get(hosts->items[i], "id");
		if (id && value_is_text(id, host))
			return true;
	}
	return false;
}

static bool place(struct arena *arena, const char *from, const char *folder, const char *id)
{
	const char *to = path_join(arena, folder, id);
	if (!make_directories(folder, 0700))
		return false;
	if (from)
		return !strcmp(from, to) || rename(from, to) == 0;
	return make_directories(path_join(arena, to, "data"), 0755);
}

/* One line for each volume of a host, as devices_update() reads it. */
static void write_table(struct guests *g, struct arena *arena, const char *host, const char *name, const struct buf *text, struct buf *trouble)
{
	AUTO_BUF struct buf before = BUF_INIT;
	const char *disk = path_join(arena, g->disks, host);
	int error = make_directories(path_join(arena, disk, "volumes"), 0700) ? disk_read(disk, "volumes", name, TABLE_LIMIT, &before) : errno;
	if (!error && !strcmp(buf_text(&before), buf_text(text)))
		return;
	error = error && error != ENOENT ? error : disk_write(disk, "volumes", name, text);
	if (error)
		buf_addf(trouble, "the volumes of %s cannot be told: %s\n", host, strerror(error));
	else
		guests_tell(g, host, INSTANCE_VOLUMES);
}

/* The addresses of the mount targets in a VPC: by these, hosts know what of what they have mounted is gone. */
static void list_targets(const struct value *targets, const char *vpc, struct buf *out)
{
	for (uint32_t i = 0; i < targets->count; i++) {
		const char *address = value_get_text(targets->items[i], "address");
		if (address && value_is_text(value_get(targets->items[i], "vpc"), vpc))
			buf_addf(out, "%s\n", address);
	}
}

void disks_apply(struct guests *g, const struct value *order, struct buf *trouble)
{
	struct arena *arena = arena_new();
	struct map where = {0}, wanted = {0};
	const struct value *hosts = value_get(order, "hosts"), *volumes = value_get(order, "volumes"), *points = value_get(order, "access_points");
	look_everywhere(arena, g->disks, &where);
	for (uint32_t i = 0; volumes && i < volumes->count; i++) {
		const struct value *volume = volumes->items[i];
		const char *id = value_get_text(volume, "id"), *host = value_get_text(volume, "host");
		bool root = value_get(volume, "root") && value_is_true(value_get(volume, "root"));
		if (!is_id(id, "vol-") || (host && !is_id(host, "i-")) || root)
			continue;
		map_put(&wanted, id, &wanted);
		host = host && is_there(hosts, host) ? host : NULL;
		const char *folder = host ? arena_printf(arena, "%s/%s/volumes", g->disks, host) : path_join(arena, g->disks, "volumes");
		if (!place(arena, map_find(&where, id), folder, id))
			buf_addf(trouble, "the volume %s cannot be moved to %s: %s\n", id, host ? host : "no host", strerror(errno));
	}
	for (struct map_entry *e = map_first(&where); e; e = map_next(&where, e)) {
		if (!map_find(&wanted, e->key) && !trash_take(g, e->value))
			buf_addf(trouble, "the volume %s cannot be removed: %s\n", e->key, strerror(errno));
	}
	AUTO_BUF struct buf roots = BUF_INIT;
	for (uint32_t i = 0; points && i < points->count; i++) {
		const struct value *point = points->items[i], *make = value_get(point, "make");
		const char *id = value_get_text(point, "id"), *fs = value_get_text(point, "fs"), *path = value_get_text(point, "path");
		if (id && fs)
			buf_addf(&roots, "%s %s %s %s\n", id, fs, make && value_is_true(make) ? "make" : "keep", path ? path : "/");
	}
	for (uint32_t i = 0; i < hosts->count; i++) {
		const char *host = value_get_text(hosts->items[i], "id");
		AUTO_BUF struct buf table = BUF_INIT, targets = BUF_INIT;
		for (uint32_t k = 0; is_id(host, "i-") && volumes && k < volumes->count; k++) {
			const struct value *volume = volumes->items[k], *gib = value_get(volume, "gib");
			int64_t size = 0;
			bool root = value_get(volume, "root") && value_is_true(value_get(volume, "root"));
			if (!value_is_text(value_get(volume, "host") ? value_get(volume, "host") : &value_null_any, host))
				continue;
			if (!gib || !value_is_a(gib, TYPE_NUMBER) || !number_to_int(gib->number, &size))
				size = 8;
			buf_addf(&table, "%s %s %lld %s\n", value_get_text(volume, "id"), value_get_text(volume, "device"), (long long)size, root ? "root" : "data");
		}
		if (!is_id(host, "i-"))
			continue;
		write_table(g, arena, host, "access-points", &roots, trouble);
		list_targets(value_get(order, "targets"), value_get_text(hosts->items[i], "vpc"), &targets);
		write_table(g, arena, host, "targets", &targets, trouble);
		write_table(g, arena, host, "table", &table, trouble);
	}
	map_release(&where);
	map_release(&wanted);
	arena_free(arena);
}
