/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that service files can call. */
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/keys.h"
#include "base/secret.h"
#include "base/vec.h"
#include "lang/value/convert.h"
#include "sandbox/faults.h"
#include "sandbox/resource.h"
#include "sandbox/run.h"
#include "sandbox/world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static struct run *run_of(const struct call *call)
{
	return call->eval->functions->ctx;
}

static const struct kind *kind_arg(const struct call *call)
{
	return library_kind(run_of(call)->world->library, call->args[0]->text);
}

static const char *text_arg(const struct call *call, size_t i)
{
	return value_is_a(call->args[i], TYPE_STRING) ? call->args[i]->text : NULL;
}

/* ---- objects ---- */

const char *new_id(struct arena *arena, const char *prefix)
{
	unsigned char bytes[9];
	AUTO_BUF struct buf id = BUF_INIT;
	random_bytes(bytes, sizeof(bytes));
	buf_adds(&id, prefix);
	hex_encode(bytes, sizeof(bytes), &id);
	id.ptr[id.len - 1] = '\0'; /* 17 digits */
	return arena_strdup(arena, id.ptr);
}

static const struct value *f_new_id(const struct call *call)
{
	return value_string(call->eval->arena, new_id(call->eval->arena, call->args[0]->text));
}

static const struct value *objects(const struct call *call, const struct value *like)
{
	struct run *run = run_of(call);
	struct arena *arena = call->eval->arena;
	const struct kind *kind = kind_arg(call);
	const char *region = run_region(run, kind);
	size_t count;
	const struct object *const *list = like ? store_where(run->world->store, arena, kind->name, region, like, &count)
						: store_list(run->world->store, kind->name, region, &count);
	const struct value **found = arena_array_of(arena, count + 1, const struct value *);
	for (size_t i = 0; i < count; i++)
		found[i] = store_value(arena, list[i]);
	return value_tuple(arena, found, count);
}

static const struct value *f_all(const struct call *call)
{
	return objects(call, NULL);
}

static const struct value *f_where(const struct call *call)
{
	return objects(call, call->args[1]);
}

/* How many `where` would give. */
static const struct value *f_count(const struct call *call)
{
	struct run *run = run_of(call);
	const struct kind *kind = kind_arg(call);
	size_t count;
	(void)store_where(run->world->store, call->eval->arena, kind->name, run_region(run, kind), call->args[1], &count);
	return value_int(call->eval->arena, (int64_t)count);
}

static const struct value *f_get(const struct call *call)
{
	struct run *run = run_of(call);
	const struct kind *kind = kind_arg(call);
	const char *id = text_arg(call, 1);
	const struct object *object = id ? store_find(run->world->store, kind->name, run_region(run, kind), id) : NULL;
	return object ? store_value(call->eval->arena, object) : &value_null_any;
}

/* Of whatever kind has ids that begin like this one and takes tags; where it is not there, a failure in its kind's words. */
static const struct value *f_object(const struct call *call)
{
	struct run *run = run_of(call);
	const char *id = text_arg(call, 0);
	const struct map *kinds = &run->world->library->kinds;
	const struct kind *of = NULL;
	for (struct map_entry *e = map_first(kinds); id && e; e = map_next(kinds, e)) {
		const struct kind *kind = e->value;
		if (!kind->prefix || !kind->tags || strncmp(id, kind->prefix, strlen(kind->prefix)) != 0)
			continue;
		const struct object *object = store_find(run->world->store, kind->name, run_region(run, kind), id);
		if (object)
			return store_value(call->eval->arena, object);
		of = of && strlen(of->prefix) > strlen(kind->prefix) ? of : kind; /* the longest prefix */
	}
	size_t digits = of ? strspn(id + strlen(of->prefix), "0123456789abcdef") : 0;
	if ((digits == 8 || digits == 17) && !id[strlen(of->prefix) + digits])
		(void)run_need(run, of, id);
	return &value_null_any;
}

/* All that carry tags, as DescribeTags tells of them. */
static const struct value *f_tagged(const struct call *call)
{
	struct run *run = run_of(call);
	struct arena *arena = call->eval->arena;
	const struct map *kinds = &run->world->library->kinds;
	VEC(const struct value *) found = {0};
	for (struct map_entry *e = map_first(kinds); e; e = map_next(kinds, e)) {
		const struct kind *kind = e->value;
		size_t count = 0;
		const struct object *const *list = kind->tags && kind->prefix ? store_list(run->world->store, kind->name, run->region, &count) : NULL;
		for (size_t i = 0; i < count; i++) {
			const struct value *tags = value_get(store_value(arena, list[i]), "Tags");
			for (uint32_t t = 0; tags && tags->state == VALUE_KNOWN && t < tags->count; t++) {
				const char *names[] = {"ResourceId", "ResourceType"};
				const struct value *items[] = {value_string(arena, list[i]->id), value_string(arena, kind->tags)};
				vec_add(&found, value_with(arena, tags->items[t], value_object(arena, names, items, 2)));
			}
		}
	}
	const struct value *result = value_tuple(arena, found.items, found.count);
	vec_free(&found);
	return result;
}

