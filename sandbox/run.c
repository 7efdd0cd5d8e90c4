/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/run.h"

#include "aws/time.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/syntax/parse.h"
#include "lang/value/convert.h"
#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_LIMIT = 24, TAGS_LIMIT = 50, TAG_KEY_LIMIT = 128, TAG_VALUE_LIMIT = 256 };

void run_fail(struct run *run, const char *code, const char *fmt, ...)
{
	if (run->failure->code)
		return;
	va_list args;
	va_start(args, fmt);
	run->failure->message = arena_vprintf(run->arena, fmt, args);
	va_end(args);
	run->failure->code = arena_strdup(run->arena, code);
}

/* ---- values ---- */

/* Both have their members in the order of names: so has what comes of them, which need not be sorted again. */
const struct value *value_with(struct arena *arena, const struct value *object, const struct value *more)
{
	size_t room = (object ? object->count : 0) + more->count, count = 0;
	const char **names = arena_array_of(arena, room + 1, const char *);
	const struct value **items = arena_array_of(arena, room + 1, const struct value *);
	for (uint32_t i = 0, k = 0; i + k < room;) {
		const char *name = object && i < object->count ? value_key_at(object, i) : NULL;
		const char *other = k < more->count ? value_key_at(more, k) : NULL;
		int order = !name ? 1 : !other ? -1 : strcmp(name, other);
		names[count] = order < 0 ? name : other;
		items[count] = order < 0 ? object->items[i] : more->items[k];
		count += order < 0 || !value_is_null(more->items[k]);
		i += order <= 0;
		k += order >= 0;
	}
	return value_object(arena, names, items, count);
}

static const struct value *fit_structure(struct arena *arena, const struct aws_shape *shape, const struct value *v)
{
	const char **names = arena_array_of(arena, v->count + 1, const char *);
	const struct value **items = arena_array_of(arena, v->count + 1, const struct value *);
	size_t count = 0;
	bool same = true;
	for (uint32_t i = 0; i < v->count; i++) {
		const struct aws_member *member = aws_member_find(shape, value_key_at(v, i));
		if (!member || value_is_null(v->items[i])) {
			same = false;
			continue;
		}
		names[count] = value_key_at(v, i);
		items[count] = value_fit(arena, aws_member_shape(member), v->items[i]);
		same &= items[count++] == v->items[i];
	}
	return same ? v : value_object(arena, names, items, count);
}

const struct value *value_fit(struct arena *arena, const struct aws_shape *shape, const struct value *v)
{
	if (v->state != VALUE_KNOWN || type_is_primitive(v->type))
		return v;
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	if (shape->kind == AWS_STRUCT && named && !(shape->flags & AWS_SHAPE_DOCUMENT))
		return fit_structure(arena, shape, v);
	if (shape->kind == AWS_LIST && !named) {
		const struct value **items = arena_array_of(arena, v->count + 1, const struct value *);
		size_t count = 0;
		bool same = true;
		for (uint32_t i = 0; i < v->count; i++) {
			if (!value_is_null(v->items[i]))
				items[count++] = value_fit(arena, aws_shape_at(shape->element), v->items[i]);
			same &= count && items[count - 1] == v->items[i];
		}
		return same ? v : value_tuple(arena, items, count);
	}
	return v;
}

/* ---- names ---- */

static const struct value *text_value(struct run *run, const char *text)
{
	return value_string(run->arena, text);
}

static const struct value *lookup(void *ctx, struct eval *eval, const char *root, struct src_range range, const struct lookup_step *steps,
				  size_t count, size_t *consumed)
{
	struct run *run = ctx;
	(void)eval, (void)range, (void)steps, (void)count;
	*consumed = 0;
	const struct value *bound = map_find(&run->names, root);
	if (bound)
		return bound;
	if (!strcmp(root, "in"))
		return run->in ? run->in : &value_null_any;
	if (!strcmp(root, "self"))
		return run->self ? run->self : &value_null_any;
	if (!strcmp(root, "args"))
		return run->args ? run->args : &value_null_any;
	if (!strcmp(root, "found"))
		return run->found ? run->found : &value_null_any;
	if (!strcmp(root, "region"))
		return text_value(run, run->region);
	if (!strcmp(root, "caller"))
		return run->caller ? run->caller : &value_null_any;
	if (!strcmp(root, "account"))
		return text_value(run, run->world->account);
	if (!strcmp(root, "partition"))
		return text_value(run, "aws");
	if (!strcmp(root, "now")) {
		char text[40];
		aws_time_print_exact(run->world->now_ms, text);
		return text_value(run, text);
	}
	return &value_null_any; /* what a step that did not run would have bound */
}

