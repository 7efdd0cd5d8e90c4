/* SPDX-License-Identifier: Apache-2.0 */
/* The provider "random", as Terraform's 3.x: what is chosen once, when the object is made, and then kept. */
#include "providers/small/random.h"

#include "base/bcrypt.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include <ctype.h>
#include <string.h>

enum { LENGTH_LIMIT = 1 << 20 }; /* of strings, ids and lists: far past what anybody needs */

static const struct value none = {.type = &type_number, .state = VALUE_KNOWN, .number = {NULL, 0}};
static const struct value two = {.type = &type_number, .state = VALUE_KNOWN, .number = {NULL, 2}};
static const struct value dash = {.type = &type_string, .state = VALUE_KNOWN, .count = 1, .text = "-"};

/* Arguments whose change replaces the object, as most do here; with a default, Terraform calls them computed, too. */
#define REPLACING (ATTR_OPTIONAL | ATTR_REPLACE)
#define REPLACING_DEFAULT (ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE)
#define KEEPERS {"keepers", &type_map_of_string, REPLACING, NULL, NULL}
#define MADE(name) {name, &type_string, ATTR_COMPUTED, NULL, NULL}
#define MADE_SECRET(name) {name, &type_string, ATTR_COMPUTED | ATTR_SENSITIVE, NULL, NULL}

static bool check_length(const struct value *config, const struct body *body, const char *name, struct diags *diags)
{
	if (!simple_check_int(config, body, name, 1, diags))
		return false;
	if (simple_int(config, name, 1) <= LENGTH_LIMIT)
		return true;
	diag_error(diags, simple_range(body, name), "Invalid attribute value", "The argument \"%s\" may be %d at most.", name,
		   LENGTH_LIMIT);
	return false;
}

static const struct value *import_failed(const struct simple_import *import, const char *form)
{
	diag_error(import->diags, import->range, "Invalid import id", "\"%s\" cannot be imported: %s is expected.", import->id, form);
	return NULL;
}

static const struct value *text_value(struct arena *arena, const struct buf *text)
{
	return value_string_n(arena, buf_text(text), text->len);
}

/* ---- random_id and random_bytes ---- */

static const struct schema *id_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("b64_std"),
		MADE("b64_url"),
		{"byte_length", &type_number, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		MADE("dec"),
		MADE("hex"),
		MADE("id"),
		KEEPERS,
		{"prefix", &type_string, REPLACING, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void id_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	check_length(config, body, "byte_length", diags);
}

/* The bytes as one decimal number, the first byte the highest. */
static void add_decimal(const unsigned char *bytes, size_t len, struct buf *out)
{
	VEC(uint32_t) limbs = {0}; /* of nine digits each, the lowest first */
	for (size_t i = 0; i < len; i++) {
		uint64_t carry = bytes[i];
		for (size_t k = 0; k < limbs.count; k++) {
			carry += (uint64_t)limbs.items[k] << 8;
			limbs.items[k] = (uint32_t)(carry % 1000000000);
			carry /= 1000000000;
		}
		if (carry)
			vec_add(&limbs, (uint32_t)carry);
	}
	if (!limbs.count)
		buf_addc(out, '0');
	for (size_t k = limbs.count; k-- > 0;)
		buf_addf(out, k + 1 == limbs.count ? "%u" : "%09u", limbs.items[k]);
	vec_free(&limbs);
}

static const struct value *id_of(struct arena *arena, const struct value *object, const struct buf *bytes, const char *prefix)
{
	AUTO_BUF struct buf id = BUF_INIT, standard = BUF_INIT, url = BUF_INIT, hex = BUF_INIT, decimal = BUF_INIT;
	const unsigned char *p = (const unsigned char *)buf_text(bytes);
	base64_encode(BASE64_URL_UNPADDED, p, bytes->len, &id);
	buf_addf(&url, "%s%s", prefix, buf_text(&id));
	buf_adds(&standard, prefix);
	base64_encode(BASE64_STANDARD, p, bytes->len, &standard);
	buf_adds(&hex, prefix);
	hex_encode(p, bytes->len, &hex);
	buf_adds(&decimal, prefix);
	add_decimal(p, bytes->len, &decimal);
	static const char *const names[] = {"id", "b64_url", "b64_std", "hex", "dec"};
	const struct value *values[] = {text_value(arena, &id), text_value(arena, &url), text_value(arena, &standard),
					text_value(arena, &hex), text_value(arena, &decimal)};
	return simple_with(arena, object, names, values, ARRAY_LEN(names));
}

static void add_random(struct buf *out, size_t len)
{
	unsigned char chunk[256];
	for (size_t left = len; left;) {
		size_t n = left < sizeof(chunk) ? left : sizeof(chunk);
		random_bytes(chunk, n);
		buf_add(out, chunk, n);
		left -= n;
	}
}

static const struct value *id_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	const char *prefix = value_get_text(planned, "prefix");
	AUTO_BUF struct buf bytes = BUF_INIT;
	add_random(&bytes, (size_t)simple_int(planned, "byte_length", 1));
	return id_of(call->arena, planned, &bytes, prefix ? prefix : "");
}

