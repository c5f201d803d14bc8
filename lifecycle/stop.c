/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/stop.h"

static int64_t whole_seconds(mp_nsec span)
{
	return span / MP_NSEC_PER_S;
}

static int64_t max_s(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct mp_stop_step stay(struct mp_stop_state state)
{
	return (struct mp_stop_step){ state, MP_STOP_DO_NOTHING, state.deadline };
}

static struct mp_stop_step enter(enum mp_stop_phase phase, int64_t grace_s, mp_nsec now,
				 enum mp_stop_todo todo)
{
	const struct mp_stop_state state = {
		.phase = phase,
		.grace_s = grace_s,
		.since = now,
		.deadline = mp_nsec_add(now, mp_seconds(grace_s)),
	};

	return (struct mp_stop_step){ state, todo, state.deadline };
}

struct mp_stop_step mp_stop_next(const struct mp_stop_spec *spec, const struct mp_stop_seen *seen,
				 struct mp_stop_state state, mp_nsec now)
{
	/* Only whole seconds count as used: the kubelet subtracts an integer. */
	const int64_t left = max_s(state.grace_s - whole_seconds(now - state.since), 0);

	if (!seen->is_running && state.phase != MP_STOP_DONE) {
		state = (struct mp_stop_state){ .phase = MP_STOP_DONE, .deadline = MP_NSEC_NEVER };
		return (struct mp_stop_step){ state,
					      seen->is_hook_running ? MP_STOP_DO_ABANDON_HOOK :
								      MP_STOP_DO_NOTHING,
					      MP_NSEC_NEVER };
	}

	switch (state.phase) {
	case MP_STOP_IDLE:
		if (spec->has_pre_stop && spec->grace_s > 0)
			return enter(MP_STOP_HOOK, spec->grace_s, now, MP_STOP_DO_RUN_HOOK);
		return enter(MP_STOP_TURN, spec->grace_s, now, MP_STOP_DO_NOTHING);
	case MP_STOP_HOOK:
		if (!seen->is_hook_running)
			return enter(MP_STOP_TURN, left, now, MP_STOP_DO_NOTHING);
		if (now >= state.deadline)
			return enter(MP_STOP_TURN, 0, now, MP_STOP_DO_ABANDON_HOOK);
		break;
	case MP_STOP_TURN:
		if (spec->is_ordered && state.grace_s > 0 && !seen->may_stop &&
		    now < state.deadline)
			break;
		return enter(MP_STOP_TERM, max_s(left, MP_STOP_FLOOR_S), now, MP_STOP_DO_SIGNAL);
	case MP_STOP_TERM:
		if (now < state.deadline)
			break;
		state = (struct mp_stop_state){ MP_STOP_KILL, 0, now,
						mp_nsec_add(now, MP_STOP_AGAIN) };
		return (struct mp_stop_step){ state, MP_STOP_DO_KILL, state.deadline };
	case MP_STOP_KILL:
		if (now < state.deadline)
			break;
		state.deadline = mp_nsec_add(now, MP_STOP_AGAIN);
		return (struct mp_stop_step){ state, MP_STOP_DO_KILL, state.deadline };
	case MP_STOP_DONE:
		return (struct mp_stop_step){ state, MP_STOP_DO_NOTHING, MP_NSEC_NEVER };
	}
	return stay(state);
}

struct mp_stop_state mp_stop_shorten(struct mp_stop_state state, int64_t grace_s, mp_nsec now)
{
	int64_t left = max_s(state.grace_s - whole_seconds(now - state.since), 0);
	mp_nsec limit;

	switch (state.phase) {
	case MP_STOP_HOOK:
	case MP_STOP_TURN:
		limit = mp_nsec_add(now, mp_seconds(grace_s));
		if (limit >= state.deadline)
			break;
		left = left < grace_s ? left : grace_s;
		return (struct mp_stop_state){ state.phase, left, now, limit };
	case MP_STOP_TERM:
		limit = mp_nsec_add(now, mp_seconds(max_s(grace_s, MP_STOP_FLOOR_S)));
		state.deadline = mp_nsec_min(state.deadline, limit);
		break;
	case MP_STOP_IDLE:
	case MP_STOP_KILL:
	case MP_STOP_DONE:
		break;
	}
	return state;
}

bool mp_stop_may_stop(const struct mp_pod_spec *spec, const bool *is_running, size_t index)
{
	const size_t n = mp_spec_n_containers(spec);

	if (spec->containers[index].kind != MP_KIND_SIDECAR)
		return true;
	for (size_t i = spec->n_init; i < n; i++) {
		if (is_running[i])
			return false;
	}
	for (size_t i = index + 1; i < spec->n_init; i++) {
		if (spec->containers[i].kind == MP_KIND_SIDECAR)
			return !is_running[i]; /* only the next later one counts */
	}
	return true;
}