static const struct user_function *find_user(void *ctx, const char *name)
{
	const struct run *run = ctx;
	return map_find(&run->world->library->functions, name);
}

const struct value *run_eval(struct run *run, const struct expr *expr)
{
	if (!expr)
		return &value_null_any;
	struct diags diags;
	diags_init(&diags);
	struct scope scope = {.lookup = lookup, .ctx = run};
	struct function_set functions = {.table = sandbox_functions, .find_user = find_user, .ctx = run};
	struct eval eval = {.arena = run->arena, .scope = &scope, .diags = &diags, .functions = &functions, .lenient = true};
	const struct value *v = eval_expr(&eval, expr);
	for (size_t i = 0; i < diags.count; i++) {
		const struct diag *diag = &diags.items[i];
		if (diag->severity != DIAG_ERROR)
			continue;
		const struct src *src = src_find(run->world->library->sources, diag->subject.start ? diag->subject.start : expr->range.start);
		run->failure->status = run->failure->code ? run->failure->status : 500;
		unsigned line = src ? src_pos(src, diag->subject.start ? diag->subject.start : expr->range.start).line : 0;
		run_fail(run, "InternalError", "mistake in the sandbox, %s:%u: %s", src ? src_name(src) : "?", line,
			 diag->detail ? diag->detail : diag->summary);
		break;
	}
	diags_release(&diags);
	return v->deep_unknown ? &value_null_any : v;
}

const struct value *run_eval_of(const struct run *run, const struct expr *expr, const struct value *self)
{
	struct run inner = *run;
	inner.names = (struct map)MAP_INIT;
	inner.self = self;
	if (++inner.depth > DEPTH_LIMIT)
		bug("views of the sandbox's files go round in a circle");
	return run_eval(&inner, expr);
}

const struct value *run_view(const struct run *run, const struct kind *kind, const struct value *object)
{
	return kind->view ? run_eval_of(run, kind->view, object) : object;
}

const char *run_region(const struct run *run, const struct kind *kind)
{
	return kind->global ? "" : run->region;
}

/* ---- steps ---- */

