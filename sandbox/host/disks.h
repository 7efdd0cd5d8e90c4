/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where volumes lie among the hosts' disks: DISKS/volumes/vol-1 while nobody has it, DISKS/i-1/volumes/vol-1 while
 * that host has it. Moving one is a rename, which reaches a running host without a mount. Of the process that holds
 * the hosts.
 */
#pragma once

#include "base/base.h"

struct buf;
struct guests;
struct value;

/*
 * Puts each volume of an order where it belongs and removes those that are not in it any more; then tells hosts whose
 * table has changed. Troubles are a line each.
 */
void disks_apply(struct guests *guests, const struct value *order, struct buf *trouble);
