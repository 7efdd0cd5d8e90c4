/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of time. Timestamps are texts of RFC 3339, durations those of Go ("1h30m"). */
#include "lang/func/internal.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* ---- calendar ---- */

struct timestamp {
	int64_t seconds; /* since 1970 in UTC */
	int32_t nanoseconds;
	int32_t offset;  /* of the zone, in seconds */
};

struct date {
	int64_t year;
	int month, day, weekday; /* 1-12, 1-31, 0 is Sunday */
	int hour, minute, second;
};

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int month, int64_t year)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days from 1970-01-01 in the Gregorian calendar; years count from March so that leap days come last. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date local_date(const struct timestamp *t)
{
	int64_t local = t->seconds + t->offset, days = floor_div(local, 86400), rest = local - days * 86400;
	int64_t shifted = days + 719468, era = floor_div(shifted, 146097), of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	struct date d = {
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.weekday = (int)(((days + 4) % 7 + 7) % 7),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
	};
	d.year = year + era * 400 + (d.month <= 2);
	return d;
}

static void add_year(struct buf *out, int64_t year)
{
	buf_addf(out, "%s%04lld", year < 0 ? "-" : "", (long long)(year < 0 ? -year : year));
}

static void add_offset(struct buf *out, int32_t offset, const char *colon)
{
	int32_t minutes = (offset < 0 ? -offset : offset) / 60;
	buf_addf(out, "%c%02d%s%02d", offset < 0 ? '-' : '+', minutes / 60, colon, minutes % 60);
}

static const struct value *timestamp_text(const struct call *call, const struct timestamp *t)
{
	struct date d = local_date(t);
	AUTO_BUF struct buf out = BUF_INIT;
	add_year(&out, d.year);
	buf_addf(&out, "-%02d-%02dT%02d:%02d:%02d", d.month, d.day, d.hour, d.minute, d.second);
	if (t->offset == 0)
		buf_addc(&out, 'Z');
	else
		add_offset(&out, t->offset, ":");
	return value_string(call_arena(call), buf_text(&out));
}

/* ---- reading timestamps ---- */

/*
 *   timestamp = year "-" month "-" day "T" hour ":" minute ":" second [ ( "." | "," ) digits ] zone
 *   zone      = "Z" | ( "+" | "-" ) hour ":" minute
 *
 * What is too loose for RFC 3339 (one digit of an hour, a comma, a zone of 24 hours) is refused at
 * the end, and only where `strict`: Terraform's timecmp() has always let it pass.
 */
struct reader {
	const struct call *call;
	const char *at, *end;
	struct buf *why;
	bool strict;
};

/* What stands at `rest` is no `part` of a timestamp. */
static bool bad_part(struct reader *r, const char *part, const char *rest)
{
	size_t len = (size_t)(r->end - rest);
	if (len == 0)
		buf_addf(r->why, "end of string before %s", part);
	else if (r->strict && strcmp(part, "hour") == 0 && memchr(rest, ':', len))
		buf_adds(r->why, "hour must be between 0 and 23 inclusive");
	else if (r->strict && (strcmp(part, "hour") == 0 || strcmp(part, "minute") == 0) && len != 2)
		buf_addf(r->why, "%s must have exactly two digits", part);
	else
		buf_addf(r->why, "cannot use %s as %s", quoted(r->call, rest, len), part);
	return false;
}

static bool is_digit_at(const struct reader *r, size_t i)
{
	return (size_t)(r->end - r->at) > i && r->at[i] >= '0' && r->at[i] <= '9';
}

static bool expect(struct reader *r, char c)
{
	if (r->at < r->end && *r->at == c) {
		r->at++;
		return true;
	}
	if (c == 'T')
		buf_adds(r->why, "missing required time introducer 'T'");
	else if (r->at == r->end)
		buf_addf(r->why, "end of string where \"%c\" is expected", c);
	else
		buf_addf(r->why, "found %s where \"%c\" is expected", quoted(r->call, r->at, (size_t)(r->end - r->at)), c);
	return false;
}

/* Two digits, or one where `loose`. Out of range, what is shown is the rest behind them. */
static bool read_part(struct reader *r, const char *part, int min, int max, bool loose, int *out)
{
	const char *start = r->at;
	if (!is_digit_at(r, 0) || (!is_digit_at(r, 1) && !loose))
		return bad_part(r, part, start);
	*out = *r->at++ - '0';
	if (is_digit_at(r, 0))
		*out = *out * 10 + (*r->at++ - '0');
	return (*out >= min && *out <= max) || bad_part(r, part, r->at);
}

