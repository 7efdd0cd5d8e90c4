/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a router:
 *
 *     rule   0: local          its own addresses: metadata, mount targets
 *     rule 100: main           each host by its cable; the rest of the VPC is nowhere
 *     rule 200: iif LINK: 1000 + n      the table of the n-th subnet, for each host in it
 *     rule 32767: default      the internet, for packets of the router's own and for what comes from there
 *
 * and on the internet each public address, by the cable of its VPC.
 */
#include "sandbox/host/routes.h"

#include "base/buf.h"
#include "base/loop.h"
#include "lang/value/value.h"
#include "sandbox/host/hostd.h"
#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RULE_MAIN = 100, RULE_SUBNET = 200, TABLE_FIRST = 1000, PAGE_PORT = 80 };

static const char uplink[] = INTERNET_LINK;

static struct in_addr address_of(const char *text)
{
	struct in_addr address = {0};
	if (text && inet_pton(AF_INET, text, &address) != 1)
		address.s_addr = 0;
	return address;
}

static struct in_addr bits_of(unsigned prefix)
{
	return (struct in_addr){htonl(prefix ? UINT32_MAX << (32 - prefix) : 0)};
}

bool network_read(const char *text, struct in_addr *network, unsigned *prefix)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : 0, text);
	unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 33;
	*prefix = (unsigned)bits;
	if (bits > 32 || inet_pton(AF_INET, address, network) != 1)
		return false;
	network->s_addr &= bits_of(*prefix).s_addr;
	return true;
}

/* ---- what there is, and what shall be ---- */

static bool is_same_place(const struct way *a, const struct way *b)
{
	return a->is_rule == b->is_rule && a->route.table == b->route.table && a->route.prefix == b->route.prefix &&
	       a->route.network.s_addr == b->route.network.s_addr && (!a->is_rule || !strcmp(a->link, b->link));
}

static bool is_same(const struct way *a, const struct way *b)
{
	return is_same_place(a, b) && a->route.type == b->route.type && a->route.link == b->route.link &&
	       a->route.gateway.s_addr == b->route.gateway.s_addr;
}

static bool has(const struct ways *ways, const struct way *way, bool (*same)(const struct way *, const struct way *))
{
	for (size_t i = 0; i < ways->count; i++) {
		if (same(&ways->items[i], way))
			return true;
	}
	return false;
}

static int change(struct netlink *nl, bool add, const struct way *way)
{
	return way->is_rule ? rule_change(nl, add, way->link, way->route.table, RULE_SUBNET) : route_change(nl, add, &way->route);
}

/* New ones first, so that what only changes is there all the time. */
static void ways_set(struct guests *g, struct netlink *nl, struct ways *ways, struct ways *wanted, const char *whose)
{
	for (size_t i = 0; i < wanted->count;) {
		int error = has(ways, &wanted->items[i], is_same) ? 0 : change(nl, true, &wanted->items[i]);
		if (error)
			guests_trouble(g, "a route of %s cannot be set: %s", whose, strerror(error));
		if (error)
			wanted->items[i] = vec_pop(wanted);
		else
			i++;
	}
	for (size_t i = 0; i < ways->count; i++) {
		/* one that went with its link, or was replaced, is gone */
		if (!has(wanted, &ways->items[i], is_same_place))
			(void)!change(nl, false, &ways->items[i]);
	}
	vec_free(ways);
	*ways = *wanted;
	*wanted = (struct ways){0};
}

/* ---- tables of subnets ---- */

static uint32_t table_of(struct router *router, const char *subnet)
{
	size_t i = 0;
	while (i < router->subnets.count && strcmp(router->subnets.items[i], subnet) != 0)
		i++;
	if (i == router->subnets.count)
		vec_add(&router->subnets, xstrdup(subnet));
	return TABLE_FIRST + (uint32_t)i;
}

