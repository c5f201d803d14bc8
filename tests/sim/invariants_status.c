/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a published status, by itself and against the truth of the node. */
#include <string.h>

#include "tests/sim/sim.h"

static const struct mp_condition *find(const struct mp_condition *conditions, size_t n,
				       const char *type)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(conditions[i].type, type) == 0)
			return &conditions[i];
	}
	return NULL;
}

static bool is_true(const struct mp_condition *c)
{
	return c != NULL && c->status == MP_COND_TRUE;
}

static bool is_final(enum mp_phase phase)
{
	return phase == MP_PHASE_SUCCEEDED || phase == MP_PHASE_FAILED;
}

static void check_conditions(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);
	const struct mp_condition *ready = find(s->conditions, s->n_conditions, "Ready");
	const struct mp_condition *all = find(s->conditions, s->n_conditions, "ContainersReady");
	const struct mp_condition *init = find(s->conditions, s->n_conditions, "Initialized");
	const struct mp_pod_spec *spec = &k->c->spec;
	bool are_ready = true;

	if (is_true(ready) && !is_true(all))
		sim_fail(k, sim, "Ready without ContainersReady");
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		if (spec->containers[i].kind != MP_KIND_INIT && !s->containers[i].is_ready)
			are_ready = false;
	}
	if (is_true(all) && !are_ready)
		sim_fail(k, sim, "ContainersReady with a container that is not");
	if (!is_true(all) && are_ready && !is_final(s->phase) && !k->is_ended &&
	    !k->has_deadline_event)
		sim_fail(k, sim, "all containers are ready, but ContainersReady is not True");
	if (is_true(ready) && is_final(s->phase))
		sim_fail(k, sim, "Ready in a final phase");
	if (is_true(all) && !is_true(ready) && spec->n_readiness_gates == 0)
		sim_fail(k, sim, "ContainersReady without gates, but not Ready");
	if (is_true(ready) && spec->n_readiness_gates > 0 &&
	    !is_true(find(s->conditions, s->n_conditions, spec->readiness_gates[0])))
		sim_fail(k, sim, "Ready with a gate that is not");
	if (k->was_initialized && !is_true(init) && !k->is_rejected)
		sim_fail(k, sim, "Initialized became False again");
	k->was_initialized = is_true(init);
	for (size_t i = 0; i < s->n_conditions; i++) {
		const struct mp_condition *c = &s->conditions[i];
		const struct mp_condition *old = find(k->conditions, k->n_conditions, c->type);

		/* Two things told at once may take a condition there and back. */
		if (old != NULL && old->status == c->status &&
		    strcmp(c->type, "example.com/gate") != 0 &&
		    strcmp(c->type, "AllContainersRestarting") != 0 &&
		    old->transition_wall != c->transition_wall && k->n_told < 2)
			sim_fail(k, sim, "%s: a new transition time without a transition", c->type);
		if (old != NULL && old->status != c->status && c->transition_wall != sim->now.wall)
			sim_fail(k, sim, "%s: a transition without a new time", c->type);
	}
	memcpy(k->conditions, s->conditions, sizeof(k->conditions));
	k->n_conditions = s->n_conditions;
}

/* One container. */
static void check_container(struct sim_check *k, struct mp_sim *sim, size_t i)
{
	const struct mp_pod_status *status = mp_pod_status(sim->pod);
	const struct mp_container_status *s = &status->containers[i];
	const struct mp_container_spec *spec = &k->c->spec.containers[i];
	const struct mp_sim_proc *p = &sim->procs[i];
	struct sim_mind *m = &k->minds[i];
	const char *id = s->container_id[0] == '\0' ? "" : s->container_id + strlen("minipod://");
	const bool is_newest = strcmp(id, m->count_id) == 0;

	if (!s->is_present) {
		if (!k->is_rejected)
			sim_fail(k, sim, "container %zu has no status", i);
		return;
	}
	if (k->is_rejected && !k->has_recovered && is_final(status->phase))
		sim_fail(k, sim, "a rejected pod shows container %zu", i);
	if (s->is_ready && spec->kind != MP_KIND_INIT &&
	    (!s->is_started || s->state.kind != MP_STATE_RUNNING))
		sim_fail(k, sim, "container %zu is ready but not started and running", i);
	if (s->is_started && s->state.kind != MP_STATE_RUNNING)
		sim_fail(k, sim, "container %zu is started but not running", i);
	if (is_newest && s->is_started && spec->probes[MP_PROBE_STARTUP].is_set &&
	    !m->has_startup_success)
		sim_fail(k, sim, "container %zu is started before its startup probe succeeded", i);
	if (s->restart_count < m->last_restarts)
		sim_fail(k, sim, "container %zu: restartCount fell from %lld to %lld", i,
			 (long long)m->last_restarts, (long long)s->restart_count);
	/* An instance may never be shown; starting all over is shown before the next one is made. */
	if (s->restart_count > m->last_restarts + 1 + (m->n_created - m->published_created) +
				       (k->has_restarted_all ? 1 : 0))
		sim_fail(k, sim, "container %zu: restartCount went from %lld to %lld", i,
			 (long long)m->last_restarts, (long long)s->restart_count);
	m->last_restarts = s->restart_count;
	m->published_created = m->n_created;
	if (s->state.kind == MP_STATE_RUNNING) {
		if (m->n_started == 0)
			sim_fail(k, sim, "container %zu is shown running and never started", i);
		if (spec->kind == MP_KIND_MAIN && strcmp(id, m->count_id) == 0 &&
		    s->restart_count < m->id_count)
			sim_fail(k, sim, "container %zu: restartCount %lld of instance %lld", i,
				 (long long)s->restart_count, (long long)m->id_count);
		if (is_newest && sim->procs[i].is_hook_running[MP_HOOK_POST_START])
			sim_fail(k, sim, "container %zu is shown running while postStart runs", i);
	}
	if (s->state.kind == MP_STATE_TERMINATED && strcmp(id, p->id) == 0 && m->is_exit_known &&
	    !m->is_running && !k->has_restarted_all &&
	    strcmp(s->state.terminated.reason, "ContainerStatusUnknown") != 0 &&
	    s->state.terminated.exit_code != m->exit_code)
		sim_fail(k, sim, "container %zu is shown with exit code %d instead of %d", i,
			 s->state.terminated.exit_code, m->exit_code);
	if (s->state.kind == MP_STATE_WAITING && strcmp(s->state.reason, "CrashLoopBackOff") == 0 &&
	    !m->has_end)
		sim_fail(k, sim, "container %zu waits in CrashLoopBackOff and never ended", i);
	if (spec->kind == MP_KIND_INIT && s->is_ready &&
	    (s->state.kind != MP_STATE_TERMINATED || s->state.terminated.exit_code != 0))
		sim_fail(k, sim, "init container %zu is ready but has not succeeded", i);
}

