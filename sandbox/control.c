/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/control.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "sandbox/census.h"
#include "sandbox/faults.h"
#include "sandbox/host/hosts.h"
#include "sandbox/local_socket.h"
#include "sandbox/run.h"
#include "sandbox/store.h"
#include "sandbox/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char socket_name[] = "socket";
enum { ORDER_LIMIT = 64 << 10, WAIT_SECONDS = 30 };

struct client {
	struct control *control;
	int fd;
	struct buf order;
};

struct control {
	struct world *world;
	int fd;
	VEC(struct client *) clients;
};

/* ---- orders ---- */

/* Whether requests can be what an order names: one that nothing fits would wait for ever. */
static bool check_operation(const struct library *library, const struct value *order, struct buf *why)
{
	const char *of = value_get_text(order, "service"), *named = value_get_text(order, "operation");
	VEC(const char *) services = {0}, operations = {0};
	bool found = false;
	for (struct map_entry *s = map_first(&library->services); s; s = map_next(&library->services, s)) {
		const struct service *service = s->value;
		vec_add(&services, s->key);
		if (of && !text_like(of, s->key))
			continue;
		for (struct map_entry *o = map_first(&service->operations); o; o = map_next(&service->operations, o)) {
			vec_add(&operations, o->key);
			found |= !named || text_like(named, o->key);
		}
	}
	if (!found) {
		bool strange = of && !operations.count;
		const char *near = strange ? nearest_name(of, services.items, services.count)
				   : named ? nearest_name(named, operations.items, operations.count) : NULL;
		if (strange)
			buf_addf(why, "the sandbox knows no service \"%s\"", of);
		else
			buf_addf(why, "the sandbox knows no operation \"%s\"%s%s", named, of ? " of " : "", of ? of : "");
		if (near)
			buf_addf(why, "; did you mean \"%s\"?", near);
	}
	vec_free(&services);
	vec_free(&operations);
	return found;
}

static bool add_fault(struct world *world, const struct value *order, struct buf *out)
{
	if (!check_operation(world->library, order, out))
		return false;
	unsigned number = faults_add(world->faults, order, world->now_ms, out);
	if (!number)
		return false;
	world_fault_ordered(world);
	buf_addf(out, "Fault %u is ordered.\n", number);
	return true;
}

static bool remove_fault(struct world *world, const struct value *order, struct buf *out)
{
	const struct value *v = value_get(order, "number");
	int64_t number = 0;
	if (v && value_is_a(v, TYPE_NUMBER) && number_to_int(v->number, &number) && number > 0 && number < UINT32_MAX &&
	    faults_remove(world->faults, (unsigned)number))
		return true;
	buf_addf(out, "there is no fault %lld; `infra sandbox fault list` shows their numbers", (long long)number);
	return false;
}

static bool do_order(struct world *world, const struct value *order, struct buf *out)
{
	const char *what = value_get_text(order, "order");
	world_look_at_clock(world);
	if (!what) {
		buf_adds(out, "the order has no name");
		return false;
	}
	if (!strcmp(what, "reset"))
		return world_reset(world, out);
	if (!strcmp(what, "fault-add"))
		return add_fault(world, order, out);
	if (!strcmp(what, "fault-remove"))
		return remove_fault(world, order, out);
	if (!strcmp(what, "fault-list")) {
		const struct value *json = value_get(order, "json");
		faults_describe(world->faults, world->now_ms, json && value_is_true(json), out);
		return true;
	}
	if (!strcmp(what, "fault-clear")) {
		faults_clear(world->faults);
		store_forget_past(world->store);
		return true;
	}
	if (!strcmp(what, "status")) {
		census_describe(world->store, out);
		buf_addf(out, "; %llu requests so far.", (unsigned long long)world->requests);
		if (faults_count(world->faults))
			buf_addf(out, " Faults are ordered: `infra sandbox fault list` shows them.");
		return true;
	}
	if (!strcmp(what, "hosts")) {
		hosts_describe(world->hosts, out);
		return true;
	}
	buf_addf(out, "there is no order \"%s\"", what);
	return false;
}

