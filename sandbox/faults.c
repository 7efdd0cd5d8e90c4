/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/faults.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/vec.h"
#include "lang/value/jsonw.h"
#include "sandbox/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 255, ORDERS_MAX = 100 }; /* so that a list of them goes through a socket in one piece */

enum { /* kinds that take an option, see fault_options */
	OF_SLOW = 1u << 0,
	OF_TIMED = 1u << 1, /* it lasts, or waits */
	OF_NOTICED = 1u << 2,
	OF_ERROR = 1u << 3,
};

struct order {
	struct arena *arena;
	const struct value *said; /* the options, as they were ordered */
	unsigned number;
	struct fault fault;
	const char *service, *operation; /* patterns, or NULL */
	int64_t ends_ms;                 /* 0: never by itself */
	uint64_t count;                  /* 0: no end */
	uint64_t skip;
	double rate;
	uint64_t seed, dice;
	struct tally *tallies; /* of the likenesses that came; or NULL */
	uint64_t seen, happened;
	double spread; /* of waits: sigma of a lognormal distribution around `ms` */
	bool like_aws; /* waits by the kind of operation */
	struct fault chosen; /* the last one, as long as it takes this time */
};

struct faults {
	VEC(struct order *) orders;
	unsigned last; /* number */
	bool newest_alone;
};

static const struct kind_row {
	const char *name;
	enum fault_kind kind;
	unsigned status, takes;
} kinds[] = {
	{"throttle", FAULT_THROTTLE, 0, 0},
	{"500", FAULT_ERROR, 500, 0},
	{"503", FAULT_ERROR, 503, 0},
	{"500-after", FAULT_ERROR_AFTER, 500, 0},
	{"503-after", FAULT_ERROR_AFTER, 503, 0},
	{"error", FAULT_ERROR, 0, OF_ERROR},
	{"reset-before", FAULT_RESET_BEFORE, 0, 0},
	{"reset-after", FAULT_RESET_AFTER, 0, 0},
	{"slow", FAULT_SLOW, 0, OF_SLOW | OF_TIMED},
	{"delayed", FAULT_DELAYED, 0, OF_TIMED},
	{"expired-credentials", FAULT_EXPIRED, 0, 0},
	{"no-capacity", FAULT_WORLD, 0, 0},
	{"status-checks", FAULT_WORLD, 0, OF_TIMED},
	{"spot-interruption", FAULT_WORLD, 0, OF_NOTICED},
	{"mount-target-stuck", FAULT_WORLD, 0, OF_TIMED},
};

const struct fault_option fault_options[] = {
	{.name = "service"},
	{.name = "operation"},
	{.name = "resource"},
	{.name = "type"},
	{.name = "zone"},
	{.name = "count", .min = 1, .max = 999999999999999, .whole = true},
	{.name = "skip", .min = 0, .max = 999999999999999, .whole = true},
	{.name = "nth", .min = 1, .max = 999999999999999, .whole = true},
	{.name = "rate", .min = 0, .max = 1},
	{.name = "seed", .min = 0, .max = 999999999999999, .whole = true},
	{.name = "for", .min = 0.001, .max = 1e9},
	{.name = "ms", .min = 0, .max = 3600e3, .of = OF_TIMED},
	{.name = "seconds", .min = 0, .max = 3600, .of = OF_TIMED},
	{.name = "spread", .min = 0, .max = 3, .of = OF_SLOW},
	{.name = "preset", .of = OF_SLOW},
	{.name = "after", .min = 0, .max = 1e6, .of = OF_NOTICED},
	{.name = "notice", .min = 0.001, .max = 1e6, .of = OF_NOTICED},
	{.name = "code", .of = OF_ERROR},
	{.name = "message", .of = OF_ERROR},
	{.name = "status", .min = 400, .max = 599, .whole = true, .of = OF_ERROR},
	{.name = NULL},
};

struct faults *faults_new(void)
{
	return xcalloc(1, sizeof(struct faults));
}

