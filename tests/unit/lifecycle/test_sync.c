/* SPDX-License-Identifier: Apache-2.0 */
/* What one sync starts, kills and recreates: section 4, appendix C 11 and 12. */
#include "lifecycle/decide.h"
#include "lifecycle/machine.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static void steps_come_in_order(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	for (int t = 0; t <= MP_DO_FINISH; t++)
		node.is_manual[t] = true;
	fake_run(&node, 0);
	assert_int_equal(fake_n(&node, MP_DO_PREPARE_POD, -1), 1);
	assert_int_equal(fake_n(&node, MP_DO_SETUP_VOLUMES, -1), 0);
	fake_say(&node, MP_EV_POD_PREPARED, -1);
	fake_say(&node, MP_EV_POD_PREPARED, -1); /* twice: ignored */
	fake_run(&node, 0);
	assert_int_equal(fake_n(&node, MP_DO_SETUP_VOLUMES, -1), 1);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 0);
	fake_say(&node, MP_EV_VOLUMES_READY, -1);
	fake_run(&node, 0);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
	assert_int_equal(fake_condition(&node, "PodReadyToStartContainers")->status, MP_COND_FALSE);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_SANDBOX_READY,
					     .container = -1,
					     .sandbox = { "10.0.0.1", "fd00::1", false } });
	fake_run(&node, 0);
	assert_int_equal(fake_condition(&node, "PodReadyToStartContainers")->status, MP_COND_TRUE);
	assert_string_equal(mp_pod_status(node.pod)->pod_ip, "10.0.0.1");
	assert_string_equal(mp_pod_status(node.pod)->pod_ip6, "fd00::1");
	assert_int_equal(fake_n(&node, MP_DO_CHECK_IMAGE, 0), 1);
	fake_say(&node, MP_EV_STARTED, 0); /* nobody asked for that yet */
	fake_say(&node, MP_EV_CREATED, 0);
	fake_run(&node, 0);
	assert_int_equal(fake_n(&node, MP_DO_CREATE_CONTAINER, 0), 0);
}

static void starts_are_sequential_in_spec_order(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	node.c[0].is_absent = true;
	node.c[0].pull_lasts = AT(7);
	fake_run(&node, AT(6));
	assert_int_equal(fake_n(&node, MP_DO_CHECK_IMAGE, 1), 0); /* a slow pull delays main 2 */
	fake_run(&node, AT(8));
	expect_at(MP_DO_START_CONTAINER, 0, 0, AT(7));
	expect_at(MP_DO_START_CONTAINER, 1, 0, AT(7));
}

static void init_containers_run_one_after_the_other(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "iim");
	runs(0, AT(2), 0);
	runs(1, AT(3), 0);
	fake_run(&node, AT(1));
	expect_waiting(2, "PodInitializing", "");
	fake_run(&node, AT(10));
	expect_at(MP_DO_START_CONTAINER, 1, 0, AT(2));
	expect_at(MP_DO_START_CONTAINER, 2, 0, AT(5));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	fake_exit(&node, 2, 1); /* finished init containers are never run again */
	fake_run(&node, AT(11));
	assert_int_equal(node.c[0].n_started + node.c[1].n_started, 2);
	assert_int_equal(node.c[2].n_started, 2);
}

static void failed_start_of_an_init_container_aborts_the_sync(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	node.c[0].create_error = "x";
	node.c[0].create_reason = "CreateContainerError";
	node.c[0].create_good_from = AT(5);
	runs(0, AT(1), 0);
	fake_run(&node, AT(4));
	expect_waiting(0, "CreateContainerError", "x");
	assert_int_equal(fake_n(&node, MP_DO_CHECK_IMAGE, 1), 0);
	fake_run(&node, AT(30));
	expect_running(1);
}

static void failed_start_of_a_sidecar_or_main_is_passed_over(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "smmm"); /* m3 stays up: the pod is initialized */
	for (int i = 1; i <= 2; i++) {
		fake_run(&node, AT(i));
		fake_exit(&node, 0, 1);
		fake_exit(&node, 1, 1);
	}
	fake_exit(&node, 2, 1);
	fake_run(&node, AT(3));
	expect_waiting(0, "CrashLoopBackOff", NULL);
	expect_waiting(1, "CrashLoopBackOff", NULL);
	expect_running(2);
	assert_int_equal(node.c[2].n_started, 2);
}