static void client_free(struct client *client)
{
	struct control *control = client->control;
	loop_unwatch(control->world->loop, client->fd);
	close(client->fd);
	buf_release(&client->order);
	for (size_t i = 0; i < control->clients.count; i++) {
		if (control->clients.items[i] == client)
			control->clients.items[i] = control->clients.items[--control->clients.count];
	}
	free(client);
}

static void obey(struct client *client, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT, said = BUF_INIT, answer = BUF_INIT;
	const struct value *order = value_from_json(arena, client->order.ptr, len, &why);
	bool ok = false;
	if (order && value_is_a(order, TYPE_OBJECT))
		ok = do_order(client->control->world, order, &said);
	else
		buf_adds(&said, "the order cannot be read");
	buf_addf(&answer, "%s\n%s", ok ? "ok" : "error", buf_text(&said));
	/* short enough for the socket's own buffer; who does not read it has left */
	if (send(client->fd, answer.ptr, answer.len, MSG_NOSIGNAL) < 0)
		buf_clear(&answer);
	arena_free(arena);
}

static void on_client(void *ctx, int fd, unsigned events)
{
	struct client *client = ctx;
	char bytes[4096];
	(void)events;
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		buf_add(&client->order, bytes, (size_t)got);
	const char *end = client->order.len ? memchr(client->order.ptr, '\n', client->order.len) : NULL;
	if (end)
		obey(client, (size_t)(end - client->order.ptr));
	if (end || got <= 0 || client->order.len > ORDER_LIMIT)
		client_free(client);
}

static void on_connection(void *ctx, int fd, unsigned events)
{
	struct control *control = ctx;
	(void)events;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted < 0)
		return;
	struct client *client = xcalloc(1, sizeof(*client));
	*client = (struct client){.control = control, .fd = accepted, .order = BUF_INIT};
	vec_add(&control->clients, client);
	loop_watch_fd(control->world->loop, accepted, LOOP_READ | LOOP_BACKGROUND, on_client, client);
}

struct control *control_open(struct world *world, struct buf *why)
{
	int fd = local_socket_listen(world->dir, socket_name);
	if (fd < 0) {
		buf_addf(why, "cannot listen on %s/%s: %s", world->dir, socket_name, strerror(errno));
		return NULL;
	}
	struct control *control = xcalloc(1, sizeof(*control));
	*control = (struct control){.world = world, .fd = fd};
	loop_watch_fd(world->loop, control->fd, LOOP_READ, on_connection, control);
	return control;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients.count)
		client_free(control->clients.items[0]); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
	vec_free(&control->clients);
	loop_unwatch(control->world->loop, control->fd);
	close(control->fd);
	local_socket_remove(control->world->dir, socket_name);
	free(control);
}

bool control_order(const char *dir, const char *order, struct buf *answer)
{
	AUTO_FD int fd = local_socket_connect(dir, socket_name);
	struct timeval wait = {.tv_sec = WAIT_SECONDS};
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0) {
		buf_addf(answer, "cannot reach the sandbox in %s: %s", dir, strerror(errno));
		return false;
	}
	AUTO_BUF struct buf line = BUF_INIT, got = BUF_INIT;
	buf_addf(&line, "%s\n", order);
	if (send(fd, line.ptr, line.len, MSG_NOSIGNAL) != (ssize_t)line.len) {
		buf_addf(answer, "the sandbox takes no orders: %s", strerror(errno));
		return false;
	}
	char bytes[4096];
	ssize_t n;
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(&got, bytes, (size_t)n);
	bool ok = !strncmp(buf_text(&got), "ok\n", 3);
	const char *text = strchr(buf_text(&got), '\n');
	buf_adds(answer, text ? text + 1 : "the sandbox gave no answer");
	return ok;
}