static bool read_year(struct reader *r, int64_t *year)
{
	*year = 0;
	for (size_t i = 0; i < 4; i++) {
		if (!is_digit_at(r, i))
			return bad_part(r, "year", r->at);
		*year = *year * 10 + (r->at[i] - '0');
	}
	r->at += 4;
	return true;
}

static bool read_zone(struct reader *r, int32_t *offset)
{
	const char *start = r->at;
	*offset = 0;
	if (r->at < r->end && *r->at == 'Z') {
		r->at++;
		return true;
	}
	struct reader digits = *r;
	size_t len = (size_t)(r->end - r->at);
	if (len < 6 || start[3] != ':')
		return bad_part(r, "UTC offset", start);
	for (size_t i = 1; i < 6; i++)
		if (i != 3 && !is_digit_at(&digits, i))
			return bad_part(r, "UTC offset", start);
	int hours = (start[1] - '0') * 10 + (start[2] - '0'), minutes = (start[4] - '0') * 10 + (start[5] - '0');
	r->at += 6;
	if (hours > 24 || minutes > 60)
		return bad_part(r, "UTC offset", r->at);
	if (start[0] != '+' && start[0] != '-')
		return bad_part(r, "UTC offset", start);
	*offset = (hours * 60 + minutes) * 60 * (start[0] == '-' ? -1 : 1);
	return true;
}

static bool read_fraction(struct reader *r, int32_t *nanoseconds)
{
	*nanoseconds = 0;
	if (r->at == r->end || (*r->at != '.' && *r->at != ',') || !is_digit_at(r, 1))
		return false;
	int32_t unit = 100000000;
	for (r->at++; is_digit_at(r, 0); r->at++, unit /= 10)
		*nanoseconds += unit * (*r->at - '0');
	return true;
}

static bool read_timestamp(struct reader *r, struct timestamp *t)
{
	int64_t year = 0;
	int month = 0, day = 0, hour = 0, minute = 0, second = 0;
	if (!read_year(r, &year) || !expect(r, '-') || !read_part(r, "month", 1, 12, false, &month) || !expect(r, '-') ||
	    !read_part(r, "day of month", 0, 99, false, &day) || !expect(r, 'T'))
		return false;
	const char *hour_at = r->at;
	if (!read_part(r, "hour", 0, 23, true, &hour) || !expect(r, ':') ||
	    !read_part(r, "minute", 0, 59, false, &minute) || !expect(r, ':') ||
	    !read_part(r, "second", 0, 59, false, &second))
		return false;
	const char *separator = r->at, *hour_end = hour_at + 1;
	bool fraction = read_fraction(r, &t->nanoseconds);
	const char *zone = r->at;
	if (!read_zone(r, &t->offset))
		return false;
	if (r->at < r->end)
		return bad_part(r, "timestamp segment", r->at);
	if (day < 1 || day > days_in(month, year)) {
		buf_adds(r->why, "day out of range");
		return false;
	}
	if (r->strict && *hour_end == ':') {
		buf_adds(r->why, "hour must have exactly two digits");
		return false;
	}
	if (r->strict && fraction && *separator == ',') {
		buf_adds(r->why, "cannot use \",\" as timestamp segment");
		return false;
	}
	if (r->strict && *zone != 'Z' && (memcmp(zone + 1, "24", 2) >= 0 || memcmp(zone + 4, "60", 2) >= 0))
		return bad_part(r, "UTC offset", zone);
	t->seconds = days_from_date(year, month, day) * 86400 + hour * 3600L + minute * 60L + second - t->offset;
	return true;
}

/* Argument i; the error points at argument `where`, or at the call. */
static bool timestamp_argument(const struct call *call, size_t i, int where, bool strict, struct timestamp *t)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct text text = arg_text(call, i);
	struct reader r = {.call = call, .at = text.ptr, .end = text.ptr + text.len, .why = &why, .strict = strict};
	if (read_timestamp(&r, t))
		return true;
	call_error(call, where, "not a valid RFC3339 timestamp: %s", buf_text(&why));
	return false;
}

/* ---- formatdate ---- */

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
				     "August", "September", "October", "November", "December"};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

static void add_name(struct buf *out, const char *name, size_t letters)
{
	buf_add(out, name, letters == 3 ? 3 : strlen(name));
}

static bool add_number(struct buf *out, int n, size_t letters)
{
	buf_addf(out, letters == 1 ? "%d" : "%02d", n);
	return letters <= 2;
}

