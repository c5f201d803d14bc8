/* SPDX-License-Identifier: Apache-2.0 */
/* The phase of a pod as the table of section 1.2 of the reference reads, written a second time. */
#include <string.h>

#include "tests/sim/sim.h"

bool sim_restarts(const struct mp_pod_spec *spec, const struct mp_container_spec *c, int code)
{
	enum mp_restart_policy policy = spec->restart;

	if (c->restart != MP_RESTART_UNSET) {
		policy = c->restart;
		for (size_t i = 0; i < c->n_rules; i++) {
			const struct mp_restart_rule *rule = &c->rules[i];
			bool is_in = false;

			for (size_t v = 0; v < rule->n_values; v++)
				is_in = is_in || rule->values[v] == code;
			if (is_in == (rule->operator_ == MP_OPERATOR_IN))
				return true;
		}
	}
	if (policy == MP_RESTART_ON_FAILURE)
		return code != 0;
	return policy != MP_RESTART_NEVER;
}

enum mp_phase sim_phase(const struct mp_pod_spec *spec, const struct mp_container_status *statuses,
			const bool *is_started, bool is_terminal, bool is_initialized)
{
	int pending_init = 0, failed_init = 0, pending_sidecar = 0;
	int unknown = 0, running = 0, waiting = 0, stopped = 0, succeeded = 0, for_good = 0;

	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_container_spec *c = &spec->containers[i];
		const struct mp_container_status *s = &statuses[i];
		const bool is_waiting = s->state.kind == MP_STATE_WAITING;
		const bool is_terminated = s->state.kind == MP_STATE_TERMINATED;
		const struct mp_terminated *end = is_terminated ? &s->state.terminated : &s->last;
		const bool is_oom = strcmp(end->reason, "OOMKilled") == 0;
		int code = end->exit_code;

		if (c->kind == MP_KIND_INIT && is_oom && code == 0)
			code = 137; /* a failure whatever its exit code (3.3) */
		if (c->kind == MP_KIND_INIT) {
			if (is_terminated || (is_waiting && s->has_last))
				failed_init += code != 0 && !sim_restarts(spec, c, code);
			else
				pending_init++;
		} else if (c->kind == MP_KIND_SIDECAR) {
			if (s->state.kind == MP_STATE_RUNNING) {
				running++;
				pending_sidecar += !is_started[i];
			} else if (is_waiting && !s->has_last) {
				pending_sidecar++;
				waiting++;
			} else if (s->state.kind == MP_STATE_NONE) {
				pending_sidecar += s->is_present;
				unknown++;
			}
		} else if (s->state.kind == MP_STATE_NONE) {
			unknown++;
		} else if (s->state.kind == MP_STATE_RUNNING) {
			running++;
		} else if (is_terminated || s->has_last) {
			stopped++;
			succeeded += is_terminated && code == 0;
			for_good += !sim_restarts(spec, c, code);
		} else {
			waiting++;
		}
	}
	if (failed_init > 0)
		return MP_PHASE_FAILED;
	if (pending_init > 0 || (pending_sidecar > 0 && !is_initialized) || waiting > 0)
		return MP_PHASE_PENDING;
	if (running > 0 && unknown == 0)
		return MP_PHASE_RUNNING;
	if (running > 0 || stopped == 0 || unknown > 0)
		return MP_PHASE_PENDING;
	if (!is_terminal && stopped != for_good)
		return MP_PHASE_RUNNING;
	return stopped == succeeded ? MP_PHASE_SUCCEEDED : MP_PHASE_FAILED;
}
