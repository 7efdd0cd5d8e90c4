/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small, fast stand-in for EC2's security groups (and the one STS call that says which account
 * this is), for measuring clients: a general test server is slower than what is measured.
 *
 *   ec2_server [LATENCY_MS]
 *
 * Prints its URL and serves until its standard input ends. GET /counts answers the requests so far, one
 * "COUNT ACTION" a line, and starts counting anew. Rules are kept as they were sent: nothing is merged.
 */
#include "aws/protocol.h"
#include "base/map.h"
#include "base/vec.h"
#include "lang/value/value.h"
#include "tests/support/server.h"

static const char account[] = "123456789012";

typedef VEC(const struct value *) values;

struct group {
	char id[24];
	const char *name, *description, *vpc;
	values in, out; /* permissions as IpPermissions holds them, with one peer each */
	struct map tags;
};

static VEC(struct group *) groups; /* by number; NULL: deleted */
static struct arena *store;
static struct map counts;
static unsigned latency_ms;

/* ---- values ---- */

static const struct value *text(struct arena *arena, const char *s)
{
	return value_string_raw(arena, s, strlen(s));
}

struct pair {
	const char *name;
	const struct value *value; /* NULL: left out */
};

static const struct value *object_of(struct arena *arena, const struct pair *pairs, size_t count)
{
	const char *names[16];
	const struct value *items[16];
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!pairs[i].value)
			continue;
		names[kept] = pairs[i].name;
		items[kept++] = pairs[i].value;
	}
	return value_object(arena, names, items, kept);
}
#define OBJECT(arena, ...) \
	object_of(arena, (const struct pair[]){__VA_ARGS__}, sizeof((const struct pair[]){__VA_ARGS__}) / sizeof(struct pair))

static size_t count_of(const struct value *list)
{
	return list && list->state == VALUE_KNOWN ? list->count : 0;
}

static bool holds(const struct value *list, const char *wanted)
{
	for (size_t i = 0; i < count_of(list); i++) {
		if (value_is_text(list->items[i], wanted))
			return true;
	}
	return false;
}

/* ---- groups ---- */

static struct group *find_group(const char *id)
{
	size_t n = id && !strncmp(id, "sg-", 3) ? strtoul(id + 3, NULL, 16) : SIZE_MAX;
	return n < groups.count ? groups.items[n] : NULL;
}

static const struct value *describe_tags(struct arena *arena, const struct group *g)
{
	values out = {0};
	for (struct map_entry *e = map_first(&g->tags); e; e = map_next(&g->tags, e))
		vec_add(&out, OBJECT(arena, {"Key", text(arena, e->key)}, {"Value", text(arena, e->value)}));
	const struct value *list = value_tuple(arena, out.items, out.count);
	vec_free(&out);
	return list;
}

static const struct value *describe_group(struct arena *arena, const struct group *g)
{
	return OBJECT(arena, {"GroupId", text(arena, g->id)}, {"GroupName", text(arena, g->name)},
		      {"Description", text(arena, g->description)}, {"VpcId", text(arena, g->vpc)}, {"OwnerId", text(arena, account)},
		      {"SecurityGroupArn", text(arena, arena_printf(arena, "arn:aws:ec2:us-east-1:%s:security-group/%s", account, g->id))},
		      {"IpPermissions", value_tuple(arena, g->in.items, g->in.count)},
		      {"IpPermissionsEgress", value_tuple(arena, g->out.items, g->out.count)}, {"Tags", describe_tags(arena, g)});
}

static bool passes(const struct group *g, const struct value *filters)
{
	for (size_t i = 0; i < count_of(filters); i++) {
		const char *name = value_get_text(filters->items[i], "Name");
		const struct value *wanted = value_get(filters->items[i], "Values");
		const char *has = !strcmp(name, "group-id")     ? g->id
				  : !strcmp(name, "group-name") ? g->name
				  : !strcmp(name, "vpc-id")     ? g->vpc
				  : !strncmp(name, "tag:", 4)   ? map_find(&g->tags, name + 4)
								: NULL;
		if (!has || !holds(wanted, has))
			return false;
	}
	return true;
}

