/* SPDX-License-Identifier: Apache-2.0 */
/* What only the cloud knows of hosts: asked once, then remembered. */
#include "jobs/hosts_internal.h"

#include "aws/call.h"
#include "aws/time.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/vec.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- one question ---- */

struct question {
	struct diags *diags;
	const struct value *value;
	aws_call_id call; /* under way; 0: answered */
	bool over;
};

static void on_answer(void *ctx, const struct aws_answer *answer)
{
	struct question *q = ctx;
	q->call = 0;
	q->over = true;
	if (answer->result == AWS_OK)
		q->value = answer->value;
	else
		aws_error_diag(answer, SRC_NOWHERE, q->diags);
}

static void on_late(void *ctx)
{
	((struct question *)ctx)->over = true;
}

const struct value *hosts_ask(const struct hosts_cloud *cloud, struct aws *aws, const char *operation, const struct value *params,
			      struct arena *arena, struct diags *diags)
{
	struct question q = {.diags = diags};
	struct aws_call_options options = {
		.service = "ec2", .operation = operation, .params = params, .repeat = AWS_REPEAT_ALWAYS, .all_pages = true, .arena = arena};
	q.call = aws_call(aws, &options, on_answer, &q);
	loop_timer_id timer = cloud->patience_ms ? loop_timer(cloud->loop, cloud->patience_ms, on_late, &q) : 0;
	loop_run_until(cloud->loop, &q.over);
	loop_timer_cancel(cloud->loop, timer);
	if (q.call) {
		const char *what = aws_describe(aws, q.call, arena);
		diag_error(diags, SRC_NOWHERE, "No answer in time", "Still: %s.", what ? what : operation);
		aws_cancel(aws, q.call);
	}
	return q.value;
}

static const struct value *texts(struct arena *arena, const char *const *items, size_t count)
{
	const struct value **values = arena_array_of(arena, count, const struct value *);
	for (size_t i = 0; i < count; i++)
		values[i] = value_string(arena, items[i]);
	return value_list(arena, &type_string, values, count);
}

/* Filters = [{ Name, Values }]: what is gone is left out, and does not fail the rest. */
static const struct value *filter(struct arena *arena, const char *name, const char *const *items, size_t count)
{
	const struct value *row = value_object(arena, (const char *const[]){"Name", "Values"},
					       (const struct value *const[]){value_string(arena, name), texts(arena, items, count)}, 2);
	return value_tuple(arena, &row, 1);
}

/* ---- users ---- */

static bool holds(const char *text, const char *word)
{
	return text && strcasestr(text, word);
}

/* What makers of images say in their documents; images made of theirs mostly keep a part of the name. */
const char *image_user(const char *name, const char *description, const char *platform)
{
	static const struct {
		const char *word, *user;
	} makers[] = {
		{"ubuntu", "ubuntu"},	 {"debian", "admin"},	       {"rocky", "rocky"},	 {"almalinux", "ec2-user"},  {"alma linux", "ec2-user"},
		{"centos", "centos"},	 {"fedora", "fedora"},	       {"amazon linux", "ec2-user"}, {"amzn", "ec2-user"}, {"al2023", "ec2-user"},
		{"rhel", "ec2-user"},	 {"red hat", "ec2-user"},      {"suse", "ec2-user"},	 {"sles-", "ec2-user"},	     {"bitnami", "bitnami"},
		{"flatcar", "core"},	 {"coreos", "core"},	       {"arch-linux", "arch"},	 {"archlinux", "arch"},	     {"kali", "kali"},
		{"freebsd", "ec2-user"}, {"oracle linux", "ec2-user"}, {"ol9", "ec2-user"},	 {"nixos", "root"},
	};
	const char *const words[] = {name, description};
	if (holds(platform, "windows"))
		return NULL;
	for (size_t w = 0; w < ARRAY_LEN(words); w++) {
		for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
			if (holds(words[w], makers[i].word))
				return makers[i].user;
		}
	}
	return NULL;
}

/* ---- what is missing ---- */

struct asking {
	const struct hosts *hosts;
	const struct state *state;
	struct memory *memory;
	struct arena *arena;
	bool refresh;
	const char *provider; /* whose hosts it is about */
	struct aws *aws;
	struct diags *diags;
	VEC(const char *) list;
};

static bool is_of(const struct asking *a, const struct host *host)
{
	return !strcmp(host->provider, a->provider);
}

static void want(struct asking *a, const char *word)
{
	for (size_t i = 0; i < a->list.count; i++) {
		if (!strcmp(a->list.items[i], word))
			return;
	}
	vec_add(&a->list, word);
}

static const struct value *ask(struct asking *a, const char *operation, const char *filter_name, const char *flag)
{
	const char *const names[] = {"Filters", flag};
	const struct value *const values[] = {filter(a->arena, filter_name, a->list.items, a->list.count), &value_true};
	const struct value *params = value_object(a->arena, names, values, flag ? 2 : 1);
	return hosts_ask(a->hosts->cloud, a->aws, operation, params, a->arena, a->diags);
}

