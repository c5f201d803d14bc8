/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new supervisor takes the pod over: what is kept and what starts over.
 * Source: pod-semantics reference section 14.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_recover_container() - MP_EV_RECOVERED_CONTAINER. */
void mp_recover_container(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now);

/** mp_recover_pod() - MP_EV_RECOVERED: supervision goes on from here. */
void mp_recover_pod(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now);
