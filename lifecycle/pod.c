/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as its owner sees it: one block of memory, events in, one plan a turn. */
#include "lifecycle/pod.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/hook.h"
#include "lifecycle/killing.h"
#include "lifecycle/machine.h"
#include "lifecycle/phase.h"
#include "lifecycle/probing.h"
#include "lifecycle/publish.h"
#include "lifecycle/start.h"
#include "lifecycle/sync.h"
#include "lifecycle/terminate.h"

#define CARRY_AGE mp_seconds(10)

/* ---- memory ------------------------------------------------------------------------------------ */

static size_t aligned(size_t bytes)
{
	return (bytes + 15U) & ~(size_t)15U;
}

/* Offsets of the parts of the block; returns its size. */
struct layout {
	size_t containers, published, scratch, outbox, is_running, size;
};

static struct layout lay_out(const struct mp_pod_spec *spec)
{
	const size_t n = mp_spec_n_containers(spec);
	struct layout l;

	l.containers = aligned(sizeof(struct mp_pod));
	l.published = l.containers + aligned(n * sizeof(struct mp_cstate));
	l.scratch = l.published + aligned(n * sizeof(struct mp_container_status));
	l.outbox = l.scratch + aligned(n * sizeof(struct mp_container_status));
	l.is_running = l.outbox + aligned(mp_outbox_size(n));
	l.size = l.is_running + aligned(n * sizeof(bool) + 1);
	return l;
}

size_t mp_pod_size(const struct mp_pod_spec *spec)
{
	return lay_out(spec).size;
}

struct mp_pod *mp_pod_relocate(void *mem, const struct mp_pod_spec *spec)
{
	const struct layout l = lay_out(spec);
	struct mp_pod *pod = mem;
	char *base = mem;

	pod->spec = spec;
	pod->containers = (void *)(base + l.containers);
	pod->published.containers = (void *)(base + l.published);
	pod->scratch.containers = (void *)(base + l.scratch);
	pod->outbox = (void *)(base + l.outbox);
	pod->is_running = (void *)(base + l.is_running);
	return pod;
}

struct mp_pod *mp_pod_init(void *mem, const struct mp_pod_spec *spec,
			   const struct mp_pod_config *config)
{
	struct mp_pod *pod = mem;

	memset(mem, 0, mp_pod_size(spec));
	(void)mp_pod_relocate(mem, spec);
	mp_outbox_init(pod->outbox, mp_machine_n(pod));
	pod->config = *config;
	pod->rng = config->seed;
	pod->is_dirty = true;
	pod->retry_at = MP_NSEC_NEVER;
	pod->end_retry_at = MP_NSEC_NEVER;
	pod->abort_at = MP_NSEC_NEVER;
	pod->exceeded_at = MP_NSEC_NEVER;
	pod->sync.crash_expiry = MP_NSEC_NEVER;
	pod->sync.give_up_at = MP_NSEC_NEVER;
	pod->sandbox.attempt = -1;
	pod->sandbox.is_gone = true;
	pod->published.n_containers = mp_machine_n(pod);
	pod->scratch.n_containers = mp_machine_n(pod);
	return pod;
}

/* ---- what the user asks for ---------------------------------------------------------------------- */

static void apply_delete(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	int64_t grace = ev->remove.grace_s.is_set  ? ev->remove.grace_s.v
			: pod->spec->grace_s.is_set ? pod->spec->grace_s.v
						    : 30;

	if (pod->worker == MP_WORKER_FINISHED)
		return;
	if (grace < 0)
		grace = 1;
	if (mp_phase_is_final(pod->published.phase))
		grace = 0;
	/* A second request can only shorten. */
	if (pod->is_deleting && grace >= pod->delete_grace_s)
		return;
	pod->is_shortened = pod->worker == MP_WORKER_TERMINATING;
	pod->is_deleting = true;
	pod->is_forced = pod->is_forced || ev->remove.is_forced;
	pod->delete_grace_s = grace;
	pod->deletion_wall = now.wall + grace * MP_NSEC_PER_S;
	pod->abort_at = mp_nsec_min(pod->abort_at, mp_nsec_add(now.mono, mp_seconds(grace)));
	mp_publish_deletion(pod);
}

