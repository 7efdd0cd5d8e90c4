/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Identity Center: `aws sso login` leaves a token in ~/.aws/sso/cache, with which the portal
 * gives credentials for an account's role. A session's token is renewed here with its refresh token.
 */
#include "aws/credentials_internal.h"

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "aws/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/secret.h"
#include "lang/value/json.h"

enum { TRIES = 3, CACHE_LIMIT = 1 << 20, RENEW_BEFORE_S = 300 };

static const char failed[] = "No AWS credentials from IAM Identity Center";

/* What the profile and its sso-session say. */
struct sso {
	const char *account, *role, *region, *start_url;
	const char *session; /* or NULL: the older form */
	const char *path;    /* of the token */
};

static const char *profile_or_session(const struct aws_config *config, const char *profile, const char *session, const char *name)
{
	const char *value = session ? aws_config_get_section(config, "sso-session", session, NULL, name) : NULL;
	return value ? value : aws_config_get(config, profile, name);
}

static const char *cache_path(struct arena *arena, const char *of)
{
	const char *home = aws_env("HOME");
	unsigned char digest[DIGEST_MAX];
	AUTO_BUF struct buf path = BUF_INIT;
	buf_addf(&path, "%s/.aws/sso/cache/", home ? home : "");
	digest_bytes(DIGEST_SHA1, of, strlen(of), digest);
	hex_encode(digest, digest_size(DIGEST_SHA1), &path);
	buf_adds(&path, ".json");
	return buf_copy(&path, arena);
}

static const char *login_command(struct fetch *fetch)
{
	return arena_printf(fetch->arena, "\n\n  aws sso login --profile %s", fetch_step(fetch)->profile);
}

/* False after fetch_failed(). */
static bool read_settings(struct fetch *fetch, struct sso *sso)
{
	const struct aws_config *config = fetch->identity->config;
	const char *profile = fetch_step(fetch)->profile;
	const char *session = aws_config_get(config, profile, "sso_session");
	*sso = (struct sso){
		.account = aws_config_get(config, profile, "sso_account_id"),
		.role = aws_config_get(config, profile, "sso_role_name"),
		.region = profile_or_session(config, profile, session, "sso_region"),
		.start_url = profile_or_session(config, profile, session, "sso_start_url"),
		.session = session,
	};
	if (session && !aws_config_has_section(config, "sso-session", session)) {
		fetch_failed(fetch, failed, "it names the sso_session \"%s\", but there is no section [sso-session %s].", session,
			     session);
		return false;
	}
	const char *missing = !sso->account	? "sso_account_id"
			      : !sso->role	? "sso_role_name"
			      : !sso->region	? "sso_region"
			      : !sso->start_url ? "sso_start_url"
						: NULL;
	if (missing) {
		fetch_failed(fetch, failed, "it does not say %s.", missing);
		return false;
	}
	if (!aws_region_is_valid(sso->region)) {
		fetch_failed(fetch, failed, "its sso_region, \"%s\", is the name of no region.", sso->region);
		return false;
	}
	sso->path = cache_path(fetch->arena, session ? session : sso->start_url);
	return true;
}

/* https://KIND.sso.REGION.SUFFIX, or what was configured. */
static const char *service_url(struct fetch *fetch, const struct sso *sso, const char *host, const char *name, const char *id)
{
	const char *configured = aws_config_endpoint_url(fetch->identity->config, name, id);
	if (!configured)
		return arena_printf(fetch->arena, "https://%s.%s.%s", host, sso->region,
				    aws_partition_of_region(sso->region)->dns_suffix);
	size_t len = strlen(configured);
	while (len && configured[len - 1] == '/')
		len--;
	return arena_strndup(fetch->arena, configured, len);
}

/* --- With a good token --- */

static void got_credentials(struct fetch *fetch, const struct http_response *response)
{
	if (response->result == HTTP_OK && (response->status == 401 || response->status == 403)) {
		fetch_failed(fetch, failed, "%s. Sign in again, or ask for access to this account and role:%s",
			     fetch_describe(fetch, response), login_command(fetch));
		return;
	}
	if (response->result != HTTP_OK || response->status != 200) {
		fetch_failed(fetch, failed, "%s", fetch_describe(fetch, response));
		return;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *object = value_from_json(fetch->arena, response->body, response->body_len, &why);
	const struct value *role = object ? value_get(object, "roleCredentials") : NULL;
	const char *access = role ? value_get_text(role, "accessKeyId") : NULL;
	const char *secret = role ? value_get_text(role, "secretAccessKey") : NULL;
	const struct value *expiration = role ? value_get(role, "expiration") : NULL;
	int64_t expires_ms;
	if (!access || !secret || !expiration || !value_is_a(expiration, TYPE_NUMBER) ||
	    !number_to_int(expiration->number, &expires_ms)) {
		fetch_failed(fetch, failed, "the portal's answer holds no credentials.");
		return;
	}
	const struct step *step = fetch_step(fetch);
	const char *account = aws_config_get(fetch->identity->config, step->profile, "sso_account_id");
	fetch_found(fetch, aws_credentials_new(access, secret, value_get_text(role, "sessionToken"), account, step->source,
					       expires_ms / 1000));
}

static void ask_portal(struct fetch *fetch, const struct sso *sso, const char *token)
{
	if (strpbrk(token, "\r\n")) {
		fetch_failed(fetch, failed, "%s is damaged. Sign in again:%s", sso->path, login_command(fetch));
		return;
	}
	AUTO_BUF struct buf url = BUF_INIT;
	buf_addf(&url, "%s/federation/credentials?role_name=", service_url(fetch, sso, "portal.sso", "sso", "SSO"));
	sigv4_escape(sso->role, strlen(sso->role), false, &url);
	buf_adds(&url, "&account_id=");
	sigv4_escape(sso->account, strlen(sso->account), false, &url);
	struct http_header *headers = arena_new_of(fetch->arena, struct http_header);
	*headers = (struct http_header){"x-amz-sso_bearer_token", token};
	struct http_request request = {.url = buf_copy(&url, fetch->arena), .headers = headers, .header_count = 1};
	fetch_http(fetch, &request, TRIES, got_credentials);
}

/* --- The token --- */

static const struct value *read_cache(struct fetch *fetch, const struct sso *sso)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!file_read(sso->path, CACHE_LIMIT, &text))
		return NULL;
	const struct value *cache = value_from_json(fetch->arena, buf_text(&text), text.len, &why);
	wipe(text.ptr, text.len);
	return cache && value_get_text(cache, "accessToken") ? cache : NULL;
}

