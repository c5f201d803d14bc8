/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a pod: kill everything, stop the sandbox, last status, tear down.
 * Source: pod_workers.go, kubelet.go (SyncTerminatingPod, SyncTerminatedPod); pod-semantics
 * reference section 8.1.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_end_begin() - the worker enters terminating; it never goes back. */
void mp_end_begin(struct mp_pod *pod, struct mp_now now);

/** mp_end_step() - go on; false: it waits. */
bool mp_end_step(struct mp_pod *pod, struct mp_now now);

/** mp_end_wake() - the next moment it has something to do. */
mp_nsec mp_end_wake(const struct mp_pod *pod);
