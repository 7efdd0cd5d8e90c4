/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures as they come: path, query, then headers "name: value", by lines, and the body behind an empty one. */
#include "sandbox/auth.h"

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/db.h"
#include "lang/value/json.h"
#include "sandbox/http_server.h"
#include "sandbox/store.h"
#include "sandbox/world.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { HEADERS_MAX = 32 };

/* With the keys of two sessions, of which one is over. */
static struct store *make_store(struct arena *arena)
{
	static const struct {
		const char *key, *json;
	} sessions[] = {
		{"ASIA", "{\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": \"2033-11-14T22:13:20Z\"}"},
		{"ASIB", "{\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": \"2003-11-14T22:13:20Z\"}"},
	};
	AUTO_BUF struct buf why = BUF_INIT;
	struct store *store = store_open(DB_MEMORY, &why);
	for (size_t i = 0; store && i < ARRAY_LEN(sessions); i++)
		store_put(store, "session", "", sessions[i].key, value_from_json(arena, sessions[i].json, strlen(sessions[i].json), &why));
	if (!store || !store_commit(store, &why))
		bug("no store: %s", buf_text(&why));
	return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct store *store;
	struct arena *arena = arena_new();
	if (!store)
		store = make_store(arena);
	struct sigv4_keys *keys = sigv4_keys_new();
	struct world world = {.identity = {.access_key = "AKIA", .secret_key = "secret"}, .store = store, .keys = keys, .now_ms = 1700000000000};
	char *text = arena_strndup(arena, (const char *)bytes, len), *line;
	char *path = strsep(&text, "\n"), *query = strsep(&text, "\n");
	struct http_header headers[HEADERS_MAX];
	size_t count = 0;
	while (count < HEADERS_MAX && (line = strsep(&text, "\n")) && *line) {
		char *colon = strstr(line, ": ");
		if (!colon)
			continue;
		*colon = '\0';
		headers[count++] = (struct http_header){line, colon + 2};
	}
	struct http_server_request request = {.method = "POST", .path = path && *path == '/' ? path : "/", .query = query ? query : "", .headers = headers,
					      .header_count = count, .body = text ? text : "", .body_len = text ? strlen(text) : 0};
	struct auth auth;
	auth_check(arena, &world, &request, &auth);
	if (auth.result != AUTH_OK && !auth.why)
		bug("a refusal without a reason");
	if (auth.result == AUTH_OK && (!auth.region || !auth.service))
		bug("signed by nobody for nothing");
	sigv4_keys_free(keys);
	arena_free(arena);
	return 0;
}
