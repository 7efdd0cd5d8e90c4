/* SPDX-License-Identifier: Apache-2.0 */
/* Password hashes as htpasswd, Linux and Terraform's bcrypt() write them: "$2a$10$...". */
#pragma once

#include "base/base.h"

struct buf;

enum { BCRYPT_MIN_COST = 4, BCRYPT_DEFAULT_COST = 10, BCRYPT_MAX_COST = 31, BCRYPT_MAX_LENGTH = 72 };

/*
 * Appends a hash with a new salt. Each step of the cost doubles the time; 10 takes some 50 ms. The password
 * has no more than BCRYPT_MAX_LENGTH bytes and no zero byte. False when the system's library has no bcrypt.
 */
bool bcrypt_hash(const char *password, unsigned cost, struct buf *out) MUST_USE;
