/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real hosts behind a world's instances: what the store says shall run is told to a process that holds them
 * (sandbox/host/hostd.h). Where this machine allows no hosts, or its user wants none, instances are words only.
 */
#pragma once

#include "base/base.h"

struct buf;
struct hosts;
struct http_exchange;
struct world;

/* Never NULL: what stands in the way is told by hosts_describe(). */
struct hosts *hosts_open(struct world *world);
/* All hosts end; their disks stay. NULL accepted. */
void hosts_close(struct hosts *hosts);
/* The store may have changed: soon after, hosts follow. NULL accepted. */
void hosts_changed(struct hosts *hosts);
/* One or a few lines for people. NULL accepted: then instances have no hosts because nobody wants them. */
void hosts_describe(const struct hosts *hosts, struct buf *out);
/* Of a request that a host has sent; NULL when it has left. NULL accepted. */
struct http_exchange *hosts_exchange(const struct hosts *hosts, uint64_t id);
bool hosts_ready(const struct hosts *hosts); /* NULL accepted */
