/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/killing.h"

#include <string.h>

#include "lifecycle/hook.h"

static int64_t intended_grace(const struct mp_pod *pod, const struct mp_opt_int *probe_s)
{
	if (pod->is_deleting)
		return pod->delete_grace_s;
	if (probe_s != NULL && probe_s->is_set)
		return probe_s->v;
	if (pod->spec->grace_s.is_set)
		return pod->spec->grace_s.v < 0 ? 1 : pod->spec->grace_s.v;
	return MP_STOP_FLOOR_S;
}

int64_t mp_kill_grace(const struct mp_pod *pod, const struct mp_opt_int *probe_s)
{
	const int64_t grace = intended_grace(pod, probe_s);

	/* What a sync still kills after an eviction must not outlive it. */
	return (pod->is_evicted || pod->is_grace_spent) && grace > 1 ? 1 : grace;
}

void mp_kill_begin(struct mp_pod *pod, struct mp_now now, size_t index, int64_t grace_s,
		   bool is_ordered, const char *message)
{
	const struct mp_container_spec *spec = &pod->spec->containers[index];
	struct mp_cstate *c = &pod->containers[index];

	if (c->kill.is_active || !mp_record_is_live(&c->rec[0]))
		return;
	c->kill = (struct mp_kill){
		.is_active = true,
		.spec = {
			.grace_s = grace_s,
			.has_pre_stop = spec->lifecycle.has_pre_stop,
			.is_ordered = is_ordered && spec->kind == MP_KIND_SIDECAR,
		},
		.state = { .since = now.mono, .deadline = now.mono },
	};
	if (message != NULL)
		mp_machine_event(pod, now, (int)index, false, "Killing", "%s", message);
	else
		mp_machine_event(pod, now, (int)index, false, "Killing", "Stopping container %s",
				 spec->name);
}

void mp_kill_begin_all(struct mp_pod *pod, struct mp_now now, int64_t grace_s)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++)
		mp_kill_begin(pod, now, i, grace_s, true, NULL);
}

static void send_signal(struct mp_pod *pod, size_t index)
{
	const char *from_spec = pod->spec->containers[index].lifecycle.stop_signal;
	const char *from_image = pod->containers[index].rec[0].stop_signal;
	const struct mp_action action = {
		.type = MP_DO_SIGNAL,
		.container = (int)index,
		.signal_name = from_spec != NULL     ? from_spec :
			       from_image[0] != '\0' ? from_image :
						       "SIGTERM",
	};

	mp_machine_add(pod, &action);
}

static bool step_one(struct mp_pod *pod, struct mp_now now, size_t index)
{
	struct mp_cstate *c = &pod->containers[index];
	const bool did_answer = mp_hook_settle(pod, now, index, MP_HOOK_PRE_STOP);
	const struct mp_stop_seen seen = {
		.is_running = mp_record_is_live(&c->rec[0]),
		.is_hook_running = c->hook.is_running && c->hook.kind == MP_HOOK_PRE_STOP,
		.may_stop = mp_stop_may_stop(pod->spec, pod->is_running, index),
	};
	const struct mp_stop_step step =
		mp_stop_next(&c->kill.spec, &seen, c->kill.state, now.mono);
	const bool is_changed = did_answer || step.todo != MP_STOP_DO_NOTHING ||
				step.state.phase != c->kill.state.phase;

	c->kill.state = step.state;
	switch (step.todo) {
	case MP_STOP_DO_NOTHING:
		break;
	case MP_STOP_DO_RUN_HOOK:
		mp_hook_run(pod, index, MP_HOOK_PRE_STOP);
		break;
	case MP_STOP_DO_ABANDON_HOOK:
		mp_hook_abandon(pod, index);
		break;
	case MP_STOP_DO_SIGNAL:
		send_signal(pod, index);
		break;
	case MP_STOP_DO_KILL:
		mp_machine_do(pod, MP_DO_KILL, (int)index);
		break;
	}
	if (step.state.phase == MP_STOP_DONE)
		c->kill.is_active = false;
	return is_changed;
}

bool mp_kill_step(struct mp_pod *pod, struct mp_now now)
{
	bool is_changed = false;

	for (size_t i = 0; i < mp_machine_n(pod); i++)
		pod->is_running[i] = mp_record_is_live(&pod->containers[i].rec[0]);
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		while (pod->containers[i].kill.is_active && step_one(pod, now, i))
			is_changed = true;
	}
	return is_changed;
}

bool mp_kill_is_done(const struct mp_pod *pod)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		if (pod->containers[i].kill.is_active)
			return false;
	}
	return true;
}

mp_nsec mp_kill_wake(const struct mp_pod *pod)
{
	mp_nsec wake = MP_NSEC_NEVER;

	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		if (pod->containers[i].kill.is_active)
			wake = mp_nsec_min(wake, pod->containers[i].kill.state.deadline);
	}
	return wake;
}

void mp_kill_shorten(struct mp_pod *pod, int64_t grace_s, mp_nsec now)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		struct mp_kill *kill = &pod->containers[i].kill;

		if (!kill->is_active)
			continue;
		kill->state = mp_stop_shorten(kill->state, grace_s, now);
		if (kill->spec.grace_s > grace_s)
			kill->spec.grace_s = grace_s;
	}
}