static const char *describe_groups(struct arena *arena, const struct value *params, const struct value **answer)
{
	const struct value *ids = value_get(params, "GroupIds"), *filters = value_get(params, "Filters");
	for (size_t i = 0; i < count_of(filters) && !count_of(ids); i++) {
		if (value_is_text(value_get(filters->items[i], "Name"), "group-id"))
			ids = value_get(filters->items[i], "Values");
	}
	int64_t most = 1000, first = 0;
	const struct value *limit = value_get(params, "MaxResults");
	const char *token = value_get_text(params, "NextToken");
	if (limit && !number_to_int(limit->number, &most))
		return "InvalidParameterValue";
	if (token)
		first = strtol(token, NULL, 10);
	values found = {0};
	const char *next = NULL;
	size_t candidates = count_of(ids) ? count_of(ids) : groups.count;
	for (size_t i = (size_t)first; i < candidates; i++) {
		const struct group *g = count_of(ids) ? find_group(ids->items[i]->text) : groups.items[i];
		if (!g && count_of(value_get(params, "GroupIds")))
			return "InvalidGroup.NotFound";
		if (!g || !passes(g, filters))
			continue;
		if (found.count == (size_t)most) {
			next = arena_printf(arena, "%zu", i);
			break;
		}
		vec_add(&found, describe_group(arena, g));
	}
	*answer = OBJECT(arena, {"SecurityGroups", value_tuple(arena, found.items, found.count)},
			 {"NextToken", next ? text(arena, next) : NULL});
	vec_free(&found);
	return NULL;
}

/* One permission for each peer, so that one of several can be taken away. */
static void take_apart(struct arena *arena, const struct value *permissions, values *out)
{
	static const char *const peers[] = {"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"};
	for (size_t i = 0; i < count_of(permissions); i++) {
		const struct value *p = permissions->items[i];
		for (size_t k = 0; k < ARRAY_LEN(peers); k++) {
			const struct value *list = value_get(p, peers[k]);
			for (size_t n = 0; n < count_of(list); n++)
				vec_add(out, OBJECT(arena, {"IpProtocol", value_get(p, "IpProtocol")},
						    {"FromPort", value_get(p, "FromPort")}, {"ToPort", value_get(p, "ToPort")},
						    {peers[k], value_tuple(arena, &list->items[n], 1)}));
		}
	}
}

static bool same_rule(const struct value *a, const struct value *b)
{
	static const char *const parts[][2] = {{"IpRanges", "CidrIp"},
					       {"Ipv6Ranges", "CidrIpv6"},
					       {"PrefixListIds", "PrefixListId"},
					       {"UserIdGroupPairs", "GroupId"}};
	const char *protocol = value_get_text(a, "IpProtocol");
	if (strcmp(protocol, value_get_text(b, "IpProtocol")))
		return false;
	for (size_t i = 0; i < 2 && strcmp(protocol, "-1"); i++) {
		const char *port = i ? "ToPort" : "FromPort";
		const struct value *x = value_get(a, port), *y = value_get(b, port);
		if (!x != !y || (x && !value_same(x, y)))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const struct value *x = value_get(a, parts[i][0]), *y = value_get(b, parts[i][0]);
		if (!x != !y)
			return false;
		if (x)
			return !strcmp(value_get_text(x->items[0], parts[i][1]), value_get_text(y->items[0], parts[i][1]));
	}
	return false;
}

