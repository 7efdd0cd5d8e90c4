/* SPDX-License-Identifier: Apache-2.0 */
/* Import blocks: the objects that they bring into a resource are read before it is planned. */
#include "plans/planner.h"

#include <string.h>

struct import_read {
	struct block_visit *visit;
	struct working *working;
	const struct import_block *block;
};

static void on_imported(void *ctx, const struct read_item *item, enum read_outcome outcome, const struct value *value)
{
	(void)ctx;
	struct import_read *import = item->ctx;
	struct block_visit *visit = import->visit;
	struct engine *engine = visit->planner->engine;
	struct working *w = import->working;
	if (outcome == READ_FOUND) {
		w->value = value_copy(engine->arena, schema_mark_sensitive(engine->arena, w->type->schema, value));
		map_put(&engine->current, w->address, w);
		return;
	}
	visit->failed = true;
	if (outcome == READ_GONE) {
		struct diag *diag = diag_error(engine->diags, import->block->range, "Cannot import non-existent remote object",
					       "There is no object with the id \"%s\" to be imported as %s, in the place where its provider works. "
					       "Only objects that exist can be imported.", item->import_id, w->address);
		diag->address = arena_strdup(engine->diags->arena, w->address);
	}
}

static void on_imports_end(void *ctx)
{
	struct block_visit *visit = ctx;
	if (visit->failed)
		visit_end(visit);
	else
		plan_instances(visit);
}

static const char *import_id(struct planner *p, const struct import_block *block, const struct instance *instance)
{
	struct engine *engine = p->engine;
	struct world_eval we;
	world_eval_init(&we, engine->world, engine->world->root, instance, NULL, engine->arena, engine->diags);
	if (!block->id) {
		diag_error(engine->diags, block->range, "Invalid import block", "The argument \"id\" is needed: the id of the object in its cloud.");
		return NULL;
	}
	const struct value *v = eval_expr_as(&we.eval, block->id, &type_string, "id");
	if (v->state == VALUE_KNOWN && v->count && !v->marks)
		return v->text;
	if (!diags_has_errors(engine->diags))
		diag_error(engine->diags, block->id->range, "Invalid import id argument", "%s",
			   v->state == VALUE_UNKNOWN ? "The id is known only after apply; it must be known while planning."
						     : "The id is null, empty or sensitive.");
	return NULL;
}

/* The address that `to` names for one instance of the import block. */
static bool import_address(struct planner *p, const struct import_block *block, const struct instance *instance, struct address *out)
{
	struct engine *engine = p->engine;
	struct ref ref;
	if (!expr_as_ref(engine->arena, block->to, &ref))
		return false;
	struct world_eval we;
	world_eval_init(&we, engine->world, engine->world->root, instance, NULL, engine->arena, engine->diags);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, ref.root);
	for (size_t i = 0; i < ref.count; i++) {
		if (ref.steps[i].name) {
			buf_addf(&text, ".%s", ref.steps[i].name);
			continue;
		}
		const struct value *key = eval_expr(&we.eval, ref.steps[i].key);
		int64_t index;
		if (value_is_a(key, TYPE_NUMBER) && number_to_int(key->number, &index))
			instance_key_print((struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)index}, &text);
		else if (value_is_a(key, TYPE_STRING))
			instance_key_print((struct instance_key){.kind = KEY_NAME, .name = key->text}, &text);
	}
	return address_parse(engine->arena, buf_text(&text), out, engine->diags);
}

void visit_start_imports(struct block_visit *visit)
{
	struct planner *p = visit->planner;
	struct engine *engine = p->engine;
	const struct node *node = visit->node;
	const struct module *root = engine->graph->config->root;
	VEC(struct read_item) items = {0};
	size_t errors = engine->diags->error_count;
	for (size_t i = 0; i < node->import_count && p->options->mode == PLAN_NORMAL; i++) {
		const struct import_block *block = &root->imports[node->imports[i]];
		struct instance none = {.each_value = NULL};
		struct expansion one = {.items = &none, .count = 1};
		struct expansion *each = &one;
		if (block->for_each)
			each = world_expand_each(engine->world, engine->world->root, block->for_each, engine->diags);
		for (size_t k = 0; k < each->count; k++) {
			struct address to;
			if (!import_address(p, block, block->for_each ? &each->items[k] : NULL, &to))
				continue;
			const char *address = address_print(engine->arena, &to);
			if (engine_find_object(engine, address) || (engine->selection && !selection_has_instance(engine->selection, node, &to)))
				continue;
			const char *id = import_id(p, block, block->for_each ? &each->items[k] : NULL);
			if (!id)
				continue;
			bool twice = false;
			for (size_t n = 0; n < items.count && !twice; n++)
				twice = !strcmp(items.items[n].address, address);
			if (twice) {
				diag_error(engine->diags, block->range, "Duplicate import configuration",
					   "Another import block already says what is imported as %s.", address);
				continue;
			}
			struct working *w = arena_new_of(engine->arena, struct working);
			*w = (struct working){.address = address, .parts = to, .type = node->type, .refreshed = true};
			w->read = (struct read_item){.address = address, .import_id = id, .look_at_all = true, .range = block->range};
			struct import_read *import = arena_new_of(engine->arena, struct import_read);
			*import = (struct import_read){visit, w, block};
			w->read.ctx = import;
			vec_add(&items, w->read);
		}
	}
	if (engine->diags->error_count > errors) {
		visit->failed = true;
		vec_free(&items);
		visit_end(visit);
		return;
	}
	size_t count = items.count;
	struct read_item *copies = vec_copy(&items, engine->arena);
	vec_free(&items);
	struct provider_run *run = engine_provider(engine, node->uses);
	if (count && (!run || !run->provider || run->deferred)) {
		diag_error(engine->diags, copies[0].range, "Cannot import through a provider that is not ready",
			   "The configuration of the provider \"%s\" depends on values that are known only after apply, so that %s cannot be read "
			   "now. Apply first what it depends on, with -target.", node->uses->address, copies[0].address);
		visit->failed = true;
		visit_end(visit);
		return;
	}
	if (count)
		node->type->kind->read(run->provider, node->type, copies, count, on_imported, on_imports_end,
				       visit, engine->diags);
	else
		plan_instances(visit);
}
