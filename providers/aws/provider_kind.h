/* SPDX-License-Identifier: Apache-2.0 */
/* The provider kind "aws". */
#pragma once

#include "providers/provider.h"

extern const struct provider_kind aws_provider_kind;
