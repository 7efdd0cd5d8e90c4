/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/world.h"

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "lang/value/jsonw.h"
#include "sandbox/api.h"
#include "sandbox/control.h"
#include "sandbox/faults.h"
#include "sandbox/host/connect.h"
#include "sandbox/host/hosts.h"
#include "sandbox/http_server.h"
#include "sandbox/request_log.h"
#include "sandbox/run.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char identity_name[] = "world.json", store_name[] = "world.db", lock_name[] = "pid";
#define USUAL_PACE 0.01
/*
 * What AWS shows for an hour after its end (a terminated instance) is there to be seen by who waits for
 * that end: clients ask every few seconds, at whatever pace the world goes.
 */
enum { LONG_SECONDS = 600, LONG_MINIMUM_SECONDS = 180, HOLD_MS = 1000 };

/* ---- who the world is ---- */

static double number_of(const struct value *v, const char *name, double fallback)
{
	const struct value *n = value_get(v, name);
	return n && value_is_a(n, TYPE_NUMBER) ? number_to_double(n->number) : fallback;
}

bool world_identity_load(struct arena *arena, const char *dir, struct world_identity *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *path = path_join(arena, dir, identity_name);
	if (!file_read(path, 1 << 20, &text)) {
		if (errno != ENOENT)
			buf_addf(why, "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	const struct value *v = value_from_json(arena, text.ptr, text.len, why);
	if (!v)
		return false;
	*out = (struct world_identity){.account = value_get_text(v, "account"),
				       .access_key = value_get_text(v, "access_key_id"),
				       .secret_key = value_get_text(v, "secret_access_key"),
				       .region = value_get_text(v, "region"),
				       .port = (unsigned)number_of(v, "port", 0),
				       .pace = number_of(v, "pace", USUAL_PACE)};
	if (out->account && out->access_key && out->secret_key && out->region)
		return true;
	buf_addf(why, "%s is not complete; remove it to begin a new world", path);
	return false;
}

static bool identity_save(struct world *world, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *path = path_join(world->arena, world->dir, identity_name);
	struct jsonw w = {.out = &text, .pretty = true};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "account", world->identity.account);
	jsonw_text(&w, "access_key_id", world->identity.access_key);
	jsonw_text(&w, "secret_access_key", world->identity.secret_key);
	jsonw_text(&w, "region", world->identity.region);
	jsonw_int(&w, "port", world->identity.port);
	const char *pace = arena_printf(world->arena, "%.17g", world->identity.pace);
	jsonw_raw(&w, "pace", pace, strlen(pace));
	jsonw_close(&w, '}');
	buf_addc(&text, '\n');
	if (file_write(path, text.ptr, text.len, 0600))
		return true;
	buf_addf(why, "cannot write %s: %s", path, strerror(errno));
	return false;
}

static const char *random_text(struct arena *arena, const char *prefix, const char *letters, size_t len)
{
	AUTO_BUF struct buf text = BUF_INIT;
	unsigned char bytes[64];
	size_t count = strlen(letters);
	random_bytes(bytes, sizeof(bytes));
	buf_adds(&text, prefix);
	for (size_t i = 0; i < len; i++)
		buf_addc(&text, letters[bytes[i] % count]);
	return buf_copy(&text, arena);
}

static void identity_make(struct arena *arena, struct world_identity *out)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	*out = (struct world_identity){.account = random_text(arena, "9", "0123456789", 11),
				       .access_key = random_text(arena, "AKIA", capitals, 16),
				       .secret_key = random_text(arena, "", letters, 40),
				       .region = "us-east-1",
				       .pace = USUAL_PACE};
}

/* ---- the agenda ---- */

/* What is due when: a heap, the earliest first, of what the store keeps as "@later". */
struct agenda {
	struct due {
		int64_t due; /* ms since 1970 */
		uint64_t number; /* of equal ones the older goes first */
		char id[20];
	} *items;
	size_t count, cap;
};

