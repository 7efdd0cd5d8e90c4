/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders to a running sandbox, over a socket in its directory: one line of JSON there ({"order": "reset"}),
 * text back until the end: "ok" or "error", a newline, and what there is to say. Who may enter the directory
 * may order.
 */
#pragma once

#include "base/base.h"

struct buf;
struct control;
struct world;

/* NULL with the reason. */
struct control *control_open(struct world *world, struct buf *why);
void control_close(struct control *control); /* NULL accepted */

/* The other side: gives an order to the sandbox of a directory and waits. False with what it says. */
bool control_order(const char *dir, const char *order, struct buf *answer);
