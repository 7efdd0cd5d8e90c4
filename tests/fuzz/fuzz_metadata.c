/* SPDX-License-Identifier: Apache-2.0 */
/* What a host asks the metadata service: the first byte chooses the method, then path, token header, and lifetime, by lines. */
#include "tests/fuzz/fake_http.h"

#include "lang/value/json.h"
#include "sandbox/host/metadata.c" /* its handler is not for others to call */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const methods[] = {"GET", "PUT", "POST"};
	static const char json[] = "{\"tokens\":\"required\",\"paths\":{\"meta-data/ami-id\":\"ami-1\",\"meta-data/placement/region\":\"us-east-1\","
				   "\"meta-data/tags/instance/Name\":\"x\",\"user-data\":\"IyEvYmluL3NoCg==\",\"dynamic/none\":null}}";
	if (len < 2)
		return 0;
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT, token = BUF_INIT;
	struct router router = {0};
	struct guest guest = {.id = (char *)(uintptr_t)"i-1", .router = &router, .address.s_addr = htonl(0x0a000005),
			      .metadata = value_from_json(arena, json, sizeof(json) - 1, &why)};
	struct guests guests = {0};
	struct metadata m = {.guests = &guests, .router = &router};
	vec_add(&guests.list, &guest);
	char *text = arena_strndup(arena, (const char *)bytes + 1, len - 1);
	char *path = strsep(&text, "\n"), *told = strsep(&text, "\n"), *life = strsep(&text, "\n");
	sign(&m, &guest, (long long)time(NULL) + 60, &token);
	struct http_header headers[3];
	size_t count = 0;
	if (told && *told) /* "ok" is a right one */
		headers[count++] = (struct http_header){token_header, !strcmp(told, "ok") ? token.ptr : told};
	if (life && *life)
		headers[count++] = (struct http_header){ttl_header, life};
	struct http_exchange x = {.arena = arena, .request = {.method = methods[bytes[0] % ARRAY_LEN(methods)], .path = path ? path : "", .query = "",
							      .headers = headers, .header_count = count, .peer = bytes[0] & 64 ? "10.0.0.6" : "10.0.0.5", .body = ""}};
	on_request(&m, &x);
	if (!x.status)
		bug("no answer");
	vec_free(&guests.list);
	arena_free(arena);
	return 0;
}
