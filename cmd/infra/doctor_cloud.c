/* SPDX-License-Identifier: Apache-2.0 */
/* infra doctor: the cloud as it is reached from here: region, endpoint, clock, credentials, and whether it is the state's. */
#include "cmd/infra/doctor.h"

#include "aws/call.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/time.h"
#include "base/http.h"
#include "providers/aws/provider_kind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_MS = 20000 }; /* with each answer: there may be no network */

struct clinic { /* one client for all questions */
	struct doctor *d;
	struct http *http;
	struct aws_identity *identity;
	struct aws *aws;
	const struct aws_credentials *credentials;
	bool done, late;
	loop_timer_id timer;
	/* of the caller */
	const char *account, *arn;
};

static void give_up(void *ctx)
{
	struct clinic *c = ctx;
	c->late = c->done = true;
}

static void begin_waiting(struct clinic *c)
{
	c->done = c->late = false;
	c->timer = loop_timer(c->d->s.loop, PATIENCE_MS, give_up, c);
}

/* False when nothing came in time. */
static bool wait_for_answer(struct clinic *c)
{
	loop_run_until(c->d->s.loop, &c->done);
	loop_timer_cancel(c->d->s.loop, c->timer);
	return !c->late;
}

/* ---- configuration and region ---- */

static void open_config(struct doctor *d)
{
	struct session *s = &d->s;
	struct aws_settings settings = {0};
	if (s->engine) {
		const struct value *arguments = engine_provider_arguments(s->engine, "aws", s->arena, &s->diags);
		if (arguments) {
			provider_settings(s->arena, arguments, &settings);
		} else {
			struct doctor_error e = doctor_take_error(d);
			doctor_say(d, FINDING_WARNING, "provider", e.remedy,
				   "its block cannot be evaluated; the environment is looked at instead: %s", e.text);
		}
		diags_clear(&s->diags);
	}
	d->aws = aws_config_new(&settings, &s->diags);
	if (d->aws)
		return;
	struct doctor_error e = doctor_take_error(d);
	doctor_say(d, FINDING_FAILED, "credentials", e.remedy, "%s", e.text);
}

static const char *region_source(const struct doctor *d)
{
	if (d->aws && aws_config_settings(d->aws)->region)
		return "the provider block";
	return aws_env("AWS_REGION") ? "AWS_REGION" : aws_env("AWS_DEFAULT_REGION") ? "AWS_DEFAULT_REGION" : "the profile";
}

static void on_region(void *ctx, const char *region)
{
	struct clinic *c = ctx;
	c->d->region = *region ? arena_strdup(c->d->s.arena, region) : NULL;
	c->done = true;
}

static void check_region(struct clinic *c)
{
	struct doctor *d = c->d;
	const char *source = region_source(d);
	d->region = d->aws ? aws_config_region(d->aws) : aws_env("AWS_REGION");
	if (!d->region && c->identity) {
		begin_waiting(c);
		aws_identity_find_region(c->identity, on_region, c);
		wait_for_answer(c);
		source = "this instance's metadata";
	}
	if (!d->region) {
		doctor_say(d, FINDING_FAILED, "region",
			   "    export AWS_REGION=us-east-1\nor in the provider block: region = \"us-east-1\"",
			   "neither the provider block, AWS_REGION nor the profile says one");
		return;
	}
	if (aws_region_is_known(d->region)) {
		doctor_say(d, FINDING_OK, "region", NULL, "%s, from %s", d->region, source);
		return;
	}
	const char *near = aws_region_nearest(d->region);
	bool valid = aws_region_is_valid(d->region);
	AUTO_BUF struct buf remedy = BUF_INIT;
	if (near)
		buf_addf(&remedy, "Did you mean %s?", near);
	doctor_say(d, valid ? FINDING_WARNING : FINDING_FAILED, "region", buf_text(&remedy),
		   valid ? "%s, from %s, is none that is known" : "\"%s\", from %s, is no region", d->region, source);
	if (!valid)
		d->region = NULL;
}

/* ---- endpoint and clock ---- */

struct greeting {
	struct clinic *c;
	const char *url, *error;
	int64_t skew_ms;
	bool answered, dated;
};

