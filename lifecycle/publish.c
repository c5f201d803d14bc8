/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/publish.h"

#include <string.h>

#include "lifecycle/phase.h"

#define DEADLINE_MESSAGE "Pod was active on the node longer than the specified deadline"
#define GONE_MESSAGE     "The container could not be located when the pod was terminated"

static bool has_main_record(const struct mp_pod *pod)
{
	for (size_t i = pod->spec->n_init; i < mp_machine_n(pod); i++) {
		switch (pod->containers[i].rec[0].state) {
		case MP_RECORD_CREATED:
		case MP_RECORD_RUNNING:
		case MP_RECORD_EXITED:
			return true;
		case MP_RECORD_NONE:
		case MP_RECORD_UNKNOWN:
			break;
		}
	}
	return false;
}

static struct mp_status_seen seen_of(const struct mp_pod *pod, size_t i)
{
	const struct mp_cstate *c = &pod->containers[i];
	const struct mp_probe_spec *probes = pod->spec->containers[i].probes;
	const struct mp_probe_worker *startup = &c->probes[MP_PROBE_STARTUP].worker;
	const struct mp_probe_worker *readiness = &c->probes[MP_PROBE_READINESS].worker;
	const bool is_carried = c->is_carried && strcmp(c->carried_id, c->rec[0].id) == 0;

	return (struct mp_status_seen){
		.spec = pod->spec,
		.container = &pod->spec->containers[i],
		.newest = &c->rec[0],
		.second = &c->rec[1],
		.previous = &pod->published.containers[i],
		.failure = &c->failure,
		.is_deleting = pod->is_deleting,
		.has_main_record = has_main_record(pod),
		.has_startup_probe = probes[MP_PROBE_STARTUP].is_set,
		.has_readiness_probe = probes[MP_PROBE_READINESS].is_set,
		.startup = mp_probe_known(startup, c->rec[0].id),
		.readiness = mp_probe_known(readiness, c->rec[0].id),
		.is_carried_started = is_carried && c->carried_started,
		.is_carried_ready = is_carried && c->carried_ready,
	};
}

/* An unready container is probed at once when its status is computed (3.1.5). */
static void trigger_readiness(struct mp_pod *pod, size_t i)
{
	const struct mp_container_status *s = &pod->scratch.containers[i];
	struct mp_cstate *c = &pod->containers[i];
	struct mp_probe_worker *w = &c->probes[MP_PROBE_READINESS].worker;

	if (w->exists && !w->is_ended && s->state.kind == MP_STATE_RUNNING && s->is_started &&
	    mp_probe_known(w, c->rec[0].id) != MP_KNOWN_SUCCESS)
		w->is_triggered = true;
}

static bool is_past_deadline(const struct mp_pod *pod, struct mp_now now)
{
	const struct mp_opt_int *deadline = &pod->spec->active_deadline_s;

	return deadline->is_set && pod->has_started &&
	       now.mono >= mp_nsec_add(pod->start_mono, mp_seconds(deadline->v));
}

static bool is_initialized(const struct mp_pod *pod)
{
	if (!mp_machine_is_sandbox_ready(pod))
		return false;
	for (size_t i = pod->spec->n_init; i < mp_machine_n(pod); i++) {
		const struct mp_record *rec = &pod->containers[i].rec[0];

		if (rec->state != MP_RECORD_NONE && rec->attempt == pod->sandbox.attempt)
			return true;
	}
	return false;
}

static void set_phase(struct mp_pod *pod, enum mp_phase phase, const char *reason,
		      const char *message)
{
	pod->phase = phase;
	MP_COPY(pod->reason, reason);
	MP_COPY(pod->message, message);
}

/* Section 1.3, 1-5: the computed phase. */
static void settle_phase(struct mp_pod *pod, struct mp_now now, enum mp_publish_mode mode)
{
	const struct mp_phase_seen seen = {
		.spec = pod->spec,
		.statuses = pod->scratch.containers,
		.is_terminal = mode == MP_PUBLISH_TERMINAL,
		.is_initialized = is_initialized(pod),
	};
	enum mp_phase phase;

	if (mp_phase_is_final(pod->phase))
		return;
	if (pod->is_rejected || (pod->is_evicted && pod->worker == MP_WORKER_TERMINATING)) {
		set_phase(pod, MP_PHASE_FAILED, pod->end_reason, pod->end_message);
		return;
	}
	if (mode != MP_PUBLISH_AGAIN && is_past_deadline(pod, now)) {
		pod->is_past_deadline = true;
		mp_machine_event(pod, now, -1, false, "DeadlineExceeded", "%s", DEADLINE_MESSAGE);
		set_phase(pod, MP_PHASE_FAILED, "DeadlineExceeded", DEADLINE_MESSAGE);
		return;
	}
	phase = mp_phase_of(&seen);
	/* Amid a sync the containers it killed look finished; the next sync's start decides. */
	if (mode == MP_PUBLISH_AGAIN && mp_phase_is_final(phase))
		return;
	if (phase != pod->phase)
		set_phase(pod, phase, "", "");
}

