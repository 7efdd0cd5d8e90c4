/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the surface (arguments and attributes, as users know them) and the models' structures:
 * the name rule, and the paths that entries write where it does not hold.
 */
#pragma once

#include "providers/aws/env.h"

/* What is going to be a structure: members set one by one, also deep inside. */
struct draft;
struct draft *draft_new(struct arena *arena);
/* Sets a value at a path of members ("Placement", "Tenancy"; "[0]" is a list's first); a later one wins. */
void draft_set(struct draft *draft, const char *const *path, size_t count, const struct value *value);
/* All members of an object, each set; objects inside are merged. */
void draft_merge(struct draft *draft, const struct value *object);
const struct value *draft_value(const struct draft *draft);

enum bind_flags {
	BIND_BLANKS = 1u << 0, /* "" and empty lists are sent; arguments, where they take a value away */
};

/*
 * A value in the form of a shape: names of members by the name rule where they are the surface's,
 * a list of one as its member where a structure is wanted, maps as lists of Key and Value. NULL
 * where nothing of it is to be sent. `entries` (may be NULL) say how a block's members are called.
 */
const struct value *bind_value(struct env *env, const struct entry *entries, size_t entry_count, const struct value *v,
			       const struct aws_shape *shape, unsigned flags);
/*
 * Binds arguments of `self` into an operation's input. `only` (may be NULL) names the arguments,
 * "a" or "a.b".
 */
void bind_arguments(struct env *env, const struct value *self, const struct aws_operation *op, const char *const *only,
		    size_t only_count, unsigned flags, struct draft *draft);
/* The type's key: members of the operation's input that identify the object. */
void bind_key(struct env *env, const struct aws_operation *op, struct draft *draft);

/* ---- providers/aws/surface.c ---- */
/*
 * The surface value of an object as read: attributes from the answer, from parts, or kept from
 * `before` (the state's or planned value; unknown parts of it count as not there). `parts_read`
 * has a bit for each part that was asked.
 */
const struct value *surface_value(struct env *env, const struct value *before, uint64_t parts_read, const struct value *all_tags,
				  const struct value *default_tags);
/* A wire value made to fit a type: members by the name rule, missing ones null. */
const struct value *surface_fit(struct arena *arena, const struct value *v, const struct type *type);
/* The members of a reconcile group as the configuration would write them: as `want` writes them where that is there. */
const struct value *surface_members(struct env *env, const struct group *group, const struct entry *entry, const struct value *want);
/* Tags of AWS's lists ({Key, Value} in any case) or maps as a map; without aws: and our own. */
const struct value *surface_tags(struct arena *arena, const struct value *v, bool *marked, const char *token);
/* What Terraform's provider stores for "nothing there" in attributes that it computes: "", 0, false, []. */
const struct value *value_zero(struct arena *arena, const struct type *type);
/* Without what is blank inside: how members of groups are compared. */
const struct value *surface_trimmed(struct arena *arena, const struct value *v);
/* The object with one attribute replaced; the value has its type. */
const struct value *with_exact(struct arena *arena, const struct value *object, const char *name, const struct value *v);
/* Fills what is still unknown after an operation with null or empty. */
const struct value *surface_settle(struct arena *arena, const struct value *v);