static void on_greeting(void *ctx, const struct http_response *response)
{
	struct greeting *g = ctx;
	const char *date = http_header_find(response, "date");
	int64_t theirs;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	g->answered = response->result == HTTP_OK;
	g->error = arena_strdup(g->c->d->s.arena, response->error ? response->error : "");
	if (g->answered && date && aws_time_parse(date, strlen(date), &theirs)) {
		g->dated = true;
		g->skew_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - theirs;
	}
	g->c->done = true;
}

static bool is_local(const char *url)
{
	return strstr(url, "://127.") || strstr(url, "://localhost") || strstr(url, "://[::1]");
}

static void say_endpoint(struct doctor *d, const struct greeting *g, bool configured, bool in_time)
{
	if (g->answered) {
		d->reachable = true;
		doctor_say(d, FINDING_OK, "endpoint", NULL, "%s answers%s", g->url,
			   configured ? " (it is a configured one, not AWS's own)" : "");
		return;
	}
	const char *proxy = aws_env("https_proxy") ? aws_env("https_proxy") : aws_env("HTTPS_PROXY");
	AUTO_BUF struct buf remedy = BUF_INIT;
	if (is_local(g->url))
		buf_adds(&remedy, "If it is the sandbox cloud's:\n    infra sandbox up\n    eval \"$(infra sandbox env)\"\n"
				  "If it is a remnant of it: eval \"$(infra sandbox env -unset)\"");
	else if (proxy)
		buf_adds(&remedy, "Look whether there is a network, and whether the proxy of https_proxy lets it through.");
	else
		buf_adds(&remedy, "Look whether there is a network, and whether it needs a proxy (https_proxy).");
	doctor_say(d, FINDING_FAILED, "endpoint", buf_text(&remedy), "%s does not answer: %s", g->url,
		   in_time ? g->error : "nothing came in time");
}

static void say_clock(struct doctor *d, const struct greeting *g)
{
	static const char remedy[] =
		"Signatures hold for five minutes around the server's time. Set the clock:\n    sudo timedatectl set-ntp true\n";
	if (!g->dated) {
		doctor_say(d, FINDING_WARNING, "clock", NULL, "not compared: no server has said what time it is");
		return;
	}
	int64_t s = (g->skew_ms < 0 ? -g->skew_ms : g->skew_ms) / 1000;
	const char *way = g->skew_ms < 0 ? "behind" : "ahead of";
	if (s > 300)
		doctor_say(d, FINDING_FAILED, "clock", remedy, "%" PRId64 " s %s the server's", s, way);
	else if (s > 30)
		doctor_say(d, FINDING_WARNING, "clock", remedy, "%" PRId64 " s %s the server's", s, way);
	else
		doctor_say(d, FINDING_OK, "clock", NULL, "as the server's");
}

static void check_endpoint(struct clinic *c)
{
	struct doctor *d = c->d;
	struct session *s = &d->s;
	struct aws_endpoint endpoint = {0};
	const char *region = d->region ? d->region : "us-east-1"; /* for the server's time, any will do */
	const char *url = aws_env("AWS_ENDPOINT_URL_EC2") ? aws_env("AWS_ENDPOINT_URL_EC2") : aws_env("AWS_ENDPOINT_URL");
	bool found = d->aws || url || aws_endpoint_of(s->arena, "ec2", region, false, false, &endpoint);
	if (d->aws)
		found = aws_endpoint_find(s->arena, d->aws, aws_service_find("ec2"), region, &endpoint, &s->diags);
	else if (url)
		endpoint = (struct aws_endpoint){.url = url, .configured = true};
	if (!found) {
		struct doctor_error e = doctor_take_error(d);
		doctor_say(d, FINDING_FAILED, "endpoint", e.remedy, "%s", e.count ? e.text : "there is none");
		return;
	}
	struct greeting g = {.c = c, .url = endpoint.url};
	struct http_request request = {
		.url = arena_printf(s->arena, "%s/", endpoint.url), .connect_timeout_ms = 5000, .timeout_ms = 10000};
	begin_waiting(c);
	http_id id = http_send(c->http, &request, on_greeting, &g);
	bool in_time = wait_for_answer(c);
	http_cancel(c->http, id);
	say_endpoint(d, &g, endpoint.configured, in_time);
	say_clock(d, &g);
}

/* ---- credentials ---- */

static void on_credentials(void *ctx, const struct aws_credentials *credentials, struct diags *diags)
{
	struct clinic *c = ctx;
	c->credentials = credentials;
	if (!credentials)
		diags_move(&c->d->s.diags, diags);
	c->done = true;
}

