/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sim_node.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step { STEP_PREPARE, STEP_VOLUMES, STEP_SANDBOX, STEP_STOP, STEP_TEAR_DOWN };

static const struct mp_sim_run default_run = { .lasts = MP_NSEC_NEVER };

static uint64_t next_random(uint64_t *rng)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return *rng;
}

/* ---- the queue of what will happen ------------------------------------------------------------ */

static struct mp_sim_queued *enqueue(struct mp_sim *sim, mp_nsec at, const struct mp_event *ev)
{
	struct mp_sim_queued *q;

	assert(sim->n_queue < MP_SIM_QUEUE_MAX);
	q = &sim->queue[sim->n_queue++];
	q->at = at;
	q->order = sim->script->is_shuffled ? next_random(&sim->rng) : sim->order++;
	q->number = 0;
	q->todo = NULL;
	q->ev = *ev;
	q->id[0] = '\0';
	return q;
}

static void answer_after(struct mp_sim *sim, mp_nsec takes, const struct mp_event *ev)
{
	const mp_nsec at = mp_nsec_add(sim->now.mono, takes);

	if (at != MP_NSEC_NEVER)
		(void)enqueue(sim, at, ev);
}

static struct mp_sim_queued *first(struct mp_sim *sim)
{
	struct mp_sim_queued *best = NULL;

	for (size_t i = 0; i < sim->n_queue; i++) {
		struct mp_sim_queued *q = &sim->queue[i];

		if (best == NULL || q->at < best->at ||
		    (q->at == best->at && q->order < best->order))
			best = q;
	}
	return best;
}

static void drop(struct mp_sim *sim, struct mp_sim_queued *q)
{
	*q = sim->queue[--sim->n_queue];
}

static void drop_answers(struct mp_sim *sim, enum mp_event_type type, int container, int kind)
{
	for (size_t i = sim->n_queue; i-- > 0;) {
		struct mp_sim_queued *q = &sim->queue[i];

		if (q->todo == NULL && q->ev.type == type && q->ev.container == container &&
		    kind == (type == MP_EV_HOOK_DONE ? (int)q->ev.hook.kind :
						       (int)q->ev.probe.kind))
			drop(sim, q);
	}
}

/* That it ran is told with its end at the latest. */
static void hurry_started(struct mp_sim *sim, int container)
{
	for (size_t i = 0; i < sim->n_queue; i++) {
		struct mp_sim_queued *q = &sim->queue[i];

		if (q->todo == NULL && q->ev.type == MP_EV_STARTED && q->ev.container == container)
			q->at = sim->now.mono;
	}
}

/* Commands in a container end with it: probes and hooks of that kind answer at once. */
static void end_commands(struct mp_sim *sim, int container)
{
	const struct mp_container_spec *spec = &sim->spec->containers[container];
	const struct mp_handler *hooks[] = { &spec->lifecycle.post_start,
					     &spec->lifecycle.pre_stop };
	const struct mp_sim_proc *p = &sim->procs[container];

	for (int k = 0; k < 2; k++) {
		if (!p->is_hook_running[k] || !hooks[k]->has_exec)
			continue;
		drop_answers(sim, MP_EV_HOOK_DONE, container, k);
		answer_after(
			sim, 0,
			&(struct mp_event){ .type = MP_EV_HOOK_DONE,
					    .container = container,
					    .hook = { .kind = (enum mp_hook_kind)k,
						      .message = "ended with its container" } });
	}
	for (int k = 0; k < MP_N_PROBES; k++) {
		if (!p->is_probe_running[k] || !spec->probes[k].handler.has_exec)
			continue;
		drop_answers(sim, MP_EV_PROBE_DONE, container, k);
		answer_after(sim, 0,
			     &(struct mp_event){ .type = MP_EV_PROBE_DONE,
						 .container = container,
						 .probe = { .kind = (enum mp_probe_kind)k,
							    .outcome = MP_PROBE_FAILURE,
							    .output = "" } });
	}
}

