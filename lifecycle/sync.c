/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/sync.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/decide.h"
#include "lifecycle/killing.h"
#include "lifecycle/phase.h"
#include "lifecycle/probing.h"
#include "lifecycle/publish.h"
#include "lifecycle/start.h"
#include "lifecycle/terminate.h"

#define RETRY         mp_seconds(10)
#define VOLUMES_WAIT  mp_seconds(123)
#define VOLUMES_FIRST (500 * MP_NSEC_PER_MS)
#define VOLUMES_MAX   mp_seconds(122)

static bool go_to(struct mp_pod *pod, enum mp_sync_step step)
{
	pod->sync.step = step;
	pod->sync.is_begun = false;
	pod->sync.index = 0;
	return true;
}

static bool fail(struct mp_pod *pod)
{
	pod->sync.has_failed = true;
	return go_to(pod, MP_SYNC_END);
}

/* Hand out @type once. Returns whether it was done just now. */
static bool ask_once(struct mp_pod *pod, struct mp_request *req, enum mp_action_type type)
{
	if (pod->sync.is_begun)
		return false;
	pod->sync.is_begun = true;
	mp_request_ask(req);
	mp_machine_do(pod, type, -1);
	return true;
}

static bool take_answer(struct mp_request *req)
{
	if (!req->has_answer)
		return false;
	req->is_asked = false;
	req->has_answer = false;
	return true;
}

void mp_sync_begin(struct mp_pod *pod, struct mp_now now)
{
	pod->is_dirty = false;
	pod->retry_at = MP_NSEC_NEVER;
	mp_publish_status(pod, now, MP_PUBLISH_SYNC);
	if (mp_phase_is_final(pod->phase)) {
		mp_end_begin(pod, now);
		return;
	}
	pod->worker = MP_WORKER_SYNCING;
	pod->sync =
		(struct mp_sync){ .crash_expiry = MP_NSEC_NEVER, .look_again_at = MP_NSEC_NEVER };
}

static bool step_prepare(struct mp_pod *pod, struct mp_now now)
{
	static const char cgroup_prefix[] = "unable to ensure pod container exists: ";
	static const char dirs_prefix[] = "error making pod data directories: ";
	struct mp_request *req = &pod->prepare;
	const char *prefix;

	if (pod->is_prepared)
		return go_to(pod, MP_SYNC_VOLUMES);
	if (ask_once(pod, req, MP_DO_PREPARE_POD))
		return true;
	if (!take_answer(req))
		return false;
	if (req->is_ok) {
		pod->is_prepared = true;
		return go_to(pod, MP_SYNC_VOLUMES);
	}
	prefix = strcmp(req->reason, "FailedCreatePodContainer") == 0 ? cgroup_prefix : dirs_prefix;
	mp_machine_event(pod, now, -1, true, req->reason, "%s%s",
			 mp_starts_with(req->message, prefix) ? "" : prefix, req->message);
	return fail(pod);
}

/* Volumes are tried again on their own schedule while the sync waits (0.3 step 5). */
static bool step_volumes(struct mp_pod *pod, struct mp_now now)
{
	struct mp_request *req = &pod->volumes;

	if (!pod->sync.is_begun) {
		pod->sync.is_begun = true;
		pod->sync.give_up_at = mp_nsec_add(now.mono, VOLUMES_WAIT);
	}
	if (mp_machine_is_ending(pod))
		return go_to(pod, MP_SYNC_END);
	if (take_answer(req)) {
		pod->are_volumes_ready = req->is_ok;
		if (!req->is_ok) {
			pod->volumes_delay =
				pod->volumes_delay == 0 ?
					VOLUMES_FIRST :
					mp_nsec_min(2 * pod->volumes_delay, VOLUMES_MAX);
			pod->volumes_retry_at = mp_nsec_add(now.mono, pod->volumes_delay);
		}
		return true;
	}
	if (pod->are_volumes_ready) {
		mp_probing_register(pod, now);
		return go_to(pod, MP_SYNC_DECIDE);
	}
	if (now.mono >= pod->sync.give_up_at)
		return fail(pod);
	if (req->is_asked || now.mono < pod->volumes_retry_at)
		return false;
	mp_request_ask(req);
	mp_machine_do(pod, MP_DO_SETUP_VOLUMES, -1);
	return true;
}

