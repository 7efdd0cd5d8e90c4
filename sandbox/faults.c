/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/faults.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/vec.h"
#include "lang/value/value.h"
#include "sandbox/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct order {
	struct arena *arena;
	struct fault fault;
	const char *service, *operation; /* patterns, or NULL */
	int64_t ends_ms;                 /* 0: never by itself */
	uint64_t count;                  /* 0: no end */
	uint64_t skip;
	double rate;
	uint64_t dice;
	uint64_t seen, happened;
	double spread; /* of waits: sigma of a lognormal distribution around `ms` */
	bool like_aws; /* waits by the kind of operation */
	struct fault chosen; /* the last one, as long as it takes this time */
};

struct faults {
	VEC(struct order *) orders;
	bool newest_alone;
};

static const struct {
	const char *name;
	enum fault_kind kind;
	unsigned status;
} kinds[] = {
	{"throttle", FAULT_THROTTLE, 0},	   {"500", FAULT_ERROR, 500},
	{"503", FAULT_ERROR, 503},		   {"500-after", FAULT_ERROR_AFTER, 500},
	{"503-after", FAULT_ERROR_AFTER, 503},	   {"reset-before", FAULT_RESET_BEFORE, 0},
	{"reset-after", FAULT_RESET_AFTER, 0},	   {"slow", FAULT_SLOW, 0},
	{"error", FAULT_ERROR, 0},		   {"delayed", FAULT_DELAYED, 0},
	{"expired-credentials", FAULT_EXPIRED, 0}, {"no-capacity", FAULT_WORLD, 0},
	{"status-checks", FAULT_WORLD, 0},	   {"spot-interruption", FAULT_WORLD, 0},
	{"mount-target-stuck", FAULT_WORLD, 0},
};

struct faults *faults_new(void)
{
	return xcalloc(1, sizeof(struct faults));
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->orders.count; i++)
		arena_free(faults->orders.items[i]->arena);
	faults->orders.count = 0;
}

void faults_free(struct faults *faults)
{
	if (!faults)
		return;
	faults_clear(faults);
	vec_free(&faults->orders);
	free(faults);
}

static bool read_number(const struct value *order, const char *name, double fallback, double max, double *out, struct buf *why)
{
	const struct value *v = value_get(order, name);
	*out = v && value_is_a(v, TYPE_NUMBER) ? number_to_double(v->number) : fallback;
	if ((v && !value_is_a(v, TYPE_NUMBER)) || *out < 0 || *out > max) {
		buf_addf(why, "\"%s\" is a number from 0 to %g", name, max);
		return false;
	}
	return true;
}

static bool read_kind(const char *name, struct fault *out, struct buf *why)
{
	const char *names[ARRAY_LEN(kinds)];
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		names[i] = kinds[i].name;
		if (name && !strcmp(name, kinds[i].name)) {
			*out = (struct fault){.kind = kinds[i].kind, .name = kinds[i].name, .status = kinds[i].status};
			return true;
		}
	}
	const char *near = name ? nearest_name(name, names, ARRAY_LEN(names)) : NULL;
	buf_addf(why, "there is no fault \"%s\"", name ? name : "");
	if (near)
		buf_addf(why, "; did you mean \"%s\"?", near);
	return false;
}

/* "-seconds" is another way to say "-ms", and "-nth=N" to skip N-1 and take one. */
static bool read_numbers(const struct value *order, struct order *out, struct buf *why)
{
	double count, skip, rate, seed, ms, seconds, after, notice, nth, lasts;
	if (!read_number(order, "count", 0, 1e15, &count, why) || !read_number(order, "skip", 0, 1e15, &skip, why) ||
	    !read_number(order, "rate", 1, 1, &rate, why) || !read_number(order, "seed", 1, 1e15, &seed, why) ||
	    !read_number(order, "ms", 1000, 3600e3, &ms, why) || !read_number(order, "seconds", 0, 3600, &seconds, why) ||
	    !read_number(order, "after", 0, 1e6, &after, why) || !read_number(order, "notice", 0, 1e6, &notice, why) ||
	    !read_number(order, "spread", 0, 3, &out->spread, why) || !read_number(order, "nth", 0, 1e15, &nth, why) || !read_number(order, "for", 0, 1e9, &lasts, why))
		return false;
	if (nth > 0 && (count > 0 || skip > 0)) {
		buf_adds(why, "\"nth\" cannot stand beside \"count\" and \"skip\"");
		return false;
	}
	out->count = nth > 0 ? 1 : (uint64_t)count;
	out->skip = nth > 0 ? (uint64_t)nth - 1 : (uint64_t)skip;
	out->rate = rate;
	out->dice = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
	out->fault.ms = (unsigned)(value_get(order, "seconds") ? seconds * 1000 : value_get(order, "after") ? after * 1000 : ms);
	out->fault.timed = value_get(order, "ms") || value_get(order, "seconds") || value_get(order, "after");
	out->fault.notice_ms = (unsigned)(notice * 1000);
	out->ends_ms = lasts > 0 ? (int64_t)(lasts * 1000) : 0;
	return true;
}

