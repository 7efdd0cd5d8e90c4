/* SPDX-License-Identifier: Apache-2.0 */
/* The provider "tls", as Terraform's 4.x, for what machines need: key pairs. No certificates. */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/keys.h"
#include "base/secret.h"

#include <string.h>

static const struct value bits_2048 = {.type = &type_number, .state = VALUE_KNOWN, .number = {NULL, 2048}};
static const struct value curve_p224 = {.type = &type_string, .state = VALUE_KNOWN, .count = 4, .text = "P224"};

static const struct {
	const char *name;
	enum key_kind kind;
} algorithms[] = {{"RSA", KEY_RSA}, {"ECDSA", KEY_ECDSA}, {"ED25519", KEY_ED25519}};

static const struct {
	const char *name;
	unsigned bits;
} curves[] = {{"P224", 224}, {"P256", 256}, {"P384", 384}, {"P521", 521}};

#define MADE(name) {name, &type_string, ATTR_COMPUTED, NULL, NULL}
#define MADE_SECRET(name) {name, &type_string, ATTR_COMPUTED | ATTR_SENSITIVE, NULL, NULL}
#define PUBLIC_KEY                                                                                        \
	MADE("id"), MADE("public_key_fingerprint_md5"), MADE("public_key_fingerprint_sha256"),            \
		MADE("public_key_openssh"), MADE("public_key_pem")

static const struct value *text_value(struct arena *arena, const struct buf *text)
{
	return value_string_raw(arena, buf_text(text), text->len);
}

static const struct value *secret_value(struct arena *arena, const struct secret *secret)
{
	return value_string_raw(arena, secret_text(secret), secret->len);
}

/* What both the resource and the data source say of the public half; empty where OpenSSH has no such keys. */
static const struct value *with_public_key(struct arena *arena, const struct value *object, const struct key *key,
					   const char *comment)
{
	AUTO_BUF struct buf id = BUF_INIT, pem = BUF_INIT, der = BUF_INIT, openssh = BUF_INIT, md5 = BUF_INIT, sha256 = BUF_INIT;
	key_public_pem(key, &pem);
	key_public_der(key, &der);
	unsigned char digest[DIGEST_MAX];
	digest_bytes(DIGEST_SHA1, buf_text(&der), der.len, digest);
	hex_encode(digest, digest_size(DIGEST_SHA1), &id);
	if (!key_public_openssh(key, comment, &openssh) || !key_fingerprint_md5(key, &md5) || !key_fingerprint_sha256(key, &sha256)) {
		openssh.len = md5.len = sha256.len = 0;
	}
	static const char *const names[] = {"id", "public_key_pem", "public_key_openssh", "public_key_fingerprint_md5",
					    "public_key_fingerprint_sha256"};
	const struct value *values[] = {text_value(arena, &id), text_value(arena, &pem), text_value(arena, &openssh),
					text_value(arena, &md5), text_value(arena, &sha256)};
	return simple_with(arena, object, names, values, ARRAY_LEN(names));
}

/* ---- tls_private_key ---- */

static const struct schema *key_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"algorithm", &type_string, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{"ecdsa_curve", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &curve_p224, NULL},
		{"openssh_comment", &type_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		{"rsa_bits", &type_number, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &bits_2048, NULL},
		MADE_SECRET("private_key_openssh"),
		MADE_SECRET("private_key_pem"),
		MADE_SECRET("private_key_pem_pkcs8"),
		PUBLIC_KEY,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void key_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	const char *algorithm = value_get_text(config, "algorithm"), *curve = value_get_text(config, "ecdsa_curve");
	bool known = !algorithm;
	for (size_t i = 0; i < ARRAY_LEN(algorithms) && !known; i++)
		known = !strcmp(algorithms[i].name, algorithm);
	if (!known)
		diag_error(diags, simple_range(body, "algorithm"), "Invalid attribute value",
			   "There is no algorithm \"%s\": RSA, ECDSA or ED25519 is expected.", simple_shown(config, "algorithm"));
	known = !curve;
	for (size_t i = 0; i < ARRAY_LEN(curves) && !known; i++)
		known = !strcmp(curves[i].name, curve);
	if (!known)
		diag_error(diags, simple_range(body, "ecdsa_curve"), "Invalid attribute value",
			   "There is no curve \"%s\": P224, P256, P384 or P521 is expected.", simple_shown(config, "ecdsa_curve"));
	const char *comment = value_get_text(config, "openssh_comment");
	if (comment && strpbrk(comment, "\r\n"))
		diag_error(diags, simple_range(body, "openssh_comment"), "Invalid attribute value",
			   "The argument \"openssh_comment\" must be one line.");
	int64_t bits = simple_int(config, "rsa_bits", 2048);
	if (simple_check_int(config, body, "rsa_bits", 1024, diags) && bits > 16384)
		diag_error(diags, simple_range(body, "rsa_bits"), "Invalid attribute value",
			   "The argument \"rsa_bits\" must be a whole number from 1024 to 16384.");
}

