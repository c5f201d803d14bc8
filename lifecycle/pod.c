/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod machine: events are applied as facts, planning decides.
 *
 * Applying only remembers. So the order in which the events of one turn arrive does not matter;
 * planning goes through them in an order of its own, until nothing more is due at that instant.
 */
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
#include "lifecycle/recover.h"
#include "lifecycle/start.h"
#include "lifecycle/sync.h"
#include "lifecycle/terminate.h"

#define ALIGNMENT 16

/* ---- memory ------------------------------------------------------------------------------------- */

struct layout {
	size_t containers, published, scratch, outbox, is_running, total;
};

static size_t place(size_t *at, size_t bytes)
{
	const size_t here = *at;

	*at = (here + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return here;
}

static struct layout layout_for(const struct mp_pod_spec *spec)
{
	const size_t n = mp_spec_n_containers(spec);
	struct layout l;
	size_t at = 0;

	(void)place(&at, sizeof(struct mp_pod));
	l.containers = place(&at, n * sizeof(struct mp_cstate));
	l.published = place(&at, n * sizeof(struct mp_container_status));
	l.scratch = place(&at, n * sizeof(struct mp_container_status));
	l.outbox = place(&at, mp_outbox_size(n));
	l.is_running = place(&at, n * sizeof(bool));
	l.total = at;
	return l;
}

size_t mp_pod_size(const struct mp_pod_spec *spec)
{
	return layout_for(spec).total;
}

struct mp_pod *mp_pod_relocate(void *mem, const struct mp_pod_spec *spec)
{
	const struct layout l = layout_for(spec);
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
	memset(mem, 0, mp_pod_size(spec));
	return mp_pod_init_zeroed(mem, spec, config);
}

struct mp_pod *mp_pod_init_zeroed(void *mem, const struct mp_pod_spec *spec,
				  const struct mp_pod_config *config)
{
	struct mp_pod *pod = mp_pod_relocate(mem, spec);

	pod->config = *config;
	pod->rng = config->seed;
	pod->is_dirty = true;
	pod->retry_at = MP_NSEC_NEVER;
	pod->volumes_retry_at = INT64_MIN;
	pod->end_retry_at = MP_NSEC_NEVER;
	pod->exceeded_at = MP_NSEC_NEVER;
	pod->abort_at = MP_NSEC_NEVER;
	pod->sandbox.attempt = -1;
	pod->sandbox.is_gone = true;
	pod->published.n_containers = mp_machine_n(pod);
	pod->scratch.n_containers = mp_machine_n(pod);
	mp_eventlog_init(&pod->log, config->started_at, 0);
	mp_outbox_init(pod->outbox, mp_machine_n(pod));
	return pod;
}

/* ---- what the user or the node asks for --------------------------------------------------------- */

static void apply_delete(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	const struct mp_opt_int *wanted =
		ev->remove.grace_s.is_set ? &ev->remove.grace_s : &pod->spec->grace_s;
	int64_t grace = wanted->is_set ? wanted->v : 30;

	if (grace < 0)
		grace = 1;
	if (mp_phase_is_final(pod->published.phase))
		grace = 0;
	pod->is_forced = pod->is_forced || ev->remove.is_forced;
	if (pod->is_deleting && grace >= pod->delete_grace_s)
		return;       /* it can only be shortened */
	if (pod->is_deleting) /* metadata counts from the first request */
		pod->deletion_wall -= mp_seconds(pod->delete_grace_s);
	else
		pod->deletion_wall = now.wall;
	pod->deletion_wall = mp_nsec_add(pod->deletion_wall, mp_seconds(grace));
	pod->is_deleting = true;
	pod->delete_grace_s = grace;
	pod->abort_at = mp_nsec_min(pod->abort_at, mp_nsec_add(now.mono, mp_seconds(grace)));
	pod->is_shortened = true;
}

static void apply_condition(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_condition *c = NULL;
	const char *status = ev->condition.status;

	if (ev->condition.type == NULL || mp_condition_is_own(ev->condition.type))
		return;
	for (size_t i = 0; i < pod->n_foreign && c == NULL; i++) {
		if (strcmp(pod->foreign[i].type, ev->condition.type) == 0)
			c = &pod->foreign[i];
	}
	if (c == NULL && pod->n_foreign == MP_FOREIGN_MAX)
		return;
	if (c == NULL)
		c = &pod->foreign[pod->n_foreign++];
	memset(c, 0, sizeof(*c));
	MP_COPY(c->type, ev->condition.type);
	c->status = mp_streq(status, "True")  ? MP_COND_TRUE :
		    mp_streq(status, "False") ? MP_COND_FALSE :
						MP_COND_UNKNOWN;
	MP_COPY(c->reason, ev->condition.reason);
	MP_COPY(c->message, ev->condition.message);
	c->transition_wall = now.wall;
	pod->is_foreign_new = true;
	pod->is_dirty = true;
}

static void apply_evict(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	if (pod->is_evicted || pod->is_rejected || mp_phase_is_final(pod->phase) ||
	    (pod->worker != MP_WORKER_IDLE && pod->worker != MP_WORKER_SYNCING))
		return;
	pod->is_evicted = true;
	MP_COPY(pod->end_reason, "Evicted");
	MP_COPY(pod->end_message, ev->text.message);
	mp_machine_event(pod, now, -1, true, "Evicted", "%s", pod->end_message);
	/* The kill gets 1 s; more than 10 s in all is told. */
	pod->abort_at = mp_nsec_min(pod->abort_at, mp_nsec_add(now.mono, mp_seconds(1)));
	pod->exceeded_at = mp_nsec_add(now.mono, mp_seconds(10));
	pod->is_shortened = true;
}

static void apply_reject(struct mp_pod *pod, const struct mp_event *ev)
{
	if (pod->has_started || mp_machine_is_ending(pod))
		return; /* admission comes before everything else */
	pod->is_rejected = true;
	MP_COPY(pod->end_reason, ev->text.reason);
	MP_COPY(pod->reject_message, ev->text.message);
	(void)snprintf(pod->end_message, sizeof(pod->end_message), "Pod was rejected: %.1000s",
		       pod->reject_message);
}

static void apply_unschedulable(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	if (pod->has_started || pod->worker != MP_WORKER_IDLE || mp_machine_is_ending(pod))
		return; /* it has its place already */
	if (pod->is_unscheduled && mp_streq(pod->unscheduled_message, ev->text.message))
		return;
	pod->is_unscheduled = true;
	pod->is_dirty = true;
	MP_COPY(pod->unscheduled_message, ev->text.message);
	mp_machine_event(pod, now, -1, true, "FailedScheduling", "%s", pod->unscheduled_message);
}

static void apply_scheduled(struct mp_pod *pod)
{
	pod->is_dirty = pod->is_dirty || pod->is_unscheduled;
	pod->is_unscheduled = false;
}

/* ---- what the node tells ------------------------------------------------------------------------- */

/* Each volume that failed is told; the first of them answers the request. */
static void apply_volume_failed(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	char message[MP_MESSAGE_MAX];
	struct mp_buf buf = MP_BUF(message);

	message[0] = '\0';
	if (ev->volume.index >= 0 && (size_t)ev->volume.index < pod->spec->n_volumes)
		mp_buf_addf(&buf, "MountVolume.SetUp failed for volume \"%s\" : ",
			    pod->spec->volumes[ev->volume.index].name);
	if (ev->volume.message != NULL)
		mp_buf_adds(&buf, ev->volume.message);
	if (!pod->volumes.is_asked)
		return;
	mp_machine_event(pod, now, -1, true, "FailedMount", "%s", message);
	mp_request_answer(&pod->volumes, false, "FailedMount", message);
}

static void apply_sandbox_ready(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_sandbox *sandbox = &pod->sandbox;

	if (!sandbox->create.is_asked || sandbox->create.has_answer)
		return;
	mp_request_answer(&sandbox->create, true, "", "");
	MP_COPY(sandbox->ip, ev->sandbox.ip);
	MP_COPY(sandbox->ip6, ev->sandbox.ip6);
}

static void apply_sandbox_died(struct mp_pod *pod)
{
	pod->sandbox.is_alive = false;
	pod->sandbox.has_died = true;
	pod->is_dirty = true;
}

static void apply_exited(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_cstate *c = &pod->containers[ev->container];

	if (c->rec[0].state != MP_RECORD_CREATED && c->rec[0].state != MP_RECORD_RUNNING)
		return;
	mp_record_exit(&c->rec[0], ev, now);
	pod->is_dirty = true;
}

static void apply_definition(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_cstate *c = &pod->containers[ev->container];

	c->rec[0].has_old_spec = mp_record_is_live(&c->rec[0]);
	memset(&c->backoff, 0, sizeof(c->backoff)); /* the image is part of the back-off's key */
	pod->is_dirty = true;
}

static bool is_known_container(const struct mp_pod *pod, const struct mp_event *ev)
{
	return ev->container >= 0 && (size_t)ev->container < mp_machine_n(pod);
}

void mp_pod_apply(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	switch (ev->type) {
	case MP_EV_DELETE:
		apply_delete(pod, ev, now);
		return;
	case MP_EV_CONDITION:
		apply_condition(pod, ev, now);
		return;
	case MP_EV_EVICT:
		apply_evict(pod, ev, now);
		return;
	case MP_EV_REJECT:
		apply_reject(pod, ev);
		return;
	case MP_EV_UNSCHEDULABLE:
		apply_unschedulable(pod, ev, now);
		return;
	case MP_EV_SCHEDULED:
		apply_scheduled(pod);
		return;
	case MP_EV_NOTE:
		mp_machine_note(pod, now, is_known_container(pod, ev) ? ev->container : -1, ev);
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
		apply_volume_failed(pod, ev, now);
		return;
	case MP_EV_SANDBOX_READY:
		apply_sandbox_ready(pod, ev);
		return;
	case MP_EV_SANDBOX_FAILED:
		mp_request_answer(&pod->sandbox.create, false, "", ev->text.message);
		return;
	case MP_EV_SANDBOX_DIED:
		apply_sandbox_died(pod);
		return;
	case MP_EV_SANDBOX_STOPPED:
		mp_request_answer(&pod->sandbox.stop, true, "", "");
		return;
	case MP_EV_SANDBOX_STOP_FAILED:
		mp_request_answer(&pod->sandbox.stop, false, "", ev->text.message);
		return;
	case MP_EV_TORN_DOWN:
		mp_request_answer(&pod->tear_down, true, "", "");
		return;
	case MP_EV_RECOVERED:
		mp_recover_pod(pod, ev, now);
		return;
	case MP_EV_IMAGE_PRESENT:
	case MP_EV_IMAGE_ABSENT:
	case MP_EV_IMAGE_PULLED:
	case MP_EV_IMAGE_FAILED:
	case MP_EV_CREATED:
	case MP_EV_CREATE_FAILED:
	case MP_EV_STARTED:
	case MP_EV_START_FAILED:
	case MP_EV_EXITED:
	case MP_EV_HOOK_DONE:
	case MP_EV_PROBE_DONE:
	case MP_EV_DEFINITION_CHANGED:
	case MP_EV_RECOVERED_CONTAINER:
		break;
	}

	if (!is_known_container(pod, ev))
		return;
	if (ev->type == MP_EV_EXITED)
		apply_exited(pod, ev, now);
	else if (ev->type == MP_EV_HOOK_DONE)
		mp_hook_answer(pod, ev);
	else if (ev->type == MP_EV_PROBE_DONE)
		mp_probing_answer(pod, ev);
	else if (ev->type == MP_EV_DEFINITION_CHANGED)
		apply_definition(pod, ev);
	else if (ev->type == MP_EV_RECOVERED_CONTAINER)
		mp_recover_container(pod, ev, now);
	else
		mp_start_answer(pod, ev, now);
}

/* ---- planning ---------------------------------------------------------------------------------------- */

/* Of the dead records only the newest is kept (3.4). */
static void prune_records(struct mp_pod *pod)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		struct mp_record *rec = pod->containers[i].rec;

		if (rec[0].state != MP_RECORD_EXITED || rec[1].state == MP_RECORD_NONE ||
		    rec[1].is_pruned)
			continue;
		rec[1].is_pruned = true;
		mp_machine_remove_record(pod, i, &rec[1], true);
	}
}

