/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod machine: one pod's whole life as a pure state machine. Events in, actions out, the
 * clock passed in. It allocates nothing: the caller gives it one block of memory sized from the
 * spec. The same object code runs in the supervisor, the unit tests, the simulator and
 * `minipod simulate` / `replay`.
 *
 * One turn: mp_pod_apply() for each event that happened, then mp_pod_plan() once, then the caller
 * carries out the actions and sleeps until an event or wake_at. Planning twice at one instant
 * with no event in between hands out nothing new.
 */
#pragma once

#include "lifecycle/action.h"
#include "lifecycle/event.h"
#include "lifecycle/spec.h"
#include "lifecycle/status.h"

struct mp_pod;

/** struct mp_pod_config - facts about the node that the rules need. */
struct mp_pod_config {
	uint64_t seed;       /* for the reference's jitters; the trace records it */
	mp_nsec started_at;  /* when this supervisor started (7.2: delayed first probe rounds) */
	mp_nsec backoff_max; /* container restart cap; 0 = 300 s */
	bool is_cold_start;  /* false right after a recovery; a fresh `run` never delays probes */
};

/** mp_pod_size() - bytes mp_pod_init() needs for @spec. */
size_t mp_pod_size(const struct mp_pod_spec *spec);

/**
 * mp_pod_init() - a machine in its first state.
 * @mem:  mp_pod_size() bytes, aligned for max_align_t. Owned by the caller.
 * @spec: validated and defaulted. Borrowed for the machine's life.
 *
 * The memory holds no pointers into itself but those mp_pod_relocate() can renew, so that a
 * snapshot is a copy of the block.
 */
struct mp_pod *mp_pod_init(void *mem, const struct mp_pod_spec *spec,
			   const struct mp_pod_config *config);

/**
 * mp_pod_init_zeroed() - the same in memory that is all zero, as calloc() gives it: pages that stay
 * unused, most of them, are not touched.
 */
struct mp_pod *mp_pod_init_zeroed(void *mem, const struct mp_pod_spec *spec,
				  const struct mp_pod_config *config);

/** mp_pod_relocate() - use a block that was copied from a machine made by the same build. */
struct mp_pod *mp_pod_relocate(void *mem, const struct mp_pod_spec *spec);

/** mp_pod_apply() - learn that @ev happened at @now. Never hands out actions. */
void mp_pod_apply(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now);

/** mp_pod_plan() - decide; fills @plan. See the top of this file. */
void mp_pod_plan(struct mp_pod *pod, struct mp_now now, struct mp_plan *plan);

/** mp_pod_status() - the published status (not newer than the last PUBLISH_STATUS). */
const struct mp_pod_status *mp_pod_status(const struct mp_pod *pod);

/** mp_pod_is_finished() - MP_DO_FINISH was handed out. */
bool mp_pod_is_finished(const struct mp_pod *pod);

/** mp_pod_is_deleting() - a deletion was asked for. */
bool mp_pod_is_deleting(const struct mp_pod *pod);

/** mp_pod_is_terminating() - no container will ever be started again. */
bool mp_pod_is_terminating(const struct mp_pod *pod);

/** mp_pod_container_runs() - a process of container @index may be alive. */
bool mp_pod_container_runs(const struct mp_pod *pod, size_t index);

/** struct mp_pod_record - a record that the node is to keep. */
struct mp_pod_record {
	char id[MP_CONTAINER_ID_MAX];
	int64_t restart_count;
	bool is_live; /* a process of it may be alive */
};

#define MP_POD_RECORDS_MAX 2

/**
 * mp_pod_records() - live and kept dead records of container @index, newest first.
 *
 * Return: how many were stored.
 */
size_t mp_pod_records(const struct mp_pod *pod, size_t index,
		      struct mp_pod_record ret[MP_POD_RECORDS_MAX]);

/**
 * mp_pod_describe_wait() - one sentence on what the pod's worker is waiting for.
 * @text: @size bytes for it; cut when it does not fit.
 *
 * Return: @text.
 */
char *mp_pod_describe_wait(const struct mp_pod *pod, struct mp_now now, char *text, size_t size);
