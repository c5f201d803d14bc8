/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the pod's status and showing it: statuses, phase with its adjustments, conditions.
 * Source: kubelet_pods.go (generateAPIPodStatus), status_manager.go; pod-semantics reference
 * sections 1.3, 2, 3.
 */
#pragma once

#include "lifecycle/machine.h"

/** enum mp_publish_mode - at which point of the worker's life the status is built. */
enum mp_publish_mode {
	MP_PUBLISH_AGAIN = 0, /* in the middle of something */
	MP_PUBLISH_SYNC,      /* a sync or a termination begins: unready containers are probed */
	MP_PUBLISH_TERMINAL,  /* all containers were stopped (8.1 step 7) */
};

/** mp_publish_status() - build; show it when it differs from what is shown. */
void mp_publish_status(struct mp_pod *pod, struct mp_now now, enum mp_publish_mode mode);

/** mp_publish_deletion() - show that the pod is being deleted: metadata, at once. */
void mp_publish_deletion(struct mp_pod *pod);

/** mp_publish_unscheduled() - no room for it yet: nothing but PodScheduled False is shown. */
void mp_publish_unscheduled(struct mp_pod *pod, struct mp_now now);

/** mp_publish_conditions() - foreign conditions changed: show what follows from them at once. */
void mp_publish_conditions(struct mp_pod *pod, struct mp_now now);

/**
 * mp_publish_end() - the adjustments of 1.3.8: nothing of the pod is left. Conditions stay: with
 * no process left none of them is True that may not be (1.3.7).
 */
void mp_publish_end(struct mp_pod *pod);

/** mp_publish_probe() - a startup or readiness result changed: update the flags at once (7.2). */
void mp_publish_probe(struct mp_pod *pod, struct mp_now now, size_t index);
