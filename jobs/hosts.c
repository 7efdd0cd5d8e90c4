/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/hosts_internal.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/map.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- what may be trusted ---- */

bool host_word_is_safe(const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return *word && *word != '-' && *word != '.' && strlen(word) < 256 && word[strspn(word, safe)] == '\0';
}

static const char *safe_or_null(const char *word)
{
	return word && host_word_is_safe(word) ? word : NULL;
}

/* IPv4, or IPv6 without a zone. */
static const char *address_or_null(const char *word)
{
	unsigned char bytes[16];
	return word && (inet_pton(AF_INET, word, bytes) == 1 || inet_pton(AF_INET6, word, bytes) == 1) ? word : NULL;
}

const char *host_title(const struct host *host)
{
	return host->name && host_word_is_safe(host->name) ? host->name : host->address;
}

/* ---- from the state ---- */

/* An address of the state's: quotes and all, but no control characters, which a key of for_each may have. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

static const char *tag_name(const struct value *v)
{
	const struct value *tags = value_get(v, "tags_all");
	const char *name = tags ? value_get_text(tags, "Name") : NULL;
	tags = name ? NULL : value_get(v, "tags");
	name = tags ? value_get_text(tags, "Name") : name;
	return name && *name ? name : NULL;
}

static bool host_from(struct host *host, const struct object *object)
{
	const struct value *v = object->value;
	const char *id = safe_or_null(value_get_text(v, "id")), *state = value_get_text(v, "instance_state");
	if (!id || !is_plain(object->address))
		return false;
	*host = (struct host){
		.address = object->address,
		.id = id,
		.name = tag_name(v),
		.state = state && is_plain(state) ? state : "unknown",
		.public_address = address_or_null(value_get_text(v, "public_ip")),
		.public_name = safe_or_null(value_get_text(v, "public_dns")),
		.private_address = address_or_null(value_get_text(v, "private_ip")),
		.image = safe_or_null(value_get_text(v, "ami")),
		.type = safe_or_null(value_get_text(v, "instance_type")),
		.zone = safe_or_null(value_get_text(v, "availability_zone")),
		.subnet = safe_or_null(value_get_text(v, "subnet_id")),
		.key_name = value_get_text(v, "key_name"),
		.provider = object->provider,
		.cloud = object->cloud,
		.value = v,
	};
	if (host->key_name && (!*host->key_name || !is_plain(host->key_name)))
		host->key_name = NULL;
	return true;
}

static struct host *by_id(const struct hosts *hosts, const char *id)
{
	for (size_t i = 0; id && i < hosts->count; i++) {
		if (!strcmp(hosts->items[i].id, id))
			return &hosts->items[i];
	}
	return NULL;
}

static bool is_current(const struct object *object, const char *type)
{
	return !*object->deposed && !object->parts.data && object->value && object->value->state == VALUE_KNOWN && !strcmp(object->parts.type, type);
}

/* An elastic address is known with its own object before a refresh shows it with the instance's. */
static void take_elastic_address(const struct hosts *hosts, const struct object *object)
{
	bool is_eip = is_current(object, "aws_eip");
	if (!is_eip && !is_current(object, "aws_eip_association"))
		return;
	struct host *host = by_id(hosts, value_get_text(object->value, is_eip ? "instance" : "instance_id"));
	const char *address = address_or_null(value_get_text(object->value, "public_ip"));
	if (!host || !address || (host->public_address && !strcmp(host->public_address, address)))
		return;
	host->public_address = address;
	host->public_name = is_eip ? safe_or_null(value_get_text(object->value, "public_dns")) : NULL;
}

bool host_may_run(const struct host *host)
{
	static const char *const words[] = {"stopped", "stopping", "shutting-down", "terminated", "gone"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcmp(host->state, words[i]))
			return false;
	}
	return true;
}

