/* SPDX-License-Identifier: Apache-2.0 */
/* The names in /dev that volumes have inside a host. */
#pragma once

#include "base/base.h"

/* Keeps a node of the machine, whose root we stand in as yet, that names can stand on; nobody can open it. */
void devices_prepare(void);
/*
 * Makes the names what /run/sandbox/volumes/table says: on Nitro /dev/nvme1n1 and on, in the order of arrival, with the
 * links by id; on Xen /dev/xvdf of /dev/sdf. `amazon`: also a link by the name that was asked for, as on Amazon's images.
 * Called by the host's first process, each time that something has changed.
 */
void devices_update(bool xen, bool amazon);
