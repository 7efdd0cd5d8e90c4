/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a host when it boots: user data at the first time, and what is kept by file systems, units and containers each time. */
#pragma once

#include "base/base.h"

struct user_data;

/* Before anybody can enter: this boot is not over. */
void boot_prepare(void);
/* In a child of the host's first process, whose output is the console. `data` may be NULL. */
NORETURN void boot_live(const struct user_data *data);
