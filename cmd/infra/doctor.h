/* SPDX-License-Identifier: Apache-2.0 */
/* infra doctor: what its checks share. Each says one thing or more, and none needs another to have gone well. */
#pragma once

#include "cmd/infra/session.h"

struct aws_config;

enum finding_status { FINDING_OK, FINDING_WARNING, FINDING_FAILED };

struct finding {
	enum finding_status status;
	const char *check; /* "clock" */
	const char *text;  /* one line */
	const char *remedy; /* lines; or NULL */
};

struct doctor {
	struct session s;
	VEC(struct finding) findings;
	size_t warnings, failures;
	struct aws_config *aws; /* of the provider block "aws", else of the environment alone; NULL: cannot be read */
	const char *region;     /* NULL: none is said */
	bool reachable;         /* something answered at the endpoint */
	bool known_caller;      /* and knew the credentials */
};

/* Adds a finding and prints it. `remedy` (may be NULL) and the text are copied; the text is a format. */
void doctor_say(struct doctor *d, enum finding_status status, const char *check, const char *remedy, const char *text, ...)
	PRINTF_LIKE(5, 6);
/* The first error of the session's diagnostics, "summary (main.tf line 3)", and all of their details as a remedy; forgets them. */
struct doctor_error {
	const char *text, *remedy;
	size_t count;
};
struct doctor_error doctor_take_error(struct doctor *d);

/* ---- cmd/infra/doctor_project.c ---- */
void doctor_check_configuration(struct doctor *d);
void doctor_check_state(struct doctor *d);
void doctor_check_keys(struct doctor *d);

/* ---- cmd/infra/doctor_cloud.c ---- */
void doctor_check_cloud(struct doctor *d);

/* ---- cmd/infra/doctor_machine.c ---- */
void doctor_check_programs(struct doctor *d);
void doctor_check_sandbox(struct doctor *d);
void doctor_check_disk(struct doctor *d);
