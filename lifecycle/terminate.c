/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/terminate.h"

#include "lifecycle/killing.h"
#include "lifecycle/probing.h"
#include "lifecycle/publish.h"

#define RETRY mp_seconds(10)

int64_t mp_end_grace(const struct mp_pod *pod)
{
	int64_t grace = INT64_MAX;

	if (pod->is_deleting)
		grace = pod->delete_grace_s;
	if (pod->is_evicted || pod->is_grace_spent)
		grace = grace < 1 ? grace : 1;
	if (grace == INT64_MAX)
		return mp_kill_grace(pod, NULL); /* no override: it ended by itself */
	return grace < 1 ? 1 : grace;
}

static bool go_to(struct mp_pod *pod, enum mp_end_step step)
{
	pod->end_step = step;
	pod->is_end_step_begun = false;
	return true;
}

void mp_end_begin(struct mp_pod *pod, struct mp_now now)
{
	pod->worker = MP_WORKER_TERMINATING;
	pod->end_retry_at = MP_NSEC_NEVER;
	(void)go_to(pod, MP_END_KILL);
	mp_publish_status(pod, now, MP_PUBLISH_SYNC);
	mp_probing_stop(pod, false);
}

static void finish(struct mp_pod *pod)
{
	pod->worker = MP_WORKER_FINISHED;
	mp_machine_do(pod, MP_DO_FINISH, -1);
}

void mp_end_reject(struct mp_pod *pod, struct mp_now now)
{
	mp_machine_event(pod, now, -1, true, pod->end_reason, "%s", pod->reject_message);
	pod->is_stopped = true;
	mp_publish_status(pod, now, MP_PUBLISH_AGAIN);
	finish(pod);
}

void mp_end_unscheduled(struct mp_pod *pod)
{
	pod->is_stopped = true;
	finish(pod);
}

static bool step_kill(struct mp_pod *pod, struct mp_now now)
{
	if (!pod->is_end_step_begun) {
		if (now.mono < pod->end_retry_at && pod->end_retry_at != MP_NSEC_NEVER)
			return false;
		pod->end_retry_at = MP_NSEC_NEVER;
		pod->is_end_step_begun = true;
		mp_kill_begin_all(pod, now, mp_end_grace(pod));
		return true;
	}
	if (!mp_kill_is_done(pod))
		return false;
	pod->exceeded_at = MP_NSEC_NEVER;
	return go_to(pod, MP_END_STOP_SANDBOX);
}

static bool step_stop_sandbox(struct mp_pod *pod, struct mp_now now)
{
	struct mp_request *req = &pod->sandbox.stop;

	if (pod->sandbox.is_gone)
		return go_to(pod, MP_END_LAST_STATUS);
	if (!pod->is_end_step_begun) {
		pod->is_end_step_begun = true;
		mp_request_ask(req);
		mp_machine_do(pod, MP_DO_STOP_SANDBOX, -1);
		return true;
	}
	if (!req->has_answer)
		return false;
	req->is_asked = false;
	req->has_answer = false;
	if (!req->is_ok) {
		mp_machine_event(pod, now, -1, true, "FailedKillPod", "error killing pod: %s",
				 req->message);
		pod->end_retry_at = mp_nsec_add(now.mono, mp_jitter(RETRY, &pod->rng));
		mp_publish_status(pod, now, MP_PUBLISH_AGAIN); /* what ended shows meanwhile */
		return go_to(pod, MP_END_KILL);
	}
	pod->sandbox.is_alive = false;
	pod->sandbox.is_gone = true;
	return go_to(pod, MP_END_LAST_STATUS);
}

static bool step_last_status(struct mp_pod *pod, struct mp_now now)
{
	mp_probing_stop(pod, true);
	pod->is_stopped = true;
	mp_publish_status(pod, now, MP_PUBLISH_TERMINAL);
	pod->worker = MP_WORKER_TERMINATED;
	return go_to(pod, MP_END_TEAR_DOWN);
}

static bool step_tear_down(struct mp_pod *pod)
{
	if (!pod->is_end_step_begun) {
		pod->is_end_step_begun = true;
		mp_request_ask(&pod->tear_down);
		mp_machine_do(pod, MP_DO_TEAR_DOWN, -1);
		return true;
	}
	if (!pod->tear_down.has_answer)
		return false;
	mp_publish_end(pod);
	finish(pod);
	return true;
}

static bool check_exceeded(struct mp_pod *pod, struct mp_now now)
{
	if (now.mono < pod->exceeded_at)
		return false;
	pod->exceeded_at = MP_NSEC_NEVER;
	mp_machine_event(pod, now, -1, true, "ExceededGracePeriod",
			 "Container runtime did not kill the pod within specified grace period.");
	return true;
}

bool mp_end_step(struct mp_pod *pod, struct mp_now now)
{
	const bool did_exceed = check_exceeded(pod, now);

	switch (pod->end_step) {
	case MP_END_KILL:
		return step_kill(pod, now) || did_exceed;
	case MP_END_STOP_SANDBOX:
		return step_stop_sandbox(pod, now) || did_exceed;
	case MP_END_LAST_STATUS:
		return step_last_status(pod, now);
	case MP_END_TEAR_DOWN:
		break;
	}
	return step_tear_down(pod);
}

mp_nsec mp_end_wake(const struct mp_pod *pod)
{
	return mp_nsec_min(pod->end_retry_at, pod->exceeded_at);
}
