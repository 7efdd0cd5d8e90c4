/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is written and what is there to what shall be. Pure functions: no file, clock, network
 * or print.
 */
#pragma once

#include "lang/schema.h"
#include "lang/syntax/parse.h"
#include "providers/provider.h"

/*
 * Merges a configuration with the object that is there (NULL: none). What is written counts;
 * unwritten computed attributes keep the prior value, or are unknown where there is none; unwritten
 * others get their default. Blocks in lists meet by position, in maps by key, in sets by what is
 * written in them.
 */
const struct value *diff_propose(struct arena *arena, const struct schema *schema, const struct value *config,
				 const struct value *prior);

/* The configuration with the prior value at each of the ignored places (a reference whose root is the attribute's name). */
const struct value *diff_ignore(struct arena *arena, const struct value *config, const struct value *prior,
				const struct ref *ignored, size_t count);
/* The same for `ignore_changes = all`: everything that may be written is as it was. */
const struct value *diff_ignore_all(struct arena *arena, const struct schema *schema, const struct value *config,
				    const struct value *prior);

/* Whether planned says the same as prior; unknown parts never do. Marks are not looked at. */
bool diff_same(const struct value *prior, const struct value *planned);

/* The places where a change replaces the object, by the schema's flags; paths in the arena. */
void diff_replacements(struct arena *arena, const struct schema *schema, const struct value *prior,
		       const struct value *planned, const struct value_path **paths, size_t *count);

/*
 * The value with the marks that `from` carries, place by place (sets: on the whole set), and with
 * the schema's own sensitive places marked. For values that come back from a provider.
 */
const struct value *diff_copy_marks(struct arena *arena, const struct schema *schema, const struct value *v,
				    const struct value *from);
/* Whether the same places of two values that say the same are sensitive (sets: as a whole). */
bool diff_same_sensitivity(const struct value *prior, const struct value *planned);
/* Whether `actual` can have become of `planned`: the same wherever planned is known. The first difference in `path`. */
bool diff_conforms(struct arena *arena, const struct value *planned, const struct value *actual, struct value_path *path);

/* `a.b[0]`, `tags["x"]`: a path as people write it. */
void value_path_print(const struct value_path *path, struct buf *out);
bool value_path_equal(const struct value_path *a, const struct value_path *b);
/* What stands at a path, or NULL. */
const struct value *value_at_path(const struct value *v, const struct value_path *path);
