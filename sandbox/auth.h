/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a request, and whether the signature holds. */
#pragma once

#include "base/arena.h"

struct http_server_request;
struct value;
struct world;

enum auth_result {
	AUTH_OK,
	AUTH_MISSING,     /* not signed at all */
	AUTH_MALFORMED,   /* signed in a way that cannot be read */
	AUTH_UNKNOWN_KEY, /* not the world's key */
	AUTH_MISMATCH,    /* another secret, or something was changed on the way */
	AUTH_EXPIRED,     /* too old or too new by the world's clock */
	AUTH_EXPIRED_KEY, /* of a session that is over */
};

struct auth {
	enum auth_result result;
	const char *access_key, *region, *service; /* as the scope says; NULL when there is none */
	const struct value *session;               /* that the keys belong to; NULL: the account's own */
	const char *why;                           /* one sentence */
};

void auth_check(struct arena *arena, const struct world *world, const struct http_server_request *request, struct auth *out);