static void end_after(struct mp_sim *sim, size_t c, mp_nsec takes, int code, bool is_oom)
{
	const struct mp_sim_run *run = sim->procs[c].run;
	const mp_nsec at = mp_nsec_add(sim->now.mono, takes);

	if (at == MP_NSEC_NEVER)
		return;
	enqueue(sim, at,
		&(struct mp_event){
			.type = MP_EV_EXITED,
			.container = (int)c,
			.exited = { .code = code,
				    .signal = code > 128 ? code - 128 : 0,
				    .is_oom = is_oom,
				    .message = run->message == NULL ? "" : run->message },
		})
		->number = sim->procs[c].number;
}

/* ---- events ------------------------------------------------------------------------------------- */

static void tell(struct mp_sim *sim, const struct mp_event *ev)
{
	mp_pod_apply(sim->pod, ev, sim->now);
	if (sim->watch.on_event != NULL)
		sim->watch.on_event(sim, ev, sim->watch.arg);
}

/* Keeps the truth about a container in step with an event of it; returns whether it is one at all. */
static bool happen_to(struct mp_sim *sim, const struct mp_sim_queued *q, struct mp_sim_proc *p)
{
	const struct mp_event *ev = &q->ev;

	if (ev->type == MP_EV_EXITED) {
		if (p->number != q->number || p->life != MP_SIM_ALIVE)
			return false;
		p->life = MP_SIM_DEAD;
		p->end = *ev;
		hurry_started(sim, ev->container);
		p->is_end_unseen = sim->is_down;
		if (!sim->is_down)
			end_commands(sim, ev->container);
	} else if (ev->type == MP_EV_CREATED) {
		p->life = MP_SIM_CREATED;
		memcpy(p->id, q->id, sizeof(p->id));
	} else if (ev->type == MP_EV_CREATE_FAILED || ev->type == MP_EV_START_FAILED) {
		p->life = ev->type == MP_EV_CREATE_FAILED ? MP_SIM_ABSENT : MP_SIM_DEAD;
	} else if (ev->type == MP_EV_HOOK_DONE) {
		p->is_hook_running[ev->hook.kind] = false;
	} else if (ev->type == MP_EV_PROBE_DONE) {
		p->is_probe_running[ev->probe.kind] = false;
	}
	return true;
}

/* The same for the pod as a whole. */
static bool happen(struct mp_sim *sim, const struct mp_sim_queued *q)
{
	if (q->ev.container >= 0)
		return happen_to(sim, q, &sim->procs[q->ev.container]);
	if (q->ev.type == MP_EV_SANDBOX_READY || q->ev.type == MP_EV_SANDBOX_STOPPED)
		sim->is_sandbox_up = q->ev.type == MP_EV_SANDBOX_READY;
	return true;
}

static void kill_pause(struct mp_sim *sim)
{
	if (!sim->is_sandbox_up)
		return;
	sim->is_sandbox_up = false;
	if (sim->spec->share_process_namespace == MP_TRUE) {
		for (size_t i = 0; i < mp_spec_n_containers(sim->spec); i++) {
			if (sim->procs[i].life == MP_SIM_ALIVE)
				end_after(sim, i, 0, 137, false);
		}
	}
	if (!sim->is_down)
		tell(sim, &(struct mp_event){ .type = MP_EV_SANDBOX_DIED, .container = -1 });
}