static const struct guest *guest_at(const struct guests *g, const struct router *router, struct in_addr address)
{
	for (size_t i = 0; i < g->list.count; i++) {
		const struct guest *guest = g->list.items[i];
		if (guest->router == router && guest->address.s_addr == address.s_addr)
			return guest;
	}
	return NULL;
}

static void add_route(struct guests *g, struct router *router, struct ways *out, uint32_t table, const struct value *order)
{
	const char *to = value_get_text(order, "to"), *by = value_get_text(order, "by");
	struct in_addr address = address_of(value_get_text(order, "address"));
	struct way way = {.route = {.table = table, .type = RTN_BLACKHOLE}};
	if (!to || !by || !network_read(to, &way.route.network, &way.route.prefix))
		return;
	if (!strcmp(by, "local"))
		way.route.table = RT_TABLE_MAIN; /* it comes before all others, and holds its hosts */
	const struct guest *guest = !strcmp(by, "host") ? guest_at(g, router, address) : NULL;
	way.is_nat = !strcmp(by, "nat") && address.s_addr;
	if (guest || way.is_nat || !strcmp(by, "internet")) {
		way.route.type = RTN_UNICAST;
		way.route.gateway = guest || way.is_nat ? address : address_of(INTERNET_GATEWAY);
		way.route.link = link_index(&router->nl, guest ? guest->link : uplink);
	}
	if (!has(out, &way, is_same_place))
		vec_add(out, way);
}

static void add_table(struct guests *g, struct router *router, struct ways *out, uint32_t table, const struct value *routes)
{
	struct way rest = {.route = {.table = table, .type = RTN_UNREACHABLE}};
	for (uint32_t i = 0; routes && !type_is_primitive(routes->type) && i < routes->count; i++)
		add_route(g, router, out, table, routes->items[i]);
	if (!has(out, &rest, is_same_place))
		vec_add(out, rest);
}

static void set_router(struct guests *g, struct router *router, const struct value *subnets)
{
	struct ways wanted = {0};
	for (uint32_t i = 0; i < subnets->count; i++) {
		const struct value *order = subnets->items[i];
		const char *id = value_get_text(order, "id");
		if (id && value_is_text(value_get(order, "vpc"), router->vpc))
			add_table(g, router, &wanted, table_of(router, id), value_get(order, "routes"));
	}
	for (size_t i = 0; i < g->list.count; i++) {
		const struct guest *guest = g->list.items[i];
		struct way rule = {.is_rule = true};
		if (guest->router != router || !guest->subnet)
			continue;
		rule.route.table = table_of(router, guest->subnet);
		snprintf(rule.link, sizeof(rule.link), "%s", guest->link);
		vec_add(&wanted, rule);
	}
	ways_set(g, &router->nl, &router->ways, &wanted, router->vpc);
}

/* ---- the internet ---- */

static void add_public(struct guests *g, struct ways *out, const struct router *router, struct in_addr address)
{
	char cable[16];
	snprintf(cable, sizeof(cable), "v-%u", router->number);
	struct way way = {.route = {.network = address, .prefix = 32, .table = RT_TABLE_MAIN, .type = RTN_UNICAST, .link = link_index(&g->nl, cable)}};
	if (address.s_addr && !has(out, &way, is_same_place))
		vec_add(out, way);
}

struct in_addr way_nat(const struct way *way)
{
	return way->is_nat ? way->route.gateway : (struct in_addr){0};
}

static void set_internet(struct guests *g)
{
	struct ways wanted = {0};
	for (size_t i = 0; i < g->list.count; i++) {
		if (g->list.items[i]->router)
			add_public(g, &wanted, g->list.items[i]->router, g->list.items[i]->public_address);
	}
	for (size_t i = 0; i < g->routers.count; i++) {
		for (size_t k = 0; k < g->routers.items[i]->ways.count; k++)
			add_public(g, &wanted, g->routers.items[i], way_nat(&g->routers.items[i]->ways.items[k]));
	}
	ways_set(g, &g->nl, &g->ways, &wanted, "the internet");
}

