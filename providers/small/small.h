/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of providers that are no clouds. */
#pragma once

#include "providers/provider.h"

extern const struct provider_kind http_provider_kind, local_provider_kind, null_provider_kind, random_provider_kind,
	template_provider_kind, terraform_provider_kind, time_provider_kind, tls_provider_kind;
