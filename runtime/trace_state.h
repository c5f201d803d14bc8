/* SPDX-License-Identifier: Apache-2.0 */
/* The pod machine's whole memory as JSON: the checkpoint of a journal (docs/trace.md). */
#pragma once

#include "lifecycle/pod.h"
#include "runtime/base/document.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

/** mp_trace_state_write() - @pod as a JSON object, where @w stands. Only while mp_pod_may_save(). */
void mp_trace_state_write(struct mp_json *w, struct mp_pod *pod);

/**
 * mp_trace_state_read() - a machine that goes on from @state.
 * @mem, @spec: as for mp_pod_init().
 *
 * Return: 0; -EPROTO when it was written by a build whose machine is another one; -EINVAL.
 */
int mp_trace_state_read(const struct mp_node *state, const struct mp_pod_spec *spec, void *mem,
			struct mp_pod **ret, struct mp_error *err);