static void order_free(struct order *o)
{
	free(o->tallies);
	arena_free(o->arena);
}

bool faults_remove(struct faults *faults, unsigned number)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		if (faults->orders.items[i]->number != number)
			continue;
		order_free(faults->orders.items[i]);
		faults->orders.count--;
		memmove(&faults->orders.items[i], &faults->orders.items[i + 1], (faults->orders.count - i) * sizeof(*faults->orders.items));
		return true;
	}
	return false;
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->orders.count; i++)
		order_free(faults->orders.items[i]);
	faults->orders.count = 0;
	faults->last = 0;
}

void faults_free(struct faults *faults)
{
	if (!faults)
		return;
	faults_clear(faults);
	vec_free(&faults->orders);
	free(faults);
}

size_t faults_count(const struct faults *faults)
{
	return faults->orders.count;
}

/* ---- orders ---- */

static const struct kind_row *read_kind(const char *name, struct buf *why)
{
	const char *names[ARRAY_LEN(kinds)];
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		names[i] = kinds[i].name;
		if (name && !strcmp(name, kinds[i].name))
			return &kinds[i];
	}
	const char *near = name ? nearest_name(name, names, ARRAY_LEN(names)) : NULL;
	buf_addf(why, "there is no fault \"%s\"", name ? name : "");
	if (near)
		buf_addf(why, "; did you mean \"%s\"?", near);
	return NULL;
}

static double number_of(const struct value *order, const char *name, double otherwise)
{
	const struct value *v = value_get(order, name);
	return v ? number_to_double(v->number) : otherwise;
}

static bool check_option(const struct kind_row *kind, const struct fault_option *option, const struct value *v, struct buf *why)
{
	if (option->of && !(option->of & kind->takes)) {
		buf_addf(why, "%s takes no -%s", kind->name, option->name);
		return false;
	}
	if (option->min == option->max) {
		if (value_is_a(v, TYPE_STRING) && v->count && v->count <= TEXT_MAX)
			return true;
		buf_addf(why, "-%s is a text of at most %d bytes, and not empty", option->name, TEXT_MAX);
		return false;
	}
	double n = value_is_a(v, TYPE_NUMBER) ? number_to_double(v->number) : -1;
	if (n >= option->min && n <= option->max && (!option->whole || floor(n) == n))
		return true;
	buf_addf(why, "-%s is a %snumber from %.15g to %.15g", option->name, option->whole ? "whole " : "", option->min, option->max);
	return false;
}

/* The options of an order; NULL with the reason. */
static const struct value *check_options(struct arena *arena, const struct kind_row *kind, const struct value *order, struct buf *why)
{
	static const char *const apart[][2] = {{"nth", "count"}, {"nth", "skip"}, {"ms", "seconds"}, {"preset", "ms"}, {"preset", "seconds"}, {"preset", "spread"}};
	const char *names[32];
	const struct value *items[32];
	size_t n = 0;
	for (const struct fault_option *option = fault_options; option->name; option++) {
		const struct value *v = value_get(order, option->name);
		if (!v)
			continue;
		if (!check_option(kind, option, v, why))
			return NULL;
		names[n] = option->name;
		items[n++] = v;
	}
	for (size_t i = 0; i < ARRAY_LEN(apart); i++) {
		if (value_get(order, apart[i][0]) && value_get(order, apart[i][1])) {
			buf_addf(why, "-%s cannot stand beside -%s", apart[i][0], apart[i][1]);
			return NULL;
		}
	}
	const char *preset = value_get_text(order, "preset");
	if (preset && strcmp(preset, "aws") != 0) {
		buf_addf(why, "there is no preset \"%s\"; there is \"aws\"", preset);
		return NULL;
	}
	if (kind->takes & OF_ERROR && !value_get(order, "code")) {
		buf_adds(why, "an error needs a -code, such as InsufficientInstanceCapacity");
		return NULL;
	}
	return value_copy(arena, value_object(arena, names, items, n));
}