static bool step_decide(struct mp_pod *pod, struct mp_now now)
{
	mp_decide(pod, now.mono);
	if (pod->sync.kill_pod)
		return go_to(pod, MP_SYNC_KILL_POD);
	if (pod->sync.create_sandbox)
		return go_to(pod, MP_SYNC_CREATE_SANDBOX);
	if (!pod->sync.restart_all)
		return go_to(pod, MP_SYNC_KILL_EACH);
	/* The rule would restart for ever without a pause: the trigger's back-off applies. */
	if (mp_start_back_off(pod, now, pod->sync.trigger))
		return fail(pod);
	pod->restart_all = MP_RESTART_ALL_RUNNING;
	mp_publish_status(pod, now, MP_PUBLISH_AGAIN);
	return go_to(pod, MP_SYNC_RESTART_ALL);
}

static void kill_wanted(struct mp_pod *pod, struct mp_now now, size_t i, bool is_ordered)
{
	const struct mp_wanted *wanted = &pod->containers[i].wanted;

	mp_kill_begin(pod, now, i, mp_kill_grace(pod, &wanted->grace_s), is_ordered,
		      wanted->message);
}

static bool step_kill_pod(struct mp_pod *pod, struct mp_now now)
{
	if (!pod->sync.is_begun) {
		pod->sync.is_begun = true;
		for (size_t i = 0; i < mp_machine_n(pod); i++) {
			if (pod->containers[i].wanted.kill)
				kill_wanted(pod, now, i, true);
		}
		mp_kill_begin_all(pod, now, mp_kill_grace(pod, NULL));
		return true;
	}
	return mp_kill_is_done(pod) && go_to(pod, MP_SYNC_STOP_SANDBOX);
}

static bool step_stop_sandbox(struct mp_pod *pod, struct mp_now now)
{
	struct mp_request *req = &pod->sandbox.stop;

	if (!pod->sandbox.is_gone) {
		if (ask_once(pod, req, MP_DO_STOP_SANDBOX))
			return true;
		if (!take_answer(req))
			return false;
		if (!req->is_ok) {
			mp_machine_event(pod, now, -1, true, "FailedKillPod",
					 "error killing pod: %s", req->message);
			return fail(pod);
		}
		pod->sandbox.is_alive = false;
		pod->sandbox.is_gone = true;
		pod->is_dirty = true;
	}
	return go_to(pod, pod->sync.create_sandbox ? MP_SYNC_CREATE_SANDBOX : MP_SYNC_END);
}

