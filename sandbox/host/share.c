/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/share.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/loop.h"
#include "lang/value/value.h"
#include "sandbox/host/trash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NFS_PORT = 2049 };

/* ---- directories ---- */

/* Ids become names of directories. */
static bool is_id(const char *id)
{
	return id && !strncmp(id, "fs-", 3) && strlen(id) < 32 && strspn(id + 3, "0123456789abcdef") == strlen(id + 3);
}

static bool contains(const struct value *list, const char *text)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (value_is_text(list->items[i], text))
			return true;
	}
	return false;
}

void shares_apply(struct guests *g, const struct value *shares)
{
	struct arena *arena = arena_new();
	char **names;
	size_t count;
	for (uint32_t i = 0; i < shares->count; i++) {
		const char *id = value_is_a(shares->items[i], TYPE_STRING) ? shares->items[i]->text : NULL;
		if (is_id(id) && mkdir(path_join(arena, g->shares, id), 0755) < 0 && errno != EEXIST)
			guests_trouble(g, "the directory of %s cannot be made: %s", id, strerror(errno));
	}
	if (!directory_list(arena, g->shares, &names, &count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_id(names[i]) && !contains(shares, names[i]) && !trash_take(g, path_join(arena, g->shares, names[i])))
			guests_trouble(g, "the directory of %s cannot be removed: %s", names[i], strerror(errno));
	}
	arena_free(arena);
}

/* ---- mount targets ---- */

static void on_client(void *ctx, int fd, unsigned events)
{
	(void)ctx, (void)events;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (client >= 0)
		close(client); /* he has seen that he may */
}

static int listen_at(struct guests *g, struct target *target)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(NFS_PORT), .sin_addr = target->address};
	int on = 1, error = link_address(&target->router->nl, "lo", target->address, 32);
	if (error)
		return error;
	target->listener = guests_socket(g, target->router, SOCK_STREAM | SOCK_NONBLOCK);
	if (target->listener < 0 || setsockopt(target->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(target->listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(target->listener, 64) < 0)
		return errno;
	loop_watch_fd(g->loop, target->listener, LOOP_READ, on_client, target);
	return 0;
}

static void target_free(struct guests *g, struct target *target)
{
	if (target->listener >= 0) {
		loop_unwatch(g->loop, target->listener);
		close(target->listener);
	}
	int error = link_address_remove(&target->router->nl, "lo", target->address, 32);
	if (error && error != EADDRNOTAVAIL)
		guests_trouble(g, "%s keeps its address: %s", target->id, strerror(error));
	for (size_t i = 0; i < g->targets.count; i++) {
		if (g->targets.items[i] == target)
			g->targets.items[i] = g->targets.items[--g->targets.count];
	}
	group_names_set(&target->groups, NULL);
	free(target->id);
	free(target);
}

void targets_forget(struct guests *g, const struct router *router)
{
	for (size_t i = g->targets.count; i-- > 0;) {
		if (g->targets.items[i]->router == router)
			target_free(g, g->targets.items[i]);
	}
}

static struct target *find(const struct guests *g, const char *id)
{
	for (size_t i = 0; i < g->targets.count; i++) {
		if (!strcmp(g->targets.items[i]->id, id))
			return g->targets.items[i];
	}
	return NULL;
}

static bool is_order_of(const struct target *target, const struct value *order)
{
	char address[INET_ADDRSTRLEN] = "";
	inet_ntop(AF_INET, &target->address, address, sizeof(address));
	return value_is_text(value_get(order, "id"), target->id) && value_is_text(value_get(order, "address"), address);
}

void targets_apply(struct guests *g, const struct value *targets)
{
	/* first what ends: an address may go from one to another */
	for (size_t i = g->targets.count; i-- > 0;) {
		bool wanted = false;
		for (uint32_t k = 0; k < targets->count && !wanted; k++)
			wanted = is_order_of(g->targets.items[i], targets->items[k]);
		if (!wanted)
			target_free(g, g->targets.items[i]); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
	}
	for (uint32_t i = 0; i < targets->count; i++) {
		const struct value *order = targets->items[i];
		const char *id = value_get_text(order, "id"), *vpc = value_get_text(order, "vpc"), *address = value_get_text(order, "address");
		struct router *router = vpc ? guests_router(g, vpc) : NULL;
		struct in_addr at;
		if (!id || !router || !address || inet_pton(AF_INET, address, &at) != 1)
			continue; /* nobody is there who could reach it */
		struct target *target = find(g, id);
		if (!target) {
			target = xcalloc(1, sizeof(*target));
			*target = (struct target){.id = xstrdup(id), .router = router, .address = at, .listener = -1};
			vec_add(&g->targets, target);
			int error = listen_at(g, target);
			if (error)
				guests_trouble(g, "%s does not listen: %s", id, strerror(error));
		}
		group_names_set(&target->groups, value_get(order, "groups"));
	}
}
