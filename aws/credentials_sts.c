/* SPDX-License-Identifier: Apache-2.0 */
/* Roles: AssumeRole with the credentials of the step before, AssumeRoleWithWebIdentity with a token. */
#include "aws/credentials_internal.h"

#include "aws/endpoint.h"
#include "aws/protocol.h"
#include "aws/sigv4.h"
#include "base/file.h"
#include "lang/value/value.h"

#include <errno.h>

enum { TRIES = 4, TOKEN_LIMIT = 64 << 10, DURATION_S = 3600 };

static const char failed[] = "The AWS role cannot be taken";

static const struct aws_operation *operation(const struct step *step)
{
	const char *name = step->kind == STEP_ROLE ? "AssumeRole" : "AssumeRoleWithWebIdentity";
	const struct aws_operation *op = aws_operation_find(aws_service_find("sts"), name);
	if (!op)
		bug("the tables have no %s", name);
	return op;
}

/* --- The request --- */

struct params {
	struct arena *arena;
	VEC(const char *) names;
	VEC(const struct value *) items;
};

static void add_value(struct params *params, const char *name, const struct value *value)
{
	vec_add(&params->names, name);
	vec_add(&params->items, value);
}

static void add_text(struct params *params, const char *name, const char *text)
{
	if (text && *text)
		add_value(params, name, value_string(params->arena, text));
}

static const struct value *object_of(struct arena *arena, const char *name, const char *text)
{
	const struct value *item = value_string(arena, text);
	return value_object(arena, &name, &item, 1);
}

static void add_lists(struct params *params, const struct aws_role *role)
{
	VEC(const struct value *) items = {0};
	for (size_t i = 0; i < role->policy_arn_count; i++)
		vec_add(&items, object_of(params->arena, "arn", role->policy_arns[i]));
	if (items.count)
		add_value(params, "PolicyArns", value_tuple(params->arena, items.items, items.count));
	items.count = 0;
	for (size_t i = 0; i < role->tag_count; i++) {
		const char *const names[] = {"Key", "Value"};
		const struct value *const pair[] = {value_string(params->arena, role->tag_keys[i]),
						    value_string(params->arena, role->tag_values[i])};
		vec_add(&items, value_object(params->arena, names, pair, 2));
	}
	if (items.count)
		add_value(params, "Tags", value_tuple(params->arena, items.items, items.count));
	items.count = 0;
	for (size_t i = 0; i < role->transitive_tag_count; i++)
		vec_add(&items, value_string(params->arena, role->transitive_tag_keys[i]));
	if (items.count)
		add_value(params, "TransitiveTagKeys", value_tuple(params->arena, items.items, items.count));
	vec_free(&items);
}

static const struct value *parameters(struct fetch *fetch, const struct aws_role *role, const char *token)
{
	struct params params = {.arena = fetch->arena};
	add_text(&params, "RoleArn", role->arn);
	add_text(&params, "RoleSessionName",
		 role->session_name ? role->session_name
				    : arena_printf(fetch->arena, "infra-%lld", (long long)identity_now(fetch->identity)));
	add_value(&params, "DurationSeconds", value_int(fetch->arena, role->duration_s ? role->duration_s : DURATION_S));
	add_text(&params, "Policy", role->policy);
	add_text(&params, "WebIdentityToken", token);
	if (!token) {
		add_text(&params, "ExternalId", role->external_id);
		add_text(&params, "SourceIdentity", role->source_identity);
	}
	add_lists(&params, role);
	const struct value *all = value_object(fetch->arena, params.names.items, params.items.items, params.names.count);
	vec_free(&params.names);
	vec_free(&params.items);
	return all;
}

/* The region of the role's own profile counts before that of the whole. */
static bool find_endpoint(struct fetch *fetch, struct aws_endpoint *endpoint)
{
	const struct aws_config *config = fetch->identity->config;
	const struct step *step = fetch_step(fetch);
	const char *region = aws_config_settings(config)->sts_region;
	if (!region && step->profile)
		region = aws_config_get(config, step->profile, "region");
	if (!region)
		region = aws_config_region(config);
	if (!region)
		region = aws_partition_find("aws")->global_region;
	struct diags diags;
	diags_init(&diags);
	bool ok = aws_endpoint_find(fetch->arena, config, aws_service_find("sts"), region, endpoint, &diags);
	if (!ok)
		fetch_failed(fetch, failed, "%s", diags.items[0].detail);
	diags_release(&diags);
	return ok;
}

/* --- The answer --- */

static const char *account_of(struct arena *arena, const char *arn)
{
	for (int colons = 0; arn && colons < 4; colons++) {
		arn = strchr(arn, ':');
		arn = arn ? arn + 1 : NULL;
	}
	return arn ? arena_strndup(arena, arn, strcspn(arn, ":")) : NULL;
}