static size_t utf8_count(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static const struct expr *attr_expr(const struct block *block, const char *name)
{
	const struct attribute *attr = body_find_attr(block->body, name);
	return attr ? attr->expr : NULL;
}

static const char *text_at(struct run *run, const struct block *block, const char *name)
{
	const struct value *v = run_eval(run, attr_expr(block, name));
	return v->state == VALUE_KNOWN ? value_to_text(run->arena, v) : NULL;
}

static const char *first_label(const struct block *block)
{
	return block->label_count ? block->labels[0].text : NULL;
}

static const char *last_label(const struct block *block)
{
	return block->label_count ? block->labels[block->label_count - 1].text : NULL;
}

/* Names live as long as the files or the arena. */
static void bind(struct run *run, const char *name, const struct value *value)
{
	map_put(&run->names, name, (void *)(uintptr_t)value);
}

static const struct value *object_value(const struct run *run, const struct object *object)
{
	return store_value(run->arena, object);
}

static bool step_let(struct run *run, const struct block *block)
{
	for (size_t i = 0; i < block->body->attr_count && !run->failure->code; i++)
		bind(run, block->body->attrs[i].name, run_eval(run, block->body->attrs[i].expr));
	return !run->failure->code;
}

/* "in.VpcId" is called VpcId. */
static const char *parameter_name(struct run *run, const struct expr *expr)
{
	struct ref ref;
	if (expr && expr_as_ref(run->arena, expr, &ref) && ref.count && ref.steps[0].name)
		return ref.steps[ref.count - 1].name ? ref.steps[ref.count - 1].name : ref.steps[0].name;
	return "id";
}

const struct object *run_need(struct run *run, const struct kind *kind, const char *id)
{
	const struct object *object = store_find(run->world->store, kind->name, run_region(run, kind), id);
	if (object)
		return object;
	size_t prefix = kind->prefix ? strlen(kind->prefix) : 0;
	const char *digits = id + prefix;
	bool fits = !strncmp(id, kind->prefix ? kind->prefix : "", prefix) &&
		    (strlen(digits) == 8 || strlen(digits) == 17) && strspn(digits, "0123456789abcdef") == strlen(digits);
	if (prefix && !fits && kind->malformed) {
		run_fail(run, kind->malformed, "Invalid id: \"%s\" (expecting \"%s...\")", id, kind->prefix);
	} else if (kind->absent_message) {
		struct run inner = *run;
		inner.names = (struct map)MAP_INIT;
		bind(&inner, "id", value_string(run->arena, id));
		const struct value *text = run_eval(&inner, kind->absent_message);
		map_release(&inner.names);
		run_fail(run, kind->absent, "%s", value_is_a(text, TYPE_STRING) ? text->text : "");
	} else {
		run_fail(run, kind->absent ? kind->absent : "NotFound", "The %s '%s' does not exist", kind->noun ? kind->noun : kind->name, id);
	}
	return NULL;
}

static bool step_need(struct run *run, const struct block *block)
{
	const struct kind *kind = library_kind(run->world->library, first_label(block));
	const struct expr *expr = attr_expr(block, "id");
	const char *id = text_at(run, block, "id");
	if (run->failure->code)
		return false;
	if (!id || !*id) {
		run_fail(run, run->service && run->service->invalid ? run->service->invalid : "MissingParameter",
			 "The request must contain the parameter %s", parameter_name(run, expr));
		return false;
	}
	const struct object *object = run_need(run, kind, id);
	if (!object)
		return false;
	bind(run, last_label(block), object_value(run, object));
	return true;
}

static bool step_fail(struct run *run, const struct block *block)
{
	const struct expr *when = attr_expr(block, "when");
	if (when && !value_is_true(run_eval(run, when)))
		return !run->failure->code;
	const char *message = text_at(run, block, "message");
	const struct value *status = run_eval(run, attr_expr(block, "status")), *fields = run_eval(run, attr_expr(block, "fields"));
	int64_t number = 0;
	if (value_is_a(status, TYPE_NUMBER) && number_to_int(status->number, &number) && !run->failure->code)
		run->failure->status = (unsigned)number;
	if (value_is_a(fields, TYPE_OBJECT))
		run->failure->fields = fields;
	run_fail(run, first_label(block), "%s", message ? message : "");
	return false;
}

/* Whether what the steps create, those of procedures among them, can have tags of that resource type. */
static bool creates_tagged(const struct run *run, const struct body *body, const char *type, unsigned depth)
{
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		const struct kind *kind = !strcmp(block->type, "create") ? library_kind(run->world->library, first_label(block)) : NULL;
		const struct block *procedure = !strcmp(block->type, "run") ? map_find(&run->world->library->procedures, first_label(block)) : NULL;
		if ((kind && kind->tags && !strcmp(kind->tags, type)) || creates_tagged(run, block->body, type, depth) ||
		    (procedure && depth < DEPTH_LIMIT && creates_tagged(run, procedure->body, type, depth + 1)))
			return true;
	}
	return false;
}

static bool check_tag_types(struct run *run)
{
	const struct value *specs = run->in ? value_get(run->in, "TagSpecifications") : NULL;
	for (uint32_t i = 0; specs && specs->state == VALUE_KNOWN && i < specs->count; i++) {
		const char *type = value_get_text(specs->items[i], "ResourceType");
		const struct value *tags = value_get(specs->items[i], "Tags");
		if (!type || !*type) {
			run_fail(run, "InvalidParameterValue", "Tag specification resource type must have a value");
			return false;
		}
		if (!tags || value_is_null(tags) || !tags->count) {
			run_fail(run, "InvalidParameterValue", "Tag specification must have at least one tag");
			return false;
		}
		if (creates_tagged(run, run->operation->body, type, 0))
			continue;
		run_fail(run, "InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", type);
		return false;
	}
	return true;
}