/* The supervisor dies: nobody waits for the answers under way any more. */
static void go_down(struct mp_sim *sim, const struct mp_sim_do *todo)
{
	for (size_t i = sim->n_queue; i-- > 0;) {
		struct mp_sim_queued *q = &sim->queue[i];

		if (q->todo != NULL || q->ev.type == MP_EV_EXITED)
			continue;
		if (todo->is_surviving && q->ev.type == MP_EV_SANDBOX_READY)
			sim->is_sandbox_up = true;
		if (q->ev.type == MP_EV_SANDBOX_STOPPED)
			sim->is_sandbox_up = false;
		drop(sim, q);
	}
	for (size_t i = 0; i < mp_spec_n_containers(sim->spec); i++) {
		struct mp_sim_proc *p = &sim->procs[i];

		memset(p->is_hook_running, 0, sizeof(p->is_hook_running));
		memset(p->is_probe_running, 0, sizeof(p->is_probe_running));
		if (p->life == MP_SIM_CREATING)
			p->life = MP_SIM_ABSENT;
		if (p->life == MP_SIM_STARTING) {
			p->life = MP_SIM_DEAD;
			p->is_end_unseen = true;
		}
	}
	sim->is_down = true;
	sim->down_by = todo;
	sim->up_at = sim->now.mono + todo->span;
}

static void come_up(struct mp_sim *sim)
{
	struct mp_event ev;

	sim->is_down = false;
	for (size_t i = 0; i < mp_spec_n_containers(sim->spec); i++) {
		struct mp_sim_proc *p = &sim->procs[i];

		ev = (struct mp_event){ .exited.code = 0 };
		if (p->is_end_unseen)
			ev = p->end;
		ev.type = MP_EV_RECOVERED_CONTAINER;
		ev.container = (int)i;
		ev.recovered.is_running = p->life == MP_SIM_ALIVE;
		ev.recovered.is_known =
			p->is_end_unseen && p->end.type == MP_EV_EXITED && sim->down_by->is_known;
		p->is_end_unseen = false;
		tell(sim, &ev);
	}
	ev = (struct mp_event){ .type = MP_EV_RECOVERED, .container = -1 };
	ev.sandbox.is_alive = sim->is_sandbox_up;
	ev.sandbox.ip = sim->is_sandbox_up ? "10.88.0.2" : "";
	tell(sim, &ev);
}

static void do_script(struct mp_sim *sim, const struct mp_sim_do *todo)
{
	struct mp_event ev = { .container = -1 };

	if (sim->watch.on_do != NULL)
		sim->watch.on_do(sim, todo, sim->watch.arg);
	switch (todo->type) {
	case MP_SIM_DO_KILL_PAUSE:
		kill_pause(sim);
		return;
	case MP_SIM_DO_CLOCK:
		sim->now.wall += todo->span;
		return;
	case MP_SIM_DO_EXIT:
		if (sim->procs[todo->container].life == MP_SIM_ALIVE)
			end_after(sim, (size_t)todo->container, 0, todo->code, todo->is_oom);
		return;
	case MP_SIM_DO_RECOVER:
		go_down(sim, todo);
		return;
	case MP_SIM_DO_DELETE:
		ev.type = MP_EV_DELETE;
		ev.remove.grace_s = todo->grace_s;
		ev.remove.is_forced = todo->is_forced;
		break;
	case MP_SIM_DO_CONDITION:
		ev.type = MP_EV_CONDITION;
		ev.condition.type = todo->text[0];
		ev.condition.status = todo->text[1];
		break;
	case MP_SIM_DO_EVICT:
		ev.type = MP_EV_EVICT;
		ev.text.message = todo->text[0];
		break;
	case MP_SIM_DO_REJECT:
		ev.type = MP_EV_REJECT;
		ev.text.reason = todo->text[0];
		ev.text.message = todo->text[1];
		break;
	case MP_SIM_DO_DEFINITION:
		ev.type = MP_EV_DEFINITION_CHANGED;
		ev.container = todo->container;
		break;
	}
	tell(sim, &ev);
}

