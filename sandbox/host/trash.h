/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that nothing needs any more: they leave their place at once, and the disk as soon as a process that does
 * nothing else has come to them, since files of many hosts take their time.
 */
#pragma once

#include "base/base.h"

struct guests;

/* Out of its place. False with errno. */
bool trash_take(struct guests *guests, const char *path) MUST_USE;
/* Starts to remove what was taken, now or in an earlier life; nothing happens where there is nothing. */
void trash_start(struct guests *guests);
/* Removes in this process what is left in a directory of disks that is no world's any more. */
void trash_clear(const char *disks);