static void apply_condition(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_condition *c = NULL;

	if (!ev->condition.type || mp_condition_is_own(ev->condition.type))
		return;
	for (size_t i = 0; i < pod->n_foreign && !c; i++)
		if (strcmp(pod->foreign[i].type, ev->condition.type) == 0)
			c = &pod->foreign[i];
	if (!c) {
		if (pod->n_foreign == MP_FOREIGN_MAX)
			return;
		c = &pod->foreign[pod->n_foreign++];
		memset(c, 0, sizeof(*c));
		MP_COPY(c->type, ev->condition.type);
		c->transition_wall = now.wall;
		c->status = MP_COND_UNKNOWN;
	}

	const enum mp_truth before = c->status;

	c->status = mp_streq(ev->condition.status, "True")    ? MP_COND_TRUE
		    : mp_streq(ev->condition.status, "False") ? MP_COND_FALSE
							      : MP_COND_UNKNOWN;
	if (c->status != before)
		c->transition_wall = now.wall;
	MP_COPY(c->reason, ev->condition.reason);
	MP_COPY(c->message, ev->condition.message);
	if (pod->worker != MP_WORKER_FINISHED)
		mp_publish_status(pod, now, MP_PUBLISH_AGAIN);
}

static void apply_evict(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	if (pod->is_evicted || pod->worker >= MP_WORKER_TERMINATING)
		return;
	pod->is_evicted = true;
	pod->abort_at = now.mono;
	MP_COPY(pod->end_reason, "Evicted");
	MP_COPY(pod->end_message, ev->text.message);
	mp_machine_event(pod, now, -1, true, "Evicted", "%s",
			 ev->text.message ? ev->text.message : "");
}

static void apply_reject(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	if (pod->is_rejected || pod->sandbox.attempt >= 0)
		return;
	pod->is_rejected = true;
	MP_COPY(pod->end_reason, ev->text.reason);
	MP_COPY(pod->reject_message, ev->text.message);
	(void)snprintf(pod->end_message, sizeof(pod->end_message), "Pod was rejected: %.900s",
		       pod->reject_message);
	mp_machine_event(pod, now, -1, true, pod->end_reason, "%s", pod->reject_message);
}

/* ---- what the node says ---------------------------------------------------------------------------- */

static void apply_exited(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_record *rec = &pod->containers[ev->container].rec[0];

	if (mp_record_is_live(rec))
		mp_record_exit(rec, ev, now);
}

static void apply_volume_failed(struct mp_pod *pod, const struct mp_event *ev)
{
	const int i = ev->volume.index;
	char text[MP_MESSAGE_MAX];

	(void)snprintf(text, sizeof(text), "MountVolume.SetUp failed for volume \"%s\" : %.800s",
		       i >= 0 ? pod->spec->volumes[i].name : "",
		       ev->volume.message ? ev->volume.message : "");
	mp_request_answer(&pod->volumes, false, "FailedMount", text);
}

static void apply_sandbox_ready(struct mp_pod *pod, const struct mp_event *ev)
{
	if (pod->sandbox.create.is_asked && !pod->sandbox.create.has_answer) {
		MP_COPY(pod->sandbox.ip, ev->sandbox.ip);
		MP_COPY(pod->sandbox.ip6, ev->sandbox.ip6);
	}
	mp_request_answer(&pod->sandbox.create, true, "", "");
}

static void apply_sandbox_died(struct mp_pod *pod)
{
	pod->sandbox.is_alive = false;
	pod->sandbox.has_died = true;
	/* A stop that was on its way has got what it wanted. */
	mp_request_answer(&pod->sandbox.stop, true, "", "");
}

/* ---- recovery (14) ----------------------------------------------------------------------------------- */

static void recover_container(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_cstate *c = &pod->containers[ev->container];
	const struct mp_container_status *shown = &pod->published.containers[ev->container];

	if (!mp_record_is_live(&c->rec[0]))
		return;
	if (!ev->recovered.is_running) {
		if (ev->recovered.is_known)
			mp_record_exit(&c->rec[0], ev, now);
		else
			mp_record_lose(&c->rec[0], now);
		return;
	}
	if (c->rec[0].state == MP_RECORD_CREATED)
		mp_record_start(&c->rec[0], now);
	if (now.mono - c->rec[0].started >= CARRY_AGE) {
		c->is_carried = true;
		c->carried_started = shown->is_started;
		c->carried_ready = shown->is_ready;
		MP_COPY(c->carried_id, c->rec[0].id);
	}
}