static void refused(struct fetch *fetch, const struct http_response *response)
{
	const struct step *step = fetch_step(fetch);
	struct aws_failure failure;
	aws_decode_error(fetch->arena, operation(step), response, &failure);
	const char *hint = "";
	if (!strcmp(failure.code, "AccessDenied"))
		hint = step->kind == STEP_ROLE ? " The role's trust policy must allow these credentials, and their own policy sts:AssumeRole."
					       : " The role's trust policy must allow the token's issuer, audience and subject.";
	else if (!strcmp(failure.code, "ExpiredTokenException") || !strcmp(failure.code, "ExpiredToken"))
		hint = " What it was asked with has expired: get a new one.";
	else if (!strcmp(failure.code, "RegionDisabledException"))
		hint = " Turn STS on for this region in the account's settings, or give another sts_region.";
	fetch_failed(fetch, failed, "%s, asked with %s: %s: %s%s%s%s%s", step->role.arn,
		     fetch->previous ? fetch->previous->source : "the web identity token", failure.code, failure.message, hint,
		     failure.request_id ? " (request " : "", failure.request_id ? failure.request_id : "",
		     failure.request_id ? ")" : "");
}

static void answered(struct fetch *fetch, const struct http_response *response)
{
	static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", NULL};
	const struct step *step = fetch_step(fetch);
	if (response->result != HTTP_OK) {
		fetch_failed(fetch, failed, "%s: %s.", step->role.arn, fetch_describe(fetch, response));
		return;
	}
	if (response->status != 200) {
		refused(fetch, response);
		return;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *answer = aws_decode_answer(fetch->arena, operation(step), response, &why);
	const struct value *keys = answer ? value_get(answer, "Credentials") : NULL;
	const struct value *user = answer ? value_get(answer, "AssumedRoleUser") : NULL;
	struct aws_credentials *credentials = keys ? credentials_from_value(keys, &names, step->source, &why) : NULL;
	if (!credentials) {
		fetch_failed(fetch, failed, "%s: the answer holds no credentials. %s", step->role.arn, buf_text(&why));
		return;
	}
	const char *account = account_of(fetch->arena, user ? value_get_text(user, "Arn") : NULL);
	credentials->account_id = account ? xstrdup(account) : NULL;
	fetch_found(fetch, credentials);
}

/* --- Sending --- */

struct signing {
	struct fetch *fetch;
	struct sigv4_request request;
	struct aws_endpoint endpoint;
};

/* Signs as it leaves, since a second try may come later. */
static bool sign(void *ctx, struct http_request *request)
{
	struct signing *signing = ctx;
	struct fetch *fetch = signing->fetch;
	struct sigv4_signer signer = {
		.access_key = fetch->previous->access_key,
		.secret_key = fetch->previous->secret_key,
		.session_token = fetch->previous->session_token,
		.region = signing->endpoint.signing_region,
		.service = "sts",
		.time = identity_now(fetch->identity),
		.keys = fetch->identity->keys,
	};
	request->headers = sigv4_sign(fetch->arena, &signer, &signing->request, &request->header_count);
	return true;
}

static void send_request(struct fetch *fetch, const char *token)
{
	const struct step *step = fetch_step(fetch);
	const struct aws_operation *op = operation(step);
	struct signing *signing = arena_new_of(fetch->arena, struct signing);
	struct aws_request encoded;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!aws_encode_request(fetch->arena, op, parameters(fetch, &step->role, token), NULL, &encoded, &why)) {
		fetch_failed(fetch, failed, "%s: %s", step->role.arn ? step->role.arn : "no role_arn", buf_text(&why));
		return;
	}
	if (!find_endpoint(fetch, &signing->endpoint))
		return;
	const char *url = signing->endpoint.url, *host = strstr(url, "://") + 3;
	size_t host_len = strcspn(host, "/");
	char *hash = arena_alloc_text(fetch->arena, 65);
	sigv4_payload_hash(encoded.body, encoded.body_len, hash);
	signing->fetch = fetch;
	signing->request = (struct sigv4_request){
		.method = encoded.method,
		.host = arena_strndup(fetch->arena, host, host_len),
		.path = arena_printf(fetch->arena, "%s%s", host + host_len, encoded.path),
		.query = encoded.query,
		.headers = encoded.headers,
		.header_count = encoded.header_count,
		.payload_hash = hash,
	};
	struct http_request request = {
		.method = encoded.method,
		.url = arena_printf(fetch->arena, "%s%s", url, encoded.path),
		.headers = encoded.headers,
		.header_count = encoded.header_count,
		.body = encoded.body,
		.body_len = encoded.body_len,
		.prepare = token ? NULL : sign,
		.prepare_ctx = signing,
	};
	fetch_http(fetch, &request, TRIES, answered);
}

void source_role(struct fetch *fetch)
{
	send_request(fetch, NULL);
}

void source_web_identity(struct fetch *fetch)
{
	const struct aws_role *role = &fetch_step(fetch)->role;
	if (role->web_identity_token) {
		send_request(fetch, role->web_identity_token);
		return;
	}
	AUTO_BUF struct buf token = BUF_INIT;
	if (!role->web_identity_token_file || !file_read(role->web_identity_token_file, TOKEN_LIMIT, &token)) {
		fetch_failed(fetch, failed, "%s: the file with the web identity token, %s, cannot be read: %s.", role->arn,
			     role->web_identity_token_file ? role->web_identity_token_file : "which is not named",
			     role->web_identity_token_file ? strerror(errno) : "say web_identity_token_file");
		return;
	}
	while (token.len && strchr("\r\n \t", token.ptr[token.len - 1]))
		token.len--;
	send_request(fetch, arena_strndup(fetch->arena, buf_text(&token), token.len));
}