/* Containers are killed one after the other: the trigger last, init entries before it (4.5). */
static bool next_to_restart(struct mp_pod *pod, size_t *ret_index)
{
	const size_t n = mp_machine_n(pod), n_init = pod->spec->n_init;

	for (size_t step = 0; step < n; step++) {
		const size_t i = step < n - n_init ? n_init + step : step - (n - n_init);

		if (i != pod->sync.trigger && mp_record_is_live(&pod->containers[i].rec[0])) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static void forget_record(struct mp_pod *pod, struct mp_now now, size_t i)
{
	struct mp_cstate *c = &pod->containers[i];

	for (size_t r = 0; r < 2; r++) {
		if (c->rec[r].state != MP_RECORD_NONE && !c->rec[r].is_pruned)
			mp_machine_remove_record(pod, i, &c->rec[r], false);
	}
	if (c->rec[0].state != MP_RECORD_NONE) {
		struct mp_record *last = &c->rec[1];

		*last = c->rec[0];
		last->state = MP_RECORD_EXITED;
		last->is_pruned = true;
		last->exit_code = 137;
		last->signal = 0;
		last->finished = now.mono;
		last->finished_wall = now.wall;
		MP_COPY(last->reason, "RestartingAllContainers");
		last->message[0] = '\0';
	}
	memset(&c->rec[0], 0, sizeof(c->rec[0]));
	c->failure.is_set = false;
}

static bool step_restart_all(struct mp_pod *pod, struct mp_now now)
{
	size_t i;

	if (!mp_kill_is_done(pod))
		return false;
	if (next_to_restart(pod, &i)) {
		mp_kill_begin(pod, now, i, 0, false, "killing");
		return true;
	}
	for (i = 0; i < mp_machine_n(pod); i++)
		forget_record(pod, now, i);
	pod->restart_all = MP_RESTART_ALL_DONE;
	pod->is_dirty = true; /* the next sync starts from the first init container */
	return go_to(pod, MP_SYNC_END);
}

static bool step_kill_each(struct mp_pod *pod, struct mp_now now)
{
	for (; pod->sync.index < mp_machine_n(pod); pod->sync.index++) {
		const size_t i = pod->sync.index;

		if (!pod->containers[i].wanted.kill)
			continue;
		if (!pod->sync.is_begun) {
			pod->sync.is_begun = true;
			kill_wanted(pod, now, i, false);
			return true;
		}
		if (pod->containers[i].kill.is_active)
			return false;
		pod->sync.is_begun = false;
	}
	return go_to(pod, MP_SYNC_START);
}

/* Initialization starts over: init and sidecar records go, with their logs (4.1.3). */
static void purge_init(struct mp_pod *pod)
{
	for (size_t i = 0; i < pod->spec->n_init; i++) {
		struct mp_cstate *c = &pod->containers[i];

		if (c->rec[0].state == MP_RECORD_NONE)
			continue;
		for (size_t r = 0; r < 2; r++) {
			if (c->rec[r].state != MP_RECORD_NONE && !c->rec[r].is_pruned)
				mp_machine_remove_record(pod, i, &c->rec[r], true);
		}
		/* Unlike the kubelet's, the next records go on counting, as what is shown does:
		 * a log is found by the restart count that is shown. */
		memset(c->rec, 0, sizeof(c->rec));
	}
}

static bool step_create_sandbox(struct mp_pod *pod, struct mp_now now)
{
	struct mp_sandbox *sandbox = &pod->sandbox;
	const struct mp_action action = {
		.type = MP_DO_CREATE_SANDBOX,
		.container = -1,
		.attempt = sandbox->attempt + 1,
	};

	if (!pod->sync.is_begun) {
		if (mp_machine_is_ending(pod))
			return go_to(pod, MP_SYNC_END);
		if (sandbox->attempt >= 0) {
			mp_machine_event(pod, now, -1, false, "SandboxChanged",
					 "Pod sandbox changed, it will be killed and re-created.");
			for (size_t i = 0; i < mp_machine_n(pod); i++)
				mp_start_drop_unstarted(pod, i);
			purge_init(pod);
		}
		pod->sync.is_begun = true;
		sandbox->has_died = false;
		sandbox->is_gone = false;
		mp_request_ask(&sandbox->create);
		mp_machine_add(pod, &action);
		return true;
	}
	if (!take_answer(&sandbox->create))
		return false;
	if (sandbox->create.is_ok) {
		sandbox->attempt++;
		sandbox->is_alive = !sandbox->has_died;
		pod->is_dirty = pod->is_dirty || sandbox->has_died;
	} else {
		sandbox->is_gone = true; /* the node leaves nothing of a failed attempt */
	}
	if (sandbox->create.is_ok && mp_machine_is_sandbox_ready(pod)) {
		mp_publish_status(pod, now, MP_PUBLISH_AGAIN);
		return go_to(pod, MP_SYNC_START);
	}
	if (!mp_machine_is_ending(pod))
		mp_machine_event(pod, now, -1, true, "FailedCreatePodSandBox",
				 "Failed to create pod sandbox: %s",
				 !sandbox->create.is_ok ? sandbox->create.message :
				 sandbox->has_died      ? "it ended at once" :
							  "it has no IP address");
	return fail(pod);
}

static bool step_start(struct mp_pod *pod, struct mp_now now)
{
	const size_t i = pod->sync.index;
	enum mp_progress progress;

	if (!pod->sync.is_begun) {
		if (i >= mp_machine_n(pod) || mp_machine_is_ending(pod) || !pod->sandbox.is_alive)
			return go_to(pod, MP_SYNC_END);
		if (!pod->containers[i].wanted.start) {
			pod->sync.index++;
			return true;
		}
		pod->sync.is_begun = true;
		progress = mp_start_begin(pod, now, i);
	} else {
		progress = mp_start_step(pod, now);
	}
	switch (progress) {
	case MP_STEP_WAITS:
		return false;
	case MP_STEP_GOES_ON:
		return true;
	case MP_STEP_OK:
		break;
	case MP_STEP_FAILED:
		pod->sync.has_failed = true;
		/* What comes after an init container needs it; a sidecar or main is passed over. */
		if (pod->spec->containers[i].kind == MP_KIND_INIT)
			return go_to(pod, MP_SYNC_END);
		break;
	}
	pod->sync.is_begun = false;
	pod->sync.index++;
	return true;
}

/* Only back-offs were met: the retry comes at the first expiry; else after 10 to 15 s. */
static bool only_crash_loops(const struct mp_pod *pod)
{
	if (pod->sync.crash_expiry == MP_NSEC_NEVER)
		return false;
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_cstate *c = &pod->containers[i];

		if (c->wanted.start && c->failure.is_set &&
		    strcmp(c->failure.reason, "CrashLoopBackOff") != 0)
			return false;
	}
	return true;
}

static bool step_end(struct mp_pod *pod, struct mp_now now)
{
	pod->worker = MP_WORKER_IDLE;
	pod->retry_at = pod->sync.look_again_at;
	if (!pod->sync.has_failed || mp_machine_is_ending(pod))
		return true;
	pod->retry_at = mp_nsec_min(pod->retry_at, pod->sync.crash_expiry);
	if (!only_crash_loops(pod))
		pod->retry_at = mp_nsec_min(pod->retry_at,
					    mp_nsec_add(now.mono, mp_jitter(RETRY, &pod->rng)));
	if (!pod->is_dirty)
		mp_publish_status(pod, now, MP_PUBLISH_AGAIN); /* why a start failed */
	return true;
}

bool mp_sync_step(struct mp_pod *pod, struct mp_now now)
{
	switch (pod->sync.step) {
	case MP_SYNC_PREPARE:
		return step_prepare(pod, now);
	case MP_SYNC_VOLUMES:
		return step_volumes(pod, now);
	case MP_SYNC_DECIDE:
		return step_decide(pod, now);
	case MP_SYNC_KILL_POD:
		return step_kill_pod(pod, now);
	case MP_SYNC_KILL_EACH:
		return step_kill_each(pod, now);
	case MP_SYNC_STOP_SANDBOX:
		return step_stop_sandbox(pod, now);
	case MP_SYNC_RESTART_ALL:
		return step_restart_all(pod, now);
	case MP_SYNC_CREATE_SANDBOX:
		return step_create_sandbox(pod, now);
	case MP_SYNC_START:
		return step_start(pod, now);
	case MP_SYNC_END:
		break;
	}
	return step_end(pod, now);
}

mp_nsec mp_sync_wake(const struct mp_pod *pod)
{
	if (pod->sync.step == MP_SYNC_VOLUMES)
		return pod->volumes.is_asked ?
			       pod->sync.give_up_at :
			       mp_nsec_min(pod->sync.give_up_at, pod->volumes_retry_at);
	if (pod->start.stage == MP_START_SETTLE)
		return mp_start_settled_at(pod);
	if (pod->start.stage == MP_START_HOOK)
		return pod->abort_at;
	return MP_NSEC_NEVER;
}
