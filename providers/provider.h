/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine asks of a provider.
 *
 * A provider kind ("aws") is compiled in and describes its types; a provider is a kind configured
 * once (a `provider` block). All that may wait goes over the event loop: a function starts the
 * work, an event function hears of it. Event functions may be called before the starting function
 * returns. Values handed to an event function live until it returns; keep copies.
 */
#pragma once

#include "base/diag.h"
#include "lang/schema.h"

struct body;
struct loop;
struct provider;
struct provider_kind;

/* A path to something inside an object: steps as value_walk() has them. */
struct value_path {
	const struct value_step *steps;
	size_t count;
};

struct resource_type {
	const char *name;
	bool data;
	const struct schema *schema;
	const struct provider_kind *kind;
	bool no_outside_effect; /* random_id, terraform_data: no intent needs to be recorded */
	const char *const *timeouts; /* names allowed in a `timeouts` block: create, read, update, delete; NULL: no such block */
	size_t timeout_count;
	void *impl; /* the provider's own */
};

/* ---- planning: pure and immediate ---- */

struct adjust_request {
	const struct value *config;   /* as written; unknown parts allowed */
	const struct value *prior;    /* NULL: the object will be created */
	const struct value *proposed; /* config and prior merged by the schema's flags, defaults filled in */
};

struct adjust_answer {
	const struct value *planned;
	/* Paths whose change replaces the object, beyond those whose schema says so; in the arena. */
	const struct value_path *replace;
	size_t replace_count;
	/* Paths with ATTR_REPLACE whose change need not replace this time. */
	const struct value_path *keep;
	size_t keep_count;
};

/* ---- reading ---- */

enum read_outcome { READ_FOUND, READ_GONE, READ_FAILED };

struct read_item {
	const char *address;       /* for messages */
	const struct value *prior; /* the state's value; NULL when importing */
	const char *import_id;     /* importing: what the user gave; else NULL */
	/* The arguments and attributes that the configuration writes or refers to; the others may be left as they are in prior. */
	const char *const *looked_at;
	size_t looked_at_count;
	bool look_at_all;
	struct src_range range;    /* of the resource block, for messages */
	void *ctx;                 /* the caller's */
};

typedef void (*read_item_fn)(void *ctx, const struct read_item *item, enum read_outcome outcome,
			     const struct value *value); /* READ_FOUND: an object of the type's schema */
typedef void (*read_end_fn)(void *ctx);

/* ---- changing ---- */

enum op_kind {
	OP_CREATE,
	OP_UPDATE,
	OP_DELETE,
	OP_SETTLE, /* find out, by reading only, what became of an interrupted create */
	OP_READ_DATA,
};

struct op_request {
	enum op_kind kind;
	const struct resource_type *type;
	const char *address;
	const struct value *config;  /* wholly known now; create, update, data */
	const struct value *prior;   /* update, delete; NULL else */
	const struct value *planned; /* create, update, settle: what it shall be (unknown where AWS decides) */
	const struct value *successor; /* delete: the object that took its place before it went; NULL: none did */
	const char *token;           /* create, settle: the recorded random word (32 hex digits) */
	const char *id;              /* settle, if it was known already; else NULL */
	const char *note;            /* settle, and updates after a cut-short one: what `progress` last said; else NULL */
	int64_t recorded_at;         /* settle: seconds since 1970 when the intent was recorded */
	/* As in struct read_item: what the object afterwards is looked at for. */
	const char *const *looked_at;
	size_t looked_at_count;
	bool look_at_all;
	struct src_range range;
};

enum op_outcome {
	OP_OK,
	OP_FAILED,     /* diagnostics say why; `value`, if any, is what stands there now (a half-made object) */
	OP_ABSENT,     /* settle: it was never made (and will not appear any more) */
	OP_UNDECIDED,  /* settle, create: could not be found out (the service does not answer); keep the intent */
};

struct op_result {
	enum op_outcome outcome;
	const struct value *value; /* the object afterwards: create, update, data, settle; NULL after a delete */
	bool tainted;              /* made, but a later step of the create failed beyond repair */
	bool marked;               /* carries the intent tag `token`, to be taken off by unmark() */
	const char *unfinished;    /* settle: it exists, but its create was not at the end: the note for the update that ends it */
};

