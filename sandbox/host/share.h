/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems that hosts share: a kept directory each, which hosts see beneath /run/efs, and their mount targets,
 * addresses of a VPC's router where something listens on NFS's port: who gets there may mount what he sees.
 */
#pragma once

#include "sandbox/host/guest.h"

/* Directories for an order's "shares"; those of others are removed. */
void shares_apply(struct guests *guests, const struct value *shares);
/* An order's "targets", in the networks that there are. */
void targets_apply(struct guests *guests, const struct value *targets);
/* Those of a router that ends. */
void targets_forget(struct guests *guests, const struct router *router);
