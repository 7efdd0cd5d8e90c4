/* SPDX-License-Identifier: Apache-2.0 */
/* What crontabs of a host order: /etc/crontab, /etc/cron.d, /etc/cron.hourly and its kin, and those of crontab(1). */
#pragma once

#include "base/base.h"

#include <time.h>

struct cron_time { /* a set of minutes: the bits of the numbers that fit */
	uint64_t minutes, hours, days, months, weekdays;
	bool any_day, any_weekday; /* written as "*": then the other one decides alone */
	bool reboot; /* none of them: when the host boots */
};

/* The five fields, or a name as @hourly, at the begin of a line. Where the rest of it begins; NULL: it is none. */
const char *cron_time_parse(const char *line, struct cron_time *out);
bool cron_time_fits(const struct cron_time *time, const struct tm *now);

/* Inside a host: whether there is anything to look at. */
bool cron_has_tables(void);
/* `cron SECONDS`: starts what is due in that minute; `cron reboot`: what is due at a boot. */
int shim_cron(int argc, char **argv);