static void on_caller(void *ctx, const struct aws_answer *answer)
{
	struct clinic *c = ctx;
	struct session *s = &c->d->s;
	if (answer->result == AWS_OK) {
		const char *account = value_get_text(answer->value, "Account"), *arn = value_get_text(answer->value, "Arn");
		c->account = arena_strdup(s->arena, account ? account : "?");
		c->arn = arena_strdup(s->arena, arn ? arn : "?");
		c->d->known_caller = true;
	} else {
		aws_error_diag(answer, SRC_NOWHERE, &s->diags);
	}
	c->done = true;
}

/* An access key's id is no secret, but is not spread either. */
static const char *shortened(struct arena *arena, const char *key)
{
	size_t len = strlen(key);
	return len < 12 ? "a short key" : arena_printf(arena, "%.4s...%s", key, key + len - 4);
}

static void check_expiry(struct doctor *d, const struct aws_credentials *credentials)
{
	int64_t left = credentials->expires - (int64_t)time(NULL);
	if (credentials->expires && left < 900)
		doctor_say(d, FINDING_WARNING, "credentials", "Log in again before a long run.",
			   left < 0 ? "they have expired" : "they expire in %" PRId64 " min", left / 60);
}

static void check_credentials(struct clinic *c)
{
	struct doctor *d = c->d;
	begin_waiting(c);
	aws_identity_get(c->identity, on_credentials, c);
	if (!wait_for_answer(c)) {
		aws_identity_cancel(c->identity, on_credentials, c);
		doctor_say(d, FINDING_FAILED, "credentials", NULL, "where they would come from does not answer");
		return;
	}
	if (!c->credentials) {
		struct doctor_error e = doctor_take_error(d);
		doctor_say(d, FINDING_FAILED, "credentials", e.remedy, "%s", e.text);
		return;
	}
	const char *key = shortened(d->s.arena, c->credentials->access_key),
		   *source = arena_strdup(d->s.arena, c->credentials->source);
	if (!d->reachable) {
		doctor_say(d, FINDING_WARNING, "credentials", NULL, "%s, from %s; whose they are could not be asked", key, source);
		return;
	}
	begin_waiting(c);
	aws_call_id id = aws_call(c->aws,
				  &(struct aws_call_options){.service = "sts",
							     .operation = "GetCallerIdentity",
							     .repeat = AWS_REPEAT_ALWAYS,
							     .tries = 2,
							     .timeout_ms = 8000,
							     .region = d->region},
				  on_caller, c);
	bool in_time = wait_for_answer(c);
	aws_cancel(c->aws, id);
	struct doctor_error e = doctor_take_error(d);
	if (d->known_caller)
		doctor_say(d, FINDING_OK, "credentials", NULL, "%s, from %s: %s of account %s", key, source, c->arn, c->account);
	else
		doctor_say(d, FINDING_FAILED, "credentials", e.remedy, "%s, from %s: %s", key, source,
			   in_time ? e.text : "STS does not answer");
	check_expiry(d, c->credentials);
}

/* ---- whether the account may use the region ---- */

struct opted {
	struct clinic *c;
	const char *status; /* NULL: not known */
	bool absent;
};

static void on_regions(void *ctx, const struct aws_answer *answer)
{
	struct opted *o = ctx;
	const struct value *regions = answer->result == AWS_OK ? value_get(answer->value, "Regions") : NULL;
	if (regions && regions->state == VALUE_KNOWN && regions->count) {
		const char *status = value_get_text(regions->items[0], "OptInStatus");
		o->status = status ? arena_strdup(o->c->d->s.arena, status) : NULL;
	}
	o->absent = aws_code_is(answer, "InvalidParameterValue");
	o->c->done = true;
}

static void check_opted_in(struct clinic *c)
{
	struct doctor *d = c->d;
	struct arena *arena = d->s.arena;
	if (!d->known_caller || !d->region)
		return;
	const char *const names[] = {"AllRegions", "RegionNames"};
	const struct value *region = value_string(arena, d->region),
			   *items[] = {&value_true, value_list(arena, &type_string, &region, 1)};
	struct opted o = {.c = c};
	begin_waiting(c);
	aws_call_id id = aws_call(c->aws,
				  &(struct aws_call_options){.service = "ec2",
							     .operation = "DescribeRegions",
							     .tries = 1,
							     .timeout_ms = 8000,
							     .region = d->region,
							     .params = value_object(arena, names, items, 2)},
				  on_regions, &o);
	wait_for_answer(c);
	aws_cancel(c->aws, id);
	AUTO_BUF struct buf remedy = BUF_INIT;
	buf_addf(&remedy, "    aws account enable-region --region-name %s\n", d->region);
	if (o.absent)
		doctor_say(d, FINDING_FAILED, "region", NULL, "the account has no region %s", d->region);
	else if (o.status && !strcmp(o.status, "not-opted-in"))
		doctor_say(d, FINDING_FAILED, "region", buf_text(&remedy), "%s is not enabled for account %s", d->region,
			   c->account);
}