/* Section 1.3.6: a terminal phase is not shown while a process may be alive. */
static void show_phase(struct mp_pod *pod)
{
	const bool is_held = mp_phase_is_final(pod->phase) && !pod->is_stopped;

	pod->scratch.phase = is_held ? pod->published.phase : pod->phase;
	MP_COPY(pod->scratch.reason, is_held ? pod->published.reason : pod->reason);
	MP_COPY(pod->scratch.message, is_held ? pod->published.message : pod->message);
}

static void settle_conditions(struct mp_pod *pod, const struct mp_container_status *statuses,
			      int64_t wall)
{
	const struct mp_conditions_seen seen = {
		.spec = pod->spec,
		.statuses = statuses,
		.phase = pod->phase,
		.is_sandbox_ready = mp_machine_is_sandbox_ready(pod),
		.is_rejected = pod->is_rejected,
		.unschedulable = pod->is_unscheduled ? pod->unscheduled_message : NULL,
		.restart_all = pod->restart_all,
		.foreign = pod->foreign,
		.n_foreign = pod->n_foreign,
		.previous = pod->published.conditions,
		.n_previous = pod->published.n_conditions,
		.wall = wall,
	};

	pod->scratch.n_conditions = mp_conditions_of(&seen, pod->scratch.conditions);
}

static bool is_equal(const struct mp_pod_status *a, const struct mp_pod_status *b)
{
	if (a->phase != b->phase || strcmp(a->reason, b->reason) != 0 ||
	    strcmp(a->message, b->message) != 0 || a->start_wall != b->start_wall ||
	    a->deletion_wall != b->deletion_wall ||
	    a->deletion_grace_s.is_set != b->deletion_grace_s.is_set ||
	    a->deletion_grace_s.v != b->deletion_grace_s.v || strcmp(a->pod_ip, b->pod_ip) != 0 ||
	    strcmp(a->pod_ip6, b->pod_ip6) != 0 || a->n_conditions != b->n_conditions)
		return false;
	for (size_t i = 0; i < a->n_conditions; i++) {
		if (!mp_condition_equal(&a->conditions[i], &b->conditions[i]))
			return false;
	}
	for (size_t i = 0; i < a->n_containers; i++) {
		if (!mp_status_equal(&a->containers[i], &b->containers[i]))
			return false;
	}
	return true;
}

/* Copies what is in use: a status is large and mostly empty. */
static void copy_status(struct mp_pod_status *to, const struct mp_pod_status *from)
{
	to->phase = from->phase;
	MP_COPY(to->reason, from->reason);
	MP_COPY(to->message, from->message);
	to->start_wall = from->start_wall;
	to->deletion_wall = from->deletion_wall;
	to->deletion_grace_s = from->deletion_grace_s;
	MP_COPY(to->pod_ip, from->pod_ip);
	MP_COPY(to->pod_ip6, from->pod_ip6);
	to->n_conditions = from->n_conditions;
	memcpy(to->conditions, from->conditions, from->n_conditions * sizeof(from->conditions[0]));
	memcpy(to->containers, from->containers, from->n_containers * sizeof(*from->containers));
}

static void show(struct mp_pod *pod)
{
	if (is_equal(&pod->published, &pod->scratch))
		return;
	copy_status(&pod->published, &pod->scratch);
	if (!mp_outbox_has(pod->outbox, MP_DO_PUBLISH_STATUS))
		mp_machine_do(pod, MP_DO_PUBLISH_STATUS, -1);
}

static void build_pod_fields(struct mp_pod *pod, struct mp_now now)
{
	struct mp_pod_status *s = &pod->scratch;

	if (!pod->has_started) {
		pod->has_started = true;
		pod->start_mono = now.mono;
		s->start_wall = now.wall;
	} else {
		s->start_wall = pod->published.start_wall;
	}
	s->deletion_wall = pod->deletion_wall;
	s->deletion_grace_s =
		(struct mp_opt_int){ pod->is_deleting ? pod->delete_grace_s : 0, pod->is_deleting };
	MP_COPY(s->pod_ip, pod->sandbox.ip);
	MP_COPY(s->pod_ip6, pod->sandbox.ip6);
}

