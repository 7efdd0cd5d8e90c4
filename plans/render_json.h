/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans, states and progress as programs read them: Terraform's JSON forms, so that what reads those
 * reads ours. A document goes into the buffer whole, or leaves it now and then by the options' flush.
 */
#pragma once

#include "plans/config/config.h"
#include "plans/plan.h"
#include "plans/render.h"

struct engine_event;
struct jsonw;

/* The version of Terraform whose forms these are. */
#define TERRAFORM_FORMS "1.11.4"

/* `show -json PLAN`: format_version 1.2. config may be NULL: without variables' defaults and the configuration. */
void json_plan(const struct plan *plan, const struct config *config, const struct render_options *options, struct buf *out);
/* `show -json`: format_version 1.0. */
void json_state(const struct state *state, render_schema_fn schema_of, void *ctx, const struct render_options *options, struct buf *out);
/* One object as json_state() has it. */
void json_object(const struct object *object, const struct schema *schema, struct buf *out);
/* `output -json`: all, or (name given) the bare value of one. */
void json_outputs(const struct state *state, struct buf *out);
/* The member "configuration" of a plan. */
void json_config(const struct config *config, struct jsonw *w);

/* A diagnostic as `validate -json` and the stream have it. */
void json_diag(const struct diag *diag, const struct src_set *sources, struct jsonw *w);
/* `validate -json`. */
void json_validation(const struct diags *diags, const struct src_set *sources, struct buf *out);

/* ---- the stream of -json: a message a line ---- */
void stream_version(const char *version, struct buf *out);
void stream_log(const char *text, struct buf *out);
void stream_event(const struct engine_event *event, struct buf *out);
void stream_diags(const struct diags *diags, const struct src_set *sources, struct buf *out);
/* Drift, planned changes, the summary and the outputs' changes. */
void stream_plan(const struct plan *plan, const struct render_options *options, struct buf *out);
/* The end of an apply. */
void stream_applied(const struct plan *plan, const struct tally *tally, struct buf *out);
void stream_outputs(const struct state *state, struct buf *out);
