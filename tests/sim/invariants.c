/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must always hold of the actions, judged from outside: the checker knows the spec, what it
 * told the machine and what the machine asked for, and nothing of its insides.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/eventlog.h"
#include "lifecycle/machine.h"
#include "tests/sim/sim.h"

/* Grace periods, slow answers and retries of the node included. */
#define DELETE_LIMIT mp_seconds(240)

void sim_fail(struct sim_check *k, const struct mp_sim *sim, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (k->is_failed)
		return;
	k->is_failed = true;
	n = (size_t)snprintf(k->why, sizeof(k->why),
			     "at %lld.%03lld s: ", (long long)(sim->now.mono / MP_NSEC_PER_S),
			     (long long)(sim->now.mono / MP_NSEC_PER_MS % 1000));
	va_start(ap, fmt);
	(void)vsnprintf(k->why + n, sizeof(k->why) - n, fmt, ap);
	va_end(ap);
}

static size_t n_containers(const struct sim_check *k)
{
	return mp_spec_n_containers(&k->c->spec);
}

static const struct mp_container_spec *spec_of(const struct sim_check *k, int i)
{
	return &k->c->spec.containers[i];
}

static bool has_startup(const struct sim_check *k, int i)
{
	return spec_of(k, i)->probes[MP_PROBE_STARTUP].is_set;
}

/* ---- what the machine was told ------------------------------------------------------------------ */

static void saw_end(struct sim_check *k, struct sim_mind *m, const struct mp_sim *sim)
{
	m->is_running = false;
	m->ended_before = m->ended_at;
	m->has_end_before = m->has_end;
	m->ended_at = sim->now.mono;
	m->has_end = true;
	m->has_newest_ended = true;
	m->n_ended++;
	memset(&m->kill, 0, sizeof(m->kill));
	(void)k;
}

static void saw_exit(struct sim_check *k, struct mp_sim *sim, const struct mp_event *ev)
{
	struct sim_mind *m = &k->minds[ev->container];

	if (!m->is_running) { /* its end is told before its start */
		m->n_started++;
		if (spec_of(k, ev->container)->kind == MP_KIND_SIDECAR &&
		    !has_startup(k, ev->container))
			m->was_started = true;
	}
	saw_end(k, m, sim);
	m->exit_code = ev->exited.code;
	m->is_exit_known = true;
	if (ev->exited.code == 0 && !ev->exited.is_oom)
		m->is_init_done = true;
}

static void saw_started(struct sim_check *k, struct mp_sim *sim, int i)
{
	struct sim_mind *m = &k->minds[i];

	if (sim->procs[i].life != MP_SIM_ALIVE)
		return; /* it has ended already, and that was told */
	m->is_running = true;
	m->n_started++;
	m->started_at = sim->now.mono;
	m->is_post_start_due = spec_of(k, i)->lifecycle.has_post_start;
	if (!has_startup(k, i))
		m->was_started = true;
}

static void saw_probe(struct sim_check *k, const struct mp_event *ev, mp_nsec now)
{
	struct sim_mind *m = &k->minds[ev->container];
	const struct mp_probe_spec *spec = &spec_of(k, ev->container)->probes[ev->probe.kind];
	const enum mp_probe_kind kind = ev->probe.kind;
	const bool is_success =
		ev->probe.outcome == MP_PROBE_SUCCESS || ev->probe.outcome == MP_PROBE_WARNING;

	if (!is_success)
		m->n_bad_answers++;
	if (ev->probe.outcome == MP_PROBE_ERROR || ev->probe.outcome == MP_PROBE_ERROR_UNREADABLE) {
		m->errored_at[kind] = now;
		return;
	}
	m->run[kind] = m->run_success[kind] == is_success ? m->run[kind] + 1 : 1;
	m->run_success[kind] = is_success;
	if (kind == MP_PROBE_STARTUP && is_success && m->asked_instance[kind] == m->n_created) {
		m->has_startup_success = true;
		m->was_started = true;
	}
	if (kind != MP_PROBE_READINESS && !is_success && m->run[kind] >= spec->failure_threshold)
		m->has_probe_failure = true;
}

