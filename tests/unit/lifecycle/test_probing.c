/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of a running pod: sections 7.2, 7.3, 7.5 and appendix C 8 to 10. */
#include "tests/unit/lifecycle/machine_fixture.h"

static struct mp_probe_spec *probe(int c, enum mp_probe_kind kind, int64_t period)
{
	struct mp_probe_spec *p = test_pod_probe(&pod.containers[c], kind);

	p->period_s = period;
	return p;
}

static size_t n_probes(enum mp_probe_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < node.n_log; i++)
		n += node.log[i].type == MP_DO_RUN_PROBE && node.log[i].kind == (int)kind;
	return n;
}

static void idle_pod_has_no_wake_ups(void **unused)
{
	size_t turns;

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	turns = node.n_turns;
	fake_run(&node, AT(100000));
	assert_true(node.wake_at == MP_NSEC_NEVER);
	assert_true(node.n_turns <= turns + 1);
}

static void readiness_runs_as_soon_as_running_is_shown(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 10);
	fake_run(&node, 0);
	expect_at(MP_DO_RUN_PROBE, 0, 0, 0);
	assert_true(fake_status(&node, 0)->is_ready);
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
	fake_run(&node, AT(10));
	expect_at(MP_DO_RUN_PROBE, 0, 1, AT(10));
}

static void readiness_flips_back_and_forth(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 1);
	node.c[0].probes[MP_PROBE_READINESS].good_until = AT(10);
	fake_run(&node, AT(11));
	assert_true(fake_status(&node, 0)->is_ready);
	fake_run(&node, AT(12));
	assert_false(fake_status(&node, 0)->is_ready);
	assert_string_equal(fake_condition(&node, "Ready")->message,
			    "containers with unready status: [m0]");
	node.c[0].probes[MP_PROBE_READINESS].good_until = 0;
	fake_run(&node, AT(13));
	assert_true(fake_status(&node, 0)->is_ready);
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, 0), 0);
}

static void sidecars_count_for_ready(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	(void)probe(0, MP_PROBE_READINESS, 1);
	node.c[0].probes[MP_PROBE_READINESS].good_from = AT(5);
	fake_run(&node, AT(4));
	expect_running(1); /* a readiness probe gates nothing */
	assert_string_equal(fake_condition(&node, "ContainersReady")->message,
			    "containers with unready status: [s0]");
	fake_run(&node, AT(6)); /* its rounds follow the instants it was triggered at */
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
}

static void missing_exec_binary_neither_succeeds_nor_fails(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_LIVENESS, 10);
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_ERROR;
	node.c[0].probes[MP_PROBE_LIVENESS].output = "no such file";
	fake_run(&node, AT(95));
	assert_int_equal(n_probes(MP_PROBE_LIVENESS), 27); /* three tries a round */
	expect_event("Unhealthy",
		     "Liveness probe errored and resulted in unknown state: no such file");
	assert_int_equal(fake_n_events(&node, "Unhealthy"), 9);
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, 0), 0);
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_ERROR_UNREADABLE;
	fake_run(&node, AT(105));
	expect_event("Unhealthy",
		     "Liveness probe errored and resulted in failure state: no such file");
}

static void error_that_heals_within_three_tries_is_an_answer(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 10);
	node.c[0].probes[MP_PROBE_READINESS] = (struct fake_probe){ .good_from = MS(150),
								    .bad = MP_PROBE_ERROR,
								    .lasts = MS(100) };
	fake_run(&node, AT(1));
	assert_int_equal(n_probes(MP_PROBE_READINESS), 3);
	assert_true(fake_status(&node, 0)->is_ready);
	assert_null(fake_event(&node, "Unhealthy", NULL));
}

static void warning_is_success_with_an_event(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 10);
	node.c[0].probes[MP_PROBE_READINESS].good = MP_PROBE_WARNING;
	node.c[0].probes[MP_PROBE_READINESS].output = "Probe terminated redirects";
	fake_run(&node, AT(1));
	assert_true(fake_status(&node, 0)->is_ready);
	expect_event("ProbeWarning", "Readiness probe warning: Probe terminated redirects");
}

static void startup_failure_kills_and_restarts(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "m");
	probe(0, MP_PROBE_STARTUP, 1)->grace_s = (struct mp_opt_int){ 7, true };
	node.c[0].probes[MP_PROBE_STARTUP].good_from = FAKE_NEVER;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(11));
	expect_event("Killing", "Container m0 failed startup probe, will be restarted");
	expect_at(MP_DO_SIGNAL, 0, 0, AT(3));
	expect_at(MP_DO_KILL, 0, 0, AT(10)); /* the probe's own grace period */
	expect_at(MP_DO_START_CONTAINER, 0, 1, AT(10));
}

