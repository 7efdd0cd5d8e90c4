/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to a chain of steps; nothing is asked here. */
#include "aws/credentials_internal.h"

enum { CHAIN_LIMIT = 16 };

static const struct aws_config *config_of(const struct fetch *fetch)
{
	return fetch->identity->config;
}

static bool refuse(struct fetch *fetch, const char *summary, const char *detail, ...) PRINTF_LIKE(3, 4);
static bool refuse(struct fetch *fetch, const char *summary, const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	diag_error(&fetch->diags, SRC_NOWHERE, summary, "%s", arena_vprintf(fetch->arena, detail, args));
	va_end(args);
	return false;
}

static void note(struct fetch *fetch, const char *text, ...) PRINTF_LIKE(2, 3);
static void note(struct fetch *fetch, const char *text, ...)
{
	va_list args;
	va_start(args, text);
	buf_adds(&fetch->tried, "\n  - ");
	buf_vaddf(&fetch->tried, text, args);
	va_end(args);
}

static void add_keys(struct fetch *fetch, const char *source, const char *access, const char *secret, const char *token)
{
	const struct aws_credentials *keys = aws_credentials_new(access, secret, token, NULL, source, 0);
	vec_add(&fetch->steps, (struct step){.kind = STEP_KEYS, .source = source, .keys = keys});
}

/* The two keys are of use only together. False where one is missing. */
static bool both(struct fetch *fetch, const char *access, const char *secret, const char *where, const char *access_name,
		 const char *secret_name)
{
	if (access && secret)
		return true;
	return refuse(fetch, "Incomplete AWS credentials", "%s %s %s but not %s; both are needed.", where,
		      !strncmp(where, "The environment", 15) ? "has" : "says", access ? access_name : secret_name,
		      access ? secret_name : access_name);
}

/* --- Profiles --- */

static const char *profile_source(struct fetch *fetch, const char *profile)
{
	return arena_printf(fetch->arena, "the profile \"%s\"", profile);
}

static bool has_sso(const struct aws_config *config, const char *profile)
{
	return aws_config_get(config, profile, "sso_session") || aws_config_get(config, profile, "sso_start_url");
}

/* Keys, process, SSO or web identity of the profile itself. *found says whether there was one. */
static bool plan_own(struct fetch *fetch, const char *profile, bool *found)
{
	const struct aws_config *config = config_of(fetch);
	const char *source = profile_source(fetch, profile);
	const char *access = aws_config_get(config, profile, "aws_access_key_id");
	const char *secret = aws_config_get(config, profile, "aws_secret_access_key");
	const char *token_file = aws_config_get(config, profile, "web_identity_token_file");
	const char *command = aws_config_get(config, profile, "credential_process");
	*found = true;
	if (access || secret) {
		const char *where = arena_printf(fetch->arena, "The profile \"%s\"", profile);
		if (!both(fetch, access, secret, where, "aws_access_key_id", "aws_secret_access_key"))
			return false;
		add_keys(fetch, source, access, secret, aws_config_get(config, profile, "aws_session_token"));
	} else if (token_file) {
		const char *arn = aws_config_get(config, profile, "role_arn");
		if (!arn)
			return refuse(fetch, "Incomplete AWS credentials",
				      "The profile \"%s\" says web_identity_token_file but not role_arn.", profile);
		vec_add(&fetch->steps, (struct step){
					       .kind = STEP_WEB_IDENTITY,
					       .source = source,
					       .profile = profile,
					       .role = {.arn = arn,
							.session_name = aws_config_get(config, profile, "role_session_name"),
							.web_identity_token_file = token_file},
				       });
	} else if (has_sso(config, profile)) {
		vec_add(&fetch->steps, (struct step){.kind = STEP_SSO, .source = source, .profile = profile});
	} else if (command) {
		vec_add(&fetch->steps,
			(struct step){.kind = STEP_PROCESS, .source = source, .profile = profile, .command = command});
	} else {
		*found = false;
	}
	return true;
}

static bool plan_environment(struct fetch *fetch, bool *found);
static void plan_container(struct fetch *fetch, bool *found);

