/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks that stand at the top of a plan file, one function each, but for resources. */
#include "plans/config/config_internal.h"

#include "base/buf.h"
#include "lang/eval/eval.h"
#include "lang/value/convert.h"

#include <string.h>

/* ---- shared ---- */

static size_t list_length(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

static bool list_has(const char *const *list, const char *name)
{
	for (size_t i = 0; list && list[i]; i++) {
		if (!strcmp(list[i], name))
			return true;
	}
	return false;
}

void config_check_names(struct loader *l, const struct body *body, const struct body_names *names)
{
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		if (list_has(names->attrs, attr->name))
			continue;
		if (list_has(names->blocks, attr->name)) {
			diag_error(l->diags, attr->name_range, "Unsupported argument",
				   "In %s, \"%s\" is a block: write it without the equals sign.", names->what, attr->name);
			continue;
		}
		const char *near = nearest_name(attr->name, names->attrs, list_length(names->attrs));
		diag_error(l->diags, attr->name_range, "Unsupported argument", "An argument named \"%s\" is not expected in %s.%s%s%s",
			   attr->name, names->what, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (list_has(names->blocks, block->type))
			continue;
		if (list_has(names->attrs, block->type)) {
			diag_error(l->diags, block->type_range, "Unsupported block type",
				   "In %s, \"%s\" is an argument: write %s = ...", names->what, block->type, block->type);
			continue;
		}
		const char *near = nearest_name(block->type, names->blocks, list_length(names->blocks));
		diag_error(l->diags, block->type_range, "Unsupported block type", "A block of type \"%s\" is not expected in %s.%s%s%s",
			   block->type, names->what, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
}

static void note_first_ref(void *ctx, const struct ref *ref)
{
	struct src_range *first = ctx;
	if (!first->end)
		*first = ref->range;
}

static const struct value *constant(struct loader *l, const struct expr *expr, const struct type *type, const char *what)
{
	struct src_range ref = SRC_NOWHERE;
	expr_walk_refs(expr, note_first_ref, &ref);
	if (ref.end) {
		diag_error(l->diags, ref, "Variables not allowed",
			   "\"%s\" is read before anything is evaluated: a constant stands here, and nothing can be referred to.", what);
		return NULL;
	}
	struct eval eval = {.arena = l->arena, .diags = l->diags, .sources = l->sources};
	size_t errors = l->diags->error_count;
	const struct value *v = eval_expr_as(&eval, expr, type, what);
	return l->diags->error_count > errors ? NULL : v;
}

const struct expr *config_expr(const struct body *body, const char *name)
{
	const struct attribute *attr = body_find_attr(body, name);
	return attr ? attr->expr : NULL;
}

const char *config_text(struct loader *l, const struct body *body, const char *name)
{
	const struct expr *expr = config_expr(body, name);
	if (!expr)
		return NULL;
	const struct value *v = constant(l, expr, &type_string, name);
	return v && v->state == VALUE_KNOWN ? v->text : NULL;
}

bool config_bool(struct loader *l, const struct body *body, const char *name, bool fallback)
{
	const struct expr *expr = config_expr(body, name);
	const struct value *v = expr ? constant(l, expr, &type_bool, name) : NULL;
	return v && v->state == VALUE_KNOWN ? v->boolean : fallback;
}

size_t config_count_blocks(const struct body *body, const char *type)
{
	size_t n = 0;
	for (size_t i = 0; i < body->block_count; i++)
		n += !strcmp(body->blocks[i].type, type);
	return n;
}

/* An expression as a reference; the quoted form that old files have is read as one, too. */
static bool as_ref(struct loader *l, const struct expr *expr, struct ref *out)
{
	if (expr->kind == EXPR_LITERAL && value_is_a(expr->literal, TYPE_STRING)) {
		const struct src *src = src_add(l->sources, "quoted reference", expr->literal->text, expr->literal->count);
		struct diags ignored;
		diags_init(&ignored);
		const struct expr *inner = src ? parse_expr(l->arena, src, &ignored) : NULL;
		bool ok = inner && !diags_has_errors(&ignored) && expr_as_ref(l->arena, inner, out);
		diags_release(&ignored);
		out->range = out->root_range = expr->range;
		for (size_t i = 0; ok && i < out->count; i++)
			out->steps[i].range = expr->range;
		return ok;
	}
	return expr_as_ref(l->arena, expr, out);
}

const struct ref *config_refs(struct loader *l, const struct expr *expr, const char *what, size_t *count)
{
	*count = 0;
	if (!expr)
		return NULL;
	if (expr->kind != EXPR_TUPLE) {
		diag_error(l->diags, expr->range, "Invalid expression", "The argument \"%s\" takes a list of references in square brackets.",
			   what);
		return NULL;
	}
	struct ref *refs = arena_array_of(l->arena, expr->item_count, struct ref);
	for (size_t i = 0; i < expr->item_count; i++) {
		if (as_ref(l, expr->items[i], &refs[*count]))
			(*count)++;
		else
			diag_error(l->diags, expr->items[i]->range, "Invalid expression",
				   "Each member of \"%s\" is a plain reference, like aws_vpc.main; nothing is computed here.", what);
	}
	return refs;
}

struct condition config_condition(struct loader *l, const struct block *block)
{
	static const char *const attrs[] = {"condition", "error_message", NULL};
	config_check_names(l, block->body, &(struct body_names){.attrs = attrs, .what = "a block with a condition"});
	struct condition condition = {
		.condition = config_expr(block->body, "condition"),
		.error_message = config_expr(block->body, "error_message"),
		.range = block->range,
	};
	for (size_t i = 0; attrs[i]; i++) {
		if (!config_expr(block->body, attrs[i]))
			diag_error(l->diags, block->body->end, "Missing required argument", "The argument \"%s\" is needed in a block \"%s\".",
				   attrs[i], block->type);
	}
	struct src_range ref = SRC_NOWHERE;
	if (condition.condition)
		expr_walk_refs(condition.condition, note_first_ref, &ref);
	if (condition.condition && !ref.end)
		diag_error(l->diags, condition.condition->range, "Constant condition",
			   "This condition refers to nothing, so it is always the same and tests nothing. It must refer to something else in the "
			   "configuration, like a variable or a resource.");
	return condition;
}

static const struct condition *conditions(struct loader *l, const struct body *body, const char *type, size_t *count)
{
	struct condition *out = arena_array_of(l->arena, config_count_blocks(body, type), struct condition);
	*count = 0;
	for (size_t i = 0; i < body->block_count; i++) {
		if (strcmp(body->blocks[i].type, type))
			continue;
		struct condition condition = config_condition(l, &body->blocks[i]);
		if (condition.condition && condition.error_message)
			out[(*count)++] = condition;
	}
	return out;
}

void config_declared_twice(struct loader *l, struct src_range range, struct src_range first, const char *summary, const char *what,
			   const char *name)
{
	struct diag *diag = diag_error(l->diags, range, summary, "%s \"%s\" is declared twice in this module. Names are given once; take one "
							       "of the two out, or rename it.", what, name);
	diag_add_note(l->diags, diag, first, "It was declared first here:");
}

/* ---- variable ---- */

struct own_refs {
	const char *name;
	bool any, own; /* refers to something, to the variable itself */
};

static void note_own_ref(void *ctx, const struct ref *ref)
{
	struct own_refs *refs = ctx;
	refs->any = true;
	refs->own |= !strcmp(ref->root, "var") && ref->count && ref->steps[0].name && !strcmp(ref->steps[0].name, refs->name);
}

static void check_validations(struct loader *l, const struct variable *v)
{
	for (size_t i = 0; i < v->validation_count; i++) {
		const struct expr *condition = v->validations[i].condition;
		struct own_refs refs = {.name = v->name};
		expr_walk_refs(condition, note_own_ref, &refs);
		if (refs.any && !refs.own)
			diag_error(l->diags, condition->range, "Invalid variable validation condition",
				   "The condition tests the value of the variable, so it must refer to var.%s.", v->name);
	}
}

static void read_variable(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"type", "default", "description", "sensitive", "nullable", "ephemeral", "deprecated", NULL};
	static const char *const blocks[] = {"validation", NULL};
	const struct body *body = block->body;
	config_check_names(l, body, &(struct body_names){attrs, blocks, "a variable block"});
	struct variable *v = arena_new_of(l->arena, struct variable);
	*v = (struct variable){
		.name = block->labels[0].text,
		.type = &type_any,
		.range = block->header_range,
		.description = config_text(l, body, "description"),
		.sensitive = config_bool(l, body, "sensitive", false),
		.ephemeral = config_bool(l, body, "ephemeral", false),
		.nullable = config_bool(l, body, "nullable", true),
	};
	static const char *const reserved[] = {"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals",
					       NULL};
	if (list_has(reserved, v->name))
		diag_error(l->diags, block->labels[0].range, "Invalid variable name",
			   "The name \"%s\" has a meaning of its own in module blocks and cannot be a variable's.", v->name);
	const struct expr *type = config_expr(body, "type");
	if (type) {
		struct eval eval = {.arena = l->arena, .diags = l->diags, .sources = l->sources};
		const struct type *t = eval_type(&eval, type);
		v->type = t ? t : &type_any;
	}
	const struct expr *fallback = config_expr(body, "default");
	if (fallback) {
		const struct value *given = constant(l, fallback, &type_any, "default");
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *converted = given ? value_convert(l->arena, given, v->type, &why) : NULL;
		if (given && !converted)
			diag_error(l->diags, fallback->range, "Invalid default value for variable",
				   "The default of \"%s\" does not fit its type: %s.", v->name, buf_text(&why));
		else if (converted && value_is_null(converted) && !v->nullable)
			diag_error(l->diags, fallback->range, "Invalid default value for variable",
				   "The variable \"%s\" may not be null, and so may not its default.", v->name);
		v->fallback = converted ? converted : value_unknown(l->arena, v->type);
	}
	v->validations = conditions(l, body, "validation", &v->validation_count);
	check_validations(l, v);
	struct variable *first = map_find(&module->variables, v->name);
	if (first)
		config_declared_twice(l, block->header_range, first->range, "Duplicate variable declaration", "The variable", v->name);
	else
		map_put(&module->variables, v->name, v);
}

/* ---- locals, output ---- */

static void read_locals(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const none[] = {NULL};
	for (size_t i = 0; i < block->body->block_count; i++)
		config_check_names(l, block->body, &(struct body_names){none, none, "a locals block"});
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		struct local *local = arena_new_of(l->arena, struct local);
		*local = (struct local){attr->name, attr->expr, attr->range};
		struct local *first = map_find(&module->locals, attr->name);
		if (first)
			config_declared_twice(l, attr->name_range, first->range, "Duplicate local value definition", "The local value", attr->name);
		else
			map_put(&module->locals, attr->name, local);
	}
}

static void read_output(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"value", "description", "sensitive", "depends_on", "ephemeral", "deprecated", NULL};
	static const char *const blocks[] = {"precondition", NULL};
	const struct body *body = block->body;
	config_check_names(l, body, &(struct body_names){attrs, blocks, "an output block"});
	struct output *o = arena_new_of(l->arena, struct output);
	*o = (struct output){
		.name = block->labels[0].text,
		.value = config_expr(body, "value"),
		.range = block->header_range,
		.description = config_text(l, body, "description"),
		.sensitive = config_bool(l, body, "sensitive", false),
		.ephemeral = config_bool(l, body, "ephemeral", false),
	};
	o->depends_on = config_refs(l, config_expr(body, "depends_on"), "depends_on", &o->depends_on_count);
	if (!o->value)
		diag_error(l->diags, body->end, "Missing required argument", "The argument \"value\" is needed in an output block.");
	if (o->ephemeral && !module->parent)
		diag_error(l->diags, config_expr(body, "ephemeral")->range, "Ephemeral output not allowed",
			   "Outputs of the root module are kept in the state; only those of modules that are called can be ephemeral.");
	o->preconditions = conditions(l, body, "precondition", &o->precondition_count);
	struct output *first = map_find(&module->outputs, o->name);
	if (first)
		config_declared_twice(l, block->header_range, first->range, "Duplicate output definition", "The output", o->name);
	else
		map_put(&module->outputs, o->name, o);
}

