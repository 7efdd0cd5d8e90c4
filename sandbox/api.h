/* SPDX-License-Identifier: Apache-2.0 */
/* From an HTTP request to an operation of a service, and back to an answer. */
#pragma once

struct http_exchange;
struct run;
struct world;

/* The http_server_fn of a world. */
void api_handle(void *world, struct http_exchange *exchange);
