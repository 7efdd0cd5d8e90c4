/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/small/random.h"

#include "base/buf.h"
#include "base/digest.h"

#include <string.h>

static void refill(struct rng *rng)
{
	if (!rng->seed) {
		random_bytes(rng->block, sizeof(rng->block));
	} else {
		AUTO_BUF struct buf input = BUF_INIT;
		buf_addf(&input, "%llu:%s", (unsigned long long)rng->counter++, rng->seed);
		digest_bytes(DIGEST_SHA256, buf_text(&input), input.len, rng->block);
	}
	rng->left = sizeof(rng->block);
}

uint64_t rng_bits(struct rng *rng)
{
	if (rng->left < 8)
		refill(rng);
	uint64_t bits = 0; /* byte by byte, so that a seed says the same on every machine */
	for (size_t i = 0; i < 8; i++)
		bits = bits << 8 | rng->block[--rng->left];
	return bits;
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
	/* the last, incomplete run of n numbers is left out: it would favour the small ones */
	uint64_t rest = (UINT64_MAX % n + 1) % n, most = UINT64_MAX - rest, bits;
	do
		bits = rng_bits(rng);
	while (bits > most);
	return bits % n;
}

void rng_permute(struct rng *rng, size_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)rng_below(rng, i + 1);
		out[i] = out[at];
		out[at] = i;
	}
}
