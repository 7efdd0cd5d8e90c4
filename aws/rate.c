/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/rate.h"

#include "base/arena.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

struct documented {
	const char *service, *operation; /* a name, or the beginning of one with "*" */
	double size, rate;
};

/*
 * The first that fits. EC2's are those of aws/rate.h's source: what has a bucket of its own there, as
 * far as machinery like ours uses it, and then its categories. RunInstances and its like also have
 * buckets for the number of instances (1000, refilled by 2 or 20 a second), which one instance a
 * request does not reach.
 */
static const struct documented documented[] = {
	{"ec2", "RunInstances", 5, 2},
	{"ec2", "StartInstances", 5, 2},
	{"ec2", "TerminateInstances", 100, 5},
	{"ec2", "CreateTags", 100, 10},
	{"ec2", "DeleteTags", 100, 10},
	{"ec2", "CreateVolume", 100, 5},
	{"ec2", "DeleteVolume", 100, 5},
	{"ec2", "CreateSnapshot*", 100, 5},
	{"ec2", "DeleteSnapshot", 100, 5},
	{"ec2", "ModifySnapshotAttribute", 100, 5},
	{"ec2", "CreateNetworkInterface", 100, 5},
	{"ec2", "DeleteNetworkInterface", 100, 5},
	{"ec2", "ModifyNetworkInterfaceAttribute", 100, 5},
	{"ec2", "AssignIpv6Addresses", 100, 5},
	{"ec2", "AssignPrivateIpAddresses", 100, 5},
	{"ec2", "UnassignPrivateIpAddresses", 100, 5},
	{"ec2", "CreateLaunchTemplateVersion", 100, 5},
	{"ec2", "ModifyLaunchTemplate", 100, 5},
	{"ec2", "AssociateIamInstanceProfile", 100, 5},
	{"ec2", "DisassociateIamInstanceProfile", 100, 5},
	{"ec2", "ModifyInstanceMetadataOptions", 100, 5},
	{"ec2", "ModifyImageAttribute", 100, 5},
	{"ec2", "DeregisterImage", 100, 5},
	{"ec2", "CopyImage", 100, 1},
	{"ec2", "CreateNatGateway", 10, 1},
	{"ec2", "DeleteNatGateway", 10, 1},
	{"ec2", "AssociateNatGatewayAddress", 10, 1},
	{"ec2", "DisassociateNatGatewayAddress", 10, 1},
	{"ec2", "CreateVpcEndpoint", 4, 0.3},
	{"ec2", "ModifyVpcEndpoint", 4, 0.3},
	{"ec2", "DeleteVpcEndpoints", 4, 0.3},
	{"ec2", "CreateDefaultVpc", 1, 1},
	{"ec2", "CreateDefaultSubnet", 1, 1},
	{"ec2", "DescribeInstanceTopology", 1, 1},
	{"ec2", "DescribeCapacityBlockOfferings", 10, 0.15},
	{"ec2", "PurchaseCapacityBlock", 10, 0.15},
	{"ec2", "DescribeSecurityGroupReferences", 20, 5},
	{"ec2", "DescribeSpotFleetRequests", 50, 3},
	{"ec2", "DescribeSpotFleetInstances", 100, 5},
	{"ec2", "DescribeSpotFleetRequestHistory", 100, 5},
	{"ec2", "Describe*", 100, 20},
	{"ec2", "Get*", 100, 20},
	{"ec2", "List*", 100, 20},
	{"ec2", "Search*", 100, 20},
	{"ec2", "*", 50, 5}, /* what changes something, be it "resource-intensive" or not */
	{"route53", "*", 5, 5},
	{"ssm", "PutParameter", 3, 3},
	{"ssm", "DeleteParameter", 3, 3},
	{"ssm", "DeleteParameters", 3, 3},
	{"ssm", "GetParameter", 40, 40},
	{"ssm", "GetParameters", 40, 40},
};

enum { UNLIMITED_ABOVE = 200 };

struct aws_bucket {
	double size, rate; /* rate 0: no limit */
	double full_size, full_rate; /* documented, 0: none */
	double tokens;
	uint64_t at_ms;        /* when `tokens` was right */
	uint64_t lowered_ms;   /* when it was throttled last */
	double taken;          /* requests of late, fading within seconds */
	uint64_t taken_at_ms;
	struct aws_waiter *first, *last;
	loop_timer_id timer;
	struct aws_rates *rates;
	bool serving; /* those who wait are being called */
};

struct aws_rates {
	struct loop *loop;
	struct map buckets;
	struct arena *arena;
};

struct aws_rates *aws_rates_new(struct loop *loop)
{
	struct aws_rates *rates = xcalloc(1, sizeof(*rates));
	rates->loop = loop;
	rates->arena = arena_new();
	return rates;
}

void aws_rates_free(struct aws_rates *rates)
{
	if (!rates)
		return;
	for (struct map_entry *e = map_first(&rates->buckets); e; e = map_next(&rates->buckets, e))
		loop_timer_cancel(rates->loop, ((struct aws_bucket *)e->value)->timer);
	map_release(&rates->buckets);
	arena_free(rates->arena);
	free(rates);
}

static const struct documented *find_documented(const char *service, const char *operation)
{
	for (size_t i = 0; i < ARRAY_LEN(documented); i++) {
		const char *form = documented[i].operation;
		size_t len = strcspn(form, "*");
		if (!strcmp(documented[i].service, service) &&
		    (form[len] ? !strncmp(form, operation, len) : !strcmp(form, operation)))
			return &documented[i];
	}
	return NULL;
}

