/* SPDX-License-Identifier: Apache-2.0 */
/* The provider "time", as Terraform's 0.x: waiting, and a moment that is kept. */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/loop.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MADE(name, type) {name, type, ATTR_COMPUTED, NULL, NULL}
#define TRIGGERS {"triggers", &type_map_of_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL}

static const struct value *now_text(struct arena *arena)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return value_string(arena, text);
}

/* ---- time_sleep ---- */

static const struct schema *sleep_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"create_duration", &type_string, ATTR_OPTIONAL, NULL, NULL},
		{"destroy_duration", &type_string, ATTR_OPTIONAL, NULL, NULL},
		MADE("id", &type_string),
		TRIGGERS,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

/* A number and one unit: "90s", "1.5h". */
static bool parse_duration(const char *text, uint64_t *ms)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
	size_t whole = strspn(text, "0123456789"), fraction = 0;
	if (text[whole] == '.')
		fraction = 1 + strspn(text + whole + 1, "0123456789");
	if (!whole || whole > 9 || fraction == 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!strcmp(text + whole + fraction, units[i].name)) {
			*ms = (uint64_t)(strtod(text, NULL) * units[i].ms);
			return true;
		}
	}
	return false;
}

static void sleep_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const names[] = {"create_duration", "destroy_duration"};
	size_t written = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = value_get_text(config, names[i]);
		uint64_t ms;
		written += !value_is_null(value_get(config, names[i]));
		if (text && !parse_duration(text, &ms))
			diag_error(diags, simple_range(body, names[i]), "Invalid attribute value",
				   "\"%s\" is no duration: a number and ms, s, m or h behind it are expected, as in \"30s\".",
				   simple_shown(config, names[i]));
	}
	if (!written)
		diag_error(diags, simple_range(body, names[0]), "Invalid attribute combination",
			   "At least one of the arguments \"create_duration\" and \"destroy_duration\" must be written.");
}

static const struct value *sleep_create(const struct simple_call *call)
{
	static const char *const names[] = {"id"};
	const struct value *values[] = {now_text(call->arena)};
	return simple_with(call->arena, call->request->planned, names, values, 1);
}

/* create "," destroy { "," key "=" value }; one of the durations may be empty */
static const struct value *sleep_import(const struct simple_import *import)
{
	static const char *const names[] = {"create_duration", "destroy_duration", "triggers", "id"};
	const struct value *durations[2];
	VEC(const char *) keys = {0};
	VEC(const struct value *) items = {0};
	bool ok = true;
	size_t count = 0;
	for (const char *at = import->id; at; count++) {
		size_t len = strcspn(at, ",");
		const char *part = arena_strndup(import->arena, at, len), *equals = strchr(part, '=');
		uint64_t ms;
		if (count < 2) {
			durations[count] = *part ? value_string(import->arena, part) : &value_null_string;
			ok &= !*part || parse_duration(part, &ms);
		} else {
			ok &= equals != NULL;
			vec_add(&keys, equals ? arena_strndup(import->arena, part, (size_t)(equals - part)) : part);
			vec_add(&items, value_string(import->arena, equals ? equals + 1 : ""));
		}
		at = at[len] ? at + len + 1 : NULL;
	}
	ok &= count >= 2 && (!value_is_null(durations[0]) || !value_is_null(durations[1]));
	const struct value *object = NULL;
	if (ok) {
		const struct value *triggers = keys.count ? value_map(import->arena, &type_string, keys.items, items.items, keys.count)
							  : value_null(import->arena, &type_map_of_string);
		const struct value *values[] = {durations[0], durations[1], triggers, now_text(import->arena)};
		object = simple_make(import->arena, import->schema, names, values, ARRAY_LEN(names));
	} else {
		diag_error(import->diags, import->range, "Invalid import id",
			   "\"%s\" cannot be imported: CREATE_DURATION,DESTROY_DURATION,KEY=VALUE,... is expected, as in \"30s,\".", import->id);
	}
	vec_free(&keys);
	vec_free(&items);
	return object;
}

struct op { /* an operation that waits before it does what it does */
	struct provider *provider;
	const struct op_request *request;
	const struct op_events *events;
	void *ctx;
	struct diags *diags;
};

static void awake(void *ctx)
{
	struct op op = *(struct op *)ctx;
	free(ctx);
	simple_start(op.provider, op.request, op.events, op.ctx, op.diags);
}

