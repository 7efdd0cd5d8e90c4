/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operation on one object: a stack of frames, each a list of steps (or what makes such lists)
 * with the place it has come to. Nothing waits in C: a frame that needs an answer, a fresh object
 * or time says so, and is taken up again when that has come.
 */
#pragma once

#include "providers/aws/aws.h"

enum frame_kind {
	FRAME_STEPS,     /* a procedure's or group's steps */
	FRAME_GROUPS,    /* the groups that have something to do, brackets around them */
	FRAME_RECONCILE, /* what a group of members lacks or has too many */
};

enum procedure { PROC_CREATE, PROC_UPDATE, PROC_RECONCILE, PROC_DELETE, PROC_BRACKET };

enum step_state { STEP_START, STEP_EACH, STEP_CALLING, STEP_AFTER, STEP_UNTIL };

struct chunk { /* of a reconcile group: one run of its remove, change or add */
	const struct steps *steps;
	const struct value *member, *added, *removed, *changed;
};

struct frame {
	enum frame_kind kind;
	enum procedure procedure;
	/* steps */
	struct steps steps;
	size_t at;
	enum step_state state;
	const struct value *each;
	size_t each_at;
	unsigned lost, polls, steady;
	uint64_t retry_since; /* ms; 0: no retry under way */
	const struct group *group; /* whose arguments bind */
	struct chunk chunk;
	/* groups */
	const struct group **groups;
	size_t group_count, group_at;
	const struct bracket *open; /* entered, and to be left */
	bool leave_anyway;
	bool created; /* groups that follow a create */
	/* reconcile */
	const struct value *want;
	struct chunk *chunks;
	size_t chunk_count, chunk_at;
	bool compared;
};

enum op_phase { OP_LOCK, OP_BEGIN, OP_WORK, OP_GROUPS, OP_TAGS, OP_LAST_READ, OP_OVER };

struct op {
	struct provider *provider;
	const struct aws_type *type;
	const struct op_request *request;
	struct op_events events;
	void *ctx;
	struct diags *diags;
	struct arena *arena;
	struct env env;
	struct diags mistakes; /* of expressions */
	struct map kept;
	VEC(struct frame) frames;
	const struct value *self; /* planned, unknown parts null; what steps set is in it */
	const char *id;
	uint64_t deadline; /* ms */
	uint64_t timeout_ms;
	struct reading reading;
	struct arena *object_arena; /* of the last read */
	uint64_t object_parts, parts_needed;
	aws_call_id call;
	loop_timer_id timer;
	const struct value *params; /* of the call under way */
	size_t resume_at; /* update: create steps that are still to be done, from here; SIZE_MAX: none */
	const char *resume_bracket;
	const struct value *result;
	const char *serial_key;
	struct op *next_waiting; /* for the same serial key */
	void (*after_search)(struct op *op, bool found, bool ours, bool failed); /* settling and adopting */
	enum op_phase phase;
	unsigned searches;
	unsigned reads; /* of the last read, while the object does not show */
	uint64_t unseen_since; /* ms; 0: it is seen, or was not looked for */
	const char *refusal;   /* what AWS said to the request that is tried again, or NULL */
	bool fresh;     /* env.object is as it stands now */
	bool reading_now;
	bool running, failing, tainted, made, marked;
	bool parked;   /* waits for a lock or a search */
	bool finished; /* done() was called; it goes when nothing of it runs */
	bool searching, settle_by_id, settled_down;
	bool in_create_steps;
};

/* The frame at work. */
static inline struct frame *op_top(struct op *op)
{
	return &op->frames.items[op->frames.count - 1];
}

/* Whether creates give their objects the intent's tag. */
static inline bool type_marks(const struct aws_type *type)
{
	return type->has_tags && type->tags.create;
}

/* Whether another object of the same name, deleted or of others, can only be told apart by that tag: the name is the id. */
static inline bool type_known_by_mark(const struct aws_type *type)
{
	return type->settle == SETTLE_NAME && type_marks(type);
}

/* ---- providers/aws/op.c ---- */
/* Goes on until something has to be waited for. */
void op_advance(struct op *op);
void op_fail(struct op *op, bool tainted);
/* The end of a create of which nobody can say whether it was done: its intent stays. */
void op_undecided(struct op *op);
/* Whether AWS may still show what it has not shown so far: notes when that began, and waits for the next look. */
bool op_waits_for_sight(struct op *op, uint64_t patience_ms, unsigned round);
/* How long a change mostly takes to show, ms: waited for where a past that looks as it should would end an operation too early. */
uint64_t op_soon_shown(const struct op *op);
/* What is known to have been made is waited for longer than what may have been. */
uint64_t op_made_patience(const struct op *op);
/* The procedure's error from an answer. Bad weather taints nothing that is made: the create's intent stays. */
void op_fail_with(struct op *op, const struct aws_answer *answer, bool tainted);
void op_set_id(struct op *op, const char *id, size_t next_step);
bool op_is_late(const struct op *op);
/* Whether the object, as last read, is not there or in a state that its type calls gone. */
bool op_is_gone(struct op *op);
void op_wait(struct op *op, uint64_t ms);
/* The last event; the operation is freed when nothing of it runs. */
void op_finish(struct op *op, enum op_outcome outcome);
/* Reads the object under its id. */
void op_read(struct op *op, uint64_t parts, reading_fn fn);

/* ---- providers/aws/op_search.c ---- */
/* Looks for an object that a lost create may have made; calls op->after_search. */
void op_search(struct op *op);
/* The search's next try, after a wait. */
void op_search_again(struct op *op);
/* Finds out what became of an interrupted create. */
void op_settle(struct op *op);

/* ---- providers/aws/procedure.c ---- */
enum run { RUN_AGAIN, RUN_WAIT, RUN_POP };
enum run frame_run(struct op *op, struct frame *frame);
void frames_push_steps(struct op *op, const struct steps *steps, enum procedure procedure);
/* What a step sets. `lost`: its answer is not known, and what would come of that is left out. */
void op_apply_set(struct op *op, const struct step *step, bool lost);
/* Groups that have something to do, after a create or for an update; pushes a frame if there are any. */
void frames_push_groups(struct op *op, bool created);
/* The object, with a path of attributes set; blocks of one are looked through. */
const struct value *with_attribute(struct arena *arena, const struct value *object, const char *name, const struct value *v);
const struct value *value_by_path(const struct value *v, const char *path);
/* Equal as far as AWS is concerned: blank is blank, however it is written. */
bool means_same(const struct value *a, const struct value *b);
/* Whether the object, with these parts, must be read before what comes. */
bool op_wants_object(struct op *op, uint64_t parts);

/* ---- providers/aws/step_call.c ---- */
void step_call(struct op *op, struct frame *frame, const struct step *step);
/* How long to wait before the next of several tries, in ms. */
uint64_t op_backoff(const struct op *op, unsigned round);
/* The chunk's members are what expressions mean. */
void frame_use_chunk(struct op *op, const struct frame *frame);

/* ---- providers/aws/reconcile.c ---- */
enum run reconcile_run(struct op *op, struct frame *frame);
void frames_push_tags(struct op *op);
