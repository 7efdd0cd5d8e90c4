/* SPDX-License-Identifier: Apache-2.0 */
/* The table is lines of /run/sandbox/mounted, fields parted by tabs: directory, source, from, state. */
#include "sandbox/host/mounts.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "sandbox/host/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TABLE_LIMIT = 1 << 20 };

static const char table_path[] = SANDBOX_RUN "/mounted", lock_path[] = SANDBOX_RUN "/mounted.lock", targets_path[] = SANDBOX_RUN "/volumes/targets";
static const char *const states[] = {[MOUNT_WHOLE] = "whole", [MOUNT_STUCK] = "stuck", [MOUNT_GONE] = "gone"};

/* Init and several shims change it. Ends with the descriptor; where there can be none, one goes without. */
static int lock(void)
{
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		continue;
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct mount_table mounts_list(struct arena *arena)
{
	AUTO_BUF struct buf text = BUF_INIT;
	VEC(struct mount_entry) found = {0};
	char *lines = NULL;
	if (!file_read(table_path, TABLE_LIMIT, &text))
		return (struct mount_table){0};
	for (char *line = strtok_r(buf_copy(&text, arena), "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *fields = NULL, *directory = strtok_r(line, "\t", &fields), *source = strtok_r(NULL, "\t", &fields), *from = strtok_r(NULL, "\t", &fields);
		const char *state = strtok_r(NULL, "\t", &fields);
		struct mount_entry entry = {.directory = directory, .source = source, .from = from};
		for (size_t i = 0; state && i < ARRAY_LEN(states); i++)
			entry.state = !strcmp(state, states[i]) ? (enum mount_state)i : entry.state;
		if (state)
			vec_add(&found, entry);
	}
	struct mount_table table = {.count = found.count, .items = found.count ? arena_memdup(arena, found.items, found.count * sizeof(*found.items)) : NULL};
	vec_free(&found);
	return table;
}

/* With the lock. */
static bool save(const struct mount_table *table)
{
	AUTO_BUF struct buf text = BUF_INIT;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount_entry *entry = &table->items[i];
		if (entry->directory)
			buf_addf(&text, "%s\t%s\t%s\t%s\n", entry->directory, entry->source, entry->from, states[entry->state]);
	}
	return file_write(table_path, buf_text(&text), text.len, 0644);
}

const struct mount_entry *mounts_find(const struct mount_table *table, const char *name)
{
	for (size_t i = table->count; i-- > 0;) {
		if (!strcmp(table->items[i].directory, name))
			return &table->items[i];
	}
	for (size_t i = table->count; i-- > 0;) {
		if (!strcmp(table->items[i].source, name) || !strcmp(table->items[i].from, name))
			return &table->items[i];
	}
	return NULL;
}

bool mounts_remember(const struct mount_entry *entry)
{
	AUTO_BUF struct buf line = BUF_INIT;
	int held = lock();
	AUTO_FD int fd = open(table_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	buf_addf(&line, "%s\t%s\t%s\t%s\n", entry->directory, entry->source, entry->from, states[entry->state]);
	bool done = fd >= 0 && write(fd, line.ptr, line.len) == (ssize_t)line.len;
	unlock(held);
	return done;
}

/* ---- covers ---- */

/*
 * The directory of a process's threads in /proc, when the process has ended: to open it or to look for a name in it is
 * ESRCH, whoever asks.
 */
static bool cover(const char *directory)
{
	char path[64];
	pid_t pid = fork();
	if (!pid) {
		for (;;)
			pause();
	}
	if (pid < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	bool covered = mount(path, directory, NULL, MS_BIND, NULL) == 0;
	int error = errno;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = error;
	return covered;
}

bool mounts_remove(const char *directory, int flags)
{
	struct arena *arena = arena_new();
	int held = lock();
	struct mount_table table = mounts_list(arena);
	struct mount_entry *entry = (struct mount_entry *)(uintptr_t)mounts_find(&table, directory);
	bool covered = entry && entry->state == MOUNT_STUCK && !strcmp(entry->directory, directory);
	bool done = umount2(directory, flags) == 0;
	if (done && covered)
		done = umount2(directory, MNT_DETACH) == 0; /* it was in nobody's way */
	if (done && entry && !strcmp(entry->directory, directory)) {
		entry->directory = NULL;
		if (!save(&table))
			shim_note("umount", "%s: %s", table_path, strerror(errno));
	}
	int error = errno;
	unlock(held);
	arena_free(arena);
	errno = error;
	return done;
}

void mounts_volume_leaves(const char *id)
{
	struct arena *arena = arena_new();
	int held = lock();
	struct mount_table table = mounts_list(arena);
	bool changed = false;
	for (size_t i = 0; i < table.count; i++) {
		struct mount_entry *entry = &table.items[i];
		if (entry->state == MOUNT_GONE || strcmp(entry->source, id) != 0)
			continue;
		changed = true;
		if (umount2(entry->directory, MNT_DETACH) < 0 || !cover(entry->directory)) {
			printf("[sandbox] %s: detached, and not there any more at %s: %s\n", id, entry->directory, strerror(errno));
			entry->directory = NULL;
			continue;
		}
		printf("[sandbox] %s: detached while it was mounted at %s, where nothing can be read or written until it is unmounted\n", id, entry->directory);
		entry->source = entry->from = "-"; /* it may come back, and be mounted */
		entry->state = MOUNT_GONE;
	}
	if (changed && !save(&table))
		printf("[sandbox] %s: %s\n", table_path, strerror(errno));
	unlock(held);
	arena_free(arena);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strcspn(at, "\n") == len && !memcmp(at, line, len))
			return true;
	}
	return false;
}

void mounts_update(void)
{
	AUTO_BUF struct buf targets = BUF_INIT;
	struct arena *arena = arena_new();
	int held = lock();
	struct mount_table table = mounts_list(arena);
	bool changed = false, known = file_read(targets_path, TABLE_LIMIT, &targets);
	for (size_t i = 0; known && i < table.count; i++) {
		struct mount_entry *entry = &table.items[i];
		bool is_efs = strncmp(entry->from, "/dev/", 5) != 0 && entry->state != MOUNT_GONE, there = has_line(buf_text(&targets), entry->from);
		if (!is_efs || there == (entry->state == MOUNT_WHOLE))
			continue;
		if (there ? umount2(entry->directory, MNT_DETACH) < 0 : !cover(entry->directory)) {
			printf("[sandbox] %s: %s\n", entry->directory, strerror(errno));
			continue;
		}
		printf("[sandbox] the mount target %s of %s %s\n", entry->from, entry->directory, there ? "is there again" : "is gone: nothing can be read or written there");
		entry->state = there ? MOUNT_WHOLE : MOUNT_STUCK;
		changed = true;
	}
	if (changed && !save(&table))
		printf("[sandbox] %s: %s\n", table_path, strerror(errno));
	unlock(held);
	arena_free(arena);
}