/* One verb, `letters` times the same letter. NULL, or what it must be instead (may be empty). */
static const char *add_date_verb(struct buf *out, char letter, size_t letters, const struct timestamp *t)
{
	struct date d = local_date(t);
	switch (letter) {
	case 'Y':
		if (letters == 2)
			buf_addf(out, "%02d", (int)(d.year % 100));
		else if (letters == 4)
			add_year(out, d.year);
		else
			return "year must either be \"YY\" or \"YYYY\"";
		return NULL;
	case 'M':
		if (letters > 4)
			return "month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"";
		if (letters > 2)
			add_name(out, months[d.month - 1], letters);
		else
			add_number(out, d.month, letters);
		return NULL;
	case 'D':
		return add_number(out, d.day, letters) ? NULL : "day of month must either be \"D\" or \"DD\"";
	case 'E':
		if (letters != 3 && letters != 4)
			return "day of week must either be \"EEE\" or \"EEEE\"";
		add_name(out, weekdays[d.weekday], letters);
		return NULL;
	case 'h':
		return add_number(out, d.hour, letters) ? NULL : "24-hour must either be \"h\" or \"hh\"";
	case 'H':
		return add_number(out, d.hour % 12 ? d.hour % 12 : 12, letters) ? NULL
										: "12-hour must either be \"H\" or \"HH\"";
	case 'A':
		buf_adds(out, d.hour < 12 ? "AM" : "PM");
		return letters == 2 ? NULL : "must be \"AA\"";
	case 'a':
		buf_adds(out, d.hour < 12 ? "am" : "pm");
		return letters == 2 ? NULL : "must be \"aa\"";
	case 'm':
		return add_number(out, d.minute, letters) ? NULL : "minute must either be \"m\" or \"mm\"";
	case 's':
		return add_number(out, d.second, letters) ? NULL : "second must either be \"s\" or \"ss\"";
	case 'Z':
		if (letters == 1 && t->offset == 0)
			buf_addc(out, 'Z');
		else if (letters == 3 && t->offset == 0)
			buf_adds(out, "UTC");
		else if (letters == 1 || letters == 5)
			add_offset(out, t->offset, ":");
		else if (letters == 3 || letters == 4)
			add_offset(out, t->offset, "");
		else
			return "timezone must be Z, ZZZZ, or ZZZZZ";
		return NULL;
	default:
		return "";
	}
}

static bool is_verb(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 'text' with doubled quotes inside, or '' for one quote; returns where it ends, 0 where it does not. */
static size_t add_quoted_literal(struct text format, size_t at, struct buf *out)
{
	if (at + 1 < format.len && format.ptr[at + 1] == '\'') {
		buf_addc(out, '\'');
		return at + 2;
	}
	for (size_t i = at + 1; i < format.len; i++) {
		if (format.ptr[i] == '\'') {
			if (i + 1 >= format.len || format.ptr[i + 1] != '\'')
				return i + 1;
			i++;
		}
		buf_addc(out, format.ptr[i]);
	}
	return 0;
}

static const struct value *run_formatdate(const struct call *call)
{
	struct timestamp t;
	struct text format = arg_text(call, 0);
	if (!timestamp_argument(call, 1, 1, true, &t))
		return NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t at = 0; at < format.len;) {
		char c = format.ptr[at];
		if (c == '\'') {
			at = add_quoted_literal(format, at, &out);
			if (!at)
				return call_error(call, 0, "unterminated literal '");
			continue;
		}
		if (!is_verb(c)) {
			buf_addc(&out, c);
			at++;
			continue;
		}
		size_t end = at;
		while (end < format.len && format.ptr[end] == c)
			end++;
		const char *instead = add_date_verb(&out, c, end - at, &t);
		if (instead)
			return call_error(call, 0, "invalid date format verb %s%s%s", quoted(call, format.ptr + at, end - at),
					  *instead ? ": " : "", instead);
		at = end;
	}
	return result_text(call, &out);
}

/* ---- durations ---- */

static const struct unit {
	const char *name;
	uint64_t nanoseconds;
} units[] = {
	{"ns", 1},	  {"us", 1000},	      {"\u00b5s", 1000},	{"\u03bcs", 1000},
	{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000ull}, {"h", 3600000000000ull},
};
#define DURATION_MAX ((uint64_t)1 << 63)

static const struct unit *find_unit(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
			return &units[i];
	return NULL;
}

