/* SPDX-License-Identifier: Apache-2.0 */
/* What users have made in a world, beside what each region has from the beginning. */
#pragma once

struct buf;
struct store;

/* "It is empty", or kinds with how many of them there are; what has ended and is only still told of does not count. */
void census_describe(struct store *store, struct buf *out);