bool faults_add(struct faults *faults, const struct value *order, int64_t now_ms, struct buf *why)
{
	struct fault fault;
	struct order numbers = {0};
	double status;
	const char *code = value_get_text(order, "code"), *message = value_get_text(order, "message");
	if (!read_kind(value_get_text(order, "kind"), &fault, why) || !read_numbers(order, &numbers, why) ||
	    !read_number(order, "status", 400, 599, &status, why))
		return false;
	bool named = fault.kind == FAULT_ERROR && !fault.status;
	if (named != (code && *code)) {
		buf_adds(why, named ? "an error needs a \"code\", such as InsufficientInstanceCapacity" : "only the fault \"error\" takes a \"code\"");
		return false;
	}
	const char *preset = value_get_text(order, "preset");
	if (preset && (strcmp(preset, "aws") != 0 || fault.kind != FAULT_SLOW)) {
		buf_addf(why, fault.kind == FAULT_SLOW ? "there is no preset \"%s\"; there is \"aws\"" : "only \"slow\" takes a preset, such as \"%s\"", preset);
		return false;
	}
	struct arena *arena = arena_new();
	struct order *o = arena_new_of(arena, struct order);
	const char *service = value_get_text(order, "service"), *operation = value_get_text(order, "operation");
	const char *resource = value_get_text(order, "resource"), *type = value_get_text(order, "type"), *zone = value_get_text(order, "zone");
	fault.ms = numbers.fault.ms;
	fault.timed = numbers.fault.timed;
	fault.notice_ms = numbers.fault.notice_ms;
	fault.resource = resource ? arena_strdup(arena, resource) : NULL;
	fault.type = type ? arena_strdup(arena, type) : NULL;
	fault.zone = zone ? arena_strdup(arena, zone) : NULL;
	if (named) {
		fault.status = status < 400 ? 400 : (unsigned)status;
		fault.code = arena_strdup(arena, code);
		fault.message = arena_strdup(arena, message ? message : "An ordered fault.");
	}
	*o = numbers;
	o->arena = arena;
	o->like_aws = preset != NULL;
	o->fault = fault;
	o->service = service ? arena_strdup(arena, service) : NULL;
	o->operation = operation ? arena_strdup(arena, operation) : NULL;
	o->ends_ms = numbers.ends_ms ? now_ms + numbers.ends_ms : 0;
	vec_add(&faults->orders, o);
	return true;
}

void faults_describe(const struct faults *faults, struct buf *out)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		const struct order *o = faults->orders.items[i];
		buf_addf(out, "%s", o->fault.name);
		if (o->like_aws)
			buf_adds(out, " like AWS");
		else if (o->fault.kind == FAULT_SLOW || o->fault.kind == FAULT_DELAYED)
			buf_addf(out, " by %u ms", o->fault.ms);
		else if (o->fault.timed)
			buf_addf(out, " after %u ms", o->fault.ms);
		if (o->spread > 0)
			buf_addf(out, ", spread %g", o->spread);
		if (o->fault.code)
			buf_addf(out, " %s", o->fault.code);
		if (o->service)
			buf_addf(out, ", service %s", o->service);
		if (o->operation)
			buf_addf(out, ", operation %s", o->operation);
		if (o->fault.resource)
			buf_addf(out, ", resource %s", o->fault.resource);
		if (o->fault.type)
			buf_addf(out, ", type %s", o->fault.type);
		if (o->fault.zone)
			buf_addf(out, ", zone %s", o->fault.zone);
		if (o->skip)
			buf_addf(out, ", after %llu", (unsigned long long)o->skip);
		if (o->rate < 1)
			buf_addf(out, ", rate %g", o->rate);
		if (o->count)
			buf_addf(out, ", at most %llu times", (unsigned long long)o->count);
		buf_addf(out, ": happened %llu times\n", (unsigned long long)o->happened);
	}
}

/* xorshift64*: the same seed gives the same days. */
static double throw_dice(struct order *o)
{
	o->dice ^= o->dice >> 12;
	o->dice ^= o->dice << 25;
	o->dice ^= o->dice >> 27;
	return (double)((o->dice * 0x2545f4914f6cdd1du) >> 11) / 9007199254740992.0;
}

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
	if ((o->count && o->happened >= o->count) || (o->ends_ms && target->now_ms >= o->ends_ms))
		return false;
	if (!fault_fits(&o->fault, target->fits, target->ctx))
		return false;
	if (o->seen++ < o->skip || (o->rate < 1 && throw_dice(o) >= o->rate))
		return false;
	o->happened++;
	return true;
}

const struct fault *faults_next(struct faults *faults, const struct fault_target *target)
{
	for (size_t i = 0; i < faults->orders.count; i++) {
		struct order *o = faults->orders.items[i];
		if (o->fault.kind == FAULT_DELAYED || o->fault.kind == FAULT_WORLD || !meets(o, target))
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
