/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials that ECS and EKS offer to what runs in a container ("Container credential provider"). */
#include "aws/credentials_internal.h"

#include "base/file.h"
#include "lang/value/json.h"

#include <arpa/inet.h>
#include <errno.h>

enum { TRIES = 3, TIMEOUT_MS = 5000, TOKEN_LIMIT = 64 << 10 };

static const char failed[] = "The container has no credentials";
static const char ecs_host[] = "http://169.254.170.2";

static bool is_allowed_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6, eks;
	if (!strcmp(host, "localhost"))
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127 || !strcmp(host, "169.254.170.2") || !strcmp(host, "169.254.170.23");
	if (inet_pton(AF_INET6, host, &v6) == 1 && inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) || !memcmp(&v6, &eks, sizeof(v6));
	return false;
}

const char *container_url_refused(const char *url)
{
	char host[256];
	if (!strncmp(url, "https://", 8))
		return NULL;
	if (strncmp(url, "http://", 7))
		return "it begins with neither https:// nor http://";
	const char *start = url + 7;
	size_t len = *start == '[' ? strcspn(++start, "]") : strcspn(start, ":/?#@");
	if (start[len] == '@' || len >= sizeof(host))
		return "its host cannot be read";
	memcpy(host, start, len);
	host[len] = '\0';
	return is_allowed_address(host) ? NULL : "without TLS, only the container's own host may be asked";
}

static void answered(struct fetch *fetch, const struct http_response *response)
{
	static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"};
	if (response->result != HTTP_OK || response->status != 200) {
		fetch_failed(fetch, failed, "%s", fetch_describe(fetch, response));
		return;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	struct aws_credentials *credentials = NULL;
	const struct value *object = value_from_json(fetch->arena, response->body, response->body_len, &why);
	if (object)
		credentials = credentials_from_value(object, &names, fetch_step(fetch)->source, &why);
	if (credentials)
		fetch_found(fetch, credentials);
	else
		fetch_failed(fetch, failed, "its answer is no JSON of credentials: %s.", buf_text(&why));
}

/* The token of the environment, or of the file that it names. False when that cannot be read. */
static bool find_token(struct fetch *fetch, const char **token)
{
	const char *path = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	*token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (path) {
		AUTO_BUF struct buf text = BUF_INIT;
		if (!file_read(path, TOKEN_LIMIT, &text)) {
			fetch_failed(fetch, failed, "%s, which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, cannot be read: %s.", path,
				     strerror(errno));
			return false;
		}
		while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
			text.len--;
		*token = arena_strndup(fetch->arena, buf_text(&text), text.len);
	}
	if (*token && strpbrk(*token, "\r\n")) {
		fetch_failed(fetch, failed, "its authorization token has more than one line.");
		return false;
	}
	return true;
}

void source_container(struct fetch *fetch)
{
	const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *url = relative ? arena_printf(fetch->arena, "%s%s", ecs_host, relative)
				   : aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *refused = container_url_refused(url), *token;
	if (refused) {
		fetch_failed(fetch, failed, "they cannot be asked for at %s: %s.", url, refused);
		return;
	}
	if (!find_token(fetch, &token))
		return;
	struct http_header *headers = arena_array_of(fetch->arena, 2, struct http_header);
	headers[0] = (struct http_header){"Accept", "application/json"};
	headers[1] = (struct http_header){"Authorization", token};
	struct http_request request = {
		.url = arena_strdup(fetch->arena, url),
		.headers = headers,
		.header_count = token ? 2 : 1,
		.timeout_ms = TIMEOUT_MS,
		.connect_timeout_ms = TIMEOUT_MS / 2,
		.response_limit = 1 << 20,
		.no_proxy = true,
	};
	fetch_http(fetch, &request, TRIES, answered);
}