/* ---- module ---- */

static bool as_provider(struct loader *l, const struct expr *expr, struct provider_use *out)
{
	struct ref ref;
	if (!as_ref(l, expr, &ref) || ref.count > 1 || (ref.count == 1 && !ref.steps[0].name)) {
		diag_error(l->diags, expr->range, "Invalid provider reference",
			   "A provider is named by its name, like aws, or with an alias, like aws.west.");
		return false;
	}
	*out = (struct provider_use){ref.root, ref.count ? ref.steps[0].name : NULL, expr->range};
	return true;
}

static void read_providers_map(struct loader *l, struct module_call *call, const struct expr *expr)
{
	if (expr->kind != EXPR_OBJECT) {
		diag_error(l->diags, expr->range, "Invalid providers argument",
			   "The argument takes pairs in braces: the module's name for a provider = the one that it gets.");
		return;
	}
	call->providers = arena_alloc_array(l->arena, expr->field_count, sizeof(*call->providers));
	for (size_t i = 0; i < expr->field_count; i++) {
		if (as_provider(l, expr->fields[i].key, &call->providers[call->provider_count].inner) &&
		    as_provider(l, expr->fields[i].value, &call->providers[call->provider_count].outer))
			call->provider_count++;
	}
}

static void read_call(struct loader *l, struct module *module, const struct block *block)
{
	const struct body *body = block->body;
	struct module_call *call = arena_new_of(l->arena, struct module_call);
	*call = (struct module_call){
		.name = block->labels[0].text,
		.source_expr = config_expr(body, "source"),
		.body = body,
		.count = config_expr(body, "count"),
		.for_each = config_expr(body, "for_each"),
		.header_range = block->header_range,
		.range = block->range,
	};
	call->source = config_text(l, body, "source");
	call->depends_on = config_refs(l, config_expr(body, "depends_on"), "depends_on", &call->depends_on_count);
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *inner = &body->blocks[i];
		if (!strcmp(inner->type, "lifecycle") && !inner->label_count) {
			static const char *const attrs[] = {"enabled", NULL};
			config_check_names(l, inner->body, &(struct body_names){attrs, NULL, "a lifecycle block of a module"});
			call->enabled = config_expr(inner->body, "enabled");
		} else {
			diag_error(l->diags, inner->type_range, "Unsupported block type",
				   "A block of type \"%s\" is not expected in a module block; its variables are given as arguments.", inner->type);
		}
	}
	if (config_expr(body, "providers"))
		read_providers_map(l, call, config_expr(body, "providers"));
	if (!call->source_expr)
		diag_error(l->diags, body->end, "Missing required argument", "The argument \"source\" is needed in a module block.");
	if (call->count && call->for_each)
		diag_error(l->diags, call->for_each->range, "Invalid combination of \"count\" and \"for_each\"",
			   "A block takes one of the two.");
	struct module_call *first = map_find(&module->calls, call->name);
	if (first)
		config_declared_twice(l, block->header_range, first->header_range, "Duplicate module call", "The module", call->name);
	else
		map_put(&module->calls, call->name, call);
}

