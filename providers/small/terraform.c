/* SPDX-License-Identifier: Apache-2.0 */
/* terraform_data: a value that is kept, with a life of its own. */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/digest.h"

static const struct schema *data_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"id", &type_string, ATTR_COMPUTED, NULL, NULL},
		{"input", &type_any, ATTR_OPTIONAL, NULL, NULL},
		{"output", &type_any, ATTR_COMPUTED, NULL, NULL},
		{"triggers_replace", &type_any, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct value *with_output(struct arena *arena, const struct value *planned, const struct value *id)
{
	static const char *const names[] = {"id", "output"};
	const struct value *values[] = {id, value_get(planned, "input")};
	return simple_with(arena, planned, names, values, 2);
}

static const struct value *data_create(const struct simple_call *call)
{
	char uuid[37];
	random_uuid(uuid);
	return with_output(call->arena, call->request->planned, value_string_raw(call->arena, uuid, 36));
}

static const struct value *data_update(const struct simple_call *call)
{
	return with_output(call->arena, call->request->planned, value_get(call->request->prior, "id"));
}

static const struct value *data_import(const struct simple_import *import)
{
	static const char *const names[] = {"id"};
	const struct value *values[] = {value_string(import->arena, import->id)};
	return simple_make(import->arena, import->schema, names, values, 1);
}

/* The output follows the input: known at once where only the input of an existing object changes. */
static void data_adjust(struct arena *arena, const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags)
{
	(void)diags;
	if (request->proposed->state != VALUE_KNOWN)
		return;
	const struct value *input = value_get(request->proposed, "input");
	const struct value *output = value_get(request->proposed, "output");
	if (!request->prior) {
		if (value_is_null(input))
			output = input;
		else
			output = value_unknown(arena, value_is_wholly_known(input) ? input->type : &type_any);
	} else if (!value_is_wholly_known(input)) {
		output = value_unknown(arena, input->type);
	} else {
		const struct value *before = value_get(request->prior, "input");
		if (before->deep_unknown || !value_same(before, input))
			output = value_unknown(arena, value_is_null(input) ? &type_any : input->type);
	}
	static const char *const names[] = {"output"};
	answer->planned = simple_with(arena, request->proposed, names, &output, 1);
}

static const struct simple_type types[] = {
	{
		.name = "terraform_data",
		.schema = data_schema,
		.create = data_create,
		.update = data_update,
		.import = data_import,
		.adjust = data_adjust,
	},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(terraform, "terraform", "terraform.io/builtin/terraform", types);
