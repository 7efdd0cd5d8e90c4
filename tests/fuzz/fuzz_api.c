/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a world in memory, rightly signed: the first byte chooses service and method, the rest is path, query,
 * X-Amz-Target and body by lines. "%VPC%" and the like stand for ids that there are. Nothing may end the process, and an
 * internal error would be our mistake.
 */
#include "tests/fuzz/fake_http.h"

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/loop.h"
#include "sandbox/api.h"
#include "sandbox/store.h"
#include "sandbox/world.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { OBJECTS_LIMIT = 1500 };

static struct world *world;

static void make_world(void)
{
	static char dir[] = "/dev/shm/fuzz-api-XXXXXX";
	static char other[] = "/tmp/fuzz-api-XXXXXX";
	AUTO_BUF struct buf why = BUF_INIT;
	char *made = mkdtemp(dir);
	made = made ? made : mkdtemp(other);
	world = made ? world_open(loop_new(), &(struct world_options){.dir = made, .pace = 0}, &why) : NULL;
	if (!world)
		bug("no world: %s", buf_text(&why));
	/* it is open: nothing of it has to be found again */
	static const char *const names[] = {"world.json", "world.db", "world.db-wal", "world.db-shm", "requests.log"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(path_join(world->arena, made, names[i]));
	rmdir(made);
}

static const char *filled_in(struct arena *arena, const char *text)
{
	static const struct {
		const char *word, *kind;
	} words[] = {{"%VPC%", "vpc"}, {"%SUBNET%", "subnet"}, {"%GROUP%", "security_group"}, {"%TABLE%", "route_table"}, {"%IMAGE%", "image"},
		     {"%HOST%", "instance"}, {"%VOLUME%", "volume"}, {"%FS%", "file_system"}, {"%ENI%", "network_interface"}};
	AUTO_BUF struct buf out = BUF_INIT;
	while (*text) {
		size_t w = 0;
		while (w < ARRAY_LEN(words) && strncmp(text, words[w].word, strlen(words[w].word)) != 0)
			w++;
		size_t count = 0;
		const struct object *const *list = w < ARRAY_LEN(words) ? store_list(world->store, words[w].kind, "us-east-1", &count) : NULL;
		if (count) {
			buf_adds(&out, list[0]->id);
			text += strlen(words[w].word);
		} else {
			buf_addc(&out, *text++);
		}
	}
	return buf_copy(&out, arena);
}

static void send_request(struct arena *arena, const char *service, const char *method, const char *path, const char *query, const char *target,
			 const char *body)
{
	char hash[65];
	size_t count;
	struct http_header own[] = {{"content-type", target ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded"}, {"x-amz-target", target}};
	struct sigv4_signer signer = {.access_key = world->identity.access_key, .secret_key = world->identity.secret_key, .region = "us-east-1",
				      .service = service, .s3 = !strcmp(service, "s3"), .time = time(NULL), .keys = world->keys};
	sigv4_payload_hash(body, strlen(body), hash);
	struct sigv4_request request = {.method = method, .host = "localhost", .path = path, .query = query, .headers = own, .header_count = target ? 2 : 1,
					.payload_hash = hash};
	struct http_header *signed_headers = sigv4_sign(arena, &signer, &request, &count);
	struct http_header *headers = arena_array_of(arena, count + 1, struct http_header);
	for (size_t i = 0; i < count; i++) {
		char *name = arena_strdup(arena, signed_headers[i].name);
		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		headers[i] = (struct http_header){name, signed_headers[i].value};
	}
	headers[count++] = (struct http_header){"host", "localhost"};
	struct http_exchange x = {.arena = arena,
				  .request = {.method = method, .path = path, .query = query, .headers = headers, .header_count = count,
					      .body = body, .body_len = strlen(body)}};
	api_handle(world, &x);
	if (x.status == 500)
		bug("an internal error: %s", x.trouble);
	if (x.status == 403)
		bug("a right signature was refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const services[] = {"ec2", "iam", "ssm", "elasticfilesystem", "sts", "s3"};
	static const char *const methods[] = {"POST", "GET", "PUT", "DELETE"};
	AUTO_BUF struct buf why = BUF_INIT;
	if (len < 2)
		return 0;
	if (!world)
		make_world();
	struct arena *arena = arena_new();
	const char *service = services[(bytes[0] & 15) % ARRAY_LEN(services)];
	char *text = arena_strdup(arena, filled_in(arena, arena_strndup(arena, (const char *)bytes + 1, len - 1)));
	char *path = strsep(&text, "\n"), *query = strsep(&text, "\n"), *target = strsep(&text, "\n");
	send_request(arena, service, methods[bytes[0] >> 4 & 3], path && *path == '/' ? path : "/", query ? query : "", target && *target ? target : NULL,
		     text ? text : "");
	arena_free(arena);
	if (store_size(world->store) > OBJECTS_LIMIT && !world_reset(world, &why))
		bug("%s", buf_text(&why));
	return 0;
}
