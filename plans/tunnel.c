/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/tunnel.h"

static const struct value *argument(struct world_eval *we, const struct expr *expr, const struct type *type, const char *name,
				    struct tunnel_value *out)
{
	if (!expr)
		return NULL;
	const struct value *v = eval_expr_as(&we->eval, expr, type, name);
	out->unknown |= v->state == VALUE_UNKNOWN;
	return v->state == VALUE_KNOWN ? v : NULL;
}

static unsigned port(struct world_eval *we, const struct expr *expr, const char *name, struct tunnel_value *out)
{
	const struct value *v = argument(we, expr, &type_number, name, out);
	int64_t n = 0;
	if (!v)
		return 0;
	if (!number_to_int(v->number, &n) || n < 1 || n > 65535)
		eval_error(&we->eval, expr, expr->range, "Invalid port", "The argument \"%s\" is a whole number from 1 to 65535.", name);
	return (unsigned)n;
}

static const char *text(struct world_eval *we, const struct expr *expr, const char *name, struct tunnel_value *out)
{
	const struct value *v = argument(we, expr, &type_string, name, out);
	if (!v)
		return NULL;
	out->sensitive |= (value_marks_deep(v) & VALUE_SENSITIVE) != 0;
	return v->text;
}

bool tunnel_evaluate(struct world_eval *we, const struct tunnel *tunnel, struct tunnel_value *out)
{
	size_t errors = we->eval.diags->error_count;
	*out = (struct tunnel_value){0};
	out->host = text(we, tunnel->host, "host", out);
	if (out->host && !*out->host)
		eval_error(&we->eval, tunnel->host, tunnel->host->range, "Invalid host",
			   "The argument \"host\" is an address, or a name, and not an empty text; null says that there is no such host.");
	out->port = port(we, tunnel->port, "port", out);
	out->local_port = port(we, tunnel->local_port, "local_port", out);
	out->path = text(we, tunnel->path, "path", out);
	if (out->path && *out->path != '/')
		eval_error(&we->eval, tunnel->path, tunnel->path->range, "Invalid path",
			   "The argument \"path\" is what follows the port in the page's address: it begins with a slash, like \"/lab\".");
	return we->eval.diags->error_count == errors;
}
