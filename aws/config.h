/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user says about AWS: a provider block's arguments, the environment, and the shared
 * config and credentials files ("Shared config and credentials files", AWS SDKs and Tools Reference
 * Guide). The arguments win over the environment, that over the files.
 */
#pragma once

#include "base/base.h"

struct diags;

/* Role to take, as a provider's assume_role block or a profile says it. */
struct aws_role {
	const char *arn;
	const char *session_name; /* NULL: made up */
	const char *external_id;
	const char *policy; /* JSON */
	const char *const *policy_arns;
	size_t policy_arn_count;
	const char *const *tag_keys, *const *tag_values, *const *transitive_tag_keys;
	size_t tag_count, transitive_tag_count;
	const char *source_identity;
	unsigned duration_s; /* 0: an hour */
	const char *web_identity_token; /* the token itself, or */
	const char *web_identity_token_file;
};

/* Arguments of a provider block; NULL, 0 and false where they are not written. Borrowed by aws_config_new(). */
struct aws_settings {
	const char *profile, *region;
	const char *access_key, *secret_key, *session_token;
	const char *const *config_files, *const *credentials_files; /* in place of the usual ones */
	size_t config_file_count, credentials_file_count;
	const struct aws_role *roles; /* taken one after the other */
	size_t role_count;
	const struct aws_role *web_identity;
	const char *const *endpoint_services, *const *endpoint_urls; /* by the services' names ("ec2") or other usual ones */
	size_t endpoint_count;
	const char *sts_region;
	const char *metadata_endpoint; /* of the instance metadata service */
	bool skip_metadata;
	int fips, dual_stack; /* 1 on, -1 off, 0 not said */
	int s3_path_style;
};

struct aws_config;

/*
 * Reads the files. A missing one of the usual files is no error; a damaged one, or a profile that
 * was asked for by name and is in none, is. NULL on failure. Everything returned below lives as long
 * as the config.
 */
struct aws_config *aws_config_new(const struct aws_settings *settings, struct diags *diags);
void aws_config_free(struct aws_config *config); /* NULL accepted */

const struct aws_settings *aws_config_settings(const struct aws_config *config); /* a copy of its own */
/* The profile in use: argument, AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *aws_config_profile(const struct aws_config *config);
/* Whether that was asked for by the argument or by the environment. */
bool aws_config_profile_is_named(const struct aws_config *config);
bool aws_config_has_profile(const struct aws_config *config, const char *profile);
/* The names of all profiles. */
const char *const *aws_config_profiles(const struct aws_config *config, size_t *count);
/* A setting of a profile ("role_arn"), or NULL. What the credentials file says wins. */
const char *aws_config_get(const struct aws_config *config, const char *profile, const char *name);
/* One that stands indented under another ("s3", "addressing_style"), or NULL. */
const char *aws_config_get_nested(const struct aws_config *config, const char *profile, const char *under, const char *name);
/* A setting of another kind of section: [sso-session NAME], [services NAME]; `under` may be NULL. */
const char *aws_config_get_section(const struct aws_config *config, const char *kind, const char *section, const char *under,
				   const char *name);
bool aws_config_has_section(const struct aws_config *config, const char *kind, const char *section);

/* Argument, AWS_REGION, AWS_DEFAULT_REGION, profile; NULL where none says it (the instance's own may be asked). */
const char *aws_config_region(const struct aws_config *config);
bool aws_config_fips(const struct aws_config *config);
bool aws_config_dual_stack(const struct aws_config *config);
bool aws_config_s3_path_style(const struct aws_config *config);
/*
 * The URL that was configured for a service, or NULL: argument, AWS_ENDPOINT_URL_<SERVICE>,
 * AWS_ENDPOINT_URL, a services section, endpoint_url of the profile. `name` is our name of the
 * service ("elbv2"), `id` its service id ("Elastic_Load_Balancing_v2").
 */
const char *aws_config_endpoint_url(const struct aws_config *config, const char *name, const char *id);
/* How many times a call is tried: AWS_MAX_ATTEMPTS, max_attempts; 0 where nothing is said. */
unsigned aws_config_max_attempts(const struct aws_config *config);
/* An environment variable that is set and not empty, or NULL. */
const char *aws_env(const char *name);
/* "true" in any case (and "1"). */
bool aws_is_true(const char *text);
