/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kills in progress of a pod: stop.h's steps carried out for each container.
 * Source: pod-semantics reference sections 8.2, 8.3.
 */
#pragma once

#include "lifecycle/machine.h"

/**
 * mp_kill_begin() - kill container @index; nothing when it is not running or being killed.
 * @grace_s:    for this kill.
 * @is_ordered: as part of a kill of the whole pod: sidecars wait for their turn.
 * @message:    of the Killing event; NULL: "Stopping container <name>".
 */
void mp_kill_begin(struct mp_pod *pod, struct mp_now now, size_t index, int64_t grace_s,
		   bool is_ordered, const char *message);

/** mp_kill_begin_all() - kill every running container at once, in order (8.3). */
void mp_kill_begin_all(struct mp_pod *pod, struct mp_now now, int64_t grace_s);

/** mp_kill_grace() - grace of a kill without an override: deletion, @probe_s, spec (8.2). */
int64_t mp_kill_grace(const struct mp_pod *pod, const struct mp_opt_int *probe_s);

/** mp_kill_step() - what is due now. Returns whether anything changed. */
bool mp_kill_step(struct mp_pod *pod, struct mp_now now);

/** mp_kill_is_done() - no kill is in progress. */
bool mp_kill_is_done(const struct mp_pod *pod);

/** mp_kill_wake() - the next moment a kill has something to do. */
mp_nsec mp_kill_wake(const struct mp_pod *pod);

/** mp_kill_shorten() - kills in progress end at the latest @grace_s seconds from now. */
void mp_kill_shorten(struct mp_pod *pod, int64_t grace_s, mp_nsec now);
