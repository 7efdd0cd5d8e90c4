/* SPDX-License-Identifier: Apache-2.0 */
/* The provider kind "aws": its configuration, where it works, and its place in the engine. */
#include "providers/aws/aws.h"
#include "providers/aws/provider_kind.h"

#include "aws/endpoint.h"
#include "base/duration.h"
#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>

/* ---- configuration ---- */

struct row {
	const char *name;
	const struct type *type;
};

static const struct schema *make_schema(struct arena *arena, const struct row *rows, const struct schema_block *blocks, size_t block_count)
{
	size_t count = 0;
	while (rows[count].name)
		count++;
	struct schema_attr *attrs = arena_array_of(arena, count, struct schema_attr);
	for (size_t i = 0; i < count; i++)
		attrs[i] = (struct schema_attr){.name = rows[i].name, .type = rows[i].type, .flags = ATTR_OPTIONAL};
	struct schema *schema = arena_new_of(arena, struct schema);
	*schema = (struct schema){
		.attrs = attrs,
		.attr_count = count,
		.blocks = block_count ? arena_memdup(arena, blocks, block_count * sizeof(*blocks)) : NULL,
		.block_count = block_count,
	};
	schema_finish(arena, schema);
	return schema;
}

static const struct schema *endpoints_schema(struct arena *arena)
{
	struct row *rows = arena_array_of(arena, aws_service_count + 8, struct row);
	size_t n = 0;
	for (uint32_t i = 0; i < aws_service_count; i++)
		rows[n++] = (struct row){aws_text(aws_services[i].name), &type_string};
	rows[n] = (struct row){NULL, NULL};
	/* names may stand twice in tables made from models */
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool known = !*rows[i].name;
		for (size_t k = 0; k < kept && !known; k++)
			known = !strcmp(rows[k].name, rows[i].name);
		if (!known)
			rows[kept++] = rows[i];
	}
	rows[kept] = (struct row){NULL, NULL};
	return make_schema(arena, rows, NULL, 0);
}

static const struct schema *config_schema(void)
{
	static const struct schema *made;
	if (made)
		return made;
	static struct arena *arena; /* as long as the program */
	arena = arena_new();
	const struct type *strings = &type_list_of_string, *set = &type_set_of_string, *map = &type_map_of_string;
	const struct row role[] = {
		{"duration", &type_string}, {"external_id", &type_string}, {"policy", &type_string}, {"policy_arns", set},
		{"role_arn", &type_string}, {"session_name", &type_string}, {"source_identity", &type_string}, {"tags", map},
		{"transitive_tag_keys", set}, {NULL, NULL},
	};
	const struct row web[] = {
		{"duration", &type_string}, {"policy", &type_string}, {"policy_arns", set}, {"role_arn", &type_string},
		{"session_name", &type_string}, {"web_identity_token", &type_string}, {"web_identity_token_file", &type_string}, {NULL, NULL},
	};
	const struct row default_tags[] = {{"tags", map}, {NULL, NULL}};
	const struct row ignore_tags[] = {{"key_prefixes", set}, {"keys", set}, {NULL, NULL}};
	const struct row rows[] = {
		{"access_key", &type_string}, {"allowed_account_ids", set}, {"custom_ca_bundle", &type_string},
		{"ec2_metadata_service_endpoint", &type_string}, {"ec2_metadata_service_endpoint_mode", &type_string},
		{"forbidden_account_ids", set}, {"http_proxy", &type_string}, {"https_proxy", &type_string}, {"insecure", &type_bool},
		{"max_retries", &type_number}, {"no_proxy", &type_string}, {"profile", &type_string}, {"region", &type_string},
		{"retry_mode", &type_string}, {"s3_us_east_1_regional_endpoint", &type_string}, {"s3_use_path_style", &type_bool},
		{"secret_key", &type_string}, {"shared_config_files", strings}, {"shared_credentials_files", strings},
		{"skip_credentials_validation", &type_bool}, {"skip_metadata_api_check", &type_string}, {"skip_region_validation", &type_bool},
		{"skip_requesting_account_id", &type_bool}, {"sts_region", &type_string}, {"token", &type_string},
		{"token_bucket_rate_limiter_capacity", &type_number}, {"use_dualstack_endpoint", &type_bool}, {"use_fips_endpoint", &type_bool},
		{NULL, NULL},
	};
	const struct schema_block blocks[] = {
		{.name = "assume_role", .nesting = NEST_LIST, .schema = make_schema(arena, role, NULL, 0)},
		{.name = "assume_role_with_web_identity", .nesting = NEST_LIST, .max = 1, .schema = make_schema(arena, web, NULL, 0)},
		{.name = "default_tags", .nesting = NEST_LIST, .max = 1, .schema = make_schema(arena, default_tags, NULL, 0)},
		{.name = "endpoints", .nesting = NEST_SET, .schema = endpoints_schema(arena)},
		{.name = "ignore_tags", .nesting = NEST_LIST, .max = 1, .schema = make_schema(arena, ignore_tags, NULL, 0)},
	};
	made = make_schema(arena, rows, blocks, ARRAY_LEN(blocks));
	return made;
}

