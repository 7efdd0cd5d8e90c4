/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/api.h"

#include "aws/endpoint.h"
#include "aws/protocol.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/loop.h"
#include "lang/value/convert.h"
#include "lang/value/json.h"
#include "sandbox/auth.h"
#include "sandbox/faults.h"
#include "sandbox/host/hosts.h"
#include "sandbox/http_server.h"
#include "sandbox/request_log.h"
#include "sandbox/resource.h"
#include "sandbox/run.h"
#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct request {
	struct world *world;
	struct http_exchange *exchange;
	struct arena *arena;
	struct aws_incoming in;
	struct auth auth;
	const struct aws_service *aws;
	const struct aws_operation *op;
	const struct service *service;
	const struct operation *operation;
	const struct value *params;
	const struct fault *fault;
	bool slow; /* it had to wait, by a fault */
	bool late; /* an answer from the past, by a fault */
	struct failure failure;
	char id[37];
	double begun; /* monotonic ms */
};

static double clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(struct request *r, unsigned status, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void fail(struct request *r, unsigned status, const char *code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	r->failure = (struct failure){.code = code, .message = arena_vprintf(r->arena, fmt, args), .status = status};
	va_end(args);
}

static enum aws_protocol protocol_of(const struct request *r)
{
	return r->aws ? (enum aws_protocol)r->aws->protocol : AWS_EC2;
}

/* The same mistake has another name in each of AWS's protocols. */
static const char *code_by_protocol(const struct request *r, const char *ec2, const char *query, const char *json)
{
	switch (protocol_of(r)) {
	case AWS_EC2:
		return ec2;
	case AWS_QUERY:
	case AWS_REST_XML:
		return query;
	case AWS_JSON:
	case AWS_REST_JSON:
		return json;
	}
	return ec2;
}

/* ---- finding out what is asked ---- */

/* Two services may sign with one name: then the one that knows the operation. */
static void find_operation(struct request *r)
{
	for (uint32_t i = 0; r->auth.service && i < aws_service_count; i++) {
		const struct aws_service *service = &aws_services[i];
		if (strcmp(aws_text(service->signing), r->auth.service) != 0)
			continue;
		const struct aws_operation *op = aws_match_operation(service, &r->in);
		if (!r->aws || (op && !r->op)) {
			r->aws = service;
			r->op = op;
		}
	}
	if (!r->aws)
		return;
	r->service = map_find(&r->world->library->services, aws_text(r->aws->name));
	if (r->service && r->op)
		r->operation = map_find(&r->service->operations, aws_text(r->op->name));
}

static void fail_expired(struct request *r)
{
	bool ec2 = protocol_of(r) == AWS_EC2, query = protocol_of(r) == AWS_QUERY || protocol_of(r) == AWS_REST_XML;
	fail(r, ec2 || protocol_of(r) == AWS_JSON ? 400 : 403, ec2 ? "RequestExpired" : query ? "ExpiredToken" : "ExpiredTokenException",
	     ec2 ? "Request has expired." : "The security token included in the request is expired");
}

static bool check_signer(struct request *r)
{
	switch (r->auth.result) {
	case AUTH_OK:
		return true;
	case AUTH_MISSING:
		fail(r, 403, "MissingAuthenticationToken", "%s", r->auth.why); /* nobody knows in whose words */
		return false;
	case AUTH_MALFORMED:
		fail(r, 400, code_by_protocol(r, "IncompleteSignature", "IncompleteSignature", "IncompleteSignatureException"), "%s", r->auth.why);
		return false;
	case AUTH_UNKNOWN_KEY:
		if (protocol_of(r) == AWS_EC2)
			fail(r, 401, "AuthFailure", "AWS was not able to validate the provided access credentials");
		else
			fail(r, 403, code_by_protocol(r, "", "InvalidClientTokenId", "UnrecognizedClientException"), "%s", r->auth.why);
		return false;
	case AUTH_MISMATCH:
		if (protocol_of(r) == AWS_EC2)
			fail(r, 401, "AuthFailure", "AWS was not able to validate the provided access credentials");
		else
			fail(r, 403, code_by_protocol(r, "", "SignatureDoesNotMatch", "InvalidSignatureException"), "%s", r->auth.why);
		return false;
	case AUTH_EXPIRED_KEY:
		fail_expired(r);
		return false;
	case AUTH_EXPIRED:
		fail(r, 400, code_by_protocol(r, "RequestExpired", "RequestExpired", "InvalidSignatureException"), "%s", r->auth.why);
		return false;
	}
	return false;
}

static bool check_known(struct request *r)
{
	if (!r->aws) {
		fail(r, 400, "UnknownService", "No service signs with the name '%s'.", r->auth.service ? r->auth.service : "");
	} else if (!r->op) {
		fail(r, 400, code_by_protocol(r, "InvalidAction", "InvalidAction", "UnknownOperationException"),
		     "The action is not valid for this web service.");
	} else if (!r->operation) {
		fail(r, 501, "NotImplemented", "The sandbox cloud does not know %s of the service %s. Nothing was done.", aws_text(r->op->name),
		     aws_text(r->aws->name));
	} else if (!aws_region_is_known(r->auth.region)) {
		fail(r, 400, code_by_protocol(r, "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"), "There is no region '%s'.",
		     r->auth.region);
	}
	return !r->failure.code;
}

/* ---- holding the parameters against their shapes ---- */

static const char *invalid_code(const struct request *r, const char *ec2)
{
	return r->service->invalid ? r->service->invalid : code_by_protocol(r, ec2, "ValidationError", "ValidationException");
}

static bool check_shape(struct request *r, const struct aws_shape *shape, const struct value *v, const char *path);

/* AWS calls parameters in its messages as its own programs do: "roleName". */
static const char *told_name(const struct request *r, const char *path)
{
	char *name = arena_strdup(r->arena, path);
	for (char *p = name; *p; p++) {
		if ((p == name || p[-1] == '.') && *p >= 'A' && *p <= 'Z' && !(p[1] >= 'A' && p[1] <= 'Z'))
			*p = (char)(*p + 32);
	}
	return name;
}

static void fail_constraint(struct request *r, const char *path, const char *value, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void fail_constraint(struct request *r, const char *path, const char *value, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *constraint = arena_vprintf(r->arena, fmt, args);
	va_end(args);
	const char *shown = value ? arena_printf(r->arena, "Value '%s'", value) : "Value";
	if (protocol_of(r) == AWS_EC2)
		fail(r, 400, "InvalidParameterValue", "Value (%s) for parameter %s is invalid. %s", value ? value : "", told_name(r, path), constraint);
	else
		fail(r, 400, invalid_code(r, ""), "1 validation error detected: %s at '%s' failed to satisfy constraint: %s", shown, told_name(r, path),
		     constraint);
}

/* The published bounds: of a string's or a list's length, of a number. */
static bool check_bounds(struct request *r, const struct aws_shape *shape, const struct value *v, const char *path)
{
	int64_t n = 0;
	const char *text = NULL, *what = "length";
	if (value_is_a(v, TYPE_STRING) && (shape->kind == AWS_STRING || shape->kind == AWS_ENUM)) {
		text = v->text;
		if (memchr(v->text, '\0', v->count)) {
			fail_constraint(r, path, NULL, "Member must not hold a NUL character");
			return false;
		}
		for (uint32_t i = 0; i < v->count; i++)
			n += (v->text[i] & 0xc0) != 0x80; /* characters, not bytes */
	} else if (value_is_a(v, TYPE_NUMBER)) {
		text = value_to_text(r->arena, v);
		what = "value";
		if (!number_to_int(v->number, &n) && (shape->kind == AWS_INTEGER || shape->kind == AWS_LONG)) {
			fail_constraint(r, path, text, "Member must be a whole number");
			return false;
		}
		if (shape->kind == AWS_INTEGER && (n > INT32_MAX || n < INT32_MIN)) {
			fail_constraint(r, path, text, "Member must be a number of 32 bits");
			return false;
		}
	} else if (shape->kind == AWS_LIST && !type_is_primitive(v->type)) {
		n = v->count;
	} else {
		return true;
	}
	bool small = shape->flags & AWS_SHAPE_MIN && n < shape->min, large = shape->flags & AWS_SHAPE_MAX && n > shape->max;
	if (small || large)
		fail_constraint(r, path, text, "Member must have %s %s than or equal to %lld", what, small ? "greater" : "less",
				(long long)(small ? shape->min : shape->max));
	return !small && !large;
}

static bool check_structure(struct request *r, const struct aws_shape *shape, const struct value *v, const char *path)
{
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		const char *name = aws_text(member->name);
		const char *whole = *path ? arena_printf(r->arena, "%s.%s", path, name) : name;
		const struct value *item = value_get(v, name);
		bool absent = !item || value_is_null(item);
		if (absent && (member->flags & AWS_MEMBER_REQUIRED) && !(member->flags & AWS_MEMBER_TOKEN)) {
			if (protocol_of(r) == AWS_EC2)
				fail(r, 400, "MissingParameter", "The request must contain the parameter %s", whole);
			else
				fail(r, 400, invalid_code(r, ""),
				     "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null",
				     told_name(r, whole));
			return false;
		}
		bool open = !*path && map_find(&r->operation->open, name);
		if (!absent && !open && !check_shape(r, aws_member_shape(member), item, whole))
			return false;
	}
	return true;
}

static bool check_shape(struct request *r, const struct aws_shape *shape, const struct value *v, const char *path)
{
	if (v->state != VALUE_KNOWN)
		return true;
	if (shape->kind == AWS_STRUCT && v->type->kind == TYPE_OBJECT)
		return check_structure(r, shape, v, path);
	if (shape->kind == AWS_LIST && !type_is_primitive(v->type)) {
		for (uint32_t i = 0; i < v->count; i++) {
			if (!check_shape(r, aws_shape_at(shape->element), v->items[i], path))
				return false;
		}
	}
	if (shape->kind == AWS_ENUM && value_is_a(v, TYPE_STRING) && !aws_enum_has(shape, v->text, v->count)) {
		fail_constraint(r, path, v->text, "Member must satisfy enum value set");
		return false;
	}
	return check_bounds(r, shape, v, path);
}

static void fail_unheeded(struct request *r, const char *path)
{
	fail(r, 501, "NotImplemented", "The sandbox cloud does not know the parameter %s of %s. Nothing was done.", path, aws_text(r->op->name));
}

static bool says_no(const struct value *v)
{
	return value_is_null(v) || (value_is_a(v, TYPE_BOOL) && !v->boolean) || (v->state == VALUE_KNOWN && !type_is_primitive(v->type) && !v->count);
}

/* The same within structures, and lists of them, of which the operation knows some members. */
static bool check_parts(struct request *r, const struct value *v, const char *path)
{
	if (!map_find(&r->operation->parted, path) || v->state != VALUE_KNOWN || type_is_primitive(v->type))
		return true;
	bool named = v->type->kind == TYPE_OBJECT;
	for (uint32_t i = 0; i < v->count; i++) {
		const char *part = named ? arena_printf(r->arena, "%s.%s", path, value_key_at(v, i)) : path;
		if (named && !map_find(&r->operation->parts, part) && !says_no(v->items[i])) {
			fail_unheeded(r, part);
			return false;
		}
		if (!check_parts(r, v->items[i], part))
			return false;
	}
	return true;
}

/* What no step looks at would be dropped without a word: it is refused, unless it says "no". */
static bool check_heeded(struct request *r)
{
	const struct aws_member *token = aws_operation_token(r->op);
	for (uint32_t i = 0; i < r->params->count; i++) {
		const char *name = value_key_at(r->params, i);
		const struct value *v = r->params->items[i];
		bool heeded = map_find(&r->operation->parameters, name) || !strcmp(name, "DryRun") || (token && !strcmp(aws_text(token->name), name));
		if (!heeded && !says_no(v)) {
			fail_unheeded(r, name);
			return false;
		}
		if (!check_parts(r, v, name))
			return false;
	}
	return true;
}

/* EC2's are up to 64 ASCII characters, which its models do not say. */
static bool check_token(struct request *r)
{
	const struct aws_member *member = aws_operation_token(r->op);
	const char *token = member ? value_get_text(r->params, aws_text(member->name)) : NULL;
	if (protocol_of(r) != AWS_EC2 || !token)
		return true;
	size_t len = strlen(token), plain = 0;
	while (plain < len && token[plain] >= ' ' && token[plain] <= '~')
		plain++;
	if (len <= 64 && plain == len)
		return true;
	fail_constraint(r, aws_text(member->name), token, "Client tokens are up to 64 ASCII characters");
	return false;
}

static bool read_parameters(struct request *r)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const char *unknown;
	r->params = aws_decode_request(r->arena, r->op, &r->in, &unknown, &why);
	if (r->params && unknown) {
		if (protocol_of(r) == AWS_EC2)
			fail(r, 400, "UnknownParameter", "The parameter %s is not recognized", unknown);
		else
			fail_unheeded(r, unknown);
		return false;
	}
	if (!r->params) {
		fail(r, 400, code_by_protocol(r, "InvalidParameterValue", "ValidationError", "SerializationException"), "%s", buf_text(&why));
		return false;
	}
	const struct aws_shape *shape = aws_shape_at(r->op->input);
	return (!shape || check_structure(r, shape, r->params, "")) && check_token(r) && check_heeded(r);
}

