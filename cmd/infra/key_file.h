/* SPDX-License-Identifier: Apache-2.0 */
/* Files of ssh keys, as far as commands look into them. */
#pragma once

#include "base/base.h"

/* NULL when the text is a public key as OpenSSH writes it; else why it is none. */
const char *key_file_refused(const char *public_text);
/* Whether a private key is another one than the public key; false also where that cannot be told, as with a passphrase. */
bool key_file_is_another(const char *private_file, const char *public_text);