static const char *const *texts(struct arena *arena, const struct value *v, size_t *count)
{
	*count = 0;
	if (!v || v->state != VALUE_KNOWN || type_is_primitive(v->type))
		return NULL;
	const char **out = arena_array_of(arena, v->count, const char *);
	for (uint32_t i = 0; i < v->count; i++) {
		if (value_is_a(v->items[i], TYPE_STRING))
			out[(*count)++] = v->items[i]->text;
	}
	return out;
}

static int tristate(const struct value *v)
{
	return value_is_a(v, TYPE_BOOL) ? (v->boolean ? 1 : -1) : 0;
}

/* "1h", "15m", "3600s" in seconds */
static unsigned seconds(const char *text)
{
	uint64_t ms;
	return text && duration_parse(text, &ms) ? (unsigned)(ms / 1000) : 0;
}

static struct aws_role role_of(struct arena *arena, const struct value *block)
{
	struct aws_role role = {
		.arn = value_get_text(block, "role_arn"),
		.session_name = value_get_text(block, "session_name"),
		.external_id = value_get_text(block, "external_id"),
		.policy = value_get_text(block, "policy"),
		.source_identity = value_get_text(block, "source_identity"),
		.duration_s = seconds(value_get_text(block, "duration")),
		.web_identity_token = value_get_text(block, "web_identity_token"),
		.web_identity_token_file = value_get_text(block, "web_identity_token_file"),
	};
	role.policy_arns = texts(arena, value_get(block, "policy_arns"), &role.policy_arn_count);
	role.transitive_tag_keys = texts(arena, value_get(block, "transitive_tag_keys"), &role.transitive_tag_count);
	const struct value *tags = value_get(block, "tags");
	if (tags && tags->state == VALUE_KNOWN) {
		const char **values = arena_array_of(arena, tags->count, const char *);
		for (uint32_t i = 0; i < tags->count; i++)
			values[i] = value_is_a(tags->items[i], TYPE_STRING) ? tags->items[i]->text : "";
		role.tag_keys = tags->keys;
		role.tag_values = values;
		role.tag_count = tags->count;
	}
	return role;
}

static const struct value *block_map(struct arena *arena, const struct value *config, const char *block, const char *attr)
{
	const struct value *blocks = value_get(config, block);
	const struct value *one = blocks && blocks->state == VALUE_KNOWN && blocks->count ? blocks->items[0] : NULL;
	const struct value *v = one && one->state == VALUE_KNOWN ? value_get(one, attr) : NULL;
	if (v && v->state == VALUE_KNOWN && v->type->kind == TYPE_MAP && v->count)
		return value_copy(arena, v);
	return value_map(arena, &type_string, NULL, NULL, 0);
}