/* ---- doing it ---- */

static const char *digest_of(struct arena *arena, const struct value *v)
{
	AUTO_BUF struct buf packed = BUF_INIT, hex = BUF_INIT;
	unsigned char digest[SHA256_SIZE];
	value_pack(v, &packed);
	digest_bytes(DIGEST_SHA256, packed.ptr, packed.len, digest);
	hex_encode(digest, sizeof(digest), &hex);
	return buf_copy(&hex, arena);
}

/* The name under which a client token's answer is kept, or NULL. */
static const char *token_key(struct request *r)
{
	const struct aws_member *member = aws_operation_token(r->op);
	const struct value *token = member && r->service->tokens ? value_get(r->params, aws_text(member->name)) : NULL;
	return token && value_is_a(token, TYPE_STRING)
		       ? arena_printf(r->arena, "%s %s %s", aws_text(r->aws->name), aws_text(r->op->name), token->text)
		       : NULL;
}

static const struct value *answered_before(struct request *r, const char *key)
{
	const struct object *kept = key ? store_find(r->world->store, "@token", r->auth.region, key) : NULL;
	if (!kept)
		return NULL;
	const struct value *value = store_value(r->arena, kept);
	if (strcmp(value_get_text(value, "digest"), digest_of(r->arena, r->params)) != 0)
		fail(r, 400, "IdempotentParameterMismatch", "The client token was used before with other parameters.");
	return value_get(value, "answer");
}

