/* SPDX-License-Identifier: Apache-2.0 */
/* Where a service is reached in a region: partitions, host names, and the region to sign for. */
#pragma once

#include "base/base.h"

struct arena;
struct aws_config;
struct aws_service;
struct diags;

struct aws_partition {
	const char *name;            /* "aws" */
	const char *dns_suffix;      /* "amazonaws.com" */
	const char *dual_stack_suffix;
	const char *global_region;   /* where services without regions are signed */
	const char *prefixes;        /* what its regions begin with: "us- eu- ..." */
	const char *regions;         /* the published ones, separated by blanks */
};

/* A partition by one of its regions, published or not; "aws" where nothing fits. */
const struct aws_partition *aws_partition_of_region(const char *region);
const struct aws_partition *aws_partition_find(const char *name); /* or NULL */
/* Whether the region is published. */
bool aws_region_is_known(const char *region);
/* Letters, digits and hyphens, so that it can stand in a host name. */
bool aws_region_is_valid(const char *region);
/* The published region nearest to a misspelt one, or NULL. */
const char *aws_region_nearest(const char *region);

struct aws_endpoint {
	const char *url; /* "https://ec2.us-east-1.amazonaws.com": no slash at its end, maybe a path */
	const char *signing_region;
	bool configured; /* by the user: not AWS's own, as far as we know */
};

/*
 * The endpoint of a service. A configured URL wins; FIPS and dual-stack as the config says. False
 * with a diagnostic where the partition has none of that kind, or the URL is none. Texts are in the
 * arena.
 */
bool aws_endpoint_find(struct arena *arena, const struct aws_config *config, const struct aws_service *service,
		       const char *region, struct aws_endpoint *endpoint, struct diags *diags);
/* The same by values: no configuration looked at; `service` is our name of it. False where there is none. */
bool aws_endpoint_of(struct arena *arena, const char *service, const char *region, bool fips, bool dual_stack,
		     struct aws_endpoint *endpoint);
/*
 * S3: whether a bucket is named in the host ("https://bucket.s3...") rather than in the path, given
 * its endpoint. Names with dots do not fit certificates; a configured endpoint need not have names
 * before its own.
 */
bool aws_bucket_in_host(const char *bucket, const struct aws_endpoint *endpoint, bool path_style);
/* "https://bucket.s3.us-east-1.amazonaws.com" of an endpoint's URL. */
const char *aws_bucket_url(struct arena *arena, const char *bucket, const struct aws_endpoint *endpoint);
