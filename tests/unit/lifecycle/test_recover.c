/* SPDX-License-Identifier: Apache-2.0 */
/* A new supervisor takes the pod over: section 14. */
#include "tests/unit/lifecycle/machine_fixture.h"

static void running_containers_are_left_alone(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	runs(0, AT(1), 0);
	fake_run(&node, AT(50));
	fake_recover(&node);
	fake_run(&node, AT(100));
	assert_int_equal(node.c[0].n_started, 1);
	assert_int_equal(node.c[1].n_started, 1);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
	assert_int_equal(fake_n(&node, MP_DO_PREPARE_POD, -1), 1);
	expect_running(1);
}

static void container_that_ended_meanwhile_is_started_at_once(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	runs(0, 0, 1);
	fake_run(&node, AT(100)); /* deep in its back-off */
	expect_waiting(0, "CrashLoopBackOff", NULL);
	runs(0, FAKE_NEVER, 0);
	fake_recover(&node);
	fake_run(&node, AT(100));
	expect_running(0);
	node.c[0].is_alive = false; /* dies with the next supervisor; its code is lost */
	fake_recover(&node);
	fake_run(&node, AT(101));
	assert_true(fake_status(&node, 0)->has_last);
	assert_string_equal(fake_status(&node, 0)->last.reason, "ContainerStatusUnknown");
	assert_int_equal(fake_status(&node, 0)->last.exit_code, 137);
	expect_running(0);
}

static void lost_exit_code_fails_a_never_pod(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	fake_run(&node, AT(5));
	node.c[0].is_alive = false;
	fake_recover(&node);
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_FAILED); /* never 0 */
	expect_terminated(0, 137, "ContainerStatusUnknown");
}

static void known_exit_code_counts(void **unused)
{
	struct mp_event ev = { .type = MP_EV_RECOVERED_CONTAINER };

	(void)unused;
	make(MP_RESTART_NEVER, "m");
	fake_run(&node, AT(5));
	node.c[0].is_alive = false;
	ev.recovered.is_known = true;
	ev.exited.code = 0;
	mp_pod_apply(node.pod, &ev, (struct mp_now){ node.now, 1 });
	mp_pod_apply(node.pod, &ev, (struct mp_now){ node.now, 1 }); /* twice: once */
	mp_pod_apply(node.pod,
		     &(struct mp_event){ .type = MP_EV_RECOVERED, .sandbox.is_alive = true },
		     (struct mp_now){ node.now, 1 });
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void old_containers_keep_started_and_ready(void **unused)
{
	size_t n_probes;

	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	for (int i = 0; i < 2; i++) {
		test_pod_probe(&pod.containers[i], MP_PROBE_STARTUP)->period_s = 1;
		test_pod_probe(&pod.containers[i], MP_PROBE_READINESS)->period_s = 100;
	}
	fake_run(&node, AT(20));
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
	fake_recover(&node);
	node.c[0].probes[MP_PROBE_STARTUP].good_from = FAKE_NEVER;
	node.c[1].probes[MP_PROBE_READINESS].lasts = FAKE_NEVER;
	n_probes = node.n_log;
	fake_run(&node, AT(30));
	for (size_t i = n_probes; i < node.n_log; i++)
		assert_false(node.log[i].type == MP_DO_RUN_PROBE &&
			     node.log[i].kind == MP_PROBE_STARTUP);
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
	assert_true(fake_status(&node, 0)->is_started && fake_status(&node, 1)->is_started);
	assert_int_equal(node.c[0].n_started, 1);
}

static void probe_says_otherwise_after_a_recovery(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_READINESS)->period_s = 1;
	fake_run(&node, AT(20));
	fake_recover(&node);
	node.c[0].probes[MP_PROBE_READINESS].good_from = FAKE_NEVER;
	fake_run(&node, AT(20));
	assert_true(fake_status(&node, 0)->is_ready);
	fake_run(&node, AT(30));
	assert_false(fake_status(&node, 0)->is_ready);
}

