/* SPDX-License-Identifier: Apache-2.0 */
/* Every source of credentials, against a server that plays STS, SSO, container and instance. */
#include "aws/credentials.h"

#include "aws/config.h"
#include "aws/credentials_internal.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/proc.h"
#include "tests/support/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

extern char **environ;

static char home[] = "/tmp/test_credentials.XXXXXX";
static struct loop *loop;
static struct http *http;
static struct server *server;
static struct arena *arena;
static struct aws_config *config;
static struct aws_identity *identity;
static int64_t now;
static struct buf log_text; /* what the server was asked */
static int fail_times, fail_status;
static const char *metadata_code;

static int64_t clock_now(void *ctx)
{
	(void)ctx;
	return now;
}

/* --- The server --- */

static void answer_keys(const struct server_request *r, const char *more)
{
	server_answer(r->server, r->fd, 200, "",
		      arena_printf(arena,
				   "{%s\"AccessKeyId\":\"AK%u\",\"SecretAccessKey\":\"sk\",\"Token\":\"tok\",\"Expiration\":\"2023-11-15T00:00:00Z\"}",
				   more, r->server->requests));
}

static void answer_sts(const struct server_request *r)
{
	char authorization[600];
	server_header(r, "Authorization", authorization, sizeof(authorization));
	char *key = strstr(authorization, "Credential=");
	buf_addf(&log_text, "[%s|%.*s]", r->body, key ? (int)strcspn(key + 11, "/") : 0, key ? key + 11 : "");
	if (strstr(r->body, "denied")) {
		server_answer(r->server, r->fd, 403, "",
			      "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
			      "<Code>AccessDenied</Code><Message>not you</Message></Error><RequestId>r-1</RequestId></ErrorResponse>");
		return;
	}
	const char *action = strstr(r->body, "WebIdentity") ? "AssumeRoleWithWebIdentity" : "AssumeRole";
	server_answer(r->server, r->fd, 200, "Content-Type: text/xml\r\n",
		      arena_printf(arena,
				   "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult><AssumedRoleUser>"
				   "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>x:y</AssumedRoleId></AssumedRoleUser>"
				   "<Credentials><AccessKeyId>ROLE%u</AccessKeyId><SecretAccessKey>rs</SecretAccessKey><SessionToken>rt</SessionToken>"
				   "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></%sResult></%sResponse>",
				   action, action, r->server->requests, action, action));
}

static void answer_metadata(const struct server_request *r)
{
	char token[100];
	server_header(r, "X-aws-ec2-metadata-token", token, sizeof(token));
	buf_addf(&log_text, "[%s]", r->target);
	if (!strcmp(r->target, "/latest/api/token"))
		server_answer(r->server, r->fd, strcmp(r->method, "PUT") ? 405 : 200, "", "session-token");
	else if (strcmp(token, "session-token"))
		server_answer(r->server, r->fd, 401, "", "");
	else if (!strcmp(r->target, "/latest/meta-data/placement/region"))
		server_answer(r->server, r->fd, 200, "", "eu-west-3");
	else if (!strcmp(r->target, "/latest/meta-data/iam/security-credentials/"))
		server_answer(r->server, r->fd, metadata_code ? 200 : 404, "", metadata_code ? "the-role" : "");
	else
		answer_keys(r, arena_printf(arena, "\"Code\":\"%s\",", metadata_code));
}

static void answer_sso(const struct server_request *r)
{
	char token[100];
	if (!strcmp(r->target, "/token")) {
		buf_addf(&log_text, "[%s]", r->body);
		if (strstr(r->body, "spent"))
			server_answer(r->server, r->fd, 400, "", "{\"error\":\"invalid_grant\"}");
		else
			server_answer(r->server, r->fd, 200, "", "{\"accessToken\":\"renewed\",\"expiresIn\":3600,\"refreshToken\":\"next\"}");
		return;
	}
	server_header(r, "x-amz-sso_bearer_token", token, sizeof(token));
	buf_addf(&log_text, "[%s %s]", r->target, token);
	if (!strcmp(token, "bad"))
		server_answer(r->server, r->fd, 401, "", "{\"message\":\"Session token not found or invalid\"}");
	else
		server_answer(r->server, r->fd, 200, "",
			      "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
			      "\"expiration\":1700003600000}}");
}

