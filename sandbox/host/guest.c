/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VPC is a router: a network namespace to which each host of it has a cable of its own. There is no bridge, so
 * that all traffic, that of neighbours too, passes the router.
 */
#include "sandbox/host/guest.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/loop.h"
#include "lang/value/value.h"
#include "sandbox/host/filter.h"
#include "sandbox/host/hostd.h"
#include "sandbox/host/metadata.h"
#include "sandbox/host/names.h"
#include "sandbox/host/probe.h"
#include "sandbox/host/routes.h"
#include "sandbox/host/share.h"
#include "sandbox/host/user_data.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void guests_trouble(struct guests *g, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	g->trouble(g->ctx, buf_text(&text));
	buf_release(&text);
}

int guests_init(struct guests *g, struct loop *loop, void (*on_trouble)(void *ctx, const char *text), void *ctx)
{
	g->loop = loop;
	g->trouble = on_trouble;
	g->ctx = ctx;
	g->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return g->home < 0 ? errno : internet_open(g);
}

/* ---- routers ---- */

static struct in_addr address_of(const char *text)
{
	struct in_addr address = {0};
	if (text && inet_pton(AF_INET, text, &address) != 1)
		address.s_addr = 0;
	return address;
}

void guests_leave(const struct guests *g)
{
	if (setns(g->home, CLONE_NEWNET) < 0)
		bug("no way back into our own network: %s", strerror(errno));
}

/* A namespace without a process: it lives as long as we hold it. */
static int open_space(struct guests *g, struct router *router)
{
	if (unshare(CLONE_NEWNET) < 0)
		return errno;
	router->space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int error = router->space < 0 ? errno : netlink_open(&router->nl, NETLINK_ROUTE);
	guests_leave(g);
	return error;
}

static void router_free(struct guests *g, struct router *router)
{
	for (size_t i = 0; i < g->routers.count; i++) {
		if (g->routers.items[i] == router)
			g->routers.items[i] = g->routers.items[--g->routers.count];
	}
	targets_forget(g, router);
	routes_forget(router);
	internet_detach(g, router);
	metadata_close(router->metadata);
	netlink_close(&router->nl);
	buf_release(&router->filter);
	if (router->space >= 0)
		close(router->space);
	free(router->vpc);
	free(router);
}

struct router *guests_router(const struct guests *g, const char *vpc)
{
	for (size_t i = 0; i < g->routers.count; i++) {
		if (!strcmp(g->routers.items[i]->vpc, vpc))
			return g->routers.items[i];
	}
	return NULL;
}

static struct router *router_of(struct guests *g, const char *vpc)
{
	struct router *router = guests_router(g, vpc);
	if (router)
		return router;
	router = xcalloc(1, sizeof(*router));
	*router = (struct router){.vpc = xstrdup(vpc), .space = -1, .nl = NETLINK_INIT};
	int error = open_space(g, router);
	error = error ? error : link_up(&router->nl, "lo");
	error = error ? error : internet_attach(g, router);
	vec_add(&g->routers, router);
	if (!error && !(router->metadata = metadata_open(g, router)))
		error = errno;
	if (!error)
		return router;
	guests_trouble(g, "the network of %s cannot be made: %s", vpc, strerror(error));
	router_free(g, router);
	return NULL;
}

int guests_enter(const struct guests *g, const struct router *router)
{
	(void)g;
	return setns(router->space, CLONE_NEWNET) < 0 ? errno : 0;
}

int guests_socket(const struct guests *g, const struct router *router, int type)
{
	int error = guests_enter(g, router), fd = error ? -1 : socket(AF_INET, type | SOCK_CLOEXEC, 0);
	error = error ? error : errno;
	guests_leave(g);
	errno = error;
	return fd;
}

static void forget_empty_routers(struct guests *g)
{
	for (size_t i = g->routers.count; i-- > 0;) {
		bool used = false;
		for (size_t k = 0; k < g->list.count && !used; k++)
			used = g->list.items[k]->router == g->routers.items[i];
		if (!used)
			router_free(g, g->routers.items[i]);
	}
}