static struct op *time_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
			     struct diags *diags)
{
	const char *text = NULL;
	uint64_t ms = 0;
	bool sleeps = !strcmp(request->type->name, "time_sleep");
	if (sleeps && request->kind == OP_CREATE)
		text = value_get_text(request->planned, "create_duration");
	else if (sleeps && request->kind == OP_DELETE)
		text = value_get_text(request->prior, "destroy_duration");
	if (!text || !parse_duration(text, &ms) || !ms)
		return simple_start(provider, request, events, ctx, diags);
	struct op *op = xcalloc(1, sizeof(*op));
	*op = (struct op){provider, request, events, ctx, diags};
	loop_timer(simple_context(provider)->loop, ms, awake, op);
	return op;
}

/* ---- time_static ---- */

static const struct schema *static_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("day", &type_number),
		MADE("hour", &type_number),
		MADE("id", &type_string),
		MADE("minute", &type_number),
		MADE("month", &type_number),
		{"rfc3339", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, NULL, NULL},
		MADE("second", &type_number),
		TRIGGERS,
		MADE("unix", &type_number),
		MADE("year", &type_number),
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

/* "2020-02-12T06:36:13Z", or with "+01:00" at its end; the parts are those of the text's own zone. */
static bool parse_time(const char *text, struct tm *tm, int64_t *unix_seconds)
{
	int end = 0;
	char sign = 0;
	int hours = 0, minutes = 0;
	*tm = (struct tm){0};
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	if (sscanf(text, "%d-%d-%dT%d:%d:%d", &tm->tm_year, &tm->tm_mon, &tm->tm_mday, &tm->tm_hour, &tm->tm_min, &tm->tm_sec) != 6)
		return false;
	text += strlen(form);
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");
		if (!digits)
			return false;
		text += 1 + digits;
	}
	bool zone = !strcmp(text, "Z");
	if (!zone)
		zone = strspn(text, "+-0123456789:") == 6 && sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) == 3 && end == 6 &&
		       !text[6] && (sign == '+' || sign == '-') && hours < 24 && minutes < 60;
	int month = tm->tm_mon, day = tm->tm_mday;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	struct tm copy = *tm;
	int64_t seconds = timegm(&copy);
	if (!zone || copy.tm_mon + 1 != month || copy.tm_mday != day || tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return false;
	*unix_seconds = seconds - (sign == '-' ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
	return true;
}

static const struct value *with_time(struct arena *arena, const struct value *object, const struct value *text)
{
	struct tm tm;
	int64_t seconds;
	if (!parse_time(text->text, &tm, &seconds))
		bug("time \"%s\"", text->text);
	static const char *const names[] = {"rfc3339", "id", "year", "month", "day", "hour", "minute", "second", "unix"};
	const struct value *values[] = {
		text,
		text,
		value_int(arena, tm.tm_year + 1900),
		value_int(arena, tm.tm_mon + 1),
		value_int(arena, tm.tm_mday),
		value_int(arena, tm.tm_hour),
		value_int(arena, tm.tm_min),
		value_int(arena, tm.tm_sec),
		value_int(arena, seconds),
	};
	return simple_with(arena, object, names, values, ARRAY_LEN(names));
}

static void static_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	const char *text = value_get_text(config, "rfc3339");
	struct tm tm;
	int64_t seconds;
	if (text && !parse_time(text, &tm, &seconds))
		diag_error(diags, simple_range(body, "rfc3339"), "Invalid attribute value",
			   "\"%s\" is no time in the form of RFC 3339, as in \"2020-02-12T06:36:13Z\".", simple_shown(config, "rfc3339"));
}

static void static_adjust(struct arena *arena, const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags)
{
	(void)diags;
	const struct value *text = value_get(request->config, "rfc3339");
	if (!request->prior && value_is_a(text, TYPE_STRING))
		answer->planned = with_time(arena, request->proposed, text);
}

static const struct value *static_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned, *text = value_get(planned, "rfc3339");
	return with_time(call->arena, planned, value_is_a(text, TYPE_STRING) ? text : now_text(call->arena));
}

static const struct value *static_import(const struct simple_import *import)
{
	struct tm tm;
	int64_t seconds;
	if (parse_time(import->id, &tm, &seconds))
		return with_time(import->arena, import->schema->empty, value_string(import->arena, import->id));
	diag_error(import->diags, import->range, "Invalid import id",
		   "\"%s\" cannot be imported: a time in the form of RFC 3339 is expected, as in \"2020-02-12T06:36:13Z\".", import->id);
	return NULL;
}

static const struct simple_type types[] = {
	{.name = "time_sleep", .schema = sleep_schema, .create = sleep_create, .import = sleep_import, .validate = sleep_validate},
	{.name = "time_static", .schema = static_schema, .create = static_create, .import = static_import, .validate = static_validate,
	 .adjust = static_adjust},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND_STARTING(time, "time", "registry.terraform.io/hashicorp/time", types, time_start);