static bool is_before(const struct due *a, const struct due *b)
{
	return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void agenda_add(struct agenda *agenda, const struct object *order, int64_t due)
{
	struct due added = {.due = due, .number = order->number};
	snprintf(added.id, sizeof(added.id), "%s", order->id);
	vec_reserve(agenda, 1);
	size_t at = agenda->count++;
	for (; at && is_before(&added, &agenda->items[(at - 1) / 2]); at = (at - 1) / 2)
		agenda->items[at] = agenda->items[(at - 1) / 2];
	agenda->items[at] = added;
}

static void agenda_drop(struct agenda *agenda)
{
	struct due last = vec_pop(agenda);
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < agenda->count; at = child) {
		if (child + 1 < agenda->count && is_before(&agenda->items[child + 1], &agenda->items[child]))
			child++;
		if (!is_before(&agenda->items[child], &last))
			break;
		agenda->items[at] = agenda->items[child];
	}
	if (agenda->count)
		agenda->items[at] = last;
}

static void agenda_fill(struct world *world)
{
	struct arena *arena = arena_new();
	size_t count;
	const struct object *const *list = store_list(world->store, "@later", "", &count);
	world->agenda->count = 0;
	for (size_t i = 0; i < count; i++) {
		agenda_add(world->agenda, list[i], (int64_t)number_of(store_value(arena, list[i]), "due", 0));
		arena_reset(arena);
	}
	arena_free(arena);
}

/* ---- opening and closing ---- */

static bool listen_at(struct world *world, const struct world_options *options, struct buf *why)
{
	unsigned port = options->port ? options->port : world->identity.port;
	world->server = http_server_new(world->loop, &(struct http_server_options){.port = (uint16_t)port}, api_handle, world, why);
	if (!world->server && port && !options->port) { /* last time's is taken: any other one */
		buf_clear(why);
		world->server = http_server_new(world->loop, &(struct http_server_options){0}, api_handle, world, why);
	}
	if (!world->server)
		return false;
	world->identity.port = http_server_port(world->server);
	return true;
}

struct world *world_open(struct loop *loop, const struct world_options *options, struct buf *why)
{
	struct world *world = xcalloc(1, sizeof(*world));
	world->loop = loop;
	world->arena = arena_new();
	world->dir = arena_strdup(world->arena, options->dir);
	world->keys = sigv4_keys_new();
	world->faults = faults_new();
	world->agenda = xcalloc(1, sizeof(*world->agenda));
	if (!world_identity_load(world->arena, world->dir, &world->identity, why) && !why->len)
		identity_make(world->arena, &world->identity);
	world->account = world->identity.account;
	if (options->region)
		world->identity.region = arena_strdup(world->arena, options->region);
	if (options->pace >= 0)
		world->identity.pace = options->pace;
	if (!why->len && (world->library = library_new(why)) && (world->store = store_open(path_join(world->arena, world->dir, store_name), why)) &&
	    (world->log = request_log_open(world->dir, why)) && listen_at(world, options, why) && identity_save(world, why)) {
		agenda_fill(world);
		return world;
	}
	world_close(world);
	return NULL;
}

void world_close(struct world *world)
{
	if (!world)
		return;
	http_server_free(world->server);
	request_log_close(world->log);
	store_close(world->store);
	library_free(world->library);
	faults_free(world->faults);
	sigv4_keys_free(world->keys);
	vec_free(world->agenda);
	free(world->agenda);
	arena_free(world->arena);
	free(world);
}

bool world_reset(struct world *world, struct buf *why)
{
	faults_clear(world->faults);
	request_log_empty(world->log);
	world->requests = 0;
	bool empty = store_empty(world->store, why);
	hosts_changed(world->hosts);
	return empty;
}

/* ---- what comes with time ---- */