static const struct value *f_view(const struct call *call)
{
	const struct value *object = call->args[0];
	const char *kind = object->state == VALUE_KNOWN ? value_get_text(object, "_kind") : NULL;
	return kind ? run_view(run_of(call), library_kind(run_of(call)->world->library, kind), object) : &value_null_any;
}

static const struct value *f_with(const struct call *call)
{
	const struct value *a = call->args[0], *b = call->args[1];
	if (!value_is_a(b, TYPE_OBJECT))
		return a;
	return value_with(call->eval->arena, value_is_a(a, TYPE_OBJECT) ? a : NULL, b);
}

/* ---- values ---- */

static bool is_blank(const struct value *v)
{
	if (v->state != VALUE_KNOWN)
		return true;
	return v->type->kind != TYPE_BOOL && v->type->kind != TYPE_NUMBER && v->count == 0;
}

static const struct value *f_isblank(const struct call *call)
{
	return value_bool(is_blank(call->args[0]));
}

static const struct value *f_written(const struct call *call)
{
	return value_bool(!is_blank(call->args[0]));
}

static const struct value *f_ifnull(const struct call *call)
{
	return value_is_null(call->args[0]) ? call->args[1] : call->args[0];
}

static const struct value *f_one(const struct call *call)
{
	const struct value *v = call->args[0];
	return v->state == VALUE_KNOWN && !type_is_primitive(v->type) && v->count ? v->items[0] : &value_null_any;
}

static const struct value *f_like(const struct call *call)
{
	const char *text = text_arg(call, 0), *pattern = text_arg(call, 1);
	return value_bool(text && pattern && text_like(pattern, text));
}

/* Lists of {Key, Value}: the first with the second's instead of its own of the same keys. */
static const struct value *f_add_tags(const struct call *call)
{
	VEC(const struct value *) tags = {0};
	for (int from = 0; from < 2; from++) {
		const struct value *list = call->args[from];
		for (uint32_t i = 0; list->state == VALUE_KNOWN && i < list->count; i++) {
			const char *key = value_get_text(list->items[i], "Key");
			size_t at = 0;
			while (at < tags.count && strcmp(value_get_text(tags.items[at], "Key"), key ? key : "") != 0)
				at++;
			if (key && at < tags.count)
				tags.items[at] = list->items[i];
			else if (key)
				vec_add(&tags, list->items[i]);
		}
	}
	const struct value *result = value_tuple(call->eval->arena, tags.items, tags.count);
	vec_free(&tags);
	return result;
}

/* ---- addresses ---- */

struct range {
	uint32_t base;
	unsigned bits;
	bool valid;
};

static struct range range_of(const char *cidr)
{
	struct range range = {0};
	struct in_addr address;
	char text[32];
	const char *slash = cidr ? strchr(cidr, '/') : NULL;
	size_t len = slash ? (size_t)(slash - cidr) : 0;
	if (!slash || len >= sizeof(text))
		return range;
	memcpy(text, cidr, len);
	text[len] = '\0';
	size_t digits = strspn(slash + 1, "0123456789");
	unsigned long bits = strtoul(slash + 1, NULL, 10);
	if (!digits || digits > 2 || slash[1 + digits] || (digits == 2 && slash[1] == '0') || bits > 32 || inet_pton(AF_INET, text, &address) != 1)
		return range;
	range.bits = (unsigned)bits;
	range.base = ntohl(address.s_addr);
	range.valid = true;
	return range;
}

static uint32_t mask_of(unsigned bits)
{
	return bits ? ~0u << (32 - bits) : 0;
}

static const struct value *f_cidr_bits(const struct call *call)
{
	struct range range = range_of(text_arg(call, 0));
	return range.valid ? value_int(call->eval->arena, range.bits) : &value_null_any;
}

/* The range as AWS keeps it: without bits behind its length. */
static const struct value *f_cidr_base(const struct call *call)
{
	struct range range = range_of(text_arg(call, 0));
	if (!range.valid)
		return &value_null_string;
	struct in_addr address = {htonl(range.base & mask_of(range.bits))};
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &address, text, sizeof(text));
	return value_stringf(call->eval->arena, "%s/%u", text, range.bits);
}

static const struct value *f_cidr_within(const struct call *call)
{
	struct range inner = range_of(text_arg(call, 0)), outer = range_of(text_arg(call, 1));
	return value_bool(inner.valid && outer.valid && inner.bits >= outer.bits && !((inner.base ^ outer.base) & mask_of(outer.bits)));
}