void provider_settings(struct arena *arena, const struct value *config, struct aws_settings *s)
{
	*s = (struct aws_settings){
		.profile = value_get_text(config, "profile"),
		.region = value_get_text(config, "region"),
		.access_key = value_get_text(config, "access_key"),
		.secret_key = value_get_text(config, "secret_key"),
		.session_token = value_get_text(config, "token"),
		.sts_region = value_get_text(config, "sts_region"),
		.metadata_endpoint = value_get_text(config, "ec2_metadata_service_endpoint"),
		.skip_metadata = value_is_text(value_get(config, "skip_metadata_api_check"), "true"),
		.fips = tristate(value_get(config, "use_fips_endpoint")),
		.dual_stack = tristate(value_get(config, "use_dualstack_endpoint")),
		.s3_path_style = tristate(value_get(config, "s3_use_path_style")),
	};
	s->config_files = texts(arena, value_get(config, "shared_config_files"), &s->config_file_count);
	s->credentials_files = texts(arena, value_get(config, "shared_credentials_files"), &s->credentials_file_count);
	const struct value *roles = value_get(config, "assume_role");
	struct aws_role *list = arena_array_of(arena, roles->state == VALUE_KNOWN ? roles->count : 0, struct aws_role);
	for (uint32_t i = 0; roles->state == VALUE_KNOWN && i < roles->count; i++) {
		list[i] = role_of(arena, roles->items[i]);
		s->role_count++;
	}
	s->roles = list;
	const struct value *web = value_get(config, "assume_role_with_web_identity");
	if (web->state == VALUE_KNOWN && web->count) {
		struct aws_role *one = arena_new_of(arena, struct aws_role);
		*one = role_of(arena, web->items[0]);
		s->web_identity = one;
	}
	const struct value *endpoints = value_get(config, "endpoints");
	size_t most = 0;
	for (uint32_t i = 0; endpoints->state == VALUE_KNOWN && i < endpoints->count; i++)
		most += endpoints->items[i]->count;
	const char **services = arena_array_of(arena, most, const char *), **urls = arena_array_of(arena, most, const char *);
	for (uint32_t i = 0; endpoints->state == VALUE_KNOWN && i < endpoints->count; i++) {
		const struct value *block = endpoints->items[i];
		for (uint32_t k = 0; k < block->count; k++) {
			if (!value_is_a(block->items[k], TYPE_STRING) || !block->items[k]->count)
				continue;
			services[s->endpoint_count] = value_key_at(block, k);
			urls[s->endpoint_count++] = block->items[k]->text;
		}
	}
	s->endpoint_services = services;
	s->endpoint_urls = urls;
}

static void provider_close(struct provider *p)
{
	if (!p)
		return;
	aws_free(p->aws);
	read_close(p);
	aws_identity_free(p->identity);
	http_free(p->http);
	aws_config_free(p->config);
	map_release(&p->serial);
	vec_free(&p->made);
	arena_free(p->arena);
	free(p);
}

/* How long a role is taken for. */
static bool check_durations(const struct value *config, struct src_range range, struct diags *diags)
{
	static const char *const blocks[] = {"assume_role", "assume_role_with_web_identity"};
	bool ok = true;
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		const struct value *roles = value_get(config, blocks[i]);
		for (uint32_t k = 0; roles->state == VALUE_KNOWN && k < roles->count; k++) {
			const char *text = value_get_text(roles->items[k], "duration");
			uint64_t ms;
			if (!text || (duration_parse(text, &ms) && ms >= UINT64_C(15) * 60000 && ms <= UINT64_C(12) * 3600000))
				continue;
			diag_error(diags, range, "Invalid value", "\"%s.duration\" must be from 15m to 12h, such as \"1h30m\", and is \"%s\".",
				   blocks[i], text);
			ok = false;
		}
	}
	return ok;
}

static struct provider *provider_configure(const struct provider_context *context, const struct value *config, struct src_range range,
					   struct diags *diags)
{
	struct provider *p = xcalloc(1, sizeof(*p));
	p->context = *context;
	p->arena = arena_new();
	p->range = range;
	config = value_copy(p->arena, config);
	p->default_tags = block_map(p->arena, config, "default_tags", "tags");
	const struct value *ignore = value_get(config, "ignore_tags");
	if (ignore && ignore->state == VALUE_KNOWN && ignore->count && ignore->items[0]->state == VALUE_KNOWN) {
		const struct value *keys = value_get(ignore->items[0], "keys"), *prefixes = value_get(ignore->items[0], "key_prefixes");
		p->ignored_tags = keys->state == VALUE_KNOWN ? keys : NULL;
		p->ignored_prefixes = prefixes->state == VALUE_KNOWN ? prefixes : NULL;
	}
	p->skip_account = value_is_true(value_get(config, "skip_requesting_account_id"));
	p->allowed_accounts = value_get(config, "allowed_account_ids");
	p->forbidden_accounts = value_get(config, "forbidden_account_ids");
	struct aws_settings settings;
	provider_settings(p->arena, config, &settings);
	size_t first = diags->count;
	p->config = check_durations(config, range, diags) ? aws_config_new(&settings, diags) : NULL;
	for (size_t i = first; i < diags->count; i++) {
		if (src_range_is_empty(diags->items[i].subject))
			diags->items[i].subject = range;
	}
	if (!p->config) {
		provider_close(p);
		return NULL;
	}
	const char *region = aws_config_region(p->config);
	p->place = (struct aws_place){.region = region ? region : "", .account = "", .partition = "aws", .dns_suffix = "amazonaws.com"};
	return p;
}

