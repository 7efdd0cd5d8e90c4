/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bcrypt.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/secret.h"

#include <crypt.h>
#include <stdlib.h>

bool bcrypt_hash(const char *password, unsigned cost, struct buf *out)
{
	char random[16], setting[CRYPT_GENSALT_OUTPUT_SIZE];
	random_bytes(random, sizeof(random));
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *hash = crypt_gensalt_rn("$2a$", cost, random, sizeof(random), setting, sizeof(setting))
				   ? crypt_r(password, setting, data)
				   : NULL;
	bool ok = hash && hash[0] == '$';
	if (ok)
		buf_adds(out, hash);
	wipe(data, sizeof(*data));
	free(data);
	return ok;
}