/* While no supervisor lives only processes end; the rest waits for the new one. */
static bool take_due(struct mp_sim *sim)
{
	struct mp_sim_queued *q = first(sim);
	struct mp_sim_queued taken;

	if (q == NULL || q->at > sim->now.mono)
		return false;
	if (sim->is_down && q->todo != NULL && q->todo->type != MP_SIM_DO_CLOCK &&
	    q->todo->type != MP_SIM_DO_EXIT && q->todo->type != MP_SIM_DO_KILL_PAUSE) {
		q->at = sim->up_at + 1;
		return true;
	}
	taken = *q;
	drop(sim, q);
	if (taken.todo != NULL) {
		do_script(sim, taken.todo);
	} else {
		if (taken.ev.type == MP_EV_CREATED)
			taken.ev.created.id = taken.id;
		if (happen(sim, &taken) && !sim->is_down)
			tell(sim, &taken.ev);
	}
	return true;
}

/* ---- carrying out actions ------------------------------------------------------------------------ */

static bool fails(struct mp_sim *sim, enum step step, const struct mp_sim_step *how)
{
	return sim->n_failed[step] < how->failures && sim->n_failed[step]++ >= 0;
}

static void do_pod(struct mp_sim *sim, enum mp_action_type type)
{
	const struct mp_sim_script *s = sim->script;
	struct mp_event ev = { .type = MP_EV_TORN_DOWN, .container = -1 };
	mp_nsec takes = s->tear_down.takes;

	if (type == MP_DO_PREPARE_POD) {
		takes = s->prepare.takes;
		ev.type = MP_EV_POD_PREPARED;
		if (fails(sim, STEP_PREPARE, &s->prepare)) {
			ev.type = MP_EV_POD_PREPARE_FAILED;
			ev.text.reason = "FailedCreatePodContainer";
			ev.text.message = "simulated";
		}
	} else if (type == MP_DO_SETUP_VOLUMES) {
		takes = s->volumes.takes;
		ev.type = MP_EV_VOLUMES_READY;
		ev.volume.index = -1;
		if (fails(sim, STEP_VOLUMES, &s->volumes)) {
			ev.type = MP_EV_VOLUME_FAILED;
			ev.volume.message = "simulated";
		}
	} else if (type == MP_DO_CREATE_SANDBOX) {
		takes = s->sandbox.takes;
		ev.type = MP_EV_SANDBOX_READY;
		ev.sandbox.ip = "10.88.0.2";
		if (fails(sim, STEP_SANDBOX, &s->sandbox)) {
			ev.type = MP_EV_SANDBOX_FAILED;
			ev.text.message = "simulated";
		}
	} else if (type == MP_DO_STOP_SANDBOX) {
		takes = s->stop.takes;
		ev.type = MP_EV_SANDBOX_STOPPED;
		if (fails(sim, STEP_STOP, &s->stop)) {
			ev.type = MP_EV_SANDBOX_STOP_FAILED;
			ev.text.message = "simulated";
		}
	}
	answer_after(sim, takes, &ev);
}

static void do_image(struct mp_sim *sim, const struct mp_action *a)
{
	static const struct mp_sim_pull works = { .takes = 0 };
	const struct mp_sim_container *s = &sim->script->containers[a->container];
	struct mp_sim_proc *p = &sim->procs[a->container];
	struct mp_event ev = { .type = MP_EV_IMAGE_PRESENT, .container = a->container };
	const struct mp_sim_pull *pull = &works;

	ev.image.resolved = sim->spec->containers[a->container].image;
	ev.image.id = "sha256:simulated";
	if (a->type == MP_DO_PULL_IMAGE) {
		if (s->n_pulls > 0)
			pull = &s->pulls[p->n_pulls < s->n_pulls ? p->n_pulls : s->n_pulls - 1];
		p->n_pulls++;
		ev.type = MP_EV_IMAGE_PULLED;
		ev.image.took = pull->takes;
		ev.image.took_waiting = pull->takes;
		ev.image.bytes = 4096;
		if (pull->error != NULL) {
			ev.type = MP_EV_IMAGE_FAILED;
			ev.text.reason = pull->reason;
			ev.text.message = pull->error;
		}
	} else if (s->image_error != NULL) {
		ev.type = MP_EV_IMAGE_FAILED;
		ev.text.reason = s->image_reason;
		ev.text.message = s->image_error;
	} else if (s->is_image_absent) {
		ev.type = MP_EV_IMAGE_ABSENT;
	}
	answer_after(sim, pull->takes, &ev);
}