void routes_apply(struct guests *g, const struct value *subnets)
{
	for (size_t i = 0; i < g->routers.count; i++)
		set_router(g, g->routers.items[i], subnets);
	set_internet(g);
}

void routes_forget(struct router *router)
{
	for (size_t i = 0; i < router->subnets.count; i++)
		free(router->subnets.items[i]);
	vec_free(&router->subnets);
	vec_free(&router->ways);
}

bool routes_lead_out(const struct guest *guest, struct in_addr to)
{
	struct router *router = guest->router;
	const struct way *best = NULL;
	uint32_t table = router && guest->subnet ? table_of(router, guest->subnet) : 0;
	for (size_t i = 0; table && i < router->ways.count; i++) {
		const struct way *way = &router->ways.items[i];
		if (!way->is_rule && way->route.table == table && (to.s_addr & bits_of(way->route.prefix).s_addr) == way->route.network.s_addr &&
		    (!best || way->route.prefix > best->route.prefix))
			best = way;
	}
	return best && best->route.gateway.s_addr == address_of(INTERNET_GATEWAY).s_addr;
}

/* Who asks is told by which address the internet sees him. */
static void on_request(void *ctx, struct http_exchange *x)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *peer = http_exchange_request(x)->peer;
	(void)ctx;
	buf_addf(&text, "%s\n", peer ? peer : "");
	http_exchange_answer(x, 200, &(struct http_header){"Content-Type", "text/plain"}, 1, text.ptr, text.len);
}

static int open_page(struct guests *g)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PAGE_PORT), .sin_addr = address_of(HOST_INTERNET_USER)};
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0)
		return errno;
	return http_server_new(g->loop, &(struct http_server_options){.listener = steal_fd(&fd)}, on_request, g, &why) ? 0 : EIO;
}

bool internet_may_have(const struct guests *g, struct in_addr address)
{
	static const char *const others[] = {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"};
	struct in_addr network;
	unsigned prefix;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (network_read(others[i], &network, &prefix) && (address.s_addr & bits_of(prefix).s_addr) == network.s_addr)
			return false;
	}
	for (size_t i = 0; i < g->ways.count; i++) {
		if (g->ways.items[i].route.network.s_addr == address.s_addr)
			return false;
	}
	return true;
}

int internet_user(struct guests *g, struct in_addr address)
{
	return link_address(&g->nl, "lo", address, 32);
}

int internet_open(struct guests *g)
{
	g->nl = (struct netlink)NETLINK_INIT;
	int error = netlink_open(&g->nl, NETLINK_ROUTE);
	error = error ? error : link_up(&g->nl, "lo");
	error = error ? error : link_address(&g->nl, "lo", address_of(INTERNET_GATEWAY), 32);
	error = error ? error : internet_user(g, address_of(HOST_INTERNET_USER));
	return error ? error : open_page(g);
}

int internet_attach(struct guests *g, struct router *router)
{
	char cable[16];
	router->number = ++g->cables;
	snprintf(cable, sizeof(cable), "v-%u", router->number);
	int error = link_cable(&g->nl, cable, uplink, router->space);
	error = error ? error : link_forward(&g->nl, cable);
	error = error ? error : link_up(&g->nl, cable);
	error = error ? error : link_forward(&router->nl, uplink);
	error = error ? error : link_up(&router->nl, uplink);
	error = error ? error : rule_change(&router->nl, true, NULL, RT_TABLE_MAIN, RULE_MAIN);
	struct route out = {.gateway = address_of(INTERNET_GATEWAY), .table = RT_TABLE_DEFAULT, .type = RTN_UNICAST};
	if (!error) {
		out.link = link_index(&router->nl, uplink);
		error = route_change(&router->nl, true, &out);
	}
	return error;
}

void internet_detach(struct guests *g, struct router *router)
{
	char cable[16];
	snprintf(cable, sizeof(cable), "v-%u", router->number);
	if (router->number)
		(void)!link_delete(&g->nl, cable);
}
