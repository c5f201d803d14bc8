/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sync of the pod's worker: its steps one after the other, each awaited.
 * Source: pkg/kubelet/kubelet.go (SyncPod), kuberuntime_manager.go (SyncPod); pod-semantics
 * reference sections 0.3, 4.2.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_sync_begin() - publish what is; go on unless the pod has ended. */
void mp_sync_begin(struct mp_pod *pod, struct mp_now now);

/** mp_sync_step() - go on with the sync in progress. Returns whether anything changed. */
bool mp_sync_step(struct mp_pod *pod, struct mp_now now);

/** mp_sync_wake() - the next moment the sync in progress waits for. */
mp_nsec mp_sync_wake(const struct mp_pod *pod);