static void young_containers_are_probed_from_the_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	test_pod_probe(&pod.containers[0], MP_PROBE_STARTUP)->period_s = 1;
	fake_run(&node, AT(5));
	assert_true(fake_status(&node, 0)->is_started);
	fake_recover(&node);
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(8);
	fake_run(&node, AT(6));
	assert_false(fake_status(&node, 0)->is_started);
	fake_run(&node, AT(12));
	assert_true(fake_status(&node, 0)->is_started);
}

static void first_rounds_are_spread_after_a_recovery(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	(void)test_pod_probe(&pod.containers[0], MP_PROBE_LIVENESS);
	fake_run(&node, AT(25));
	const size_t before = fake_n(&node, MP_DO_RUN_PROBE, 0);

	fake_recover(&node);
	fake_run(&node, AT(25));
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), before);
	fake_run(&node, AT(35));
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), before + 1);
}

static void termination_starts_again_with_its_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].pre_stop.lasts = AT(4);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, 10);
	fake_run(&node, AT(12));
	fake_recover(&node);
	node.c[0].n_term_of_life = 0; /* of a new supervisor */
	fake_run_to_end(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 2);
	expect_at(MP_DO_KILL, 0, 0, AT(22));
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void tear_down_is_asked_for_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	runs(0, AT(1), 0);
	node.is_manual[MP_DO_TEAR_DOWN] = true;
	fake_run(&node, AT(5));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	node.is_manual[MP_DO_TEAR_DOWN] = false;
	fake_recover(&node);
	fake_run_to_end(&node, AT(6));
	assert_int_equal(fake_n(&node, MP_DO_TEAR_DOWN, -1), 2);
	fake_recover(&node);
	fake_run(&node, AT(7));
	assert_int_equal(fake_n(&node, MP_DO_FINISH, -1), 1);
}

static void finished_phase_is_never_restarted(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	runs(0, AT(1), 0);
	node.is_manual[MP_DO_STOP_SANDBOX] = true;
	fake_run(&node, AT(5));
	fake_recover(&node);
	node.is_manual[MP_DO_STOP_SANDBOX] = false;
	fake_run_to_end(&node, AT(6));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	assert_int_equal(node.c[0].n_started, 1);
}

static void reboot_starts_the_pod_over(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	runs(0, AT(1), 0);
	fake_run(&node, AT(50));
	node.is_sandbox_up = false;
	node.c[1].is_alive = false;
	fake_recover(&node);
	fake_run(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_PREPARE_POD, -1), 2);
	assert_int_equal(fake_n(&node, MP_DO_SETUP_VOLUMES, -1), 2);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 2);
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(node.c[1].n_started, 2);
	expect_running(1);
}

static void deadline_goes_on_over_a_reboot(void **unused)
{
	struct mp_action actions[FAKE_ACTIONS];
	struct mp_plan plan = { .actions = actions, .size = FAKE_ACTIONS };
	struct mp_now now;

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.spec.active_deadline_s = (struct mp_opt_int){ 100, true };
	fake_run(&node, AT(40));
	fake_say(&node, MP_EV_SANDBOX_STOPPED, -1); /* nobody asked: only a turn at this time */
	fake_run(&node, AT(40));
	/* 20 s later by the wall clock, on a monotonic clock that started over */
	now = (struct mp_now){ AT(3), mp_pod_status(node.pod)->start_wall + AT(60) };
	mp_pod_apply(node.pod, &(struct mp_event){ .type = MP_EV_RECOVERED_CONTAINER }, now);
	mp_pod_apply(node.pod, &(struct mp_event){ .type = MP_EV_RECOVERED, .container = -1 }, now);
	node.is_sandbox_up = false;
	node.c[0].is_alive = false;
	mp_pod_plan(node.pod, now, &plan);
	assert_int_equal(actions[0].type, MP_DO_PUBLISH_STATUS);
	mp_pod_apply(node.pod,
		     &(struct mp_event){ .type = MP_EV_POD_PREPARE_FAILED,
					 .text.reason = "Failed" },
		     now);
	mp_pod_plan(node.pod, now, &plan);
	now = (struct mp_now){ plan.wake_at, now.wall + plan.wake_at - now.mono };
	assert_true(plan.wake_at <= AT(3) + AT(15));
	mp_pod_apply(node.pod, &(struct mp_event){ .type = MP_EV_SANDBOX_DIED, .container = -1 },
		     now);
	now.mono = AT(43) - 1;
	mp_pod_plan(node.pod, now, &plan);
	mp_pod_apply(node.pod,
		     &(struct mp_event){ .type = MP_EV_POD_PREPARE_FAILED,
					 .text.reason = "Failed" },
		     now);
	mp_pod_plan(node.pod, now, &plan);
	assert_false(mp_pod_is_terminating(node.pod));
	assert_int_equal(plan.wake_at, AT(43));
	now.mono = AT(43);
	mp_pod_plan(node.pod, now, &plan);
	assert_true(mp_pod_is_terminating(node.pod));
}

