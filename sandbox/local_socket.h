/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets by a name in a directory: who may enter it may connect. */
#pragma once

#include "base/base.h"

/* In the place of one that a dead process has left; does not block. -1 with errno. */
int local_socket_listen(const char *dir, const char *name);
/* Blocks. -1 with errno. */
int local_socket_connect(const char *dir, const char *name);
void local_socket_remove(const char *dir, const char *name);