/* ---- provider, terraform ---- */

static void read_provider(struct loader *l, struct module *module, const struct block *block)
{
	struct provider_block *p = arena_new_of(l->arena, struct provider_block);
	*p = (struct provider_block){
		.name = block->labels[0].text,
		.alias = config_text(l, block->body, "alias"),
		.body = block->body,
		.header_range = block->header_range,
		.range = block->range,
	};
	const struct attribute *version = body_find_attr(block->body, "version");
	if (version)
		diag_warning(l->diags, version->range, "Version constraints inside provider configuration blocks are deprecated",
			     "The argument has no effect: the provider is part of infra.");
	const char *key = p->alias ? arena_printf(l->arena, "%s.%s", p->name, p->alias) : p->name;
	struct provider_block *first = map_find(&module->providers, key);
	if (first)
		config_declared_twice(l, block->header_range, first->header_range, "Duplicate provider configuration", "The provider", key);
	else
		map_put(&module->providers, key, p);
}

static void read_requirement(struct loader *l, struct module *module, const struct attribute *attr)
{
	struct provider_requirement *need = arena_new_of(l->arena, struct provider_requirement);
	*need = (struct provider_requirement){.local_name = attr->name, .range = attr->range};
	const struct expr *expr = attr->expr;
	if (expr->kind == EXPR_LITERAL && value_is_a(expr->literal, TYPE_STRING)) {
		need->version = expr->literal->text;
	} else if (expr->kind == EXPR_OBJECT) {
		for (size_t i = 0; i < expr->field_count; i++) {
			const struct expr *key = expr->fields[i].key, *value = expr->fields[i].value;
			const char *name = key->kind == EXPR_NAME ? key->name
					   : key->kind == EXPR_LITERAL && value_is_a(key->literal, TYPE_STRING) ? key->literal->text
														: "";
			if (!strcmp(name, "configuration_aliases"))
				continue;
			if (strcmp(name, "source") && strcmp(name, "version")) {
				diag_error(l->diags, key->range, "Invalid required_providers object",
					   "The names are source, version and configuration_aliases.");
				continue;
			}
			const struct value *v = constant(l, value, &type_string, name);
			if (v && v->state == VALUE_KNOWN)
				*(*name == 's' ? &need->source : &need->version) = v->text;
		}
	} else {
		diag_error(l->diags, expr->range, "Invalid required_providers object",
			   "A provider's requirement is written { source = \"...\", version = \"...\" }.");
	}
	if (need->version)
		config_check_provider_version(l->diags, need);
	map_put(&module->requirements, need->local_name, need);
}

