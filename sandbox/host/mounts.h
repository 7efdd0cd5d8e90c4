/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shims have mounted in a host, and what becomes of it when its volume is taken away or its mount target is
 * deleted: whoever uses it then gets an error. An empty directory would take in what is meant for the volume.
 */
#pragma once

#include "base/base.h"

struct arena;

enum mount_state {
	MOUNT_WHOLE,
	MOUNT_STUCK, /* EFS without its mount target: covered until that is back */
	MOUNT_GONE,  /* of a volume that has left: nothing but the cover is there */
};

struct mount_entry {
	const char *directory, *source; /* a volume's id, or what was given to mount.efs */
	const char *from;               /* the device, or the address of the mount target */
	enum mount_state state;
};

struct mount_table {
	struct mount_entry *items;
	size_t count;
};

/* Inside a host. */
struct mount_table mounts_list(struct arena *arena);
/* By its directory, or by its source or device; the newest. NULL when it is none. */
const struct mount_entry *mounts_find(const struct mount_table *table, const char *name);
/* False with errno; so the others. */
bool mounts_remember(const struct mount_entry *entry) MUST_USE;
/* Unmounts it, with the cover over it, and forgets it. `flags` as umount2() takes them. */
bool mounts_remove(const char *directory, int flags) MUST_USE;
/* What is mounted of a volume that leaves; says so on standard output. */
void mounts_volume_leaves(const char *id);
/* Holds EFS's against the mount targets of the VPC, an address a line in /run/sandbox/volumes/targets. */
void mounts_update(void);