/* [ prefix "," ] base64 for URLs */
static const struct value *id_import(const struct simple_import *import)
{
	const char *comma = strrchr(import->id, ','), *text = comma ? comma + 1 : import->id;
	AUTO_BUF struct buf bytes = BUF_INIT;
	if (!base64_decode(BASE64_URL_UNPADDED, text, strlen(text), &bytes) || !bytes.len)
		return import_failed(import, "the attribute b64_url of an id, behind its prefix and a comma where it has one,");
	const char *prefix = comma ? arena_strndup(import->arena, import->id, (size_t)(comma - import->id)) : "";
	static const char *const names[] = {"byte_length", "prefix"};
	const struct value *values[] = {value_int(import->arena, (int64_t)bytes.len),
					*prefix ? value_string(import->arena, prefix) : &value_null_string};
	return id_of(import->arena, simple_make(import->arena, import->schema, names, values, 2), &bytes, prefix);
}

static const struct schema *bytes_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE_SECRET("base64"),
		MADE_SECRET("hex"),
		KEEPERS,
		{"length", &type_number, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void bytes_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	check_length(config, body, "length", diags);
}

static const struct value *bytes_of(struct arena *arena, const struct value *object, const struct buf *bytes)
{
	AUTO_BUF struct buf base64 = BUF_INIT, hex = BUF_INIT;
	base64_encode(BASE64_STANDARD, buf_text(bytes), bytes->len, &base64);
	hex_encode(buf_text(bytes), bytes->len, &hex);
	static const char *const names[] = {"base64", "hex", "length"};
	const struct value *values[] = {text_value(arena, &base64), text_value(arena, &hex), value_int(arena, (int64_t)bytes->len)};
	return simple_with(arena, object, names, values, 3);
}

static const struct value *bytes_create(const struct simple_call *call)
{
	AUTO_BUF struct buf bytes = BUF_INIT;
	add_random(&bytes, (size_t)simple_int(call->request->planned, "length", 1));
	return bytes_of(call->arena, call->request->planned, &bytes);
}

static const struct value *bytes_import(const struct simple_import *import)
{
	AUTO_BUF struct buf bytes = BUF_INIT;
	if (!base64_decode(BASE64_STANDARD, import->id, strlen(import->id), &bytes) || !bytes.len)
		return import_failed(import, "base64");
	return bytes_of(import->arena, import->schema->empty, &bytes);
}

/* ---- random_string and random_password ---- */

#define STRING_ATTRS                                                                                       \
	KEEPERS, {"length", &type_number, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},                       \
		{"lower", &type_bool, REPLACING_DEFAULT, &value_true, NULL},                                \
		{"min_lower", &type_number, REPLACING_DEFAULT, &none, NULL},                                \
		{"min_numeric", &type_number, REPLACING_DEFAULT, &none, NULL},                              \
		{"min_special", &type_number, REPLACING_DEFAULT, &none, NULL},                              \
		{"min_upper", &type_number, REPLACING_DEFAULT, &none, NULL},                                \
		{"number", &type_bool, REPLACING_DEFAULT | ATTR_DEPRECATED, NULL, "Use \"numeric\" instead."}, \
		{"numeric", &type_bool, REPLACING_DEFAULT, NULL, NULL},                                     \
		{"override_special", &type_string, REPLACING, NULL, NULL},                                  \
		{"special", &type_bool, REPLACING_DEFAULT, &value_true, NULL},                              \
		{"upper", &type_bool, REPLACING_DEFAULT, &value_true, NULL}