/* A block of which a module has one: `first` is where it stands. */
static void stands_once(struct loader *l, const struct block *block, struct src_range *first)
{
	if (src_range_is_empty(*first)) {
		*first = block->header_range;
		return;
	}
	struct diag *diag = diag_error(l->diags, block->header_range, "Duplicate block",
				       "A module has one block \"%s\". Put what the two hold into one.", block->type);
	diag_add_note(l->diags, diag, *first, "The first one is here:");
}

/* Its arguments say where Terraform keeps a state; ours has its own place. */
static void check_local_backend(struct loader *l, const struct block *block)
{
	static const char *const attrs[] = {"path", "workspace_dir", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, NULL, "a local backend"});
	for (size_t i = 0; attrs[i] && !l->options->ignore_backend; i++) {
		const struct attribute *attr = body_find_attr(block->body, attrs[i]);
		if (attr)
			diag_warning(l->diags, attr->range, "Argument without effect",
				     "infra keeps its state in .infra/state.db beside the plan files, or where -state says. A state that Terraform "
				     "has left elsewhere is taken over by\n\n    infra state import FILE");
	}
}

static void read_terraform(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"required_version", "language", NULL};
	static const char *const blocks[] = {"required_providers", "backend", "cloud", "provider_meta", "encryption", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, blocks, "a terraform block"});
	const struct expr *version = config_expr(block->body, "required_version");
	const char *constraint = config_text(l, block->body, "required_version");
	if (constraint && version)
		config_check_version(l->diags, constraint, version->range);
	for (size_t i = 0; i < block->body->block_count; i++) {
		const struct block *inner = &block->body->blocks[i];
		if (!strcmp(inner->type, "required_providers")) {
			stands_once(l, inner, &module->requirements_range);
			for (size_t k = 0; k < inner->body->attr_count; k++)
				read_requirement(l, module, &inner->body->attrs[k]);
		} else if (!strcmp(inner->type, "backend") || !strcmp(inner->type, "cloud")) {
			const char *type = *inner->type == 'b' && inner->label_count ? inner->labels[0].text : "cloud";
			module->backend = type;
			stands_once(l, inner, &module->backend_range);
			if (!strcmp(type, "local") && !module->parent)
				check_local_backend(l, inner);
			else if (!module->parent && !l->options->ignore_backend)
				diag_error(l->diags, inner->header_range, "Unsupported backend",
					   "infra keeps its state in .infra/state.db beside the plan files, and cannot keep it in \"%s\". Take the block "
					   "out, or let it be left aside for this run:\n\n    -ignore-backend\n\nA state that is there already is not used "
					   "then.", type);
		}
	}
}