struct op_events {
	/* Something worth keeping across a crash: the id of the new object, a bracket entered ("stopped"). */
	void (*progress)(void *ctx, const char *id, const char *note);
	void (*done)(void *ctx, const struct op_result *result); /* once; the last event */
};

struct op;

struct mark { /* an object that still carries its intent tag */
	const struct resource_type *type;
	const struct value *value;
	const char *token;
	void *ctx;
};
typedef void (*unmark_fn)(void *ctx, const struct mark *mark, bool off);

/* ---- the interface ---- */

struct provider_context { /* what a provider gets when it is configured */
	struct loop *loop;
	struct src_set *sources;
	const char *root_dir;
	const char *version; /* of infra, for the user agent */
	void (*log)(void *ctx, const char *line); /* may be NULL */
	void *log_ctx;
	bool offline; /* validate and the like: no requests */
};

typedef void (*provider_ready_fn)(void *ctx, bool ok);

struct provider_kind {
	const char *name;   /* "aws" */
	const char *source; /* "registry.terraform.io/hashicorp/aws": what state and JSON call it */
	const struct schema *(*config_schema)(void);
	/* NULL when the kind has no such type; mistakes in users' type files go to diags. */
	const struct resource_type *(*find_type)(const char *name, bool data, struct diags *diags);
	/*
	 * A file of the project that adds or mends types; NULL: the kind takes none. Types are read when they are first
	 * asked for; files come before that. False after diagnostics.
	 */
	bool (*add_types)(const char *path, const char *text, size_t len, struct diags *diags);
	/* All names, sorted: for messages and `providers schema`. */
	const char *const *(*type_names)(bool data, size_t *count);

	/*
	 * Checks the configuration (wholly known or not) and makes a provider; credentials are looked
	 * for later. NULL after an error.
	 */
	struct provider *(*configure)(const struct provider_context *context, const struct value *config,
				      struct src_range range, struct diags *diags);
	void (*close)(struct provider *provider);
	/*
	 * Finds out where it will work: calls `ready` once. Afterwards cloud() is the place's name:
	 * "aws:123456789012:us-east-1", with "@http://127.0.0.1:5000/<identity>" where the endpoint is not AWS's own;
	 * NULL for kinds without one. Errors go to diags before ready(false).
	 */
	void (*connect)(struct provider *provider, provider_ready_fn ready, void *ctx, struct diags *diags);
	const char *(*cloud)(struct provider *provider);
	/*
	 * For objects of which nobody recorded where they live: NULL when this provider's place may be it, as far as the
	 * object's own value tells, else the part of the value that speaks against it ("arn:aws:...", in the arena). May be NULL.
	 */
	const char *(*lives_elsewhere)(struct provider *provider, const struct value *value, struct arena *arena);

	/* Checks beyond the schema on a configuration's values (unknown parts allowed); may be NULL. */
	void (*validate)(const struct resource_type *type, const struct value *config, const struct body *body,
			 struct diags *diags);
	/* May be NULL: planned = proposed. */
	void (*adjust)(struct provider *provider, const struct resource_type *type, struct arena *arena,
		       const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags);

	/* Reads many objects of one type; `item` for each, then `end`. Errors go to diags (with the items' addresses). */
	void (*read)(struct provider *provider, const struct resource_type *type, const struct read_item *items, size_t count,
		     read_item_fn item, read_end_fn end, void *ctx, struct diags *diags);
	/* The request's strings and values must live until done(). NULL is returned when done() was called already. */
	struct op *(*start)(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
			    struct diags *diags);
	/* Takes intent tags off many objects; calls `fn` for each, then `end`. May be NULL: the kind makes no marks. */
	void (*unmark)(struct provider *provider, const struct mark *marks, size_t count, unmark_fn fn, read_end_fn end, void *ctx);
	/* One line about what an operation waits for ("still creating, state is pending"), or NULL. */
	const char *(*describe)(const struct op *op);
	/* One line about the request that has been waited for longest, in the arena; or NULL. May be NULL. */
	const char *(*waits_for)(struct provider *provider, struct arena *arena);
	/* Requests sent so far, for reports. */
	uint64_t (*request_count)(struct provider *provider);
};

/* All kinds, ended by NULL: what cmd hands to plans. */
extern const struct provider_kind *const provider_kinds[];
const struct provider_kind *provider_find_kind(const char *name);
/* Hands a file of types to the kind that takes such. */
bool provider_add_types(const char *path, const char *text, size_t len, struct diags *diags);
