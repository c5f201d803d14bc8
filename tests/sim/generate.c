/* SPDX-License-Identifier: Apache-2.0 */
/* Random pods and scripts. Times are coarse, so that many things happen at one instant. */
#include <assert.h>
#include <string.h>

#include "tests/sim/sim.h"

struct dice {
	uint64_t state;
};

static uint64_t roll(struct dice *d)
{
	uint64_t z = (d->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(struct dice *d, size_t n)
{
	assert(n > 0);
	return (size_t)(roll(d) % n);
}

static bool chance(struct dice *d, size_t percent)
{
	return below(d, 100) < percent;
}

static mp_nsec short_time(struct dice *d)
{
	static const int64_t halves[] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 10, 16, 30 };

	return halves[below(d, sizeof(halves) / sizeof(halves[0]))] * MP_NSEC_PER_S / 2;
}

static mp_nsec odd_time(struct dice *d)
{
	return short_time(d) + (chance(d, 30) ? (mp_nsec)below(d, 1000) * MP_NSEC_PER_MS : 0);
}

static mp_nsec life_time(struct dice *d)
{
	static const int64_t seconds[] = { 0,  0,  0,  1,  2,   3,   5,   8,   9,   10,
					   15, 30, 60, 90, 200, 595, 601, 640, 1300 };

	if (chance(d, 25))
		return MP_NSEC_NEVER;
	return mp_seconds(seconds[below(d, sizeof(seconds) / sizeof(seconds[0]))]) +
	       (chance(d, 20) ? 500 * MP_NSEC_PER_MS : 0);
}

static int64_t grace(struct dice *d)
{
	static const int64_t seconds[] = { 0, 1, 2, 3, 4, 5, 8, 15, 30 };

	return seconds[below(d, sizeof(seconds) / sizeof(seconds[0]))];
}

static int exit_code(struct dice *d)
{
	static const int codes[] = { 0, 0, 0, 1, 2, 3, 42, 137, 139, 143 };

	return codes[below(d, sizeof(codes) / sizeof(codes[0]))];
}

static void make_run(struct dice *d, struct mp_sim_run *run, enum mp_container_kind kind)
{
	memset(run, 0, sizeof(*run));
	run->lasts = kind == MP_KIND_INIT && chance(d, 90) ? odd_time(d) : life_time(d);
	run->code = kind == MP_KIND_INIT && chance(d, 60) ? 0 : exit_code(d);
	run->is_oom = chance(d, 6);
	run->create_takes = chance(d, 20) ? short_time(d) : 0;
	run->start_takes = chance(d, 20) ? odd_time(d) : 0;
	if (chance(d, 4)) {
		run->create_error = "cannot be made";
		run->create_reason =
			chance(d, 50) ? "CreateContainerError" : "CreateContainerConfigError";
	}
	if (chance(d, 4))
		run->start_error = "no such file";
	run->ignores_term = chance(d, 25);
	run->term_takes = chance(d, 50) ? odd_time(d) : 0;
	run->term_code = chance(d, 50) ? 0 : 143;
	run->kill_takes = chance(d, 10) ? short_time(d) : 0;
}

static void make_hook(struct dice *d, struct mp_sim_hook *hook)
{
	memset(hook, 0, sizeof(*hook));
	hook->takes = chance(d, 15) ? MP_NSEC_NEVER : odd_time(d);
	if (chance(d, 25))
		hook->error = "hook failed";
	else if (chance(d, 10))
		hook->fallback = "10.88.0.2:443";
}

static void make_hooks(struct dice *d, struct mp_container_spec *c, struct mp_sim_container *b)
{
	struct mp_lifecycle_spec *l = &c->lifecycle;

	l->has_pre_stop = chance(d, 40);
	l->has_post_start = chance(d, 20);
	l->is_set = l->has_pre_stop || l->has_post_start;
	if (chance(d, 10)) {
		l->is_set = true;
		l->stop_signal = "SIGUSR1";
	}
	l->pre_stop.has_exec = l->has_pre_stop;
	l->post_start.has_exec = l->has_post_start;
	for (size_t k = 0; k < 2; k++) {
		b->n_hooks[k] = below(d, 4);
		for (size_t i = 0; i < b->n_hooks[k]; i++)
			make_hook(d, &b->hooks[k][i]);
	}
}

static void make_probe(struct dice *d, struct mp_container_spec *c, struct mp_sim_container *b,
		       enum mp_probe_kind kind)
{
	static const int64_t periods[] = { 1, 1, 2, 3, 5, 10 };
	static const enum mp_probe_outcome outcomes[] = {
		MP_PROBE_SUCCESS, MP_PROBE_SUCCESS, MP_PROBE_SUCCESS, MP_PROBE_FAILURE,
		MP_PROBE_FAILURE, MP_PROBE_WARNING, MP_PROBE_ERROR,   MP_PROBE_ERROR_UNREADABLE,
	};
	struct mp_probe_spec *p = &c->probes[kind];

	memset(p, 0, sizeof(*p));
	p->is_set = true;
	p->handler.has_exec = true;
	p->initial_delay_s = chance(d, 30) ? (int64_t)below(d, 8) : 0;
	p->timeout_s = 1 + (int64_t)below(d, 3);
	p->period_s = periods[below(d, 6)];
	p->failure_threshold = 1 + (int64_t)below(d, 4);
	p->success_threshold = kind == MP_PROBE_READINESS ? 1 + (int64_t)below(d, 3) : 1;
	if (kind != MP_PROBE_READINESS && chance(d, 30))
		p->grace_s = (struct mp_opt_int){ 1 + grace(d), true };
	b->n_probes[kind] = below(d, 5);
	b->is_probe_cycle[kind] = chance(d, 50);
	for (size_t i = 0; i < b->n_probes[kind]; i++) {
		struct mp_sim_probe *a = &b->probes[kind][i];

		a->outcome = outcomes[below(d, sizeof(outcomes) / sizeof(outcomes[0]))];
		a->takes = chance(d, 10) ? MP_NSEC_NEVER : chance(d, 30) ? odd_time(d) : 0;
		a->times = 1 + (int64_t)below(d, 6);
		a->output = "seen";
	}
}

static void make_rules(struct dice *d, struct sim_case *c, size_t i)
{
	c->containers[i].n_rules = 1 + below(d, SIM_RULES);
	for (size_t r = 0; r < c->containers[i].n_rules; r++) {
		struct mp_restart_rule *rule = &c->rules[i][r];

		rule->action = chance(d, 30) ? MP_RULE_RESTART_ALL : MP_RULE_RESTART;
		rule->action_text =
			rule->action == MP_RULE_RESTART ? "Restart" : "RestartAllContainers";
		rule->has_exit_codes = true;
		rule->operator_ = chance(d, 70) ? MP_OPERATOR_IN : MP_OPERATOR_NOT_IN;
		rule->operator_text = rule->operator_ == MP_OPERATOR_IN ? "In" : "NotIn";
		rule->n_values = 1 + below(d, SIM_CODES);
		c->codes[i][r][0] = exit_code(d);
		c->codes[i][r][1] = c->codes[i][r][0] + 1;
	}
}

static void make_container(struct dice *d, struct sim_case *c, size_t i,
			   enum mp_container_kind kind)
{
	static const char *const names[SIM_CONTAINERS] = { "alpha", "beta", "gamma",
							   "delta", "echo", "fox" };
	static const char *const images[] = { "one:1", "two:1", "two:1" };
	static const char *const policies[] = { "IfNotPresent", "IfNotPresent", "Always", "Never" };
	struct mp_container_spec *s = &c->containers[i];
	struct mp_sim_container *b = &c->behave[i];

	s->kind = kind;
	s->name = names[(i * 5 + 3) % SIM_CONTAINERS]; /* not in the order of the alphabet */
	s->image = images[below(d, 3)];
	s->pull_policy = policies[below(d, 4)];
	if (kind == MP_KIND_SIDECAR) {
		s->restart = MP_RESTART_ALWAYS;
	} else if (chance(d, 20)) {
		s->restart = (enum mp_restart_policy)(MP_RESTART_ALWAYS + (int)below(d, 3));
		if (kind == MP_KIND_INIT && s->restart == MP_RESTART_ALWAYS)
			s->restart = MP_RESTART_ON_FAILURE; /* Always would make it a sidecar */
		if (s->restart != MP_RESTART_ALWAYS && chance(d, 60))
			make_rules(d, c, i);
	}
	if (kind != MP_KIND_INIT) {
		make_hooks(d, s, b);
		for (enum mp_probe_kind k = 0; k < MP_N_PROBES; k++) {
			if (chance(d, 35))
				make_probe(d, s, b, k);
		}
	}
	b->n_runs = below(d, 6);
	if (kind == MP_KIND_INIT && b->n_runs == 0)
		b->n_runs = 1;
	b->is_run_cycle = chance(d, 60);
	for (size_t r = 0; r < b->n_runs; r++)
		make_run(d, &b->runs[r], kind);
	b->is_image_absent = chance(d, 25);
	if (chance(d, 2)) {
		b->image_error = "couldn't parse image name";
		b->image_reason = "InvalidImageName";
	}
	b->n_pulls = below(d, 4);
	for (size_t p = 0; p < b->n_pulls; p++) {
		b->pulls[p].takes = odd_time(d);
		if (chance(d, 40)) {
			b->pulls[p].error = "not found";
			b->pulls[p].reason = chance(d, 80) ? "ErrImagePull" : "RegistryUnavailable";
		}
	}
}

static void make_step(struct dice *d, struct mp_sim_step *step)
{
	step->takes = chance(d, 30) ? odd_time(d) : 0;
	step->failures = chance(d, 10) ? 1 + (int64_t)below(d, 4) : 0;
}

static mp_nsec moment(struct dice *d, mp_nsec horizon)
{
	mp_nsec at =
		(mp_nsec)below(d, (size_t)(horizon / MP_NSEC_PER_S) * 2 + 1) * (MP_NSEC_PER_S / 2);

	if (chance(d, 40)) /* while things begin */
		at = (mp_nsec)below(d, 60) * (MP_NSEC_PER_S / 2);
	return chance(d, 20) ? at + (mp_nsec)below(d, 500) * MP_NSEC_PER_MS : at;
}

static void make_do(struct dice *d, const struct sim_case *c, struct mp_sim_do *todo,
		    mp_nsec horizon)
{
	const size_t n = mp_spec_n_containers(&c->spec);

	memset(todo, 0, sizeof(*todo));
	todo->at = moment(d, horizon);
	todo->container = (int)below(d, n);
	switch (below(d, 16)) {
	case 0:
	case 1:
	case 2:
		todo->type = MP_SIM_DO_DELETE;
		if (chance(d, 70))
			todo->grace_s = (struct mp_opt_int){ grace(d), true };
		todo->is_forced = chance(d, 10);
		break;
	case 3:
	case 4:
		todo->type = MP_SIM_DO_KILL_PAUSE;
		break;
	case 5:
	case 6:
	case 7:
		todo->type = MP_SIM_DO_RECOVER;
		todo->span = short_time(d);
		todo->is_known = chance(d, 60);
		todo->is_surviving = chance(d, 60);
		break;
	case 8:
		todo->type = MP_SIM_DO_EVICT;
		todo->text[0] = "too much";
		break;
	case 9:
		todo->type = MP_SIM_DO_CONDITION;
		todo->text[0] = "example.com/gate";
		todo->text[1] = chance(d, 70) ? "True" : "False";
		break;
	case 10:
		todo->type = MP_SIM_DO_DEFINITION;
		break;
	case 11:
	case 12:
		todo->type = MP_SIM_DO_CLOCK;
		todo->span = mp_seconds((int64_t)below(d, 7200) - 3600);
		break;
	case 13:
		todo->type = chance(d, 10) ? MP_SIM_DO_REJECT : MP_SIM_DO_CLOCK;
		todo->at = todo->type == MP_SIM_DO_REJECT ? 0 : todo->at;
		todo->text[0] = "OutOfcpu";
		todo->text[1] = "no room";
		break;
	default:
		todo->type = MP_SIM_DO_EXIT;
		todo->code = exit_code(d);
		todo->is_oom = chance(d, 20);
		break;
	}
}

void sim_case_link(struct sim_case *c)
{
	c->spec.containers = c->containers;
	c->spec.readiness_gates = c->gates;
	for (size_t i = 0; i < SIM_CONTAINERS; i++) {
		c->containers[i].rules = c->rules[i];
		for (size_t r = 0; r < SIM_RULES; r++)
			c->rules[i][r].values = c->codes[i][r];
	}
	c->script.containers = c->behave;
	c->script.dos = c->dos;
}

bool sim_case_remove(struct sim_case *c, size_t index)
{
	const size_t n = mp_spec_n_containers(&c->spec);
	const bool is_init = index < c->spec.n_init;

	if (index >= n || (!is_init && c->spec.n_main == 1))
		return false;
	for (size_t i = index; i + 1 < n; i++) {
		c->containers[i] = c->containers[i + 1];
		memcpy(c->rules[i], c->rules[i + 1], sizeof(c->rules[i]));
		memcpy(c->codes[i], c->codes[i + 1], sizeof(c->codes[i]));
		c->behave[i] = c->behave[i + 1];
	}
	if (is_init)
		c->spec.n_init--;
	else
		c->spec.n_main--;
	for (size_t i = 0; i < c->script.n_dos; i++) {
		if (c->dos[i].container > (int)index ||
		    c->dos[i].container == (int)mp_spec_n_containers(&c->spec))
			c->dos[i].container--;
	}
	sim_case_link(c);
	return true;
}

void sim_case_make(struct sim_case *c, uint64_t seed)
{
	struct dice dice = { seed * UINT64_C(0xd1342543de82ef95) + 1 };
	struct dice *d = &dice;
	size_t n_init = chance(d, 50) ? below(d, 4) : 0;
	const size_t n_main = 1 + (chance(d, 50) ? below(d, 3) : 0);
	mp_nsec horizon;

	memset(c, 0, sizeof(*c));
	c->seed = seed;
	sim_case_link(c);
	c->spec.meta.name = "p";
	c->spec.meta.namespace_ = "ns";
	c->spec.meta.uid = "00000000-0000-4000-8000-000000000001";
	c->spec.restart = (enum mp_restart_policy)(MP_RESTART_ALWAYS + (int)below(d, 3));
	c->spec.grace_s = (struct mp_opt_int){ grace(d), true };
	if (chance(d, 15))
		c->spec.active_deadline_s = (struct mp_opt_int){ 1 + (int64_t)below(d, 120), true };
	if (chance(d, 10)) {
		c->gates[0] = "example.com/gate";
		c->spec.n_readiness_gates = 1;
	}
	c->spec.share_process_namespace = chance(d, 15) ? MP_TRUE : MP_UNSET;
	c->spec.n_init = n_init;
	c->spec.n_main = n_main;
	for (size_t i = 0; i < n_init; i++)
		make_container(d, c, i, chance(d, 55) ? MP_KIND_SIDECAR : MP_KIND_INIT);
	for (size_t i = 0; i < n_main; i++)
		make_container(d, c, n_init + i, MP_KIND_MAIN);

	c->script.seed = seed;
	c->script.is_shuffled = chance(d, 70);
	c->script.is_warm = chance(d, 20);
	c->script.plan_size = chance(d, 20) ? MP_PLAN_MIN : 0;
	make_step(d, &c->script.prepare);
	make_step(d, &c->script.volumes);
	make_step(d, &c->script.sandbox);
	make_step(d, &c->script.stop);
	make_step(d, &c->script.tear_down);
	c->script.tear_down.failures = 0;

	horizon = mp_seconds(chance(d, 70) ? 20 + (int64_t)below(d, 200) :
					     300 + (int64_t)below(d, 3000));
	c->script.n_dos = 1 + below(d, SIM_DOS - 1);
	if (chance(d, 40))
		c->script.n_dos = 1;
	for (size_t i = 1; i < c->script.n_dos; i++)
		make_do(d, c, &c->dos[i], horizon);
	c->dos[0] = (struct mp_sim_do){ .at = horizon, .type = MP_SIM_DO_DELETE };
}