static void sandbox_in_the_making_is_taken_over(void **unused)
{
	(void)unused;
	for (int is_alive = 0; is_alive < 2; is_alive++) {
		make(MP_RESTART_ALWAYS, "m");
		node.is_manual[MP_DO_CREATE_SANDBOX] = true;
		fake_run(&node, AT(1));
		node.is_manual[MP_DO_CREATE_SANDBOX] = false;
		node.is_sandbox_up = is_alive == 1;
		fake_recover(&node);
		fake_run(&node, AT(2));
		expect_running(0);
		assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 2 - is_alive);
		if (is_alive == 0)
			fake_done(&node);
	}
}

static void start_in_progress_is_finished_by_the_new_supervisor(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mmm");
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, AT(1));
	node.c[0].is_alive = true; /* it did start */
	fake_recover(&node);
	fake_run(&node, AT(2));
	expect_running(0);
	fake_recover(&node); /* the second did not */
	node.is_manual[MP_DO_START_CONTAINER] = false;
	fake_run(&node, AT(3));
	expect_running(1);
	assert_string_equal(fake_status(&node, 1)->last.reason, "ContainerStatusUnknown");
	expect_running(2);
}

static void start_that_was_not_carried_out_is_no_restart(void **unused)
{
	struct mp_event ev = { .type = MP_EV_RECOVERED_CONTAINER };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, AT(1));
	node.is_manual[MP_DO_START_CONTAINER] = false;
	ev.recovered.has_not_begun = true;
	mp_pod_apply(node.pod, &ev, (struct mp_now){ node.now, 1 });
	fake_recover(&node);
	fake_run(&node, AT(2));
	expect_running(0);
	assert_int_equal(fake_status(&node, 0)->restart_count, 0);
	assert_false(fake_status(&node, 0)->has_last);
	assert_int_equal(fake_n(&node, MP_DO_REMOVE_RECORD, 0), 1);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_CONTAINER, 0), 2);
}

static void start_that_was_carried_out_is_told_by_the_successor(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, AT(1));
	assert_null(fake_event(&node, "Started", NULL));
	node.c[0].is_alive = true;
	fake_recover(&node);
	fake_run(&node, AT(2));
	expect_event("Started", "Container started");
	fake_recover(&node); /* once */
	fake_run(&node, AT(3));
	assert_int_equal(fake_event(&node, "Started", NULL)->count, 1);
}

static void record_that_was_made_but_never_started_is_replaced(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	node.is_manual[MP_DO_START_CONTAINER] = true;
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_run(&node, AT(1));
	mp_pod_apply(node.pod, &(struct mp_event){ .type = MP_EV_CREATED, .created.id = "half" },
		     (struct mp_now){ node.now, 1 });
	node.is_manual[MP_DO_START_CONTAINER] = false;
	node.is_manual[MP_DO_CREATE_CONTAINER] = false;
	fake_recover(&node);
	fake_run(&node, AT(2));
	expect_running(0);
	assert_int_equal(fake_n(&node, MP_DO_REMOVE_RECORD, 0), 1);
	assert_false(fake_status(&node, 0)->has_last);
}

/* The first sync finds its container running: there is nothing to start, and so no hook to run. */
static void post_start_that_was_cut_short_is_not_run_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	pod.containers[0].lifecycle.has_post_start = true;
	node.c[0].post_start.lasts = AT(20);
	fake_run(&node, AT(5));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 1);
	expect_waiting(0, "PodInitializing", NULL);
	fake_recover(&node);
	fake_run(&node, AT(6));
	expect_running(0);
	expect_running(1);
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
	assert_int_equal(node.c[0].n_started, 1);
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 1);
}

