/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No device can be made by a user. Where the machine has a block device, its node is bound with MS_NODEV under the
 * name of the volume, so that `test -b` is right, and opening it is refused by the kernel; else an empty file.
 */
#include "sandbox/host/devices.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "sandbox/host/mounts.h"
#include "sandbox/host/shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK SANDBOX_RUN "/block"

struct device {
	char *id;      /* vol-... */
	char *name;    /* /dev/nvme1n1 */
	char *link;    /* by id; NULL: none */
	char *asked;   /* link by the name that was asked for, or NULL */
	unsigned number;
	bool root, wanted;
};

/* Of the host's first process. */
static VEC(struct device) devices;

static bool make_file(const char *path)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0;
}

static bool bind_node(const char *from, const char *to)
{
	if (!make_file(to))
		return false;
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return false;
	if (mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) == 0)
		return true;
	umount2(to, MNT_DETACH);
	return false;
}

void devices_prepare(void)
{
	DIR *dir = opendir("dev");
	bool found = false;
	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		char path[300];
		struct stat st;
		snprintf(path, sizeof(path), "dev/%s", entry->d_name);
		/* one that only root may touch */
		if (lstat(path, &st) == 0 && S_ISBLK(st.st_mode) && !(st.st_mode & 07) && access(path, R_OK) < 0 && access(path, W_OK) < 0)
			found = bind_node(path, BLOCK);
	}
	if (!found)
		unlink(BLOCK);
	if (dir)
		closedir(dir);
}

/* ---- one ---- */

static void make_name(const struct device *d)
{
	if (access(BLOCK, F_OK) < 0 || !bind_node(BLOCK, d->name)) {
		if (!make_file(d->name))
			printf("[sandbox] %s: %s\n", d->name, strerror(errno));
	}
	(void)!mkdir("/dev/disk", 0755);
	(void)!mkdir("/dev/disk/by-id", 0755);
	if (d->link && symlink(d->name, d->link) < 0 && errno != EEXIST)
		printf("[sandbox] %s: %s\n", d->link, strerror(errno));
	if (d->asked && strcmp(d->asked, d->name) != 0 && symlink(d->name, d->asked) < 0 && errno != EEXIST)
		printf("[sandbox] %s: %s\n", d->asked, strerror(errno));
}

static void remove_name(struct device *d)
{
	mounts_volume_leaves(d->id);
	umount2(d->name, MNT_DETACH);
	unlink(d->name);
	if (d->link)
		unlink(d->link);
	if (d->asked && strcmp(d->asked, d->name) != 0)
		unlink(d->asked);
	free(d->id);
	free(d->name);
	free(d->link);
	free(d->asked);
}

static bool is_taken(unsigned number)
{
	for (size_t i = 0; i < devices.count; i++) {
		if (devices.items[i].number == number)
			return true;
	}
	return false;
}

/* /dev/sdf and /dev/xvdf are the same letter. */
static char *xen_name(const char *asked)
{
	const char *base = strrchr(asked, '/') ? strrchr(asked, '/') + 1 : asked;
	char name[128];
	snprintf(name, sizeof(name), "/dev/%s%s", !strncmp(base, "sd", 2) ? "xvd" : "", !strncmp(base, "sd", 2) ? base + 2 : base);
	return xstrdup(name);
}

/* Of the controller and namespace, or by letter; the root is the first one. */
static struct device new_device(const char *id, const char *asked, bool root, bool xen, bool amazon)
{
	struct device d = {.id = xstrdup(id), .root = root, .wanted = true};
	char text[96];
	while (!root && (d.number == 0 || is_taken(d.number)))
		d.number++;
	if (xen) {
		/* the root's name ends in its partition's number, which lsblk and mount know of */
		d.name = xen_name(asked);
		size_t len = strlen(d.name);
		while (root && len && d.name[len - 1] >= '0' && d.name[len - 1] <= '9')
			d.name[--len] = '\0';
		return d;
	}
	snprintf(text, sizeof(text), "/dev/nvme%un1", d.number);
	d.name = xstrdup(text);
	snprintf(text, sizeof(text), "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol%.40s", id + 4);
	d.link = xstrdup(text);
	d.asked = amazon && !root && !strncmp(asked, "/dev/", 5) ? xstrdup(asked) : NULL;
	return d;
}

/* ---- all ---- */

static struct device *find(const char *id)
{
	for (size_t i = 0; i < devices.count; i++) {
		if (!strcmp(devices.items[i].id, id))
			return &devices.items[i];
	}
	return NULL;
}

/* "VOLUME DEVICE GIB KIND", a line each. */
void devices_update(bool xen, bool amazon)
{
	AUTO_BUF struct buf table = BUF_INIT, out = BUF_INIT;
	struct arena *arena = arena_new();
	if (!file_read(SANDBOX_RUN "/volumes/table", 1 << 16, &table))
		buf_clear(&table);
	for (size_t i = 0; i < devices.count; i++)
		devices.items[i].wanted = false;
	char *save = NULL;
	for (char *line = strtok_r(buf_copy(&table, arena), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char id[64], asked[64], kind[16];
		unsigned long long gib;
		if (sscanf(line, "%63s %63s %llu %15s", id, asked, &gib, kind) != 4 || strncmp(id, "vol-", 4) != 0)
			continue;
		struct device *d = find(id);
		if (!d) {
			vec_add(&devices, new_device(id, asked, !strcmp(kind, "root"), xen, amazon));
			d = &devices.items[devices.count - 1];
		}
		d->wanted = true;
		buf_addf(&out, "%s %s %llu %s\n", d->name, id, gib, kind);
	}
	for (size_t i = devices.count; i-- > 0;) {
		if (!devices.items[i].wanted) {
			remove_name(&devices.items[i]);
			devices.items[i] = devices.items[--devices.count];
		}
	}
	if (!file_write(SANDBOX_RUN "/devices", buf_text(&out), out.len, 0644))
		printf("[sandbox] %s/devices: %s\n", SANDBOX_RUN, strerror(errno));
	/* who sees the name finds what it stands for */
	for (size_t i = 0; i < devices.count; i++) {
		if (access(devices.items[i].name, F_OK) < 0)
			make_name(&devices.items[i]);
	}
	mounts_update();
	fflush(stdout);
	arena_free(arena);
}