static void read_order(struct order *o, const struct kind_row *kind, int64_t now_ms)
{
	const struct value *said = o->said;
	double nth = number_of(said, "nth", 0), lasts = number_of(said, "for", 0);
	const char *message = value_get_text(said, "message");
	o->service = value_get_text(said, "service");
	o->operation = value_get_text(said, "operation");
	o->count = nth > 0 ? 1 : (uint64_t)number_of(said, "count", 0);
	o->skip = nth > 0 ? (uint64_t)nth - 1 : (uint64_t)number_of(said, "skip", 0);
	o->rate = number_of(said, "rate", 1);
	o->seed = (uint64_t)number_of(said, "seed", 1);
	o->spread = number_of(said, "spread", 0);
	o->like_aws = value_get(said, "preset") != NULL;
	o->ends_ms = lasts > 0 ? now_ms + (int64_t)(lasts * 1000) : 0;
	o->fault = (struct fault){
		.kind = kind->kind,
		.name = kind->name,
		.status = kind->takes & OF_ERROR ? (unsigned)number_of(said, "status", 400) : kind->status,
		.ms = (unsigned)number_of(said, "ms", number_of(said, "seconds", number_of(said, "after", 1)) * 1000),
		.timed = value_get(said, "ms") || value_get(said, "seconds") || value_get(said, "after"),
		.notice_ms = (unsigned)(number_of(said, "notice", 0) * 1000),
		.resource = value_get_text(said, "resource"),
		.type = value_get_text(said, "type"),
		.zone = value_get_text(said, "zone"),
		.code = value_get_text(said, "code"),
		.message = message ? message : "An ordered fault.",
	};
}

unsigned faults_add(struct faults *faults, const struct value *order, int64_t now_ms, struct buf *why)
{
	const struct kind_row *kind = read_kind(value_get_text(order, "kind"), why);
	if (!kind)
		return 0;
	if (faults->orders.count >= ORDERS_MAX) {
		buf_addf(why, "%d faults are ordered already; `infra sandbox fault remove N` and `fault clear` end them", ORDERS_MAX);
		return 0;
	}
	struct arena *arena = arena_new();
	const struct value *said = check_options(arena, kind, order, why);
	if (!said) {
		arena_free(arena);
		return 0;
	}
	struct order *o = arena_new_of(arena, struct order);
	*o = (struct order){.arena = arena, .said = said, .number = ++faults->last};
	read_order(o, kind, now_ms);
	vec_add(&faults->orders, o);
	return o->number;
}

static bool is_over(const struct order *o, int64_t now_ms)
{
	return (o->count && o->happened >= o->count) || (o->ends_ms && now_ms >= o->ends_ms);
}

