/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/time.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct civil {
	int64_t year;
	unsigned month, day; /* from 1 */
};

/* Days since 1970-01-01 of the proleptic Gregorian calendar; a year counted from March ends with the leap day. */
static int64_t days_from_civil(struct civil c)
{
	int64_t year = c.month <= 2 ? c.year - 1 : c.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (int64_t)(c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_from_days(int64_t day)
{
	day += 719468;
	int64_t era = (day >= 0 ? day : day - 146096) / 146097;
	int64_t of_era = day - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct civil c = {.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
			  .month = (unsigned)(month < 10 ? month + 3 : month - 9)};
	c.year = year + era * 400 + (c.month <= 2);
	return c;
}

static bool digits(const char **at, const char *end, unsigned count, unsigned *out)
{
	*out = 0;
	for (; count; count--, (*at)++) {
		if (*at == end || !isdigit((unsigned char)**at))
			return false;
		*out = *out * 10 + (unsigned)(**at - '0');
	}
	return true;
}

static bool literal(const char **at, const char *end, char c)
{
	if (*at == end || **at != c)
		return false;
	(*at)++;
	return true;
}

/* Digits behind a point, as milliseconds; what is finer is dropped. */
static bool fraction(const char **at, const char *end, unsigned *ms)
{
	*ms = 0;
	if (!literal(at, end, '.'))
		return true;
	unsigned weight = 100, n = 0;
	for (; *at < end && isdigit((unsigned char)**at); (*at)++, n++) {
		*ms += weight * (unsigned)(**at - '0');
		weight /= 10;
	}
	return n > 0;
}

static bool clock_time(const char **at, const char *end, unsigned *second_of_day)
{
	unsigned hour, minute, second;
	if (!digits(at, end, 2, &hour) || !literal(at, end, ':') || !digits(at, end, 2, &minute) ||
	    !literal(at, end, ':') || !digits(at, end, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	*second_of_day = hour * 3600 + minute * 60 + second;
	return true;
}

static bool combine(struct civil c, int64_t second_of_day, unsigned ms, int64_t *out)
{
	static const unsigned lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > lengths[c.month - 1])
		return false;
	*out = (days_from_civil(c) * 86400 + second_of_day) * 1000 + ms;
	return true;
}

static bool parse_rfc3339(const char *at, const char *end, int64_t *out)
{
	unsigned year, month, day, second = 0, ms = 0, hours = 0, minutes = 0;
	int64_t offset = 0;
	if (!digits(&at, end, 4, &year) || !literal(&at, end, '-') || !digits(&at, end, 2, &month) ||
	    !literal(&at, end, '-') || !digits(&at, end, 2, &day))
		return false;
	if (at < end) {
		if (!literal(&at, end, 'T') && !literal(&at, end, 't') && !literal(&at, end, ' '))
			return false;
		if (!clock_time(&at, end, &second) || !fraction(&at, end, &ms))
			return false;
		if (at < end && (*at == '+' || *at == '-')) {
			int64_t sign = *at++ == '+' ? 1 : -1;
			if (!digits(&at, end, 2, &hours))
				return false;
			literal(&at, end, ':');
			if (!digits(&at, end, 2, &minutes))
				return false;
			offset = sign * (int64_t)(hours * 3600 + minutes * 60);
		} else if (at < end && !literal(&at, end, 'Z') && !literal(&at, end, 'z')) {
			return false;
		}
	}
	return at == end && combine((struct civil){year, month, day}, second - offset, ms, out);
}

static bool parse_rfc822(const char *at, const char *end, int64_t *out)
{
	unsigned year, month = 0, day, second;
	const char *comma = memchr(at, ',', (size_t)(end - at));
	if (!comma)
		return false;
	for (at = comma + 1; at < end && *at == ' '; at++)
		;
	if (end - at < 20 || !digits(&at, end, 2, &day) || (!literal(&at, end, ' ') && !literal(&at, end, '-')))
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(months); i++) {
		if (!strncmp(at, months[i], 3))
			month = i + 1;
	}
	at += 3;
	if ((!literal(&at, end, ' ') && !literal(&at, end, '-')) || !digits(&at, end, 4, &year) ||
	    !literal(&at, end, ' ') || !clock_time(&at, end, &second) || !literal(&at, end, ' '))
		return false;
	if (strncmp(at, "GMT", (size_t)(end - at)) && strncmp(at, "UTC", (size_t)(end - at)))
		return false;
	return combine((struct civil){year, month, day}, second, 0, out);
}

static bool parse_epoch(const char *at, const char *end, int64_t *out)
{
	bool negative = literal(&at, end, '-');
	int64_t seconds = 0;
	unsigned ms, n = 0;
	for (; at < end && isdigit((unsigned char)*at) && n < 13; at++, n++)
		seconds = seconds * 10 + (*at - '0');
	if (!n || !fraction(&at, end, &ms))
		return false;
	if (at != end)
		return false;
	*out = seconds * 1000 + ms;
	if (negative)
		*out = -*out;
	return true;
}

bool aws_time_parse(const char *text, size_t len, int64_t *ms)
{
	const char *end = text + len;
	while (text < end && isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	return parse_rfc3339(text, end, ms) || parse_rfc822(text, end, ms) || parse_epoch(text, end, ms);
}

struct parts {
	struct civil date;
	int64_t day;
	unsigned second, ms;
};

static struct parts split(int64_t ms)
{
	int64_t second = ms / 1000, rest = ms % 1000;
	if (rest < 0) {
		rest += 1000;
		second--;
	}
	int64_t day = second / 86400, of_day = second % 86400;
	if (of_day < 0) {
		of_day += 86400;
		day--;
	}
	return (struct parts){civil_from_days(day), day, (unsigned)of_day, (unsigned)rest};
}

void aws_time_print(int64_t ms, char out[static 32])
{
	struct parts p = split(ms);
	snprintf(out, 32, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02uZ", p.date.year, p.date.month, p.date.day,
		 p.second / 3600, p.second / 60 % 60, p.second % 60);
}

void aws_time_print_exact(int64_t ms, char out[static 40])
{
	aws_time_print(ms, out);
	unsigned rest = split(ms).ms;
	if (rest)
		snprintf(out + strlen(out) - 1, 8, ".%03uZ", rest % 1000);
}

void aws_time_print_rfc822(int64_t ms, char out[static 40])
{
	struct parts p = split(ms);
	snprintf(out, 40, "%s, %02u %s %04" PRId64 " %02u:%02u:%02u GMT", days[((p.day + 4) % 7 + 7) % 7], p.date.day,
		 months[p.date.month - 1], p.date.year, p.second / 3600, p.second / 60 % 60, p.second % 60);
}

void aws_time_print_epoch(int64_t ms, char out[static 32])
{
	unsigned rest = split(ms).ms;
	if (rest == 0) {
		snprintf(out, 32, "%" PRId64, ms / 1000);
		return;
	}
	int n = snprintf(out, 32, "%s%" PRId64 ".%03u", ms < 0 ? "-" : "", (ms < 0 ? -ms : ms) / 1000,
			 (unsigned)((ms < 0 ? -ms : ms) % 1000));
	while (out[n - 1] == '0')
		out[--n] = '\0';
}
