/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where implementations usually go wrong: appendix C of the pod-semantics reference, a test for
 * each point that is the machine's business. docs/vectors.md lists where the others are.
 */
#include "lifecycle/phase.h"
#include "lifecycle/statuses.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static void expect_condition(const char *type, enum mp_truth status, const char *reason)
{
	const struct mp_condition *c = fake_condition(&node, type);

	assert_non_null(c);
	assert_int_equal(c->status, status);
	assert_string_equal(c->reason, reason);
}

static size_t n_probes(int c, enum mp_probe_kind kind, mp_nsec until)
{
	size_t n = 0;

	for (size_t i = 0; i < node.n_log; i++)
		n += node.log[i].type == MP_DO_RUN_PROBE && node.log[i].container == c &&
		     node.log[i].kind == (int)kind && node.log[i].at < until;
	return n;
}

/* The first restart is immediate, waits count from the exit, exit 0 backs off like any other. */
static void c1_back_off_counts_from_the_exit(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	runs(0, AT(4), 0);
	fake_run(&node, AT(100));
	expect_at(MP_DO_START_CONTAINER, 0, 0, 0);
	expect_at(MP_DO_START_CONTAINER, 0, 1, AT(4));  /* at once */
	expect_at(MP_DO_START_CONTAINER, 0, 2, AT(18)); /* ends at 8: 10 s */
	expect_at(MP_DO_START_CONTAINER, 0, 3, AT(42)); /* ends at 22: 20 s */
	expect_event("BackOff", "Back-off restarting failed container m0 in pod " POD_DESC);
}

/* The reset needs more than 600 s between the start's decision and the next exit. */
static void c1_back_off_resets_after_more_than_600_s(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].n_runs = 4;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1), .code = 1 };
	node.c[0].runs[1] = (struct fake_run){ .lasts = AT(600), .code = 1 };
	node.c[0].runs[2] = (struct fake_run){ .lasts = AT(601), .code = 1 };
	node.c[0].runs[3] = (struct fake_run){ .lasts = FAKE_NEVER };
	fake_run(&node, AT(2000));
	expect_at(MP_DO_START_CONTAINER, 0, 1, AT(1));
	expect_at(MP_DO_START_CONTAINER, 0, 2, AT(611)); /* exactly 600 s: still 10 s of waiting */
	expect_at(MP_DO_START_CONTAINER, 0, 3, AT(1212));
}

static void c2_crash_looping_is_running_and_never_started_is_pending(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	runs(0, 0, 1);
	fake_run(&node, AT(5));
	expect_waiting(0, "CrashLoopBackOff", NULL);
	assert_int_equal(phase(), MP_PHASE_RUNNING);

	make(MP_RESTART_ALWAYS, "mm");
	node.c[1].create_error = "no";
	node.c[1].create_reason = "CreateContainerError";
	node.c[1].create_good_from = FAKE_NEVER;
	fake_run(&node, AT(5));
	expect_running(0);
	assert_int_equal(phase(), MP_PHASE_PENDING);
}

static void c3_a_deleted_always_pod_ends_by_its_exit_codes(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);

	make(MP_RESTART_ALWAYS, "mm");
	node.c[1].term_code = -1; /* 143 */
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	expect_terminated(1, 143, "Error");
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void c4_no_terminal_phase_before_the_last_process_is_dead(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	runs(1, AT(5), 1);
	node.c[0].term_lasts = AT(3);
	fake_run(&node, AT(7));
	assert_true(node.c[0].is_alive);
	expect_terminated(1, 1, "Error");
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void c5_pre_stop_runs_for_every_kill_and_never_for_an_exit(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	runs(0, AT(3), 1);
	fake_run(&node, AT(5));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 0); /* it ended by itself */

	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS)->period_s = 1;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_FAILURE;
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].pre_stop.lasts = AT(28) + MS(500);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(40));
	expect_at(MP_DO_RUN_HOOK, 0, 0, AT(3));
	/* 28.5 s of the 30 s are gone, as 28 whole ones: the 2 s left are the floor, too. */
	expect_at(MP_DO_SIGNAL, 0, 0, AT(31) + MS(500));
	expect_at(MP_DO_KILL, 0, 0, AT(33) + MS(500));
}

static void c6_post_start_holds_up_everything_else(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[0].lifecycle.has_post_start = true;
	test_pod_probe(&pod.containers[0], MP_PROBE_READINESS)->period_s = 1;
	node.c[0].post_start.lasts = AT(5);
	fake_run(&node, AT(5) - 1);
	expect_waiting(0, "ContainerCreating", "");
	assert_int_equal(n_probes(0, MP_PROBE_READINESS, AT(5)), 0);
	assert_int_equal(node.c[1].n_created, 0);
	fake_run(&node, AT(6));
	expect_running(0);
	expect_running(1);
	expect_condition("Ready", MP_COND_TRUE, "");
}

static void c8_probe_errors_are_neither_success_nor_failure(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS)->period_s = 1;
	test_pod_probe(&pod.containers[0], MP_PROBE_READINESS)->period_s = 1;
	for (size_t k = MP_PROBE_READINESS; k <= MP_PROBE_LIVENESS; k++) {
		node.c[0].probes[k].bad = MP_PROBE_ERROR;
		node.c[0].probes[k].good_from = FAKE_NEVER;
	}
	fake_run(&node, AT(120));
	assert_int_equal(node.c[0].n_started, 1);
	expect_running(0);
	expect_condition("Ready", MP_COND_FALSE, "ContainersNotReady");
}

