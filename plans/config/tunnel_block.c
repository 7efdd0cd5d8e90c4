/* SPDX-License-Identifier: Apache-2.0 */
/* The block `tunnel`: names a port of a host, for `infra tunnel NAME`. */
#include "plans/config/config_internal.h"

#include <string.h>

/* Ports that are written as they are can be told wrong before anything is evaluated. */
static void check_port(struct loader *l, const struct expr *expr, const char *name)
{
	int64_t n;
	if (!expr || expr->kind != EXPR_LITERAL || !value_is_a(expr->literal, TYPE_NUMBER))
		return;
	if (!number_to_int(expr->literal->number, &n) || n < 1 || n > 65535)
		diag_error(l->diags, expr->range, "Invalid port", "The argument \"%s\" is a whole number from 1 to 65535.", name);
}

void config_read_tunnel(struct loader *l, struct module *module, const struct block *block)
{
	static const char *const attrs[] = {"host", "port", "local_port", "path", "description", NULL};
	const struct body *body = block->body;
	if (module->parent) {
		diag_error(l->diags, block->header_range, "Tunnel outside the root module",
			   "Tunnels stand in the root module, where `infra tunnel` finds them by name. Give the host's address out as an output of "
			   "this module, and write the block in the root: host = module.%s.ADDRESS", module->name);
		return;
	}
	config_check_names(l, body, &(struct body_names){attrs, NULL, "a tunnel block"});
	config_need_argument(l, block, "host");
	config_need_argument(l, block, "port");
	struct tunnel *t = arena_new_of(l->arena, struct tunnel);
	*t = (struct tunnel){
		.name = block->labels[0].text,
		.host = config_expr(body, "host"),
		.port = config_expr(body, "port"),
		.local_port = config_expr(body, "local_port"),
		.path = config_expr(body, "path"),
		.description = config_text(l, body, "description"),
		.range = block->header_range,
	};
	check_port(l, t->port, "port");
	check_port(l, t->local_port, "local_port");
	struct tunnel *first = map_find(&module->tunnels, t->name);
	if (first)
		config_declared_twice(l, block->header_range, first->range, "Duplicate tunnel", "The tunnel", t->name);
	else if (t->host && t->port)
		map_put(&module->tunnels, t->name, t);
}
