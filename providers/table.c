/* SPDX-License-Identifier: Apache-2.0 */
/* All kinds of providers. */
#include "providers/aws/provider_kind.h"
#include "providers/provider.h"
#include "providers/small/small.h"

#include <string.h>

const struct provider_kind *const provider_kinds[] = {
	&aws_provider_kind,
	&http_provider_kind,
	&local_provider_kind,
	&null_provider_kind,
	&random_provider_kind,
	&template_provider_kind,
	&terraform_provider_kind,
	&time_provider_kind,
	&tls_provider_kind,
	NULL,
};

const struct provider_kind *provider_find_kind(const char *name)
{
	for (size_t i = 0; provider_kinds[i]; i++) {
		if (!strcmp(provider_kinds[i]->name, name))
			return provider_kinds[i];
	}
	return NULL;
}

bool provider_add_types(const char *path, const char *text, size_t len, struct diags *diags)
{
	bool ok = true;
	for (size_t i = 0; provider_kinds[i]; i++) {
		if (provider_kinds[i]->add_types)
			ok &= provider_kinds[i]->add_types(path, text, len, diags);
	}
	return ok;
}
