/* SPDX-License-Identifier: Apache-2.0 */
/* What value.c, compare.c and print.c share. */
#pragma once

#include "lang/value/value.h"

struct buf;

/* Sorts the members of a set in place and drops the doubles; returns how many are left. */
size_t sort_members(const struct value **items, size_t n);
