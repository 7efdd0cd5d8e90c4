/* SPDX-License-Identifier: Apache-2.0 */
/* infra providers: which ones a configuration uses, and the schemas of their types. */
#include "cmd/infra/session.h"
#include "lang/value/jsonw.h"
#include "plans/graph.h"

#include <stdio.h>
#include <string.h>

static void add_schemas(struct session *s, const struct provider_kind *kind, bool data, const char *key, struct jsonw *w)
{
	size_t count;
	const char *const *names = kind->type_names(data, &count);
	if (!count)
		return;
	jsonw_open(w, key, '{');
	for (size_t i = 0; i < count; i++) {
		const struct resource_type *type = kind->find_type(names[i], data, &s->diags);
		if (!type)
			continue;
		AUTO_BUF struct buf schema = BUF_INIT;
		schema_print_json(type->schema, &schema);
		jsonw_raw(w, names[i], buf_text(&schema), schema.len);
		if (w->out->len > 1 << 16) {
			fwrite(w->out->ptr, 1, w->out->len, stdout);
			buf_clear(w->out);
		}
	}
	jsonw_close(w, '}');
}

static void print_schemas(struct session *s, const struct map *used)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct jsonw w = {.out = &out, .html_safe = true};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "format_version", "1.0");
	jsonw_open(&w, "provider_schemas", '{');
	for (size_t i = 0; provider_kinds[i]; i++) {
		const struct provider_kind *kind = provider_kinds[i];
		if (used && !map_find(used, kind->name))
			continue;
		jsonw_open(&w, kind->source, '{');
		AUTO_BUF struct buf schema = BUF_INIT;
		schema_print_json(kind->config_schema(), &schema);
		jsonw_raw(&w, "provider", buf_text(&schema), schema.len);
		add_schemas(s, kind, false, "resource_schemas", &w);
		add_schemas(s, kind, true, "data_source_schemas", &w);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	buf_addc(&out, '\n');
	session_print(&out);
}

/* The kinds that the configuration's blocks use; false when there is no configuration that can be read. */
static bool find_used(struct session *s, struct map *used)
{
	if (!session_load_config(s) || !session_new_engine(s, NULL, NULL))
		return false;
	const struct graph *graph = engine_graph(s->engine);
	for (struct map_entry *e = map_first(&graph->providers); e; e = map_next(&graph->providers, e)) {
		const struct provider_config *config = e->value;
		if (config->kind)
			map_put(used, config->kind->name, (void *)(uintptr_t)1);
	}
	return true;
}

static int providers_schema(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra providers schema -json\n\nPrints the schemas of all types of the providers that the configuration uses, in "
				 "Terraform's form, for editors and checkers.", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("providers schema", argv[at]);
	} else if (at >= 0 && !s.json) {
		fputs("infra providers schema: there is only a JSON form; add -json\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		struct map used = MAP_INIT;
		if (find_used(&s, &used))
			print_schemas(&s, &used);
		map_release(&used);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int providers_list(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE,
				 "Usage: infra providers [OPTION...]\n       infra providers schema -json\n\nLists the providers that the configuration uses, with "
				 "the blocks that configure them, and those of the state's objects. All are part of infra.", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("providers", argv[at]);
	} else if (at >= 0) {
		if (session_load_config(&s) && session_open_state_only(&s, true, "providers") && session_new_engine(&s, NULL, NULL)) {
			const struct graph *graph = engine_graph(s.engine);
			size_t count = 0;
			const char **lines = arena_array_of(s.arena, map_size(&graph->providers), const char *);
			for (struct map_entry *e = map_first(&graph->providers); e; e = map_next(&graph->providers, e)) {
				const struct provider_config *config = e->value;
				size_t objects = 0;
				for (size_t i = 0; i < state_object_count(s.state); i++)
					objects += !strcmp(state_object_at(s.state, i)->provider, config->address);
				lines[count++] = arena_printf(s.arena, "%-24s %-44s %zu object%s in the state", config->address,
							      config->kind ? config->kind->source : "(not known)", objects, objects == 1 ? "" : "s");
			}
			if (count)
				qsort(lines, count, sizeof(*lines), compare_texts);
			for (size_t i = 0; i < count; i++)
				puts(lines[i]);
		}
		fflush(stdout);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

int cmd_providers(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "schema"))
		return providers_schema(argc - 1, argv + 1);
	return providers_list(argc, argv);
}
