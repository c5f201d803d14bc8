/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container's hook in progress. Source: pod-semantics reference section 6.
 */
#pragma once

#include "lifecycle/machine.h"

/** mp_hook_run() - ask for the hook; its answer is awaited. */
void mp_hook_run(struct mp_pod *pod, size_t index, enum mp_hook_kind kind);

/** mp_hook_abandon() - nobody waits for the running hook any more. */
void mp_hook_abandon(struct mp_pod *pod, size_t index);

/** mp_hook_answer() - MP_EV_HOOK_DONE; ignored unless that hook is awaited. */
void mp_hook_answer(struct mp_pod *pod, const struct mp_event *ev);

/**
 * mp_hook_settle() - deal with an answer to @kind: its events; the hook is over.
 *
 * Return: whether there was one. @is_ok and @message of the hook say how it ended.
 */
bool mp_hook_settle(struct mp_pod *pod, struct mp_now now, size_t index, enum mp_hook_kind kind);
