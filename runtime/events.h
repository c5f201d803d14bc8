/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes events of a pod, read out of its journal: the trace is their only store. */
#pragma once

#include "runtime/pod_view.h"

/** struct mp_event_row - one event object; arena memory. */
struct mp_event_row {
	const struct mp_pod_view *pod; /* borrowed */
	bool is_warning;
	const char *reason, *message, *field_path; /* "" without */
	int64_t count;
	int64_t first_wall, last_wall; /* ns since the epoch */
	int64_t slot;                  /* with first_wall the identity of the series */
	bool is_new;                   /* the first of its series is among what was read */
};

/** struct mp_event_rows - the last state of each series, oldest last occurrence first. */
struct mp_event_rows {
	struct mp_event_row *items; /* arena */
	size_t n;
};

/** struct mp_event_marks - how far the journals were read; zero-initialise. */
struct mp_event_marks {
	struct mp_event_mark *items; /* owned: mp_event_marks_done() */
	size_t n;
};

void mp_event_marks_done(struct mp_event_marks *marks);

/**
 * mp_events_load() - the events of @pods (borrowed by the result).
 * @marks: NULL: all of them; else only those that came after the last call with the same marks.
 */
int mp_events_load(struct mp_arena *arena, const struct mp_roots *roots,
		   const struct mp_pod_view *pods, size_t n_pods, struct mp_event_marks *marks,
		   struct mp_event_rows *ret, struct mp_error *err);

/** mp_event_object() - as a core/v1 Event object. NULL when out of memory. */
const struct mp_node *mp_event_object(struct mp_arena *arena, const struct mp_event_row *row);
