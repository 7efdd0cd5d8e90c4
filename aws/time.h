/* SPDX-License-Identifier: Apache-2.0 */
/* Times as they stand on the wire and in values. Milliseconds since 1970, UTC. */
#pragma once

#include "base/base.h"

/*
 * Reads RFC 3339 (also with a blank for T, without seconds' fraction, without zone: UTC), a date
 * alone, RFC 822 ("Sun, 06 Nov 1994 08:49:37 GMT") and seconds since 1970 ("1500000000.25").
 */
bool aws_time_parse(const char *text, size_t len, int64_t *ms) MUST_USE;

/* "2024-02-29T12:00:00Z": fractions of a second are dropped, as Terraform's provider does. */
void aws_time_print(int64_t ms, char out[static 32]);
/* "2024-02-29T12:00:00.250Z", the fraction only where there is one. */
void aws_time_print_exact(int64_t ms, char out[static 40]);
/* "Thu, 29 Feb 2024 12:00:00 GMT" */
void aws_time_print_rfc822(int64_t ms, char out[static 40]);
/* "1709208000", "1709208000.25" */
void aws_time_print_epoch(int64_t ms, char out[static 32]);