static void recover_pod(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	pod->config.started_at = now.mono;
	pod->config.is_cold_start = false;
	pod->sandbox.is_alive = ev->sandbox.is_alive;
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		struct mp_cstate *c = &pod->containers[i];

		memset(&c->backoff, 0, sizeof(c->backoff));
		memset(&c->pull_backoff, 0, sizeof(c->pull_backoff));
		memset(&c->failure, 0, sizeof(c->failure));
		memset(&c->hook, 0, sizeof(c->hook));
		memset(&c->kill, 0, sizeof(c->kill));
		memset(&c->probes, 0, sizeof(c->probes));
	}
	memset(&pod->prepare, 0, sizeof(pod->prepare));
	memset(&pod->volumes, 0, sizeof(pod->volumes));
	memset(&pod->tear_down, 0, sizeof(pod->tear_down));
	memset(&pod->sandbox.create, 0, sizeof(pod->sandbox.create));
	memset(&pod->sandbox.stop, 0, sizeof(pod->sandbox.stop));
	pod->is_prepared = false;
	pod->are_volumes_ready = false;
	pod->volumes_retry_at = 0;
	pod->start.stage = MP_START_IDLE;
	pod->is_dirty = true;
	if (pod->worker == MP_WORKER_SYNCING)
		pod->worker = MP_WORKER_IDLE;
	if (pod->worker == MP_WORKER_TERMINATING) {
		pod->end_step = MP_END_KILL;
		pod->is_end_step_begun = false;
	} else if (pod->worker == MP_WORKER_TERMINATED) {
		pod->is_end_step_begun = false;
	}
}

void mp_pod_apply(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	assert(ev->container < (int)mp_machine_n(pod));
	switch (ev->type) {
	case MP_EV_DELETE:
		apply_delete(pod, ev, now);
		break;
	case MP_EV_CONDITION:
		apply_condition(pod, ev, now);
		return;
	case MP_EV_EVICT:
		apply_evict(pod, ev, now);
		break;
	case MP_EV_REJECT:
		apply_reject(pod, ev, now);
		break;
	case MP_EV_NOTE:
		mp_machine_event(pod, now, -1, ev->note.is_warning, ev->note.reason, "%s",
				 ev->note.message);
		return;
	case MP_EV_POD_PREPARED:
		mp_request_answer(&pod->prepare, true, "", "");
		return;
	case MP_EV_POD_PREPARE_FAILED:
		mp_request_answer(&pod->prepare, false, ev->text.reason, ev->text.message);
		return;
	case MP_EV_VOLUMES_READY:
		mp_request_answer(&pod->volumes, true, "", "");
		return;
	case MP_EV_VOLUME_FAILED:
		apply_volume_failed(pod, ev);
		return;
	case MP_EV_SANDBOX_READY:
		apply_sandbox_ready(pod, ev);
		return;
	case MP_EV_SANDBOX_FAILED:
		mp_request_answer(&pod->sandbox.create, false, ev->text.reason, ev->text.message);
		return;
	case MP_EV_SANDBOX_DIED:
		apply_sandbox_died(pod);
		break;
	case MP_EV_SANDBOX_STOPPED:
		mp_request_answer(&pod->sandbox.stop, true, "", "");
		return;
	case MP_EV_SANDBOX_STOP_FAILED:
		mp_request_answer(&pod->sandbox.stop, false, ev->text.reason, ev->text.message);
		return;
	case MP_EV_TORN_DOWN:
		mp_request_answer(&pod->tear_down, true, "", "");
		return;
	case MP_EV_IMAGE_PRESENT:
	case MP_EV_IMAGE_ABSENT:
	case MP_EV_IMAGE_PULLED:
	case MP_EV_IMAGE_FAILED:
	case MP_EV_CREATED:
	case MP_EV_CREATE_FAILED:
		mp_start_answer(pod, ev, now);
		return;
	case MP_EV_STARTED:
	case MP_EV_START_FAILED:
		mp_start_answer(pod, ev, now);
		break;
	case MP_EV_EXITED:
		apply_exited(pod, ev, now);
		break;
	case MP_EV_HOOK_DONE:
		mp_hook_answer(pod, ev);
		return;
	case MP_EV_PROBE_DONE:
		mp_probing_answer(pod, ev);
		return;
	case MP_EV_DEFINITION_CHANGED:
		pod->containers[ev->container].rec[0].has_old_spec = true;
		break;
	case MP_EV_RECOVERED_CONTAINER:
		recover_container(pod, ev, now);
		break;
	case MP_EV_RECOVERED:
		recover_pod(pod, ev, now);
		break;
	}
	pod->is_dirty = true;
}

