/* SPDX-License-Identifier: Apache-2.0 */
/* What value.c and compare.c share. */
#pragma once

#include "lang/value/value.h"

/* Sorts the members of a set in place and drops the doubles; returns how many are left. */
size_t sort_members(const struct value **items, size_t n);