static void dead_mains_wait_for_the_last_sidecar(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	for (int i = 1; i <= 2; i++) {
		fake_run(&node, AT(i));
		fake_exit(&node, 0, 1);
	}
	fake_exit(&node, 1, 1); /* with no main running, initialization is looked at again */
	fake_run(&node, AT(11));
	assert_int_equal(node.c[1].n_started, 1);
	fake_run(&node, AT(12));
	assert_int_equal(node.c[0].n_started, 3);
	assert_int_equal(node.c[1].n_started, 1);
	fake_run(&node, AT(12) + MP_HEAD_START);
	assert_int_equal(node.c[1].n_started, 2);
}

static void oom_killed_init_container_is_run_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "im");
	node.c[0].n_runs = 2;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1), .code = 0, .is_oom = true };
	node.c[0].runs[1] = (struct fake_run){ .lasts = AT(1) };
	fake_run(&node, AT(5));
	assert_int_equal(node.c[0].n_started, 2);
	expect_running(1);
}

static void oom_killed_init_container_fails_a_never_pod(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "im");
	node.c[0].n_runs = 1;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1), .code = 0, .is_oom = true };
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	expect_terminated(0, 0, "OOMKilled");
}

static void running_sidecar_dies_with_a_failed_init_container(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sim");
	runs(1, AT(1), 3);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_int_equal(node.c[0].n_term, 1);
	assert_int_equal(node.c[2].n_created, 0);
}

static void sidecar_without_startup_probe_counts_as_started_when_it_runs(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "ssm");
	fake_run(&node, 0);
	expect_running(0);
	assert_true(fake_status(&node, 0)->is_started);
	fake_run(&node, 2 * MP_HEAD_START);
	expect_running(1);
	expect_running(2);
	assert_int_equal(phase(), MP_PHASE_RUNNING);
}

/* On a node a relist and a create lie between them; node tests order the containers' own output. */
static void what_follows_a_sidecar_gives_it_a_head_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sism");
	runs(1, AT(1), 0);
	fake_run(&node, AT(10));
	expect_at(MP_DO_START_CONTAINER, 0, 0, 0);
	expect_at(MP_DO_START_CONTAINER, 1, 0, MP_HEAD_START);
	expect_at(MP_DO_START_CONTAINER, 2, 0, MP_HEAD_START + AT(1));
	expect_at(MP_DO_START_CONTAINER, 3, 0, 2 * MP_HEAD_START + AT(1));
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 3), 1);
}

static void sidecar_that_dies_within_its_head_start_is_started_first(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	fake_run(&node, MP_HEAD_START / 2);
	fake_exit(&node, 0, 1);
	fake_run(&node, MP_HEAD_START);
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(node.c[1].n_started, 0);
	fake_run(&node, 2 * MP_HEAD_START);
	assert_int_equal(node.c[1].n_started, 1);
}

static void sidecars_are_restarted_while_a_main_is_in_back_off(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	runs(1, 0, 1);
	fake_run(&node, AT(5));
	expect_waiting(1, "CrashLoopBackOff", NULL);
	fake_exit(&node, 0, 0);
	fake_run(&node, AT(6));
	assert_int_equal(node.c[0].n_started, 2);
}

static void finished_pod_kills_its_sidecars_with_full_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	runs(1, AT(5), 0);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(20));
	assert_int_equal(phase(), MP_PHASE_RUNNING); /* the sidecar keeps it running */
	fake_run_to_end(&node, AT(100));
	expect_at(MP_DO_SIGNAL, 0, 0, MP_HEAD_START + AT(5));
	expect_at(MP_DO_KILL, 0, 0, MP_HEAD_START + AT(35));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	expect_terminated(0, 137, "Error");
}

static void mains_finish_by_policy(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "mm");
	runs(0, AT(1), 0);
	node.c[1].n_runs = 2;
	node.c[1].runs[0] = (struct fake_run){ .lasts = AT(2), .code = 1 };
	node.c[1].runs[1] = (struct fake_run){ .lasts = AT(2), .code = 0 };
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	assert_int_equal(node.c[0].n_started, 1);
	assert_int_equal(node.c[1].n_started, 2);
}

