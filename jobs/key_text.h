/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are the same, by their texts. */
#pragma once

#include "base/base.h"

/* Two public ones as OpenSSH writes them, whatever their comments. */
bool key_lines_equal(const char *a, const char *b);
/* Whether a text is the private key without a passphrase that belongs to a public one. `text` may be NULL. */
bool private_key_fits(const char *text, const char *public_key);
