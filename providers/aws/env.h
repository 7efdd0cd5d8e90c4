/* SPDX-License-Identifier: Apache-2.0 */
/* The names that stand in type files' expressions, and their evaluation (lenient: what is absent is null). */
#pragma once

#include "providers/aws/type.h"

struct aws_place { /* where a provider works */
	const char *region, *account, *partition, *dns_suffix;
};

struct env {
	struct eval eval;
	struct scope scope;
	struct function_set functions;
	const struct aws_type *type;
	const struct aws_place *place;
	const char *id;
	const struct value *self, *prior, *config, *object, *answer, *answers, *member, *added, *removed, *changed, *changes, *tags, *objects,
		*error, *ids, *atoms, *result, *value;
	const struct value *const *parts; /* by index; NULL: not read */
	const struct value *want;         /* of the group at work: wanted(x) looks into it */
	struct map *kept;                 /* answers kept under a name */
	const struct value *kind;
	unsigned depth;
};

/* `arena` and `diags` may change later by setting env->eval's. */
void env_init(struct env *env, const struct aws_type *type, const struct aws_place *place, struct arena *arena, struct diags *diags);
/* NULL expressions give null. */
const struct value *env_eval(struct env *env, const struct expr *expr);
bool env_true(struct env *env, const struct expr *expr); /* known and true */
/* A text, or NULL for null and unknown. */
const char *env_text(struct env *env, const struct expr *expr);

/* Whether type files can call it: the language's own, or one of ours. */
bool env_has_function(const char *name);

/* null, "", [] or {}: what older types of Terraform store for "not set". Unknown is not blank. */
bool is_blank(const struct value *v);
/* Whether it is a known list, set or tuple. */
bool is_list(const struct value *v);

/* ---- providers/aws/codec.c ---- */
/* Another spelling on the wire; NULL codec: as it is. */
const struct value *codec_to_wire(struct arena *arena, const char *codec, const struct value *v);
const struct value *codec_from_wire(struct arena *arena, const char *codec, const struct value *v);
/* Whether two spellings mean one thing, by a rule's name. */
bool same_by_rule(struct arena *arena, const char *rule, const struct value *a, const struct value *b);
bool codec_is_known(const char *codec);
/* Whether only a digest of the value is kept; codec_digest() makes it of the plain text. */
bool codec_is_digest(const char *codec);
const struct value *codec_digest(struct arena *arena, const struct value *text);
bool rule_is_known(const char *rule);
/* A text as plans show it ("json": keys sorted, no blanks; "policy": the version first); as it is where it is not of the form. */
const struct value *form_value(struct arena *arena, const char *form, const struct value *v);
bool form_is_known(const char *form);
/* "6" and "tcp" are "tcp"; "all" is "-1". */
const char *protocol_name(struct arena *arena, const char *text);

/* ---- providers/aws/policy.c ---- */
/* Whether two IAM policies in JSON say the same. */
bool same_policy(struct arena *arena, const char *a, const char *b);
/* The data source aws_iam_policy_document; NULL after a diagnostic. */
const struct value *policy_document(struct arena *arena, const struct value *config, struct diags *diags);

/* ---- providers/aws/syntax.c ---- */
/* Whether a text is an "ipv4_cidr", "arn" or another syntax that can be named. */
bool syntax_fits(const char *syntax, const char *text, size_t len);
/* What such a text is, for people: "an IPv4 address block, such as 10.0.0.0/16". NULL: no such syntax. */
const char *syntax_words(const char *syntax);
/* What was probably meant, in the arena, or NULL. */
const char *syntax_suggestion(struct arena *arena, const char *syntax, const char *text);