static void do_create(struct mp_sim *sim, const struct mp_action *a)
{
	const struct mp_sim_container *s = &sim->script->containers[a->container];
	struct mp_sim_proc *p = &sim->procs[a->container];
	struct mp_event ev = { .type = MP_EV_CREATED, .container = a->container };
	size_t i = p->n_creates;

	if (s->n_runs == 0)
		p->run = &default_run;
	else if (s->is_run_cycle)
		p->run = &s->runs[i % s->n_runs];
	else
		p->run = &s->runs[i < s->n_runs ? i : s->n_runs - 1];
	p->n_creates++;
	p->number++;
	p->life = MP_SIM_CREATING;
	p->end = (struct mp_event){ .type = MP_EV_START_FAILED }; /* until it ends otherwise */
	if (p->run->create_error != NULL) {
		ev.type = MP_EV_CREATE_FAILED;
		ev.text.message = p->run->create_error;
		ev.text.reason = p->run->create_reason;
		answer_after(sim, p->run->create_takes, &ev);
		return;
	}
	(void)snprintf(enqueue(sim, mp_nsec_add(sim->now.mono, p->run->create_takes), &ev)->id,
		       sizeof(p->id), "%032x%032zx", (unsigned int)a->container, p->n_creates);
}

static void do_start(struct mp_sim *sim, const struct mp_action *a)
{
	struct mp_sim_proc *p = &sim->procs[a->container];
	struct mp_event ev = { .type = MP_EV_STARTED, .container = a->container };

	if (p->run->start_error != NULL) {
		ev.type = MP_EV_START_FAILED;
		ev.text.message = p->run->start_error;
		p->life = MP_SIM_STARTING;
	} else {
		p->life = MP_SIM_ALIVE;
		end_after(sim, (size_t)a->container,
			  mp_nsec_add(p->run->start_takes, p->run->lasts), p->run->code,
			  p->run->is_oom);
	}
	answer_after(sim, p->run->start_takes, &ev);
}

static void do_stop(struct mp_sim *sim, const struct mp_action *a)
{
	const struct mp_sim_proc *p = &sim->procs[a->container];

	if (p->life != MP_SIM_ALIVE)
		return;
	if (a->type == MP_DO_KILL)
		end_after(sim, (size_t)a->container, p->run->kill_takes, 137, false);
	else if (!p->run->ignores_term)
		end_after(sim, (size_t)a->container, p->run->term_takes, p->run->term_code, false);
}

static void do_hook(struct mp_sim *sim, const struct mp_action *a)
{
	static const struct mp_sim_hook works = { .takes = 0 };
	const struct mp_sim_container *s = &sim->script->containers[a->container];
	struct mp_sim_proc *p = &sim->procs[a->container];
	struct mp_event ev = { .type = MP_EV_HOOK_DONE, .container = a->container };
	const size_t n = s->n_hooks[a->hook], i = p->n_hooks[a->hook]++;
	const struct mp_sim_hook *hook = n == 0 ? &works : &s->hooks[a->hook][i < n ? i : n - 1];

	if (a->type == MP_DO_ABANDON_HOOK) {
		p->n_hooks[a->hook]--;
		p->is_hook_running[a->hook] = false;
		drop_answers(sim, MP_EV_HOOK_DONE, a->container, (int)a->hook);
		return;
	}
	p->is_hook_running[a->hook] = true;
	ev.hook.kind = a->hook;
	ev.hook.is_ok = hook->error == NULL;
	ev.hook.message = hook->error;
	ev.hook.did_http_fallback = hook->fallback != NULL;
	ev.hook.fallback_target = hook->fallback;
	answer_after(sim, hook->takes, &ev);
}

