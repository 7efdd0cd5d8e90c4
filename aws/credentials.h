/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a user's AWS credentials come from, in this order, the first that has any: the provider's
 * arguments; the environment; the profile (keys, role, web identity, SSO, process); the container's
 * service; the instance's metadata. Then the provider's roles are taken, one after the other.
 * Found ones are kept until shortly before they expire.
 */
#pragma once

#include "base/base.h"

struct aws_config;
struct diags;
struct http;
struct loop;

/* Shared, never changed; wiped with its last reference. */
struct aws_credentials {
	const char *access_key, *secret_key;
	const char *session_token; /* or NULL */
	const char *account_id;    /* where the source says it, or NULL */
	const char *source;        /* "environment", "profile \"dev\"": for messages */
	int64_t expires;           /* seconds since 1970; 0: never */
	unsigned refs;
};
struct aws_credentials *aws_credentials_new(const char *access_key, const char *secret_key, const char *session_token,
					    const char *account_id, const char *source, int64_t expires);
const struct aws_credentials *aws_credentials_ref(const struct aws_credentials *credentials);
void aws_credentials_unref(const struct aws_credentials *credentials); /* NULL accepted */

struct aws_identity;

/* Config, loop and HTTP client must outlive it. Nothing is asked before the first aws_identity_get(). */
struct aws_identity *aws_identity_new(struct loop *loop, struct http *http, const struct aws_config *config);
void aws_identity_free(struct aws_identity *identity); /* drops those who wait; NULL accepted */
/* For tests: the time of day, in seconds since 1970. */
void aws_identity_set_clock(struct aws_identity *identity, int64_t (*now)(void *ctx), void *ctx);

/* Credentials good for at least a few minutes, borrowed, or NULL when they must be fetched first. */
const struct aws_credentials *aws_identity_current(struct aws_identity *identity);
/*
 * Calls back, from the loop, with credentials (referenced for the callee to unref), or with NULL
 * and diagnostics that list what was tried in order. Those who ask while it is fetched share the answer.
 */
typedef void (*aws_identity_fn)(void *ctx, const struct aws_credentials *credentials, struct diags *diags);
void aws_identity_get(struct aws_identity *identity, aws_identity_fn fn, void *ctx);
/* Takes back every aws_identity_get() of fn with ctx. */
void aws_identity_cancel(struct aws_identity *identity, aws_identity_fn fn, void *ctx);
/* The server said that these have expired or are not known (yet): the next one fetches new ones. */
void aws_identity_reject(struct aws_identity *identity, const struct aws_credentials *credentials);

/*
 * The region this instance runs in, asked from its metadata: "" where there is none. `region` lives
 * until the function returns.
 */
typedef void (*aws_region_fn)(void *ctx, const char *region);
void aws_identity_find_region(struct aws_identity *identity, aws_region_fn fn, void *ctx);
