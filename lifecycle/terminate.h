/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a pod: kill, stop the sandbox, last status, tear down. Nothing is started any more.
 * Source: pkg/kubelet/kubelet.go (SyncTerminatingPod, SyncTerminatedPod); pod-semantics
 * reference section 8.1.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_end_begin() - the worker enters terminating; never to go back. */
void mp_end_begin(struct mp_pod *pod, struct mp_now now);

/** mp_end_reject() - refused before anything began: over at once (1.3.5). */
void mp_end_reject(struct mp_pod *pod, struct mp_now now);

/** mp_end_unscheduled() - deleted while it waited for room: over at once, nothing was begun. */
void mp_end_unscheduled(struct mp_pod *pod);

/** mp_end_step() - go on. Returns whether anything changed. */
bool mp_end_step(struct mp_pod *pod, struct mp_now now);

/** mp_end_wake() - the next moment it waits for, besides the kills. */
mp_nsec mp_end_wake(const struct mp_pod *pod);

/** mp_end_grace() - grace of the terminating worker's kills (8.2). */
int64_t mp_end_grace(const struct mp_pod *pod);