static const char *change_rules(struct arena *arena, struct group *g, bool add, bool egress, const struct value *params)
{
	values given = {0}, *rules = egress ? &g->out : &g->in;
	take_apart(arena, value_get(params, "IpPermissions"), &given);
	const char *error = NULL;
	for (size_t i = 0; i < given.count && !error; i++) {
		size_t at = 0;
		while (at < rules->count && !same_rule(rules->items[at], given.items[i]))
			at++;
		if (add && at < rules->count)
			error = "InvalidPermission.Duplicate";
		else if (add)
			vec_add(rules, value_copy(store, given.items[i]));
		else if (at == rules->count)
			error = "InvalidPermission.NotFound";
		else
			rules->items[at] = rules->items[--rules->count];
	}
	vec_free(&given);
	return error;
}

static void put_tags(struct group *g, const struct value *tags, bool add)
{
	for (size_t i = 0; i < count_of(tags); i++) {
		const char *key = value_get_text(tags->items[i], "Key"), *value = value_get_text(tags->items[i], "Value");
		map_remove(&g->tags, key);
		if (add)
			map_put(&g->tags, arena_strdup(store, key), arena_strdup(store, value ? value : ""));
	}
}

static const char *create_group(struct arena *arena, const struct value *params, const struct value **answer)
{
	const char *name = value_get_text(params, "GroupName"), *vpc = value_get_text(params, "VpcId"),
		   *description = value_get_text(params, "Description");
	struct group *g = arena_new_of(store, struct group);
	*g = (struct group){
		.name = arena_strdup(store, name),
		.vpc = arena_strdup(store, vpc ? vpc : "vpc-0123456789abcdef0"),
		.description = arena_strdup(store, description),
	};
	snprintf(g->id, sizeof(g->id), "sg-%017zx", groups.count);
	vec_add(&groups, g);
	const struct value *range = OBJECT(arena, {"CidrIp", text(arena, "0.0.0.0/0")});
	vec_add(&g->out, value_copy(store, OBJECT(arena, {"IpProtocol", text(arena, "-1")}, {"IpRanges", value_tuple(arena, &range, 1)})));
	const struct value *specs = value_get(params, "TagSpecifications");
	for (size_t i = 0; i < count_of(specs); i++)
		put_tags(g, value_get(specs->items[i], "Tags"), true);
	*answer = OBJECT(arena, {"GroupId", text(arena, g->id)}, {"Tags", describe_tags(arena, g)});
	return NULL;
}

static const char *delete_group(const char *id)
{
	struct group *g = find_group(id);
	if (!g)
		return "InvalidGroup.NotFound";
	groups.items[strtoul(id + 3, NULL, 16)] = NULL;
	vec_free(&g->in);
	vec_free(&g->out);
	map_release(&g->tags);
	return NULL;
}

/* The error's code, or NULL. */
static const char *act(struct arena *arena, const char *action, const struct value *params, const struct value **answer)
{
	*answer = OBJECT(arena, {"Return", &value_true});
	const char *id = value_get_text(params, "GroupId");
	if (!strcmp(action, "DescribeSecurityGroups"))
		return describe_groups(arena, params, answer);
	if (!strcmp(action, "CreateSecurityGroup"))
		return create_group(arena, params, answer);
	if (!strcmp(action, "DeleteSecurityGroup"))
		return delete_group(id);
	if (!strncmp(action, "Authorize", 9) || !strncmp(action, "Revoke", 6)) {
		struct group *g = find_group(id);
		return g ? change_rules(arena, g, *action == 'A', strstr(action, "Egress") != NULL, params) : "InvalidGroup.NotFound";
	}
	if (!strcmp(action, "CreateTags") || !strcmp(action, "DeleteTags")) {
		const struct value *ids = value_get(params, "Resources");
		*answer = value_object(arena, NULL, NULL, 0);
		for (size_t i = 0; i < count_of(ids); i++) {
			struct group *g = find_group(ids->items[i]->text);
			if (!g)
				return "InvalidGroup.NotFound";
			put_tags(g, value_get(params, "Tags"), *action == 'C');
		}
		return NULL;
	}
	if (!strcmp(action, "DescribeNetworkInterfaces")) { /* no group is in use */
		*answer = OBJECT(arena, {"NetworkInterfaces", value_tuple(arena, NULL, 0)});
		return NULL;
	}
	if (!strcmp(action, "GetCallerIdentity")) {
		*answer = OBJECT(arena, {"Account", text(arena, account)}, {"UserId", text(arena, "AIDABENCH")},
				 {"Arn", text(arena, "arn:aws:iam::123456789012:user/bench")});
		return NULL;
	}
	return "UnknownOperation";
}