static void saw_recovered_container(struct sim_check *k, struct mp_sim *sim,
				    const struct mp_event *ev)
{
	struct sim_mind *m = &k->minds[ev->container];

	memset(&m->back_off, 0, sizeof(m->back_off));
	memset(&m->kill, 0, sizeof(m->kill));
	memset(m->run, 0, sizeof(m->run));
	m->is_post_start_due = false;
	m->is_asked_again = true; /* a young container is probed from the start */
	m->back_off.is_unsure = true;
	m->is_dropped =
		m->is_dropped || (sim->procs[ev->container].life == MP_SIM_ABSENT && m->has_end);
	if (ev->recovered.is_running) {
		if (!m->is_running)
			m->n_started++;
		m->is_running = true;
		if (!has_startup(k, ev->container))
			m->was_started = true;
		return;
	}
	if (sim->procs[ev->container].life == MP_SIM_DEAD && !m->has_newest_ended) {
		if (!m->is_running && ev->recovered.is_known) /* so it had started */
			m->n_started++;
		saw_end(k, m, sim);
		m->is_exit_known = ev->recovered.is_known;
		m->exit_code = ev->exited.code;
		if (ev->recovered.is_known && ev->exited.code == 0 && !ev->exited.is_oom)
			m->is_init_done = true;
	}
	m->is_running = false;
}

void sim_check_end(struct sim_check *k, const struct mp_sim *sim)
{
	if (!k->is_ended)
		k->deleted_at = sim->now.mono;
	k->is_ended = true;
}

static void saw_delete(struct sim_check *k, struct mp_sim *sim, const struct mp_event *ev)
{
	int64_t grace = ev->remove.grace_s.is_set ? ev->remove.grace_s.v : k->c->spec.grace_s.v;

	if (k->last_phase == MP_PHASE_SUCCEEDED || k->last_phase == MP_PHASE_FAILED)
		grace = 0;
	k->is_deleting = true;
	sim_check_end(k, sim);
	sim_check_shorten(k, sim, grace);
}

static void on_event(struct mp_sim *sim, const struct mp_event *ev, void *arg)
{
	struct sim_check *k = arg;
	struct sim_mind *m = &k->minds[ev->container >= 0 ? ev->container : 0]; /* or unused */

	k->n_told++;
	switch (ev->type) {
	case MP_EV_DELETE:
		saw_delete(k, sim, ev);
		break;
	case MP_EV_EVICT: /* whether it counts is told by its event */
		k->is_evict_told = true;
		k->is_grace_unsure = k->is_grace_unsure || k->is_ended;
		if (k->n_events[1] < MP_EVENT_BURST)
			break;
		k->is_grace_unsure = true; /* ... which may be one too many */
		k->is_evicted = true;
		if (!k->has_deadline_event)
			sim_check_end(k, sim);
		break;
	case MP_EV_REJECT:
		if (!k->is_published && !k->is_ended && !k->is_evict_told) {
			k->is_rejected = true;
			sim_check_end(k, sim);
		}
		break;
	case MP_EV_CREATED:
		m->n_created++;
		m->is_record = true;
		m->is_dropped = false;
		m->is_forgotten = false;
		m->has_newest_ended = false;
		m->was_killed = false;
		m->has_startup_success = false;
		m->is_asked_again = false;
		m->is_exit_known = false;
		m->is_old_spec = false;
		m->id_count = m->last_count;
		(void)snprintf(m->count_id, sizeof(m->count_id), "%s", ev->created.id);
		break;
	case MP_EV_CREATE_FAILED:
		m->is_dropped = m->has_end;
		break;
	case MP_EV_STARTED:
		saw_started(k, sim, ev->container);
		break;
	case MP_EV_START_FAILED:
		saw_end(k, m, sim);
		m->exit_code = 128;
		m->is_exit_known = true;
		break;
	case MP_EV_EXITED:
		saw_exit(k, sim, ev);
		break;
	case MP_EV_PROBE_DONE:
		saw_probe(k, ev, sim->now.mono);
		break;
	case MP_EV_RECOVERED_CONTAINER:
		saw_recovered_container(k, sim, ev);
		break;
	case MP_EV_RECOVERED:
		k->has_recovered = true;
		if (k->is_evict_told && !k->is_evicted) {
			k->is_evicted = true; /* its event went with the supervisor */
			k->is_grace_unsure = true;
			sim_check_end(k, sim);
		}
		k->recovered_at = sim->now.mono;
		break;
	case MP_EV_VOLUMES_READY:
	case MP_EV_VOLUME_FAILED:
		k->are_volumes_bad = ev->type == MP_EV_VOLUME_FAILED;
		break;
	case MP_EV_DEFINITION_CHANGED:
		memset(&m->back_off, 0, sizeof(m->back_off));
		m->is_old_spec = true;
		break;
	case MP_EV_CONDITION:
	case MP_EV_NOTE:
	case MP_EV_UNSCHEDULABLE:
	case MP_EV_SCHEDULED:
	case MP_EV_POD_PREPARED:
	case MP_EV_POD_PREPARE_FAILED:
	case MP_EV_SANDBOX_READY:
	case MP_EV_SANDBOX_FAILED:
	case MP_EV_SANDBOX_DIED:
	case MP_EV_SANDBOX_STOPPED:
	case MP_EV_SANDBOX_STOP_FAILED:
	case MP_EV_TORN_DOWN:
	case MP_EV_IMAGE_PRESENT:
	case MP_EV_IMAGE_ABSENT:
	case MP_EV_IMAGE_PULLED:
	case MP_EV_IMAGE_FAILED:
	case MP_EV_HOOK_DONE:
		break;
	}
}