/* The cache with the new token in it, so that the AWS CLI and the next run find it. */
static void save_cache(struct fetch *fetch, const struct sso *sso, const struct value *answer, int64_t expires)
{
	static const char *const kept[] = {"startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"};
	const struct value *cache = read_cache(fetch, sso);
	const char *names[ARRAY_LEN(kept) + 3];
	const struct value *items[ARRAY_LEN(kept) + 3];
	size_t n = 0;
	for (size_t i = 0; cache && i < ARRAY_LEN(kept); i++) {
		if ((items[n] = value_get(cache, kept[i])))
			names[n++] = kept[i];
	}
	names[n] = "accessToken";
	items[n++] = value_get(answer, "accessToken");
	char expires_at[32];
	aws_time_print(expires * 1000, expires_at);
	names[n] = "expiresAt";
	items[n++] = value_string(fetch->arena, expires_at);
	const struct value *refresh = value_get(answer, "refreshToken");
	if (!refresh && cache)
		refresh = value_get(cache, "refreshToken");
	if (refresh) {
		names[n] = "refreshToken";
		items[n++] = refresh;
	}
	AUTO_BUF struct buf text = BUF_INIT;
	value_to_json(value_object(fetch->arena, names, items, n), false, &text);
	/* Only a saving for next time: where the directory is not ours to write, nothing is lost. */
	if (!file_write(sso->path, text.ptr, text.len, 0600))
		diag_warning(&fetch->diags, SRC_NOWHERE, "Renewed token not saved", "%s cannot be written.", sso->path);
	wipe(text.ptr, text.len);
}

static void got_token(struct fetch *fetch, const struct http_response *response)
{
	struct sso sso;
	if (!read_settings(fetch, &sso))
		return;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *answer = NULL;
	if (response->result == HTTP_OK && response->status == 200)
		answer = value_from_json(fetch->arena, response->body, response->body_len, &why);
	const char *token = answer ? value_get_text(answer, "accessToken") : NULL;
	const struct value *lifetime = answer ? value_get(answer, "expiresIn") : NULL;
	int64_t seconds;
	if (!token || !lifetime || !value_is_a(lifetime, TYPE_NUMBER) || !number_to_int(lifetime->number, &seconds)) {
		fetch_failed(fetch, failed, "the session has expired and cannot be renewed (%s). Sign in again:%s",
			     fetch_describe(fetch, response), login_command(fetch));
		return;
	}
	save_cache(fetch, &sso, answer, identity_now(fetch->identity) + seconds);
	ask_portal(fetch, &sso, token);
}

/* False when there is nothing to renew it with. */
static bool renew(struct fetch *fetch, const struct sso *sso, const struct value *cache)
{
	static const char *const sent[] = {"clientId", "clientSecret", "refreshToken", "grantType"};
	const struct value *items[ARRAY_LEN(sent)];
	const char *registered = value_get_text(cache, "registrationExpiresAt");
	if (!sso->session || (registered && credentials_parse_time(registered) <= identity_now(fetch->identity)))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!(items[i] = value_get(cache, sent[i])) || !value_is_a(items[i], TYPE_STRING))
			return false;
	}
	items[3] = value_string(fetch->arena, "refresh_token");
	AUTO_BUF struct buf body = BUF_INIT;
	value_to_json(value_object(fetch->arena, sent, items, ARRAY_LEN(sent)), false, &body);
	struct http_header *headers = arena_new_of(fetch->arena, struct http_header);
	*headers = (struct http_header){"Content-Type", "application/json"};
	struct http_request request = {
		.method = "POST",
		.url = arena_printf(fetch->arena, "%s/token", service_url(fetch, sso, "oidc", "sso-oidc", "SSO_OIDC")),
		.headers = headers,
		.header_count = 1,
		.body = buf_copy(&body, fetch->arena),
		.body_len = body.len,
	};
	wipe(body.ptr, body.len);
	fetch_http(fetch, &request, 1, got_token);
	return true;
}

void source_sso(struct fetch *fetch)
{
	struct sso sso;
	if (!read_settings(fetch, &sso))
		return;
	const struct value *cache = read_cache(fetch, &sso);
	if (!cache) {
		fetch_failed(fetch, failed, "nobody has signed in yet (%s is missing). Sign in first:%s", sso.path,
			     login_command(fetch));
		return;
	}
	int64_t now = identity_now(fetch->identity), expires = credentials_parse_time(value_get_text(cache, "expiresAt"));
	if (expires > now + RENEW_BEFORE_S) {
		ask_portal(fetch, &sso, value_get_text(cache, "accessToken"));
		return;
	}
	if (renew(fetch, &sso, cache))
		return;
	if (expires > now)
		ask_portal(fetch, &sso, value_get_text(cache, "accessToken"));
	else
		fetch_failed(fetch, failed, "the session has expired. Sign in again:%s", login_command(fetch));
}
