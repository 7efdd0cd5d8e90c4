/* SPDX-License-Identifier: Apache-2.0 */
/* What a tunnel block means by the values of a run. */
#pragma once

#include "plans/world.h"

struct tunnel_value {
	const char *host;           /* NULL: there is none now, or it is not known yet */
	bool unknown;               /* it, or the port, is known after the next apply only */
	bool sensitive;             /* neither host nor path is to be shown */
	unsigned port, local_port;  /* 0: not known; not given */
	const char *path;           /* begins with "/"; or NULL */
};
/* Among the names of the root module. False after diagnostics; null and unknown are none. */
bool tunnel_evaluate(struct world_eval *we, const struct tunnel *tunnel, struct tunnel_value *out);