/* ---- what the machine asks for ------------------------------------------------------------------- */

static void check_no_start(struct sim_check *k, struct mp_sim *sim, const char *what)
{
	/* What was decided before may still be handed out when a turn was too small for it. */
	if (k->is_ended && !k->was_cut)
		sim_fail(k, sim, "%s after the pod's end was asked for", what);
	if (k->last_phase == MP_PHASE_SUCCEEDED || k->last_phase == MP_PHASE_FAILED)
		sim_fail(k, sim, "%s in a final phase", what);
}

/* Everything before entry @i of initContainers (or before the mains) is done or started. */
static void check_order(struct sim_check *k, struct mp_sim *sim, int i)
{
	const size_t before = spec_of(k, i)->kind == MP_KIND_MAIN ? k->c->spec.n_init : (size_t)i;

	for (size_t j = 0; j < before; j++) {
		const struct sim_mind *m = &k->minds[j];

		if (spec_of(k, (int)j)->kind == MP_KIND_INIT && !m->is_init_done)
			sim_fail(k, sim, "container %d starts before init container %zu succeeded",
				 i, j);
		if (spec_of(k, (int)j)->kind == MP_KIND_SIDECAR && !m->was_started)
			sim_fail(k, sim, "container %d starts before sidecar %zu has started", i,
				 j);
	}
	if (spec_of(k, i)->kind != MP_KIND_INIT)
		return;
	for (size_t j = 0; j < n_containers(k); j++) {
		if ((int)j != i && spec_of(k, (int)j)->kind == MP_KIND_INIT &&
		    sim->procs[j].life == MP_SIM_ALIVE)
			sim_fail(k, sim, "init container %d beside init container %zu", i, j);
		if (spec_of(k, (int)j)->kind == MP_KIND_MAIN && k->minds[j].is_running)
			sim_fail(k, sim, "init container %d beside main container %zu", i, j);
	}
}

/* Section 5.1 for a container that ended by itself; a kill and start in one sync blurs it. */
static void check_back_off(struct sim_check *k, struct mp_sim *sim, int i)
{
	struct sim_mind *m = &k->minds[i];
	const mp_nsec now = sim->now.mono;
	const bool is_sure = !m->was_killed && !m->has_probe_failure && !m->back_off.is_unsure &&
			     !k->has_restarted_all && !m->is_old_spec;
	const bool is_live =
		m->back_off.is_set && m->ended_at - m->back_off.last_update <= mp_seconds(600);

	if (!m->has_end || !m->is_record)
		return;
	if (is_sure && is_live && now - m->ended_at < m->back_off.delay)
		sim_fail(k, sim, "container %d starts %lld ms before its back-off is over", i,
			 (long long)((m->back_off.delay - (now - m->ended_at)) / MP_NSEC_PER_MS));
	if (m->was_killed || m->has_probe_failure || m->is_old_spec) {
		m->back_off.is_unsure = true; /* which end counted cannot be told from here */
		return;
	}
	m->back_off.delay =
		is_live ? mp_nsec_min(2 * m->back_off.delay, mp_seconds(300)) : mp_seconds(10);
	m->back_off.last_update = now;
	m->back_off.is_set = true;
}

