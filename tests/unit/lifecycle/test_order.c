/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random pods on a random node: whatever happens, what always holds must hold, a deleted pod ends,
 * and the order in which the events of one turn arrive makes no difference.
 */
#include "lifecycle/restart.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static uint64_t rng;

static uint64_t dice(uint64_t sides)
{
	return (uint64_t)mp_random_part((mp_nsec)sides, &rng);
}

static bool chance(uint64_t percent)
{
	return dice(100) < percent;
}

/* Milliseconds that no other moment of the script shares. */
static mp_nsec moment(uint64_t max_s)
{
	return MS((int64_t)dice(max_s * 1000)) + (mp_nsec)dice(1000) + 1;
}

static void random_probe(struct mp_container_spec *c, enum mp_probe_kind kind,
			 struct fake_probe *behaviour)
{
	struct mp_probe_spec *p;

	if (!chance(40))
		return;
	p = test_pod_probe(c, kind);
	p->period_s = 1 + (int64_t)dice(5);
	p->initial_delay_s = (int64_t)dice(4);
	p->failure_threshold = 1 + (int64_t)dice(4);
	if (kind != MP_PROBE_READINESS && chance(20))
		p->grace_s = (struct mp_opt_int){ 1 + (int64_t)dice(10), true };
	*behaviour = (struct fake_probe){
		.good_from = chance(50) ? 0 : moment(10),
		.good_until = chance(70) ? 0 : moment(60),
		.bad = chance(20) ? MP_PROBE_ERROR : MP_PROBE_FAILURE,
		.lasts = chance(80) ? 0 : moment(1),
		.is_since_start = chance(80),
		.output = "o",
	};
}

static void random_container(size_t i)
{
	static const enum mp_restart_policy policies[] = { MP_RESTART_ALWAYS, MP_RESTART_ON_FAILURE,
							   MP_RESTART_NEVER };
	struct mp_container_spec *spec = &pod.containers[i];
	struct fake_container *c = &node.c[i];

	if (spec->kind != MP_KIND_SIDECAR && chance(10))
		spec->restart = policies[dice(3)];
	if (spec->kind != MP_KIND_INIT) {
		for (enum mp_probe_kind k = 0; k < MP_N_PROBES; k++)
			random_probe(spec, k, &c->probes[k]);
		spec->lifecycle.has_post_start = chance(20);
		spec->lifecycle.has_pre_stop = chance(30);
	}
	c->n_runs = spec->kind == MP_KIND_INIT || chance(50) ? 1 + dice(FAKE_RUNS - 1) : 0;
	for (size_t r = 0; r < c->n_runs; r++)
		c->runs[r] = (struct fake_run){
			.lasts = chance(20) ? 0 : moment(chance(10) ? 700 : 20),
			.code = chance(50) ? 0 : (int)dice(256),
			.is_oom = chance(5),
		};
	c->ignores_term = chance(30);
	c->term_lasts = chance(50) ? 0 : moment(20);
	c->term_code = chance(50) ? 0 : -1;
	c->is_absent = chance(20);
	c->pull_lasts = moment(5);
	if (chance(20)) {
		c->pull_error = "e";
		c->pull_reason = "ErrImagePull";
		c->pull_good_from = moment(60);
	}
	if (chance(10)) {
		c->create_error = "e";
		c->create_reason = "CreateContainerError";
		c->create_good_from = moment(60);
	}
	c->start_error = chance(5) ? "e" : NULL;
	c->post_start = (struct fake_hook){ chance(10) ? FAKE_NEVER : moment(5),
					    chance(20) ? "e" : NULL, NULL };
	c->pre_stop = (struct fake_hook){ chance(20) ? FAKE_NEVER : moment(20),
					  chance(20) ? "e" : NULL, NULL };
}

static void random_pod(uint64_t seed)
{
	static const enum mp_restart_policy policies[] = { MP_RESTART_ALWAYS, MP_RESTART_ON_FAILURE,
							   MP_RESTART_NEVER };
	char kinds[8] = "";
	size_t n = 0, n_init;

	rng = seed;
	n_init = dice(4);
	while (n < n_init)
		kinds[n++] = chance(50) ? 'i' : 's';
	do {
		kinds[n++] = 'm';
	} while (n < 7 && chance(40));
	make(policies[dice(3)], kinds);
	pod.spec.grace_s.v = (int64_t)dice(12);
	if (chance(20))
		pod.spec.active_deadline_s = (struct mp_opt_int){ 1 + (int64_t)dice(200), true };
	for (size_t i = 0; i < n; i++)
		random_container(i);
	node.good_from = moment(40);
	node.volume_error = chance(10) ? "e" : NULL;
	node.sandbox_error = chance(10) ? "e" : NULL;
	node.prepare_error = chance(10) ? "e" : NULL;
	node.stop_error = chance(10) ? "e" : NULL;
}

