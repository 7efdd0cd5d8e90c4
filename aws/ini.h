/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of AWS's shared files:
 *
 *   # comment
 *   [profile dev]
 *   region = us-east-1     # another
 *   s3 =
 *     addressing_style = path
 */
#pragma once

#include "base/arena.h"

struct ini_property {
	const char *under; /* the property it is indented below ("s3"), or NULL */
	const char *name;  /* in small letters */
	const char *value; /* without space around it; lines that go on are joined by newlines */
	unsigned line;
};

struct ini_section {
	const char *kind; /* "profile", "sso-session", "services"; "" for [name] */
	const char *name;
	const struct ini_property *properties;
	size_t property_count;
};

struct ini {
	const struct ini_section *sections; /* in order; a section may come more than once */
	size_t section_count;
};

/* NULL where the text is not of this form: *line and *why say where and what. */
const struct ini *ini_parse(struct arena *arena, const char *text, size_t len, unsigned *line, const char **why);
