/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as Go writes them: "90s", "1h30m", "1.5h". */
#pragma once

#include "base/base.h"

#include <stdbool.h>
#include <stdint.h>

/* Units: ns, us, ms, s, m, h. False for what is none, has a sign, or is longer than a hundred years. "0" needs no unit. */
bool duration_parse(const char *text, uint64_t *ms) MUST_USE;