/* Starts come one after the other: an answer about one is still to come. */
static bool is_start_answer(const struct mp_sim_queued *q)
{
	if (q->todo != NULL)
		return false;
	return q->ev.type == MP_EV_IMAGE_PRESENT || q->ev.type == MP_EV_IMAGE_ABSENT ||
	       q->ev.type == MP_EV_IMAGE_PULLED || q->ev.type == MP_EV_IMAGE_FAILED ||
	       q->ev.type == MP_EV_CREATED || q->ev.type == MP_EV_CREATE_FAILED ||
	       q->ev.type == MP_EV_START_FAILED;
}

static void check_check_image(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	const int i = a->container;

	check_no_start(k, sim, "an image is looked up");
	check_order(k, sim, i);
	check_back_off(k, sim, i);
	for (size_t q = 0; q < sim->n_queue; q++) {
		if (is_start_answer(&sim->queue[q]))
			sim_fail(k, sim, "container %d is begun while %d is being started", i,
				 sim->queue[q].ev.container);
	}
	if (k->minds[i].is_running)
		sim_fail(k, sim, "container %d is begun while it runs", i);
	for (size_t j = 0; j < n_containers(k); j++) {
		if (sim->procs[j].is_hook_running[MP_HOOK_POST_START])
			sim_fail(k, sim, "container %d is begun while a postStart hook runs", i);
	}
}

static void check_create(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	struct sim_mind *m = &k->minds[a->container];

	check_no_start(k, sim, "a container is created");
	if (!sim->is_sandbox_up && !k->has_recovered && k->attempt < 0)
		sim_fail(k, sim, "container %d is created without a sandbox", a->container);
	if (m->is_record && a->restart_count < m->last_count)
		sim_fail(k, sim, "container %d: count %lld after %lld", a->container,
			 (long long)a->restart_count, (long long)m->last_count);
	if (m->is_record && a->restart_count > m->last_count + 1)
		sim_fail(k, sim, "container %d: count %lld after %lld", a->container,
			 (long long)a->restart_count, (long long)m->last_count);
	/* A record that never ran may be made again. */
	if (spec_of(k, a->container)->kind == MP_KIND_MAIN && !k->has_recovered &&
	    (a->restart_count < m->n_ended || a->restart_count > m->n_created))
		sim_fail(k, sim, "container %d: count %lld of instance %lld", a->container,
			 (long long)a->restart_count, (long long)m->n_created);
	m->last_count = a->restart_count;
}

static void check_start(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	check_no_start(k, sim, "a container is started");
	if (sim->procs[a->container].life != MP_SIM_CREATED)
		sim_fail(k, sim, "container %d is started without having been created",
			 a->container);
	if (!sim->is_sandbox_up && !k->was_cut)
		sim_fail(k, sim, "container %d is started without a sandbox", a->container);
	if (!k->was_cut)
		check_order(k, sim, a->container);
}

static void check_probe(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	const struct sim_mind *m = &k->minds[a->container];
	const struct mp_probe_spec *spec = &spec_of(k, a->container)->probes[a->probe];

	if (!spec->is_set)
		sim_fail(k, sim, "container %d: a probe it does not have", a->container);
	if (sim->procs[a->container].is_probe_running[a->probe])
		sim_fail(k, sim, "container %d: two executions of one probe", a->container);
	if (!m->is_running && !k->was_cut)
		sim_fail(k, sim, "container %d: a probe without a process", a->container);
	if (sim->procs[a->container].is_hook_running[MP_HOOK_POST_START])
		sim_fail(k, sim, "container %d: a probe while postStart runs", a->container);
	if (m->is_running && !k->has_recovered &&
	    sim->now.mono < m->started_at + mp_seconds(spec->initial_delay_s))
		sim_fail(k, sim, "container %d: a probe before its initial delay", a->container);
	if (a->probe == MP_PROBE_STARTUP && m->has_startup_success && !m->is_asked_again)
		sim_fail(k, sim, "container %d: a startup probe after its success", a->container);
	if (a->probe != MP_PROBE_STARTUP && has_startup(k, a->container) && !m->has_startup_success)
		sim_fail(k, sim, "container %d: a probe before the startup probe's success",
			 a->container);
	if (a->probe != MP_PROBE_READINESS && k->has_deadline_event && !k->was_cut)
		sim_fail(k, sim, "container %d: a %s probe after the deadline", a->container,
			 a->probe == MP_PROBE_LIVENESS ? "liveness" : "startup");
	if (a->probe != MP_PROBE_READINESS && k->is_deleting && !k->was_cut &&
	    m->errored_at[a->probe] != sim->now.mono && sim->now.mono > k->deleted_at &&
	    mp_pod_status(sim->pod)->deletion_wall != 0)
		sim_fail(k, sim, "container %d: a %s probe of a pod being deleted", a->container,
			 a->probe == MP_PROBE_LIVENESS ? "liveness" : "startup");
}

