/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance metadata service of a VPC, at 169.254.169.254 port 80 of its router: what an order says as a host's
 * "metadata", an object of paths and texts, by IMDSv2, and by IMDSv1 where "tokens" is not "required". At another
 * port of that address the cloud itself listens: the socket is made here and handed to its process.
 */
#pragma once

#include "sandbox/host/guest.h"

#define METADATA_ADDRESS "169.254.169.254"
#define METADATA_API_URL "http://" METADATA_ADDRESS ":8000"
enum { METADATA_PORT = 80, METADATA_API_PORT = 8000 };

struct metadata;

/* NULL with errno. */
struct metadata *metadata_open(struct guests *guests, struct router *router);
void metadata_close(struct metadata *metadata); /* NULL accepted */
