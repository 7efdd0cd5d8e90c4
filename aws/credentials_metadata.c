/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance's metadata, version 2 of its service ("Use the Instance Metadata Service", EC2 User
 * Guide): a session token first, then the role's name, then its credentials.
 */
#include "aws/credentials_internal.h"

#include "lang/value/json.h"

enum {
	TOKEN_TTL_S = 21600,
	/* On any other computer nobody answers at this address, and every run would wait for it. */
	CONNECT_TIMEOUT_MS = 1000,
	TIMEOUT_MS = 3000,
	TRIES = 2,
};

static const char failed[] = "The instance has no credentials";
static const char credentials_path[] = "/latest/meta-data/iam/security-credentials/";

/* The service's URL without a slash at its end; NULL where it must not be asked. */
static const char *service_url(const struct aws_config *config, struct arena *arena)
{
	const struct aws_settings *settings = aws_config_settings(config);
	const char *profile = aws_config_profile(config);
	if (settings->skip_metadata || aws_is_true(aws_env("AWS_EC2_METADATA_DISABLED")))
		return NULL;
	const char *url = settings->metadata_endpoint;
	if (!url)
		url = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	if (!url)
		url = aws_config_get(config, profile, "ec2_metadata_service_endpoint");
	if (!url) {
		const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
		if (!mode)
			mode = aws_config_get(config, profile, "ec2_metadata_service_endpoint_mode");
		url = mode && !strcasecmp(mode, "ipv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	}
	size_t len = strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	return arena_strndup(arena, url, len);
}

static struct http_request request_for(struct arena *arena, const char *method, const char *url, const char *header,
				       const char *value)
{
	struct http_header *headers = arena_new_of(arena, struct http_header);
	*headers = (struct http_header){header, value};
	return (struct http_request){
		.method = method,
		.url = url,
		.headers = headers,
		.header_count = 1,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS,
		.response_limit = 1 << 20,
		.no_proxy = true,
	};
}

static struct http_request token_request(struct arena *arena, const char *service)
{
	return request_for(arena, "PUT", arena_printf(arena, "%s/latest/api/token", service),
			   "X-aws-ec2-metadata-token-ttl-seconds", arena_printf(arena, "%d", TOKEN_TTL_S));
}

static void keep_token(struct aws_identity *identity, const struct http_response *response)
{
	free(identity->metadata_token);
	identity->metadata_token = xstrdup(response->body);
	identity->metadata_token_expires = identity_now(identity) + TOKEN_TTL_S - 60;
}

static bool is_token(const struct http_response *response)
{
	return response->result == HTTP_OK && response->status == 200 && response->body_len &&
	       strcspn(response->body, "\r\n") == response->body_len;
}

static bool has_token(const struct aws_identity *identity)
{
	return identity->metadata_token && identity_now(identity) < identity->metadata_token_expires;
}

/* --- Credentials --- */

static void got_credentials(struct fetch *fetch, const struct http_response *response)
{
	static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"};
	if (response->result != HTTP_OK || response->status != 200) {
		fetch_failed(fetch, failed, "%s", fetch_describe(fetch, response));
		return;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	struct aws_credentials *credentials = NULL;
	const struct value *object = value_from_json(fetch->arena, response->body, response->body_len, &why);
	const char *code = object ? value_get_text(object, "Code") : NULL;
	if (code && strcmp(code, "Success"))
		buf_addf(&why, "its code is %s", code);
	else if (object)
		credentials = credentials_from_value(object, &names, fetch_step(fetch)->source, &why);
	if (credentials)
		fetch_found(fetch, credentials);
	else
		fetch_failed(fetch, failed, "the role %s is of no use: %s.", fetch->metadata_role, buf_text(&why));
}

static void ask(struct fetch *fetch, const char *path, fetch_answer_fn answer)
{
	const char *url = arena_printf(fetch->arena, "%s%s", service_url(fetch->identity->config, fetch->arena), path);
	struct http_request request = request_for(fetch->arena, "GET", url, "X-aws-ec2-metadata-token",
						  arena_strdup(fetch->arena, fetch->identity->metadata_token));
	fetch_http(fetch, &request, TRIES, answer);
}

static void got_role(struct fetch *fetch, const struct http_response *response)
{
	if (response->result == HTTP_OK && response->status == 404) {
		fetch_failed(fetch, failed, "no role is attached to this instance");
		return;
	}
	size_t len = strcspn(response->body, "\r\n");
	if (response->result != HTTP_OK || response->status != 200 || !len || strcspn(response->body, "/?# ") < len) {
		fetch_failed(fetch, failed, "%s", fetch_describe(fetch, response));
		return;
	}
	fetch->metadata_role = arena_strndup(fetch->arena, response->body, len);
	ask(fetch, arena_printf(fetch->arena, "%s%s", credentials_path, fetch->metadata_role), got_credentials);
}

static void got_token(struct fetch *fetch, const struct http_response *response)
{
	if (!is_token(response)) {
		fetch_failed(fetch, failed, "%s", fetch_describe(fetch, response));
		return;
	}
	keep_token(fetch->identity, response);
	ask(fetch, credentials_path, got_role);
}

void source_metadata(struct fetch *fetch)
{
	const char *service = service_url(fetch->identity->config, fetch->arena);
	if (!service) {
		fetch_failed(fetch, failed, "turned off by AWS_EC2_METADATA_DISABLED or the provider's arguments");
		return;
	}
	if (has_token(fetch->identity)) {
		ask(fetch, credentials_path, got_role);
		return;
	}
	struct http_request request = token_request(fetch->arena, service);
	/* Where nobody answers, once is enough. */
	fetch_http(fetch, &request, 1, got_token);
}

/* --- The region --- */

struct region_search {
	struct aws_identity *identity;
	struct arena *arena;
	aws_region_fn fn;
	void *ctx;
	http_id request;
	const char *service;
	struct region_search *next;
};

static void unlink_search(struct region_search *search)
{
	struct region_search **at = &search->identity->region_search;
	while (*at != search)
		at = &(*at)->next;
	*at = search->next;
	arena_free(search->arena);
	free(search);
}

static void end_search(struct region_search *search, const char *region)
{
	aws_region_fn fn = search->fn;
	void *ctx = search->ctx;
	char *copy = xstrdup(region);
	unlink_search(search);
	fn(ctx, copy);
	free(copy);
}

static void region_answered(void *ctx, const struct http_response *response)
{
	struct region_search *search = ctx;
	search->request = 0;
	bool ok = response->result == HTTP_OK && response->status == 200 &&
		  strspn(response->body, "abcdefghijklmnopqrstuvwxyz0123456789-") == response->body_len;
	end_search(search, ok ? response->body : "");
}

static void ask_region(struct region_search *search)
{
	const char *url = arena_printf(search->arena, "%s/latest/meta-data/placement/region", search->service);
	struct http_request request = request_for(search->arena, "GET", url, "X-aws-ec2-metadata-token",
						  arena_strdup(search->arena, search->identity->metadata_token));
	search->request = http_send(search->identity->http, &request, region_answered, search);
}

static void region_token_answered(void *ctx, const struct http_response *response)
{
	struct region_search *search = ctx;
	search->request = 0;
	if (!is_token(response)) {
		end_search(search, "");
		return;
	}
	keep_token(search->identity, response);
	ask_region(search);
}

static void no_service(void *ctx)
{
	end_search(ctx, "");
}

void aws_identity_find_region(struct aws_identity *identity, aws_region_fn fn, void *ctx)
{
	struct region_search *search = xcalloc(1, sizeof(*search));
	*search = (struct region_search){identity, arena_new(), fn, ctx, 0, NULL, identity->region_search};
	identity->region_search = search;
	search->service = service_url(identity->config, search->arena);
	if (!search->service) {
		loop_later(identity->loop, no_service, search);
	} else if (has_token(identity)) {
		ask_region(search);
	} else {
		struct http_request request = token_request(search->arena, search->service);
		search->request = http_send(identity->http, &request, region_token_answered, search);
	}
}

void metadata_forget(struct aws_identity *identity)
{
	while (identity->region_search) {
		struct region_search *search = identity->region_search;
		http_cancel(identity->http, search->request);
		loop_later_cancel(identity->loop, no_service, search);
		unlink_search(search);
	}
	free(identity->metadata_token);
	identity->metadata_token = NULL;
}
