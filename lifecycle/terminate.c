/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/terminate.h"

#include "lifecycle/killing.h"
#include "lifecycle/probing.h"
#include "lifecycle/publish.h"
#include "lifecycle/start.h"

#define RETRY            mp_seconds(10)
#define EVICTION_GRACE_S 1
#define EVICTION_LIMIT   mp_seconds(10)

/* The worker's grace period: the smallest one asked for, else the spec's; at least 1 (8.2). */
static int64_t grace_s(const struct mp_pod *pod)
{
	int64_t s = pod->spec->grace_s.is_set ? pod->spec->grace_s.v : MP_STOP_FLOOR_S;

	if (pod->is_deleting)
		s = pod->delete_grace_s;
	if ((pod->is_evicted && s > EVICTION_GRACE_S) || pod->is_grace_spent || s < 1)
		s = 1;
	return s;
}

static void go_to(struct mp_pod *pod, enum mp_end_step step)
{
	pod->end_step = step;
	pod->is_end_step_begun = false;
	pod->end_retry_at = MP_NSEC_NEVER;
}

void mp_end_begin(struct mp_pod *pod, struct mp_now now)
{
	pod->worker = MP_WORKER_TERMINATING;
	pod->retry_at = MP_NSEC_NEVER;
	pod->start.stage = MP_START_IDLE;
	mp_probing_stop(pod, false);
	mp_publish_status(pod, now, MP_PUBLISH_SYNC);
	go_to(pod, MP_END_KILL);
}

static bool kill_all(struct mp_pod *pod, struct mp_now now)
{
	if (!pod->is_end_step_begun) {
		pod->is_end_step_begun = true;
		pod->is_shortened = false;
		mp_kill_begin_all(pod, now, grace_s(pod));
		if (pod->is_evicted)
			pod->exceeded_at = mp_nsec_add(now.mono, EVICTION_LIMIT);
		return true;
	}
	if (pod->is_shortened) {
		pod->is_shortened = false;
		mp_kill_shorten(pod, grace_s(pod), now.mono);
		return true;
	}
	if (now.mono >= pod->exceeded_at) {
		pod->exceeded_at = MP_NSEC_NEVER;
		mp_machine_event(pod, now, -1, true, "ExceededGracePeriod",
				 "Container runtime did not kill the pod within specified grace "
				 "period.");
		return true;
	}
	if (pod->is_dirty) {
		/* Each exit is shown at once. */
		pod->is_dirty = false;
		mp_publish_status(pod, now, MP_PUBLISH_AGAIN);
		return true;
	}
	if (!mp_kill_is_done(pod))
		return false;
	if (mp_machine_any_live(pod)) {
		/* Its start was answered only now. */
		mp_kill_begin_all(pod, now, grace_s(pod));
		return true;
	}
	pod->exceeded_at = MP_NSEC_NEVER;
	go_to(pod, MP_END_STOP_SANDBOX);
	return true;
}

static bool stop_sandbox(struct mp_pod *pod, struct mp_now now)
{
	struct mp_sandbox *s = &pod->sandbox;

	if (!pod->is_end_step_begun) {
		if (s->is_gone && !(s->create.is_asked && !s->create.has_answer)) {
			go_to(pod, MP_END_LAST_STATUS);
			return true;
		}
		pod->is_end_step_begun = true;
		mp_request_ask(&s->stop);
		mp_machine_do(pod, MP_DO_STOP_SANDBOX, -1);
		return true;
	}
	if (now.mono >= pod->end_retry_at) {
		go_to(pod, MP_END_STOP_SANDBOX);
		return true;
	}
	if (!s->stop.has_answer || pod->end_retry_at != MP_NSEC_NEVER)
		return false;
	if (!s->stop.is_ok) {
		mp_machine_event(pod, now, -1, true, "FailedKillPod", "error killing pod: %s",
				 s->stop.message);
		pod->end_retry_at = mp_nsec_add(now.mono, mp_jitter(RETRY, &pod->rng));
		return true;
	}
	s->is_alive = false;
	s->is_gone = true;
	go_to(pod, MP_END_LAST_STATUS);
	return true;
}

static bool last_status(struct mp_pod *pod, struct mp_now now)
{
	mp_probing_stop(pod, true);
	pod->is_stopped = true;
	mp_publish_status(pod, now, MP_PUBLISH_TERMINAL);
	pod->worker = MP_WORKER_TERMINATED;
	go_to(pod, MP_END_TEAR_DOWN);
	return true;
}

static bool tear_down(struct mp_pod *pod, struct mp_now now)
{
	if (!pod->is_end_step_begun) {
		pod->is_end_step_begun = true;
		mp_request_ask(&pod->tear_down);
		mp_machine_do(pod, MP_DO_TEAR_DOWN, -1);
		return true;
	}
	if (!pod->tear_down.has_answer)
		return false;
	mp_publish_end(pod, now);
	pod->worker = MP_WORKER_FINISHED;
	mp_machine_do(pod, MP_DO_FINISH, -1);
	return true;
}

bool mp_end_step(struct mp_pod *pod, struct mp_now now)
{
	switch (pod->end_step) {
	case MP_END_KILL:
		return kill_all(pod, now);
	case MP_END_STOP_SANDBOX:
		return stop_sandbox(pod, now);
	case MP_END_LAST_STATUS:
		return last_status(pod, now);
	case MP_END_TEAR_DOWN:
		return tear_down(pod, now);
	}
	return false;
}

mp_nsec mp_end_wake(const struct mp_pod *pod)
{
	return mp_nsec_min(pod->end_retry_at, pod->exceeded_at);
}
