/* SPDX-License-Identifier: Apache-2.0 */
/* Through which host others are reached: one of their network with a public address that lets ssh in. */
#include "jobs/hosts_internal.h"

#include "base/buf.h"
#include "base/diag.h"

#include <string.h>

/* ---- whether security groups let ssh in, as far as the state says ---- */

enum answer { NO, YES, UNKNOWN };

static bool has_port(const struct value *rule, const char *protocol_name)
{
	const char *protocol = value_get_text(rule, protocol_name);
	if (!protocol)
		return false;
	if (!strcmp(protocol, "-1") || !strcmp(protocol, "all"))
		return true;
	const struct value *from = value_get(rule, "from_port"), *to = value_get(rule, "to_port");
	int64_t low, high;
	return (!strcmp(protocol, "tcp") || !strcmp(protocol, "6")) && from && to && value_is_a(from, TYPE_NUMBER) && value_is_a(to, TYPE_NUMBER) &&
	       number_to_int(from->number, &low) && number_to_int(to->number, &high) && low <= 22 && high >= 22;
}

static bool is_filled(const struct value *v, const char *name)
{
	const struct value *list = value_get(v, name);
	return list && list->state == VALUE_KNOWN && (list->type->kind == TYPE_STRING || !type_is_primitive(list->type)) && list->count;
}

/* From addresses; from groups alone nobody outside comes. */
static bool from_outside(const struct value *rule)
{
	return is_filled(rule, "cidr_blocks") || is_filled(rule, "ipv6_cidr_blocks") || is_filled(rule, "prefix_list_ids");
}

static bool object_lets_in(const struct object *object, const char *group)
{
	const struct value *v = object->value;
	const char *type = object->parts.type;
	if (!v || v->state != VALUE_KNOWN || object->parts.data || *object->deposed)
		return false;
	if (!strcmp(type, "aws_security_group") && value_is_text(value_get(v, "id"), group)) {
		const struct value *rules = value_get(v, "ingress");
		for (uint32_t i = 0; rules && rules->state == VALUE_KNOWN && !type_is_primitive(rules->type) && i < rules->count; i++) {
			if (has_port(rules->items[i], "protocol") && from_outside(rules->items[i]))
				return true;
		}
		return false;
	}
	if (!strcmp(type, "aws_security_group_rule"))
		return value_is_text(value_get(v, "security_group_id"), group) && value_is_text(value_get(v, "type"), "ingress") && has_port(v, "protocol") &&
		       from_outside(v);
	if (!strcmp(type, "aws_vpc_security_group_ingress_rule"))
		return value_is_text(value_get(v, "security_group_id"), group) && has_port(v, "ip_protocol") &&
		       (is_filled(v, "cidr_ipv4") || is_filled(v, "cidr_ipv6") || is_filled(v, "prefix_list_id"));
	return false;
}

static enum answer group_lets_in(const struct state *state, const char *group)
{
	enum answer answer = UNKNOWN;
	for (size_t i = 0; i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		if (object_lets_in(object, group))
			return YES;
		if (!strcmp(object->parts.type, "aws_security_group") && !object->parts.data && object->value &&
		    value_is_text(value_get(object->value, "id"), group))
			answer = NO;
	}
	return answer;
}

static enum answer lets_in(const struct state *state, const struct host *host)
{
	const struct value *groups = value_get(host->value, "vpc_security_group_ids");
	enum answer answer = NO;
	bool any = false;
	for (uint32_t i = 0; groups && groups->state == VALUE_KNOWN && !type_is_primitive(groups->type) && i < groups->count; i++) {
		if (!value_is_a(groups->items[i], TYPE_STRING))
			continue;
		enum answer one = group_lets_in(state, groups->items[i]->text);
		any = true;
		if (one == YES)
			return YES;
		if (one == UNKNOWN)
			answer = UNKNOWN;
	}
	return any ? answer : UNKNOWN;
}

/* ---- choosing ---- */

static bool same_network(const struct host *a, const struct host *b)
{
	if (a->cloud && b->cloud && strcmp(a->cloud, b->cloud) != 0)
		return false;
	if (a->vpc && b->vpc)
		return !strcmp(a->vpc, b->vpc);
	return a->subnet && b->subnet && !strcmp(a->subnet, b->subnet);
}

static bool is_named_so(const struct host *host)
{
	static const char *const words[] = {"jump", "bastion"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if ((host->name && strcasestr(host->name, words[i])) || strcasestr(host->address, words[i]))
			return true;
	}
	return false;
}

static void choose(const struct hosts *hosts, struct host *host, const enum answer *open)
{
	struct host *best = NULL, *closed = NULL;
	unsigned best_score = 0, equal = 0;
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *other = &hosts->items[i];
		if (other == host || !other->public_address || !same_network(host, other))
			continue;
		if (open[i] == NO) {
			closed = other;
			continue;
		}
		unsigned score = 1 + (open[i] == YES ? 8u : 0) + (host_may_run(other) ? 4u : 0) + (is_named_so(other) ? 2u : 0);
		equal = score > best_score ? 1 : score == best_score ? equal + 1 : equal;
		if (score > best_score) {
			best = other;
			best_score = score;
		}
	}
	host->jump = best;
	if (best && equal > 1)
		host->jump_note = arena_printf(hosts->arena, "%u hosts would do as the jump host to %s; %s is taken. -jump=HOST takes another, and "
					       "`infra ssh-config -jump=HOST` for good.", equal, host_title(host), host_title(best));
	if (best)
		return;
	host->no_way = closed
			       ? arena_printf(hosts->arena,
					      "it has no public address, and no security group of %s, which has one, lets ssh in. Allow port 22 from your "
					      "address there, or name the host to jump through: -jump=HOST",
					      host_title(closed))
			       : arena_strdup(hosts->arena, "it has no public address, and no host of its network in this state has one. Add a small host in a "
							    "public subnet (modules/core makes one), give this one an aws_eip, or name the host to jump "
							    "through: -jump=HOST");
}

bool hosts_choose_jumps(const struct hosts *hosts, const struct state *state, const char *wish, struct diags *diags)
{
	struct host *wished = wish ? host_lookup(hosts, wish) : NULL;
	if (wish && !wished && hosts->count) {
		AUTO_BUF struct buf shown = BUF_INIT;
		buf_add_harmless(&shown, wish);
		diag_error(diags, SRC_NOWHERE, "Jump host not found",
			   "No host of the state, or more than one, is called \"%s\". `infra hosts` lists them; `infra ssh-config -jump=` forgets what was remembered.",
			   buf_text(&shown));
		return false;
	}
	enum answer *open = arena_array_of(hosts->arena, hosts->count, enum answer);
	bool asked = false;
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		if (host->public_address)
			continue;
		if (wished && wished != host) {
			host->jump = wished;
			continue;
		}
		for (size_t k = 0; !asked && k < hosts->count; k++)
			open[k] = hosts->items[k].public_address ? lets_in(state, &hosts->items[k]) : NO;
		asked = true;
		choose(hosts, host, open);
	}
	/* a wished one without a public address has one of its own; in a circle there is no way */
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->items[i];
		const struct host *step = host->jump;
		for (size_t n = 0; step && n <= hosts->count; n++)
			step = step->jump;
		if (step) {
			host->jump = NULL;
			host->no_way = "it would be reached through itself; name another host to jump through: -jump=HOST";
		}
	}
	return true;
}