/* ---- the state's cloud ---- */

struct reached {
	struct clinic *c;
	bool ok;
};

static void on_reached(void *ctx, bool ok)
{
	struct reached *r = ctx;
	r->ok = ok;
	r->c->done = true;
}

/* Where a provider's objects live, and where it would work now. */
static void compare_clouds(struct clinic *c, const char *address, const struct provider_kind *kind, const char *there,
			   const char *example)
{
	struct session *s = &c->d->s;
	const struct value *arguments = s->engine ? engine_provider_arguments(s->engine, address, s->arena, &s->diags)
						  : schema_empty(s->arena, kind->config_schema());
	struct provider_context context = {.loop = s->loop, .sources = s->sources, .root_dir = ".", .version = program_version};
	struct provider *provider = arguments ? kind->configure(&context, arguments, SRC_NOWHERE, &s->diags) : NULL;
	struct reached r = {.c = c};
	if (provider) {
		begin_waiting(c);
		kind->connect(provider, on_reached, &r, &s->diags);
		wait_for_answer(c);
	}
	struct doctor_error e = doctor_take_error(c->d);
	const char *here = r.ok ? kind->cloud(provider) : NULL;
	AUTO_BUF struct buf remedy = BUF_INIT;
	buf_addf(&remedy,
		 "A run would stop before its first read. Use the credentials, region and endpoint of\n    %s\nor another folder "
		 "for this place.",
		 there);
	if (here && !strcmp(here, there))
		doctor_say(c->d, FINDING_OK, "cloud", NULL, "%s, where the state's objects live", here);
	else if (here)
		doctor_say(c->d, FINDING_FAILED, "cloud", buf_text(&remedy), "%s would work in %s, but %s lives in %s", address,
			   here, example, there);
	else
		doctor_say(c->d, FINDING_WARNING, "cloud", NULL,
			   "the state's objects live in %s; where %s would work is not known%s%s", there, address,
			   e.count ? ": " : "", e.text);
	if (provider)
		kind->close(provider);
}

static bool was_compared(const struct state *state, size_t end, const struct object *object)
{
	for (size_t i = 0; i < end; i++) {
		const struct object *other = state_object_at(state, i);
		if (other->cloud && !strcmp(other->provider, object->provider) && !strcmp(other->cloud, object->cloud))
			return true;
	}
	return false;
}

static void check_state_cloud(struct clinic *c)
{
	const struct state *state = c->d->s.state;
	for (size_t i = 0; state && i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		const struct provider_kind *kind = object->cloud ? provider_find_kind(object->kind) : NULL;
		if (!kind || !kind->cloud || was_compared(state, i, object))
			continue;
		if (c->d->known_caller)
			compare_clouds(c, object->provider, kind, object->cloud, object->address);
		else
			doctor_say(c->d, FINDING_WARNING, "cloud", NULL,
				   "the state's objects live in %s; whether that is reached is not known", object->cloud);
	}
}

void doctor_check_cloud(struct doctor *d)
{
	struct clinic c = {.d = d};
	if (!d->s.loop)
		d->s.loop = loop_new();
	open_config(d);
	c.http =
		http_new(d->s.loop, &(struct http_options){.connect_timeout_ms = 5000, .timeout_ms = 10000, .user_agent = "infra"});
	if (d->aws) {
		c.identity = aws_identity_new(d->s.loop, c.http, d->aws);
		c.aws = aws_new(&(struct aws_options){.loop = d->s.loop, .http = c.http, .config = d->aws, .identity = c.identity});
	}
	check_region(&c);
	check_endpoint(&c);
	if (d->aws)
		check_credentials(&c);
	check_opted_in(&c);
	check_state_cloud(&c);
	aws_credentials_unref(c.credentials);
	aws_free(c.aws);
	aws_identity_free(c.identity);
	http_free(c.http);
}