static void keep_answer(struct request *r, const char *key, const struct value *answer)
{
	const char *names[] = {"digest", "answer"};
	const struct value *items[] = {value_string(r->arena, digest_of(r->arena, r->params)), answer};
	store_put(r->world->store, "@token", r->auth.region, key, value_object(r->arena, names, items, 2));
}

/* What every region has from the beginning. */
static void prepare_region(struct run *run)
{
	static const char *const procedures[] = {"world", "region"};
	for (size_t i = 0; i < ARRAY_LEN(procedures); i++) {
		const char *region = i ? run->region : "";
		if (store_find(run->world->store, "@prepared", region, procedures[i]) || !map_find(&run->world->library->procedures, procedures[i]))
			continue;
		uint64_t before = store_last_number(run->world->store);
		if (!run_procedure(run, procedures[i], NULL, NULL))
			return;
		const char *names[] = {"after", "until"}; /* numbers of what was made, see census.c */
		const struct value *numbers[] = {value_int(run->arena, (int64_t)before),
						 value_int(run->arena, (int64_t)store_last_number(run->world->store))};
		store_put(run->world->store, "@prepared", region, procedures[i], value_object(run->arena, names, numbers, 2));
	}
}

static bool commit(struct request *r)
{
	AUTO_BUF struct buf why = BUF_INIT;
	if (store_commit(r->world->store, &why))
		return true;
	fail(r, 500, "InternalError", "the sandbox cannot write its store: %s", buf_text(&why));
	return false;
}