/* ---- moved, removed, import, check ---- */

static bool as_address(struct loader *l, const struct expr *expr, const char *what, struct address *out)
{
	struct ref ref;
	if (!expr || !as_ref(l, expr, &ref))
		return expr ? (diag_error(l->diags, expr->range, "Invalid address", "The argument \"%s\" takes an address, like aws_vpc.main "
										   "or module.net.", what), false)
			    : false;
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, ref.root);
	for (size_t i = 0; i < ref.count; i++) {
		const struct ref_step *step = &ref.steps[i];
		if (step->name) {
			buf_addf(&text, ".%s", step->name);
		} else if (step->key->kind == EXPR_LITERAL && value_is_a(step->key->literal, TYPE_STRING)) {
			instance_key_print((struct instance_key){.kind = KEY_NAME, .name = step->key->literal->text}, &text);
		} else if (step->key->kind == EXPR_LITERAL && value_is_a(step->key->literal, TYPE_NUMBER)) {
			int64_t n = -1;
			if (!number_to_int(step->key->literal->number, &n) || n < 0)
				n = 0;
			instance_key_print((struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)n}, &text);
		} else {
			diag_error(l->diags, step->range, "Invalid address", "Keys in this address are constants: [0] or [\"name\"].");
			return false;
		}
	}
	size_t first = l->diags->count;
	bool ok = address_parse(l->arena, buf_text(&text), out, l->diags);
	for (size_t i = first; i < l->diags->count; i++)
		l->diags->items[i].subject = expr->range;
	return ok;
}