/* ---- connecting ---- */

struct connecting {
	struct provider *provider;
	provider_ready_fn ready;
	void *ctx;
	struct diags *diags;
};

static void connected(struct connecting *c, bool ok)
{
	provider_ready_fn ready = c->ready;
	void *ctx = c->ctx;
	ready(ctx, ok);
}

static bool has_account(const struct value *list, const char *account)
{
	for (uint32_t i = 0; list && list->state == VALUE_KNOWN && i < list->count; i++) {
		if (value_is_text(list->items[i], account))
			return true;
	}
	return false;
}

static bool check_account(struct connecting *c)
{
	struct provider *p = c->provider;
	if (has_account(p->forbidden_accounts, p->place.account)) {
		diag_error(c->diags, p->range, "Account is not allowed", "The credentials belong to the account %s, which forbidden_account_ids names.",
			   p->place.account);
		return false;
	}
	if (p->allowed_accounts && p->allowed_accounts->state == VALUE_KNOWN && p->allowed_accounts->count &&
	    !has_account(p->allowed_accounts, p->place.account)) {
		diag_error(c->diags, p->range, "Account is not allowed",
			   "The credentials belong to the account %s, which allowed_account_ids does not name.", p->place.account);
		return false;
	}
	return true;
}

static void on_caller(void *ctx, const struct aws_answer *answer)
{
	struct connecting *c = ctx;
	struct provider *p = c->provider;
	if (answer->result != AWS_OK) {
		aws_error_diag(answer, p->range, c->diags);
		connected(c, false);
		return;
	}
	const char *account = value_get_text(answer->value, "Account");
	p->place.account = arena_strdup(p->arena, account ? account : "");
	p->cloud = arena_printf(p->arena, "%s:%s:%s%s%s", p->place.partition, p->place.account, p->place.region,
				p->configured_endpoint ? "@" : "", p->configured_endpoint && answer->url ? answer->url : "");
	connected(c, check_account(c));
}

static uint64_t patience(bool configured_endpoint)
{
	enum { AWS_MS = 30000, LOCAL_MS = 3000, MOST_SECONDS = 3600 };
	const char *text = getenv("INFRA_CONSISTENCY_SECONDS");
	char *end = NULL;
	double seconds = text && *text ? strtod(text, &end) : -1;
	if (end && !*end && seconds >= 0 && seconds <= MOST_SECONDS)
		return (uint64_t)(seconds * 1000);
	return configured_endpoint ? LOCAL_MS : AWS_MS;
}

static void ask_caller(struct connecting *c)
{
	struct provider *p = c->provider;
	const struct aws_partition *partition = aws_partition_of_region(p->place.region);
	p->place.partition = partition->name;
	p->place.dns_suffix = partition->dns_suffix;
	const struct aws_service *ec2 = aws_service_find("ec2");
	p->configured_endpoint = aws_config_endpoint_url(p->config, "ec2", aws_text(ec2->id)) != NULL;
	p->patience_ms = patience(p->configured_endpoint);
	if (p->skip_account) {
		const char *url = aws_config_endpoint_url(p->config, "ec2", aws_text(ec2->id));
		p->cloud = arena_printf(p->arena, "%s::%s%s%s", p->place.partition, p->place.region, url ? "@" : "", url ? url : "");
		connected(c, true);
		return;
	}
	aws_call(p->aws, &(struct aws_call_options){.service = "sts", .operation = "GetCallerIdentity", .repeat = AWS_REPEAT_ALWAYS}, on_caller,
		 c);
}

static void on_region(void *ctx, const char *region)
{
	struct connecting *c = ctx;
	struct provider *p = c->provider;
	if (!*region) {
		diag_error(c->diags, p->range, "No region",
			   "No region is named by the provider block, by AWS_REGION, or by the profile \"%s\". Any of these gives one:\n\n    provider \"aws\" "
			   "{ region = \"us-east-1\" }\n    export AWS_REGION=us-east-1", aws_config_profile(p->config));
		connected(c, false);
		return;
	}
	p->place.region = arena_strdup(p->arena, region);
	ask_caller(c);
}

