/* SPDX-License-Identifier: Apache-2.0 */
/* Events: what they tell has happened, and what the status shows was told. */
#include <string.h>

#include "lifecycle/eventlog.h"
#include "tests/sim/sim.h"

/* How much the series of @e grew with it; 0: it cannot be followed. */
static int64_t growth(struct sim_check *k, struct mp_sim *sim, const struct mp_k8s_event *e)
{
	struct sim_series *series = NULL;
	int64_t grown;

	for (size_t i = 0; i < k->n_series && series == NULL; i++) {
		if (k->series[i].slot == e->slot && k->series[i].first_wall == e->first_wall)
			series = &k->series[i];
	}
	if (series == NULL && k->n_series < SIM_SERIES) {
		series = &k->series[k->n_series++];
		*series = (struct sim_series){ e->slot, e->first_wall, 0 };
	}
	if (series == NULL)
		return 0;
	grown = e->count - series->count;
	if (grown < 1)
		sim_fail(k, sim, "event %s: count %lld after %lld", e->reason, (long long)e->count,
			 (long long)series->count);
	series->count = e->count;
	return grown;
}

static void note_pod_event(struct sim_check *k, struct mp_sim *sim, const struct mp_k8s_event *e)
{
	if (strcmp(e->reason, "DeadlineExceeded") == 0) {
		k->has_deadline_event = true;
		if (!k->is_ended)
			k->deleted_at = sim->now.mono;
	}
	if (strcmp(e->reason, "Evicted") == 0) {
		k->is_evicted = true;
		k->has_evicted_event = true;
		sim_check_end(k, sim);
		sim_check_shorten(k, sim, 1);
	}
	k->has_sandbox_event = k->has_sandbox_event || strcmp(e->reason, "SandboxChanged") == 0;
}

static void note_container_event(struct sim_check *k, struct mp_sim *sim,
				 const struct mp_k8s_event *e, int64_t grown)
{
	struct sim_mind *m = &k->minds[e->container];
	const bool is_combined = strncmp(e->message, "(combined from", 14) == 0;

	if (strcmp(e->reason, "Killing") == 0 && !is_combined)
		sim_check_kill_event(k, sim, e->container, e->message);
	if (strcmp(e->reason, "Started") == 0 && (m->n_event_started += grown) > m->n_started)
		sim_fail(k, sim, "container %d: more Started events than starts", e->container);
	if (strcmp(e->reason, "Created") == 0 && (m->n_event_created += grown) > m->n_created)
		sim_fail(k, sim, "container %d: more Created events than instances", e->container);
	if (strcmp(e->reason, "Unhealthy") == 0 && !is_combined &&
	    (m->n_event_unhealthy += grown) > m->n_bad_answers)
		sim_fail(k, sim, "container %d: more Unhealthy events than bad answers",
			 e->container);
	if (strcmp(e->reason, "BackOff") == 0 && e->is_warning) {
		m->has_event_back_off = true;
		if (!m->has_end)
			sim_fail(k, sim, "container %d: BackOff before it ever ended",
				 e->container);
	}
	m->has_event_failed = m->has_event_failed || strcmp(e->reason, "Failed") == 0;
	m->has_event_post_start =
		m->has_event_post_start || strcmp(e->reason, "FailedPostStartHook") == 0;
}

void sim_check_event(struct sim_check *k, struct mp_sim *sim, const struct mp_k8s_event *e)
{
	const int64_t grown = growth(k, sim, e);

	k->n_events[e->is_warning ? 1 : 0]++;
	if (grown < 1)
		return;
	if (e->container < 0)
		note_pod_event(k, sim, e);
	else
		note_container_event(k, sim, e, grown);
}

static void check_waiting(struct sim_check *k, struct mp_sim *sim, size_t i, const char *reason)
{
	static const char *const of_a_step[] = {
		"ErrImagePull",         "ImagePullBackOff",  "ErrImageNeverPull",
		"RegistryUnavailable",  "InvalidImageName",  "CreateContainerConfigError",
		"CreateContainerError", "RunContainerError",
	};
	const struct sim_mind *m = &k->minds[i];

	for (size_t r = 0; r < sizeof(of_a_step) / sizeof(of_a_step[0]); r++) {
		if (strcmp(reason, of_a_step[r]) == 0 && !m->has_event_failed)
			sim_fail(k, sim, "container %zu waits in %s without a Failed event", i,
				 reason);
	}
	if (strcmp(reason, "CrashLoopBackOff") == 0 && !m->has_event_back_off)
		sim_fail(k, sim, "container %zu waits in CrashLoopBackOff without its event", i);
	if (strcmp(reason, "PostStartHookError") == 0 && !m->has_event_post_start)
		sim_fail(k, sim, "container %zu waits in PostStartHookError without its event", i);
}

void sim_check_told(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);

	/* Events under way when a supervisor dies are lost, and so are those beyond the limit. */
	if (k->has_recovered || k->n_events[0] >= MP_EVENT_BURST ||
	    k->n_events[1] >= MP_EVENT_BURST)
		return;
	if (strcmp(s->reason, "Evicted") == 0 && !k->has_evicted_event)
		sim_fail(k, sim, "Evicted without its event");
	if (k->attempt > 0 && !k->has_sandbox_event)
		sim_fail(k, sim, "a second sandbox without SandboxChanged");
	for (size_t i = 0; i < s->n_containers; i++) {
		const struct mp_container_status *c = &s->containers[i];
		const struct sim_mind *m = &k->minds[i];

		if (c->state.kind == MP_STATE_RUNNING && m->n_event_started != m->n_started)
			sim_fail(k, sim, "container %zu runs: %lld starts, %lld Started events", i,
				 (long long)m->n_started, (long long)m->n_event_started);
		if (c->state.kind == MP_STATE_WAITING)
			check_waiting(k, sim, i, c->state.reason);
	}
}