static const struct value *member(const struct value *answer, const char *name, uint32_t *count)
{
	const struct value *list = answer ? value_get(answer, name) : NULL;
	bool good = list && list->state == VALUE_KNOWN && list->type->kind == TYPE_TUPLE;
	*count = good ? list->count : 0;
	return good ? list : NULL;
}

static void ask_images(struct asking *a)
{
	const struct value *answer = ask(a, "DescribeImages", "image-id", "IncludeDeprecated");
	uint32_t count;
	const struct value *images = member(answer, "Images", &count);
	for (uint32_t i = 0; i < count; i++) {
		const struct value *image = images->items[i];
		const char *id = value_get_text(image, "ImageId"), *name = value_get_text(image, "Name");
		const char *user = image_user(name, value_get_text(image, "Description"), value_get_text(image, "PlatformDetails"));
		if (!id)
			continue;
		memory_set(a->memory, "user", id, user ? user : "");
		memory_set(a->memory, "image", id, name ? name : "");
	}
	/* what is gone will not come again */
	for (size_t i = 0; answer && i < a->list.count; i++) {
		if (!memory_get(a->memory, "user", a->list.items[i]))
			memory_set(a->memory, "user", a->list.items[i], "");
	}
}

static void ask_subnets(struct asking *a)
{
	uint32_t count;
	const struct value *subnets = member(ask(a, "DescribeSubnets", "subnet-id", NULL), "Subnets", &count);
	for (uint32_t i = 0; i < count; i++) {
		const char *id = value_get_text(subnets->items[i], "SubnetId"), *vpc = value_get_text(subnets->items[i], "VpcId");
		if (id && vpc && host_word_is_safe(vpc))
			memory_set(a->memory, "vpc", id, vpc);
	}
}

static void ask_keys(struct asking *a)
{
	uint32_t count;
	const struct value *answer = ask(a, "DescribeKeyPairs", "key-name", "IncludePublicKey");
	const struct value *keys = member(answer, "KeyPairs", &count);
	for (uint32_t i = 0; i < count; i++) {
		const char *name = value_get_text(keys->items[i], "KeyName"), *text = value_get_text(keys->items[i], "PublicKey");
		if (name && text)
			memory_set(a->memory, "public_key", name, text);
	}
	for (size_t i = 0; answer && i < a->list.count; i++) {
		if (!memory_get(a->memory, "public_key", a->list.items[i]))
			memory_set(a->memory, "public_key", a->list.items[i], "");
	}
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static const char *address(const struct value *v, const char *name)
{
	const char *text = value_get_text(v, name);
	return text && is_address(text) ? text : NULL;
}

static const char *word(const struct value *v, const char *name)
{
	const char *text = v ? value_get_text(v, name) : NULL;
	return text && host_word_is_safe(text) ? text : NULL;
}

/* ---- what was found last: "SERIAL STATE ADDRESS NAME", with "-" where there is none ---- */

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *seen_text(const struct asking *a, const struct host *host)
{
	return arena_printf(a->arena, "%llu %s %s %s", (unsigned long long)state_serial(a->state), host->state, or_dash(host->public_address),
			    or_dash(host->public_name));
}

void hosts_take_seen(const struct hosts *hosts, const struct state *state, const struct memory *memory)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		const char *text = memory_get(memory, "seen", host->id), *words[4];
		size_t n = 0;
		for (char *word = text ? arena_strdup(hosts->arena, text) : NULL; word && n < ARRAY_LEN(words); n++) {
			words[n] = word;
			word = strchr(word, ' ');
			if (word)
				*word++ = '\0';
		}
		if (n < ARRAY_LEN(words) || strtoull(words[0], NULL, 10) != state_serial(state) || !host_word_is_safe(words[1]))
			continue;
		host->state = words[1];
		host->public_address = is_address(words[2]) ? words[2] : NULL;
		host->public_name = host_word_is_safe(words[3]) ? words[3] : NULL;
	}
}

/* "Server.SpotInstanceTermination: Spot instance termination" */
static const char *reason_of(const struct value *v, struct arena *arena)
{
	const struct value *why = value_get(v, "StateReason");
	const char *text = why ? value_get_text(why, "Message") : NULL;
	AUTO_BUF struct buf shown = BUF_INIT;
	if (!text || !*text)
		return NULL;
	buf_add_harmless(&shown, text);
	return buf_copy(&shown, arena);
}

static void take_instance(struct host *host, const struct value *v, struct arena *arena)
{
	const struct value *state = value_get(v, "State");
	const char *name = state ? word(state, "Name") : NULL, *launched = value_get_text(v, "LaunchTime");
	host->state = name ? name : host->state;
	host->reason = reason_of(v, arena);
	if (!launched || !aws_time_parse(launched, strlen(launched), &host->launched_ms))
		host->launched_ms = 0;
	host->public_address = address(v, "PublicIpAddress");
	host->public_name = word(v, "PublicDnsName");
	host->private_address = address(v, "PrivateIpAddress");
	host->vpc = word(v, "VpcId") ? word(v, "VpcId") : host->vpc;
}