static const struct value *perform(struct request *r)
{
	struct run run = {.world = r->world, .arena = r->arena, .region = r->auth.region, .service = r->service, .operation = r->operation,
			  .in = r->params, .caller = r->auth.session, .names = MAP_INIT, .failure = &r->failure};
	const struct aws_shape *shape = aws_shape_at(r->op->output);
	const char *key = token_key(r);
	prepare_region(&run);
	if (!r->failure.code && !commit(r)) /* the region's own things are no part of what is asked */
		return NULL;
	const struct value *dry = value_get(r->params, "DryRun");
	if (dry && value_is_true(dry))
		key = NULL;
	const struct value *before = r->failure.code ? NULL : answered_before(r, key);
	if (before || r->failure.code)
		return r->failure.code ? NULL : before;
	bool reads = operation_reads(aws_text(r->op->name));
	if (reads)
		store_look_back(r->world->store, r->world->now_ms);
	const struct value *answer = run_operation(&run);
	r->late = reads && store_look_ahead(r->world->store);
	if (!answer)
		return NULL;
	answer = shape ? value_fit(r->arena, shape, answer) : answer;
	if (dry && value_is_true(dry)) {
		fail(r, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
		return NULL;
	}
	if (key)
		keep_answer(r, key, answer);
	return answer;
}

/* ---- answering ---- */

static void encode_failure(struct request *r, struct aws_reply *reply)
{
	const struct aws_service *service = r->aws ? r->aws : aws_service_find("ec2");
	const struct aws_operation *op = r->op ? r->op : &aws_operations[service->first_operation];
	struct aws_failure failure = {.status = r->failure.status, .code = r->failure.code, .message = r->failure.message, .request_id = r->id,
				      .fields = r->failure.fields};
	aws_encode_error(r->arena, op, &failure, reply);
}

/* By name, for the log; or NULL. */
static const char *told_faults(const struct request *r)
{
	const char *names[] = {r->slow ? "slow" : NULL, r->fault ? r->fault->name : NULL, r->late ? "delayed" : NULL};
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i])
			buf_addf(&out, "%s%s", out.len ? ", " : "", names[i]);
	}
	return out.len ? buf_copy(&out, r->arena) : NULL;
}