void config_need_argument(struct loader *l, const struct block *block, const char *name)
{
	if (!config_expr(block->body, name))
		diag_error(l->diags, block->body->end, "Missing required argument", "The argument \"%s\" is needed in a block \"%s\".", name,
			   block->type);
}

#define GROW(l, array, count, type)                                                              \
	do {                                                                                     \
		type *grown_ = arena_array_of((l)->arena, (count) + 1, type);                    \
		if (count)                                                                       \
			memcpy(grown_, (array), (count) * sizeof(type));                         \
		(array) = grown_;                                                                \
	} while (0)

static void read_moved(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"from", "to", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, NULL, "a moved block"});
	config_need_argument(l, block, "from");
	config_need_argument(l, block, "to");
	struct moved moved = {.range = block->header_range};
	if (!as_address(l, config_expr(block->body, "from"), "from", &moved.from) ||
	    !as_address(l, config_expr(block->body, "to"), "to", &moved.to))
		return;
	if (!moved.from.type != !moved.to.type || moved.from.data || moved.to.data) {
		diag_error(l->diags, block->header_range, "Invalid \"moved\" addresses",
			   "A resource can become a resource, and a module a module; data sources do not move.");
		return;
	}
	if (moved.from.type && strcmp(moved.from.type, moved.to.type)) {
		diag_error(l->diags, block->header_range, "Resource type mismatch",
			   "An object cannot change its type from %s to %s by moving.", moved.from.type, moved.to.type);
		return;
	}
	struct moved *list = (struct moved *)module->moved;
	GROW(l, list, module->moved_count, struct moved);
	list[module->moved_count++] = moved;
	module->moved = list;
}