static void provider_connect(struct provider *p, provider_ready_fn ready, void *ctx, struct diags *diags)
{
	struct connecting *c = arena_new_of(p->arena, struct connecting);
	*c = (struct connecting){p, ready, ctx, diags};
	struct http_options options = {.user_agent = arena_printf(p->arena, "infra/%s", p->context.version)};
	p->http = http_new(p->context.loop, &options);
	p->identity = aws_identity_new(p->context.loop, p->http, p->config);
	p->aws = aws_new(&(struct aws_options){
		.loop = p->context.loop,
		.http = p->http,
		.config = p->config,
		.identity = p->identity,
		.log = p->context.log,
		.log_ctx = p->context.log_ctx,
	});
	if (*p->place.region)
		ask_caller(c);
	else
		aws_identity_find_region(p->identity, on_region, c);
}

struct aws *aws_provider_client(struct provider *p)
{
	return p->aws;
}

static const char *provider_cloud(struct provider *p)
{
	return p->cloud;
}

/* An ARN says partition, region and account, the latter two only where they matter. */
static const char *provider_lives_elsewhere(struct provider *p, const struct value *value, struct arena *arena)
{
	const char *arn = value_get_text(value, "arn");
	if (!arn || strncmp(arn, "arn:", 4) != 0)
		return NULL;
	char *copy = arena_strdup(arena, arn), *parts[5] = {0}; /* "arn", partition, service, region, account */
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		parts[i] = strsep(&copy, ":");
		if (!parts[i])
			return NULL;
	}
	bool has_account_id = strlen(parts[4]) == 12 && parts[4][strspn(parts[4], "0123456789")] == '\0';
	bool here = !strcmp(parts[1], p->place.partition) && (!*parts[3] || !strcmp(parts[3], p->place.region)) &&
		    (!has_account_id || !p->place.account || !*p->place.account || !strcmp(parts[4], p->place.account));
	return here ? NULL : arn;
}

/* ---- reading ---- */

struct set_read {
	struct provider *provider;
	read_item_fn item;
	read_end_fn end;
	void *ctx;
	struct diags *diags;
	size_t pending; /* batches */
};

struct item_read {
	struct set_read *set;
	const struct read_item *item;
	struct reading reading;
};

static void on_item(void *ctx, const struct found *found)
{
	struct item_read *one = ctx;
	struct set_read *set = one->set;
	const struct value *v = NULL;
	if (found->outcome == READ_FOUND)
		v = surface_settle(found->arena, found_value(set->provider, one->reading.type, found, one->reading.id, one->reading.self, NULL, NULL,
							     set->diags));
	set->item(set->ctx, one->item, found->outcome, v);
}

static void on_set_end(void *ctx)
{
	struct set_read *set = ctx;
	if (--set->pending)
		return;
	read_end_fn end = set->end;
	void *end_ctx = set->ctx;
	free(set);
	end(end_ctx);
}

/* What is known of an object that is to be imported: its id, and what the type says can be told from it. */
static const struct value *import_self(struct provider *p, const struct aws_type *type, const char *id, struct arena *arena)
{
	const struct value *self = schema_empty(arena, type->base.schema);
	self = with_exact(arena, self, "id", value_string(arena, id));
	for (size_t i = 0; i < type->entry_count; i++) { /* lists that turn out empty are shown so */
		const struct entry *entry = &type->entries[i];
		bool computed = entry->kind == ENTRY_OUTPUT || (entry->flags & ENTRY_COMPUTED) || (type->has_tags && !strcmp(entry->name, "tags"));
		if (computed && entry->kind < ENTRY_ONE && type_is_collection(entry->type))
			self = with_exact(arena, self, entry->name, value_zero(arena, entry->type));
	}
	if (!type->import)
		return self;
	struct diags ignored;
	diags_init(&ignored);
	struct env env;
	env_init(&env, type, &p->place, arena, &ignored);
	env.id = id;
	env.self = self;
	const struct value *told = env_eval(&env, type->import);
	for (uint32_t i = 0; told->state == VALUE_KNOWN && told->type->kind == TYPE_OBJECT && i < told->count; i++) {
		ptrdiff_t at = type_find_attr(self->type, value_key_at(told, i));
		if (at >= 0)
			self = with_exact(arena, self, value_key_at(told, i), surface_fit(arena, told->items[i], self->type->attrs[at].type));
	}
	diags_release(&ignored);
	return self;
}