void mp_publish_deletion(struct mp_pod *pod)
{
	struct mp_pod_status *s = &pod->published;

	s->deletion_wall = pod->deletion_wall;
	s->deletion_grace_s = (struct mp_opt_int){ pod->delete_grace_s, true };
	if (!mp_outbox_has(pod->outbox, MP_DO_PUBLISH_STATUS))
		mp_machine_do(pod, MP_DO_PUBLISH_STATUS, -1);
}

void mp_publish_status(struct mp_pod *pod, struct mp_now now, enum mp_publish_mode mode)
{
	build_pod_fields(pod, now);
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_status_seen seen = seen_of(pod, i);

		if (pod->is_rejected) {
			memset(&pod->scratch.containers[i], 0, sizeof(pod->scratch.containers[i]));
			continue;
		}
		mp_status_derive(&seen, &pod->scratch.containers[i]);
		if (mode == MP_PUBLISH_SYNC)
			trigger_readiness(pod, i);
	}
	settle_phase(pod, now, mode);
	show_phase(pod);
	settle_conditions(pod, pod->scratch.containers, now.wall);
	show(pod);
}

void mp_publish_conditions(struct mp_pod *pod, struct mp_now now)
{
	copy_status(&pod->scratch, &pod->published);
	settle_conditions(pod, pod->scratch.containers, now.wall);
	show(pod);
}

void mp_publish_probe(struct mp_pod *pod, struct mp_now now, size_t index)
{
	const struct mp_status_seen seen = seen_of(pod, index);
	struct mp_pod_status *to = &pod->scratch;
	struct mp_container_status *containers = to->containers;
	struct mp_container_status *s = &containers[index];
	bool is_started, is_ready;

	if (strcmp(pod->published.containers[index].container_id + strlen("minipod://"),
		   seen.newest->id) != 0 ||
	    pod->published.containers[index].container_id[0] == '\0')
		return; /* what is shown is another instance */

	mp_status_derive(&seen, s);
	is_started = s->is_started;
	is_ready = s->is_ready;
	copy_status(to, &pod->published);
	if (s->state.kind == MP_STATE_RUNNING) {
		s->is_started = is_started;
		s->is_ready = is_ready;
	}
	settle_conditions(pod, containers, now.wall);
	show(pod);
}

void mp_publish_unscheduled(struct mp_pod *pod, struct mp_now now)
{
	copy_status(&pod->scratch, &pod->published);
	memset(pod->scratch.containers, 0, mp_machine_n(pod) * sizeof(*pod->scratch.containers));
	settle_conditions(pod, pod->scratch.containers, now.wall);
	show(pod);
}

/* ---- the very end (1.3.8) -------------------------------------------------------------------- */

static void lose(struct mp_container_status *s)
{
	if (s->state.kind == MP_STATE_TERMINATED)
		return;
	s->state.kind = MP_STATE_TERMINATED;
	mp_status_lost(&s->state.terminated, GONE_MESSAGE);
}

static bool was_initialized(const struct mp_pod *pod, const struct mp_container_status *all)
{
	const struct mp_pod_spec *spec = pod->spec;
	const struct mp_container_status *last;

	if (spec->n_init == 0)
		return true;
	for (size_t i = spec->n_init; i < mp_machine_n(pod); i++) {
		if (all[i].has_last || all[i].state.kind != MP_STATE_WAITING)
			return true;
	}
	last = &all[spec->n_init - 1];
	if (spec->containers[spec->n_init - 1].kind == MP_KIND_SIDECAR)
		return last->state.kind == MP_STATE_RUNNING && last->is_started;
	return (last->has_last && last->last.exit_code == 0) ||
	       (last->state.kind == MP_STATE_TERMINATED && last->state.terminated.exit_code == 0);
}

/* All entries but the trailing run of never-started ones; at least the first. */
static size_t n_begun(const struct mp_pod *pod, const struct mp_container_status *all)
{
	size_t n = pod->spec->n_init;

	while (n > 1 && all[n - 1].state.kind == MP_STATE_WAITING && !all[n - 1].has_last)
		n--;
	return n;
}

void mp_publish_end(struct mp_pod *pod)
{
	struct mp_pod_status *to = &pod->scratch;
	struct mp_container_status *containers = to->containers;
	const size_t n_init = n_begun(pod, pod->published.containers);

	copy_status(to, &pod->published);
	if (!pod->is_rejected) {
		if (was_initialized(pod, containers)) {
			for (size_t i = pod->spec->n_init; i < mp_machine_n(pod); i++)
				lose(&containers[i]);
		}
		for (size_t i = 0; i < n_init; i++)
			lose(&containers[i]);
	}
	if (!mp_phase_is_final(pod->phase))
		set_phase(pod, MP_PHASE_FAILED, "", "");
	show_phase(pod);
	show(pod);
}