static void read_removed(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"from", NULL};
	static const char *const blocks[] = {"lifecycle", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, blocks, "a removed block"});
	config_need_argument(l, block, "from");
	struct removed removed = {.destroy = true, .range = block->header_range};
	for (size_t i = 0; i < block->body->block_count; i++) {
		if (!strcmp(block->body->blocks[i].type, "lifecycle"))
			removed.destroy = config_bool(l, block->body->blocks[i].body, "destroy", true);
	}
	if (!as_address(l, config_expr(block->body, "from"), "from", &removed.from))
		return;
	bool keyed = removed.from.key.kind != KEY_NONE;
	for (size_t i = 0; i < removed.from.module_count; i++)
		keyed |= removed.from.modules[i].key.kind != KEY_NONE;
	if (keyed || removed.from.data) {
		diag_error(l->diags, config_expr(block->body, "from")->range, "Invalid address",
			   "A removed block names a whole resource or module, without [keys], and no data source. One instance goes by changing the "
			   "count or the for_each, or by\n\n    infra state rm ADDRESS");
		return;
	}
	if (module->parent) { /* relative to its module: all its instances */
		size_t depth = 0;
		for (const struct module *m = module; m->parent; m = m->parent)
			depth++;
		struct module_step *steps = arena_array_of(l->arena, depth + removed.from.module_count, struct module_step);
		size_t at = depth;
		for (const struct module *m = module; m->parent; m = m->parent)
			steps[--at] = (struct module_step){.name = m->name};
		for (size_t i = 0; i < removed.from.module_count; i++)
			steps[depth + i] = removed.from.modules[i];
		removed.from.modules = steps;
		removed.from.module_count += depth;
	}
	struct module *root = module;
	while (root->parent)
		root = root->parent;
	struct removed *list = (struct removed *)root->removed;
	GROW(l, list, root->removed_count, struct removed);
	list[root->removed_count++] = removed;
	root->removed = list;
}

static void read_import(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"to", "id", "for_each", "provider", "identity", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, NULL, "an import block"});
	config_need_argument(l, block, "to");
	if (module->parent) {
		diag_error(l->diags, block->header_range, "Invalid import configuration", "Import blocks stand in the root module.");
		return;
	}
	const struct expr *identity = config_expr(block->body, "identity");
	if (identity)
		diag_error(l->diags, identity->range, "Unsupported argument",
			   "Objects are imported by \"id\"; \"identity\" is not supported.");
	struct import_block import = {
		.to = config_expr(block->body, "to"),
		.id = config_expr(block->body, "id"),
		.for_each = config_expr(block->body, "for_each"),
		.range = block->header_range,
	};
	struct ref ref;
	if (!import.to)
		return;
	if (!expr_as_ref(l->arena, import.to, &ref)) {
		diag_error(l->diags, import.to->range, "Invalid import address", "The argument \"to\" takes the address of a resource.");
		return;
	}
	if (!import.id)
		config_need_argument(l, block, "id");
	struct import_block *list = (struct import_block *)module->imports;
	GROW(l, list, module->import_count, struct import_block);
	list[module->import_count++] = import;
	module->imports = list;
}

static void read_check(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {NULL};
	static const char *const blocks[] = {"data", "assert", NULL};
	config_check_names(l, block->body, &(struct body_names){attrs, blocks, "a check block"});
	struct check *check = arena_new_of(l->arena, struct check);
	*check = (struct check){.name = block->labels[0].text, .range = block->header_range};
	for (size_t i = 0; i < block->body->block_count; i++) {
		const struct block *inner = &block->body->blocks[i];
		if (strcmp(inner->type, "data") || inner->label_count != 2)
			continue;
		check->data = config_new_resource(l, module, inner, true);
		if (check->data) {
			check->data->scoped = true;
			map_put(&module->resources, check->data->address, check->data);
		}
	}
	check->asserts = conditions(l, block->body, "assert", &check->assert_count);
	if (!config_count_blocks(block->body, "assert"))
		diag_error(l->diags, block->body->end, "Zero assert blocks", "A check block needs at least one assert block.");
	struct check *first = map_find(&module->checks, check->name);
	if (first)
		config_declared_twice(l, block->header_range, first->range, "Duplicate check", "The check", check->name);
	else
		map_put(&module->checks, check->name, check);
}

/* ---- a file ---- */

static void read_resource(struct loader *l, struct module *module, const struct block *block)
{
	config_read_resource(l, module, block, false);
}

static void read_data(struct loader *l, struct module *module, const struct block *block)
{
	config_read_resource(l, module, block, true);
}

static void read_extra(struct loader *l, struct module *module, const struct block *block)
{
	struct extra_block *list = (struct extra_block *)module->extras;
	GROW(l, list, module->extra_count, struct extra_block);
	list[module->extra_count++] = (struct extra_block){block->type, block};
	module->extras = list;
}