static void changed_definition_restarts_regardless_of_policy(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	fake_run(&node, AT(5));
	fake_say(&node, MP_EV_DEFINITION_CHANGED, 1);
	fake_run(&node, AT(6));
	expect_event("Killing", "Container m1 definition changed, will be restarted");
	assert_int_equal(node.c[1].n_started, 2);
	fake_say(&node, MP_EV_DEFINITION_CHANGED, 0);
	fake_run(&node, AT(7));
	expect_event("Killing", "Init container s0 definition changed, will be restarted");
	assert_int_equal(node.c[0].n_started, 2);
	fake_run(&node, AT(8));
	assert_int_equal(fake_n_events(&node, "Killing"), 2);
}

static void pod_without_address_gets_another_sandbox(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.ip = "";
	fake_run(&node, AT(1));
	expect_event("FailedCreatePodSandBox",
		     "Failed to create pod sandbox: it has no IP address");
	assert_int_equal(node.c[0].n_created, 0);
	node.ip = "10.0.0.9";
	fake_run(&node, AT(20));
	expect_running(0);
	assert_int_equal(fake_n(&node, MP_DO_STOP_SANDBOX, -1), 1);
	assert_true(fake_when(&node, MP_DO_CREATE_SANDBOX, -1, 1) >= AT(10));
}

static void host_network_needs_no_address(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.spec.host_network = true;
	node.ip = "";
	fake_run(&node, AT(1));
	expect_running(0);
}

static void sandbox_failure_is_told_and_tried_again(void **unused)
{
	mp_nsec second;

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.sandbox_error = "no pause";
	node.good_from = AT(5);
	fake_run(&node, AT(30));
	expect_event("FailedCreatePodSandBox", "Failed to create pod sandbox: no pause");
	second = fake_when(&node, MP_DO_CREATE_SANDBOX, -1, 1);
	assert_true(second >= AT(10) && second <= AT(15));
	assert_int_equal(node.log[0].number, 0);
	expect_running(0);
	assert_null(fake_event(&node, "SandboxChanged", NULL)); /* there was none before */
}

static void sandbox_that_dies_at_once_is_replaced(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_CREATE_SANDBOX] = true;
	fake_run(&node, 0);
	fake_say(&node, MP_EV_SANDBOX_DIED, -1); /* in either order with READY */
	fake_post(&node, &(struct mp_event){ .type = MP_EV_SANDBOX_READY,
					     .container = -1,
					     .sandbox.ip = "10.0.0.1" });
	node.is_manual[MP_DO_CREATE_SANDBOX] = false;
	fake_run(&node, AT(1));
	expect_event("FailedCreatePodSandBox", NULL);
	fake_run(&node, AT(20));
	expect_running(0);
}

static void sandbox_loss_waits_for_the_kill_and_starts_over(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "ism");
	runs(0, AT(1), 0);
	node.c[2].term_lasts = AT(3);
	node.c[1].term_lasts = AT(1);
	fake_run(&node, AT(10));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(30));
	expect_at(MP_DO_SIGNAL, 2, 0, AT(10));
	expect_at(MP_DO_SIGNAL, 1, 0, AT(13)); /* sidecars after mains */
	expect_at(MP_DO_CREATE_SANDBOX, -1, 1, AT(14));
	expect_at(MP_DO_START_CONTAINER, 0, 1, AT(14));
	expect_at(MP_DO_START_CONTAINER, 1, 1, AT(15));
	expect_at(MP_DO_START_CONTAINER, 2, 1, AT(15) + MP_HEAD_START);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fake_status(&node, i)->restart_count, 1);
	/* A log's file is named by the restart count that is shown. */
	for (size_t i = 0; i < node.n_log; i++) {
		if (node.log[i].type == MP_DO_CREATE_CONTAINER && node.log[i].at > AT(10))
			assert_int_equal(node.log[i].number, 1);
	}
	fake_exit(&node, 1, 1);
	fake_run(&node, AT(31));
	assert_int_equal(fake_status(&node, 1)->restart_count, 2);
}

