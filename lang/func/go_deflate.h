/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deflate (RFC 1951) to the last bit as Go's compress/flate does it at its default level. base64gzip()
 * of Terraform is that, and what it gave stands in states as user data: other bytes of the same
 * meaning would replace the host that was started with them.
 */
#pragma once

#include "base/base.h"

struct buf;

/* Appends the text as one stream: its blocks, the marks of a flush and of the end, as a gzip writer closed after a flush leaves them. */
void go_deflate(const void *bytes, size_t len, struct buf *out);
