/* SPDX-License-Identifier: Apache-2.0 */
/* What endpoint_table.py writes for endpoint.c. */
#pragma once

#include "aws/endpoint.h"

/*
 * In `host` and `signing`, {r} is the region, {g} the partition's global region, {d} its suffix, {2}
 * that of its dual-stack hosts. The first row that fits is the one; a service without a row is
 * reached at PREFIX.{r}.{d}.
 */
struct endpoint_rule {
	const char *service;
	const char *partition, *region; /* NULL: any */
	unsigned kind;                  /* 1: dual-stack, 2: FIPS, 3: both */
	const char *host;               /* NULL: there is none */
	const char *signing;            /* NULL: the region */
};

extern const struct aws_partition aws_partitions[];
extern const size_t aws_partition_count;
extern const struct endpoint_rule endpoint_rules[];
extern const size_t endpoint_rule_count;
