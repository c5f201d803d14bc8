/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `run` tells a person: events as they happen, container output with a prefix, a table at
 * the end, and the exit code. Text only; writes to the streams it is given.
 */
#pragma once

#include <stdio.h>

#include "lifecycle/action.h"
#include "lifecycle/status.h"

/** struct mp_report - how to talk. */
struct mp_report {
	FILE *out;          /* events and the table: stderr; NULL = quiet */
	bool has_color;     /* @out is a terminal and NO_COLOR is not set */
	int64_t start_wall; /* events are shown relative to this */
};

/** mp_report_event() - "3.012s  Normal  Started  spec.containers{web}  Container started". */
void mp_report_event(const struct mp_report *report, const struct mp_pod_spec *spec,
		     const struct mp_k8s_event *ev);

/** mp_report_note() - one sentence of ours among the events. */
void mp_report_note(const struct mp_report *report, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** mp_report_table() - the containers (state, exit code, restarts, run time) and the phase. */
void mp_report_table(const struct mp_report *report, const struct mp_pod_spec *spec,
		     const struct mp_pod_status *status);

/** mp_field_path() - what @ev is about: "spec.containers{web}" or "" for the pod. Returns @buf. */
char *mp_field_path(const struct mp_pod_spec *spec, const struct mp_k8s_event *ev, char buf[256]);

/** mp_prefix_color() - the SGR colour number for container @index. */
int mp_prefix_color(size_t index);

/**
 * mp_report_exit_code() - the exit code of `run` (README, "Exit codes").
 * @start_errno: per container, positive errno of its last failed start, 0 = it started.
 *
 * Return: 0 Succeeded; 124 deadline; 125 rejected; 126/127 a command that cannot run / was not
 * found; else the code of the first main container that failed (128 + n for a signal), or of the
 * first failed init container when no main container ran; 1 when nothing better is known.
 */
int mp_report_exit_code(const struct mp_pod_spec *spec, const struct mp_pod_status *status,
			const int *start_errno);