/* ---- one host ---- */

struct guest *guests_find(const struct guests *g, const char *name)
{
	struct in_addr address = address_of(name);
	for (size_t i = 0; i < g->list.count; i++) {
		struct guest *guest = g->list.items[i];
		if (!strcmp(guest->id, name) || (guest->public_name && !strcmp(guest->public_name, name)) ||
		    (address.s_addr && guest->public_address.s_addr == address.s_addr))
			return guest;
	}
	return NULL;
}

void group_names_set(struct group_names *names, const struct value *list)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	vec_free(names);
	for (uint32_t i = 0; list && list->state == VALUE_KNOWN && !type_is_primitive(list->type) && i < list->count; i++) {
		if (value_is_a(list->items[i], TYPE_STRING))
			vec_add(names, xstrdup(list->items[i]->text));
	}
}

/*
 * From "running" to the begin of user data: at AWS some twenty seconds, in which volumes that are to be attached to it
 * are, and in which scripts need not wait for them.
 */
enum { BOOT_MS = 400 };

static void on_end(void *ctx, pid_t pid, int status)
{
	struct guest *guest = ctx;
	(void)pid;
	guest->pid = 0;
	if (WIFEXITED(status) && (WEXITSTATUS(status) == INSTANCE_REBOOT || WEXITSTATUS(status) == INSTANCE_POWEROFF)) {
		guest->all->ended(guest->all->ctx, guest->id, WEXITSTATUS(status) == INSTANCE_REBOOT);
		return;
	}
	guests_trouble(guest->all, "the host %s has ended; its console says why", guest->id);
}

