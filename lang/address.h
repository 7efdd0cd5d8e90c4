/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of modules, resources and their instances: module.net["a"].aws_subnet.private[0]. */
#pragma once

#include "base/diag.h"
#include "lang/value/value.h"

/* The key of an instance: none, a number (count) or a string (for_each). */
enum key_kind { KEY_NONE, KEY_INDEX, KEY_NAME };
struct instance_key {
	enum key_kind kind;
	uint64_t index;
	const char *name;
};

struct module_step {
	const char *name;
	struct instance_key key;
};

struct address {
	const struct module_step *modules; /* outermost first */
	size_t module_count;
	bool data;        /* data.type.name */
	const char *type; /* NULL: the address of a module */
	const char *name;
	struct instance_key key;
};

/* "" for the root module. */
const char *address_print(struct arena *arena, const struct address *address);
void instance_key_print(struct instance_key key, struct buf *out); /* "", "[0]", ["a"] with escapes */
/* Parses an address as a user writes it on the command line, or as state holds it. */
bool address_parse(struct arena *arena, const char *text, struct address *out, struct diags *diags);
/* By numbers, not text: a[2] before a[10]; modules after resources, as Terraform lists them. */
int address_compare(const struct address *a, const struct address *b);
bool instance_key_equal(struct instance_key a, struct instance_key b);
/* Whether `inner` is `outer` or lies in it: a module holds its resources, a resource without key its instances. */
bool address_contains(const struct address *outer, const struct address *inner);