static void no_new_sandbox_for_a_pod_that_has_nothing_left_to_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "sm");
	node.c[0].ignores_term = true;
	runs(1, AT(5), 0);
	fake_run(&node, AT(6)); /* the sidecar is being killed: now the sandbox dies */
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void new_sandbox_starts_only_what_is_not_done(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "mm");
	runs(0, AT(1), 0);
	fake_run(&node, AT(5));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(6));
	assert_int_equal(node.c[0].n_started, 1);
	assert_int_equal(node.c[1].n_started, 2);
}

static void failed_stop_of_the_sandbox_is_tried_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(5));
	node.stop_error = "device busy";
	node.good_from = AT(8);
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(25));
	expect_event("FailedKillPod", "error killing pod: device busy");
	assert_int_equal(node.c[0].n_started, 2);
}

static void pod_cgroup_failure_is_tried_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.prepare_error = "no space";
	node.good_from = AT(8);
	fake_run(&node, AT(20));
	expect_event("FailedCreatePodContainer", "unable to ensure pod container exists: no space");
	expect_running(0);
}

static void pod_directories_failure_has_its_own_event(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_PREPARE_POD] = true;
	fake_run(&node, 0);
	answer_to(MP_EV_POD_PREPARE_FAILED, -1, "Failed", "error making pod data directories: x");
	fake_run(&node, AT(1));
	expect_event("Failed", "error making pod data directories: x");
}

static void volumes_are_tried_again_within_the_sync(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.volume_error = "no such object";
	node.good_from = AT(3);
	fake_run(&node, AT(20));
	expect_event("FailedMount",
		     "MountVolume.SetUp failed for volume \"data\" : no such object");
	expect_at(MP_DO_SETUP_VOLUMES, -1, 1, MS(500));
	expect_at(MP_DO_SETUP_VOLUMES, -1, 2, MS(1500));
	expect_at(MP_DO_SETUP_VOLUMES, -1, 3, MS(3500));
	expect_at(MP_DO_START_CONTAINER, 0, 0, MS(3500));
}

static void sync_gives_up_on_volumes_after_123_s(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_SETUP_VOLUMES] = true;
	pod.spec.active_deadline_s = (struct mp_opt_int){ 10, true };
	fake_run(&node, AT(122));
	assert_null(fake_event(&node, "DeadlineExceeded", NULL));
	fake_run_to_end(&node, AT(140)); /* then the deadline is seen */
	assert_true(fake_event(&node, "DeadlineExceeded", NULL)->at == AT(123));
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void volume_failure_without_a_volume_is_told_as_it_is(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_SETUP_VOLUMES] = true;
	fake_run(&node, 0);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_VOLUME_FAILED,
					     .container = -1,
					     .volume = { -1, "everything is wrong" } });
	fake_run(&node, 0);
	expect_event("FailedMount", "everything is wrong");
}

static void each_volume_that_failed_is_told(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_SETUP_VOLUMES] = true;
	fake_run(&node, 0);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_VOLUME_FAILED,
					     .container = -1,
					     .volume = { -1, "this" } });
	fake_post(&node, &(struct mp_event){ .type = MP_EV_VOLUME_FAILED,
					     .container = -1,
					     .volume = { -1, "and that" } });
	fake_run(&node, 0);
	expect_event("FailedMount", "this");
	expect_event("FailedMount", "and that");
}

static const int64_t code_7[] = { 7 };
static const struct mp_restart_rule rule_restart = {
	MP_RULE_RESTART, NULL, true, MP_OPERATOR_IN, NULL, code_7, 1
};
static const struct mp_restart_rule rule_all = {
	MP_RULE_RESTART_ALL, NULL, true, MP_OPERATOR_IN, NULL, code_7, 1
};

