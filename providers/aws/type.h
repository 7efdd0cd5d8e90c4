/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource type or data source as its file describes it. The words are explained in
 * docs/type-language.md.
 */
#pragma once

#include "aws/shape.h"
#include "base/map.h"
#include "lang/eval/eval.h"
#include "lang/func/func.h"
#include "lang/syntax/parse.h"
#include "providers/provider.h"

enum entry_kind { ENTRY_REQUIRED, ENTRY_OPTIONAL, ENTRY_OUTPUT, ENTRY_ONE, ENTRY_LIST, ENTRY_SET };

enum entry_flags {
	ENTRY_COMPUTED = 1u << 0,
	ENTRY_SENSITIVE = 1u << 1,
	ENTRY_WRITE_ONLY = 1u << 2,
	ENTRY_DEPRECATED = 1u << 3,
	ENTRY_REPLACE = 1u << 4,
	ENTRY_LOCAL = 1u << 5, /* no API knows it */
	ENTRY_KEPT = 1u << 6,  /* sent, never read */
	ENTRY_TOKEN = 1u << 7, /* filled with the intent's token */
	ENTRY_NOT_SENT = 1u << 9, /* to(none) */
	ENTRY_MEMBERS = 1u << 10, /* from(members): read through its reconcile group */
	ENTRY_STRICT = 1u << 11,  /* null and empty are two things */
	ENTRY_STAYS = 1u << 12,   /* no longer written, it stays as it is */
	ENTRY_ZERO = 1u << 13,    /* where nothing is there it reads as "", 0 or false, as computed ones do, and not as null */
};

/* What an argument's values must be, beyond their type; held against the configuration by validate.c. */
enum rule_kind {
	RULE_ALLOWED,   /* one of `values` */
	RULE_RANGE,     /* a number from low to high */
	RULE_LENGTH,    /* a text's bytes, from low to high */
	RULE_PATTERN,   /* `pattern` matches; `sentence` says what that means */
	RULE_SYNTAX,    /* `syntax`, as syntax.c knows it */
	RULE_CHECK,     /* `condition` on `value` and `self` holds; else `sentence` */
	RULE_CONFLICTS, /* none of `names` is written beside it */
	RULE_NEEDS,     /* all of `names` are written beside it */
	RULE_ONE_OF,    /* exactly one of `names` is written */
	RULE_ANY_OF,    /* at least one of `names` is written */
};

struct rule {
	enum rule_kind kind;
	const struct value *const *values;
	size_t value_count;
	int64_t low, high; /* INT64_MIN, INT64_MAX: no limit */
	const char *pattern, *sentence, *syntax;
	const struct expr *condition;
	const char *const *names; /* paths beside the entry, or from the type's top */
	size_t name_count;
	struct src_range range;
};

struct entry {
	const char *name;
	enum entry_kind kind;
	unsigned flags;
	const struct type *type; /* attributes; blocks: of one block's object */
	const struct value *fallback;
	const struct expr *replace_if; /* replace(cond) */
	const char *const *to;         /* path of members in requests; NULL: by the name rule */
	size_t to_count;
	const struct expr *from;       /* NULL: by the name rule */
	const struct expr *unless;
	const char *codec, *same, *either, *form;
	const struct expr *const *follows;
	size_t follow_count;
	unsigned min, max;
	const struct entry *entries; /* blocks */
	size_t entry_count;
	const struct rule *rules;
	size_t rule_count;
	uint64_t parts; /* a bit for each part that `from` looks at */
	bool needs_self; /* `from` looks at other attributes */
	struct src_range range;
};

struct code_rule { /* an error code, perhaps with a text */
	const char *code, *text;
	int64_t for_ms;
	const struct expr *when;
	const struct expr *id; /* adopt: the id of what is there */
};

struct code_rules {
	const struct code_rule *items;
	size_t count;
};

struct step {
	const char *call; /* operation; NULL: none */
	const struct aws_operation *op;
	const char *as;
	const struct expr *send, *when, *each, *id, *until, *fails, *why, *stop;
	const struct expr *set_expr; /* set = { ... } */
	const char *const *empty; /* reconcile groups made empty */
	size_t empty_count;
	const char *const *run; /* update groups run here */
	size_t run_count;
	struct code_rules retry, absent, adopt, hopeless; /* `fails` as a list of codes */
	struct code_rules again; /* an earlier, lost sending of the same call has done it */
	unsigned at_once;
	int64_t every_ms;
	unsigned steady;
	bool args_all;     /* args = all */
	bool binds;        /* the arguments go into this call by the name rule */
	bool until_gone;   /* until = gone */
	bool needs_object; /* names `object`, itself or through a let */
	uint64_t parts, until_parts; /* that its expressions, and its `until`, look at */
	bool mutates;      /* not Describe, Get, List, Head */
	bool on_tags;      /* a call of the tags block */
	struct src_range range;
};

struct steps {
	const struct step *items;
	size_t count;
};

enum group_on { ON_CREATE = 1u << 0, ON_UPDATE = 1u << 1 };