static void post_start_that_had_not_begun_is_not_run(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	while (node.c[0].n_started == 0)
		fake_run(&node, node.now + 1);
	fake_recover(&node); /* within its head start */
	fake_run(&node, AT(6));
	expect_running(0);
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 0);
}

static void failed_post_start_whose_kill_was_cut_short_is_forgotten(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].post_start.error = "bad";
	node.c[0].pre_stop.lasts = AT(20);
	fake_run(&node, AT(5));
	expect_event("FailedPostStartHook", "PostStartHook failed");
	fake_recover(&node);
	fake_run(&node, AT(100));
	expect_running(0);
	assert_int_equal(node.c[0].n_started, 1);
}

static void event_series_of_an_earlier_life_are_others(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(5));
	fake_recover(&node);
	fake_exit(&node, 0, 1);
	fake_run(&node, AT(6));
	assert_int_equal(fake_n_events(&node, "Started"), 2);
	assert_true(fake_event(&node, "Started", NULL)->count == 1);
}

static void a_copy_of_the_block_goes_on_alike(void **unused)
{
	static char block[1 << 20] __attribute__((aligned(64)));
	struct mp_action actions[FAKE_ACTIONS];
	struct mp_plan plan = { .actions = actions, .size = FAKE_ACTIONS };
	struct mp_pod *copy;

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(5));
	assert_true(mp_pod_size(&pod.spec) <= sizeof(block));
	memcpy(block, node.mem, mp_pod_size(&pod.spec));
	memset(node.mem, 0xa5, mp_pod_size(&pod.spec));
	copy = mp_pod_relocate(block, &pod.spec);
	mp_pod_apply(copy, &(struct mp_event){ .type = MP_EV_EXITED, .exited.code = 1 },
		     (struct mp_now){ AT(6), AT(6) });
	mp_pod_plan(copy, (struct mp_now){ AT(6), AT(6) }, &plan);
	assert_int_equal(actions[0].type, MP_DO_PUBLISH_STATUS);
	assert_int_equal(mp_pod_status(copy)->containers[0].state.terminated.exit_code, 1);
	assert_int_equal(actions[plan.n - 1].type, MP_DO_CHECK_IMAGE);

	/* memory that was used before is as good as new */
	node.pod = mp_pod_init(node.mem, &pod.spec, &(struct mp_pod_config){ .seed = 1 });
	mp_pod_plan(node.pod, (struct mp_now){ AT(9), AT(9) }, &plan);
	assert_int_equal(plan.n, 2);
	assert_int_equal(actions[1].type, MP_DO_PREPARE_POD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(running_containers_are_left_alone),
		TEST(container_that_ended_meanwhile_is_started_at_once),
		TEST(lost_exit_code_fails_a_never_pod),
		TEST(known_exit_code_counts),
		TEST(old_containers_keep_started_and_ready),
		TEST(probe_says_otherwise_after_a_recovery),
		TEST(young_containers_are_probed_from_the_start),
		TEST(first_rounds_are_spread_after_a_recovery),
		TEST(termination_starts_again_with_its_grace),
		TEST(tear_down_is_asked_for_again),
		TEST(finished_phase_is_never_restarted),
		TEST(reboot_starts_the_pod_over),
		TEST(deadline_goes_on_over_a_reboot),
		TEST(sandbox_in_the_making_is_taken_over),
		TEST(start_in_progress_is_finished_by_the_new_supervisor),
		TEST(start_that_was_not_carried_out_is_no_restart),
		TEST(start_that_was_carried_out_is_told_by_the_successor),
		TEST(record_that_was_made_but_never_started_is_replaced),
		TEST(post_start_that_was_cut_short_is_not_run_again),
		TEST(post_start_that_had_not_begun_is_not_run),
		TEST(failed_post_start_whose_kill_was_cut_short_is_forgotten),
		TEST(event_series_of_an_earlier_life_are_others),
		TEST(a_copy_of_the_block_goes_on_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
