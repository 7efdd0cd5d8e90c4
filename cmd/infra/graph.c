/* SPDX-License-Identifier: Apache-2.0 */
/* infra graph: which resource needs which, for `dot`. */
#include "cmd/infra/session.h"
#include "plans/graph.h"

#include <stdio.h>
#include <string.h>

/* The resources that a node needs with only locals, variables, outputs and calls in between. */
static void nearest_resources(const struct graph *graph, uint32_t at, uint8_t *seen, uint8_t *found)
{
	const struct node *node = &graph->nodes[at];
	for (size_t i = 0; i < node->dep_count; i++) {
		uint32_t next = node->deps[i];
		if (bit_is_set(seen, next))
			continue;
		bit_set(seen, next);
		if (graph->nodes[next].kind == NODE_RESOURCE)
			bit_set(found, next);
		else
			nearest_resources(graph, next, seen, found);
	}
}

static void print_label(const struct node *node, struct buf *out)
{
	buf_addf(out, "  \"%s\" [label=\"%s\"];\n", node->address, node->resource->address);
}

static void print_graph(const struct graph *graph, struct buf *out)
{
	size_t bytes = graph->count / 8 + 1;
	buf_adds(out, "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n");
	const struct config *config = graph->config;
	for (size_t m = 0; m < config->module_count; m++) {
		const struct module *module = config->modules[m];
		bool any = false;
		for (uint32_t i = 0; i < graph->count; i++) {
			const struct node *node = &graph->nodes[i];
			if (node->kind != NODE_RESOURCE || node->module != module)
				continue;
			if (!any && module->parent)
				buf_addf(out, "  subgraph \"cluster_module.%s\" {\n  label = \"module.%s\"\n  fontname = \"sans-serif\"\n", module->path,
					 module->path);
			any = true;
			print_label(node, out);
		}
		if (any && module->parent)
			buf_adds(out, "  }\n");
	}
	AUTO_FREE uint8_t *direct = xcalloc(bytes, 1);
	AUTO_FREE uint8_t *seen = xcalloc(bytes, 1);
	AUTO_FREE uint8_t *further = xcalloc(bytes, 1);
	for (uint32_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		if (node->kind != NODE_RESOURCE)
			continue;
		memset(direct, 0, bytes);
		memset(seen, 0, bytes);
		memset(further, 0, bytes);
		nearest_resources(graph, i, seen, direct);
		for (uint32_t k = 0; k < graph->count; k++) { /* what is needed through another one needs no arrow */
			if (bit_is_set(direct, k))
				graph_mark_needed(graph, k, further);
		}
		for (uint32_t k = 0; k < graph->count; k++) {
			if (bit_is_set(direct, k) && !bit_is_set(further, k))
				buf_addf(out, "  \"%s\" -> \"%s\";\n", node->address, graph->nodes[k].address);
		}
	}
	buf_adds(out, "}\n");
}

int cmd_graph(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_CONFIG,
				 "Usage: infra graph [OPTION...]\n\nPrints which resource needs which, in the language of Graphviz.\n\n    infra graph | dot "
				 "-Tsvg > graph.svg", &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("graph", argv[at]);
	} else if (at >= 0) {
		if (session_load_config(&s) && session_new_engine(&s, NULL, NULL)) {
			AUTO_BUF struct buf out = BUF_INIT;
			print_graph(engine_graph(s.engine), &out);
			session_print(&out);
		}
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}