static bool plan_credential_source(struct fetch *fetch, const char *profile, const char *from)
{
	bool found = false;
	if (!strcmp(from, "Environment")) {
		if (!plan_environment(fetch, &found))
			return false;
		if (!found)
			return refuse(fetch, "No AWS credentials",
				      "The profile \"%s\" takes its role with credentials of the environment, but "
				      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set.",
				      profile);
	} else if (!strcmp(from, "EcsContainer")) {
		plan_container(fetch, &found);
		if (!found)
			return refuse(fetch, "No AWS credentials",
				      "The profile \"%s\" takes its role with credentials of the container, but neither "
				      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set.",
				      profile);
	} else if (!strcmp(from, "Ec2InstanceMetadata")) {
		vec_add(&fetch->steps, (struct step){.kind = STEP_METADATA, .source = "the instance's metadata"});
	} else {
		return refuse(fetch, "Unknown credential_source",
			      "The profile \"%s\" says credential_source = %s. It can be Environment, Ec2InstanceMetadata or "
			      "EcsContainer.",
			      profile, from);
	}
	return true;
}

static bool add_profile_role(struct fetch *fetch, const char *profile, const char *arn)
{
	const struct aws_config *config = config_of(fetch);
	const char *duration = aws_config_get(config, profile, "duration_seconds");
	if (aws_config_get(config, profile, "mfa_serial"))
		return refuse(fetch, "AWS role needs an MFA code",
			      "The profile \"%s\" takes the role %s with a code of an MFA device (mfa_serial), which is not asked "
			      "for here. Take the role yourself and use its keys:\n\n"
			      "  eval \"$(aws configure export-credentials --profile %s --format env)\"",
			      profile, arn, profile);
	vec_add(&fetch->steps, (struct step){
				       .kind = STEP_ROLE,
				       .source = profile_source(fetch, profile),
				       .profile = profile,
				       .role = {.arn = arn,
						.session_name = aws_config_get(config, profile, "role_session_name"),
						.external_id = aws_config_get(config, profile, "external_id"),
						.duration_s = duration ? (unsigned)strtoul(duration, NULL, 10) : 0},
			       });
	return true;
}

/*
 * The steps of a profile: where its role's source leads, its own keys at the end, then the roles on
 * the way back.
 */
