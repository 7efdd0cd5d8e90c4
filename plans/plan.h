/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: what would change, as a value. Made by plan_make(), read by rendering, saving and
 * applying; none of these changes it.
 */
#pragma once

#include "base/diag.h"
#include "lang/address.h"
#include "lang/schema.h"
#include "providers/provider.h"

struct object;

enum plan_action {
	PLAN_NOOP,
	PLAN_CREATE,
	PLAN_READ,   /* a data source read while applying */
	PLAN_UPDATE,
	PLAN_DELETE,
	PLAN_DELETE_THEN_CREATE, /* -/+ */
	PLAN_CREATE_THEN_DELETE, /* +/- */
	PLAN_FORGET, /* leaves the state, stays in the cloud */
};

/* Why an action is what it is, where that is not plain from the values. */
enum plan_reason {
	REASON_NONE,
	REASON_TAINTED,
	REASON_REQUESTED,         /* -replace */
	REASON_TRIGGERED,         /* replace_triggered_by */
	REASON_CANNOT_UPDATE,     /* an argument forces replacement */
	REASON_NO_CONFIG,         /* the resource block is gone */
	REASON_NO_MODULE,         /* the module instance is gone */
	REASON_NO_CALL,           /* the resource block is gone with its module: in JSON as NO_CONFIG */
	REASON_COUNT_INDEX,       /* beyond count */
	REASON_EACH_KEY,          /* not in for_each */
	REASON_WRONG_REPETITION,  /* count or for_each were added or removed */
	REASON_NO_MOVE_TARGET,
	REASON_DISABLED,          /* lifecycle.enabled is false */
	REASON_READ_UNKNOWN,      /* data: its configuration is not known yet */
	REASON_READ_DEPENDENCY,   /* data: something it depends on changes */
	REASON_DEPOSED,
};

struct change { /* of one resource instance */
	const char *address;
	struct address parts;
	const char *deposed;       /* "" for the current object */
	const char *previous_address; /* when moved; else NULL */
	const struct resource_type *type;
	const char *provider;      /* the provider block's address: "aws", "module.net.aws.west" */
	enum plan_action action;
	enum plan_reason reason;
	const struct value *prior;   /* NULL: does not exist */
	const struct value *planned; /* NULL: will not exist */
	const struct value_path *replace; /* what forces replacement */
	size_t replace_count;
	const char *const *dependencies; /* resources, without instance keys, for the state and for ordering */
	size_t dependency_count;
	bool create_before_destroy;
	bool importing;
	const char *import_id;
	bool tainted; /* of the prior object */
	const char *mark; /* prior object's leftover intent tag */
	struct src_range range; /* of the resource block, when there is one */
};

struct drift { /* what was found different from the state */
	const char *address, *deposed;
	const struct resource_type *type;
	const struct value *before;
	const struct value *after; /* NULL: gone */
	const char *previous_address;
	bool relevant; /* the plan's changes come from it */
};

struct prior_object { /* what the state holds, as it was found */
	const char *address, *deposed;
	struct address parts;
	const struct resource_type *type;
	const char *provider;
	const struct value *value;
	bool tainted;
	const char *const *dependencies;
	size_t dependency_count;
};

struct relevant_place { /* an attribute that the plan's changes refer to */
	const char *resource; /* without instance keys */
	struct value_path path;
};

struct output_change {
	const char *name;
	const struct value *before, *after; /* NULL: absent */
	bool sensitive;
};

enum check_status { CHECK_PASS, CHECK_FAIL, CHECK_UNKNOWN, CHECK_ERROR };
struct check_result { /* of a check block in one instance of its module; those of one block stand together */
	const char *address; /* of the block: "module.net.check.x" */
	const char *module;  /* of the instance: "module.net[0]"; "" for the root */
	enum check_status status;
	const char **problems; /* messages of the assertions that do not hold */
	size_t problem_count;
};

enum plan_mode { PLAN_NORMAL, PLAN_DESTROY, PLAN_REFRESH_ONLY };

struct plan {
	struct arena *arena;
	enum plan_mode mode;
	struct change *changes; /* by address_compare(); no-ops included */
	size_t change_count;
	struct prior_object *priors; /* all that exists, by address_compare() */
	size_t prior_count;
	struct drift *drifts;
	size_t drift_count;
	const struct relevant_place *relevant; /* only what these name is shown of drift */
	size_t relevant_count;
	struct output_change *outputs; /* by name; unchanged ones included */
	size_t output_count;
	struct check_result *checks;
	size_t check_count;
	const struct value *variables; /* an object of the root's input values as given */
	const char *state_lineage;
	uint64_t state_serial;
	const char *const *targets;
	size_t target_count;
	const char *const *excludes;
	size_t exclude_count;
	const char **clouds; /* where it was made: one line a provider block: "aws = aws:1234:us-east-1" */
	size_t cloud_count;
	const char *version; /* of infra that made it */
	int64_t made_at;  /* seconds since 1970; plantimestamp() */
	bool errored;     /* parts are missing after errors */
	uint64_t requests; /* sent while planning */
};

/* Counts for "Plan: 1 to add, 2 to change, 3 to destroy." */
struct plan_counts {
	size_t import, add, change, destroy, forget, read, noop;
};
struct plan_counts plan_count(const struct plan *plan);
bool plan_is_empty(const struct plan *plan);      /* nothing to apply, outputs included */
/* Whether applying it would do or record anything: not empty, or a refresh-only plan with findings. */
bool plan_can_apply(const struct plan *plan);
bool plan_has_resource_changes(const struct plan *plan);
const char *plan_action_name(enum plan_action action); /* "create": as in JSON */
const struct change *plan_find_change(const struct plan *plan, const char *address, const char *deposed);
