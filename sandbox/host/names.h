/* SPDX-License-Identifier: Apache-2.0 */
/* The names of its network that a host knows: a part of its /etc/hosts, which else is its own. */
#pragma once

#include "base/base.h"

/*
 * In the file of the disk in `directory`, made with `own` where there is none yet. Lines that the host's user has
 * written stay. No link that he has made leads us out of the disk. An errno.
 */
int names_set(const char *directory, const char *own, const char *names) MUST_USE;