static const struct mp_sim_probe *probe_answer(const struct mp_sim_container *s,
					       enum mp_probe_kind kind, size_t nth)
{
	static const struct mp_sim_probe works = { .outcome = MP_PROBE_SUCCESS };
	size_t total = 0;

	if (s->n_probes[kind] == 0)
		return &works;
	for (size_t i = 0; i < s->n_probes[kind]; i++)
		total += s->probes[kind][i].times < 1 ? 1 : (size_t)s->probes[kind][i].times;
	if (s->is_probe_cycle[kind] && total > 0)
		nth %= total;
	for (size_t i = 0; i < s->n_probes[kind]; i++) {
		const struct mp_sim_probe *p = &s->probes[kind][i];
		const size_t times = p->times < 1 ? 1 : (size_t)p->times;

		if (nth < times)
			return p;
		nth -= times;
	}
	return &s->probes[kind][s->n_probes[kind] - 1];
}

static void do_probe(struct mp_sim *sim, const struct mp_action *a)
{
	const struct mp_sim_container *s = &sim->script->containers[a->container];
	struct mp_sim_proc *p = &sim->procs[a->container];
	struct mp_event ev = { .type = MP_EV_PROBE_DONE, .container = a->container };
	const struct mp_sim_probe *probe;
	mp_nsec takes, limit;

	if (a->type == MP_DO_ABANDON_PROBE) {
		p->is_probe_running[a->probe] = false;
		drop_answers(sim, MP_EV_PROBE_DONE, a->container, (int)a->probe);
		return;
	}
	p->is_probe_running[a->probe] = true;
	probe = probe_answer(s, a->probe, p->n_probes[a->probe]++);
	ev.probe.kind = a->probe;
	ev.probe.outcome = probe->outcome;
	ev.probe.output = probe->output == NULL ? "" : probe->output;
	/* Whoever runs a probe limits it. */
	limit = mp_seconds(sim->spec->containers[a->container].probes[a->probe].timeout_s);
	takes = probe->takes;
	if (limit > 0 && takes > limit) {
		takes = limit;
		ev.probe.outcome = MP_PROBE_FAILURE;
		ev.probe.output = "timed out";
	}
	answer_after(sim, takes, &ev);
}

static void carry_out(struct mp_sim *sim, const struct mp_action *a)
{
	if (sim->watch.on_action != NULL)
		sim->watch.on_action(sim, a, sim->watch.arg);
	switch (a->type) {
	case MP_DO_PREPARE_POD:
	case MP_DO_SETUP_VOLUMES:
	case MP_DO_CREATE_SANDBOX:
	case MP_DO_STOP_SANDBOX:
	case MP_DO_TEAR_DOWN:
		do_pod(sim, a->type);
		break;
	case MP_DO_CHECK_IMAGE:
	case MP_DO_PULL_IMAGE:
		do_image(sim, a);
		break;
	case MP_DO_CREATE_CONTAINER:
		do_create(sim, a);
		break;
	case MP_DO_START_CONTAINER:
		do_start(sim, a);
		break;
	case MP_DO_SIGNAL:
	case MP_DO_KILL:
		do_stop(sim, a);
		break;
	case MP_DO_RUN_HOOK:
	case MP_DO_ABANDON_HOOK:
		do_hook(sim, a);
		break;
	case MP_DO_RUN_PROBE:
	case MP_DO_ABANDON_PROBE:
		do_probe(sim, a);
		break;
	case MP_DO_FINISH:
		sim->is_finished = true;
		break;
	case MP_DO_REMOVE_RECORD:
	case MP_DO_RECORD_EVENT:
	case MP_DO_PUBLISH_STATUS:
		break;
	}
}

/* ---- time ----------------------------------------------------------------------------------------- */