static const struct schema *string_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {STRING_ATTRS, MADE("id"), MADE("result"), {.name = NULL}};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct schema *password_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {STRING_ATTRS, MADE("id"), MADE_SECRET("result"), MADE_SECRET("bcrypt_hash"),
						   {.name = NULL}};
	return simple_schema(arena, attrs, NULL, 0);
}

static const char *const minimums[] = {"min_lower", "min_numeric", "min_special", "min_upper"};

static bool is_false(const struct value *object, const char *name)
{
	const struct value *v = value_get(object, name);
	return value_is_a(v, TYPE_BOOL) && !v->boolean;
}

static void string_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	bool ok = check_length(config, body, "length", diags);
	int64_t least = 0;
	for (size_t i = 0; i < ARRAY_LEN(minimums); i++) {
		ok &= simple_check_int(config, body, minimums[i], 0, diags);
		int64_t n = simple_int(config, minimums[i], 0);
		least += n > LENGTH_LIMIT ? LENGTH_LIMIT : n;
	}
	int64_t length = simple_int(config, "length", INT64_MAX);
	if (ok && length < least)
		diag_error(diags, simple_range(body, "length"), "Invalid attribute value",
			   "The length %lld is less than the %lld characters that min_lower, min_numeric, min_special and min_upper ask for "
			   "together.", (long long)length, (long long)least);
	const struct value *number = value_get(config, "number"), *numeric = value_get(config, "numeric");
	if (number->state == VALUE_KNOWN && numeric->state == VALUE_KNOWN && number->boolean != numeric->boolean)
		diag_error(diags, simple_range(body, "number"), "Invalid attribute combination",
			   "\"number\" and \"numeric\" mean the same, and have different values here. \"number\" is deprecated; take it out.");
	if (is_false(config, "lower") && is_false(config, "upper") && is_false(config, "special") &&
	    (is_false(config, "number") || is_false(config, "numeric")))
		diag_error(diags, simple_range(body, "special"), "Invalid attribute combination",
			   "No character is left to choose from: one of lower, upper, numeric and special must be true.");
}

static void string_adjust(struct arena *arena, const struct adjust_request *request, struct adjust_answer *answer,
			  struct diags *diags)
{
	(void)diags;
	const struct value *number = value_get(request->config, "number"), *numeric = value_get(request->config, "numeric");
	const struct value *both = !value_is_null(numeric) ? numeric : !value_is_null(number) ? number : &value_true;
	static const char *const names[] = {"number", "numeric"};
	const struct value *values[] = {both, both};
	answer->planned = simple_with(arena, request->proposed, names, values, 2);
	/* states of old versions have "" where nothing is written */
	const struct value *before = request->prior ? value_get(request->prior, "override_special") : NULL;
	const struct value *now = value_get(answer->planned, "override_special");
	if (before && value_is_null(now) && value_is_text(before, "")) {
		static const struct value_step step = {.name = "override_special"};
		static const struct value_path path = {&step, 1};
		answer->keep = &path;
		answer->keep_count = 1;
	}
}

/* Characters to choose from, each of one or more bytes. */
struct letters {
	VEC(struct letter { const char *text; size_t len; }) items;
};

static void add_letters(struct letters *letters, const char *text)
{
	for (size_t at = 0; text[at];) {
		size_t len = 1;
		while ((text[at + len] & 0xc0) == 0x80)
			len++;
		vec_add(&letters->items, (struct letter){text + at, len});
		at += len;
	}
}