static void answer(struct request *r, const struct value *value)
{
	struct aws_reply reply = {0};
	AUTO_BUF struct buf why = BUF_INIT;
	if (value && !aws_encode_answer(r->arena, r->op, value, r->id, &reply, &why))
		fail(r, 500, "InternalError", "mistake in the sandbox: %s", buf_text(&why));
	if (r->failure.code)
		encode_failure(r, &reply);
	bool lost = r->fault && (r->fault->kind == FAULT_RESET_BEFORE || r->fault->kind == FAULT_RESET_AFTER);
	struct log_entry entry = {.time_ms = r->world->now_ms,
				  .service = r->aws ? aws_text(r->aws->name) : r->auth.service,
				  .operation = r->op ? aws_text(r->op->name) : NULL,
				  .region = r->auth.region,
				  .status = lost ? 0 : reply.status,
				  .code = lost ? NULL : r->failure.code,
				  .message = lost ? NULL : r->failure.message,
				  .fault = told_faults(r),
				  .ms = clock_ms() - r->begun};
	request_log_add(r->world->log, &entry);
	if (lost)
		http_exchange_reset(r->exchange);
	else
		http_exchange_answer(r->exchange, reply.status, reply.headers, reply.header_count, reply.body, reply.body_len);
}

static void fail_by_fault(struct request *r)
{
	if (r->fault->code) {
		fail(r, r->fault->status, r->fault->code, "%s", r->fault->message);
	} else if (r->fault->kind == FAULT_THROTTLE) {
		bool ec2 = protocol_of(r) == AWS_EC2;
		fail(r, ec2 ? 503 : 400, ec2 ? "RequestLimitExceeded" : code_by_protocol(r, "", "Throttling", "ThrottlingException"),
		     ec2 ? "Request limit exceeded." : "Rate exceeded");
	} else if (r->fault->kind == FAULT_EXPIRED) {
		fail_expired(r);
	} else if (r->fault->status == 503) {
		fail(r, 503, code_by_protocol(r, "Unavailable", "ServiceUnavailable", "ServiceUnavailableException"), "The server is overloaded: an ordered fault.");
	} else {
		fail(r, 500, code_by_protocol(r, "InternalError", "InternalFailure", "InternalServerError"), "An internal error has occurred: an ordered fault.");
	}
}

/* Whether the fault leaves nothing to be done. */
static bool ended_by_fault(struct request *r)
{
	if (!r->fault)
		return false;
	switch (r->fault->kind) {
	case FAULT_THROTTLE:
	case FAULT_ERROR:
	case FAULT_EXPIRED:
		fail_by_fault(r);
		return true;
	case FAULT_RESET_BEFORE:
		return true;
	case FAULT_ERROR_AFTER:
	case FAULT_RESET_AFTER:
	case FAULT_SLOW:
	case FAULT_DELAYED:
	case FAULT_WORLD:
		return false;
	}
	return false;
}

/* ---- resources that a fault is ordered for ---- */

/* NULL where they cannot be read, which is told in its turn. */
static const struct value *parameters(const struct request *r)
{
	AUTO_BUF struct buf ignored = BUF_INIT;
	const char *unknown;
	return r->params ? r->params : aws_decode_request(r->arena, r->op, &r->in, &unknown, &ignored);
}