struct block_kind {
	const char *type;
	const char *labels[3]; /* what each label is; NULL: no more */
	void (*read)(struct loader *l, struct module *module, const struct block *block);
	bool own; /* only in .infra files */
};

static const struct block_kind kinds[] = {
	{"variable", {"name"}, read_variable, false},
	{"locals", {NULL}, read_locals, false},
	{"output", {"name"}, read_output, false},
	{"resource", {"type", "name"}, read_resource, false},
	{"data", {"type", "name"}, read_data, false},
	{"module", {"name"}, read_call, false},
	{"provider", {"name"}, read_provider, false},
	{"terraform", {NULL}, read_terraform, false},
	{"moved", {NULL}, read_moved, false},
	{"removed", {NULL}, read_removed, false},
	{"import", {NULL}, read_import, false},
	{"check", {"name"}, read_check, false},
	{"job", {"name"}, read_extra, true},
	{"budget", {"name"}, read_extra, true},
	{"tunnel", {"name"}, config_read_tunnel, true},
};

static bool is_identifier(const char *s)
{
	if (!*s || *s == '-' || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (!(c >= 0x80 || c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return true;
}

static bool check_labels(struct loader *l, const struct block *block, const struct block_kind *kind)
{
	size_t wanted = 0;
	while (wanted < ARRAY_LEN(kind->labels) && kind->labels[wanted])
		wanted++;
	if (block->label_count < wanted) {
		diag_error(l->diags, block->header_range, "Missing name for block", "A block \"%s\" takes %zu label%s: its %s%s%s.", kind->type,
			   wanted, wanted == 1 ? "" : "s", kind->labels[0], wanted > 1 ? " and its " : "", wanted > 1 ? kind->labels[1] : "");
		return false;
	}
	if (block->label_count > wanted) {
		diag_error(l->diags, block->labels[wanted].range, "Extraneous label for block", "A block \"%s\" takes %s%zu label%s.",
			   kind->type, wanted ? "" : "no label, and here is at least ", wanted ? wanted : (size_t)1, wanted == 1 || !wanted ? "" : "s");
		return false;
	}
	for (size_t i = 0; i < wanted; i++) {
		if (is_identifier(block->labels[i].text))
			continue;
		diag_error(l->diags, block->labels[i].range, "Invalid name",
			   "A %s begins with a letter or an underscore, and holds letters, digits, underscores and dashes.", kind->labels[i]);
		return false;
	}
	return true;
}

void config_read_file(struct loader *l, struct module *module, const struct body *body, bool own)
{
	const char *names[ARRAY_LEN(kinds)];
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		names[i] = kinds[i].type;
	for (size_t i = 0; i < body->attr_count; i++)
		diag_error(l->diags, body->attrs[i].name_range, "Unsupported argument",
			   "At the top of a plan file stand blocks only; \"%s\" is an argument. Values of variables belong into a file "
			   "terraform.tfvars.", body->attrs[i].name);
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		const struct block_kind *kind = NULL;
		for (size_t k = 0; k < ARRAY_LEN(kinds) && !kind; k++) {
			if (!strcmp(kinds[k].type, block->type))
				kind = &kinds[k];
		}
		if (!kind && !strcmp(block->type, "ephemeral")) {
			diag_error(l->diags, block->type_range, "Unsupported block type",
				   "Ephemeral resources are not supported. What is needed for one run can be given as an ephemeral variable.");
			continue;
		}
		if (!kind) {
			const char *near = nearest_name(block->type, names, ARRAY_LEN(names));
			diag_error(l->diags, block->type_range, "Unsupported block type", "Blocks of type \"%s\" are not expected here.%s%s%s",
				   block->type, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
			continue;
		}
		if (kind->own && !own) {
			diag_error(l->diags, block->type_range, "Unsupported block type",
				   "Blocks of type \"%s\" stand in files that end in .infra, so that the .tf files beside them serve Terraform, too.",
				   block->type);
			continue;
		}
		if (check_labels(l, block, kind))
			kind->read(l, module, block);
	}
}
