/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one sync has to kill, recreate and start.
 * Source: kuberuntime_manager.go (computePodActions), kuberuntime_container.go
 * (computeInitContainerActions); pod-semantics reference sections 4.1, 4.3-4.6.
 */
#pragma once

#include "lifecycle/machine.h"

/*
 * A sidecar without a startup probe counts as started as soon as it runs, and a node's next container
 * then follows a relist, a status and a create later. Pods are written for that head start (a proxy that
 * should listen before the first request); here the successor would follow within milliseconds.
 */
#define MP_SIDECAR_HEAD_START (mp_seconds(3) / 10)

/**
 * mp_decide() - fill in @pod->sync and each container's @wanted from what is known at @now.
 *
 * Sets @pod->sync.look_again_at when only time is missing: to MP_NSEC_NEVER otherwise.
 */
void mp_decide(struct mp_pod *pod, mp_nsec now);
