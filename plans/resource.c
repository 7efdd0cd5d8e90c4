/* SPDX-License-Identifier: Apache-2.0 */
/* What one block or instance says, evaluated: shared by planning and applying. */
#include "plans/engine_internal.h"

#include <string.h>

static struct src_range range_in(const struct body *body, const char *name)
{
	const struct attribute *attr = body_find_attr(body, name);
	if (attr)
		return attr->expr->range;
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, name) || (!strcmp(block->type, "dynamic") && block->label_count && !strcmp(block->labels[0].text, name)))
			return block->header_range;
	}
	return body->end;
}

/* What is ephemeral may only go into arguments that are not kept. */
static void refuse_ephemeral(const struct schema *schema, const struct value *config, const struct body *body, struct diags *diags)
{
	for (size_t i = 0; i < schema->attr_count; i++) {
		const char *name = schema->attrs[i].name;
		const struct value *v = value_get(config, name);
		if ((schema->attrs[i].flags & ATTR_WRITE_ONLY) || !v || !(value_marks_deep(v) & VALUE_EPHEMERAL))
			continue;
		diag_error(diags, range_in(body, name), "Invalid use of ephemeral value",
			   "The argument \"%s\" is kept in the state, and an ephemeral value is not to be kept. Only write-only arguments, "
			   "provider blocks and other ephemeral places take one.", name);
	}
	for (size_t i = 0; i < schema->block_count; i++) {
		const char *name = schema->blocks[i].name;
		const struct value *v = value_get(config, name);
		if (!v || !(value_marks_deep(v) & VALUE_EPHEMERAL))
			continue;
		diag_error(diags, range_in(body, name), "Invalid use of ephemeral value",
			   "Blocks \"%s\" are kept in the state, and an ephemeral value is not to be kept.", name);
	}
}

struct instance_config resource_evaluate(struct engine *engine, const struct node *node, struct module_instance *mi,
					 const struct instance *instance, struct arena *arena, struct diags *diags)
{
	const struct resource *r = node->resource;
	struct world_eval we;
	world_eval_init(&we, engine->world, mi, instance, NULL, arena, diags);
	size_t errors = diags->error_count;
	for (size_t i = 0; i < r->precondition_count; i++) {
		const char *message;
		world_condition(&we, &r->preconditions[i], "Resource precondition failed", &message);
	}
	if (diags->error_count > errors)
		return (struct instance_config){NULL, false};
	const struct value *config = schema_decode(&we.eval, r->body, node->type->schema, resource_meta_arguments,
						   resource_meta_argument_count);
	if (value_marks_deep(config) & VALUE_EPHEMERAL)
		refuse_ephemeral(node->type->schema, config, r->body, diags);
	bool ok = diags->error_count == errors;
	if (ok && (value_marks_deep(config) & VALUE_UNREAD)) {
		diag_error(diags, r->header_range, "Attribute not read",
			   "%s is made from an attribute of another object that this run has not read. Plan without -refresh=false.",
			   node->address);
		ok = false;
	}
	if (ok && node->type->kind->validate) {
		node->type->kind->validate(node->type, config, r->body, diags);
		ok = diags->error_count == errors;
	}
	return (struct instance_config){config, ok};
}

static bool is_kept(const struct adjust_answer *answer, const struct value_path *path)
{
	for (size_t i = 0; i < answer->keep_count; i++) {
		if (value_path_equal(&answer->keep[i], path))
			return true;
	}
	return false;
}

static void add_unique(struct value_path *paths, size_t *count, const struct value_path *path)
{
	for (size_t i = 0; i < *count; i++) {
		if (value_path_equal(&paths[i], path))
			return;
	}
	paths[(*count)++] = *path;
}

struct planned_instance resource_plan(struct engine *engine, const struct node *node, struct provider_run *provider,
				      const struct value *config, const struct value *prior, bool ignore, struct arena *arena,
				      struct diags *diags)
{
	(void)engine;
	const struct resource *r = node->resource;
	const struct schema *schema = node->type->schema;
	if (prior && ignore && r->ignore_all)
		config = diff_ignore_all(arena, schema, config, prior);
	else if (prior && ignore && r->ignore_change_count)
		config = diff_ignore(arena, config, prior, r->ignore_changes, r->ignore_change_count);
	const struct value *proposed = diff_propose(arena, schema, config, prior);
	struct adjust_answer answer = {.planned = proposed};
	if (node->type->kind->adjust && provider && provider->provider) {
		struct adjust_request request = {.config = config, .prior = prior, .proposed = proposed};
		node->type->kind->adjust(provider->provider, node->type, arena, &request, &answer, diags);
	}
	struct planned_instance result = {.planned = schema_mark_sensitive(arena, schema, answer.planned)};
	if (!prior || diff_same(prior, answer.planned))
		return result;
	const struct value_path *by_schema;
	size_t by_schema_count;
	diff_replacements(arena, schema, prior, answer.planned, &by_schema, &by_schema_count);
	struct value_path *paths = arena_array_of(arena, by_schema_count + answer.replace_count, struct value_path);
	for (size_t i = 0; i < by_schema_count; i++) {
		if (!is_kept(&answer, &by_schema[i]))
			add_unique(paths, &result.replace_count, &by_schema[i]);
	}
	for (size_t i = 0; i < answer.replace_count; i++)
		add_unique(paths, &result.replace_count, &answer.replace[i]);
	result.replace = paths;
	return result;
}