static void choose(struct rng *rng, const struct letters *from, int64_t count, struct letters *chosen)
{
	for (int64_t i = 0; i < count; i++)
		vec_add(&chosen->items, from->items.items[rng_below(rng, from->items.count)]);
}

static bool make_string(const struct value *planned, struct buf *out)
{
	const char *special = value_get_text(planned, "override_special");
	if (!special || !*special)
		special = "!@#$%&*()-_=+[]{}<>:?";
	const struct {
		const char *flag, *minimum, *text;
	} sets[] = {
		{"upper", "min_upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"lower", "min_lower", "abcdefghijklmnopqrstuvwxyz"},
		{"numeric", "min_numeric", "0123456789"},
		{"special", "min_special", special},
	};
	struct rng rng = {.seed = NULL};
	struct letters all = {0}, chosen = {0};
	int64_t left = simple_int(planned, "length", 1);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct letters own = {0};
		add_letters(&own, sets[i].text);
		if (value_is_true(value_get(planned, sets[i].flag)))
			add_letters(&all, sets[i].text);
		int64_t least = simple_int(planned, sets[i].minimum, 0);
		choose(&rng, &own, least, &chosen);
		left -= least;
		vec_free(&own.items);
	}
	bool ok = all.items.count > 0 && left >= 0;
	if (ok) {
		choose(&rng, &all, left, &chosen);
		size_t count = chosen.items.count;
		AUTO_FREE size_t *order = xcalloc(count, sizeof(*order));
		rng_permute(&rng, order, count);
		for (size_t i = 0; i < count; i++)
			buf_add(out, chosen.items.items[order[i]].text, chosen.items.items[order[i]].len);
	}
	vec_free(&all.items);
	vec_free(&chosen.items);
	return ok;
}

static bool string_made(const struct simple_call *call, struct buf *out)
{
	if (make_string(call->request->planned, out))
		return true;
	diag_error(call->diags, call->request->range, "Invalid attribute combination",
		   "The random string cannot be made: no characters to choose from are left, or their minimums ask for more than its length.");
	return false;
}

static const struct value *string_create(const struct simple_call *call)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!string_made(call, &text))
		return NULL;
	static const char *const names[] = {"id", "result"};
	const struct value *v = value_string_raw(call->arena, buf_text(&text), text.len);
	const struct value *values[] = {v, v};
	return simple_with(call->arena, call->request->planned, names, values, 2);
}

static const struct value *import_string(const struct simple_import *import)
{
	static const char *const names[] = {"length", "lower", "min_lower", "min_numeric", "min_special", "min_upper", "number",
					    "numeric", "special", "upper", "id", "result"};
	const struct value *text = value_string(import->arena, import->id);
	const struct value *values[] = {value_int(import->arena, text->count), &value_true, &none, &none, &none, &none, &value_true,
					&value_true, &value_true, &value_true, text, text};
	return simple_make(import->arena, import->schema, names, values, ARRAY_LEN(names));
}

static const struct value *with_hash(struct arena *arena, const struct value *object, const struct value *result,
				     struct src_range range, struct diags *diags)
{
	AUTO_BUF struct buf password = BUF_INIT, hash = BUF_INIT;
	buf_add(&password, result->text, result->count < BCRYPT_MAX_LENGTH ? result->count : BCRYPT_MAX_LENGTH);
	bool ok = strlen(buf_text(&password)) == password.len && bcrypt_hash(buf_text(&password), BCRYPT_DEFAULT_COST, &hash);
	explicit_bzero(password.ptr, password.len);
	if (!ok) {
		diag_error(diags, range, "No bcrypt hash",
			   "The password cannot be hashed: it holds a zero byte, or this system's crypt library has no bcrypt.");
		return NULL;
	}
	static const char *const names[] = {"id", "result", "bcrypt_hash"};
	const struct value *values[] = {value_string(arena, "none"), result, text_value(arena, &hash)};
	return simple_with(arena, object, names, values, 3);
}

static const struct value *password_create(const struct simple_call *call)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!string_made(call, &text))
		return NULL;
	const struct value *result = value_string_raw(call->arena, buf_text(&text), text.len);
	explicit_bzero(text.ptr, text.len);
	return with_hash(call->arena, call->request->planned, result, call->request->range, call->diags);
}

