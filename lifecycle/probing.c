/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/probing.h"

#include <string.h>

#include "lifecycle/phase.h"
#include "lifecycle/publish.h"

#define ID_PREFIX "minipod://"

static struct mp_probe_seen seen_of(const struct mp_pod *pod, size_t index)
{
	const struct mp_container_status *s = &pod->published.containers[index];
	const struct mp_cstate *c = &pod->containers[index];
	const bool has_id = mp_starts_with(s->container_id, ID_PREFIX);
	const char *id = has_id ? s->container_id + strlen(ID_PREFIX) : "";
	const bool is_running = s->state.kind == MP_STATE_RUNNING;
	/* What is shown may be older than what we know: a dead process is not asked. */
	const bool is_stale =
		is_running && (strcmp(id, c->rec[0].id) != 0 || !mp_record_is_live(&c->rec[0]));

	return (struct mp_probe_seen){
		.has_status = pod->has_started && s->is_present && !is_stale,
		.is_phase_final = mp_phase_is_final(pod->published.phase),
		.id = id,
		.is_running = is_running,
		.is_gone_for_good = s->state.kind == MP_STATE_TERMINATED &&
				    !mp_should_restart(pod->spec, &pod->spec->containers[index],
						       s->state.terminated.exit_code),
		.is_started = s->is_started,
		.is_deleting = pod->is_deleting,
		.is_carried = c->is_carried && strcmp(c->carried_id, id) == 0,
		.started_at = c->rec[0].started,
	};
}

static const struct mp_probe_spec *spec_of(const struct mp_pod *pod, size_t index, size_t kind)
{
	return &pod->spec->containers[index].probes[kind];
}

void mp_probing_register(struct mp_pod *pod, struct mp_now now)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		if (pod->spec->containers[i].kind == MP_KIND_INIT)
			continue;
		for (size_t k = 0; k < MP_N_PROBES; k++) {
			struct mp_probing *p = &pod->containers[i].probes[k];
			const mp_nsec period = mp_seconds(spec_of(pod, i, k)->period_s);
			mp_nsec first = now.mono;

			/* A worker that ended with its container is wanted again with the next. */
			if (!spec_of(pod, i, k)->is_set ||
			    (p->worker.exists && !(p->worker.is_ended &&
						   mp_record_is_live(&pod->containers[i].rec[0]))))
				continue;
			if (!pod->config.is_cold_start &&
			    now.mono - pod->config.started_at < period)
				first = mp_nsec_add(first, mp_random_part(period, &pod->rng));
			p->worker = mp_probe_new(first);
			p->has_answer = false;
		}
	}
}

void mp_probing_answer(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_probing *p = &pod->containers[ev->container].probes[ev->probe.kind];

	if (p->worker.tries == 0 || p->has_answer)
		return;
	p->has_answer = true;
	p->outcome = ev->probe.outcome;
	MP_COPY(p->output, ev->probe.output);
}

static void execute(struct mp_pod *pod, size_t index, enum mp_probe_kind kind,
		    enum mp_action_type type)
{
	const struct mp_action action = { .type = type, .container = (int)index, .probe = kind };

	mp_machine_add(pod, &action);
}

/* The answer counts: remember the result, show it, have the worker act on it. */
static void conclude(struct mp_pod *pod, struct mp_now now, size_t index, enum mp_probe_kind kind,
		     bool is_success)
{
	struct mp_probe_worker *w = &pod->containers[index].probes[kind].worker;
	const enum mp_known before = mp_probe_known(w, w->id);

	*w = mp_probe_answer(spec_of(pod, index, kind), kind, *w, is_success);
	if (mp_probe_known(w, w->id) == before)
		return;
	switch (kind) {
	case MP_PROBE_STARTUP:
	case MP_PROBE_READINESS:
		mp_publish_probe(pod, now, index);
		pod->is_dirty = true;
		break;
	case MP_PROBE_LIVENESS:
		pod->is_dirty = pod->is_dirty || !is_success;
		break;
	}
}