static void something_happens(void)
{
	const uint64_t n = mp_spec_n_containers(&pod.spec);
	struct mp_event ev = { .type = MP_EV_SANDBOX_DIED, .container = -1 };

	switch (dice(7)) {
	case 0:
		if (!node.is_sandbox_up)
			return;
		node.is_sandbox_up = false;
		fake_post(&node, &ev);
		for (uint64_t i = 0; i < n; i++) { /* with its containers, or not */
			if (node.c[i].is_alive && chance(50))
				fake_exit(&node, (int)i, 137);
		}
		break;
	case 1:
		fake_recover(&node);
		for (size_t i = 0; i < FAKE_CONTAINERS; i++)
			node.c[i].n_term_of_life = 0;
		break;
	case 2:
		for (uint64_t i = 0; i < n; i++) {
			if (node.c[i].is_alive && chance(60))
				fake_exit(&node, (int)i, (int)dice(3));
		}
		break;
	case 3:
		ev.type = MP_EV_DEFINITION_CHANGED;
		ev.container = (int)dice(n);
		fake_post(&node, &ev);
		break;
	case 4:
		if (chance(90))
			return;
		ev.type = MP_EV_EVICT;
		ev.text.message = "m";
		fake_post(&node, &ev);
		break;
	default:
		break;
	}
}

static void live(uint64_t seed, bool is_reversed)
{
	mp_nsec t = 0;
	int64_t grace;

	random_pod(seed);
	node.is_reversed = is_reversed;
	for (uint64_t steps = 1 + dice(12); steps > 0 && !node.is_finished; steps--) {
		t += moment(40);
		fake_run(&node, t);
		if (!node.is_finished)
			something_happens();
	}
	grace = (int64_t)dice(12) - 1;
	if (!node.is_finished)
		fake_delete(&node, grace);
	if (!node.is_finished && chance(20)) {
		fake_run(&node, node.now + moment(3));
		if (!node.is_finished)
			fake_delete(&node, 0);
	}
	/* 20 s of hooks, a grace of 12 s and its floor, and a stop that fails until it works */
	if (!node.is_finished)
		fake_run_to_end(&node, node.now + AT(120));
	for (size_t i = 0; i < FAKE_CONTAINERS; i++)
		assert_false(node.c[i].is_alive);
	assert_true(phase() == MP_PHASE_SUCCEEDED || phase() == MP_PHASE_FAILED);
}

static void whatever_happens_a_deleted_pod_ends(void **unused)
{
	static struct fake_node before;

	(void)unused;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		live(seed, false);
		fake_done(&node);
		before = node;
		live(seed, true);
		assert_int_equal(node.n_log, before.n_log);
		for (size_t i = 0; i < node.n_log; i++) {
			assert_int_equal(node.log[i].at, before.log[i].at);
			assert_int_equal(node.log[i].type, before.log[i].type);
			assert_int_equal(node.log[i].container, before.log[i].container);
			assert_string_equal(node.log[i].text, before.log[i].text);
		}
		if (seed < 400)
			fake_done(&node);
	}
}

static void small_plans_only_take_more_turns(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		random_pod(seed);
		node.plan_size = MP_PLAN_MIN;
		fake_run(&node, AT(100));
		if (!node.is_finished) {
			fake_delete(&node, -1);
			fake_run_to_end(&node, AT(300));
		}
		if (seed < 60)
			fake_done(&node);
	}
	make(MP_RESTART_ALWAYS, "mmmmmmmm");
	node.plan_size = MP_PLAN_MIN;
	fake_run(&node, AT(1));
	node.n_log = 0;
	fake_delete(&node, -1); /* more to say and to do than fits */
	fake_run_to_end(&node, AT(2));
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, -2), 8);
	assert_int_equal(fake_n_events(&node, "Killing"), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whatever_happens_a_deleted_pod_ends),
		TEST(small_plans_only_take_more_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
