/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that mean something else inside a host than on the machine: scripts in sandbox/host/shims, each with lines
 * "# shim: NAME... | what it does". Hosts see them in /run/sandbox/shims, and links to them in front of the machine's own
 * programs in /usr.
 */
#pragma once

#include "base/base.h"

struct buf;

/*
 * Writes them below `dir`, which stands for /usr: lib/sandbox/FILE, and links by their names. `apt`: those of Debian's
 * and Ubuntu's images, else those of Amazon's. An errno.
 */
int shims_install(const char *dir, bool apt) MUST_USE;
/* The programs that a host with accelerators of this maker has, links in a directory of its own. An errno. */
int shims_install_accelerator(const char *dir, const char *maker) MUST_USE;
/* A line for each: its names and what it does. */
void shims_describe(struct buf *out);
