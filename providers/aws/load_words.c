/* SPDX-License-Identifier: Apache-2.0 */
/* The small words of type files: constants, lists of names, error codes, steps. */
#include "base/vec.h"
#include "providers/aws/load.h"

#include <stdlib.h>
#include <string.h>

const struct expr *loader_field(const struct expr *object, const char *name)
{
	for (size_t i = 0; object && object->kind == EXPR_OBJECT && i < object->field_count; i++) {
		const struct expr *key = object->fields[i].key;
		const char *text = key->kind == EXPR_NAME ? key->name
				   : key->kind == EXPR_LITERAL && value_is_a(key->literal, TYPE_STRING) ? key->literal->text
													: NULL;
		if (text && !strcmp(text, name))
			return object->fields[i].value;
	}
	return NULL;
}

struct eval loader_eval(struct loader *l, struct diags *mistakes)
{
	diags_init(mistakes);
	return (struct eval){.arena = l->arena, .diags = mistakes};
}

void loader_evaluated(struct loader *l, struct src_range range, struct diags *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		loader_error(l, range, "%s", mistakes->items[i].detail ? mistakes->items[i].detail : mistakes->items[i].summary);
	diags_release(mistakes);
}

const char *loader_text(struct loader *l, const struct expr *e)
{
	if (e && e->kind == EXPR_LITERAL && value_is_a(e->literal, TYPE_STRING))
		return e->literal->text;
	if (e && e->kind == EXPR_NAME)
		return e->name;
	loader_error(l, e ? e->range : SRC_NOWHERE, "a text is needed here");
	return "";
}

int64_t loader_integer(struct loader *l, const struct expr *e)
{
	int64_t n = 0;
	if (e && e->kind == EXPR_UNARY && e->op == OP_NEGATE)
		return -loader_integer(l, e->on);
	if (!e || e->kind != EXPR_LITERAL || !value_is_a(e->literal, TYPE_NUMBER) || !number_to_int(e->literal->number, &n))
		loader_error(l, e ? e->range : SRC_NOWHERE, "a whole number is needed here");
	return n;
}

int64_t loader_duration(struct loader *l, const struct expr *e)
{
	const char *text = loader_text(l, e);
	char *end;
	long n = strtol(text, &end, 10);
	if (end != text && !strcmp(end, "ms"))
		return n;
	if (end != text && !strcmp(end, "s"))
		return n * 1000;
	if (end != text && !strcmp(end, "m"))
		return n * 60000;
	if (end != text && !strcmp(end, "h"))
		return n * 3600000;
	loader_error(l, e ? e->range : SRC_NOWHERE, "\"%s\" is no duration; 30s, 5m and 1h are", text);
	return 0;
}

const char *loader_path(struct loader *l, const struct expr *e)
{
	if (e->kind == EXPR_ATTR)
		return arena_printf(l->arena, "%s.%s", loader_path(l, e->on), e->name);
	return loader_text(l, e);
}

const char *const *loader_names(struct loader *l, const struct expr *e, size_t *count)
{
	*count = 0;
	if (!e)
		return NULL;
	if (e->kind != EXPR_TUPLE) {
		const char **one = arena_array_of(l->arena, 1, const char *);
		one[(*count)++] = loader_path(l, e);
		return one;
	}
	const char **names = arena_array_of(l->arena, e->item_count, const char *);
	for (size_t i = 0; i < e->item_count; i++)
		names[(*count)++] = loader_path(l, e->items[i]);
	return names;
}

