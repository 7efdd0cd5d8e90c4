/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/metadata.h"

#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/value.h"
#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_SECONDS_LIMIT = 21600, TOKEN_SIGNATURE = 16, USUAL_HOPS = 64 };
static const char ttl_header[] = "x-aws-ec2-metadata-token-ttl-seconds",
		  token_header[] = "x-aws-ec2-metadata-token";

struct metadata {
	struct guests *guests;
	struct router *router;
	struct http_server *server;
	unsigned char key[DIGEST_MAX]; /* that tokens are signed with */
};

static const char *header(const struct http_server_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (!strcmp(request->headers[i].name, name))
			return request->headers[i].value;
	}
	return NULL;
}

static void say(struct http_exchange *x, unsigned status, const char *text)
{
	http_exchange_answer(x, status, &(struct http_header){"Content-Type", "text/plain"}, 1, text, strlen(text));
}

/* ---- tokens: "<when it ends>.<signature of that and of the host>", so that there is nothing to keep ---- */

static void sign(const struct metadata *m, const struct guest *guest, long long ends, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	unsigned char signature[DIGEST_MAX];
	buf_addf(&text, "%lld %s", ends, guest->id);
	hmac_bytes(DIGEST_SHA256, m->key, sizeof(m->key), text.ptr, text.len, signature);
	buf_addf(out, "%lld.", ends);
	hex_encode(signature, TOKEN_SIGNATURE, out);
}

static bool is_token(const struct metadata *m, const struct guest *guest, const char *token)
{
	AUTO_BUF struct buf right = BUF_INIT;
	long long ends = strtoll(token, NULL, 10);
	sign(m, guest, ends, &right);
	return ends > (long long)time(NULL) && !strcmp(buf_text(&right), token);
}

static void give_token(const struct metadata *m, const struct guest *guest, struct http_exchange *x)
{
	const char *seconds = header(http_exchange_request(x), ttl_header);
	char *end = NULL;
	unsigned long n = seconds && *seconds >= '0' && *seconds <= '9' ? strtoul(seconds, &end, 10) : 0;
	/* what came through a proxy is not the host's own */
	if (!n || *end || n > TOKEN_SECONDS_LIMIT || header(http_exchange_request(x), "x-forwarded-for")) {
		say(x, n && !*end && n <= TOKEN_SECONDS_LIMIT ? 403 : 400, "");
		return;
	}
	AUTO_BUF struct buf token = BUF_INIT;
	const struct value *hops = value_get(guest->metadata, "hops");
	int64_t limit = 0;
	/* what stands behind the host, as containers with a network of their own, does not get it where that is 1 */
	if (hops && value_is_a(hops, TYPE_NUMBER) && number_to_int(hops->number, &limit) && limit > 0)
		http_exchange_hops(x, (unsigned)limit);
	sign(m, guest, (long long)time(NULL) + (long long)n, &token);
	struct http_header heads[] = {{"Content-Type", "text/plain"}, {ttl_header, seconds}};
	http_exchange_answer(x, 200, heads, ARRAY_LEN(heads), token.ptr, token.len);
}

/* ---- what there is ---- */

/* "a/b" and "a/c" are, of "", "a/", and of "a/", "b" and "c". */
static void list_folder(const struct value *paths, const char *folder, size_t len, struct buf *out)
{
	for (uint32_t i = 0; i < paths->count; i++) {
		const char *path = value_key_at(paths, i);
		if (strncmp(path, folder, len) != 0 || value_is_null(paths->items[i]))
			continue;
		size_t piece = strcspn(path + len, "/");
		if (!path[len]) /* its own text */
			continue;
		piece += path[len + piece] == '/';
		bool again = false; /* paths are in order: the same folder comes in a row */
		size_t last = out->len;
		while (last && out->ptr[last - 1] != '\n')
			last--;
		again = out->len && out->len - last == piece && !memcmp(out->ptr + last, path + len, piece);
		if (!again)
			buf_addf(out, "%s%.*s", out->len ? "\n" : "", (int)piece, path + len);
	}
}

