/* SPDX-License-Identifier: Apache-2.0 */
/* Kills: preStop once, the stop signal once, SIGKILL not early and not late (section 8.2). */
#include <string.h>

#include "tests/sim/sim.h"

#define FLOOR mp_seconds(2)
#define FUZZ  mp_seconds(2) /* fractions of seconds of the hook and of the turn are not counted */

static mp_nsec max(mp_nsec a, mp_nsec b)
{
	return a > b ? a : b;
}

static const struct mp_container_spec *spec_of(const struct sim_check *k, int index)
{
	return &k->c->spec.containers[index];
}

static int64_t spec_grace(const struct sim_check *k)
{
	return k->c->spec.grace_s.v;
}

void sim_check_shorten(struct sim_check *k, struct mp_sim *sim, int64_t grace_s)
{
	const mp_nsec span = mp_seconds(grace_s < 1 ? 1 : grace_s), now = sim->now.mono;

	if (grace_s < 1)
		grace_s = 1;
	if (grace_s < k->worker_grace_s)
		k->worker_grace_s = grace_s;
	for (size_t i = 0; i < mp_spec_n_containers(&k->c->spec); i++) {
		struct sim_kill *kill = &k->minds[i].kill;

		if (!kill->is_begun)
			continue;
		kill->earliest = mp_nsec_min(kill->earliest, now + span);
		kill->turn_until = mp_nsec_min(kill->turn_until, now + span);
		kill->latest = mp_nsec_min(kill->latest,
					   max(now + span + FLOOR + FUZZ, kill->began + FLOOR));
	}
}

/* A kill begins with @grace_s; @is_exact: it is known, not only its largest possible value. */
static void begin(struct sim_check *k, struct mp_sim *sim, int index, int64_t grace_s,
		  bool is_exact, bool is_ordered)
{
	struct sim_kill *kill = &k->minds[index].kill;
	const mp_nsec now = sim->now.mono;

	*kill = (struct sim_kill){
		.is_begun = true,
		.is_exact = is_exact,
		.is_ordered = is_ordered && spec_of(k, index)->kind == MP_KIND_SIDECAR,
		.began = now,
		.grace_s = grace_s,
		.earliest = is_exact ? now + mp_seconds(grace_s) : INT64_MIN,
		.turn_until = is_exact ? now + mp_seconds(grace_s) : INT64_MIN,
		.latest = now + mp_seconds(grace_s) + FLOOR + FUZZ,
	};
	k->minds[index].was_killed = true;
}

static int64_t largest_grace(const struct sim_check *k, int index)
{
	int64_t grace = spec_grace(k);

	for (size_t p = 0; p < MP_N_PROBES; p++) {
		const struct mp_opt_int *g = &spec_of(k, index)->probes[p].grace_s;

		if (g->is_set && g->v > grace)
			grace = g->v;
	}
	return grace < 2 ? 2 : grace;
}

void sim_check_kill_event(struct sim_check *k, struct mp_sim *sim, int index, const char *message)
{
	const struct mp_opt_int *probe = NULL;
	int64_t grace = spec_grace(k);

	if (index < 0)
		return;
	if (k->minds[index].kill.is_begun) {
		sim_fail(k, sim, "container %d: a second kill while one goes on: %s", index,
			 message);
		return;
	}
	if (!k->minds[index].is_running)
		sim_fail(k, sim, "container %d: Killing without a process: %s", index, message);
	if (strstr(message, "liveness probe") != NULL)
		probe = &spec_of(k, index)->probes[MP_PROBE_LIVENESS].grace_s;
	else if (strstr(message, "startup probe") != NULL)
		probe = &spec_of(k, index)->probes[MP_PROBE_STARTUP].grace_s;
	if (probe != NULL && probe->is_set)
		grace = probe->v;
	if (strcmp(message, "killing") == 0)
		grace = 0;
	/*
	 * An end of the pod that is asked for while the sync kills: its grace, and the event's
	 * order among those of one turn, are its own.
	 */
	begin(k, sim, index,
	      k->is_ended && k->worker_grace_s < INT64_MAX ? k->worker_grace_s : grace,
	      !k->is_ended || sim->now.mono > k->deleted_at,
	      strncmp(message, "Stopping container", 18) == 0);
	if (k->is_ended) {
		struct sim_kill *kill = &k->minds[index].kill;

		kill->is_exact = false;
		kill->earliest = INT64_MIN;
		kill->latest = sim->now.mono + mp_seconds(largest_grace(k, index)) + FLOOR + FUZZ;
		if (k->worker_grace_s < INT64_MAX)
			kill->latest = sim->now.mono + mp_seconds(k->worker_grace_s) + FLOOR + FUZZ;
		if (k->worker_grace_s < INT64_MAX && mp_pod_is_terminating(sim->pod) &&
		    strncmp(message, "Stopping container", 18) == 0) {
			kill->is_exact = true;
			kill->grace_s = k->worker_grace_s;
			kill->turn_until = sim->now.mono + mp_seconds(k->worker_grace_s);
		}
	}
}

