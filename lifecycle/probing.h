/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's probe workers at work: rounds begun, answers dealt with, results shown.
 * Source: pkg/kubelet/prober/; pod-semantics reference section 7.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_probing_register() - a worker for each probe of sidecars and main containers. Idempotent. */
void mp_probing_register(struct mp_pod *pod, struct mp_now now);

/** mp_probing_answer() - MP_EV_PROBE_DONE; ignored unless that execution is awaited. */
void mp_probing_answer(struct mp_pod *pod, const struct mp_event *ev);

/** mp_probing_resume() - a turn begins. */
void mp_probing_resume(struct mp_pod *pod, mp_nsec now);

/** mp_probing_step() - what is due now. Returns whether anything changed. */
bool mp_probing_step(struct mp_pod *pod, struct mp_now now);

/** mp_probing_doze() - a turn ends. Returns the next moment that has an effect. */
mp_nsec mp_probing_doze(struct mp_pod *pod);

/** mp_probing_stop() - workers end; readiness workers too when @and_readiness. */
void mp_probing_stop(struct mp_pod *pod, bool and_readiness);

/** mp_probing_known() - cached result of a probe for the container's newest record. */
enum mp_known mp_probing_known(const struct mp_pod *pod, size_t index, enum mp_probe_kind kind);