static void check_tag(struct run *run, const struct value *tag)
{
	const char *key = value_get_text(tag, "Key"), *text = value_get_text(tag, "Value");
	if (!key || !*key)
		run_fail(run, "InvalidParameterValue", "Tag keys must have at least one character");
	else if (!strncasecmp(key, "aws:", 4))
		run_fail(run, "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
	else if (utf8_count(key) > TAG_KEY_LIMIT)
		run_fail(run, "InvalidParameterValue", "Tag key exceeds the maximum length of %d characters", TAG_KEY_LIMIT);
	else if (text && utf8_count(text) > TAG_VALUE_LIMIT)
		run_fail(run, "InvalidParameterValue", "Tag value exceeds the maximum length of %d characters", TAG_VALUE_LIMIT);
}

/* The tags that a create asks for by TagSpecifications. */
static const struct value *asked_tags(struct run *run, const struct kind *kind)
{
	const struct value *specs = run->in && kind->tags ? value_get(run->in, "TagSpecifications") : NULL;
	VEC(const struct value *) tags = {0};
	for (uint32_t i = 0; specs && specs->state == VALUE_KNOWN && i < specs->count; i++) {
		const char *type = value_get_text(specs->items[i], "ResourceType");
		const struct value *list = value_get(specs->items[i], "Tags");
		if (!type || strcmp(type, kind->tags) || !list)
			continue;
		for (uint32_t t = 0; t < list->count; t++) {
			check_tag(run, list->items[t]);
			for (size_t k = 0; k < tags.count && !run->failure->code; k++) {
				if (!strcmp(value_get_text(tags.items[k], "Key"), value_get_text(list->items[t], "Key")))
					run_fail(run, "InvalidParameterValue", "Duplicate tag key '%s' specified.", value_get_text(list->items[t], "Key"));
			}
			vec_add(&tags, list->items[t]);
		}
	}
	if (tags.count > TAGS_LIMIT)
		run_fail(run, "TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
	const struct value *result = tags.count ? value_tuple(run->arena, tags.items, tags.count) : NULL;
	vec_free(&tags);
	return result;
}

static bool step_create(struct run *run, const struct block *block)
{
	const struct kind *kind = library_kind(run->world->library, first_label(block));
	const struct value *value = run_eval(run, attr_expr(block, "value"));
	const char *id = attr_expr(block, "id") ? text_at(run, block, "id") : new_id(run->arena, kind->prefix ? kind->prefix : "");
	const struct value *tags = attr_expr(block, "tags") ? run_eval(run, attr_expr(block, "tags")) : asked_tags(run, kind);
	if (run->failure->code)
		return false;
	if (!value_is_a(value, TYPE_OBJECT) || !id)
		bug("a \"create\" of kind \"%s\" has no value or no id", kind->name);
	if (store_find(run->world->store, kind->name, run_region(run, kind), id))
		bug("there is already an object \"%s\" of kind \"%s\"", id, kind->name);
	const char *names[] = {"_kind", "_id", kind->id_member ? kind->id_member : "_id", "Tags"};
	const struct value *id_value = value_string(run->arena, id);
	const struct value *items[] = {value_string(run->arena, kind->name), id_value, id_value, tags};
	value = value_with(run->arena, value, value_object(run->arena, names, items, tags ? 4 : 3));
	store_put(run->world->store, kind->name, run_region(run, kind), id, value);
	bind(run, last_label(block), value);
	return true;
}

/* The stored object that a value is a version of. */
static const struct object *stored(struct run *run, const struct value *value, const struct block *block)
{
	const char *kind = value_get_text(value, "_kind"), *id = value_get_text(value, "_id");
	if (!kind || !id) {
		if (!run->failure->code) {
			const struct src *src = src_find(run->world->library->sources, block->range.start);
			run->failure->status = 500;
			run_fail(run, "InternalError", "mistake in the sandbox, %s:%u: what is to be changed is no object", src_name(src),
				 src_pos(src, block->range.start).line);
		}
		return NULL;
	}
	return store_find(run->world->store, kind, run_region(run, library_kind(run->world->library, kind)), id);
}

static const struct value *target(struct run *run, const struct block *block)
{
	if (attr_expr(block, "of"))
		return run_eval(run, attr_expr(block, "of"));
	const char *name = last_label(block);
	const struct value *bound = name ? map_find(&run->names, name) : NULL;
	if (!bound && name && !strcmp(name, "self"))
		bound = run->self;
	return bound ? bound : &value_null_any;
}

static bool step_update(struct run *run, const struct block *block)
{
	const struct value *set = run_eval(run, attr_expr(block, "set"));
	const struct object *object = run->failure->code ? NULL : stored(run, target(run, block), block);
	if (run->failure->code)
		return false;
	if (!object || !value_is_a(set, TYPE_OBJECT))
		bug("an \"update\" has nothing to change or to set");
	const struct value *value = value_with(run->arena, object_value(run, object), set);
	store_put(run->world->store, object->kind, object->region, object->id, value);
	if (block->label_count && !strcmp(block->labels[0].text, "self"))
		run->self = value;
	else if (block->label_count)
		bind(run, block->labels[0].text, value);
	return true;
}

static bool step_delete(struct run *run, const struct block *block)
{
	const struct value *value = target(run, block);
	const struct object *object = run->failure->code ? NULL : stored(run, value, block);
	if (object)
		store_delete(run->world->store, object);
	return !run->failure->code;
}

static bool step_each(struct run *run, const struct block *block)
{
	const struct value *list = run_eval(run, attr_expr(block, "in"));
	if (run->failure->code)
		return false;
	if (list->state != VALUE_KNOWN)
		return true;
	for (uint32_t i = 0; i < list->count && !type_is_primitive(list->type); i++) {
		bind(run, first_label(block), list->items[i]);
		if (!run_steps(run, block->body))
			return false;
	}
	return true;
}

static bool step_later(struct run *run, const struct block *block)
{
	const struct value *object = target(run, block), *after = run_eval(run, attr_expr(block, "after"));
	if (run->failure->code || !value_is_a(after, TYPE_NUMBER))
		return !run->failure->code;
	bool real = value_is_true(run_eval(run, attr_expr(block, "real")));
	world_later(run->world, run->region, first_label(block), object, number_to_double(after->number), real);
	return true;
}

bool run_procedure(const struct run *caller, const char *name, const struct value *self, const struct value *args)
{
	const struct block *block = map_find(&caller->world->library->procedures, name);
	if (!block)
		bug("there is no procedure \"%s\"", name);
	struct run inner = *caller;
	inner.names = (struct map)MAP_INIT;
	inner.self = self;
	inner.args = args;
	if (++inner.depth > DEPTH_LIMIT)
		bug("procedures of the sandbox's files go round in a circle");
	bool ok = run_steps(&inner, block->body);
	map_release(&inner.names);
	return ok;
}

static bool step_run(struct run *run, const struct block *block)
{
	const struct value *self = attr_expr(block, "of") ? run_eval(run, attr_expr(block, "of")) : run->self;
	const struct value *args = run_eval(run, attr_expr(block, "with"));
	struct run with = *run; /* parameters of its own, where such are given */
	if (attr_expr(block, "in"))
		with.in = run_eval(run, attr_expr(block, "in"));
	return !run->failure->code && run_procedure(&with, first_label(block), self, args);
}

static bool step_when(struct run *run, const struct block *block)
{
	bool yes = value_is_true(run_eval(run, attr_expr(block, "if")));
	return !run->failure->code && (!yes || run_steps(run, block->body));
}

static const struct {
	const char *name;
	bool (*run)(struct run *run, const struct block *block);
} steps[] = {
	{"let", step_let}, {"need", step_need}, {"fail", step_fail}, {"create", step_create}, {"update", step_update}, {"delete", step_delete},
	{"each", step_each}, {"when", step_when}, {"later", step_later}, {"run", step_run}, {"list", run_list},
};

bool run_steps(struct run *run, const struct body *body)
{
	for (size_t i = 0; i < body->block_count; i++) {
		size_t at = 0;
		while (strcmp(steps[at].name, body->blocks[i].type))
			at++;
		if (!steps[at].run(run, &body->blocks[i]) || run->failure->code)
			return false;
	}
	return true;
}

/* ---- the whole ---- */

const struct value *value_put_path(struct arena *arena, const struct value *object, const char *path, const struct value *item)
{
	const char *dot = strchr(path, '.');
	const char *name = dot ? arena_strndup(arena, path, (size_t)(dot - path)) : path;
	if (dot) {
		const struct value *inner = value_get(object, name);
		item = value_put_path(arena, inner && inner->type->kind == TYPE_OBJECT ? inner : value_object(arena, NULL, NULL, 0), dot + 1, item);
	}
	return value_with(arena, object, value_object(arena, &name, &item, 1));
}

static const struct value *paged_answer(struct run *run, const struct value *answer)
{
	const struct aws_page *page = aws_operation_page(run->operation->aws);
	if (!page)
		return answer;
	if (run->next_page && page->out[0])
		answer = value_put_path(run->arena, answer, aws_text(page->out[0]), value_string(run->arena, run->next_page));
	if (page->more)
		answer = value_put_path(run->arena, answer, aws_text(page->more), value_bool(run->next_page));
	return answer;
}

const struct value *run_operation(struct run *run)
{
	const struct value *answer = NULL;
	if (check_tag_types(run) && run_steps(run, run->operation->body)) {
		const struct attribute *attr = body_find_attr(run->operation->body, "answer");
		const struct aws_page *page = aws_operation_page(run->operation->aws);
		answer = attr ? run_eval(run, attr->expr) : value_object(run->arena, NULL, NULL, 0);
		if (!attr && run->found && page)
			answer = value_put_path(run->arena, answer, aws_text(page->keys[0]), run->found);
		if (!run->found && page && value_is_a(answer, TYPE_OBJECT))
			answer = run_page(run, answer);
		if (page && value_is_a(answer, TYPE_OBJECT))
			answer = paged_answer(run, answer);
	}
	map_release(&run->names);
	run->names = (struct map)MAP_INIT;
	return run->failure->code ? NULL : answer;
}
