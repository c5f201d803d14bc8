/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one sync has to kill, recreate and start.
 * Source: kuberuntime_manager.go (computePodActions), kuberuntime_container.go
 * (computeInitContainerActions); pod-semantics reference sections 4.1, 4.3-4.6.
 */
#pragma once

#include "lifecycle/machine.h"

/**
 * mp_decide() - fill in @pod->sync and each container's @wanted from what is known at @now.
 *
 * Sets @pod->sync.look_again_at when only time is missing: to MP_NSEC_NEVER otherwise.
 */
void mp_decide(struct mp_pod *pod, mp_nsec now);