static const struct value *password_import(const struct simple_import *import)
{
	const struct value *object = import_string(import);
	return with_hash(import->arena, object, value_get(object, "result"), import->range, import->diags);
}

/* ---- random_pet ---- */

static const struct schema *pet_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("id"),
		KEEPERS,
		{"length", &type_number, REPLACING_DEFAULT, &two, NULL},
		{"prefix", &type_string, REPLACING, NULL, NULL},
		{"separator", &type_string, REPLACING_DEFAULT, &dash, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void pet_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	check_length(config, body, "length", diags);
}

static const struct value *pet_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	const char *prefix = value_get_text(planned, "prefix"), *separator = value_get_text(planned, "separator");
	struct rng rng = {.seed = NULL};
	AUTO_BUF struct buf text = BUF_INIT;
	if (prefix && *prefix)
		buf_addf(&text, "%s%s", prefix, separator);
	for (int64_t left = simple_int(planned, "length", 2); left > 0; left--)
		buf_addf(&text, "%s%s", pet_word(&rng, left == 1 ? PET_ANIMAL : left == 2 ? PET_ADJECTIVE : PET_ADVERB),
			 left > 1 ? separator : "");
	static const char *const names[] = {"id"};
	const struct value *values[] = {text_value(call->arena, &text)};
	return simple_with(call->arena, planned, names, values, 1);
}

/* ---- random_integer ---- */

