/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shims need that no script can do: this program, called inside a host as `infra sandbox shim NAME ARGUMENT...`.
 * Inside, /run/sandbox holds what a host is told by the world:
 *
 *     infra          this program
 *     shims          the scripts of the shims
 *     bin, sbin      their names, where they cannot stand in /usr; first in PATH then
 *     usr            the machine's own /usr
 *     volumes        the volumes that are attached: `table`, and for each a directory with `fs` (what mkfs made) and `data`
 *     devices        "NAME VOLUME GIB KIND", a line each, KIND root or data: how they are called here
 *     mounted        what the shims have mounted: see mounts.c
 *
 * and /run/efs a directory for each file system of EFS.
 */
#pragma once

#include "base/base.h"

#define SANDBOX_RUN "/run/sandbox"

/* An exit code. */
int shim_main(int argc, char **argv);

/* ---- among the shims ---- */

int shim_mount(int argc, char **argv);  /* mount, mount.nfs4, mount.efs ... */
int shim_umount(int argc, char **argv);
int shim_disk(int argc, char **argv);   /* blkid, mkfs ... */
int shim_serve(int argc, char **argv);

/* A line "TIME WHO: TEXT" in a log of the host, which is made when it is not there; on standard error where that fails. */
void host_log(const char *path, unsigned mode, const char *who, const char *fmt, va_list args) PRINTF_LIKE(4, 0);
/* A line in /var/log/sandbox-shims.log. */
void shim_note(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Becomes the machine's own program of argv's name; returns only where there is none, an exit code. */
int shim_real(char **argv);