static void restart_rule_restarts_a_never_container(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.containers[0].restart = MP_RESTART_NEVER;
	pod.containers[0].rules = &rule_restart;
	pod.containers[0].n_rules = 1;
	node.c[0].n_runs = 2;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1), .code = 7 };
	node.c[0].runs[1] = (struct fake_run){ .lasts = AT(1), .code = 8 };
	fake_run_to_end(&node, AT(30));
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void restart_all_starts_the_pod_over_in_its_sandbox(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "ismm");
	pod.containers[2].restart = MP_RESTART_NEVER;
	pod.containers[2].rules = &rule_all;
	pod.containers[2].n_rules = 1;
	runs(0, AT(1), 0);
	node.c[1].ignores_term = true;
	node.c[3].ignores_term = true;
	fake_run(&node, AT(5));
	fake_exit(&node, 2, 7);
	fake_run(&node, AT(6));
	assert_int_equal(fake_condition(&node, "AllContainersRestarting")->status, MP_COND_TRUE);
	fake_run(&node, AT(30));
	expect_event("Killing", "killing");
	expect_at(MP_DO_KILL, 3, 0, AT(7)); /* no grace: the floor of 2 s; mains first */
	expect_at(MP_DO_KILL, 1, 0, AT(9));
	expect_at(MP_DO_START_CONTAINER, 0, 1, AT(9));
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(fake_status(&node, i)->restart_count, 1);
		assert_true(fake_status(&node, i)->has_last);
		assert_string_equal(fake_status(&node, i)->last.reason, "RestartingAllContainers");
		assert_int_equal(fake_status(&node, i)->last.exit_code, 137);
	}
	assert_int_equal(fake_condition(&node, "AllContainersRestarting")->status, MP_COND_FALSE);
	for (size_t i = 0; i < node.n_log; i++)
		assert_false(node.log[i].type == MP_DO_REMOVE_RECORD && node.log[i].number);
}

static void restart_all_backs_off(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.containers[0].restart = MP_RESTART_NEVER;
	pod.containers[0].rules = &rule_all;
	pod.containers[0].n_rules = 1;
	runs(0, 0, 7);
	fake_run(&node, AT(100));
	assert_int_equal(node.c[0].n_started, 5); /* 0, 0, 10, 30, 70 */
}

static void process_of_a_dead_sandbox_is_not_started(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	node.c[0].is_absent = true;
	node.c[0].pull_lasts = AT(5);
	fake_run(&node, AT(1));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(20));
	expect_at(MP_DO_CREATE_SANDBOX, -1, 1, AT(5));
	assert_int_equal(node.c[0].n_created, 1);
	expect_at(MP_DO_START_CONTAINER, 0, 0, AT(10)); /* pulled once more */
	expect_at(MP_DO_START_CONTAINER, 1, 0, AT(10));
}

static void record_of_a_dead_sandbox_is_not_started(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_run(&node, AT(1));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_CREATED, .created.id = "x" });
	node.is_manual[MP_DO_CREATE_CONTAINER] = false;
	fake_run(&node, AT(2));
	expect_running(0);
	assert_int_equal(node.c[0].n_started, 1);
	assert_int_equal(fake_n(&node, MP_DO_REMOVE_RECORD, 0), 1);
}

static void unstarted_record_does_not_prove_initialization(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	runs(0, AT(3), 0);
	fake_run(&node, AT(5));
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_exit(&node, 1, 1);
	fake_run(&node, AT(6));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(7));
	fake_post(&node,
		  &(struct mp_event){ .type = MP_EV_CREATED, .container = 1, .created.id = "x" });
	node.is_manual[MP_DO_CREATE_CONTAINER] = false;
	fake_run(&node, AT(9));
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(node.c[1].n_started, 1); /* the init container still runs */
	fake_run(&node, AT(16));                  /* its back-off has begun all the same */
	assert_int_equal(node.c[1].n_started, 2);
	assert_int_equal(fake_status(&node, 1)->restart_count, 1); /* one per start */
}

static void deletion_while_the_old_sandbox_stops(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	node.is_manual[MP_DO_STOP_SANDBOX] = true;
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(2));
	fake_delete(&node, -1);
	fake_say(&node, MP_EV_SANDBOX_STOPPED, -1);
	fake_run_to_end(&node, AT(3));
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
}

static void answers_count_once(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_run(&node, AT(1));
	fake_say(&node, MP_EV_IMAGE_PRESENT, 0);
	fake_say(&node, MP_EV_IMAGE_ABSENT, 0);
	fake_run(&node, AT(2));
	expect_running(0);
}