void world_later(struct world *world, const char *region, const char *procedure, const struct value *object, double seconds, bool real)
{
	struct arena *arena = arena_new();
	double wait = real ? seconds : seconds * world->identity.pace;
	if (!real && seconds >= LONG_SECONDS && wait < LONG_MINIMUM_SECONDS)
		wait = LONG_MINIMUM_SECONDS;
	int64_t due = world->now_ms + (int64_t)llround(wait * 1000);
	const char *names[] = {"due", "procedure", "region", "kind", "id"};
	const struct value *items[] = {value_int(arena, due), value_string(arena, procedure), value_string(arena, region),
				       value_string(arena, value_get_text(object, "_kind")), value_string(arena, value_get_text(object, "_id"))};
	agenda_add(world->agenda, store_put(world->store, "@later", "", new_id(arena, ""), value_object(arena, names, items, ARRAY_LEN(items))), due);
	arena_free(arena);
}

/* Orders that were taken back, or are gone, stay on the agenda until their time: what is not in the store is passed over. */
static const struct object *next_due(struct world *world)
{
	struct agenda *agenda = world->agenda;
	while (agenda->count && agenda->items[0].due <= world->now_ms) {
		const struct object *object = store_find(world->store, "@later", "", agenda->items[0].id);
		if (object)
			return object;
		agenda_drop(agenda);
	}
	return NULL;
}

void world_look_at_clock(struct world *world)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	world->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t world_next_ms(struct world *world)
{
	const struct agenda *agenda = world->agenda;
	world_look_at_clock(world);
	int64_t due = !agenda->count ? -1 : agenda->items[0].due > world->hold_ms ? agenda->items[0].due : world->hold_ms;
	return due < 0 ? -1 : due > world->now_ms ? due - world->now_ms : 0;
}

/* Our mistake, which must not take the world down: it stands in the log. */
static void note_failure(struct world *world, const struct value *order, const struct failure *failure)
{
	const char *region = value_get_text(order, "region"), *procedure = value_get_text(order, "procedure");
	struct log_entry entry = {.time_ms = world->now_ms, .service = "sandbox", .operation = procedure, .region = region, .status = 500,
				  .code = failure->code, .message = failure->message};
	request_log_add(world->log, &entry);
}

/* All of it is taken back, but for the order: it would fail again. The procedure "NAME_failed" says what that means for the object. */
static void fail_order(struct run *run, const struct value *order, const struct kind *kind, const struct failure *failure)
{
	struct world *world = run->world;
	const char *names[] = {"code", "message"};
	const struct value *items[] = {value_string(run->arena, failure->code), value_string(run->arena, failure->message)};
	const char *meant = arena_printf(run->arena, "%s_failed", value_get_text(order, "procedure"));
	struct failure again = {0};
	store_rollback(world->store);
	const struct object *object = store_find(world->store, kind->name, run_region(run, kind), value_get_text(order, "id"));
	if (!object || !map_find(&world->library->procedures, meant)) {
		note_failure(world, order, failure);
	} else {
		struct failure *own = run->failure;
		run->failure = &again;
		(void)run_procedure(run, meant, store_value(run->arena, object), value_object(run->arena, names, items, ARRAY_LEN(items)));
		run->failure = own;
		if (again.code) {
			store_rollback(world->store);
			note_failure(world, order, &again);
		}
	}
	store_delete(world->store, next_due(world));
}