/* ---- the turn ------------------------------------------------------------------------------------------ */

static mp_nsec deadline(const struct mp_pod *pod)
{
	if (!pod->spec->active_deadline_s.is_set || !pod->has_started ||
	    mp_phase_is_final(pod->phase) || pod->worker >= MP_WORKER_TERMINATING)
		return MP_NSEC_NEVER;
	return mp_nsec_add(pod->start_mono, mp_seconds(pod->spec->active_deadline_s.v));
}

/* Returns whether the worker did anything. */
static bool step_worker(struct mp_pod *pod, struct mp_now now)
{
	switch (pod->worker) {
	case MP_WORKER_IDLE:
		if (mp_machine_is_ending(pod)) {
			mp_end_begin(pod, now);
			return true;
		}
		if (!pod->is_dirty && now.mono < pod->retry_at && now.mono < deadline(pod))
			return false;
		mp_sync_begin(pod, now);
		return true;
	case MP_WORKER_SYNCING:
		return mp_sync_step(pod, now);
	case MP_WORKER_TERMINATING:
	case MP_WORKER_TERMINATED:
		return mp_end_step(pod, now);
	case MP_WORKER_FINISHED:
		break;
	}
	return false;
}

static mp_nsec worker_wake(const struct mp_pod *pod)
{
	switch (pod->worker) {
	case MP_WORKER_IDLE:
		return mp_nsec_min(pod->retry_at, deadline(pod));
	case MP_WORKER_SYNCING:
		return mp_sync_wake(pod);
	case MP_WORKER_TERMINATING:
	case MP_WORKER_TERMINATED:
		return mp_end_wake(pod);
	case MP_WORKER_FINISHED:
		break;
	}
	return MP_NSEC_NEVER;
}

void mp_pod_plan(struct mp_pod *pod, struct mp_now now, struct mp_plan *plan)
{
	bool is_changed;

	plan->n = 0;
	mp_outbox_begin(pod->outbox);
	mp_probing_resume(pod, now.mono);
	do {
		is_changed = step_worker(pod, now);
		is_changed = mp_kill_step(pod, now) || is_changed;
		is_changed = mp_probing_step(pod, now) || is_changed;
	} while (is_changed);
	plan->wake_at = mp_nsec_min(mp_nsec_min(worker_wake(pod), mp_kill_wake(pod)),
				    mp_probing_doze(pod));
	if (!mp_outbox_take(pod->outbox, plan))
		plan->wake_at = now.mono;
}

/* ---- looking in ------------------------------------------------------------------------------------------ */

const struct mp_pod_status *mp_pod_status(const struct mp_pod *pod)
{
	return &pod->published;
}

bool mp_pod_is_finished(const struct mp_pod *pod)
{
	return pod->worker == MP_WORKER_FINISHED;
}

bool mp_pod_is_deleting(const struct mp_pod *pod)
{
	return pod->is_deleting;
}

bool mp_pod_is_terminating(const struct mp_pod *pod)
{
	return pod->worker >= MP_WORKER_TERMINATING || mp_machine_is_ending(pod);
}

bool mp_pod_container_runs(const struct mp_pod *pod, size_t index)
{
	return mp_record_is_live(&pod->containers[index].rec[0]);
}

size_t mp_pod_retained_ids(const struct mp_pod *pod, size_t index,
			   char ids[2][MP_CONTAINER_ID_MAX])
{
	const struct mp_cstate *c = &pod->containers[index];
	size_t n = 0;

	for (size_t r = 0; r < 2; r++)
		if (c->rec[r].state != MP_RECORD_NONE && !c->rec[r].is_pruned)
			MP_COPY(ids[n++], c->rec[r].id);
	return n;
}