static bool request_fits(void *ctx, const char *pattern)
{
	const struct request *r = ctx;
	const struct value *params = parameters(r);
	return params && parameters_fit(r->world, r->auth.region, params, pattern);
}

static bool object_fits_pattern(void *ctx, const char *pattern)
{
	return object_fits(ctx, pattern);
}

static bool change_fits(void *ctx, const struct object *object)
{
	const struct fault *fault = ctx;
	return !fault || fault_fits(fault, object_fits_pattern, (void *)(uintptr_t)object);
}

static bool changes_fit(void *ctx, const char *pattern)
{
	const struct request *r = ctx;
	struct fault fault = {.resource = pattern};
	return store_has_changed(r->world->store, change_fits, &fault);
}

static uint64_t request_likeness(void *ctx)
{
	const struct request *r = ctx;
	const struct value *params = parameters(r);
	const struct aws_member *token = aws_operation_token(r->op);
	if (params && token && value_get(params, aws_text(token->name)))
		params = value_put_path(r->arena, params, aws_text(token->name), &value_null_string);
	return value_likeness(params);
}

static struct fault_target fault_target(struct request *r, bool (*fits)(void *ctx, const char *pattern))
{
	return (struct fault_target){aws_text(r->aws->name), aws_text(r->op->name), r->world->now_ms, fits, request_likeness, r};
}

/* Before the commit of what the request has done. */
static void delay_changes(struct request *r)
{
	struct fault_target target = fault_target(r, changes_fit);
	const struct fault *fault = store_has_changed(r->world->store, change_fits, NULL) ? faults_delay(r->world->faults, &target) : NULL;
	if (fault)
		store_delay(r->world->store, r->world->now_ms + fault->ms, change_fits, (void *)(uintptr_t)fault);
}

static void serve(struct request *r)
{
	struct world *world = r->world;
	const struct value *value = NULL;
	if (!ended_by_fault(r) && !r->failure.code) {
		world_look_at_clock(world);
		world_tick(world);
		value = read_parameters(r) ? perform(r) : NULL;
		bool changed = store_is_changed(world->store);
		if (r->failure.code) {
			store_rollback(world->store);
		} else if (changed) {
			delay_changes(r);
			if (commit(r))
				hosts_changed(world->hosts);
		}
		if (r->fault && r->fault->kind == FAULT_ERROR_AFTER)
			fail_by_fault(r);
	}
	answer(r, r->failure.code ? NULL : value);
}

/* ---- a slow one ---- */

struct waiting {
	struct world *world;
	uint64_t exchange;
	struct request request;
};

static void on_waited(void *ctx)
{
	struct waiting *waiting = ctx;
	const struct world *world = waiting->world;
	if (http_exchange_find(world->server, waiting->exchange) || hosts_exchange(world->hosts, waiting->exchange))
		serve(&waiting->request);
	free(waiting);
}

void api_handle(void *ctx, struct http_exchange *exchange)
{
	const struct http_server_request *got = http_exchange_request(exchange);
	struct request r = {.world = ctx,
			    .exchange = exchange,
			    .arena = http_exchange_arena(exchange),
			    .in = {.method = got->method, .path = got->path, .query = got->query, .headers = got->headers,
				   .header_count = got->header_count, .body = got->body, .body_len = got->body_len},
			    .begun = clock_ms()};
	random_uuid(r.id);
	world_look_at_clock(r.world);
	r.world->requests++;
	auth_check(r.arena, r.world, got, &r.auth);
	find_operation(&r);
	bool known = check_signer(&r) && check_known(&r);
	struct fault_target target = known ? fault_target(&r, request_fits) : (struct fault_target){0};
	const struct fault *wait = known ? faults_wait(r.world->faults, &target) : NULL;
	const struct fault *fault = known ? faults_next(r.world->faults, &target) : NULL;
	if (fault) { /* the order may be taken back while this one waits */
		struct fault *own = arena_memdup(r.arena, fault, sizeof(*fault));
		own->code = fault->code ? arena_strdup(r.arena, fault->code) : NULL;
		own->message = fault->message ? arena_strdup(r.arena, fault->message) : NULL;
		own->resource = own->type = own->zone = NULL;
		r.fault = own;
	}
	if (wait) {
		r.slow = true;
		struct waiting *waiting = xcalloc(1, sizeof(*waiting));
		*waiting = (struct waiting){r.world, http_exchange_id(exchange), r};
		loop_timer(r.world->loop, wait->ms, on_waited, waiting);
		return;
	}
	serve(&r);
}