static void check_final(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);
	bool started[SIM_CONTAINERS];
	enum mp_phase wanted;

	for (size_t i = 0; i < mp_spec_n_containers(&k->c->spec); i++) {
		started[i] = s->containers[i].is_started;
		if (sim->procs[i].life == MP_SIM_ALIVE)
			sim_fail(k, sim, "phase %s with a live process of container %zu",
				 mp_phase_text(s->phase), i);
	}
	if (is_final(k->last_phase)) {
		if (s->phase != k->last_phase)
			sim_fail(k, sim, "the final phase changed");
		return;
	}
	if (strcmp(s->reason, "DeadlineExceeded") == 0) {
		if (!k->c->spec.active_deadline_s.is_set ||
		    sim->now.mono < k->first_published + mp_seconds(k->c->spec.active_deadline_s.v))
			sim_fail(k, sim, "DeadlineExceeded before the deadline");
		if (!k->has_deadline_event)
			sim_fail(k, sim, "DeadlineExceeded without its event");
	}
	if (strcmp(s->reason, "Evicted") == 0 && !k->is_evicted)
		sim_fail(k, sim, "Evicted without an eviction");
	if (s->reason[0] != '\0') {
		if (s->phase != MP_PHASE_FAILED)
			sim_fail(k, sim, "%s, but not Failed", s->reason);
		return;
	}
	wanted = sim_phase(&k->c->spec, s->containers, started, true, true);
	if (wanted == MP_PHASE_PENDING)
		wanted = MP_PHASE_FAILED;
	if (s->phase != wanted)
		sim_fail(k, sim, "the pod ends %s, its containers say %s", mp_phase_text(s->phase),
			 mp_phase_text(wanted));
}

static void check_phase(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);
	bool now_started[SIM_CONTAINERS], all_started[SIM_CONTAINERS];
	bool is_right = false;

	if (is_final(s->phase)) {
		check_final(k, sim);
		return;
	}
	if (is_final(k->last_phase)) {
		sim_fail(k, sim, "phase %s after a final one", mp_phase_text(s->phase));
		return;
	}
	for (size_t i = 0; i < SIM_CONTAINERS; i++) {
		now_started[i] =
			s->containers != NULL && i < s->n_containers && s->containers[i].is_started;
		all_started[i] = false;
	}
	/* An answer of a startup probe is shown at once, the phase with the next sync. */
	for (int variant = 0; variant < 6; variant++) {
		const bool *started = variant % 3 == 0 ? now_started :
				      variant % 3 == 1 ? k->last_started :
							 all_started;
		const enum mp_phase phase =
			sim_phase(&k->c->spec, s->containers, started, false, variant >= 3);

		is_right = is_right || phase == s->phase ||
			   (is_final(phase) && s->phase == k->last_phase);
	}
	if (!is_right && !k->is_ended && !k->has_deadline_event && !k->has_restarted_all)
		sim_fail(k, sim, "phase %s does not follow from the containers",
			 mp_phase_text(s->phase));
	memcpy(k->last_started, now_started, sizeof(now_started));
}

void sim_check_status(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);

	if (!k->is_published) {
		k->is_published = true;
		k->start_wall = s->start_wall;
		k->first_published = sim->now.mono;
		if (s->start_wall != sim->now.wall)
			sim_fail(k, sim, "startTime is not the time of the first status");
	}
	if (s->start_wall != k->start_wall)
		sim_fail(k, sim, "startTime changed");
	if (k->is_deleting != (s->deletion_wall != 0))
		sim_fail(k, sim, "deletionTimestamp does not tell of the deletion");
	for (size_t i = 0; i < s->n_containers; i++)
		check_container(k, sim, i);
	check_conditions(k, sim);
	check_phase(k, sim);
	k->last_phase = s->phase;
}