void world_tick(struct world *world)
{
	const struct object *due;
	while (world->now_ms >= world->hold_ms && (due = next_due(world))) {
		struct arena *arena = arena_new();
		struct failure failure = {0};
		const struct value *order = store_value(arena, due);
		struct run run = {.world = world, .arena = arena, .region = value_get_text(order, "region"), .failure = &failure};
		const struct kind *kind = library_kind(world->library, value_get_text(order, "kind"));
		store_delete(world->store, due);
		const struct object *object = store_find(world->store, kind->name, run_region(&run, kind), value_get_text(order, "id"));
		if (object)
			(void)run_procedure(&run, value_get_text(order, "procedure"), store_value(arena, object), NULL);
		AUTO_BUF struct buf why = BUF_INIT;
		if (failure.code)
			fail_order(&run, order, kind, &failure);
		bool written = store_commit(world->store, &why);
		arena_free(arena);
		if (!written) { /* a full disk, say: it is due still */
			fprintf(stderr, "infra sandbox: the store cannot be written: %s\n", buf_text(&why));
			world->hold_ms = world->now_ms + HOLD_MS;
			return;
		}
		hosts_changed(world->hosts);
	}
}

void world_fault_ordered(struct world *world)
{
	struct arena *arena = arena_new();
	size_t count = 0;
	const char *const *regions = store_regions(world->store, arena, "instance", &count);
	faults_newest_alone(world->faults, true);
	for (size_t i = 0; i < count; i++) {
		struct failure failure = {0};
		AUTO_BUF struct buf why = BUF_INIT;
		struct run run = {.world = world, .arena = arena, .region = regions[i], .failure = &failure};
		if (!run_procedure(&run, "fault_ordered", NULL, NULL))
			store_rollback(world->store);
		if (!store_commit(world->store, &why))
			bug("the store cannot be written: %s", buf_text(&why));
	}
	faults_newest_alone(world->faults, false);
	hosts_changed(world->hosts);
	arena_free(arena);
}

/* ---- the process ---- */

int world_process(const char *dir)
{
	struct arena *arena = arena_new();
	AUTO_FD int fd = open(path_join(arena, dir, lock_name), O_RDWR | O_CLOEXEC);
	arena_free(arena);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fd >= 0 && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/* A lock ends with its process, however that ends: there are no stale ones. */
static int take_directory(const char *dir, struct buf *why)
{
	struct arena *arena = arena_new();
	AUTO_FD int fd = -1;
	if (!make_directories(dir, 0700) || chmod(dir, 0700) < 0 ||
	    (fd = open(path_join(arena, dir, lock_name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0) {
		buf_addf(why, "cannot use the directory %s: %s", dir, strerror(errno));
	} else {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		char text[32];
		int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
		if (fcntl(fd, F_SETLK, &lock) < 0) {
			buf_addf(why, "a sandbox is running in %s already, as process %d", dir, world_process(dir));
			close(steal_fd(&fd));
		} else if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)len) != len) {
			buf_addf(why, "cannot write into %s: %s", dir, strerror(errno));
			close(steal_fd(&fd));
		}
	}
	arena_free(arena);
	return steal_fd(&fd);
}

static void on_stop(void *ctx, int signo)
{
	(void)signo;
	loop_stop(ctx);
}

/*
 * What a request that looks at thousands of objects has unpacked is the machine's again after it. By itself glibc learns
 * from the first such block to keep all of that size.
 */
static void give_memory_back(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 2 << 20);
#endif
}

int world_serve(const struct world_options *options, void (*ready)(void *ctx, const char *why), void *ctx)
{
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_FD int lock = take_directory(options->dir, &why);
	give_memory_back();
	struct loop *loop = lock >= 0 ? loop_new() : NULL;
	struct world *world = loop ? world_open(loop, options, &why) : NULL;
	struct control *control = world ? control_open(world, &why) : NULL;
	if (control)
		connect_forget(options->dir);
	if (control && options->hosts)
		world->hosts = hosts_open(world);
	if (control) {
		loop_signal(loop, SIGTERM, on_stop, loop);
		loop_signal(loop, SIGINT, on_stop, loop);
	}
	ready(ctx, control ? NULL : buf_text(&why));
	if (control)
		loop_run(loop);
	control_close(control);
	if (world)
		hosts_close(world->hosts);
	world_close(world);
	loop_free(loop);
	return control ? 0 : 1;
}