static void deletion_beats_the_grace_of_the_probe(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	probe(0, MP_PROBE_LIVENESS, 1)->grace_s = (struct mp_opt_int){ 100, true };
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(3));
	fake_delete(&node, 4);
	fake_run_to_end(&node, AT(50));
	expect_at(MP_DO_KILL, 0, 0, AT(9)); /* a shorter grace applies to a kill in progress */
	assert_int_equal(node.c[0].n_started, 1);
}

static void never_pod_is_not_restarted_after_liveness(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "mm");
	(void)probe(0, MP_PROBE_LIVENESS, 1);
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].term_code = -1;
	fake_run(&node, AT(20));
	expect_event("Killing", "Container m0 failed liveness probe");
	expect_terminated(0, 143, "Error");
	expect_running(1);
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	assert_int_equal(node.c[0].n_started, 1);
}

static void never_pod_ends_after_liveness_of_its_only_container(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	probe(0, MP_PROBE_LIVENESS, 1)->grace_s = (struct mp_opt_int){ 4, true };
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].ignores_term = true;
	fake_run_to_end(&node, AT(60));
	expect_event("Killing", "Container m0 failed liveness probe");
	expect_at(MP_DO_KILL, 0, 0, AT(7));
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void sidecar_liveness_restarts_the_sidecar_only(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	(void)probe(0, MP_PROBE_LIVENESS, 1);
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = MS(3500);
	node.c[0].probes[MP_PROBE_LIVENESS].good_until = 0;
	fake_run(&node, AT(30));
	expect_event("Killing", "Init container s0 failed liveness probe");
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(node.c[1].n_started, 1);
}

static void sidecar_startup_failure_restarts_it_before_its_successor(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sim");
	(void)probe(0, MP_PROBE_STARTUP, 1);
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(5);
	runs(1, AT(1), 0);
	fake_run(&node, AT(30));
	expect_event("Killing", "Init container s0 failed startup probe");
	assert_int_equal(node.c[0].n_started, 2);
	expect_at(MP_DO_START_CONTAINER, 1, 0, AT(5));
	expect_running(2);
}

static void second_probe_kill_within_the_back_off_waits(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_LIVENESS, 1);
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	fake_run(&node, AT(60));
	/* first kill: no exited record; second: no entry yet; third: 10 s from the end of the
	 * instance before the one just killed */
	expect_at(MP_DO_START_CONTAINER, 0, 1, fake_when(&node, MP_DO_SIGNAL, 0, 0));
	expect_at(MP_DO_START_CONTAINER, 0, 2, fake_when(&node, MP_DO_SIGNAL, 0, 1));
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, 0, 3) >
		    fake_when(&node, MP_DO_SIGNAL, 0, 2));
	expect_event("BackOff", NULL);
}

static void readiness_goes_on_during_termination(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 1);
	(void)probe(0, MP_PROBE_LIVENESS, 1);
	node.c[0].probes[MP_PROBE_READINESS].good_until = AT(20);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(15));
	fake_delete(&node, -1);
	fake_run(&node, AT(15));
	const size_t n_liveness = n_probes(MP_PROBE_LIVENESS);

	fake_run(&node, AT(21));
	assert_true(fake_status(&node, 0)->is_ready);
	fake_run(&node, AT(23));
	assert_false(fake_status(&node, 0)->is_ready);
	assert_int_equal(n_probes(MP_PROBE_LIVENESS), n_liveness);
	fake_run_to_end(&node, AT(60));
}

static void probe_in_flight_is_abandoned_at_the_end(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 1);
	(void)probe(0, MP_PROBE_LIVENESS, 1);
	node.c[0].probes[MP_PROBE_READINESS].lasts = FAKE_NEVER;
	node.c[0].probes[MP_PROBE_LIVENESS].lasts = FAKE_NEVER;
	fake_run(&node, AT(15));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_ABANDON_PROBE, 0), 2);
	/* an answer that comes all the same finds nobody */
	fake_post(&node, &(struct mp_event){ .type = MP_EV_PROBE_DONE,
					     .probe = { .outcome = MP_PROBE_FAILURE } });
	fake_run(&node, AT(61));
	assert_null(fake_event(&node, "Unhealthy", NULL));
}