static void check_sandbox(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a)
{
	check_no_start(k, sim, "a sandbox is created");
	if (a->attempt != k->attempt + 1 && a->attempt != k->attempt)
		sim_fail(k, sim, "sandbox attempt %d after %d", a->attempt, k->attempt);
	if (sim->is_sandbox_up)
		sim_fail(k, sim, "a second sandbox");
	for (size_t i = 0; i < n_containers(k); i++) {
		struct sim_mind *m = &k->minds[i];

		if (sim->procs[i].life == MP_SIM_ALIVE)
			sim_fail(k, sim, "a new sandbox while container %zu runs", i);
		if (a->attempt > 0 && i < k->c->spec.n_init) {
			m->is_init_done = false;
			m->was_started = false;
			m->is_record = false;
		}
	}
	k->attempt = a->attempt;
}

static void check_gone(struct sim_check *k, struct mp_sim *sim, const char *what)
{
	for (size_t i = 0; i < n_containers(k); i++) {
		if (sim->procs[i].life == MP_SIM_ALIVE)
			sim_fail(k, sim, "%s while container %zu runs", what, i);
	}
}

static void add_hash(struct sim_check *k, const struct mp_sim *sim, const struct mp_action *a)
{
	const uint64_t words[] = { (uint64_t)a->type,       (uint64_t)a->container,
				   (uint64_t)sim->now.mono, (uint64_t)a->hook,
				   (uint64_t)a->probe,      (uint64_t)a->restart_count };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		k->hash = (k->hash ^ words[i]) * UINT64_C(0x100000001b3);
}

/* RestartAllContainers (4.5): the condition's time moves with it, initialization starts over. */
static void note_restart_all(struct sim_check *k, const struct mp_sim *sim)
{
	const struct mp_pod_status *s = mp_pod_status(sim->pod);

	for (size_t i = 0; i < s->n_conditions; i++) {
		const struct mp_condition *c = &s->conditions[i];

		if (strcmp(c->type, "AllContainersRestarting") != 0 ||
		    (c->transition_wall == k->restart_all_wall &&
		     (c->status == MP_COND_TRUE) == k->is_restarting_all))
			continue;
		k->has_restarted_all = true;
		k->restart_all_wall = c->transition_wall;
		k->is_restarting_all = c->status == MP_COND_TRUE;
		for (size_t j = 0; j < n_containers(k); j++) {
			k->minds[j].is_init_done = false;
			k->minds[j].was_started = false;
		}
	}
}

