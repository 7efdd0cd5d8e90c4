/* SPDX-License-Identifier: Apache-2.0 */
/* Version constraints: ">= 1.5, < 2.0", "~> 5.0", "!= 1.2.3". */
#include "plans/config/config_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct version {
	long parts[3];
	int count; /* parts written */
};

static const char *parse_version(const char *s, struct version *v)
{
	*v = (struct version){{0, 0, 0}, 0};
	if (*s == 'v')
		s++;
	while (v->count < 3) {
		if (!isdigit((unsigned char)*s))
			return NULL;
		char *end;
		v->parts[v->count++] = strtol(s, &end, 10);
		s = end;
		if (*s != '.')
			break;
		s++;
	}
	if (*s == '-' || *s == '+') { /* pre-releases and build words: only the numbers are compared */
		while (*s && *s != ',' && *s != ' ')
			s++;
	}
	return s;
}

static int compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < 3; i++) {
		if (a->parts[i] != b->parts[i])
			return a->parts[i] < b->parts[i] ? -1 : 1;
	}
	return 0;
}

/* ~> 1.2.3 allows 1.2.x from 3 on; ~> 1.2 allows 1.x from 2 on; ~> 1 allows 1.x. */
static bool is_pessimistic(const struct version *have, const struct version *want)
{
	int fixed = want->count > 1 ? want->count - 1 : 1;
	for (int i = 0; i < fixed; i++) {
		if (have->parts[i] != want->parts[i])
			return false;
	}
	return compare(have, want) >= 0;
}

enum verdict { ALLOWED, REFUSED, MALFORMED };

/* constraint { "," constraint }: all must hold. */
static enum verdict check(const char *s, const struct version *have)
{
	enum verdict verdict = ALLOWED;
	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		static const char *const operators[] = {">=", "<=", "!=", "~>", "=", ">", "<"};
		const char *operator= "=";
		for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
			size_t n = strlen(operators[i]);
			if (!strncmp(s, operators[i], n)) {
				operator= operators[i];
				s += n;
				break;
			}
		}
		while (isspace((unsigned char)*s))
			s++;
		struct version want;
		s = parse_version(s, &want);
		if (!s)
			return MALFORMED;
		int order = compare(have, &want);
		bool holds = !strcmp(operator, ">=")  ? order >= 0
			     : !strcmp(operator, "<=") ? order <= 0
			     : !strcmp(operator, "!=") ? order != 0
			     : !strcmp(operator, "~>") ? is_pessimistic(have, &want)
			     : !strcmp(operator, ">")  ? order > 0
			     : !strcmp(operator, "<")  ? order < 0
						       : order == 0;
		if (!holds)
			verdict = REFUSED;
		while (isspace((unsigned char)*s))
			s++;
		if (!*s)
			return verdict;
		if (*s++ != ',')
			return MALFORMED;
	}
}

void config_check_version(struct diags *diags, const char *constraint, struct src_range range)
{
	static const struct version have = {{1, 11, 4}, 3};
	switch (check(constraint, &have)) {
	case ALLOWED:
		break;
	case REFUSED:
		diag_error(diags, range, "Unsupported Terraform Core version",
			   "This configuration wants the language of Terraform \"%s\". infra has that of 1.11. If the configuration works with "
			   "it, widen the constraint.", constraint);
		break;
	case MALFORMED:
		diag_error(diags, range, "Invalid version constraint",
			   "\"%s\" is no version constraint. Examples: \">= 1.5\", \"~> 1.5\", \">= 1.5, < 2.0\".", constraint);
		break;
	}
}

/* Some release of major version 5 must be allowed: asked of a few that stand for all. */
void config_check_provider_version(struct diags *diags, const struct provider_requirement *need)
{
	bool aws = !strcmp(need->local_name, "aws") || (need->source && !strcmp(need->source, "hashicorp/aws"));
	static const struct version any = {{0, 0, 0}, 3};
	if (check(need->version, &any) == MALFORMED) {
		diag_error(diags, need->range, "Invalid version constraint",
			   "\"%s\" is no version constraint. Examples: \">= 5.0\", \"~> 5.0\", \">= 5.0, < 6.0\".", need->version);
		return;
	}
	if (!aws)
		return;
	for (long minor = 0; minor <= 100; minor++) {
		const struct version have = {{5, minor, 0}, 3};
		if (check(need->version, &have) == ALLOWED)
			return;
	}
	diag_warning(diags, need->range, "Provider version constraint leaves out 5.x",
		     "infra's AWS types have the names and defaults of version 5 of Terraform's provider, but \"%s\" does not allow that "
		     "version. Arguments that came or went since may be missing.", need->version);
}
