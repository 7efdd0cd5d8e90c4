/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing at random without favouring anything; what the random provider's types share. */
#pragma once

#include "base/base.h"

/*
 * Where the bits come from: the kernel, or, with a seed, digests of the seed and a counter, so that
 * the same seed gives the same choices in every run. (Terraform's provider gives others for the same
 * seed, since it takes those of Go's library.)
 */
struct rng {
	const char *seed; /* NULL: the kernel */
	uint64_t counter;
	unsigned char block[32];
	size_t left; /* bytes of `block` not used yet */
};

uint64_t rng_bits(struct rng *rng);
/* A number from 0 to n - 1, each as likely as any other; n is not 0. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/* Shuffles the numbers 0 to n - 1 into `out`. */
void rng_permute(struct rng *rng, size_t *out, size_t n);

/* Words that stand well before an animal's name, in the order "barely", "quiet", "otter". */
enum pet_word { PET_ADVERB, PET_ADJECTIVE, PET_ANIMAL };
const char *pet_word(struct rng *rng, enum pet_word kind);