/* ---- HTTP ---- */

struct late {
	struct server *server;
	int fd;
	unsigned status;
	char *body;
};

static void answer_late(void *ctx)
{
	struct late *late = ctx;
	server_answer(late->server, late->fd, late->status, "Content-Type: text/xml\r\n", late->body);
	free(late->body);
	free(late);
}

static void send_answer(const struct server_request *r, unsigned status, const char *body)
{
	if (!latency_ms) {
		server_answer(r->server, r->fd, status, "Content-Type: text/xml\r\n", body);
		return;
	}
	struct late *late = malloc(sizeof(*late));
	*late = (struct late){r->server, r->fd, status, strdup(body)};
	loop_timer(r->server->loop, latency_ms, answer_late, late);
}

static void tell_counts(const struct server_request *r)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (struct map_entry *e = map_first(&counts); e; e = map_next(&counts, e))
		buf_addf(&out, "%zu %s\n", (size_t)(uintptr_t)e->value, e->key);
	map_release(&counts);
	counts = (struct map)MAP_INIT;
	server_answer(r->server, r->fd, 200, "", buf_text(&out));
}

static void handle(void *ctx, const struct server_request *r)
{
	static const char *const services[] = {"ec2", "sts"};
	(void)ctx;
	if (!strcmp(r->target, "/counts")) {
		tell_counts(r);
		return;
	}
	struct arena *arena = arena_new();
	char type[128];
	struct http_header header = {"content-type", server_header(r, "Content-Type", type, sizeof(type))};
	struct aws_incoming in = {r->method, r->target, "", &header, 1, r->body, r->body_len};
	const struct aws_operation *op = NULL;
	for (size_t i = 0; i < ARRAY_LEN(services) && !op; i++)
		op = aws_match_operation(aws_service_find(services[i]), &in);
	AUTO_BUF struct buf why = BUF_INIT;
	struct aws_reply reply = {.status = 400, .body = "<Response><Errors><Error><Code>InvalidAction</Code></Error></Errors></Response>"};
	if (op) {
		const char *action = aws_text(op->name);
		map_put(&counts, action, (void *)((uintptr_t)map_find(&counts, action) + 1));
		const char *unknown;
		const struct value *params = aws_decode_request(arena, op, &in, &unknown, &why), *answer = NULL;
		const char *error = params ? act(arena, action, params, &answer) : "MalformedQueryString";
		if (error) {
			struct aws_failure failure = {.code = error, .message = buf_text(&why), .request_id = "bench"};
			aws_encode_error(arena, op, &failure, &reply);
		} else if (!aws_encode_answer(arena, op, answer, "bench", &reply, &why)) {
			bug("%s: %s", action, buf_text(&why));
		}
	}
	send_answer(r, reply.status, reply.body);
	arena_free(arena);
}

static void at_end(void *ctx, int fd, unsigned events)
{
	(void)ctx, (void)events;
	char byte;
	if (read(fd, &byte, 1) <= 0)
		_exit(0);
}

int main(int argc, char **argv)
{
	latency_ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	store = arena_new();
	struct loop *loop = loop_new();
	struct server *server = server_start(loop, handle, NULL);
	loop_watch_fd(loop, STDIN_FILENO, LOOP_READ, at_end, NULL);
	puts(server->url);
	fflush(stdout);
	loop_run(loop);
	return 0;
}