static const struct value *f_cidr_overlaps(const struct call *call)
{
	struct range a = range_of(text_arg(call, 0)), b = range_of(text_arg(call, 1));
	unsigned bits = a.bits < b.bits ? a.bits : b.bits;
	return value_bool(a.valid && b.valid && !((a.base ^ b.base) & mask_of(bits)));
}

/* Whether an object has the address: `use` says of which kind, in which member, and what else it has. */
static bool is_used(struct run *run, struct arena *arena, const struct value *use, const struct value *address)
{
	const struct kind *kind = library_kind(run->world->library, value_get_text(use, "kind"));
	const char *member = value_get_text(use, "member");
	const struct value *like = value_get(use, "like"), *one = value_object(arena, &member, &address, 1);
	size_t count;
	(void)store_where(run->world->store, arena, kind->name, run_region(run, kind), like ? value_with(arena, like, one) : one, &count);
	return count > 0;
}

/* The first address of a range that is not in use: AWS keeps the first four and the last. */
static const struct value *f_free_address(const struct call *call)
{
	struct arena *scratch = arena_new();
	struct range range = range_of(text_arg(call, 0));
	const struct value *uses = call->args[1], *unused = &value_null_string;
	uint32_t size = range.valid && range.bits > 0 ? 1u << (32 - range.bits) : 0;
	for (uint32_t i = 4; size && i < size - 1 && value_is_null(unused); i++) {
		struct in_addr address = {htonl((range.base & mask_of(range.bits)) + i)};
		char text[INET_ADDRSTRLEN];
		inet_ntop(AF_INET, &address, text, sizeof(text));
		const struct value *wanted = value_string(scratch, text);
		bool used = false;
		for (uint32_t u = 0; u < uses->count && !used; u++)
			used = is_used(run_of(call), scratch, uses->items[u], wanted);
		if (!used)
			unused = value_string(call->eval->arena, text);
		arena_reset(scratch);
	}
	arena_free(scratch);
	return unused;
}

/* ---- keys ---- */

/* As EC2 tells it of an imported key: MD5 of the public key's DER for RSA, SHA-256 for ED25519. */
static const struct value *f_key_fingerprint(const struct call *call)
{
	const char *why, *text = text_arg(call, 0);
	struct key *key = text ? key_from_public(text, strlen(text), &why) : NULL;
	if (!key)
		return &value_null_string;
	AUTO_BUF struct buf out = BUF_INIT;
	if (key_kind(key) == KEY_RSA) {
		AUTO_BUF struct buf der = BUF_INIT, hex = BUF_INIT;
		unsigned char digest[DIGEST_MAX];
		key_public_der(key, &der);
		digest_bytes(DIGEST_MD5, der.ptr, der.len, digest);
		hex_encode(digest, digest_size(DIGEST_MD5), &hex);
		for (size_t i = 0; i < hex.len; i += 2)
			buf_addf(&out, "%s%.2s", i ? ":" : "", hex.ptr + i);
	} else if (!key_fingerprint_sha256(key, &out)) {
		buf_clear(&out);
	}
	const char *kind = key_kind(key) == KEY_RSA ? "rsa" : key_kind(key) == KEY_ED25519 ? "ed25519" : "ecdsa";
	const char *print = !strncmp(buf_text(&out), "SHA256:", 7) ? out.ptr + 7 : buf_text(&out);
	const char *names[] = {"kind", "fingerprint"};
	const struct value *items[] = {value_string(call->eval->arena, kind), value_string(call->eval->arena, print)};
	key_free(key);
	return value_object(call->eval->arena, names, items, 2);
}

/* A new pair, the private key as EC2 hands it out. */
static const struct value *f_new_key(const struct call *call)
{
	bool rsa = value_is_text(call->args[0], "rsa");
	struct key *key = key_new(rsa ? KEY_RSA : KEY_ED25519, 2048);
	AUTO_SECRET struct secret private = SECRET_INIT;
	AUTO_BUF struct buf public = BUF_INIT;
	if (rsa)
		key_private_pem(key, &private);
	bool ok = (rsa || key_private_openssh(key, "", &private)) && key_public_openssh(key, NULL, &public);
	key_free(key);
	if (!ok)
		return call_error(call, -1, "a key cannot be made");
	const char *names[] = {"private", "public"};
	const struct value *items[] = {value_string(call->eval->arena, secret_text(&private)), value_string(call->eval->arena, buf_text(&public))};
	return value_object(call->eval->arena, names, items, 2);
}

/* ---- faults ---- */

static bool subject_fits(void *ctx, const char *pattern)
{
	return value_fits(ctx, pattern);
}

