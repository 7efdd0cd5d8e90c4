/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/config.h"

#include "aws/ini.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"

#include <errno.h>
#include <strings.h>

enum { FILE_LIMIT = 1 << 20 };

struct aws_config {
	struct arena *arena;
	struct aws_settings settings;
	const char *profile;
	bool profile_is_named;
	struct map values;   /* "kind\nsection\nunder\nname" -> text */
	struct map sections; /* "kind\nsection" -> text */
	VEC(const char *) profiles;
	VEC(const char *) read; /* the files that were there */
};

const char *aws_env(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

bool aws_is_true(const char *text)
{
	return text && (!strcasecmp(text, "true") || !strcmp(text, "1"));
}

/* --- Copies of the settings --- */

static const char *copy_text(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static const char *const *copy_texts(struct arena *arena, const char *const *texts, size_t count)
{
	const char **copy = arena_array_of(arena, count + 1, const char *);
	for (size_t i = 0; i < count; i++)
		copy[i] = copy_text(arena, texts[i]);
	return copy;
}

static struct aws_role *copy_roles(struct arena *arena, const struct aws_role *roles, size_t count)
{
	struct aws_role *copy = arena_array_of(arena, count + 1, struct aws_role);
	for (size_t i = 0; i < count; i++) {
		const struct aws_role *from = &roles[i];
		struct aws_role *to = &copy[i];
		*to = *from;
		to->arn = copy_text(arena, from->arn);
		to->session_name = copy_text(arena, from->session_name);
		to->external_id = copy_text(arena, from->external_id);
		to->policy = copy_text(arena, from->policy);
		to->policy_arns = copy_texts(arena, from->policy_arns, from->policy_arn_count);
		to->tag_keys = copy_texts(arena, from->tag_keys, from->tag_count);
		to->tag_values = copy_texts(arena, from->tag_values, from->tag_count);
		to->transitive_tag_keys = copy_texts(arena, from->transitive_tag_keys, from->transitive_tag_count);
		to->source_identity = copy_text(arena, from->source_identity);
		to->web_identity_token = copy_text(arena, from->web_identity_token);
		to->web_identity_token_file = copy_text(arena, from->web_identity_token_file);
	}
	return copy;
}

static void copy_settings(struct arena *arena, struct aws_settings *s)
{
	s->profile = copy_text(arena, s->profile);
	s->region = copy_text(arena, s->region);
	s->access_key = copy_text(arena, s->access_key);
	s->secret_key = copy_text(arena, s->secret_key);
	s->session_token = copy_text(arena, s->session_token);
	s->sts_region = copy_text(arena, s->sts_region);
	s->metadata_endpoint = copy_text(arena, s->metadata_endpoint);
	s->config_files = copy_texts(arena, s->config_files, s->config_file_count);
	s->credentials_files = copy_texts(arena, s->credentials_files, s->credentials_file_count);
	s->endpoint_services = copy_texts(arena, s->endpoint_services, s->endpoint_count);
	s->endpoint_urls = copy_texts(arena, s->endpoint_urls, s->endpoint_count);
	s->roles = copy_roles(arena, s->roles, s->role_count);
	if (s->web_identity)
		s->web_identity = copy_roles(arena, s->web_identity, 1);
}

/* --- Reading the files --- */

static void add_section(struct aws_config *config, const char *kind, const struct ini_section *section, bool replace)
{
	struct arena *arena = config->arena;
	const char *key = arena_printf(arena, "%s\n%s", kind, section->name);
	if (!map_find(&config->sections, key)) {
		map_put(&config->sections, key, (void *)(uintptr_t)section->name);
		if (!strcmp(kind, "profile"))
			vec_add(&config->profiles, section->name);
	}
	for (size_t i = 0; i < section->property_count; i++) {
		const struct ini_property *p = &section->properties[i];
		const char *name = arena_printf(arena, "%s\n%s\n%s", key, p->under ? p->under : "", p->name);
		if (replace || !map_find(&config->values, name))
			map_put(&config->values, name, (void *)(uintptr_t)p->value);
	}
}

/*
 * In the config file a profile is [profile NAME], except [default]; where [profile default] is
 * there too, that one counts. In the credentials file every section is a profile.
 */
static void add_file(struct aws_config *config, const struct ini *ini, bool is_credentials)
{
	bool full_default = false;
	for (size_t i = 0; i < ini->section_count; i++) {
		const struct ini_section *section = &ini->sections[i];
		full_default |= !strcmp(section->kind, "profile") && !strcmp(section->name, "default");
	}
	for (size_t i = 0; i < ini->section_count; i++) {
		const struct ini_section *section = &ini->sections[i];
		bool is_default = !*section->kind && !strcmp(section->name, "default");
		if (is_credentials)
			add_section(config, "profile", section, true);
		else if (*section->kind)
			add_section(config, section->kind, section, true);
		else if (is_default && !full_default)
			add_section(config, "profile", section, true);
	}
}

/* "~/x" in the home directory. NULL where there is none. */
static const char *expand_home(struct arena *arena, const char *path)
{
	if (path[0] != '~' || (path[1] && path[1] != '/'))
		return path;
	const char *home = aws_env("HOME");
	return home ? arena_printf(arena, "%s%s", home, path + 1) : NULL;
}

static bool read_file(struct aws_config *config, const char *path, bool is_credentials, bool must_exist, struct diags *diags)
{
	const char *full = expand_home(config->arena, path);
	struct buf text = BUF_INIT;
	if (!full || !file_read(full, FILE_LIMIT, &text)) {
		bool missing = !full || errno == ENOENT || errno == ENOTDIR;
		buf_release(&text);
		if (missing && !must_exist)
			return true;
		diag_error(diags, SRC_NOWHERE, "AWS settings cannot be read", "The file %s cannot be read: %s.", path,
			   full ? strerror(errno) : "HOME is not set");
		return false;
	}
	unsigned line;
	const char *why;
	const struct ini *ini = ini_parse(config->arena, buf_text(&text), text.len, &line, &why);
	buf_release(&text);
	if (!ini) {
		diag_error(diags, SRC_NOWHERE, "AWS settings cannot be read",
			   "Line %u of %s is not of the form that AWS's shared files have: %s.", line, full, why);
		return false;
	}
	add_file(config, ini, is_credentials);
	vec_add(&config->read, full);
	return true;
}

static bool read_files(struct aws_config *config, struct diags *diags)
{
	const struct aws_settings *s = &config->settings;
	const char *config_file = aws_env("AWS_CONFIG_FILE"), *credentials_file = aws_env("AWS_SHARED_CREDENTIALS_FILE");
	bool ok = true;
	for (size_t i = 0; i < s->config_file_count; i++)
		ok &= read_file(config, s->config_files[i], false, true, diags);
	if (!s->config_file_count)
		ok &= read_file(config, config_file ? config_file : "~/.aws/config", false, false, diags);
	/* After those, so that it wins. */
	for (size_t i = 0; i < s->credentials_file_count; i++)
		ok &= read_file(config, s->credentials_files[i], true, true, diags);
	if (!s->credentials_file_count)
		ok &= read_file(config, credentials_file ? credentials_file : "~/.aws/credentials", true, false, diags);
	return ok;
}

static bool choose_profile(struct aws_config *config, struct diags *diags)
{
	const char *from = "the provider's argument \"profile\"";
	const char *name = config->settings.profile;
	if (!name && (name = aws_env("AWS_PROFILE")))
		from = "the environment variable AWS_PROFILE";
	if (!name && (name = aws_env("AWS_DEFAULT_PROFILE")))
		from = "the environment variable AWS_DEFAULT_PROFILE";
	config->profile = arena_strdup(config->arena, name ? name : "default");
	config->profile_is_named = name != NULL;
	if (!name || aws_config_has_profile(config, name))
		return true;
	if (!strcmp(name, "default")) /* need not be there */
		return true;
	struct buf detail = BUF_INIT;
	buf_addf(&detail, "%s asks for the profile \"%s\", ", from, name);
	if (!config->read.count)
		buf_adds(&detail, "but there are no shared AWS config and credentials files");
	else
		buf_adds(&detail, "which is not in ");
	for (size_t i = 0; i < config->read.count; i++)
		buf_addf(&detail, "%s%s", i ? " or " : "", config->read.items[i]);
	const char *near = nearest_name(name, config->profiles.items, config->profiles.count);
	if (near)
		buf_addf(&detail, ". Did you mean \"%s\"?", near);
	else
		buf_addf(&detail, ". Make it with\n\n  aws configure --profile %s", name);
	detail.ptr[0] = detail.ptr[0] == 't' ? 'T' : detail.ptr[0];
	diag_error(diags, SRC_NOWHERE, "No such AWS profile", "%s", detail.ptr);
	buf_release(&detail);
	return false;
}

struct aws_config *aws_config_new(const struct aws_settings *settings, struct diags *diags)
{
	struct aws_config *config = xcalloc(1, sizeof(*config));
	config->arena = arena_new();
	if (settings)
		config->settings = *settings;
	copy_settings(config->arena, &config->settings);
	if (read_files(config, diags) && choose_profile(config, diags))
		return config;
	aws_config_free(config);
	return NULL;
}

void aws_config_free(struct aws_config *config)
{
	if (!config)
		return;
	map_release(&config->values);
	map_release(&config->sections);
	vec_free(&config->profiles);
	vec_free(&config->read);
	arena_free(config->arena);
	free(config);
}

/* --- Asking --- */

const struct aws_settings *aws_config_settings(const struct aws_config *config)
{
	return &config->settings;
}

const char *aws_config_profile(const struct aws_config *config)
{
	return config->profile;
}

bool aws_config_profile_is_named(const struct aws_config *config)
{
	return config->profile_is_named;
}

const char *const *aws_config_profiles(const struct aws_config *config, size_t *count)
{
	*count = config->profiles.count;
	return config->profiles.items;
}

bool aws_config_has_section(const struct aws_config *config, const char *kind, const char *section)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s\n%s", kind, section);
	return map_find(&config->sections, key.ptr) != NULL;
}

bool aws_config_has_profile(const struct aws_config *config, const char *profile)
{
	return aws_config_has_section(config, "profile", profile);
}

const char *aws_config_get_section(const struct aws_config *config, const char *kind, const char *section, const char *under,
				   const char *name)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s\n%s\n%s\n%s", kind, section, under ? under : "", name);
	const char *value = map_find(&config->values, key.ptr);
	return value && *value ? value : NULL;
}

