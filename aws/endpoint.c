/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/endpoint.h"

#include "aws/config.h"
#include "aws/endpoint_internal.h"
#include "aws/shape.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/vec.h"

/* --- Partitions and regions --- */

/* Whether one of the words, separated by blanks, is this text. */
static bool has_word(const char *words, const char *text, size_t len)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");
		if (n == len && !memcmp(p, text, n))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

/* The length of the longest of the words that the text begins with. */
static size_t longest_prefix(const char *words, const char *text)
{
	size_t best = 0;
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");
		if (n > best && !strncmp(text, p, n))
			best = n;
		p += n + strspn(p + n, " ");
	}
	return best;
}

const struct aws_partition *aws_partition_of_region(const char *region)
{
	const struct aws_partition *found = &aws_partitions[0];
	size_t best = 0;
	for (size_t i = 0; i < aws_partition_count; i++) {
		if (has_word(aws_partitions[i].regions, region, strlen(region)))
			return &aws_partitions[i];
		size_t len = longest_prefix(aws_partitions[i].prefixes, region);
		if (len > best) {
			best = len;
			found = &aws_partitions[i];
		}
	}
	return found;
}

const struct aws_partition *aws_partition_find(const char *name)
{
	for (size_t i = 0; i < aws_partition_count; i++) {
		if (!strcmp(aws_partitions[i].name, name))
			return &aws_partitions[i];
	}
	return NULL;
}

bool aws_region_is_known(const char *region)
{
	for (size_t i = 0; i < aws_partition_count; i++) {
		if (has_word(aws_partitions[i].regions, region, strlen(region)))
			return true;
	}
	return false;
}

bool aws_region_is_valid(const char *region)
{
	size_t len = strlen(region);
	if (!len || len > 63 || region[0] == '-' || region[len - 1] == '-')
		return false;
	return strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

const char *aws_region_nearest(const char *region)
{
	static char *all; /* the names, each ended by NUL */
	static VEC(const char *) names;
	if (!all) {
		struct buf text = BUF_INIT;
		for (size_t i = 0; i < aws_partition_count; i++)
			buf_addf(&text, "%s ", aws_partitions[i].regions);
		all = buf_take(&text);
		char *save;
		for (char *name = strtok_r(all, " ", &save); name; name = strtok_r(NULL, " ", &save))
			vec_add(&names, name);
	}
	return nearest_name(region, names.items, names.count);
}

/* --- AWS's own endpoints --- */

static char *expand(struct arena *arena, const char *pattern, const char *region, const struct aws_partition *partition)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (const char *p = pattern; *p; p++) {
		if (p[0] != '{' || !p[1] || p[2] != '}') {
			buf_addc(&out, *p);
			continue;
		}
		buf_adds(&out, p[1] == 'r'   ? region
			       : p[1] == 'g' ? partition->global_region
			       : p[1] == '2' ? partition->dual_stack_suffix
					     : partition->dns_suffix);
		p += 2;
	}
	return buf_copy(&out, arena);
}

static const struct endpoint_rule *find_rule(const char *service, const char *region, const char *partition, unsigned kind)
{
	for (size_t i = 0; i < endpoint_rule_count; i++) {
		const struct endpoint_rule *rule = &endpoint_rules[i];
		if (rule->kind == kind && !strcmp(rule->service, service) &&
		    (!rule->partition || !strcmp(rule->partition, partition)) &&
		    (!rule->region || !strcmp(rule->region, region)))
			return rule;
	}
	return NULL;
}

bool aws_endpoint_of(struct arena *arena, const char *service, const char *region, bool fips, bool dual_stack,
		     struct aws_endpoint *endpoint)
{
	const struct aws_service *known = aws_service_find(service);
	const struct aws_partition *partition = aws_partition_of_region(region);
	unsigned kind = (fips ? 2u : 0) | (dual_stack ? 1u : 0);
	const struct endpoint_rule *rule = find_rule(service, region, partition->name, kind);
	const char *pattern = rule ? rule->host : NULL;
	if (!rule)
		pattern = arena_printf(arena, "%s%s.{r}.%s", known ? aws_text(known->endpoint) : service, fips ? "-fips" : "",
				       dual_stack ? "{2}" : "{d}");
	if (!pattern)
		return false;
	*endpoint = (struct aws_endpoint){
		.url = arena_printf(arena, "https://%s", expand(arena, pattern, region, partition)),
		.signing_region = expand(arena, rule && rule->signing ? rule->signing : "{r}", region, partition),
	};
	return true;
}

/* --- With the user's configuration --- */

/* scheme://host[:port][/path], without user, query and fragment; NULL if it is not. */
static const char *clean_url(struct arena *arena, const char *url)
{
	const char *host = !strncmp(url, "https://", 8) ? url + 8 : !strncmp(url, "http://", 7) ? url + 7 : NULL;
	if (!host || !*host || *host == '/' || strpbrk(url, "?#@ \t\r\n\"<>\\"))
		return NULL;
	size_t len = strlen(url);
	while (url[len - 1] == '/')
		len--;
	return arena_strndup(arena, url, len);
}

bool aws_endpoint_find(struct arena *arena, const struct aws_config *config, const struct aws_service *service,
		       const char *region, struct aws_endpoint *endpoint, struct diags *diags)
{
	const char *name = aws_text(service->name);
	bool fips = aws_config_fips(config), dual_stack = aws_config_dual_stack(config);
	const char *configured = aws_config_endpoint_url(config, name, aws_text(service->id));
	if (!aws_region_is_valid(region)) {
		diag_error(diags, SRC_NOWHERE, "Invalid AWS region",
			   "\"%s\" cannot be the name of a region: those have letters, digits and hyphens, as \"us-east-1\".",
			   region);
		return false;
	}
	if (configured) {
		const char *url = clean_url(arena, configured);
		if (!url) {
			diag_error(diags, SRC_NOWHERE, "Invalid endpoint URL",
				   "The endpoint configured for %s, \"%s\", is not an URL like \"https://host:port/path\".", name,
				   configured);
			return false;
		}
		/* The service may be a global one that is signed for one region only, wherever it is reached. */
		if (!aws_endpoint_of(arena, name, region, false, false, endpoint))
			endpoint->signing_region = arena_strdup(arena, region);
		endpoint->url = url;
		endpoint->configured = true;
		return true;
	}
	if (aws_endpoint_of(arena, name, region, fips, dual_stack, endpoint))
		return true;
	diag_error(diags, SRC_NOWHERE, "No such endpoint",
		   "%s has no %s%s%s endpoint in %s. Turn %s off for it, or give its URL in the provider's endpoints block.", name,
		   fips ? "FIPS" : "", fips && dual_stack ? " dual-stack" : "", !fips && dual_stack ? "dual-stack" : "", region,
		   fips ? "use_fips_endpoint" : "use_dualstack_endpoint");
	return false;
}

/* --- Buckets --- */

bool aws_bucket_in_host(const char *bucket, const struct aws_endpoint *endpoint, bool path_style)
{
	size_t len = strlen(bucket);
	return !path_style && !endpoint->configured && len >= 3 && len <= 63 &&
	       strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && bucket[0] != '-' && bucket[len - 1] != '-';
}

const char *aws_bucket_url(struct arena *arena, const char *bucket, const struct aws_endpoint *endpoint)
{
	const char *host = strstr(endpoint->url, "://");
	if (!host)
		bug("\"%s\" is no URL", endpoint->url);
	host += 3;
	return arena_printf(arena, "%.*s%s.%s", (int)(host - endpoint->url), endpoint->url, bucket, host);
}
