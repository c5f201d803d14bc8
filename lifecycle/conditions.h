/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's conditions, in their published order.
 * Source: pkg/kubelet/status/generate.go; pod-semantics reference section 2.
 */
#pragma once

#include "lifecycle/status.h"

/** enum mp_restart_all - how far a RestartAllContainers action got (4.5). */
enum mp_restart_all { MP_RESTART_ALL_NEVER = 0, MP_RESTART_ALL_RUNNING, MP_RESTART_ALL_DONE };

struct mp_conditions_seen {
	const struct mp_pod_spec *spec;
	const struct mp_container_status *statuses; /* as spec->containers */
	enum mp_phase phase;                        /* computed, not delayed */
	bool is_sandbox_ready;                      /* 2.2 */
	bool is_rejected;                           /* only PodScheduled is shown (1.3.5) */
	const char *unschedulable; /* message: the same, but False; NULL: it has its place */
	enum mp_restart_all restart_all;
	const struct mp_condition *foreign; /* set from outside, existing order */
	size_t n_foreign;
	const struct mp_condition *previous; /* as published before */
	size_t n_previous;
	int64_t wall;
};

/**
 * mp_conditions_of() - fill @out, which may not be @seen->previous.
 *
 * Return: how many conditions were stored, at most MP_CONDITIONS_MAX.
 */
size_t mp_conditions_of(const struct mp_conditions_seen *seen,
			struct mp_condition out[MP_CONDITIONS_MAX]);

/** mp_condition_is_own() - @type is one that only the machine sets. */
bool mp_condition_is_own(const char *type);

/** mp_condition_find() - the condition of @type, or NULL. */
const struct mp_condition *mp_condition_find(const struct mp_condition *list, size_t n,
					     const char *type);

/** mp_condition_equal() - nothing that is shown differs. */
bool mp_condition_equal(const struct mp_condition *a, const struct mp_condition *b);

/** mp_truth_text() - "True", "False", "Unknown". */
const char *mp_truth_text(enum mp_truth truth);