struct aws_bucket *aws_bucket_for(struct aws_rates *rates, const struct aws_operation *op, const char *region,
				  bool is_aws)
{
	const char *service = aws_text(aws_operation_service(op)->name), *name = aws_text(op->name);
	const struct documented *d = is_aws ? find_documented(service, name) : NULL;
	/* Route 53 counts all operations together. */
	bool together = d && !strcmp(d->operation, "*") && strcmp(service, "ec2");
	char key[256];
	snprintf(key, sizeof(key), "%s %s %s %d", service, together ? "*" : name, region, is_aws);
	struct aws_bucket *bucket = map_find(&rates->buckets, key);
	if (bucket)
		return bucket;
	bucket = arena_new_of(rates->arena, struct aws_bucket);
	bucket->rates = rates;
	if (d) {
		bucket->size = bucket->full_size = bucket->tokens = d->size;
		bucket->rate = bucket->full_rate = d->rate;
	}
	map_put(&rates->buckets, arena_strdup(rates->arena, key), bucket);
	return bucket;
}

static void refill(struct aws_bucket *bucket, uint64_t now_ms)
{
	if (now_ms > bucket->at_ms) {
		bucket->tokens += (double)(now_ms - bucket->at_ms) / 1000 * bucket->rate;
		bucket->at_ms = now_ms;
	}
	if (bucket->tokens > bucket->size)
		bucket->tokens = bucket->size;
}

/* Requests in about the last two seconds. */
static void fade(struct aws_bucket *bucket, uint64_t now_ms)
{
	for (; bucket->taken_at_ms + 1000 <= now_ms && bucket->taken > 0.01; bucket->taken_at_ms += 1000)
		bucket->taken /= 2;
	if (bucket->taken <= 0.01)
		bucket->taken_at_ms = now_ms;
}

/* Takes a token, and returns 0, or the milliseconds until there will be one. */
static unsigned take(struct aws_bucket *bucket)
{
	uint64_t now_ms = loop_now_ms(bucket->rates->loop);
	if (bucket->rate > 0) {
		refill(bucket, now_ms);
		if (bucket->tokens < 1)
			return (unsigned)((1 - bucket->tokens) / bucket->rate * 1000) + 1;
		bucket->tokens -= 1;
	}
	fade(bucket, now_ms);
	bucket->taken += 1;
	return 0;
}

static void serve(void *ctx)
{
	struct aws_bucket *bucket = ctx;
	unsigned wait = 0;
	bucket->timer = 0;
	if (bucket->serving)
		return;
	bucket->serving = true;
	while (bucket->first && !(wait = take(bucket))) {
		struct aws_waiter *waiter = bucket->first;
		aws_bucket_leave(waiter);
		waiter->fn(waiter->ctx);
	}
	bucket->serving = false;
	if (bucket->first && !bucket->timer)
		bucket->timer = loop_timer(bucket->rates->loop, wait, serve, bucket);
}

void aws_bucket_enter(struct aws_bucket *bucket, struct aws_waiter *waiter, loop_fn fn, void *ctx)
{
	if (waiter->bucket)
		bug("it waits already");
	*waiter = (struct aws_waiter){.bucket = bucket, .previous = bucket->last, .fn = fn, .ctx = ctx};
	if (bucket->last)
		bucket->last->next = waiter;
	else
		bucket->first = waiter;
	bucket->last = waiter;
	if (!bucket->timer)
		serve(bucket);
}

void aws_bucket_leave(struct aws_waiter *waiter)
{
	struct aws_bucket *bucket = waiter->bucket;
	if (!bucket)
		return;
	if (waiter->previous)
		waiter->previous->next = waiter->next;
	else
		bucket->first = waiter->next;
	if (waiter->next)
		waiter->next->previous = waiter->previous;
	else
		bucket->last = waiter->previous;
	waiter->bucket = NULL;
}

void aws_bucket_throttled(struct aws_bucket *bucket)
{
	uint64_t now_ms = loop_now_ms(bucket->rates->loop);
	enum { ROUND_MS = 500 };
	/* A burst that was throttled together is one message. */
	if (bucket->rate > 0 && bucket->lowered_ms && now_ms < bucket->lowered_ms + ROUND_MS)
		return;
	fade(bucket, now_ms);
	refill(bucket, now_ms);
	double rate = bucket->rate > 0 ? bucket->rate * 0.6 : bucket->taken / 2;
	bucket->rate = rate < 0.5 ? 0.5 : rate;
	bucket->size = bucket->rate < 1 ? 1 : bucket->rate;
	bucket->tokens = 0;
	bucket->at_ms = now_ms;
	bucket->lowered_ms = now_ms ? now_ms : 1;
}

void aws_bucket_succeeded(struct aws_bucket *bucket)
{
	uint64_t now_ms = loop_now_ms(bucket->rates->loop);
	enum { REST_MS = 1000 };
	if (!bucket->lowered_ms || now_ms < bucket->lowered_ms + REST_MS)
		return;
	/* Each good answer adds a little, so that the rate doubles within about as many as it sends in two seconds. */
	bucket->rate += 0.35;
	bucket->size = bucket->rate < 1 ? 1 : bucket->rate;
	bool back = bucket->full_rate > 0 ? bucket->rate >= bucket->full_rate : bucket->rate > UNLIMITED_ABOVE;
	if (back) {
		bucket->rate = bucket->full_rate;
		bucket->size = bucket->full_size;
		bucket->lowered_ms = 0;
	}
}

double aws_bucket_rate(const struct aws_bucket *bucket)
{
	return bucket->rate;
}