static void guest_free(struct guests *g, struct guest *guest)
{
	if (guest->pid) {
		loop_child_forget(g->loop, guest->pid);
		kill(guest->pid, SIGKILL);
		while (waitpid(guest->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	loop_timer_cancel(g->loop, guest->timer);
	if (guest->words >= 0)
		close(guest->words);
	/* the cable may be gone with the host's network already */
	if (guest->router)
		(void)!link_delete(&guest->router->nl, guest->link);
	for (size_t i = 0; i < g->list.count; i++) {
		if (g->list.items[i] == guest)
			g->list.items[i] = g->list.items[--g->list.count];
	}
	group_names_set(&guest->groups, NULL);
	arena_free(guest->arena);
	free(guest->id);
	free(guest->vpc);
	free(guest->subnet);
	free(guest->public_name);
	free(guest);
}

void guests_forget(struct guests *g, const char *id)
{
	struct guest *guest = guests_find(g, id);
	if (guest)
		guest_free(g, guest);
}

/*
 * pid 1 of the host: only the pipe goes with it. It is root in a namespace of users within ours, so that what we have
 * mounted read-only remains so, and what is ours is out of its reach.
 */
static NORETURN void inside(const struct instance_plan *plan, int go)
{
	if (dup2(go, 3) < 0 || syscall(SYS_close_range, 4u, ~0u, 0u) < 0 || host_be_root(0, 0))
		_exit(1);
	instance_live(plan, 3);
}

static int attach(struct guest *guest, const struct instance_plan *plan)
{
	struct netlink *nl = &guest->router->nl;
	struct in_addr none = {0};
	int error = link_veth(nl, guest->link, plan->card, guest->pid, plan->has_mac ? plan->mac : NULL);
	if (!error && guest->router->gateway.s_addr != plan->gateway.s_addr) /* of a subnet, which many share */
		error = link_address(nl, "lo", plan->gateway, 32);
	guest->router->gateway = plan->gateway;
	error = error ? error : link_forward(nl, guest->link);
	error = error ? error : link_up(nl, guest->link);
	return error ? error : route_add(nl, plan->address, 32, guest->link, none);
}

static int boot(struct guest *guest, const struct instance_plan *plan)
{
	int go[2];
	if ((mkdir(plan->directory, 0700) < 0 && errno != EEXIST) || pipe2(go, O_CLOEXEC) < 0)
		return errno;
	long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		inside(plan, go[0]);
	int error = pid < 0 ? errno : 0;
	close(go[0]);
	if (!error) {
		guest->pid = (pid_t)pid;
		loop_child(guest->all->loop, guest->pid, on_end, guest);
		error = attach(guest, plan);
	}
	if (error)
		close(go[1]); /* then it gives up */
	else
		guest->words = go[1];
	return error;
}

/* ---- names ---- */

/* Of the hosts of a VPC: their private names, with and without the domain, and their public ones, which in it mean the private address. */
static void list_names(const struct guests *g, const struct router *router, struct buf *out)
{
	for (size_t i = 0; i < g->list.count; i++) {
		const struct guest *guest = g->list.items[i];
		char address[INET_ADDRSTRLEN] = "";
		if (guest->router != router || !guest->private_name)
			continue;
		inet_ntop(AF_INET, &guest->address, address, sizeof(address));
		buf_addf(out, "%s %s %.*s", address, guest->private_name, (int)strcspn(guest->private_name, "."), guest->private_name);
		if (guest->public_name)
			buf_addf(out, " %s", guest->public_name);
		buf_addc(out, '\n');
	}
}

static void set_names(struct guests *g, const struct guest *guest, const struct buf *neighbours)
{
	AUTO_BUF struct buf directory = BUF_INIT, own = BUF_INIT, names = BUF_INIT;
	char address[INET_ADDRSTRLEN] = "";
	inet_ntop(AF_INET, &guest->address, address, sizeof(address));
	buf_addf(&directory, "%s/%s", g->disks, guest->id);
	buf_addf(&own, "127.0.0.1 localhost\n169.254.169.254 instance-data.ec2.internal instance-data\n%s %s\n", address, guest->hostname);
	buf_addf(&names, HOST_INTERNET_USER " checkip.amazonaws.com\n%s%s", guest->names, guest->private_name ? buf_text(neighbours) : "");
	int error = mkdir(buf_text(&directory), 0700) < 0 && errno != EEXIST ? errno : names_set(buf_text(&directory), buf_text(&own), buf_text(&names));
	if (error)
		guests_trouble(g, "/etc/hosts of %s cannot be written: %s", guest->id, strerror(error));
}

static void set_all_names(struct guests *g)
{
	for (size_t i = 0; i < g->routers.count; i++) {
		AUTO_BUF struct buf neighbours = BUF_INIT;
		list_names(g, g->routers.items[i], &neighbours);
		for (size_t k = 0; k < g->list.count; k++) {
			if (g->list.items[k]->router == g->routers.items[i])
				set_names(g, g->list.items[k], &neighbours);
		}
	}
}

/* ---- start ---- */

void guests_tell(const struct guests *g, const char *id, enum instance_word word)
{
	const struct guest *guest = guests_find(g, id);
	/* who does not listen has ended, and we shall see that */
	if (guest && guest->words >= 0 && write(guest->words, &(char){(char)word}, 1) < 0)
		return;
}

static void guest_start(struct guests *g, struct arena *arena, const struct value *order, struct guest *guest)
{
	const char *id = guest->id, *data = value_get_text(order, "user_data"), *key = value_get_text(order, "key");
	const struct value *prefix = value_get(order, "prefix");
	int64_t bits = 0;
	struct buf text = BUF_INIT;
	struct user_data meaning = {0};
	const struct value *xen = value_get(order, "xen");
	const char *image_user = value_get_text(order, "user");
	const bool is_amazon = image_user && !strcmp(image_user, "ec2-user");
	struct instance_plan plan = {
		.id = id,
		.directory = arena_printf(arena, "%s/%s", g->disks, id),
		.shares = g->shares,
		.volumes = arena_printf(arena, "%s/%s/volumes", g->disks, id),
		.program = g->program,
		.usr = is_amazon ? g->usr_amazon : g->usr_apt,
		.shims = is_amazon ? g->shims_amazon : g->shims_apt,
		.image = value_get_text(order, "image"),
		.accelerator = value_get_text(order, "accelerator"),
		.xen = xen && value_is_true(xen),
		.hostname = value_get_text(order, "hostname"),
		.user = value_get_text(order, "user"),
		.public_key = key,
		.address = guest->address,
		.gateway = address_of(value_get_text(order, "gateway")),
	};
	/* as these systems call them: by place on Nitro, but for Amazon Linux 2 */
	plan.card = plan.xen || (plan.image && strstr(plan.image, "amzn2")) ? "eth0" : "ens5";
	const char *mac = value_get_text(order, "mac");
	unsigned char *m = plan.mac;
	plan.has_mac = mac && sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) == 6;
	if (data && base64_decode(BASE64_STANDARD, data, strlen(data), &text)) {
		plan.user_data = buf_text(&text);
		plan.user_data_len = text.len;
		meaning = user_data_read(arena, plan.user_data, text.len, &(struct user_data_options){.user = image_user ? image_user : "ubuntu"});
		plan.data = &meaning;
	}
	bool read = prefix && value_is_a(prefix, TYPE_NUMBER) && number_to_int(prefix->number, &bits) && bits > 0 && bits <= 32;
	plan.prefix = (unsigned)bits;
	if (!read || !plan.hostname || !plan.user || !guest->vpc || !plan.address.s_addr || !plan.gateway.s_addr) {
		guests_trouble(g, "the order for %s is not complete", id);
	} else if (guest->router) {
		int error = boot(guest, &plan);
		if (error)
			guests_trouble(g, "the host %s cannot be started: %s", id, strerror(error));
	}
	buf_release(&text);
}

/* ---- all ---- */

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static const char *names_of(struct arena *arena, const struct value *list)
{
	AUTO_BUF struct buf text = BUF_INIT;
	for (uint32_t i = 0; list && !type_is_primitive(list->type) && i < list->count; i++) {
		const char *address = value_get_text(list->items[i], "address"), *name = value_get_text(list->items[i], "name");
		if (address && name)
			buf_addf(&text, "%s %s\n", address, name);
	}
	return arena_strdup(arena, buf_text(&text));
}

/* What may change while a host runs. */
static void refresh(struct guest *guest, const struct value *order)
{
	const struct value *check = value_get(order, "source_check");
	free(guest->public_name);
	guest->public_name = copy_or_null(value_get_text(order, "public_name"));
	guest->public_address = address_of(value_get_text(order, "public"));
	guest->source_check = !check || value_is_true(check);
	group_names_set(&guest->groups, value_get(order, "groups"));
	arena_free(guest->arena);
	guest->arena = arena_new();
	guest->hostname = arena_strdup(guest->arena, value_get_text(order, "hostname") ? value_get_text(order, "hostname") : guest->id);
	guest->private_name = value_get_text(order, "private_name") ? arena_strdup(guest->arena, value_get_text(order, "private_name")) : NULL;
	guest->names = names_of(guest->arena, value_get(order, "names"));
	guest->metadata = value_get(order, "metadata") ? value_copy(guest->arena, value_get(order, "metadata")) : NULL;
}

/* Ids become names of directories. */
static bool is_id(const char *id)
{
	return id && !strncmp(id, "i-", 2) && strlen(id) < 32 && strspn(id + 2, "0123456789abcdef") == strlen(id + 2);
}

static void begin_user_data(void *ctx)
{
	struct guest *guest = ctx;
	guest->timer = 0;
	guests_tell(guest->all, guest->id, INSTANCE_STARTED);
}

static bool shall_run(const struct value *order)
{
	const struct value *running = value_get(order, "running");
	return is_id(value_get_text(order, "id")) && running && value_is_true(running);
}

static int64_t boot_of(const struct value *order)
{
	const struct value *boot = value_get(order, "boot");
	int64_t n = 0;
	return boot && value_is_a(boot, TYPE_NUMBER) && number_to_int(boot->number, &n) ? n : 0;
}

static void end_unwanted(struct guests *g, const struct value *hosts)
{
	for (size_t i = 0; i < g->list.count; i++)
		g->list.items[i]->wanted = false;
	for (uint32_t i = 0; i < hosts->count; i++) {
		struct guest *guest = shall_run(hosts->items[i]) ? guests_find(g, value_get_text(hosts->items[i], "id")) : NULL;
		if (guest) /* one that is rebooted ends, and begins anew */
			guest->wanted = guest->boot == boot_of(hosts->items[i]);
	}
	for (size_t i = 0; i < g->list.count; i++) { /* all at once, for each takes the kernel its time */
		if (!g->list.items[i]->wanted && g->list.items[i]->pid)
			kill(g->list.items[i]->pid, SIGKILL);
	}
	for (size_t i = g->list.count; i-- > 0;) {
		if (!g->list.items[i]->wanted)
			guest_free(g, g->list.items[i]);
	}
}

/* Those that are there, too. */
static void meet(struct guests *g, const struct value *order)
{
	const char *id = value_get_text(order, "id");
	struct guest *guest = guests_find(g, id);
	if (!guest) {
		guest = xcalloc(1, sizeof(*guest));
		*guest = (struct guest){.all = g, .words = -1, .id = xstrdup(id), .vpc = copy_or_null(value_get_text(order, "vpc")),
					.subnet = copy_or_null(value_get_text(order, "subnet")), .is_new = true, .wanted = true, .boot = boot_of(order),
					.address = address_of(value_get_text(order, "address"))};
		snprintf(guest->link, sizeof(guest->link), "i-%.12s", id + strlen(id) - (strlen(id) > 12 ? 12 : strlen(id) - 2));
		guest->router = guest->vpc ? router_of(g, guest->vpc) : NULL;
		vec_add(&g->list, guest);
	}
	refresh(guest, order);
}

static void start_new(struct guests *g, struct arena *arena, const struct value *order)
{
	struct guest *guest = guests_find(g, value_get_text(order, "id"));
	if (guest->is_new)
		guest_start(g, arena, order, guest);
}

static void tell(struct guests *g, const struct value *order)
{
	struct guest *guest = guests_find(g, value_get_text(order, "id"));
	const struct value *started = value_get(order, "started");
	if (guest->is_new) {
		guest->is_new = false;
		guest->started_ms = loop_now_ms(g->loop);
		guests_tell(g, guest->id, INSTANCE_GO);
	}
	if (!guest->started && started && value_is_true(started)) {
		guest->started = true;
		guest->timer = loop_timer(g->loop, BOOT_MS, begin_user_data, guest);
	}
}

/*
 * Hosts go when all that is around them stands: nothing that they do first is lost, or gets past the security groups. And
 * the kernel makes their cables, one at a time, faster while none of them is busy.
 */
void guests_apply(struct guests *g, const struct value *order)
{
	struct arena *arena = arena_new();
	const struct value *hosts = value_get(order, "hosts");
	shares_apply(g, value_get(order, "shares"));
	end_unwanted(g, hosts);
	for (uint32_t i = 0; i < hosts->count; i++) {
		if (shall_run(hosts->items[i]))
			meet(g, hosts->items[i]);
	}
	forget_empty_routers(g);
	set_all_names(g);
	targets_apply(g, value_get(order, "targets"));
	routes_apply(g, value_get(order, "subnets"));
	for (size_t i = 0; i < g->routers.count; i++) {
		int error = filter_apply(g, g->routers.items[i], value_get(order, "rules"));
		if (error)
			guests_trouble(g, "the security groups of %s cannot be set: %s", g->routers.items[i]->vpc, strerror(error));
	}
	for (uint32_t i = 0; i < hosts->count; i++) {
		if (shall_run(hosts->items[i]))
			start_new(g, arena, hosts->items[i]);
	}
	for (uint32_t i = 0; i < hosts->count; i++) {
		if (shall_run(hosts->items[i]))
			tell(g, hosts->items[i]);
	}
	arena_free(arena);
}