/* An object's numbers and addresses depend on who came first: what it was asked for does not. */
static uint64_t subject_likeness(void *ctx)
{
	static const char *const told[] = {"InstanceType", "AvailabilityZone", "AvailabilityZoneName", "Market", "Placement", "Tags"};
	uint64_t sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		sum += value_likeness(value_get(ctx, told[i]));
	return sum;
}

/* Whether a fault of that name is ordered for such an object: null, or what the order says. Counts. */
static const struct value *f_fault(const struct call *call)
{
	struct run *run = run_of(call);
	struct arena *arena = call->eval->arena;
	struct fault_target target = {.service = run->service ? aws_text(run->service->aws->name) : "ec2",
				      .operation = run->operation ? aws_text(run->operation->aws->name) : "",
				      .now_ms = run->world->now_ms,
				      .fits = subject_fits,
				      .likeness = subject_likeness,
				      .ctx = (void *)(uintptr_t)call->args[1]};
	const struct fault *fault = faults_meet(run->world->faults, call->args[0]->text, &target);
	if (!fault)
		return &value_null_any;
	double usual = 120 * run->world->identity.pace;
	const char *names[] = {"seconds", "notice"};
	const struct value *items[] = {fault->timed ? value_number(arena, number_from_double(arena, fault->ms / 1000.0)) : &value_null_any,
				       value_number(arena, number_from_double(arena, fault->notice_ms ? fault->notice_ms / 1000.0 : usual))};
	return value_object(arena, names, items, ARRAY_LEN(items));
}

enum { ANY = PARAM_NULL | PARAM_DEEP };
static const struct param p_any[] = {{"value", &type_any, ANY}, {NULL, NULL, 0}};
static const struct param p_two[] = {{"value", &type_any, ANY}, {"other", &type_any, ANY}, {NULL, NULL, 0}};
static const struct param p_text[] = {{"text", &type_string, 0}, {NULL, NULL, 0}};
static const struct param p_kind[] = {{"kind", &type_string, 0}, {NULL, NULL, 0}};
static const struct param p_kind_any[] = {{"kind", &type_string, 0}, {"value", &type_any, ANY}, {NULL, NULL, 0}};
static const struct param p_none[] = {{NULL, NULL, 0}};

/* What the host behind an instance has said so far, its last 64 KiB; null where there is none. */
static const struct value *f_console(const struct call *call)
{
	const struct world *world = run_of(call)->world;
	const char *id = text_arg(call, 0);
	AUTO_BUF struct buf text = BUF_INIT;
	struct arena *arena = call->eval->arena;
	if (!id || strchr(id, '/') || !file_read(arena_printf(arena, "%s/hosts/%s/console", world->dir, id), 64 << 20, &text))
		return &value_null_string;
	size_t skip = text.len > 65536 ? text.len - 65536 : 0;
	AUTO_BUF struct buf out = BUF_INIT;
	base64_encode(BASE64_STANDARD, text.ptr + skip, text.len - skip, &out);
	return value_string(arena, buf_text(&out));
}

const struct function sandbox_functions[] = {
	{.name = "all", .params = p_kind, .run = f_all},
	{.name = "where", .params = p_kind_any, .run = f_where},
	{.name = "count", .params = p_kind_any, .run = f_count},
	{.name = "get", .params = p_kind_any, .run = f_get, .nullable = true},
	{.name = "object", .params = p_any, .run = f_object, .nullable = true},
	{.name = "tagged", .params = p_none, .run = f_tagged},
	{.name = "view", .params = p_any, .run = f_view, .nullable = true},
	{.name = "with", .params = p_two, .run = f_with, .nullable = true},
	{.name = "new_key", .params = p_text, .run = f_new_key},
	{.name = "new_id", .params = p_text, .run = f_new_id},
	{.name = "isblank", .params = p_any, .run = f_isblank},
	{.name = "written", .params = p_any, .run = f_written},
	{.name = "ifnull", .params = p_two, .run = f_ifnull, .nullable = true},
	{.name = "one", .params = p_any, .run = f_one, .nullable = true},
	{.name = "like", .params = p_two, .run = f_like},
	{.name = "add_tags", .params = p_two, .run = f_add_tags},
	{.name = "cidr_bits", .params = p_any, .run = f_cidr_bits, .nullable = true},
	{.name = "cidr_base", .params = p_any, .run = f_cidr_base, .nullable = true},
	{.name = "cidr_within", .params = p_two, .run = f_cidr_within},
	{.name = "cidr_overlaps", .params = p_two, .run = f_cidr_overlaps},
	{.name = "free_address", .params = p_two, .run = f_free_address, .nullable = true},
	{.name = "key_fingerprint", .params = p_any, .run = f_key_fingerprint, .nullable = true},
	{.name = "fault", .params = p_kind_any, .run = f_fault, .nullable = true},
	{.name = "console", .params = p_text, .run = f_console},
	{.name = NULL},
};