static void c9_initial_delay_counts_from_the_start_behind_a_startup_probe_too(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_STARTUP)->period_s = 1;
	pod.containers[0].probes[MP_PROBE_STARTUP].failure_threshold = 60;
	test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS)->period_s = 1;
	pod.containers[0].probes[MP_PROBE_LIVENESS].initial_delay_s = 8;
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(6);
	fake_run(&node, AT(20));
	assert_int_equal(n_probes(0, MP_PROBE_LIVENESS, AT(8)), 0);
	assert_int_equal(n_probes(0, MP_PROBE_LIVENESS, AT(9)), 1); /* at 8, not at 6 + 8 */
}

static void c9_liveness_holds_after_its_failure_and_counters_survive_a_restart(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS)->period_s = 1;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_FAILURE;
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(32));
	assert_int_equal(n_probes(0, MP_PROBE_LIVENESS, AT(32)), 3); /* the last at 3 */

	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS)->period_s = 1;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_FAILURE;
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].n_runs = 2;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(2) + MS(500), .code = 1 };
	node.c[0].runs[1] = (struct fake_run){ .lasts = FAKE_NEVER };
	fake_run(&node, AT(5));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(3)); /* two failures before the exit, one after it */
}

static void c10_sidecars_count_for_ready_and_times_follow_the_status(void **unused)
{
	const struct mp_condition *c;
	int64_t was;

	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	test_pod_probe(&pod.containers[0], MP_PROBE_READINESS)->period_s = 1;
	pod.containers[0].probes[MP_PROBE_READINESS].failure_threshold = 1;
	node.c[0].probes[MP_PROBE_READINESS].good_from = AT(4);
	fake_run(&node, AT(3));
	expect_running(1);
	expect_condition("ContainersReady", MP_COND_FALSE, "ContainersNotReady");
	fake_run(&node, AT(5));
	expect_condition("Ready", MP_COND_TRUE, "");
	c = fake_condition(&node, "Ready");
	was = c->transition_wall;
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	c = fake_condition(&node, "Ready");
	assert_int_equal(c->status, MP_COND_FALSE);
	assert_true(c->transition_wall > was);

	make(MP_RESTART_NEVER, "mm");
	runs(0, AT(2), 1);
	runs(1, AT(5), 1);
	fake_run(&node, AT(3));
	expect_condition("Ready", MP_COND_FALSE, "ContainersNotReady");
	was = fake_condition(&node, "Ready")->transition_wall;
	fake_run_to_end(&node, AT(60));
	expect_condition("Ready", MP_COND_FALSE, "PodFailed"); /* another reason, the same time */
	assert_int_equal(fake_condition(&node, "Ready")->transition_wall, was);
}

static void c11_sidecars_from_their_start_to_their_end(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "ssm");
	test_pod_probe(&pod.containers[0], MP_PROBE_STARTUP)->period_s = 1;
	test_pod_probe(&pod.containers[0], MP_PROBE_READINESS)->period_s = 1;
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(2);
	node.c[0].probes[MP_PROBE_READINESS].bad = MP_PROBE_FAILURE;
	node.c[0].probes[MP_PROBE_READINESS].good_from = FAKE_NEVER;
	node.c[0].pre_stop.lasts = AT(1);
	node.c[1].term_lasts = AT(3);
	node.c[0].term_code = node.c[1].term_code = 137;
	runs(2, AT(10), 0);
	fake_run_to_end(&node, AT(100));
	/* Started is enough, ready is not waited for. */
	expect_at(MP_DO_START_CONTAINER, 1, 0, AT(2));
	/* The main ends; preStop of the first sidecar at once, its stop after the second's end. */
	expect_at(MP_DO_SIGNAL, 1, 0, fake_when(&node, MP_DO_RUN_HOOK, 0, 0));
	assert_true(fake_when(&node, MP_DO_SIGNAL, 0, 0) >=
		    fake_when(&node, MP_DO_SIGNAL, 1, 0) + AT(3));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED); /* whatever the sidecars exit with */
}

static void c12_oom_fails_an_init_container_and_only_a_lost_sandbox_repeats_one(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	node.c[0].n_runs = 2;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1), .code = 0, .is_oom = true };
	node.c[0].runs[1] = (struct fake_run){ .lasts = AT(1), .code = 0 };
	runs(1, AT(5), 1);
	fake_run(&node, AT(60));
	assert_int_equal(node.c[0].n_started, 2); /* again after the OOM kill, not with each main */
	assert_true(node.c[1].n_started > 2);
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(62));
	assert_int_equal(node.c[0].n_started, 3);
}

static void c16_termination_messages_share_12_kib(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "immm");
	assert_int_equal(mp_status_message_limit(&pod.spec), 12288 / 4);
	make(MP_RESTART_ALWAYS, "m");
	assert_int_equal(mp_status_message_limit(&pod.spec), 12288);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(c1_back_off_counts_from_the_exit),
		TEST(c1_back_off_resets_after_more_than_600_s),
		TEST(c2_crash_looping_is_running_and_never_started_is_pending),
		TEST(c3_a_deleted_always_pod_ends_by_its_exit_codes),
		TEST(c4_no_terminal_phase_before_the_last_process_is_dead),
		TEST(c5_pre_stop_runs_for_every_kill_and_never_for_an_exit),
		TEST(c6_post_start_holds_up_everything_else),
		TEST(c8_probe_errors_are_neither_success_nor_failure),
		TEST(c9_initial_delay_counts_from_the_start_behind_a_startup_probe_too),
		TEST(c9_liveness_holds_after_its_failure_and_counters_survive_a_restart),
		TEST(c10_sidecars_count_for_ready_and_times_follow_the_status),
		TEST(c11_sidecars_from_their_start_to_their_end),
		TEST(c12_oom_fails_an_init_container_and_only_a_lost_sandbox_repeats_one),
		TEST(c16_termination_messages_share_12_kib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
