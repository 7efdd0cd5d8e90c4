/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_MS (100.0 * 365 * 24 * 3600e3)

static const struct unit {
	const char *name;
	double ms;
} units[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"\xce\xbcs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};

/* { digits [ "." digits ] unit }, or "0" */
bool duration_parse(const char *text, uint64_t *ms)
{
	double total = 0;
	*ms = 0;
	if (!strcmp(text, "0"))
		return true;
	if (!*text)
		return false;
	while (*text) {
		size_t whole = strspn(text, "0123456789");
		size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
		size_t number = whole + (text[whole] == '.' ? 1 + fraction : 0);
		const char *name = text + number;
		size_t len = strcspn(name, ".0123456789");
		const struct unit *unit = NULL;
		for (size_t i = 0; i < ARRAY_LEN(units) && !unit; i++) {
			if (strlen(units[i].name) == len && !memcmp(units[i].name, name, len))
				unit = &units[i];
		}
		if ((!whole && !fraction) || !unit)
			return false;
		total += strtod(text, NULL) * unit->ms;
		if (!(total <= LONGEST_MS))
			return false;
		text = name + len;
	}
	*ms = (uint64_t)total;
	return true;
}
