/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes as a host sees them: names of devices, and what mkfs has left on them. */
#pragma once

#include "base/base.h"

struct arena;

struct volume {
	const char *device; /* /dev/nvme1n1 */
	const char *id;     /* vol-... */
	unsigned long long gib;
	bool root;
	/* "" before mkfs */
	const char *type, *uuid, *label;
};

struct volumes {
	struct volume *items;
	size_t count;
};

/* Inside a host. */
struct volumes volumes_list(struct arena *arena);
/* By any of its names: a device, a link to it, UUID=, LABEL=. NULL when it is none. */
const struct volume *volumes_find(struct arena *arena, const struct volumes *all, const char *name);
/* The directory that is its content. */
const char *volume_data(struct arena *arena, const struct volume *volume);
/* Keeps type, uuid and label. */
bool volume_save(struct arena *arena, const struct volume *volume) MUST_USE;
/* Where it is mounted, or NULL. */
const char *volume_mount_point(struct arena *arena, const struct volume *volume);