static void take_networks(const struct hosts *hosts, const struct state *state)
{
	for (size_t i = 0; i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		bool is_subnet = is_current(object, "aws_subnet");
		if (!is_subnet && !is_current(object, "aws_security_group"))
			continue;
		const char *id = value_get_text(object->value, "id"), *vpc = safe_or_null(value_get_text(object->value, "vpc_id"));
		for (size_t k = 0; id && vpc && k < hosts->count; k++) {
			struct host *host = &hosts->items[k];
			const struct value *groups = value_get(host->value, "vpc_security_group_ids");
			bool in = is_subnet && host->subnet && !strcmp(host->subnet, id);
			for (uint32_t g = 0; !in && !is_subnet && groups && value_is_a(groups, TYPE_SET) && g < groups->count; g++)
				in = value_is_text(groups->items[g], id);
			if (in)
				host->vpc = vpc;
		}
	}
}

static void take_sandboxes(const struct hosts *hosts)
{
	const char *cloud = NULL, *found = NULL; /* mostly one */
	for (size_t i = 0; hosts->cloud && i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		if (!host->cloud || !hosts->cloud->sandbox)
			continue;
		if (!cloud || strcmp(cloud, host->cloud) != 0)
			found = hosts->cloud->sandbox(hosts->cloud->ctx, host->cloud);
		cloud = host->cloud;
		host->sandbox = found;
	}
}

static const char *wish(struct memory *memory, const char *what, const char *given, bool remember)
{
	if (given && remember)
		memory_set(memory, what, "", *given ? given : NULL);
	if (given)
		return *given ? given : NULL;
	return memory_get(memory, what, "");
}

/* What the user has given; what was remembered has been through here. */
static bool check_given(const struct hosts_options *options, struct diags *diags)
{
	bool user = !options->user || !*options->user || host_word_is_safe(options->user);
	bool from = !options->from || !*options->from || address_or_null(options->from);
	if (!user)
		diag_error(diags, SRC_NOWHERE, "Not a user's name", "-user takes letters, digits, '.', '_' and '-', with no '-' or '.' at the begin.");
	if (!from)
		diag_error(diags, SRC_NOWHERE, "Not an address", "-from takes an address like 203.0.113.7: where a sandbox's security groups see you.");
	return user && from;
}

struct hosts *hosts_load(struct arena *arena, const struct hosts_options *options, struct diags *diags)
{
	if (!check_given(options, diags))
		return NULL;
	struct hosts *hosts = arena_new_of(arena, struct hosts);
	const struct state *state = options->state;
	size_t count = state_object_count(state);
	*hosts = (struct hosts){
		.arena = arena,
		.items = arena_array_of(arena, count, struct host),
		.dir = arena_strdup(arena, options->dir),
		.cloud = options->cloud,
	};
	for (size_t i = 0; i < count; i++) {
		const struct object *object = state_object_at(state, i);
		if (is_current(object, "aws_instance") && host_from(&hosts->items[hosts->count], object)) {
			hosts->items[hosts->count].index = hosts->count;
			hosts->count++;
		}
	}
	for (size_t i = 0; i < count; i++)
		take_elastic_address(hosts, state_object_at(state, i));
	take_networks(hosts, state);
	take_sandboxes(hosts);
	struct memory *memory = memory_open(arena, options->dir);
	hosts_take_seen(hosts, state, memory);
	const char *user = wish(memory, "user", options->user, options->remember), *jump = wish(memory, "jump", options->jump, options->remember);
	if (user && host_word_is_safe(user)) {
		for (size_t i = 0; i < hosts->count; i++)
			hosts->items[i].user = user;
	}
	const char *from = wish(memory, "from", options->from, options->remember);
	hosts->from = from ? address_or_null(arena_strdup(arena, from)) : NULL;
	hosts->accept_new = wish(memory, "accept_new", options->remember ? (options->accept_new ? "yes" : "") : NULL, options->remember) != NULL;
	if (options->offline)
		hosts->cloud = NULL;
	hosts_ask_missing(hosts, state, memory, options->refresh, diags);
	hosts_find_identities(hosts, state, memory);
	bool ok = hosts_choose_jumps(hosts, state, jump, diags);
	if (ok)
		memory_save(memory);
	memory_close(memory);
	return ok ? hosts : NULL;
}

/* ---- finding one ---- */

static bool is_index(const char *word, size_t *index)
{
	size_t len = strspn(word, "0123456789");
	*index = len && !word[len] && len < 10 ? strtoul(word, NULL, 10) : SIZE_MAX;
	return *index != SIZE_MAX;
}