static void handle(void *ctx, const struct server_request *r)
{
	(void)ctx;
	char authorization[200];
	if (fail_times > 0) {
		fail_times--;
		if (fail_status)
			server_answer(r->server, r->fd, (unsigned)fail_status, "", "try again");
		else
			server_hang_up(r->server, r->fd);
	} else if (!strncmp(r->target, "/latest/", 8)) {
		answer_metadata(r);
	} else if (!strcmp(r->target, "/container")) {
		buf_addf(&log_text, "[%s]", server_header(r, "Authorization", authorization, sizeof(authorization)));
		answer_keys(r, "");
	} else if (!strncmp(r->target, "/federation/", 12) || !strcmp(r->target, "/token")) {
		answer_sso(r);
	} else {
		answer_sts(r);
	}
}

/* --- Around each test --- */

static void clear_environment(void)
{
	for (size_t i = 0; environ[i];) {
		char name[200];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(environ[i], "="), environ[i]);
		if (!strncmp(name, "AWS_", 4))
			unsetenv(name);
		else
			i++;
	}
}

static int setup(void **state)
{
	(void)state;
	clear_environment();
	setenv("HOME", home, 1);
	now = 1700000000; /* 2023-11-14T22:13:20Z */
	fail_times = fail_status = 0;
	metadata_code = "Success";
	arena = arena_new();
	loop = loop_new();
	http = http_new(loop, NULL);
	server = server_start(loop, handle, NULL);
	setenv("AWS_ENDPOINT_URL", server->url, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	return 0;
}

static void forget(void)
{
	aws_identity_free(identity);
	aws_config_free(config);
	identity = NULL;
	config = NULL;
}

static int teardown(void **state)
{
	(void)state;
	forget();
	http_free(http);
	server_stop(server);
	loop_free(loop);
	arena_free(arena);
	buf_release(&log_text);
	return 0;
}

static const char *write_file(const char *name, const char *text)
{
	const char *path = arena_printf(arena, "%s/%s", home, name);
	char *folder = arena_strdup(arena, path);
	*strrchr(folder, '/') = '\0';
	assert_true(make_directories(folder, 0700));
	assert_true(file_write(path, text, strlen(text), 0600));
	return path;
}

static void use_config(const char *text)
{
	setenv("AWS_CONFIG_FILE", write_file("config", text), 1);
}

struct answer {
	unsigned calls;
	const char *text; /* "KEY secret token source", or the diagnostics */
	int64_t expires;
	const char *account;
};

static void done(void *ctx, const struct aws_credentials *c, struct diags *diags)
{
	struct answer *a = ctx;
	a->calls++;
	if (c) {
		a->text = arena_printf(arena, "%s %s %s, %s", c->access_key, c->secret_key, c->session_token ? c->session_token : "-",
				       c->source);
		a->expires = c->expires;
		a->account = c->account_id ? arena_strdup(arena, c->account_id) : NULL;
		aws_credentials_unref(c);
	} else {
		assert_true(diags_has_errors(diags));
		a->text = arena_printf(arena, "%s: %s", diags->items[0].summary, diags->items[0].detail);
	}
}

static struct answer get_with(const struct aws_settings *settings)
{
	struct diags diags;
	struct answer answer = {0};
	diags_init(&diags);
	forget();
	buf_clear(&log_text);
	config = aws_config_new(settings, &diags);
	assert_non_null(config);
	diags_release(&diags);
	identity = aws_identity_new(loop, http, config);
	aws_identity_set_clock(identity, clock_now, NULL);
	aws_identity_get(identity, done, &answer);
	loop_run(loop);
	assert_int_equal(answer.calls, 1);
	return answer;
}

static struct answer get(void)
{
	return get_with(NULL);
}

static void says(struct answer answer, const char *part)
{
	if (!strstr(answer.text, part))
		fail_msg("\"%s\" is not in: %s", part, answer.text);
}

/* --- Places without a request --- */

static void keys_in_order(void **state)
{
	(void)state;
	use_config("[default]\naws_access_key_id = FILE\naws_secret_access_key = fs\n[profile a]\naws_access_key_id = A\n"
		   "aws_secret_access_key = as\naws_session_token = at\n");
	assert_string_equal(get().text, "FILE fs -, the profile \"default\"");
	setenv("AWS_PROFILE", "a", 1);
	assert_string_equal(get().text, "A as at, the profile \"a\"");
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "es", 1);
	assert_string_equal(get().text, "ENV es -, the environment");
	assert_string_equal(get_with(&(struct aws_settings){.profile = "a"}).text, "A as at, the profile \"a\"");
	assert_string_equal(get_with(&(struct aws_settings){.access_key = "ARG", .secret_key = "s", .session_token = "t"}).text,
			    "ARG s t, the provider's arguments");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	says(get(), "Incomplete AWS credentials: The environment has AWS_ACCESS_KEY_ID but not AWS_SECRET_ACCESS_KEY");
	says(get_with(&(struct aws_settings){.secret_key = "s"}), "The provider says secret_key but not access_key");
}