static const struct schema *integer_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("id"),
		KEEPERS,
		{"max", &type_number, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{"min", &type_number, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{"result", &type_number, ATTR_COMPUTED, NULL, NULL},
		{"seed", &type_string, REPLACING, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void integer_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	bool ok = simple_check_int(config, body, "min", INT64_MIN, diags);
	ok &= simple_check_int(config, body, "max", INT64_MIN, diags);
	if (ok && simple_int(config, "min", INT64_MIN) > simple_int(config, "max", INT64_MAX))
		diag_error(diags, simple_range(body, "min"), "Invalid attribute combination", "\"min\" is greater than \"max\".");
}

static const struct value *integer_of(struct arena *arena, const struct value *object, int64_t result)
{
	static const char *const names[] = {"id", "result"};
	const struct value *values[] = {value_stringf(arena, "%lld", (long long)result), value_int(arena, result)};
	return simple_with(arena, object, names, values, 2);
}

static const struct value *integer_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	int64_t min = simple_int(planned, "min", 0), max = simple_int(planned, "max", 0);
	const char *seed = value_get_text(planned, "seed");
	struct rng rng = {.seed = seed && *seed ? seed : NULL};
	uint64_t more = (uint64_t)max - (uint64_t)min;
	uint64_t chosen = more == UINT64_MAX ? rng_bits(&rng) : rng_below(&rng, more + 1);
	return integer_of(call->arena, planned, (int64_t)((uint64_t)min + chosen));
}

/* result "," min "," max [ "," seed ] */
static const struct value *integer_import(const struct simple_import *import)
{
	static const char form[] = "RESULT,MIN,MAX or RESULT,MIN,MAX,SEED";
	int64_t numbers[3];
	const char *at = import->id;
	for (size_t i = 0; i < 3; i++) {
		size_t len = strcspn(at, ",");
		struct number n;
		if (!number_parse(import->arena, at, len, &n) || !number_to_int(n, &numbers[i]) || (i < 2 && at[len] != ','))
			return import_failed(import, form);
		at += len + (at[len] == ',' && i < 2);
	}
	static const char *const names[] = {"min", "max", "seed"};
	const struct value *values[] = {value_int(import->arena, numbers[1]), value_int(import->arena, numbers[2]),
					*at == ',' ? value_string(import->arena, at + 1) : &value_null_string};
	return integer_of(import->arena, simple_make(import->arena, import->schema, names, values, 3), numbers[0]);
}

/* ---- random_uuid ---- */

static const struct schema *uuid_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {MADE("id"), KEEPERS, MADE("result"), {.name = NULL}};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct value *uuid_of(struct arena *arena, const struct value *object, const char *uuid)
{
	static const char *const names[] = {"id", "result"};
	const struct value *v = value_string_raw(arena, uuid, strlen(uuid));
	const struct value *values[] = {v, v};
	return simple_with(arena, object, names, values, 2);
}

static const struct value *uuid_create(const struct simple_call *call)
{
	char uuid[37];
	random_uuid(uuid);
	return uuid_of(call->arena, call->request->planned, uuid);
}

static const struct value *uuid_import(const struct simple_import *import)
{
	char *uuid = arena_strdup(import->arena, import->id);
	size_t i = 0;
	for (; uuid[i]; i++) {
		bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
		if (i >= 36 || (dash_here ? uuid[i] != '-' : !isxdigit((unsigned char)uuid[i])))
			break;
		uuid[i] = (char)tolower((unsigned char)uuid[i]);
	}
	if (i != 36 || uuid[i])
		return import_failed(import, "a UUID like aabbccdd-eeff-0011-2233-445566778899");
	return uuid_of(import->arena, import->schema->empty, uuid);
}

/* ---- random_shuffle ---- */

static const struct schema *shuffle_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("id"),
		{"input", &type_list_of_string, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		KEEPERS,
		{"result", &type_list_of_string, ATTR_COMPUTED, NULL, NULL},
		{"result_count", &type_number, REPLACING, NULL, NULL},
		{"seed", &type_string, REPLACING, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void shuffle_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	if (simple_check_int(config, body, "result_count", 0, diags) && simple_int(config, "result_count", 0) > LENGTH_LIMIT)
		diag_error(diags, simple_range(body, "result_count"), "Invalid attribute value",
			   "The argument \"result_count\" may be %d at most.", LENGTH_LIMIT);
}

static const struct value *shuffle_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned, *input = value_get(planned, "input");
	const char *seed = value_get_text(planned, "seed");
	struct rng rng = {.seed = seed && *seed ? seed : NULL};
	size_t n = input->count, wanted = n ? (size_t)simple_int(planned, "result_count", (int64_t)n) : 0;
	const struct value **items = arena_array_of(call->arena, wanted, const struct value *);
	AUTO_FREE size_t *order = xcalloc(n, sizeof(*order));
	/* whole permutations one after the other: no member comes twice more often than another */
	for (size_t i = 0; i < wanted; i++) {
		if (i % n == 0)
			rng_permute(&rng, order, n);
		items[i] = input->items[order[i % n]];
	}
	static const char *const names[] = {"id", "result"};
	const struct value *values[] = {value_string(call->arena, "-"), value_list(call->arena, &type_string, items, wanted)};
	return simple_with(call->arena, planned, names, values, 2);
}

static const struct simple_type types[] = {
	{.name = "random_bytes", .schema = bytes_schema, .create = bytes_create, .import = bytes_import, .validate = bytes_validate},
	{.name = "random_id", .schema = id_schema, .create = id_create, .import = id_import, .validate = id_validate,
	 .keepers = "keepers"},
	{.name = "random_integer", .schema = integer_schema, .create = integer_create, .import = integer_import,
	 .validate = integer_validate, .keepers = "keepers"},
	{.name = "random_password", .version = 3, .schema = password_schema, .create = password_create, .import = password_import,
	 .validate = string_validate, .adjust = string_adjust, .keepers = "keepers"},
	{.name = "random_pet", .schema = pet_schema, .create = pet_create, .validate = pet_validate, .keepers = "keepers"},
	{.name = "random_shuffle", .schema = shuffle_schema, .create = shuffle_create, .validate = shuffle_validate,
	 .keepers = "keepers"},
	{.name = "random_string", .version = 2, .schema = string_schema, .create = string_create, .import = import_string,
	 .validate = string_validate, .adjust = string_adjust, .keepers = "keepers"},
	{.name = "random_uuid", .schema = uuid_schema, .create = uuid_create, .import = uuid_import, .keepers = "keepers"},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(random, "random", "registry.terraform.io/hashicorp/random", types);