static struct key *new_key(const struct value *planned)
{
	enum key_kind kind = KEY_RSA;
	unsigned bits = 0;
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (value_is_text(value_get(planned, "algorithm"), algorithms[i].name))
			kind = algorithms[i].kind;
	}
	for (size_t i = 0; i < ARRAY_LEN(curves) && kind == KEY_ECDSA; i++) {
		if (value_is_text(value_get(planned, "ecdsa_curve"), curves[i].name))
			bits = curves[i].bits;
	}
	if (kind == KEY_RSA)
		bits = (unsigned)simple_int(planned, "rsa_bits", 2048);
	return key_new(kind, bits);
}

static const struct value *key_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	struct key *key = new_key(planned);
	if (!key) {
		diag_error(call->diags, call->request->range, "Invalid attribute value",
			   "No key can be made of this algorithm and size (\"rsa_bits\" from 1024 to 16384).");
		return NULL;
	}
	AUTO_SECRET struct secret pem = SECRET_INIT, pkcs8 = SECRET_INIT, openssh = SECRET_INIT;
	key_private_pem(key, &pem);
	key_private_pkcs8(key, &pkcs8);
	const char *comment = value_get_text(planned, "openssh_comment");
	if (comment && !*comment)
		comment = NULL;
	if (!key_private_openssh(key, comment, &openssh))
		secret_set(&openssh, "", 0);
	static const char *const names[] = {"private_key_pem", "private_key_pem_pkcs8", "private_key_openssh"};
	const struct value *values[] = {secret_value(call->arena, &pem), secret_value(call->arena, &pkcs8),
					secret_value(call->arena, &openssh)};
	const struct value *object = with_public_key(call->arena, simple_with(call->arena, planned, names, values, 3), key, comment);
	key_free(key);
	return object;
}

/* ---- data tls_public_key ---- */

static const struct schema *public_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("algorithm"),
		{"private_key_openssh", &type_string, ATTR_OPTIONAL | ATTR_SENSITIVE, NULL, NULL},
		{"private_key_pem", &type_string, ATTR_OPTIONAL | ATTR_SENSITIVE, NULL, NULL},
		PUBLIC_KEY,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void public_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const names[] = {"private_key_pem", "private_key_openssh", NULL};
	simple_check_one_of(config, body, names, diags);
}

static const struct value *public_read(const struct simple_call *call)
{
	const struct value *config = call->request->config, *text = value_get(config, "private_key_pem");
	const char *name = "private_key_pem", *why;
	if (value_is_null(text)) {
		name = "private_key_openssh";
		text = value_get(config, name);
	}
	struct key *key = key_from_private(text->text, text->count, NULL, &why);
	if (!key) {
		diag_error(call->diags, call->request->range, "Unable to parse private key", "The value of \"%s\" is no private key: %s.",
			   name, why);
		return NULL;
	}
	static const char *const names[] = {"algorithm"};
	const struct value *values[] = {value_string(call->arena, key_algorithm(key))};
	const struct value *object = with_public_key(call->arena, simple_with(call->arena, config, names, values, 1), key, NULL);
	key_free(key);
	return object;
}

static const struct simple_type types[] = {
	{.name = "tls_private_key", .version = 1, .schema = key_schema, .create = key_create, .validate = key_validate},
	{.name = "tls_public_key", .data = true, .schema = public_schema, .create = public_read, .validate = public_validate},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(tls, "tls", "registry.terraform.io/hashicorp/tls", types);
