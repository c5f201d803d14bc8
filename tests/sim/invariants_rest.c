/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod at rest: nothing was asked of the node that it has not answered, nothing is being killed.
 * Then what is shown is the truth, and whatever is due has a time at which it is done.
 */
#include <string.h>

#include "lifecycle/machine.h"
#include "tests/sim/sim.h"

#define RETRY_MAX mp_seconds(15)

static bool is_at_rest(const struct sim_check *k, const struct mp_sim *sim)
{
	if (sim->is_down || sim->wake_at <= sim->now.mono || k->are_volumes_bad || k->is_rejected)
		return false;
	for (size_t q = 0; q < sim->n_queue; q++) {
		const struct mp_sim_queued *queued = &sim->queue[q];

		if (queued->todo == NULL && queued->ev.type != MP_EV_PROBE_DONE &&
		    queued->ev.type != MP_EV_EXITED)
			return false;
	}
	for (size_t i = 0; i < mp_spec_n_containers(&k->c->spec); i++) {
		const struct mp_sim_proc *p = &sim->procs[i];

		const struct sim_mind *m = &k->minds[i];

		if (m->is_post_start_due && m->is_running &&
		    sim->now.mono < mp_nsec_add(m->started_at, MP_HEAD_START))
			return false;
		if (p->is_hook_running[MP_HOOK_POST_START] ||
		    p->is_hook_running[MP_HOOK_PRE_STOP] || k->minds[i].kill.is_begun)
			return false;
	}
	return true;
}

static void check_truth(struct sim_check *k, struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);

	for (size_t i = 0; i < s->n_containers; i++) {
		const struct mp_container_status *c = &s->containers[i];
		const bool is_shown = c->state.kind == MP_STATE_RUNNING;
		const bool is_alive = sim->procs[i].life == MP_SIM_ALIVE;

		if (is_shown != is_alive)
			sim_fail(k, sim, "at rest, container %zu %s and is shown %s", i,
				 is_alive ? "runs" : "does not run",
				 is_shown ? "running" : "not running");
		if (is_shown && is_alive &&
		    strcmp(c->container_id + strlen("minipod://"), sim->procs[i].id) != 0)
			sim_fail(k, sim, "at rest, an earlier instance of container %zu is shown",
				 i);
	}
}

/* Is container @i to be started, as far as can be told from outside? */
static bool is_due(const struct sim_check *k, const struct mp_sim *sim, size_t i)
{
	const struct mp_container_spec *c = &k->c->spec.containers[i];
	const struct sim_mind *m = &k->minds[i];

	if (sim->procs[i].life == MP_SIM_ALIVE)
		return false;
	if (sim->procs[i].life != MP_SIM_DEAD || m->is_forgotten || c->kind == MP_KIND_SIDECAR)
		return true;
	return sim_restarts(&k->c->spec, c, m->is_exit_known ? m->exit_code : 137);
}

static void check_progress(struct sim_check *k, struct mp_sim *sim, const struct mp_plan *plan)
{
	const struct mp_pod_spec *spec = &k->c->spec;
	mp_nsec limit = sim->now.mono + RETRY_MAX;
	bool is_any_due = false, is_any_alive = false, is_init_done = true;

	for (size_t i = 0; i < spec->n_init; i++) {
		if (sim->procs[i].life == MP_SIM_ALIVE &&
		    (spec->containers[i].kind == MP_KIND_INIT ||
		     (spec->containers[i].probes[MP_PROBE_STARTUP].is_set &&
		      (!k->minds[i].has_startup_success || k->minds[i].is_asked_again))))
			return; /* it is waited for */
	}
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		if (k->minds[i].is_dropped) /* how the instance before it ended counts again */
			return;
		if (spec->containers[i].kind == MP_KIND_INIT)
			continue;
		is_any_alive = is_any_alive || (spec->containers[i].kind == MP_KIND_MAIN &&
						sim->procs[i].life == MP_SIM_ALIVE);
		if (!is_due(k, sim, i))
			continue;
		is_any_due = true;
		if (k->minds[i].has_end && k->minds[i].ended_at + mp_seconds(300) > limit)
			limit = k->minds[i].ended_at + mp_seconds(300);
	}
	for (size_t i = 0; i < spec->n_init; i++) {
		is_init_done = is_init_done && (spec->containers[i].kind == MP_KIND_SIDECAR ||
						k->minds[i].is_init_done);
		if (k->minds[i].has_end && k->minds[i].ended_at + mp_seconds(300) > limit)
			limit = k->minds[i].ended_at + mp_seconds(300);
	}
	/* A Never pod that lost its sandbox gets no other one, whatever it still had to do (4.1). */
	if (spec->restart == MP_RESTART_NEVER && k->attempt >= 0 && !sim->is_sandbox_up)
		return;
	if (is_any_due && plan->wake_at > limit)
		sim_fail(k, sim, "a container is due, but nobody wakes up for it");
	/* A sidecar that came up again just now has its head start first. */
	if (!is_any_due && !is_any_alive && is_init_done &&
	    plan->wake_at > sim->now.mono + MP_NSEC_PER_S)
		sim_fail(k, sim, "every container is done, but the pod goes on");
}

void sim_check_rest(struct sim_check *k, struct mp_sim *sim, const struct mp_plan *plan)
{
	const enum mp_phase phase = mp_pod_status(sim->pod)->phase;

	if (!is_at_rest(k, sim))
		return;
	check_truth(k, sim);
	if (!k->is_ended && !mp_pod_is_terminating(sim->pod) && phase != MP_PHASE_SUCCEEDED &&
	    phase != MP_PHASE_FAILED)
		check_progress(k, sim, plan);
}
