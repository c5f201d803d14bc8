/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host offers to pods: each thing we use is tried, not looked up by version, and each
 * lack is told with its consequence. Reads and probes only; nothing on the host changes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum mp_finding {
	MP_FINDING_GOOD,    /* there */
	MP_FINDING_LESS,    /* missing, and pods run with less: the consequence says what */
	MP_FINDING_MISSING, /* missing, and no pod runs */
};

/** struct mp_symptom - one line of the report. */
struct mp_symptom {
	const char *area; /* "kernel", "cgroups", "security", "limits", "programs" */
	const char *what; /* "clone into a cgroup" */
	enum mp_finding finding;
	char seen[200];          /* what was seen: "hybrid", "Operation not permitted" */
	const char *consequence; /* of the lack; "" when good */
};

#define MP_SYMPTOMS_MAX 48

/** mp_finding_text() - "ok", "less", "missing". */
const char *mp_finding_text(enum mp_finding finding);

/**
 * mp_doctor_examine() - look at the host.
 * @symptoms: room for MP_SYMPTOMS_MAX.
 *
 * Return: how many were filled in.
 */
size_t mp_doctor_examine(struct mp_symptom symptoms[MP_SYMPTOMS_MAX]);