static void worker_that_ended_comes_back_with_a_new_instance(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[0].restart = MP_RESTART_NEVER;
	(void)probe(0, MP_PROBE_READINESS, 1);
	fake_run(&node, AT(2));
	fake_exit(&node, 0, 0);
	fake_run(&node, AT(10));
	expect_terminated(0, 0, "Completed");
	fake_say(&node, MP_EV_SANDBOX_DIED, -1); /* a new sandbox starts it again (4.1) */
	fake_run(&node, AT(20));
	expect_running(0);
	assert_true(fake_status(&node, 0)->is_ready);
}

static void answers_nobody_waits_for_are_ignored(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_LIVENESS, 10);
	fake_run(&node, AT(1));
	for (int i = 0; i < 5; i++)
		fake_post(&node, &(struct mp_event){ .type = MP_EV_PROBE_DONE,
						     .probe = { .kind = MP_PROBE_LIVENESS,
								.outcome = MP_PROBE_FAILURE } });
	fake_run(&node, AT(2));
	assert_null(fake_event(&node, "Unhealthy", NULL));
}

static void dead_process_is_not_probed_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = false;
	(void)probe(0, MP_PROBE_LIVENESS, 10);
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_ERROR;
	node.c[0].probes[MP_PROBE_LIVENESS].lasts = AT(1);
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_run(&node, 0);
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_say(&node, MP_EV_IMAGE_PRESENT, 0);
	fake_run(&node, AT(10));
	fake_exit(&node, 0, 1);
	fake_run(&node, AT(15));
	assert_int_equal(n_probes(MP_PROBE_LIVENESS), 1);
}

static void liveness_error_is_not_retried_in_a_deleted_pod(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[1].lifecycle.has_post_start = true; /* the sync goes on for a while */
	node.c[1].post_start.lasts = AT(20);
	(void)probe(0, MP_PROBE_LIVENESS, 10);
	node.c[0].probes[MP_PROBE_LIVENESS] = (struct fake_probe){ .good_from = FAKE_NEVER,
								   .bad = MP_PROBE_ERROR,
								   .lasts = AT(2) };
	fake_run(&node, AT(1));
	node.is_manual[MP_DO_CHECK_IMAGE] = true; /* restarts end here: running is shown */
	fake_run(&node, AT(31));
	const size_t n = n_probes(MP_PROBE_LIVENESS);

	assert_true(n > 0);
	fake_say(&node, MP_EV_DEFINITION_CHANGED, 1);
	node.c[1].ignores_term = true;
	fake_delete(&node, -1);
	fake_run(&node, AT(40));
	assert_int_equal(n_probes(MP_PROBE_LIVENESS), n);
}

static void answer_for_an_earlier_instance_is_not_shown(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)probe(0, MP_PROBE_READINESS, 100);
	node.c[0].probes[MP_PROBE_READINESS].lasts = AT(5);
	fake_run(&node, AT(1));
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_exit(&node, 0, 1);
	fake_run(&node, AT(10));
	assert_false(fake_status(&node, 0)->is_ready);
	expect_terminated(0, 1, "Error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(idle_pod_has_no_wake_ups),
		TEST(readiness_runs_as_soon_as_running_is_shown),
		TEST(readiness_flips_back_and_forth),
		TEST(sidecars_count_for_ready),
		TEST(missing_exec_binary_neither_succeeds_nor_fails),
		TEST(error_that_heals_within_three_tries_is_an_answer),
		TEST(warning_is_success_with_an_event),
		TEST(startup_failure_kills_and_restarts),
		TEST(deletion_beats_the_grace_of_the_probe),
		TEST(never_pod_is_not_restarted_after_liveness),
		TEST(never_pod_ends_after_liveness_of_its_only_container),
		TEST(sidecar_liveness_restarts_the_sidecar_only),
		TEST(sidecar_startup_failure_restarts_it_before_its_successor),
		TEST(second_probe_kill_within_the_back_off_waits),
		TEST(readiness_goes_on_during_termination),
		TEST(probe_in_flight_is_abandoned_at_the_end),
		TEST(worker_that_ended_comes_back_with_a_new_instance),
		TEST(answers_nobody_waits_for_are_ignored),
		TEST(dead_process_is_not_probed_again),
		TEST(liveness_error_is_not_retried_in_a_deleted_pod),
		TEST(answer_for_an_earlier_instance_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