const char *aws_config_get(const struct aws_config *config, const char *profile, const char *name)
{
	return aws_config_get_section(config, "profile", profile, NULL, name);
}

const char *aws_config_get_nested(const struct aws_config *config, const char *profile, const char *under, const char *name)
{
	return aws_config_get_section(config, "profile", profile, under, name);
}

const char *aws_config_region(const struct aws_config *config)
{
	const char *region = config->settings.region;
	if (!region || !*region)
		region = aws_env("AWS_REGION");
	if (!region)
		region = aws_env("AWS_DEFAULT_REGION");
	if (!region)
		region = aws_config_get(config, config->profile, "region");
	return region;
}

/* Argument, environment, profile. */
static bool flag(const struct aws_config *config, int argument, const char *variable, const char *name)
{
	if (argument)
		return argument > 0;
	const char *value = aws_env(variable);
	if (!value)
		value = aws_config_get(config, config->profile, name);
	return aws_is_true(value);
}

bool aws_config_fips(const struct aws_config *config)
{
	return flag(config, config->settings.fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
}

bool aws_config_dual_stack(const struct aws_config *config)
{
	return flag(config, config->settings.dual_stack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
}

bool aws_config_s3_path_style(const struct aws_config *config)
{
	if (config->settings.s3_path_style)
		return config->settings.s3_path_style > 0;
	const char *style = aws_config_get_nested(config, config->profile, "s3", "addressing_style");
	return style && !strcmp(style, "path");
}

/* Equal but for case, and for what separates words: "route53resolver", "Route53_Resolver". */
static bool same_service(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, "_- ");
		b += strspn(b, "_- ");
		if (strncasecmp(a, b, 1))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

const char *aws_config_endpoint_url(const struct aws_config *config, const char *name, const char *id)
{
	const struct aws_settings *s = &config->settings;
	for (size_t i = 0; i < s->endpoint_count; i++) {
		if (*s->endpoint_urls[i] && (same_service(s->endpoint_services[i], name) || same_service(s->endpoint_services[i], id)))
			return s->endpoint_urls[i];
	}
	if (flag(config, 0, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
		return NULL;
	AUTO_BUF struct buf variable = BUF_INIT;
	AUTO_BUF struct buf under = BUF_INIT;
	buf_adds(&variable, "AWS_ENDPOINT_URL_");
	for (const char *p = id; *p; p++) {
		buf_addc(&variable, (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p));
		buf_addc(&under, (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p));
	}
	const char *url = aws_env(variable.ptr);
	if (!url)
		url = aws_env("AWS_ENDPOINT_URL");
	const char *services = aws_config_get(config, config->profile, "services");
	if (!url && services)
		url = aws_config_get_section(config, "services", services, under.ptr, "endpoint_url");
	return url ? url : aws_config_get(config, config->profile, "endpoint_url");
}

unsigned aws_config_max_attempts(const struct aws_config *config)
{
	const char *value = aws_env("AWS_MAX_ATTEMPTS");
	if (!value)
		value = aws_config_get(config, config->profile, "max_attempts");
	long attempts = value ? strtol(value, NULL, 10) : 0;
	return attempts > 0 && attempts <= 1000 ? (unsigned)attempts : 0;
}