struct code_rules loader_codes(struct loader *l, const struct expr *e)
{
	struct code_rules rules = {0};
	if (!e)
		return rules;
	if (e->kind != EXPR_TUPLE) {
		loader_error(l, e->range, "a list of error codes is needed here");
		return rules;
	}
	struct code_rule *items = arena_array_of(l->arena, e->item_count, struct code_rule);
	for (size_t i = 0; i < e->item_count; i++) {
		const struct expr *item = e->items[i];
		struct code_rule rule = {0};
		if (item->kind == EXPR_OBJECT) {
			rule.code = loader_text(l, loader_field(item, "code"));
			if (loader_field(item, "text"))
				rule.text = loader_text(l, loader_field(item, "text"));
			if (loader_field(item, "for"))
				rule.for_ms = loader_duration(l, loader_field(item, "for"));
			rule.when = loader_field(item, "when");
			rule.id = loader_field(item, "id");
		} else {
			rule.code = loader_text(l, item);
		}
		items[rules.count++] = rule;
	}
	rules.items = items;
	return rules;
}

const struct aws_operation *loader_operation(struct loader *l, const struct expr *name)
{
	const char *text = loader_text(l, name);
	if (!l->service) {
		loader_error(l, name ? name->range : SRC_NOWHERE, "no service is named before this call");
		return NULL;
	}
	const struct aws_operation *op = aws_operation_find(l->service->model, text);
	if (!op) {
		const char *near = aws_operation_nearest(l->service->model, text);
		loader_error(l, name ? name->range : SRC_NOWHERE, "the service %s has no operation \"%s\"%s%s%s", l->service->name, text,
			     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	return op;
}

/* ---- what an expression looks at ---- */

struct looking {
	struct loader *l;
	uint64_t parts;
	bool object, self;
	unsigned depth;
};

static void look(void *ctx, const struct ref *ref)
{
	struct looking *k = ctx;
	const struct aws_type *type = k->l->type;
	if (!strcmp(ref->root, "object")) {
		k->object = true;
	} else if (!strcmp(ref->root, "self")) {
		k->self = true;
	} else if (!strcmp(ref->root, "part") && ref->count && ref->steps[0].name) {
		k->object = true;
		for (size_t i = 0; type && i < type->read.part_count; i++) {
			if (!strcmp(type->read.parts[i].name, ref->steps[0].name))
				k->parts |= (uint64_t)1 << i;
		}
	} else if (type) {
		const struct let *let = map_find(&type->let_by_name, ref->root);
		if (let && k->depth < 16) {
			k->depth++;
			expr_walk_refs(let->expr, look, k);
			k->depth--;
		}
	}
}

void loader_looks_at(struct loader *l, const struct expr *e, uint64_t *parts, bool *object, bool *self)
{
	struct looking k = {.l = l};
	if (e)
		expr_walk_refs(e, look, &k);
	if (parts)
		*parts |= k.parts;
	if (object)
		*object |= k.object;
	if (self)
		*self |= k.self;
}

/* ---- steps ---- */

static bool is_reading(const char *operation)
{
	static const char *const starts[] = {"Describe", "Get", "List", "Head"};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		if (!strncmp(operation, starts[i], strlen(starts[i])))
			return true;
	}
	return false;
}

static struct step load_step(struct loader *l, const struct expr *e)
{
	struct step step = {.range = e->range};
	if (e->kind != EXPR_OBJECT) {
		loader_error(l, e->range, "a step is an object in braces");
		return step;
	}
	for (size_t i = 0; i < e->field_count; i++) {
		const struct expr *key = e->fields[i].key, *value = e->fields[i].value;
		const char *word = key->kind == EXPR_NAME ? key->name : loader_text(l, key);
		const struct {
			const char *word;
			const struct expr **at;
		} exprs[] = {
			{"send", &step.send}, {"when", &step.when}, {"each", &step.each}, {"id", &step.id}, {"until", &step.until},
			{"why", &step.why}, {"stop", &step.stop}, {"set", &step.set_expr},
		};
		const struct {
			const char *word;
			struct code_rules *at;
		} codes[] = {{"retry", &step.retry}, {"absent", &step.absent}, {"adopt", &step.adopt}, {"again", &step.again}};
		bool known = false;
		for (size_t k = 0; k < ARRAY_LEN(exprs); k++) {
			if (!strcmp(exprs[k].word, word)) {
				*exprs[k].at = value;
				known = true;
			}
		}
		for (size_t k = 0; k < ARRAY_LEN(codes); k++) {
			if (!strcmp(codes[k].word, word)) {
				*codes[k].at = loader_codes(l, value);
				known = true;
			}
		}
		if (known)
			continue;
		if (!strcmp(word, "call")) {
			step.op = loader_operation(l, value);
			step.call = loader_text(l, value);
			step.mutates = !is_reading(step.call);
		} else if (!strcmp(word, "as")) {
			step.as = loader_text(l, value);
		} else if (!strcmp(word, "fails")) {
			if (value->kind == EXPR_TUPLE)
				step.hopeless = loader_codes(l, value);
			else
				step.fails = value;
		} else if (!strcmp(word, "args")) {
			step.args_all = !strcmp(loader_text(l, value), "all");
		} else if (!strcmp(word, "at_once")) {
			step.at_once = (unsigned)loader_integer(l, value);
		} else if (!strcmp(word, "steady")) {
			step.steady = (unsigned)loader_integer(l, value);
		} else if (!strcmp(word, "every")) {
			step.every_ms = loader_duration(l, value);
		} else if (!strcmp(word, "empty")) {
			step.empty = loader_names(l, value, &step.empty_count);
		} else if (!strcmp(word, "run")) {
			step.run = loader_names(l, value, &step.run_count);
		} else {
			loader_error(l, key->range, "\"%s\" is not a word of steps", word);
		}
	}
	if (step.until && step.until->kind == EXPR_NAME && !strcmp(step.until->name, "gone")) {
		step.until_gone = true;
		step.until = NULL;
	}
	const struct expr *all[] = {step.send, step.when, step.each, step.id, step.why, step.stop, step.set_expr};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		loader_looks_at(l, all[i], &step.parts, &step.needs_object, NULL);
	loader_looks_at(l, step.until, &step.until_parts, NULL, NULL);
	loader_looks_at(l, step.fails, &step.until_parts, NULL, NULL);
	loader_looks_at(l, step.why, &step.until_parts, NULL, NULL);
	return step;
}

struct steps loader_steps(struct loader *l, const struct expr *list)
{
	struct steps steps = {0};
	if (!list)
		return steps;
	if (list->kind != EXPR_TUPLE) { /* a single step need not stand in a list */
		struct step *one = arena_new_of(l->arena, struct step);
		*one = load_step(l, list);
		return (struct steps){one, 1};
	}
	struct step *items = arena_array_of(l->arena, list->item_count, struct step);
	for (size_t i = 0; i < list->item_count; i++)
		items[steps.count++] = load_step(l, list->items[i]);
	steps.items = items;
	return steps;
}

/* ---- tags ---- */

struct tag_rules loader_tags(struct loader *l, const struct body *body)
{
	struct tag_rules tags = {.present = true};
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		const struct expr *e = attr->expr;
		if (!strcmp(attr->name, "create")) {
			tags.create = e;
		} else if (!strcmp(attr->name, "read")) {
			if (e->kind != EXPR_OBJECT || !loader_field(e, "call")) {
				tags.read = e;
				continue;
			}
			tags.read_op = loader_operation(l, loader_field(e, "call"));
			tags.read_send = loader_field(e, "send");
			tags.read_value = loader_field(e, "value");
		} else if (!strcmp(attr->name, "add") || !strcmp(attr->name, "remove")) {
			bool add = *attr->name == 'a';
			*(add ? &tags.add_op : &tags.remove_op) = loader_operation(l, loader_field(e, "call"));
			*(add ? &tags.add_send : &tags.remove_send) = loader_field(e, "send");
		} else {
			loader_error(l, attr->name_range, "\"%s\" is not a word of tags", attr->name);
		}
	}
	return tags;
}