struct mp_pod_config mp_sim_config(const struct mp_sim_script *script)
{
	return (struct mp_pod_config){
		.seed = script->seed,
		.is_cold_start = !script->is_warm,
	};
}

int mp_sim_init(struct mp_sim *sim, const struct mp_pod_spec *spec,
		const struct mp_sim_script *script, const struct mp_sim_watch *watch)
{
	const struct mp_pod_config config = mp_sim_config(script);
	const size_t size = mp_pod_size(spec), n = mp_spec_n_containers(spec);

	if (sim->mem_size < size || sim->spec == NULL) {
		mp_sim_done(sim);
		sim->mem = malloc(size);
		sim->mem_size = size;
	}
	free(sim->procs);
	sim->procs = calloc(n + 1, sizeof(*sim->procs));
	if (sim->mem == NULL || sim->procs == NULL)
		return -ENOMEM;
	sim->spec = spec;
	sim->script = script;
	sim->watch = *watch;
	sim->pod = mp_pod_init(sim->mem, spec, &config);
	sim->now = (struct mp_now){ .wall = MP_SIM_EPOCH };
	sim->wake_at = 0;
	sim->is_sandbox_up = false;
	sim->is_finished = false;
	sim->is_down = false;
	sim->down_by = NULL;
	memset(sim->n_failed, 0, sizeof(sim->n_failed));
	sim->n_queue = 0;
	sim->order = 0;
	sim->rng = script->seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	sim->n_turns = 0;
	for (size_t i = 0; i < script->n_dos; i++)
		enqueue(sim, script->dos[i].at, &(struct mp_event){ .container = -1 })->todo =
			&script->dos[i];
	return 0;
}

void mp_sim_done(struct mp_sim *sim)
{
	free(sim->mem);
	free(sim->procs);
	sim->mem = NULL;
	sim->procs = NULL;
	sim->mem_size = 0;
}

/* As many actions a turn as the supervisor takes, or as the script says. */
static size_t plan_size(const struct mp_sim *sim)
{
	const size_t usual = MP_PLAN_MIN + 16 * mp_spec_n_containers(sim->spec);

	if (sim->script->plan_size >= MP_PLAN_MIN && sim->script->plan_size < MP_SIM_PLAN_MAX)
		return sim->script->plan_size;
	return usual < MP_SIM_PLAN_MAX ? usual : MP_SIM_PLAN_MAX;
}

static void plan_and_act(struct mp_sim *sim)
{
	struct mp_action actions[MP_SIM_PLAN_MAX];
	struct mp_plan plan = { .actions = actions, .size = plan_size(sim) };

	mp_pod_plan(sim->pod, sim->now, &plan);
	sim->n_turns++;
	sim->wake_at = plan.wake_at;
	for (size_t i = 0; i < plan.n; i++)
		carry_out(sim, &actions[i]);
	if (sim->watch.on_turn != NULL)
		sim->watch.on_turn(sim, &plan, sim->watch.arg);
}

bool mp_sim_turn(struct mp_sim *sim)
{
	const struct mp_sim_queued *q;
	mp_nsec next;

	while (take_due(sim))
		;
	if (sim->is_down && sim->now.mono >= sim->up_at) {
		come_up(sim);
		while (take_due(sim))
			;
	}
	if (!sim->is_down)
		plan_and_act(sim);
	if (sim->is_finished)
		return false;
	q = first(sim);
	next = q == NULL ? MP_NSEC_NEVER : q->at;
	next = mp_nsec_min(next, sim->is_down ? sim->up_at : sim->wake_at);
	if (next == MP_NSEC_NEVER)
		return false;
	if (next > sim->now.mono) {
		sim->now.wall += next - sim->now.mono;
		sim->now.mono = next;
	}
	return true;
}

void mp_sim_run(struct mp_sim *sim, mp_nsec until)
{
	while (sim->now.mono <= until && mp_sim_turn(sim))
		;
}
