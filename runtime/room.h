/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for a pod among the pods of the same root. Each pod with requests has a file
 * <run>/reserved/<uid> that says what it takes and that its supervisor keeps locked:
 *
 *   cgroup burstable/pod<uid>
 *   cpu 1500
 *   memory 67108864
 *
 * Whoever wants in locks the directory, adds up the files, decides and writes its own, so that two
 * pods never get the same room. A pod without room watches the directory: a file that goes away is
 * room that appears. A file whose supervisor died counts as long as processes of the pod live.
 */
#pragma once

#include "lifecycle/schedule.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"

struct mp_supervisor;
struct mp_room;

/**
 * mp_room_new() - reserve what the pod requests, or post MP_EV_UNSCHEDULABLE or MP_EV_REJECT
 * and go on trying: MP_EV_SCHEDULED follows once there is room. A pod that has its file already
 * (a new supervisor took it over) keeps it. Nothing is touched for a pod that requests nothing.
 * @ret: on success, owned by the caller; may be NULL.
 */
int mp_room_new(struct mp_supervisor *sv, struct mp_room **ret, struct mp_error *err);

/** mp_room_release() - the pod is over: give its room to others. Once is enough. */
void mp_room_release(struct mp_room *admission);

/** mp_room_free() - release and free; NULL is fine. */
void mp_room_free(struct mp_room *admission);

/** mp_room_deadline() - when to look again in any case; MP_NSEC_NEVER when it has its room. */
mp_nsec mp_room_deadline(const struct mp_room *admission);

/** mp_room_expire() - look again when that moment has come. */
void mp_room_expire(struct mp_room *admission, mp_nsec now);

/** mp_room_forget() - a pod whose supervisor died is removed by somebody else. */
void mp_room_forget(const char *run_root, const char *uid);

/** mp_room_parse() - the amounts in the text of a reservation; @cgroup gets its path. Pure. */
void mp_room_parse(const char *text, struct mp_amounts *sum, char *cgroup, size_t size);
