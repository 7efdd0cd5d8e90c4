/* SPDX-License-Identifier: Apache-2.0 */
/* The provider "null", as Terraform's 3.x: objects that stand for nothing but an order of things. */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/digest.h"

/* A decimal text of 63 random bits. */
static const struct value *random_number_text(struct arena *arena)
{
	uint64_t n;
	random_bytes(&n, sizeof(n));
	return value_stringf(arena, "%llu", (unsigned long long)(n >> 1));
}

static const struct schema *resource_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"id", &type_string, ATTR_COMPUTED, NULL, NULL},
		{"triggers", &type_map_of_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct value *resource_create(const struct simple_call *call)
{
	static const char *const names[] = {"id"};
	const struct value *values[] = {random_number_text(call->arena)};
	return simple_with(call->arena, call->request->planned, names, values, 1);
}

static const struct schema *data_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"has_computed_default", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED, NULL, NULL},
		{"id", &type_string, ATTR_COMPUTED | ATTR_DEPRECATED, NULL, NULL},
		{"inputs", &type_map_of_string, ATTR_OPTIONAL, NULL, NULL},
		{"outputs", &type_map_of_string, ATTR_COMPUTED, NULL, NULL},
		{"random", &type_string, ATTR_COMPUTED, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct value *data_read(const struct simple_call *call)
{
	const struct value *config = call->request->config;
	const struct value *given = value_get(config, "has_computed_default");
	static const char *const names[] = {"has_computed_default", "id", "outputs", "random"};
	const struct value *values[] = {
		value_is_null(given) ? value_string(call->arena, "default") : given,
		value_string(call->arena, "static"),
		value_get(config, "inputs"),
		random_number_text(call->arena),
	};
	return simple_with(call->arena, config, names, values, 4);
}

static const struct simple_type types[] = {
	{.name = "null_resource", .schema = resource_schema, .create = resource_create, .keepers = "triggers"},
	{.name = "null_data_source", .data = true, .schema = data_schema, .create = data_read},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(null, "null", "registry.terraform.io/hashicorp/null", types);
