/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container's start: back-off, image, create, start, postStart. One at a time, as in the
 * kubelet's sync. Source: kuberuntime_container.go (startContainer), kuberuntime_manager.go
 * (doBackOff), image_manager.go; pod-semantics reference sections 4.2, 5, 6.1, 9.9.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_start_begin() - start container @index. As mp_start_step(). */
enum mp_progress mp_start_begin(struct mp_pod *pod, struct mp_now now, size_t index);

/**
 * mp_start_step() - go on with the start in progress.
 *
 * Return: MP_STEP_WAITS for an answer or a moment, MP_STEP_GOES_ON when something was done,
 * MP_STEP_OK or MP_STEP_FAILED when the start is over. A failure is kept in the container's
 * start failure, unless the start was given up because the pod ends.
 */
enum mp_progress mp_start_step(struct mp_pod *pod, struct mp_now now);

/** mp_start_settled_at() - when the container being started has had its head start. */
mp_nsec mp_start_settled_at(const struct mp_pod *pod);

/** mp_start_answer() - an image, create or start event; ignored unless it is awaited. */
void mp_start_answer(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now);

/**
 * mp_start_back_off() - is a restart of container @index held back (5.1)? Says so in an event
 * and in the start failure; otherwise the back-off advances.
 */
bool mp_start_back_off(struct mp_pod *pod, struct mp_now now, size_t index);

/**
 * mp_start_drop_unstarted() - forget container @index's newest record if it was made and never
 * started. It would count as proof that the pod is initialized (4.3) in a sandbox it is not in.
 */
void mp_start_drop_unstarted(struct mp_pod *pod, size_t index);