static bool plan_profile(struct fetch *fetch, const char *profile, const char *const *visited, size_t depth, bool *found)
{
	const struct aws_config *config = config_of(fetch);
	const char *arn = aws_config_get(config, profile, "role_arn");
	const char *source = aws_config_get(config, profile, "source_profile");
	const char *from = aws_config_get(config, profile, "credential_source");
	*found = true;
	if (!arn || aws_config_get(config, profile, "web_identity_token_file"))
		return plan_own(fetch, profile, found);
	if (source && from)
		return refuse(fetch, "Ambiguous AWS profile",
			      "The profile \"%s\" says both source_profile and credential_source; take one of them out.", profile);
	if (from)
		return plan_credential_source(fetch, profile, from) && add_profile_role(fetch, profile, arn);
	if (!source)
		return refuse(fetch, "Incomplete AWS credentials",
			      "The profile \"%s\" takes the role %s, but does not say with whose credentials. Add source_profile or "
			      "credential_source to it.",
			      profile, arn);
	if (!aws_config_has_profile(config, source)) {
		size_t count;
		const char *const *names = aws_config_profiles(config, &count);
		const char *near = nearest_name(source, names, count);
		return refuse(fetch, "No such AWS profile", "The profile \"%s\" names the source_profile \"%s\", which does not exist.%s%s%s",
			      profile, source, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	if (!strcmp(source, profile)) {
		if (!plan_own(fetch, profile, found))
			return false;
	} else {
		for (size_t i = 0; i < depth; i++) {
			if (!strcmp(visited[i], source))
				return refuse(fetch, "Circular AWS profiles",
					      "The source_profile of \"%s\" leads back to \"%s\".", profile, source);
		}
		if (depth >= CHAIN_LIMIT)
			return refuse(fetch, "Circular AWS profiles", "More than %d profiles lead from one to the next.", CHAIN_LIMIT);
		const char *path[CHAIN_LIMIT + 1];
		memcpy(path, visited, depth * sizeof(*path));
		path[depth] = source;
		if (!plan_profile(fetch, source, path, depth + 1, found))
			return false;
	}
	if (!*found)
		return refuse(fetch, "No AWS credentials",
			      "The profile \"%s\" takes its role with the credentials of \"%s\", which has none.", profile, source);
	return add_profile_role(fetch, profile, arn);
}

/* --- The places, in order --- */

static bool plan_environment(struct fetch *fetch, bool *found)
{
	const char *access = aws_env("AWS_ACCESS_KEY_ID"), *secret = aws_env("AWS_SECRET_ACCESS_KEY");
	if (!access && !secret)
		return true;
	if (!both(fetch, access, secret, "The environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
		return false;
	add_keys(fetch, "the environment", access, secret, aws_env("AWS_SESSION_TOKEN"));
	*found = true;
	return true;
}

static void plan_container(struct fetch *fetch, bool *found)
{
	if (aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
		vec_add(&fetch->steps, (struct step){.kind = STEP_CONTAINER, .source = "the container's credentials"});
		*found = true;
	}
}

static bool plan_arguments(struct fetch *fetch, bool *found)
{
	const struct aws_settings *s = aws_config_settings(config_of(fetch));
	if (s->access_key || s->secret_key) {
		*found = true;
		if (!both(fetch, s->access_key, s->secret_key, "The provider", "access_key", "secret_key"))
			return false;
		add_keys(fetch, "the provider's arguments", s->access_key, s->secret_key, s->session_token);
	} else if (s->web_identity) {
		*found = true;
		vec_add(&fetch->steps, (struct step){
					       .kind = STEP_WEB_IDENTITY,
					       .source = "the provider's assume_role_with_web_identity",
					       .role = *s->web_identity,
				       });
	}
	return true;
}

static void plan_environment_token(struct fetch *fetch, bool *found)
{
	const char *file = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE"), *arn = aws_env("AWS_ROLE_ARN");
	if (!file || !arn)
		return;
	*found = true;
	vec_add(&fetch->steps, (struct step){
				       .kind = STEP_WEB_IDENTITY,
				       .source = "the environment's web identity",
				       .role = {.arn = arn,
						.session_name = aws_env("AWS_ROLE_SESSION_NAME"),
						.web_identity_token_file = file},
			       });
}

static bool plan_base(struct fetch *fetch)
{
	const struct aws_config *config = config_of(fetch);
	const struct aws_settings *settings = aws_config_settings(config);
	const char *profile = aws_config_profile(config);
	bool found = false;
	if (!plan_arguments(fetch, &found))
		return false;
	if (found)
		return true;
	note(fetch, "the provider's arguments: no access_key");
	/* A profile that the provider names is meant to win over what the shell happens to have. */
	if (settings->profile) {
		note(fetch, "the environment: left aside, since the provider names a profile");
	} else {
		if (!plan_environment(fetch, &found))
			return false;
		if (found)
			return true;
		plan_environment_token(fetch, &found);
		if (found)
			return true;
		note(fetch, "the environment: neither AWS_ACCESS_KEY_ID nor AWS_WEB_IDENTITY_TOKEN_FILE is set");
	}
	if (!plan_profile(fetch, profile, &profile, 1, &found))
		return false;
	if (found)
		return true;
	note(fetch, "the profile \"%s\": %s", profile,
	     aws_config_has_profile(config, profile) ? "says nothing of credentials" : "is in no shared AWS file");
	plan_container(fetch, &found);
	if (found)
		return true;
	note(fetch, "the container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set");
	vec_add(&fetch->steps,
		(struct step){.kind = STEP_METADATA, .source = "the instance's metadata", .may_be_absent = true});
	return true;
}

bool fetch_plan(struct fetch *fetch)
{
	if (!plan_base(fetch))
		return false;
	const struct aws_settings *settings = aws_config_settings(config_of(fetch));
	for (size_t i = 0; i < settings->role_count; i++) {
		vec_add(&fetch->steps,
			(struct step){.kind = STEP_ROLE, .source = "the provider's assume_role", .role = settings->roles[i]});
	}
	return true;
}