struct group { /* update or reconcile */
	const char *name;
	bool reconcile;
	const char *const *of; /* argument paths: "a", "a.b" */
	size_t of_count;
	unsigned on;
	const struct expr *when;
	const char *within;
	struct steps steps; /* update: do */
	/* reconcile */
	const struct expr *have, *atoms, *into;
	const char *const *key, *const *join, *const *remake;
	size_t key_count, join_count, remake_count;
	struct steps remove, change, add, after;
	uint64_t parts; /* that it looks at, those of its arguments among them */
	bool needs_object;
};

struct bracket { /* within "stopped" */
	const char *name;
	const struct expr *when;
	struct steps enter, leave;
};

enum way_kind { WAY_FILTER, WAY_IDS, WAY_GROUP, WAY_ALL, WAY_EACH };
struct way {
	enum way_kind kind;
	const char *name;   /* filter's name, or ids' member */
	unsigned at_once;
	const char *member; /* "Filters" */
	const struct expr *value; /* NULL: id */
};

struct part {
	const char *name;
	const char *const *for_names; /* attributes */
	size_t for_count;
	const struct aws_operation *op;
	const struct expr *send, *objects, *when, *match, *into;
	struct way way; /* kind WAY_EACH: one call for each object */
	unsigned at_once;
	bool many;      /* part is the list of all that match */
	struct code_rules absent;
	/* each = { call, of, send }: one more call for each member of the answer; `answers` holds them */
	const struct aws_operation *each_op;
	const struct expr *each_of, *each_send;
	bool is_error_absent;
};

struct read_plan {
	const struct aws_operation *op;
	const struct expr *send, *objects, *object, *match, *gone, *where, *choose;
	const struct way *ways;
	size_t way_count;
	unsigned few;
	struct code_rules absent;
	const struct part *parts;
	size_t part_count;
	struct read_plan *one; /* single reads, where they are another call */
};

struct tag_rules {
	bool present;
	const struct expr *create;
	const struct expr *read; /* an expression on `object`; or a call: */
	const struct aws_operation *read_op;
	const struct expr *read_send, *read_value;
	const struct aws_operation *add_op, *remove_op;
	const struct expr *add_send, *remove_send;
};

struct service {
	const char *name;
	const struct aws_service *model;
	const char *region; /* "aws-global" or NULL */
	struct code_rules slow_down, absent, settling;
	int64_t settling_ms;
	unsigned page;
	struct tag_rules tags;
};

enum settle_kind { SETTLE_TAG, SETTLE_NAME, SETTLE_FIND, SETTLE_REPEAT };

struct let {
	const char *name;
	const struct expr *expr;
	uint64_t parts;
	bool needs_object;
};

struct aws_type {
	struct resource_type base;
	const char *hook; /* data sources computed in C */
	unsigned version; /* of the schema, as Terraform's provider counts it; states carry it */
	const struct service *service;
	const struct object_item *key; /* key = { Member = expression } */
	size_t key_count;
	const struct expr *id, *arn, *tag_id;
	const char *named;  /* the argument that is generated when it is not written */
	enum settle_kind settle;
	const struct expr *settle_expr;
	const struct expr *serial, *import;
	const char *tag_kind; /* tags = "volume" */
	bool has_tags;
	struct tag_rules tags; /* the type's own, over the service's */
	const struct entry *entries;
	size_t entry_count;
	const struct let *lets;
	size_t let_count;
	struct map let_by_name;
	struct map functions; /* name -> struct user_function */
	struct read_plan read;
	struct steps create, delete;
	const struct group *groups; /* in order of the file */
	size_t group_count;
	const struct bracket *brackets;
	size_t bracket_count;
	struct { int64_t create, read, update, delete; } timeouts; /* ms; 0: not said */
	const char *const *permissions; /* that its calls need beside their own */
	size_t permission_count;
	const struct src *src;
};

const struct aws_type *aws_type_of(const struct resource_type *type);
/* By name; parsed when first asked for. NULL: no such type, or mistakes in its file, told in diags. */
const struct aws_type *aws_type_find(const char *name, bool data, struct diags *diags);
const struct service *aws_type_service(const char *name, struct diags *diags);
const char *const *aws_type_names(bool data, size_t *count);
/*
 * A file of the project that adds or mends types, services and functions; before types are looked up. A type of it is
 * held against the models when it is first asked for. False after diagnostics.
 */
bool aws_types_add_file(const char *path, const char *text, size_t len, struct diags *diags);
/* A page for people: arguments, attributes, calls, permissions. */
struct buf;
void aws_type_explain(const struct aws_type *type, unsigned width, struct buf *out);
/* What stands at a place of a type file. */
const char *aws_type_excerpt(struct src_range range, size_t *len);
/* Functions that all type files share. */
const struct user_function *aws_shared_function(const char *name);

const struct entry *entry_find(const struct entry *entries, size_t count, const char *name);
const struct group *group_find(const struct aws_type *type, const char *name);
/* The schema that the rest of the program sees. */
const struct schema *entries_schema(struct arena *arena, const struct aws_type *type);