bool resource_postconditions(struct engine *engine, const struct node *node, struct module_instance *mi,
			     const struct instance *instance, const struct value *self, struct arena *arena, struct diags *diags)
{
	const struct resource *r = node->resource;
	if (!r->postcondition_count)
		return true;
	struct world_eval we;
	world_eval_init(&we, engine->world, mi, instance, self, arena, diags);
	size_t errors = diags->error_count;
	for (size_t i = 0; i < r->postcondition_count; i++) {
		const char *message;
		world_condition(&we, &r->postconditions[i], "Resource postcondition failed", &message);
	}
	return diags->error_count == errors;
}

bool evaluate_variable(struct engine *engine, const struct node *node, struct diags *diags)
{
	const struct variable *variable = node->variable;
	const struct module_list *list = world_modules(engine->world, node->module);
	size_t errors = diags->error_count;
	struct arena *scratch = arena_new();
	for (size_t i = 0; i < list->count; i++) {
		size_t before = diags->error_count;
		const struct value *v = world_variable(engine->world, list->items[i], variable, diags);
		if (diags->error_count > before)
			continue;
		for (size_t k = 0; k < variable->validation_count; k++) {
			struct world_eval we;
			world_eval_init(&we, engine->world, list->items[i], NULL, NULL, scratch, diags);
			const char *message;
			enum condition_result result = world_condition(&we, &variable->validations[k], NULL, &message);
			if (result == CONDITION_FALSE) {
				struct diag *diag = diag_error(diags, variable->range, "Invalid value for variable", "%s", message);
				AUTO_BUF struct buf text = BUF_INIT;
				value_print(v, &text);
				if (text.len <= 200)
					diag_add_note(diags, diag, variable->validations[k].range, "var.%s is %s; this rule does not allow it:",
						      variable->name, buf_text(&text));
			}
		}
		arena_reset(scratch);
	}
	arena_free(scratch);
	return diags->error_count == errors;
}

bool evaluate_output(struct engine *engine, const struct node *node, struct diags *diags)
{
	const struct output *output = node->output;
	const struct module_list *list = world_modules(engine->world, node->module);
	size_t errors = diags->error_count;
	for (size_t i = 0; i < list->count; i++) {
		struct world_eval we;
		world_eval_init(&we, engine->world, list->items[i], NULL, NULL, engine->arena, diags);
		for (size_t k = 0; k < output->precondition_count; k++) {
			const char *message;
			world_condition(&we, &output->preconditions[k], "Module output value precondition failed", &message);
		}
		if (diags->error_count > errors)
			break;
		const struct value *v = world_output(engine->world, list->items[i], output, diags);
		if (diags->error_count == errors && !output->ephemeral && (value_marks_deep(v) & VALUE_EPHEMERAL))
			diag_error(diags, output->range, "Ephemeral value not allowed",
				   "The value of the output \"%s\" is ephemeral, and %s", output->name,
				   node->module->parent ? "its block does not say so:\n\n    ephemeral = true"
							: "outputs of the root module are kept in the state.");
		if (!node->module->parent && !output->sensitive && (value_marks_deep(v) & VALUE_SENSITIVE) &&
		    diags->error_count == errors)
			diag_error(diags, output->range, "Output refers to sensitive values",
				   "The value of the output \"%s\" holds something sensitive, and would be shown. If it is meant to be an output, "
				   "write\n\n    sensitive = true\n\nin its block; if it need not be secret, use nonsensitive().", output->name);
	}
	return diags->error_count == errors;
}

/* Into the check's result: of its assertions' statuses the gravest counts. */
static void hold_assertion(struct engine *engine, struct module_instance *mi, const struct condition *assertion, struct check_result *result)
{
	struct diags private;
	diags_init(&private);
	struct world_eval we;
	world_eval_init(&we, engine->world, mi, NULL, NULL, engine->arena, &private);
	const char *message;
	switch (world_condition(&we, assertion, NULL, &message)) {
	case CONDITION_TRUE:
		break;
	case CONDITION_FALSE:
		if (result->status != CHECK_ERROR)
			result->status = CHECK_FAIL;
		result->problems[result->problem_count++] = arena_strdup(engine->arena, message);
		diag_warning(engine->diags, assertion->condition->range, "Check block assertion failed", "%s", message);
		break;
	case CONDITION_UNKNOWN:
		if (result->status == CHECK_PASS)
			result->status = CHECK_UNKNOWN;
		break;
	case CONDITION_ERROR:
		result->status = CHECK_ERROR;
		for (size_t e = 0; e < private.count; e++) {
			private.items[e].severity = DIAG_WARNING;
			diags_add(engine->diags, &private.items[e]);
		}
		break;
	}
	diags_release(&private);
}

struct check_result *evaluate_checks(struct engine *engine, size_t *count)
{
	VEC(struct check_result) results = {0};
	for (uint32_t i = 0; i < engine->graph->count; i++) {
		const struct node *node = &engine->graph->nodes[i];
		if (node->kind != NODE_CHECK || !selection_has_node(engine->selection, node))
			continue;
		const struct module_list *list = world_modules(engine->world, node->module);
		for (size_t m = 0; m < list->count; m++) {
			struct check_result result = {.address = node->address, .module = list->items[m]->address};
			result.problems = arena_array_of(engine->arena, node->check->assert_count, const char *);
			for (size_t k = 0; k < node->check->assert_count; k++)
				hold_assertion(engine, list->items[m], &node->check->asserts[k], &result);
			vec_add(&results, result);
		}
	}
	struct check_result *made = vec_copy(&results, engine->arena);
	*count = results.count;
	vec_free(&results);
	return made;
}