static void kept_records_are_named(void **unused)
{
	struct mp_pod_record kept[MP_POD_RECORDS_MAX];

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	assert_int_equal(mp_pod_records(node.pod, 0, kept), 0);
	fake_run(&node, AT(1));
	assert_int_equal(mp_pod_records(node.pod, 0, kept), 1);
	assert_string_equal(kept[0].id, node.c[0].id);
	assert_true(kept[0].is_live);
	fake_exit(&node, 0, 1);
	fake_run(&node, AT(2));
	assert_int_equal(mp_pod_records(node.pod, 0, kept), 2);
	assert_string_equal(kept[0].id, node.c[0].id);
	assert_int_equal(kept[0].restart_count, 1);
	assert_int_equal(kept[1].restart_count, 0);
	assert_false(kept[1].is_live);
	fake_exit(&node, 0, 1); /* in back-off: of the dead ones only the newest is kept */
	fake_run(&node, AT(3));
	assert_int_equal(mp_pod_records(node.pod, 0, kept), 1);
	assert_string_equal(kept[0].id, node.c[0].id);
	assert_false(kept[0].is_live);
	assert_int_equal(mp_pod_records(node.pod, 5, kept), 0);
}

static void similar_events_are_combined_and_many_are_dropped(void **unused)
{
	char message[32];
	struct mp_event ev = { .type = MP_EV_NOTE,
			       .container = -1,
			       .note = { true, "DNSConfigForming", message } };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	for (int i = 0; i < 400; i++) {
		(void)snprintf(message, sizeof(message), "m%d", i);
		mp_pod_apply(node.pod, &ev, (struct mp_now){ 0, 1 });
		if (i % 8 == 7)
			fake_run(&node, 0);
	}
	expect_event("DNSConfigForming", "m8");
	assert_null(fake_event(&node, "DNSConfigForming", "m9"));
	assert_non_null(
		fake_event(&node, "DNSConfigForming", "(combined from similar events): m299"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_come_in_order),
		TEST(starts_are_sequential_in_spec_order),
		TEST(init_containers_run_one_after_the_other),
		TEST(failed_start_of_an_init_container_aborts_the_sync),
		TEST(failed_start_of_a_sidecar_or_main_is_passed_over),
		TEST(dead_mains_wait_for_the_last_sidecar),
		TEST(oom_killed_init_container_is_run_again),
		TEST(oom_killed_init_container_fails_a_never_pod),
		TEST(running_sidecar_dies_with_a_failed_init_container),
		TEST(sidecar_without_startup_probe_counts_as_started_when_it_runs),
		TEST(what_follows_a_sidecar_gives_it_a_head_start),
		TEST(sidecar_that_dies_within_its_head_start_is_started_first),
		TEST(sidecars_are_restarted_while_a_main_is_in_back_off),
		TEST(finished_pod_kills_its_sidecars_with_full_grace),
		TEST(mains_finish_by_policy),
		TEST(changed_definition_restarts_regardless_of_policy),
		TEST(pod_without_address_gets_another_sandbox),
		TEST(host_network_needs_no_address),
		TEST(sandbox_failure_is_told_and_tried_again),
		TEST(sandbox_that_dies_at_once_is_replaced),
		TEST(sandbox_loss_waits_for_the_kill_and_starts_over),
		TEST(no_new_sandbox_for_a_pod_that_has_nothing_left_to_start),
		TEST(new_sandbox_starts_only_what_is_not_done),
		TEST(failed_stop_of_the_sandbox_is_tried_again),
		TEST(pod_cgroup_failure_is_tried_again),
		TEST(pod_directories_failure_has_its_own_event),
		TEST(volumes_are_tried_again_within_the_sync),
		TEST(sync_gives_up_on_volumes_after_123_s),
		TEST(volume_failure_without_a_volume_is_told_as_it_is),
		TEST(each_volume_that_failed_is_told),
		TEST(restart_rule_restarts_a_never_container),
		TEST(restart_all_starts_the_pod_over_in_its_sandbox),
		TEST(restart_all_backs_off),
		TEST(process_of_a_dead_sandbox_is_not_started),
		TEST(record_of_a_dead_sandbox_is_not_started),
		TEST(unstarted_record_does_not_prove_initialization),
		TEST(deletion_while_the_old_sandbox_stops),
		TEST(answers_count_once),
		TEST(kept_records_are_named),
		TEST(similar_events_are_combined_and_many_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
