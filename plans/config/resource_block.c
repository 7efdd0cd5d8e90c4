/* SPDX-License-Identifier: Apache-2.0 */
/* Resource and data blocks: the meta-arguments; the provider's own arguments stay as they are written. */
#include "plans/config/config_internal.h"

#include <string.h>

static void read_lifecycle(struct loader *l, struct resource *r, const struct block *block)
{
	static const char *const managed[] = {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by", "enabled",
					      "destroy", NULL};
	static const char *const data[] = {"enabled", NULL};
	static const char *const blocks[] = {"precondition", "postcondition", NULL};
	const struct body *body = block->body;
	config_check_names(l, body, &(struct body_names){r->data ? data : managed, blocks, "a lifecycle block"});
	r->create_before_destroy = config_bool(l, body, "create_before_destroy", false);
	r->prevent_destroy = config_expr(body, "prevent_destroy");
	r->enabled = config_expr(body, "enabled");
	r->destroy = config_expr(body, "destroy");
	const struct expr *ignore = config_expr(body, "ignore_changes");
	if (ignore && ((ignore->kind == EXPR_NAME && !strcmp(ignore->name, "all")) ||
		       (ignore->kind == EXPR_LITERAL && value_is_text(ignore->literal, "all"))))
		r->ignore_all = true;
	else
		r->ignore_changes = config_refs(l, ignore, "ignore_changes", &r->ignore_change_count);
	const struct expr *triggers = config_expr(body, "replace_triggered_by");
	if (triggers && triggers->kind != EXPR_TUPLE) {
		diag_error(l->diags, triggers->range, "Invalid replace_triggered_by expression",
			   "The argument takes a list of references to resources, or to their attributes.");
	} else if (triggers) {
		r->replace_triggered_by = triggers->items;
		r->replace_trigger_count = triggers->item_count;
		for (size_t i = 0; i < triggers->item_count; i++) {
			struct ref ref;
			static const char *const others[] = {"var", "local", "module", "data", "each", "count", "self", "path", "terraform", "infra"};
			bool of_resource = expr_as_ref(l->arena, triggers->items[i], &ref);
			for (size_t k = 0; k < ARRAY_LEN(others) && of_resource; k++)
				of_resource = strcmp(ref.root, others[k]) != 0;
			if (!of_resource)
				diag_error(l->diags, triggers->items[i]->range, "Invalid reference in replace_triggered_by expression",
					   "Only resources of the same module, their instances and attributes can be named here. A value of another "
					   "kind can be put into a terraform_data resource, and that be named.");
		}
	}
	struct condition *pre = arena_array_of(l->arena, body->block_count, struct condition);
	struct condition *post = arena_array_of(l->arena, body->block_count, struct condition);
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *inner = &body->blocks[i];
		bool is_pre = !strcmp(inner->type, "precondition");
		if (!is_pre && strcmp(inner->type, "postcondition"))
			continue;
		struct condition condition = config_condition(l, inner);
		if (!condition.condition || !condition.error_message)
			continue;
		if (is_pre)
			pre[r->precondition_count++] = condition;
		else
			post[r->postcondition_count++] = condition;
	}
	r->preconditions = pre;
	r->postconditions = post;
}

static void read_provider_argument(struct loader *l, struct resource *r, const struct expr *expr)
{
	struct ref ref;
	const char *name = NULL, *alias = NULL;
	if (expr->kind == EXPR_LITERAL && value_is_a(expr->literal, TYPE_STRING)) { /* as older files have it: "aws.west" */
		const char *dot = strchr(expr->literal->text, '.');
		name = dot ? arena_strndup(l->arena, expr->literal->text, (size_t)(dot - expr->literal->text)) : expr->literal->text;
		alias = dot ? dot + 1 : NULL;
	} else if (expr_as_ref(l->arena, expr, &ref) && ref.count <= 1 && (!ref.count || ref.steps[0].name)) {
		name = ref.root;
		alias = ref.count ? ref.steps[0].name : NULL;
	}
	if (!name) {
		diag_error(l->diags, expr->range, "Invalid provider reference",
			   "A provider is named by its name, like aws, or with an alias, like aws.west.");
		return;
	}
	struct provider_use *use = arena_new_of(l->arena, struct provider_use);
	*use = (struct provider_use){name, alias, expr->range};
	r->provider = use;
}

struct resource *config_new_resource(struct loader *l, struct module *module, const struct block *block, bool data)
{
	const struct body *body = block->body;
	struct resource *r = arena_new_of(l->arena, struct resource);
	*r = (struct resource){
		.data = data,
		.type = block->labels[0].text,
		.name = block->labels[1].text,
		.module = module,
		.body = body,
		.count = config_expr(body, "count"),
		.for_each = config_expr(body, "for_each"),
		.header_range = block->header_range,
		.range = block->range,
		.address = arena_printf(l->arena, "%s%s.%s", data ? "data." : "", block->labels[0].text, block->labels[1].text),
	};
	if (r->count && r->for_each)
		diag_error(l->diags, config_expr(body, "for_each")->range, "Invalid combination of \"count\" and \"for_each\"",
			   "A block takes one of the two.");
	if (config_expr(body, "provider"))
		read_provider_argument(l, r, config_expr(body, "provider"));
	r->depends_on = config_refs(l, config_expr(body, "depends_on"), "depends_on", &r->depends_on_count);
	struct src_range lifecycle = SRC_NOWHERE;
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *inner = &body->blocks[i];
		if (!strcmp(inner->type, "lifecycle")) {
			if (!src_range_is_empty(lifecycle))
				diag_error(l->diags, inner->header_range, "Duplicate lifecycle block", "A resource has one lifecycle block.");
			lifecycle = inner->header_range;
			read_lifecycle(l, r, inner);
		} else if (!strcmp(inner->type, "provisioner") || !strcmp(inner->type, "connection")) {
			if (data || !strcmp(inner->type, "provisioner"))
				diag_error(l->diags, inner->header_range, "Unsupported block type",
					   data ? "Data sources have no provisioners and no connection."
						: "infra does not run provisioners. What a host is to do at its first start belongs into its user_data; "
						  "what is done on it afterwards, into a job.");
		}
	}
	if (r->enabled && (r->count || r->for_each))
		diag_error(l->diags, r->enabled->range, "Invalid combination of \"enabled\" with \"count\" or \"for_each\"",
			   "The argument \"enabled\" is for blocks with one instance; use the count or the for_each to have none.");
	return r;
}

void config_read_resource(struct loader *l, struct module *module, const struct block *block, bool data)
{
	struct resource *r = config_new_resource(l, module, block, data);
	struct resource *first = map_find(&module->resources, r->address);
	if (first) {
		struct diag *diag = diag_error(l->diags, block->header_range, data ? "Duplicate data source" : "Duplicate resource",
					       "%s is declared twice in this module. Names are given once for each type; rename one of the two.",
					       r->address);
		diag_add_note(l->diags, diag, first->header_range, "It was declared first here:");
		return;
	}
	map_put(&module->resources, r->address, r);
}