static void check_signal(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	struct sim_mind *m = &k->minds[a->container];
	struct sim_kill *kill = &m->kill;
	const struct mp_container_spec *spec = spec_of(k, a->container);
	const char *wanted = spec->lifecycle.stop_signal;

	if (kill->is_terminated)
		sim_fail(k, sim, "container %d: a second stop signal", a->container);
	if (strcmp(a->signal_name, wanted == NULL ? "SIGTERM" : wanted) != 0)
		sim_fail(k, sim, "container %d: stop signal %s", a->container, a->signal_name);
	if (sim->procs[a->container].is_hook_running[MP_HOOK_PRE_STOP])
		sim_fail(k, sim, "container %d: stop signal while preStop runs", a->container);
	if (!spec->lifecycle.has_pre_stop && spec->kind != MP_KIND_SIDECAR &&
	    sim->now.mono != kill->began)
		sim_fail(k, sim, "container %d: nothing to wait for, but the stop signal waits",
			 a->container);
	if (spec->lifecycle.has_pre_stop && kill->is_exact && kill->grace_s > 0 &&
	    !kill->is_hook_run)
		sim_fail(k, sim, "container %d: killed without its preStop", a->container);
	if (kill->is_ordered && kill->is_exact && !k->is_grace_unsure &&
	    sim->now.mono < kill->turn_until) {
		for (size_t i = (size_t)a->container + 1; i < mp_spec_n_containers(&k->c->spec);
		     i++) {
			if (!k->minds[i].is_running || spec_of(k, (int)i)->kind == MP_KIND_INIT)
				continue;
			if (spec_of(k, (int)i)->kind == MP_KIND_SIDECAR) {
				/* only the next later sidecar counts */
				bool is_next = true;

				for (size_t j = (size_t)a->container + 1; j < i; j++)
					is_next = is_next &&
						  spec_of(k, (int)j)->kind != MP_KIND_SIDECAR;
				if (!is_next)
					continue;
			}
			sim_fail(k, sim, "sidecar %d is stopped before %zu has ended", a->container,
				 i);
		}
	}
	kill->is_terminated = true;
	kill->term_at = sim->now.mono;
}

static void check_sigkill(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	struct sim_kill *kill = &k->minds[a->container].kill;
	const mp_nsec now = sim->now.mono;

	if (!kill->is_terminated)
		sim_fail(k, sim, "container %d: SIGKILL before the stop signal", a->container);
	if (now < kill->term_at + FLOOR)
		sim_fail(k, sim, "container %d: SIGKILL %lld ms after the stop signal",
			 a->container, (long long)((now - kill->term_at) / MP_NSEC_PER_MS));
	if (!kill->is_killed && now < kill->earliest && !k->is_grace_unsure)
		sim_fail(k, sim, "container %d: SIGKILL %lld ms before the grace is over",
			 a->container, (long long)((kill->earliest - now) / MP_NSEC_PER_MS));
	if (!kill->is_killed && now > max(kill->latest, kill->term_at + FLOOR) &&
	    !k->has_recovered && !k->is_grace_unsure)
		sim_fail(k, sim, "container %d: SIGKILL %lld ms too late", a->container,
			 (long long)((now - kill->latest) / MP_NSEC_PER_MS));
	kill->is_killed = true;
	kill->killed_at = now;
}

void sim_check_kill(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	struct sim_mind *m = &k->minds[a->container];
	struct sim_kill *kill = &m->kill;

	if (!m->is_running && !k->was_cut) {
		sim_fail(k, sim, "container %d: %s without a process", a->container,
			 a->type == MP_DO_SIGNAL ? "a signal" : "a hook or SIGKILL");
		return;
	}
	if (!kill->is_begun) /* its Killing event was one too many to be told */
		begin(k, sim, a->container, largest_grace(k, a->container), false, true);
	if (a->type == MP_DO_SIGNAL) {
		check_signal(k, sim, a);
		return;
	}
	if (a->type == MP_DO_KILL) {
		check_sigkill(k, sim, a);
		return;
	}
	if (kill->is_hook_run)
		sim_fail(k, sim, "container %d: preStop a second time", a->container);
	if (kill->is_terminated)
		sim_fail(k, sim, "container %d: preStop after the stop signal", a->container);
	if (!spec_of(k, a->container)->lifecycle.has_pre_stop)
		sim_fail(k, sim, "container %d: a preStop that it does not have", a->container);
	kill->is_hook_run = true;
}

/* A kill that goes on: what is due now was asked for by the end of the turn. */
static void check_stop(struct sim_check *k, struct mp_sim *sim, size_t i)
{
	const struct sim_kill *kill = &k->minds[i].kill;
	const bool is_hook = sim->procs[i].is_hook_running[MP_HOOK_PRE_STOP];
	const mp_nsec now = sim->now.mono;

	/* A sidecar whose probe failed waits too when the pod ends in the same sync. */
	if (!kill->is_terminated && !is_hook && spec_of(k, (int)i)->kind != MP_KIND_SIDECAR)
		sim_fail(k, sim, "container %zu: a kill without a stop signal", i);
	if (!kill->is_terminated && !is_hook && now >= kill->latest - FLOOR)
		sim_fail(k, sim, "sidecar %zu: its wait for its turn does not end", i);
	if (!kill->is_killed && now > max(kill->latest, kill->term_at + FLOOR))
		sim_fail(k, sim, "container %zu: SIGKILL is overdue", i);
}

void sim_check_stops(struct sim_check *k, struct mp_sim *sim)
{
	if (k->has_recovered || sim->is_down || k->is_grace_unsure)
		return;
	for (size_t i = 0; i < mp_spec_n_containers(&k->c->spec); i++) {
		if (k->minds[i].kill.is_begun && k->minds[i].is_running)
			check_stop(k, sim, i);
	}
}