static void give(const struct value *paths, const char *path, struct http_exchange *x)
{
	const char *text = value_get_text(paths, path);
	if (text && !strcmp(path, "user-data")) { /* need not be text */
		AUTO_BUF struct buf data = BUF_INIT;
		bool read = base64_decode(BASE64_STANDARD, text, strlen(text), &data);
		http_exchange_answer(x, read ? 200 : 404, &(struct http_header){"Content-Type", "application/octet-stream"}, 1, buf_text(&data), data.len);
		return;
	}
	AUTO_BUF struct buf folder = BUF_INIT, list = BUF_INIT;
	buf_adds(&folder, path);
	if (folder.len && folder.ptr[folder.len - 1] != '/')
		buf_addc(&folder, '/');
	if (!text)
		text = value_get_text(paths, buf_text(&folder));
	if (!text)
		list_folder(paths, buf_text(&folder), folder.len, &list);
	if (text || list.len)
		say(x, 200, text ? text : buf_text(&list));
	else
		say(x, 404, "");
}

static const struct guest *guest_at(const struct metadata *m, const char *peer)
{
	struct in_addr address = {0};
	for (size_t i = 0; peer && inet_pton(AF_INET, peer, &address) == 1 && i < m->guests->list.count; i++) {
		const struct guest *guest = m->guests->list.items[i];
		if (guest->router == m->router && guest->address.s_addr == address.s_addr)
			return guest;
	}
	return NULL;
}

/* "/latest/meta-data/a/b" is the path "meta-data/a/b" of any version. */
static const char *path_of(const char *target)
{
	const char *version = *target == '/' ? target + 1 : target, *rest = strchr(version, '/');
	return rest ? rest + 1 : "";
}

static void on_request(void *ctx, struct http_exchange *x)
{
	const struct metadata *m = ctx;
	const struct http_server_request *request = http_exchange_request(x);
	const struct guest *guest = guest_at(m, request->peer);
	const struct value *tokens = guest && guest->metadata ? value_get(guest->metadata, "tokens") : NULL;
	const struct value *paths = guest && guest->metadata ? value_get(guest->metadata, "paths") : NULL;
	const struct value *enabled = guest && guest->metadata ? value_get(guest->metadata, "enabled") : NULL;
	const char *token = header(request, token_header), *path = path_of(request->path);
	http_exchange_hops(x, USUAL_HOPS);
	if (enabled && !value_is_true(enabled))
		say(x, 403, "");
	else if (!paths || type_is_primitive(paths->type))
		say(x, 404, "");
	else if (!strcmp(request->method, "PUT") && !strcmp(path, "api/token"))
		give_token(m, guest, x);
	else if (strcmp(request->method, "GET") != 0)
		say(x, 405, "");
	else if (token ? !is_token(m, guest, token) : tokens && value_is_text(tokens, "required"))
		say(x, 401, "");
	else
		give(paths, path, x);
}

/* ---- the service ---- */

static int listen_at(struct guests *guests, struct router *router, struct in_addr address, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
	AUTO_FD int fd = guests_socket(guests, router, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0)
		return -1;
	return steal_fd(&fd);
}

struct metadata *metadata_open(struct guests *guests, struct router *router)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct in_addr address;
	if (inet_pton(AF_INET, METADATA_ADDRESS, &address) != 1)
		bug("%s is no address", METADATA_ADDRESS);
	errno = link_address(&router->nl, "lo", address, 32);
	AUTO_FD int fd = errno ? -1 : listen_at(guests, router, address, METADATA_PORT);
	AUTO_FD int api = fd < 0 ? -1 : listen_at(guests, router, address, METADATA_API_PORT);
	if (api < 0)
		return NULL;
	guests->listens(guests->ctx, router->vpc, api);
	struct metadata *m = xcalloc(1, sizeof(*m));
	*m = (struct metadata){.guests = guests, .router = router};
	random_bytes(m->key, sizeof(m->key));
	m->server = http_server_new(guests->loop, &(struct http_server_options){.listener = steal_fd(&fd)}, on_request, m, &why);
	if (m->server)
		return m;
	free(m);
	errno = EIO;
	return NULL;
}

void metadata_close(struct metadata *m)
{
	if (!m)
		return;
	m->guests->listens(m->guests->ctx, m->router->vpc, -1);
	http_server_free(m->server);
	free(m);
}