static bool same(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

/* A shell takes the quotes of named["a"] away. */
static bool same_but_for_quotes(const char *address, const char *word)
{
	for (; *address; address++) {
		if (*address == *word)
			word++;
		else if (*address != '"')
			return false;
	}
	return !*word;
}

enum { BY_ADDRESS, BY_ID, BY_PUBLIC_ADDRESS, BY_PUBLIC_NAME, BY_PRIVATE_ADDRESS, BY_NAME, BY_COUNT };

static bool fits(const struct host *host, unsigned by, const char *word)
{
	switch (by) {
	case BY_ADDRESS:
		return same_but_for_quotes(host->address, word);
	case BY_ID:
		return same(host->id, word);
	case BY_PUBLIC_ADDRESS:
		return same(host->public_address, word);
	case BY_PUBLIC_NAME:
		return same(host->public_name, word);
	case BY_PRIVATE_ADDRESS:
		return same(host->private_address, word);
	default:
		return same(host->name, word);
	}
}

/*
 * How many hosts a word means, and the last of them. What it says first counts: a tag named like another host's address does
 * not hide that host.
 */
static size_t look_up(const struct hosts *hosts, const char *word, size_t *at)
{
	size_t count = 0;
	if (is_index(word, at) && *at < hosts->count)
		return 1;
	for (unsigned by = 0; by < BY_COUNT && !count; by++) {
		for (size_t i = 0; i < hosts->count; i++) {
			if (fits(&hosts->items[i], by, word)) {
				*at = i;
				count++;
			}
		}
	}
	return count;
}

struct host *host_lookup(const struct hosts *hosts, const char *word)
{
	size_t at;
	return look_up(hosts, word, &at) == 1 ? &hosts->items[at] : NULL;
}

static void add_list(const struct hosts *hosts, struct buf *out)
{
	AUTO_BUF struct buf table = BUF_INIT;
	hosts_print(hosts, &table);
	buf_adds(out, "\n\n    ");
	for (const char *p = buf_text(&table); *p; p++) {
		if (*p != '\n')
			buf_addc(out, *p);
		else if (p[1])
			buf_adds(out, "\n    ");
	}
}

struct host *host_find(const struct hosts *hosts, const char *word, struct diags *diags)
{
	AUTO_BUF struct buf list = BUF_INIT;
	size_t at, several = 0;
	if (!hosts->count) {
		diag_error(diags, SRC_NOWHERE, "No hosts",
			   "The state holds no aws_instance, so there is no host to go to. `infra apply` makes what the plan files declare; -chdir=DIR and "
			   "-state=FILE name another state.");
		return NULL;
	}
	if (!word && hosts->count == 1)
		return &hosts->items[0];
	several = word ? look_up(hosts, word, &at) : 0;
	if (several == 1)
		return &hosts->items[at];
	add_list(hosts, &list);
	if (!word) {
		diag_error(diags, SRC_NOWHERE, "Which host?", "There are %zu hosts. Name one by its index, address, name or id:%s", hosts->count, buf_text(&list));
		return NULL;
	}
	AUTO_BUF struct buf shown = BUF_INIT;
	buf_add_harmless(&shown, word);
	if (several) {
		diag_error(diags, SRC_NOWHERE, "Several hosts have this name",
			   "%zu hosts are called \"%s\". Name one by its index, address or id:%s", several, buf_text(&shown), buf_text(&list));
		return NULL;
	}
	AUTO_FREE const char **names = xcalloc(hosts->count * 3 + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < hosts->count; i++) {
		names[count++] = hosts->items[i].address;
		names[count++] = hosts->items[i].id;
		if (hosts->items[i].name && is_plain(hosts->items[i].name))
			names[count++] = hosts->items[i].name;
	}
	const char *near = nearest_name(word, names, count);
	diag_error(diags, SRC_NOWHERE, "Host not found", "No host of the state is called \"%s\".%s%s%s There %s:%s", buf_text(&shown),
		   near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "", hosts->count == 1 ? "is" : "are", buf_text(&list));
	return NULL;
}