static void answer(struct mp_pod *pod, struct mp_now now, size_t index, enum mp_probe_kind kind)
{
	struct mp_probing *p = &pod->containers[index].probes[kind];
	const char *name = mp_probe_kind_text(kind);
	const struct mp_record *rec = &pod->containers[index].rec[0];
	/* The answer may be about an instance that is gone: its successor is not asked again. */
	const bool is_live = rec->state == MP_RECORD_RUNNING && strcmp(p->worker.id, rec->id) == 0;
	/* Liveness and startup of a pod being deleted are not asked again (8.1). */
	const bool is_over = pod->is_deleting && kind != MP_PROBE_READINESS;
	const char *state = "unknown";

	p->has_answer = false;
	switch (p->outcome) {
	case MP_PROBE_SUCCESS:
		conclude(pod, now, index, kind, true);
		break;
	case MP_PROBE_WARNING:
		mp_machine_event(pod, now, (int)index, true, "ProbeWarning", "%s probe warning: %s",
				 name, p->output);
		conclude(pod, now, index, kind, true);
		break;
	case MP_PROBE_FAILURE:
		mp_machine_event(pod, now, (int)index, true, "Unhealthy", "%s probe failed: %s",
				 name, p->output);
		conclude(pod, now, index, kind, false);
		break;
	case MP_PROBE_ERROR_UNREADABLE:
		state = "failure";
		__attribute__((fallthrough));
	case MP_PROBE_ERROR:
		if (p->worker.tries < MP_PROBE_TRIES && is_live && !is_over) {
			p->worker.tries++;
			execute(pod, index, kind, MP_DO_RUN_PROBE);
			break;
		}
		p->worker.tries = 0;
		mp_machine_event(pod, now, (int)index, true, "Unhealthy",
				 "%s probe errored and resulted in %s state: %s", name, state,
				 p->output);
		break;
	}
}

static bool step_one(struct mp_pod *pod, struct mp_now now, size_t index, enum mp_probe_kind kind)
{
	struct mp_probing *p = &pod->containers[index].probes[kind];
	const struct mp_probe_spec *spec = spec_of(pod, index, kind);
	struct mp_probe_seen seen;
	struct mp_probe_step step;

	if (p->has_answer) {
		answer(pod, now, index, kind);
		return true;
	}
	if (!mp_probe_is_due(&p->worker, now.mono))
		return false;
	seen = seen_of(pod, index);
	p->worker = mp_probe_tick(spec, p->worker, now.mono);
	step = mp_probe_round(spec, kind, p->worker, &seen, now.mono);
	p->worker = step.worker;
	if (step.todo == MP_PROBE_DO_EXECUTE)
		execute(pod, index, kind, MP_DO_RUN_PROBE);
	return true;
}

bool mp_probing_step(struct mp_pod *pod, struct mp_now now)
{
	bool is_changed = false;

	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		for (enum mp_probe_kind k = 0; k < MP_N_PROBES; k++) {
			if (pod->containers[i].probes[k].worker.exists && step_one(pod, now, i, k))
				is_changed = true;
		}
	}
	return is_changed;
}

void mp_probing_resume(struct mp_pod *pod, mp_nsec now)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		for (size_t k = 0; k < MP_N_PROBES; k++) {
			struct mp_probe_worker *w = &pod->containers[i].probes[k].worker;

			*w = mp_probe_resume(spec_of(pod, i, k), *w, now);
		}
	}
}

mp_nsec mp_probing_doze(struct mp_pod *pod)
{
	mp_nsec wake = MP_NSEC_NEVER;

	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_probe_seen seen = seen_of(pod, i);

		for (enum mp_probe_kind k = 0; k < MP_N_PROBES; k++) {
			struct mp_probe_worker *w = &pod->containers[i].probes[k].worker;
			mp_nsec when;

			*w = mp_probe_doze(spec_of(pod, i, k), k, *w, &seen, &when);
			wake = mp_nsec_min(wake, when);
		}
	}
	return wake;
}

void mp_probing_stop(struct mp_pod *pod, bool and_readiness)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		for (enum mp_probe_kind k = 0; k < MP_N_PROBES; k++) {
			struct mp_probing *p = &pod->containers[i].probes[k];

			if (!p->worker.exists || p->worker.is_ended ||
			    (k == MP_PROBE_READINESS && !and_readiness))
				continue;
			p->worker.is_ended = true;
			if (p->worker.tries > 0 && !p->has_answer)
				execute(pod, i, k, MP_DO_ABANDON_PROBE);
			p->has_answer = false;
			p->worker.tries = 0;
		}
	}
}

enum mp_known mp_probing_known(const struct mp_pod *pod, size_t index, enum mp_probe_kind kind)
{
	const struct mp_cstate *c = &pod->containers[index];

	return mp_probe_known(&c->probes[kind].worker, c->rec[0].id);
}