static char *load(const char *folder, const char *name)
{
	struct buf text = BUF_INIT;
	assert_true(file_read(arena_printf(arena, "tests/aws/config/%s/%s", folder, name), 0, &text));
	char *copy = buf_copy(&text, arena);
	buf_release(&text);
	return copy;
}

/* The recorded cases in which botocore was asked for credentials (tests/aws/collect_config.py). */
static void the_same_as_botocores(void **state)
{
	(void)state;
	char **names;
	size_t count, compared = 0;
	assert_true(directory_list(arena, "tests/aws/config", &names, &count));
	for (size_t i = 0; i < count; i++) {
		char *want = load(names[i], "expect"), *save;
		if (strncmp(want, "credentials\t-\t", 14))
			continue;
		clear_environment();
		setenv("AWS_CONFIG_FILE", arena_printf(arena, "tests/aws/config/%s/config", names[i]), 1);
		setenv("AWS_SHARED_CREDENTIALS_FILE", arena_printf(arena, "tests/aws/config/%s/credentials", names[i]), 1);
		char *env = load(names[i], "env");
		for (char *line = strtok_r(env, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char *value = strchr(line, '=');
			*value++ = '\0';
			setenv(line, value, 1);
		}
		struct answer got = get();
		want += 14;
		want[strcspn(want, "\n")] = '\0';
		const char *key = strncmp(got.text, "No AWS credentials", 18) ? got.text : "";
		size_t len = strlen(want);
		/* Ours has "-" for no token, and the source behind it. */
		if (*want ? strncmp(key, want, len) || (key[len] != ',' && strncmp(key + len, " -,", 3)) : *key)
			fail_msg("%s: %s, not %s", names[i], got.text, want);
		compared++;
	}
	assert_true(compared >= 8);
}

static void nothing_found(void **state)
{
	(void)state;
	struct answer a = get();
	says(a, "No AWS credentials: None were found. Looked at, in this order:\n  - the provider's arguments: no access_key\n"
		"  - the environment: neither AWS_ACCESS_KEY_ID nor AWS_WEB_IDENTITY_TOKEN_FILE is set\n"
		"  - the profile \"default\": is in no shared AWS file\n"
		"  - the container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set\n"
		"  - the instance's metadata: turned off by");
	says(a, "aws sso login");
}

/* --- Processes --- */

static void words_are_split(void **state)
{
	(void)state;
	static const char *const cases[][5] = {
		{"a b  c", "a", "b", "c"},
		{"a 'b  c' \"d e\"", "a", "b  c", "d e"},
		{"a b\\ c \"\\\"x\\n\" ''", "a", "b c", "\"x\\n", ""},
		{"x$HOME '$(id)' *", "x$HOME", "$(id)", "*"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const *words = split_words(arena, cases[i][0]);
		for (size_t k = 1; k < 5 && cases[i][k]; k++)
			assert_string_equal(words[k - 1], cases[i][k]);
	}
	assert_null(split_words(arena, "a 'b"));
	assert_null(split_words(arena, "  "));
}

static void processes(void **state)
{
	(void)state;
	use_config(
		"[default]\ncredential_process = printf '%s' '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2024-01-01T00:00:00+01:00\",\"AccountId\":\"12\"}'\n"
		"[profile old]\ncredential_process = printf '%s' '{\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n"
		"[profile none]\ncredential_process = printf '%s' '{\"Version\":1,\"AccessKeyId\":\"P\"}'\n"
		"[profile text]\ncredential_process = echo hello\n"
		"[profile fails]\ncredential_process = sh -c \"echo first >&2; echo please sign in >&2; exit 3\"\n"
		"[profile missing]\ncredential_process = /no/such/program\n"
		"[profile quote]\ncredential_process = a 'b\n"
		"[profile past]\ncredential_process = printf '%s' '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n");
	struct answer a = get();
	assert_string_equal(a.text, "P s -, the profile \"default\"");
	assert_int_equal(a.expires, 1704063600);
	assert_string_equal(a.account, "12");
	static const char *const cases[][2] = {
		{"old", "it has no \"Version\" of 1"},
		{"none", "it has no \"SecretAccessKey\""},
		{"text", "something else than the JSON of credentials"},
		{"fails", "The profile \"fails\": sh -c \"echo first >&2; echo please sign in >&2; exit 3\" exited with code 3: please sign in"},
		{"missing", "could not be started: No such file or directory"},
		{"quote", "a quote is not closed"},
		{"past", "Expired AWS credentials"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		says(get_with(&(struct aws_settings){.profile = cases[i][0]}), cases[i][1]);
}

/* --- Roles --- */

static void role_chains(void **state)
{
	(void)state;
	use_config("[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
		   "[profile one]\nrole_arn = arn:aws:iam::123456789012:role/one\nsource_profile = base\nrole_session_name = me\nexternal_id = ext\n"
		   "[profile two]\nrole_arn = arn:aws:iam::123456789012:role/two\nsource_profile = one\nduration_seconds = 900\n");
	struct answer a = get_with(&(struct aws_settings){.profile = "two"});
	assert_string_equal(a.text, "ROLE2 rs rt, the profile \"two\"");
	assert_int_equal(a.expires, 1700003600);
	assert_string_equal(a.account, "123456789012");
	/* The second role is asked for with the credentials of the first. */
	assert_non_null(strstr(log_text.ptr, "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fone"));
	assert_non_null(strstr(log_text.ptr, "|BASE][Action=AssumeRole&"));
	assert_non_null(strstr(log_text.ptr, "|ROLE1]"));
	assert_non_null(strstr(log_text.ptr, "ExternalId=ext"));
	assert_non_null(strstr(log_text.ptr, "DurationSeconds=900"));
	assert_non_null(strstr(log_text.ptr, "RoleSessionName=me"));
	assert_non_null(strstr(log_text.ptr, "RoleSessionName=infra-1700000000"));
	assert_int_equal(server->requests, 2);
}

static void provider_roles(void **state)
{
	(void)state;
	const char *const arns[] = {"arn:aws:iam::aws:policy/ReadOnly"}, *const keys[] = {"Team"}, *const values[] = {"ml"};
	const struct aws_role roles[] = {{.arn = "arn:aws:iam::1:role/x",
					  .session_name = "session",
					  .policy_arns = arns,
					  .policy_arn_count = 1,
					  .tag_keys = keys,
					  .tag_values = values,
					  .tag_count = 1,
					  .transitive_tag_keys = keys,
					  .transitive_tag_count = 1,
					  .source_identity = "my-id"}};
	struct aws_settings settings = {.access_key = "ARG", .secret_key = "s", .roles = roles, .role_count = 1};
	says(get_with(&settings), "ROLE1 rs rt, the provider's assume_role");
	assert_non_null(strstr(log_text.ptr, "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnly"));
	assert_non_null(strstr(log_text.ptr, "&Tags.member.1.Key=Team&Tags.member.1.Value=ml"));
	assert_non_null(strstr(log_text.ptr, "&TransitiveTagKeys.member.1=Team"));
	assert_non_null(strstr(log_text.ptr, "&SourceIdentity=my-id"));
}

static void roles_that_fail(void **state)
{
	(void)state;
	use_config("[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n[profile empty]\nregion = x\n"
		   "[profile denied]\nrole_arn = arn:aws:iam::123456789012:role/denied\nsource_profile = base\n"
		   "[profile alone]\nrole_arn = arn:aws:iam::1:role/alone\n"
		   "[profile lost]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = bas\n"
		   "[profile poor]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = empty\n"
		   "[profile a]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = b\n"
		   "[profile b]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = a\n"
		   "[profile both]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\ncredential_source = Environment\n"
		   "[profile odd]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2\n"
		   "[profile mfa]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n"
		   "[profile env]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n");
	static const char *const cases[][2] = {
		{"denied", "The AWS role cannot be taken: The profile \"denied\": arn:aws:iam::123456789012:role/denied, asked with the "
			   "profile \"base\": AccessDenied: not you The role's trust policy must allow these credentials"},
		{"alone", "does not say with whose credentials"},
		{"lost", "names the source_profile \"bas\", which does not exist. Did you mean \"base\"?"},
		{"poor", "with the credentials of \"empty\", which has none"},
		{"a", "Circular AWS profiles: The source_profile of \"b\" leads back to \"a\"."},
		{"both", "both source_profile and credential_source"},
		{"odd", "It can be Environment, Ec2InstanceMetadata or EcsContainer."},
		{"mfa", "aws configure export-credentials --profile mfa"},
		{"env", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		says(get_with(&(struct aws_settings){.profile = cases[i][0]}), cases[i][1]);
}

static void a_profile_may_be_its_own_source(void **state)
{
	(void)state;
	use_config("[default]\naws_access_key_id = SELF\naws_secret_access_key = s\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n");
	says(get(), "ROLE1 rs rt");
	assert_non_null(strstr(log_text.ptr, "|SELF]"));
}

static void web_identity(void **state)
{
	(void)state;
	const char *file = write_file("token", "the.web.token\n");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file, 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web", 1);
	says(get(), "ROLE1 rs rt, the environment's web identity");
	assert_non_null(strstr(log_text.ptr, "Action=AssumeRoleWithWebIdentity&"));
	assert_non_null(strstr(log_text.ptr, "WebIdentityToken=the.web.token"));
	assert_non_null(strstr(log_text.ptr, "|]")); /* not signed */
	clear_environment();
	setenv("AWS_ENDPOINT_URL_STS", server->url, 1);
	use_config(arena_printf(arena, "[default]\nrole_arn = arn:aws:iam::123456789012:role/file\nweb_identity_token_file = %s\n", file));
	says(get(), "ROLE2 rs rt, the profile \"default\"");
	unlink(file);
	says(get(), "cannot be read: No such file or directory.");
	const struct aws_role role = {.arn = "arn:aws:iam::123456789012:role/p", .web_identity_token = "given.token"};
	says(get_with(&(struct aws_settings){.web_identity = &role}), "the provider's assume_role_with_web_identity");
	assert_non_null(strstr(log_text.ptr, "WebIdentityToken=given.token"));
}

static void failures_are_repeated(void **state)
{
	(void)state;
	use_config("[default]\naws_access_key_id = SELF\naws_secret_access_key = s\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n");
	fail_times = 2;
	fail_status = 503;
	says(get(), "ROLE3 rs rt");
	fail_times = 1;
	fail_status = 0; /* hangs up */
	says(get(), "ROLE5 rs rt");
	fail_times = 100;
	fail_status = 500;
	says(get(), "500");
	assert_int_equal(server->requests, 9); /* four tries */
}

/* --- Container and instance --- */

static void container(void **state)
{
	(void)state;
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", arena_printf(arena, "%s/container", server->url), 1);
	assert_string_equal(get().text, "AK1 sk tok, the container's credentials");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret-token", 1);
	get();
	assert_string_equal(log_text.ptr, "[secret-token]");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write_file("token", "file-token\n"), 1);
	get();
	assert_string_equal(log_text.ptr, "[file-token]");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write_file("token", "a\r\nX-Evil: b"), 1);
	says(get(), "its authorization token has more than one line");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x", 1);
	says(get(), "only the container's own host may be asked");
	static const struct {
		const char *url;
		bool allowed;
	} cases[] = {
		{"https://example.com/x", true},	 {"http://localhost:1/", true},	     {"http://127.9.8.7/", true},
		{"http://[::1]:80/", true},		 {"http://169.254.170.2/", true},    {"http://169.254.170.23/v1", true},
		{"http://[fd00:ec2::23]/v1", true},	 {"http://169.254.169.254/", false}, {"http://169.254.170.2@evil.com/", false},
		{"http://169.254.170.2.evil.com", false}, {"http://127.0.0.1@evil.com/", false},
		{"ftp://127.0.0.1/", false},		 {"http://[fd00:ec2::24]/", false},  {"http://10.0.0.1/", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool allowed = !container_url_refused(cases[i].url);
		if (allowed != cases[i].allowed)
			fail_msg("%s", cases[i].url);
	}
}

static char found_region[64];
static void region_done(void *ctx, const char *region)
{
	(void)ctx;
	snprintf(found_region, sizeof(found_region), "%s", region);
}

static void metadata(void **state)
{
	(void)state;
	unsetenv("AWS_EC2_METADATA_DISABLED");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", arena_printf(arena, "%s/", server->url), 1);
	struct answer a = get();
	assert_string_equal(a.text, "AK3 sk tok, the instance's metadata");
	assert_string_equal(log_text.ptr, "[/latest/api/token][/latest/meta-data/iam/security-credentials/]"
					  "[/latest/meta-data/iam/security-credentials/the-role]");
	/* The session is used again. */
	buf_clear(&log_text);
	aws_identity_find_region(identity, region_done, NULL);
	loop_run(loop);
	assert_string_equal(found_region, "eu-west-3");
	assert_string_equal(log_text.ptr, "[/latest/meta-data/placement/region]");
	metadata_code = "AssumeRoleUnauthorizedAccess";
	says(get(), "the role the-role is of no use: its code is AssumeRoleUnauthorizedAccess");
	metadata_code = NULL;
	says(get(), "the instance's metadata: no role is attached to this instance");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
	says(get(), "No AWS credentials: None were found");
	aws_identity_find_region(identity, region_done, NULL);
	loop_run(loop);
	assert_string_equal(found_region, "");
}

/* --- SSO --- */

static const char *sso_cache(const char *name, const char *text)
{
	unsigned char digest[DIGEST_MAX];
	struct buf path = BUF_INIT;
	buf_adds(&path, ".aws/sso/cache/");
	digest_bytes(DIGEST_SHA1, name, strlen(name), digest);
	hex_encode(digest, 20, &path);
	buf_adds(&path, ".json");
	const char *written = write_file(path.ptr, text);
	buf_release(&path);
	return written;
}

static const char *session_text(const char *refresh_token)
{
	return arena_printf(arena,
			    "{\"startUrl\":\"https://corp.awsapps.com/start\",\"accessToken\":\"stale\","
			    "\"expiresAt\":\"2023-11-14T22:00:00Z\",\"clientId\":\"id\",\"clientSecret\":\"cs\","
			    "\"refreshToken\":\"%s\",\"registrationExpiresAt\":\"2024-01-01T00:00:00Z\"}",
			    refresh_token);
}

static void sso(void **state)
{
	(void)state;
	use_config("[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Admin Role\n"
		   "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n"
		   "[profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = R\n"
		   "[profile half]\nsso_session = corp\nsso_account_id = 1\n[profile lost]\nsso_session = cor\nsso_account_id = 1\nsso_role_name = x\n");
	says(get(), "nobody has signed in yet");
	says(get(), "\n\n  aws sso login --profile default");
	says(get_with(&(struct aws_settings){.profile = "half"}), "it does not say sso_role_name");
	says(get_with(&(struct aws_settings){.profile = "lost"}), "there is no section [sso-session cor]");
	sso_cache("https://old.awsapps.com/start", "{\"accessToken\":\"fresh\",\"expiresAt\":\"2023-11-15T00:00:00UTC\"}");
	struct answer a = get_with(&(struct aws_settings){.profile = "old"});
	assert_string_equal(a.text, "SSO s t, the profile \"old\"");
	assert_int_equal(a.expires, 1700003600);
	assert_string_equal(a.account, "1");
	sso_cache("https://old.awsapps.com/start", "{\"accessToken\":\"stale\",\"expiresAt\":\"2023-11-14T00:00:00Z\"}");
	says(get_with(&(struct aws_settings){.profile = "old"}), "the session has expired. Sign in again:\n\n  aws sso login --profile old");
	sso_cache("https://old.awsapps.com/start", "{\"accessToken\":\"bad\",\"expiresAt\":\"2023-11-15T00:00:00Z\"}");
	says(get_with(&(struct aws_settings){.profile = "old"}), "Session token not found or invalid");

	const char *path = sso_cache("corp", session_text("first"));
	says(get(), "SSO s t");
	assert_string_equal(log_text.ptr, "[{\"clientId\":\"id\",\"clientSecret\":\"cs\",\"grantType\":\"refresh_token\",\"refreshToken\":\"first\"}]"
					  "[/federation/credentials?role_name=Admin%20Role&account_id=123456789012 renewed]");
	struct buf saved = BUF_INIT;
	assert_true(file_read(path, 0, &saved));
	assert_non_null(strstr(saved.ptr, "\"accessToken\":\"renewed\""));
	assert_non_null(strstr(saved.ptr, "\"refreshToken\":\"next\""));
	assert_non_null(strstr(saved.ptr, "\"expiresAt\":\"2023-11-14T23:13:20Z\""));
	assert_non_null(strstr(saved.ptr, "\"clientSecret\":\"cs\""));
	buf_release(&saved);
	/* Now the saved one is good. */
	get();
	assert_string_equal(log_text.ptr, "[/federation/credentials?role_name=Admin%20Role&account_id=123456789012 renewed]");
	sso_cache("corp", session_text("spent"));
	says(get(), "cannot be renewed (HTTP status 400: {\"error\":\"invalid_grant\"}). Sign in again:");
}

/* --- Keeping --- */

static void found_is_kept_and_renewed(void **state)
{
	(void)state;
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", arena_printf(arena, "%s/container", server->url), 1);
	struct answer first = get(), second = {0}, third = {0};
	assert_int_equal(server->requests, 1);
	const struct aws_credentials *current = aws_identity_current(identity);
	assert_non_null(current);
	aws_identity_get(identity, done, &second);
	loop_run(loop);
	assert_string_equal(second.text, first.text);
	assert_int_equal(server->requests, 1);
	/* They expire at midnight, an hour and 47 minutes from now. */
	now = 1700006400 - 301;
	assert_non_null(aws_identity_current(identity));
	now = 1700006400 - 300;
	assert_null(aws_identity_current(identity));
	aws_identity_get(identity, done, &second);
	aws_identity_get(identity, done, &third);
	aws_identity_get(identity, done, &first);
	aws_identity_cancel(identity, done, &first);
	loop_run(loop);
	assert_int_equal(server->requests, 2); /* one search for all */
	assert_string_equal(second.text, third.text);
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 2);
	/* What the server rejects is not given again. */
	current = aws_credentials_ref(aws_identity_current(identity));
	aws_identity_reject(identity, current);
	assert_null(aws_identity_current(identity));
	aws_identity_get(identity, done, &third);
	loop_run(loop);
	aws_identity_reject(identity, current); /* an old one: nothing happens */
	assert_non_null(aws_identity_current(identity));
	aws_credentials_unref(current);
	assert_int_equal(server->requests, 3);
	/* Dropped while it waits. */
	aws_identity_reject(identity, aws_identity_current(identity));
	aws_identity_get(identity, done, &first);
	bool stop = true;
	loop_run_until(loop, &stop);
	forget();
	loop_run(loop);
	assert_int_equal(first.calls, 1);
}

int main(void)
{
	if (!mkdtemp(home))
		return 1;
	unsetenv("http_proxy");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_as_botocores, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_found, setup, teardown),
		cmocka_unit_test_setup_teardown(words_are_split, setup, teardown),
		cmocka_unit_test_setup_teardown(processes, setup, teardown),
		cmocka_unit_test_setup_teardown(role_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(provider_roles, setup, teardown),
		cmocka_unit_test_setup_teardown(roles_that_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(a_profile_may_be_its_own_source, setup, teardown),
		cmocka_unit_test_setup_teardown(web_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_are_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(container, setup, teardown),
		cmocka_unit_test_setup_teardown(metadata, setup, teardown),
		cmocka_unit_test_setup_teardown(sso, setup, teardown),
		cmocka_unit_test_setup_teardown(found_is_kept_and_renewed, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	struct proc_outcome removed = proc_run(&(struct proc_options){.argv = (const char *const[]){"rm", "-rf", home, NULL}});
	proc_outcome_release(&removed);
	return failed;
}