static void ask_instances(struct asking *a)
{
	const struct value *answer = ask(a, "DescribeInstances", "instance-id", NULL);
	uint32_t count, inner;
	const struct value *reservations = member(answer, "Reservations", &count);
	bool *seen = arena_array_of(a->arena, a->hosts->count, bool);
	for (uint32_t i = 0; i < count; i++) {
		const struct value *instances = member(reservations->items[i], "Instances", &inner);
		for (uint32_t k = 0; k < inner; k++) {
			const char *id = value_get_text(instances->items[k], "InstanceId");
			for (size_t h = 0; id && h < a->hosts->count; h++) {
				if (!strcmp(a->hosts->items[h].id, id)) {
					take_instance(&a->hosts->items[h], instances->items[k], a->arena);
					seen[h] = true;
				}
			}
		}
	}
	for (size_t h = 0; answer && h < a->hosts->count; h++) {
		struct host *host = &a->hosts->items[h];
		if (!is_of(a, host))
			continue;
		if (!seen[h]) {
			host->state = "gone";
			host->public_address = host->public_name = host->private_address = NULL;
		}
		memory_set(a->memory, "seen", host->id, seen_text(a, host));
	}
}

/* ---- one round ---- */

/* What a host lacks, by whom it is asked for; NULL: nothing. */
static const char *lacks_user(const struct asking *a, const struct host *host)
{
	return !host->user && host->image && !memory_get(a->memory, "user", host->image) ? host->image : NULL;
}

static const char *lacks_vpc(const struct asking *a, const struct host *host)
{
	return !host->vpc && host->subnet && !memory_get(a->memory, "vpc", host->subnet) ? host->subnet : NULL;
}

static const char *lacks_key(const struct asking *a, const struct host *host)
{
	return host->key_name && !memory_get(a->memory, "public_key", host->key_name) && !state_public_key(a->state, host->key_name) ? host->key_name : NULL;
}

static const char *lacks_news(const struct asking *a, const struct host *host)
{
	return a->refresh ? host->id : NULL;
}

static const struct {
	const char *(*lacks)(const struct asking *a, const struct host *host);
	void (*ask)(struct asking *a);
} rounds[] = {{lacks_news, ask_instances}, {lacks_user, ask_images}, {lacks_vpc, ask_subnets}, {lacks_key, ask_keys}};

static void ask_provider(struct asking *a)
{
	const struct hosts *hosts = a->hosts;
	a->aws = NULL;
	for (size_t r = 0; r < ARRAY_LEN(rounds); r++) {
		size_t first = hosts->count;
		a->list.count = 0;
		for (size_t i = hosts->count; i-- > 0;) {
			const char *key = is_of(a, &hosts->items[i]) ? rounds[r].lacks(a, &hosts->items[i]) : NULL;
			if (!key)
				continue;
			want(a, key);
			first = i;
		}
		if (first == hosts->count)
			continue;
		if (!a->aws)
			a->aws = hosts->cloud->client(hosts->cloud->ctx, &hosts->items[first], a->diags);
		if (!a->aws)
			return;
		rounds[r].ask(a);
	}
}

static void take_remembered(const struct hosts *hosts, const struct memory *memory)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		if (!host->vpc && host->subnet) {
			const char *vpc = memory_get(memory, "vpc", host->subnet);
			host->vpc = vpc ? arena_strdup(hosts->arena, vpc) : NULL;
		}
		const char *user = host->image ? memory_get(memory, "user", host->image) : NULL;
		const char *image = host->image ? memory_get(memory, "image", host->image) : NULL;
		if (host->user)
			continue;
		if (user && *user && host_word_is_safe(user))
			host->user = arena_strdup(hosts->arena, user);
		else if (user)
			host->user_why = arena_printf(hosts->arena, "the image %s%s%s%s does not tell its maker", host->image, image && *image ? " (" : "",
						      image && *image ? image : "", image && *image ? ")" : "");
		else
			host->user_why = host->image ? "its image has not been asked for" : "the state does not say its image";
	}
}

void hosts_ask_missing(const struct hosts *hosts, const struct state *state, struct memory *memory, bool refresh, struct diags *diags)
{
	struct asking a = {.hosts = hosts, .state = state, .memory = memory, .arena = hosts->arena, .refresh = refresh};
	struct diags found;
	diags_init(&found);
	a.diags = &found;
	for (size_t i = 0; hosts->cloud && i < hosts->count; i++) {
		bool first = true;
		for (size_t k = 0; k < i && first; k++)
			first = strcmp(hosts->items[k].provider, hosts->items[i].provider) != 0;
		a.provider = hosts->items[i].provider;
		if (first)
			ask_provider(&a);
	}
	vec_free(&a.list);
	if (refresh) {
		diags_move(diags, &found);
	} else if (diags_has_errors(&found)) {
		size_t i = 0;
		while (found.items[i].severity != DIAG_ERROR)
			i++;
		diag_warning(diags, SRC_NOWHERE, "The cloud could not be asked about the hosts", "%s. %s\n\nWhat the state and earlier answers say is used.",
			     found.items[i].summary, found.items[i].detail ? found.items[i].detail : "");
	}
	diags_release(&found);
	take_remembered(hosts, memory);
}