static void learn_grace(struct mp_pod *pod, struct mp_now now)
{
	if (!pod->is_shortened)
		return;
	pod->is_shortened = false;
	if (pod->is_deleting)
		mp_publish_deletion(pod);
	mp_kill_shorten(pod, mp_end_grace(pod), now.mono);
}

static void learn_conditions(struct mp_pod *pod, struct mp_now now)
{
	if (pod->is_foreign_new && pod->has_started)
		mp_publish_conditions(pod, now);
	pod->is_foreign_new = false;
}

static bool is_deadline_due(const struct mp_pod *pod, struct mp_now now)
{
	return pod->spec->active_deadline_s.is_set && pod->has_started &&
	       !mp_phase_is_final(pod->phase) &&
	       now.mono >= mp_nsec_add(pod->start_mono, mp_seconds(pod->spec->active_deadline_s.v));
}

/* Not even its deadline runs: that begins with the node (2.7). Deleting it takes nothing. */
static bool wait_for_room(struct mp_pod *pod, struct mp_now now)
{
	if (mp_machine_is_ending(pod)) {
		mp_end_unscheduled(pod);
		return true;
	}
	if (!pod->is_dirty)
		return false;
	pod->is_dirty = false;
	mp_publish_unscheduled(pod, now);
	return true;
}

