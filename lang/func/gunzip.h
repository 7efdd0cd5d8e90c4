/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct buf;

/* One or several gzip streams behind each other, up to 64 MiB of text. NULL, or what is wrong. */
const char *gunzip(const struct buf *in, struct buf *out);
