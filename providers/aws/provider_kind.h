/* SPDX-License-Identifier: Apache-2.0 */
/* The provider kind "aws". */
#pragma once

#include "providers/provider.h"

struct arena;
struct aws;
struct aws_settings;

extern const struct provider_kind aws_provider_kind;

/*
 * What a provider block's arguments mean for a configuration of our own; they must live as long as the settings. Arguments that
 * are not known are taken as not written.
 */
void provider_settings(struct arena *arena, const struct value *arguments, struct aws_settings *out);

/* The client of a connected provider of this kind, for commands that speak to AWS themselves; it lives as long as the provider. */
struct aws *aws_provider_client(struct provider *provider);