static void on_action(struct mp_sim *sim, const struct mp_action *a, void *arg)
{
	struct sim_check *k = arg;

	note_restart_all(k, sim);

	add_hash(k, sim, a);
	if (k->n_finish > 0)
		sim_fail(k, sim, "an action after the last");
	switch (a->type) {
	case MP_DO_CREATE_SANDBOX:
		check_sandbox(k, sim, a);
		break;
	case MP_DO_STOP_SANDBOX:
		check_gone(k, sim, "the sandbox is stopped");
		break;
	case MP_DO_TEAR_DOWN:
		check_gone(k, sim, "the pod is torn down");
		if (sim->is_sandbox_up)
			sim_fail(k, sim, "the pod is torn down with its sandbox");
		break;
	case MP_DO_CHECK_IMAGE:
		check_check_image(k, sim, a);
		break;
	case MP_DO_PULL_IMAGE:
		check_no_start(k, sim, "an image is pulled");
		if (strcmp(spec_of(k, a->container)->pull_policy, "Never") == 0)
			sim_fail(k, sim, "container %d: pull policy Never", a->container);
		break;
	case MP_DO_CREATE_CONTAINER:
		check_create(k, sim, a);
		break;
	case MP_DO_START_CONTAINER:
		check_start(k, sim, a);
		break;
	case MP_DO_SIGNAL:
	case MP_DO_KILL:
		sim_check_kill(k, sim, a);
		break;
	case MP_DO_RUN_HOOK:
		if (a->hook == MP_HOOK_PRE_STOP)
			sim_check_kill(k, sim, a);
		else if (!k->minds[a->container].is_post_start_due)
			sim_fail(k, sim, "container %d: postStart is not due", a->container);
		else if (sim->now.mono <
			 mp_nsec_add(k->minds[a->container].started_at, MP_HEAD_START))
			sim_fail(k, sim, "container %d: postStart gives no head start",
				 a->container);
		k->minds[a->container].is_post_start_due = false;
		break;
	case MP_DO_ABANDON_PROBE:
		if (!sim->procs[a->container].is_probe_running[a->probe] &&
		    k->minds[a->container].is_running &&
		    k->minds[a->container].asked_instance[a->probe] ==
			    k->minds[a->container].n_created)
			sim_fail(k, sim, "container %d: an abandoned probe that does not run",
				 a->container);
		break;
	case MP_DO_RUN_PROBE:
		check_probe(k, sim, a);
		k->minds[a->container].asked_instance[a->probe] = k->minds[a->container].n_created;
		break;
	case MP_DO_RECORD_EVENT:
		sim_check_event(k, sim, &a->event);
		break;
	case MP_DO_PUBLISH_STATUS:
		break;
	case MP_DO_FINISH:
		check_gone(k, sim, "the end");
		k->n_finish++;
		break;
	case MP_DO_PREPARE_POD:
	case MP_DO_SETUP_VOLUMES:
		break;
	case MP_DO_REMOVE_RECORD:
		if (strcmp(a->record_id, k->minds[a->container].count_id) != 0)
			break;
		if (sim->procs[a->container].life == MP_SIM_CREATED)
			k->minds[a->container].is_dropped = true;
		else
			k->minds[a->container].is_forgotten = true;
		break;
	case MP_DO_ABANDON_HOOK:
		if (a->hook == MP_HOOK_POST_START) /* the grace was spent waiting for it */
			sim_check_shorten(k, sim, 1);
		break;
	}
}

/* ---- after each turn -------------------------------------------------------------------------------- */

static void check_again(struct sim_check *k, struct mp_sim *sim, const struct mp_plan *plan)
{
	struct mp_action actions[MP_SIM_PLAN_MAX];
	struct mp_plan again = { .actions = actions, .size = MP_SIM_PLAN_MAX };

	mp_pod_plan(sim->pod, sim->now, &again);
	if (again.n > 0)
		sim_fail(k, sim, "planned a second time, action %d appears", (int)actions[0].type);
	if (again.wake_at != plan->wake_at)
		sim_fail(k, sim, "planned a second time, the wake-up moves from %lld to %lld",
			 (long long)plan->wake_at, (long long)again.wake_at);
}

static void on_turn(struct mp_sim *sim, const struct mp_plan *plan, void *arg)
{
	struct sim_check *k = arg;
	const bool is_cut = plan->wake_at <= sim->now.mono;
	bool is_published = false;

	for (size_t i = 0; i < plan->n; i++)
		is_published = is_published || plan->actions[i].type == MP_DO_PUBLISH_STATUS;
	if (is_cut && plan->n < MP_PLAN_MIN)
		sim_fail(k, sim, "a wake-up in the past");
	if (!is_cut && !sim->is_finished)
		check_again(k, sim, plan);
	if (k->is_published || is_published)
		sim_check_status(k, sim);
	if (!is_cut)
		sim_check_told(k, sim);
	if (!is_cut && !sim->is_finished) {
		sim_check_stops(k, sim);
		sim_check_rest(k, sim, plan);
	}
	k->was_cut = is_cut;
	k->n_told = 0;
	if (k->is_deleting && !sim->is_finished && sim->now.mono > k->deleted_at + DELETE_LIMIT)
		sim_fail(k, sim, "a deleted pod does not end");
}

void sim_check_init(struct sim_check *k, const struct sim_case *c, struct mp_sim_watch *watch)
{
	memset(k, 0, sizeof(*k));
	k->c = c;
	k->attempt = -1;
	k->worker_grace_s = INT64_MAX;
	k->hash = UINT64_C(0xcbf29ce484222325);
	*watch = (struct mp_sim_watch){
		.arg = k,
		.on_event = on_event,
		.on_action = on_action,
		.on_turn = on_turn,
	};
}