static bool work(struct mp_pod *pod, struct mp_now now)
{
	switch (pod->worker) {
	case MP_WORKER_IDLE:
		if (pod->is_rejected) {
			mp_end_reject(pod, now);
			return true;
		}
		if (pod->is_unscheduled)
			return wait_for_room(pod, now);
		if (mp_machine_is_ending(pod)) {
			mp_end_begin(pod, now);
			return true;
		}
		if (!pod->is_dirty && now.mono < pod->retry_at && !is_deadline_due(pod, now))
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
	mp_nsec wake = pod->retry_at;

	switch (pod->worker) {
	case MP_WORKER_IDLE:
		if (pod->spec->active_deadline_s.is_set && pod->has_started &&
		    !mp_phase_is_final(pod->phase))
			wake = mp_nsec_min(wake,
					   mp_nsec_add(pod->start_mono,
						       mp_seconds(pod->spec->active_deadline_s.v)));
		return wake;
	case MP_WORKER_SYNCING:
		return mp_sync_wake(pod);
	case MP_WORKER_TERMINATING:
		return mp_end_wake(pod);
	case MP_WORKER_TERMINATED:
	case MP_WORKER_FINISHED:
		break;
	}
	return MP_NSEC_NEVER;
}

void mp_pod_plan(struct mp_pod *pod, struct mp_now now, struct mp_plan *plan)
{
	bool goes_on = true;

	assert(plan->size >= MP_PLAN_MIN);
	plan->n = 0;
	plan->wake_at = now.mono;
	pod->last_turn = now;
	if (!mp_outbox_take(pod->outbox, plan))
		return;
	if (plan->n == 0)
		mp_outbox_begin(pod->outbox);
	mp_probing_resume(pod, now.mono);
	learn_grace(pod, now);
	learn_conditions(pod, now);
	while (goes_on) {
		prune_records(pod);
		goes_on = mp_kill_step(pod, now);
		goes_on = work(pod, now) || goes_on;
		goes_on = mp_probing_step(pod, now) || goes_on;
	}
	if (!mp_outbox_take(pod->outbox, plan))
		return;
	plan->wake_at = mp_nsec_min(mp_kill_wake(pod), worker_wake(pod));
	plan->wake_at = mp_nsec_min(plan->wake_at, mp_probing_doze(pod));
}

/* ---- questions -------------------------------------------------------------------------------------- */

const struct mp_pod_status *mp_pod_status(const struct mp_pod *pod)
{
	return &pod->published;
}

bool mp_pod_is_finished(const struct mp_pod *pod)
{
	return pod->worker == MP_WORKER_FINISHED && !mp_outbox_has(pod->outbox, MP_DO_FINISH);
}

bool mp_pod_is_deleting(const struct mp_pod *pod)
{
	return pod->is_deleting;
}

bool mp_pod_is_terminating(const struct mp_pod *pod)
{
	return mp_machine_is_ending(pod) ||
	       (pod->worker != MP_WORKER_IDLE && pod->worker != MP_WORKER_SYNCING);
}

bool mp_pod_container_runs(const struct mp_pod *pod, size_t index)
{
	return index < mp_machine_n(pod) && mp_record_is_live(&pod->containers[index].rec[0]);
}

size_t mp_pod_records(const struct mp_pod *pod, size_t index,
		      struct mp_pod_record ret[MP_POD_RECORDS_MAX])
{
	size_t n = 0;

	for (size_t r = 0; index < mp_machine_n(pod) && r < MP_POD_RECORDS_MAX; r++) {
		const struct mp_record *rec = &pod->containers[index].rec[r];

		if (rec->state == MP_RECORD_NONE || rec->is_pruned)
			continue;
		MP_COPY(ret[n].id, rec->id);
		ret[n].restart_count = rec->restart_count;
		ret[n].is_live = mp_record_is_live(rec);
		n++;
	}
	return n;
}
