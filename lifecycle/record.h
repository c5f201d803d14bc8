/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container records: the instances of one named container that the node keeps.
 * Source: pod-semantics reference sections 0.1, 3.3, 3.4.
 */
#pragma once

#include "lifecycle/event.h"
#include "lifecycle/status.h"

enum mp_record_state {
	MP_RECORD_NONE = 0,
	MP_RECORD_CREATED,
	MP_RECORD_RUNNING,
	MP_RECORD_EXITED,
	MP_RECORD_UNKNOWN,
};

/** struct mp_record - one instance. */
struct mp_record {
	enum mp_record_state state;
	bool is_pruned;       /* its files are gone; it only still shows as lastState */
	bool is_start_asked;  /* MP_DO_START_CONTAINER was handed out for it */
	bool is_start_failed; /* MP_EV_START_FAILED was the answer */
	bool has_old_spec;    /* image in the manifest changed since it was created */
	bool is_oom;
	char id[MP_CONTAINER_ID_MAX]; /* without "minipod://" */
	int attempt;                  /* of the sandbox it was created in */
	int64_t restart_count;
	mp_nsec started, finished;           /* monotonic */
	int64_t started_wall, finished_wall; /* as struct mp_terminated */
	int exit_code, signal;
	char reason[MP_REASON_MAX];
	char message[MP_TERMINATION_MAX + 1];
	char image[MP_IMAGE_MAX], image_id[MP_IMAGE_MAX];
	char stop_signal[16]; /* of the image; "" = none */
	int64_t uid, gid;
	int64_t groups[32];
	size_t n_groups;
};

/** mp_record_is_live() - a process of it may be alive. */
bool mp_record_is_live(const struct mp_record *rec);

/** mp_record_start() - its process runs since @now. */
void mp_record_start(struct mp_record *rec, struct mp_now now);

/** mp_record_exit() - it ended at @now as @ev says (MP_EV_EXITED or MP_EV_RECOVERED_CONTAINER). */
void mp_record_exit(struct mp_record *rec, const struct mp_event *ev, struct mp_now now);

/** mp_record_fail_start() - its start failed at @now: StartError/128. */
void mp_record_fail_start(struct mp_record *rec, const char *message, struct mp_now now);

/** mp_record_lose() - nobody knows how it ended: ContainerStatusUnknown/137. */
void mp_record_lose(struct mp_record *rec, struct mp_now now);

/** mp_copy() - bounded copy of @src (NULL counts as ""); what does not fit is cut. */
void mp_copy(char *dst, size_t size, const char *src);

#define MP_COPY(array, src) mp_copy((array), sizeof(array), (src))