/* Whether an import says more than an id. */
static bool is_told(const struct value *self)
{
	for (uint32_t i = 0; i < self->count; i++) {
		if (!is_blank(self->items[i]) && strcmp(value_key_at(self, i), "id") != 0)
			return true;
	}
	return false;
}

static void provider_read(struct provider *p, const struct resource_type *type, const struct read_item *items, size_t count,
			  read_item_fn item, read_end_fn end, void *ctx, struct diags *diags)
{
	const struct aws_type *aws_type = aws_type_of(type);
	struct set_read *set = xcalloc(1, sizeof(*set));
	*set = (struct set_read){.provider = p, .item = item, .end = end, .ctx = ctx, .diags = diags};
	struct item_read *all = arena_array_of(p->arena, count, struct item_read);
	struct reading **list = arena_array_of(p->arena, count, struct reading *);
	struct reading **finding = arena_array_of(p->arena, count, struct reading *);
	size_t n = 0, find_count = 0;
	for (size_t i = 0; i < count; i++) {
		bool find = false;
		const struct value *self = items[i].prior;
		const char *id = self ? value_get_text(self, "id") : items[i].import_id;
		if (!self) {
			self = import_self(p, aws_type, items[i].import_id, p->arena);
			/* an id that AWS does not give is made of what the import says */
			if (aws_type->id) {
				struct diags ignored;
				diags_init(&ignored);
				struct env env;
				env_init(&env, aws_type, &p->place, p->arena, &ignored);
				env.self = self;
				const char *made = env_text(&env, aws_type->id);
				id = made ? made : id;
				diags_release(&ignored);
			}
			find = aws_type->import && !aws_type->id && aws_type->settle == SETTLE_FIND && is_told(self);
		}
		all[i] = (struct item_read){
			.set = set,
			.item = &items[i],
			.reading = {
				.type = aws_type,
				.id = id ? id : "",
				.self = self,
				.parts = wanted_parts(aws_type, items[i].looked_at, items[i].looked_at_count,
						      items[i].look_at_all || !items[i].prior, items[i].prior),
				.confirm = true,
				.address = items[i].address,
				.range = items[i].range,
				.diags = diags,
				.fn = on_item,
				.ctx = &all[i],
			},
		};
		all[i].reading.find = find;
		if (find)
			finding[find_count++] = &all[i].reading;
		else
			list[n++] = &all[i].reading;
	}
	set->pending = find_count + 1;
	for (size_t i = 0; i < find_count; i++)
		read_batch(p, aws_type, &finding[i], 1, on_set_end, set);
	read_batch(p, aws_type, list, n, on_set_end, set);
}

static struct op *provider_start(struct provider *p, const struct op_request *request, const struct op_events *events, void *ctx,
				 struct diags *diags)
{
	if (request->kind == OP_READ_DATA)
		return data_source_start(p, request, events, ctx, diags);
	return op_start(p, request, events, ctx, diags);
}

static const char *provider_waits_for(struct provider *p, struct arena *arena)
{
	return p->aws ? aws_describe(p->aws, 0, arena) : NULL;
}

static uint64_t provider_request_count(struct provider *p)
{
	size_t count;
	const struct aws_stat *stats = p->aws ? aws_stats(p->aws, &count) : NULL;
	uint64_t sum = 0;
	for (size_t i = 0; stats && i < count; i++)
		sum += stats[i].requests;
	return sum;
}

/* ---- the kind ---- */

static const struct resource_type *provider_find_type(const char *name, bool data, struct diags *diags)
{
	const struct aws_type *type = aws_type_find(name, data, diags);
	if (!type)
		return NULL;
	((struct resource_type *)(uintptr_t)&type->base)->kind = &aws_provider_kind;
	return &type->base;
}

const struct provider_kind aws_provider_kind = {
	.name = "aws",
	.source = "registry.terraform.io/hashicorp/aws",
	.config_schema = config_schema,
	.find_type = provider_find_type,
	.type_names = aws_type_names,
	.add_types = aws_types_add_file,
	.configure = provider_configure,
	.close = provider_close,
	.connect = provider_connect,
	.cloud = provider_cloud,
	.validate = provider_validate,
	.lives_elsewhere = provider_lives_elsewhere,
	.adjust = provider_adjust,
	.read = provider_read,
	.start = provider_start,
	.unmark = provider_unmark,
	.describe = op_describe,
	.waits_for = provider_waits_for,
	.request_count = provider_request_count,
};