/* [-+] { digits [ "." digits ] unit }, or "0". False after an error. */
static bool duration_argument(const struct call *call, size_t i, int64_t *out)
{
	struct text text = arg_text(call, i);
	const char *s = text.ptr, *end = text.ptr + text.len, *all = quoted(call, text.ptr, text.len);
	bool negative = s < end && *s == '-';
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	uint64_t total = 0;
	if (end - s == 1 && *s == '0')
		s = end;
	else if (s == end)
		goto invalid;
	while (s < end) {
		uint64_t whole = 0;
		double fraction = 0, scale = 1;
		bool digits = false;
		for (; s < end && *s >= '0' && *s <= '9'; s++, digits = true) {
			if (whole > DURATION_MAX / 10)
				goto invalid;
			whole = whole * 10 + (uint64_t)(*s - '0');
		}
		if (s < end && *s == '.') {
			for (s++; s < end && *s >= '0' && *s <= '9'; s++, digits = true) {
				if (scale < 1e18) { /* further digits are below a nanosecond */
					fraction = fraction * 10 + (*s - '0');
					scale *= 10;
				}
			}
		}
		if (!digits)
			goto invalid;
		const char *unit_at = s;
		while (s < end && *s != '.' && (*s < '0' || *s > '9'))
			s++;
		if (s == unit_at) {
			call_error(call, -1, "time: missing unit in duration %s", all);
			return false;
		}
		const struct unit *unit = find_unit(unit_at, (size_t)(s - unit_at));
		if (!unit) {
			call_error(call, -1, "time: unknown unit %s in duration %s",
				   quoted(call, unit_at, (size_t)(s - unit_at)), all);
			return false;
		}
		if (whole > DURATION_MAX / unit->nanoseconds)
			goto invalid;
		uint64_t part = whole * unit->nanoseconds + (uint64_t)(fraction * ((double)unit->nanoseconds / scale));
		if (part > DURATION_MAX - total)
			goto invalid;
		total += part;
	}
	if (!negative && total == DURATION_MAX)
		goto invalid;
	*out = negative ? (int64_t)(0 - total) : (int64_t)total;
	return true;
invalid:
	call_error(call, -1, "time: invalid duration %s", all);
	return false;
}

static const struct value *run_timeadd(const struct call *call)
{
	struct timestamp t;
	int64_t nanoseconds;
	if (!timestamp_argument(call, 0, -1, true, &t) || !duration_argument(call, 1, &nanoseconds))
		return NULL;
	int64_t rest = nanoseconds % 1000000000 + t.nanoseconds;
	t.seconds += nanoseconds / 1000000000 + floor_div(rest, 1000000000);
	return timestamp_text(call, &t);
}

static const struct value *run_timecmp(const struct call *call)
{
	struct timestamp a = {0}, b = {0};
	if (!timestamp_argument(call, 0, 0, false, &a) || !timestamp_argument(call, 1, 1, false, &b))
		return NULL;
	int order = (a.seconds > b.seconds) - (a.seconds < b.seconds);
	if (order == 0)
		order = (a.nanoseconds > b.nanoseconds) - (a.nanoseconds < b.nanoseconds);
	return value_int(call_arena(call), order);
}

/* ---- the clock ---- */

static const struct value *run_timestamp(const struct call *call)
{
	return timestamp_text(call, &(struct timestamp){.seconds = time(NULL)});
}

static const struct value *run_plantimestamp(const struct call *call)
{
	if (call->eval->plan_time == 0)
		return result_unknown(call, &type_string);
	return timestamp_text(call, &(struct timestamp){.seconds = call->eval->plan_time});
}

static const struct param formatdate_params[] = {{"format", &type_string, 0}, {"time", &type_string, 0}, {0}};
static const struct param timeadd_params[] = {{"timestamp", &type_string, 0}, {"duration", &type_string, 0}, {0}};
static const struct param timecmp_params[] = {{"timestamp_a", &type_string, 0}, {"timestamp_b", &type_string, 0}, {0}};

const struct function time_functions[] = {
	{.name = "formatdate", .params = formatdate_params, .result_type = returns_string, .run = run_formatdate},
	{.name = "plantimestamp", .result_type = returns_string, .run = run_plantimestamp},
	{.name = "timeadd", .params = timeadd_params, .result_type = returns_string, .run = run_timeadd},
	{.name = "timecmp", .params = timecmp_params, .result_type = returns_number, .run = run_timecmp},
	{.name = "timestamp", .result_type = returns_string, .run = run_timestamp, .impure = true},
	{0},
};