static void describe(const struct order *o, int64_t now_ms, struct buf *out)
{
	buf_addf(out, "%3u  %s", o->number, o->fault.name);
	for (uint32_t i = 0; i < o->said->count; i++) {
		const struct value *v = o->said->items[i];
		buf_addf(out, " -%s=", value_key_at(o->said, i));
		if (value_is_a(v, TYPE_NUMBER))
			buf_addf(out, "%.15g", number_to_double(v->number));
		else if (strspn(v->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/=") == v->count)
			buf_adds(out, v->text);
		else
			buf_add_shell_quoted(out, v->text);
	}
	buf_addf(out, ": happened %llu times%s\n", (unsigned long long)o->happened, is_over(o, now_ms) ? ", over" : "");
}

void faults_describe(const struct faults *faults, int64_t now_ms, bool json, struct buf *out)
{
	struct jsonw w = {.out = out};
	if (json)
		jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < faults->orders.count; i++) {
		const struct order *o = faults->orders.items[i];
		if (!json) {
			describe(o, now_ms, out);
			continue;
		}
		jsonw_open(&w, NULL, '{');
		jsonw_int(&w, "number", o->number);
		jsonw_text(&w, "kind", o->fault.name);
		for (uint32_t k = 0; k < o->said->count; k++)
			jsonw_value(&w, value_key_at(o->said, k), o->said->items[k]);
		jsonw_int(&w, "happened", (int64_t)o->happened);
		jsonw_bool(&w, "over", is_over(o, now_ms));
		jsonw_close(&w, '}');
	}
	if (json) {
		jsonw_close(&w, ']');
		buf_addc(out, '\n');
	}
}

/* ---- dice ---- */

static uint64_t mix(uint64_t a, uint64_t b) /* splitmix64 */
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x632be59bd9b4e019u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t text_likeness(const char *text, size_t len)
{
	static const char random[] = "0123456789abcdefABCDEF-:";
	enum { LONG = 256, RUN = 8 }; /* user data may have anything in it, encoded */
	uint64_t hash = 0;
	for (size_t at = 0; len <= LONG && at < len;) {
		size_t run = strspn(text + at, random);
		if (run >= RUN) { /* an id's digits, an account, a token, a date */
			hash = mix(hash, 1);
			at += run;
			continue;
		}
		for (size_t end = at + (run ? run : 1); at < end; at++)
			hash = mix(hash, (unsigned char)text[at]);
	}
	return hash;
}

uint64_t value_likeness(const struct value *v)
{
	if (!v || v->state != VALUE_KNOWN)
		return 0;
	if (value_is_a(v, TYPE_STRING))
		return text_likeness(v->text, v->count);
	if (value_is_a(v, TYPE_BOOL))
		return v->boolean ? 2 : 3;
	if (value_is_a(v, TYPE_NUMBER)) {
		int64_t n = 0;
		return number_to_int(v->number, &n) ? mix(4, (uint64_t)n) : 5;
	}
	bool keyed = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	uint64_t hash = v->count;
	for (uint32_t i = 0; i < v->count; i++) {
		if (keyed)
			hash = mix(hash, text_likeness(value_key_at(v, i), strlen(value_key_at(v, i))));
		hash = mix(hash, value_likeness(v->items[i]));
	}
	return hash;
}

struct tally {
	uint32_t mark, count;
};

/* How often such a one has come before. The table is never grown: in a full one some are counted together. */
static uint32_t times_before(struct order *o, uint64_t likeness)
{
	enum { SLOTS = 1 << 14, TRIES = 16 };
	if (!o->tallies)
		o->tallies = xcalloc(SLOTS, sizeof(*o->tallies));
	uint32_t mark = (uint32_t)(likeness >> 32) | 1;
	struct tally *tally = NULL;
	for (size_t i = 0; i < TRIES; i++) {
		tally = &o->tallies[(likeness + i) % SLOTS];
		if (tally->mark == mark || !tally->mark)
			break;
	}
	if (!tally->mark)
		tally->mark = mark;
	return tally->count++;
}

static void shake_dice(struct order *o, const struct fault_target *target)
{
	uint64_t likeness = mix(text_likeness(target->service, strlen(target->service)), text_likeness(target->operation, strlen(target->operation)));
	if (target->likeness)
		likeness = mix(likeness, target->likeness(target->ctx));
	o->dice = mix(mix(o->seed, likeness), times_before(o, likeness));
}

/* From 0 to 1, without it. */
static double throw_dice(struct order *o)
{
	o->dice = mix(o->dice, 0);
	return (double)(o->dice >> 11) / 9007199254740992.0;
}

/* ---- what happens ---- */

bool fault_fits(const struct fault *fault, bool (*fits)(void *ctx, const char *pattern), void *ctx)
{
	return (!fault->resource || fits(ctx, fault->resource)) && (!fault->type || fits(ctx, fault->type)) && (!fault->zone || fits(ctx, fault->zone));
}

/*
 * How long AWS's own endpoints take, seen from a host in the same region: the median, and sigma of a lognormal
 * distribution, so that one in a hundred takes two or three times as long. The first that fits.
 */
static const struct {
	const char *service, *operation;
	double ms, spread;
} latencies[] = {
	{"ec2", "RunInstances", 1400, 0.35},	 {"ec2", "RequestSpotInstances", 700, 0.35}, {"ec2", "TerminateInstances", 500, 0.35},
	{"ec2", "CreateNatGateway", 600, 0.35},	 {"ec2", "DescribeImages", 450, 0.5},	     {"ec2", "DescribeInstanceTypes", 350, 0.4},
	{"ec2", "DescribeInstances", 180, 0.45}, {"ec2", "Describe*", 110, 0.4},	     {"ec2", "*", 320, 0.4},
	{"iam", "Get*", 60, 0.35},		 {"iam", "List*", 70, 0.35},		     {"iam", "*", 160, 0.4},
	{"efs", "Describe*", 70, 0.35},		 {"efs", "*", 350, 0.45},		     {"ssm", "Get*", 45, 0.35},
	{"sts", "*", 50, 0.35},			 {"*", "*", 100, 0.4},
};

static double throw_normal(struct order *o)
{
	double a = throw_dice(o), b = throw_dice(o);
	return sqrt(-2 * log(1 - a)) * cos(6.283185307179586 * b);
}

static void choose_wait(struct order *o, const struct fault_target *target)
{
	double ms = o->fault.ms, spread = o->spread;
	for (size_t i = 0; o->like_aws && i < ARRAY_LEN(latencies); i++) {
		if (!text_like(latencies[i].service, target->service) || !text_like(latencies[i].operation, target->operation))
			continue;
		ms = latencies[i].ms;
		spread = latencies[i].spread;
		break;
	}
	if (spread > 0)
		ms *= exp(spread * throw_normal(o));
	o->chosen = o->fault;
	o->chosen.ms = ms < 3600e3 ? (unsigned)ms : 3600000u;
}

static bool meets(struct order *o, const struct fault_target *target)
{
	if ((o->service && !text_like(o->service, target->service)) || (o->operation && !text_like(o->operation, target->operation)))
		return false;
	if (is_over(o, target->now_ms) || !fault_fits(&o->fault, target->fits, target->ctx) || o->seen++ < o->skip)
		return false;
	if (o->rate < 1 || o->spread > 0 || o->like_aws)
		shake_dice(o, target);
	if (o->rate < 1 && throw_dice(o) >= o->rate)
		return false;
	o->happened++;
	return true;
}

const struct fault *faults_next(struct faults *faults, const struct fault_target *target)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		struct order *o = faults->orders.items[i];
		bool other = o->fault.kind == FAULT_SLOW || o->fault.kind == FAULT_DELAYED || o->fault.kind == FAULT_WORLD;
		if (!other && meets(o, target))
			return &o->fault;
	}
	return NULL;
}

const struct fault *faults_wait(struct faults *faults, const struct fault_target *target)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		struct order *o = faults->orders.items[i];
		if (o->fault.kind != FAULT_SLOW || !meets(o, target))
			continue;
		choose_wait(o, target);
		return &o->chosen;
	}
	return NULL;
}

void faults_newest_alone(struct faults *faults, bool alone)
{
	faults->newest_alone = alone;
}

const struct fault *faults_meet(struct faults *faults, const char *name, const struct fault_target *target)
{
	size_t first = faults->newest_alone && faults->orders.count ? faults->orders.count - 1 : 0;
	for (size_t i = first; i < faults->orders.count; i++) {
		struct order *o = faults->orders.items[i];
		if (!strcmp(o->fault.name, name) && meets(o, target))
			return &o->fault;
	}
	return NULL;
}

const struct fault *faults_delay(struct faults *faults, const struct fault_target *target)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		struct order *o = faults->orders.items[i];
		if (o->fault.kind == FAULT_DELAYED && meets(o, target))
			return &o->fault;
	}
	return NULL;
}
