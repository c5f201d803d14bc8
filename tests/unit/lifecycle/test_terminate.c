/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a pod: sections 1.3 and 8, appendix C 3 to 5. */
#include "tests/unit/lifecycle/machine_fixture.h"

static void deleted_always_pod_fails_with_143(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].term_code = -1;
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run(&node, AT(5));
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_string_equal(mp_pod_status(node.pod)->reason, "");
	assert_string_equal(fake_condition(&node, "Ready")->reason, "PodFailed");
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 30);
	assert_true(mp_pod_status(node.pod)->deletion_wall != 0);
	assert_string_equal(mp_pod_status(node.pod)->pod_ip, "10.1.0.7"); /* kept */
	assert_true(mp_pod_is_deleting(node.pod));
}

static void deleted_always_pod_succeeds_with_0(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	assert_string_equal(fake_condition(&node, "Ready")->reason, "PodCompleted");
}

static void phase_is_unchanged_while_it_stops(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "mm");
	runs(0, AT(3), 1);
	node.c[1].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, 10);
	fake_run(&node, AT(14));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	expect_running(1);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 1, 0, AT(15));
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void second_deletion_only_shortens(void **unused)
{
	int64_t first_wall;

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run(&node, AT(6));
	first_wall = mp_pod_status(node.pod)->deletion_wall;
	fake_delete(&node, 100);
	fake_run(&node, AT(10));
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 30);
	assert_true(mp_pod_status(node.pod)->deletion_wall == first_wall);
	fake_delete(&node, 3);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(13));
	assert_int_equal(node.c[0].n_term, 1); /* SIGTERM once */
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 3);
	assert_true(mp_pod_status(node.pod)->deletion_wall == first_wall - AT(27));
}

static void grace_0_still_gives_two_seconds(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].pre_stop.lasts = AT(60);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_post(&node, &(struct mp_event){
				 .type = MP_EV_DELETE,
				 .container = -1,
				 .remove = { { 0, true }, true },
			 });
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_RUN_HOOK, 0, 0, AT(5)); /* worker's least grace: 1 s */
	expect_at(MP_DO_SIGNAL, 0, 0, AT(6));
	expect_at(MP_DO_KILL, 0, 0, AT(8));
}

static void negative_grace_is_one_second(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.spec.grace_s.v = -5;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(7));
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 1);
}

static void spec_without_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.spec.grace_s.is_set = false;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(10));
	expect_at(MP_DO_KILL, 0, 0, AT(7));
	fake_delete(&node, -1);
	fake_run(&node, AT(11));
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 30);
}

static void failed_pre_stop_does_not_stop_the_kill(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].pre_stop.error = "no";
	node.c[0].pre_stop.lasts = AT(1);
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	expect_event("FailedPreStopHook", "PreStopHook failed");
	expect_at(MP_DO_SIGNAL, 0, 0, AT(6));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void late_hook_answer_is_ignored(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].pre_stop = (struct fake_hook){ .lasts = AT(4), .error = "late" };
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, 3);
	fake_run_to_end(&node, AT(60));
	assert_null(fake_event(&node, "FailedPreStopHook", NULL));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(8));
}

static void sidecars_stop_in_reverse_with_pre_stop_at_once(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "ssm");
	for (int i = 0; i < 3; i++) {
		pod.containers[i].lifecycle.has_pre_stop = true;
		node.c[i].term_lasts = AT(2);
		node.c[i].pre_stop.lasts = AT(1);
	}
	fake_run(&node, AT(10));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(60));
	for (int i = 0; i < 3; i++)
		expect_at(MP_DO_RUN_HOOK, i, 0, AT(10));
	expect_at(MP_DO_SIGNAL, 2, 0, AT(11));
	expect_at(MP_DO_SIGNAL, 1, 0, AT(13));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(15));
	expect_at(MP_DO_STOP_SANDBOX, -1, 0, AT(17));
}

static void all_share_one_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "ssm");
	for (int i = 0; i < 3; i++)
		node.c[i].ignores_term = true;
	fake_run(&node, AT(10));
	fake_delete(&node, 5);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_SIGNAL, 2, 0, AT(10));
	expect_at(MP_DO_KILL, 2, 0, AT(15));
	expect_at(MP_DO_SIGNAL, 1, 0, AT(15));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(15)); /* worst case: grace and 2 s */
	expect_at(MP_DO_KILL, 1, 0, AT(17));
	expect_at(MP_DO_KILL, 0, 0, AT(17));
}

static void stop_signal_of_spec_then_image_then_sigterm(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mmm");
	pod.containers[0].lifecycle.stop_signal = "SIGUSR1";
	for (int i = 0; i < 3; i++)
		node.c[i].image_answer = MP_EV_IMAGE_PRESENT;
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	for (int i = 0; i < 3; i++) {
		fake_run(&node, 0);
		fake_post(&node, &(struct mp_event){
					 .type = MP_EV_IMAGE_PRESENT,
					 .container = i,
					 .image.stop_signal = i < 2 ? "SIGQUIT" : NULL,
				 });
	}
	fake_run(&node, AT(1));
	assert_string_equal(fake_status(&node, 0)->stop_signal, "SIGUSR1");
	assert_string_equal(fake_status(&node, 1)->stop_signal, "SIGQUIT");
	assert_string_equal(fake_status(&node, 1)->image, "i:1"); /* no resolved name was told */
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(9));
	static const char *const names[] = { "SIGUSR1", "SIGQUIT", "SIGTERM" };
	for (size_t i = 0, n = 0; i < node.n_log; i++) {
		if (node.log[i].type != MP_DO_SIGNAL)
			continue;
		assert_string_equal(node.log[i].text,
				    n < sizeof(names) / sizeof(names[0]) ? names[n] : "no more");
		n++;
	}
}

static void sigkill_without_effect_is_repeated(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].ignores_term = true;
	node.c[0].is_kill_deaf = true;
	fake_run(&node, AT(5));
	fake_delete(&node, 3);
	fake_run(&node, AT(20));
	assert_int_equal(node.c[0].n_kill, 7);
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	assert_true(mp_pod_container_runs(node.pod, 0));
	node.c[0].is_kill_deaf = false;
	fake_run_to_end(&node, AT(60));
}

static void deletion_before_anything_began(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(1));
	assert_int_equal(fake_n(&node, MP_DO_PREPARE_POD, -1), 0);
	assert_int_equal(fake_n(&node, MP_DO_STOP_SANDBOX, -1), 0);
	assert_int_equal(phase(), MP_PHASE_FAILED);
	expect_terminated(0, 137, "ContainerStatusUnknown");
	/* conditions stay as they were: nothing was ready */
	assert_string_equal(fake_condition(&node, "Ready")->reason, "ContainersNotReady");
}

static void deletion_during_each_request_of_the_pod(void **unused)
{
	static const enum mp_action_type asked[] = { MP_DO_PREPARE_POD, MP_DO_SETUP_VOLUMES,
						     MP_DO_CREATE_SANDBOX };
	static const enum mp_event_type answers[] = { MP_EV_POD_PREPARED, MP_EV_VOLUMES_READY,
						      MP_EV_SANDBOX_FAILED };

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		make(MP_RESTART_ALWAYS, "m");
		node.is_manual[asked[i]] = true;
		fake_run(&node, 0);
		fake_delete(&node, -1);
		fake_run(&node, AT(1));
		assert_int_equal(node.is_finished, i == 1); /* volumes are not waited for */
		if (i != 1) {
			fake_say(&node, answers[i], -1);
			fake_run_to_end(&node, AT(2));
		}
		/* not reported when the pod was deleted meanwhile */
		assert_null(fake_event(&node, "FailedCreatePodSandBox", NULL));
		assert_int_equal(node.c[0].n_created, 0);
		if (i < 2)
			fake_done(&node);
	}
}

static void never_started_init_containers_stay_waiting(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "iiim");
	runs(0, AT(1), 0);
	fake_run(&node, AT(5));
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(60));
	expect_terminated(0, 0, "Completed");
	expect_terminated(1, 0, "Completed"); /* of the signal */
	expect_waiting(2, "PodInitializing", "");
	expect_waiting(3, "PodInitializing", ""); /* never initialized */
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void first_init_container_is_always_told(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "iim");
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(60));
	expect_terminated(0, 137, "ContainerStatusUnknown");
	expect_waiting(1, "PodInitializing", "");
	expect_waiting(2, "PodInitializing", "");
}

static void initialized_pod_loses_its_unstarted_mains(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	runs(0, AT(1), 0);
	node.c[1].is_absent = true;
	node.c[1].pull_lasts = FAKE_NEVER;
	fake_run(&node, AT(5));
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(60));
	expect_terminated(0, 0, "Completed");
	expect_terminated(1, 137, "ContainerStatusUnknown");
}

static void deadline_of_a_crash_looping_pod(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "im");
	runs(0, 0, 0);
	runs(1, 0, 1);
	pod.spec.active_deadline_s = (struct mp_opt_int){ 25, true };
	fake_run_to_end(&node, AT(60));
	assert_true(fake_event(&node, "DeadlineExceeded", NULL)->at == AT(25));
	expect_terminated(1, 137, "ContainerStatusUnknown"); /* it was waiting for its restart */
	assert_string_equal(mp_pod_status(node.pod)->reason, "DeadlineExceeded");
	assert_int_equal(fake_n_events(&node, "DeadlineExceeded"), 1);
}

static void deadline_counts_init_containers(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sim");
	pod.spec.active_deadline_s = (struct mp_opt_int){ 10, true };
	fake_run_to_end(&node, AT(60));
	assert_string_equal(mp_pod_status(node.pod)->reason, "DeadlineExceeded");
	assert_int_equal(node.c[1].n_term, 1);
	assert_int_equal(node.c[2].n_created, 0);
}

static void eviction(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	answer_to(MP_EV_EVICT, -1, NULL,
		  "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ");
	fake_run(&node, AT(6));
	assert_true(mp_pod_is_terminating(node.pod));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	answer_to(MP_EV_EVICT, -1, NULL, "again");
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(7)); /* grace 1, floor 2 */
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_string_equal(mp_pod_status(node.pod)->reason, "Evicted");
	assert_string_equal(mp_pod_status(node.pod)->message,
			    "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ");
	expect_event("Evicted", "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ");
	assert_true(fake_event(&node, "Evicted", NULL)->is_warning);
	assert_int_equal(fake_n_events(&node, "Evicted"), 1);
	assert_null(fake_condition(&node, "DisruptionTarget"));
}

static void eviction_that_takes_too_long_is_told(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].is_kill_deaf = true;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	answer_to(MP_EV_EVICT, -1, NULL, "m");
	fake_run(&node, AT(16));
	assert_true(fake_event(&node, "ExceededGracePeriod", NULL)->at == AT(15));
	node.c[0].is_kill_deaf = false;
	fake_run_to_end(&node, AT(60));
}

static void eviction_of_a_deleted_pod_gets_the_smaller_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	answer_to(MP_EV_EVICT, -1, NULL, "m");
	fake_delete(&node, 30);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(7));
}

static void eviction_shortens_a_kill_in_progress(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_say(&node, MP_EV_DEFINITION_CHANGED, 0);
	fake_run(&node, AT(7));
	answer_to(MP_EV_EVICT, -1, NULL, "m");
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(9));
	assert_int_equal(node.c[0].n_started, 1);
	assert_false(mp_pod_status(node.pod)->deletion_grace_s.is_set);
}

static void rejected_pod_is_over_at_once(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	answer_to(MP_EV_REJECT, -1, "SysctlForbidden", "forbidden sysctl: \"x\" not allowlisted");
	fake_run_to_end(&node, AT(1));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_string_equal(mp_pod_status(node.pod)->reason, "SysctlForbidden");
	assert_string_equal(mp_pod_status(node.pod)->message,
			    "Pod was rejected: forbidden sysctl: \"x\" not allowlisted");
	expect_event("SysctlForbidden", "forbidden sysctl: \"x\" not allowlisted");
	assert_false(fake_status(&node, 0)->is_present);
	assert_int_equal(mp_pod_status(node.pod)->n_conditions, 1);
	assert_int_equal(fake_n(&node, MP_DO_PREPARE_POD, -1), 0);
}

static void rejection_after_the_beginning_is_ignored(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	answer_to(MP_EV_REJECT, -1, "OutOfpods", "x");
	fake_run(&node, AT(2));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
}

static void sandbox_that_does_not_stop_is_tried_again(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(5));
	node.stop_error = "busy";
	node.good_from = AT(8);
	fake_delete(&node, -1);
	fake_run(&node, AT(14));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	fake_run_to_end(&node, AT(60));
	expect_event("FailedKillPod", "error killing pod: busy");
	assert_int_equal(fake_n(&node, MP_DO_STOP_SANDBOX, -1), 2);
}

static void deletion_of_a_finished_pod_has_no_grace(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	runs(0, AT(1), 0);
	fake_run_to_end(&node, AT(5));
	fake_delete(&node, -1);
	fake_run(&node, AT(6));
	assert_true(mp_pod_status(node.pod)->deletion_grace_s.is_set);
	assert_int_equal(mp_pod_status(node.pod)->deletion_grace_s.v, 0);
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void deletion_shortens_the_natural_end(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	runs(1, AT(1), 0);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5)); /* the sidecar has 30 s */
	fake_delete(&node, 2);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_KILL, 0, 0, AT(7));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void foreign_conditions_open_the_gates(void **unused)
{
	static const char *const gates[] = { "example.com/go" };
	struct mp_event ev = { .type = MP_EV_CONDITION,
			       .container = -1,
			       .condition = { "example.com/go", "False", "R", "M" } };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.spec.readiness_gates = gates;
	pod.spec.n_readiness_gates = 1;
	fake_run(&node, AT(1));
	assert_string_equal(fake_condition(&node, "Ready")->reason, "ReadinessGatesNotReady");
	fake_post(&node, &ev);
	fake_run(&node, AT(2));
	assert_string_equal(fake_condition(&node, "Ready")->message,
			    "the status of pod readiness gate \"example.com/go\" is not \"True\", "
			    "but False");
	ev.condition.status = "True";
	fake_post(&node, &ev);
	fake_run(&node, AT(3));
	assert_int_equal(fake_condition(&node, "Ready")->status, MP_COND_TRUE);
	assert_string_equal(mp_pod_status(node.pod)->conditions[0].type, "example.com/go");
	ev.condition.status = "what";
	fake_post(&node, &ev);
	ev.condition.type = "Ready"; /* not to be set from outside */
	fake_post(&node, &ev);
	ev.condition.type = NULL;
	fake_post(&node, &ev);
	fake_run(&node, AT(4));
	assert_int_equal(fake_condition(&node, "example.com/go")->status, MP_COND_UNKNOWN);
	char type[32];

	for (int i = 0; i < 30; i++) {
		(void)snprintf(type, sizeof(type), "example.com/%d", i);
		ev.condition.type = type;
		mp_pod_apply(node.pod, &ev, (struct mp_now){ node.now, 1 });
	}
	fake_run(&node, AT(5));
	assert_int_equal(mp_pod_status(node.pod)->n_conditions, MP_CONDITIONS_MAX - 1);
}

static void condition_is_shown_while_a_sync_waits(void **unused)
{
	const struct mp_event ev = { .type = MP_EV_CONDITION,
				     .container = -1,
				     .condition = { "example.com/go", "True", "R", "M" } };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_post(&node, &ev); /* before anything is shown, too */
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_run(&node, AT(1));
	assert_non_null(fake_condition(&node, "example.com/go"));
	mp_pod_apply(node.pod,
		     &(struct mp_event){ .type = MP_EV_CONDITION,
					 .container = -1,
					 .condition = { "example.com/to", "True", "", "" } },
		     (struct mp_now){ node.now, 1 });
	fake_run(&node, AT(2));
	assert_non_null(fake_condition(&node, "example.com/to"));
	expect_waiting(0, "ContainerCreating", "");
}

static void notes_become_events(void **unused)
{
	struct mp_event ev = { .type = MP_EV_NOTE,
			       .container = -1,
			       .note = { true, "DNSConfigForming", "too many" } };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_post(&node, &ev);
	ev.container = 0;
	fake_post(&node, &ev);
	fake_run(&node, AT(1));
	assert_int_equal(fake_n_events(&node, "DNSConfigForming"), 2);
	assert_int_equal(fake_event(&node, "DNSConfigForming", "too many")->container, -1);
}

static void events_for_no_container_are_ignored(void **unused)
{
	static const enum mp_event_type types[] = {
		MP_EV_EXITED,  MP_EV_HOOK_DONE,          MP_EV_PROBE_DONE,
		MP_EV_STARTED, MP_EV_DEFINITION_CHANGED, MP_EV_RECOVERED_CONTAINER
	};

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (int c = -1; c < 2; c += 2)
			mp_pod_apply(node.pod,
				     &(struct mp_event){ .type = types[i], .container = c },
				     (struct mp_now){ node.now, 1 });
	}
	fake_run(&node, AT(2));
	expect_running(0);
	assert_false(mp_pod_container_runs(node.pod, 7));
}

static void answers_for_the_pod_that_nobody_awaits_are_ignored(void **unused)
{
	static const enum mp_event_type types[] = {
		MP_EV_POD_PREPARED,    MP_EV_POD_PREPARE_FAILED,  MP_EV_VOLUMES_READY,
		MP_EV_VOLUME_FAILED,   MP_EV_SANDBOX_READY,       MP_EV_SANDBOX_FAILED,
		MP_EV_SANDBOX_STOPPED, MP_EV_SANDBOX_STOP_FAILED, MP_EV_TORN_DOWN,
	};

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		fake_say(&node, types[i], -1);
	fake_run(&node, AT(2));
	expect_running(0);
	assert_false(mp_pod_is_terminating(node.pod));
	assert_string_equal(mp_pod_status(node.pod)->pod_ip, "10.1.0.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(deleted_always_pod_fails_with_143),
		TEST(deleted_always_pod_succeeds_with_0),
		TEST(phase_is_unchanged_while_it_stops),
		TEST(second_deletion_only_shortens),
		TEST(grace_0_still_gives_two_seconds),
		TEST(negative_grace_is_one_second),
		TEST(spec_without_grace),
		TEST(failed_pre_stop_does_not_stop_the_kill),
		TEST(late_hook_answer_is_ignored),
		TEST(sidecars_stop_in_reverse_with_pre_stop_at_once),
		TEST(all_share_one_grace),
		TEST(stop_signal_of_spec_then_image_then_sigterm),
		TEST(sigkill_without_effect_is_repeated),
		TEST(deletion_before_anything_began),
		TEST(deletion_during_each_request_of_the_pod),
		TEST(never_started_init_containers_stay_waiting),
		TEST(first_init_container_is_always_told),
		TEST(initialized_pod_loses_its_unstarted_mains),
		TEST(deadline_of_a_crash_looping_pod),
		TEST(deadline_counts_init_containers),
		TEST(eviction),
		TEST(eviction_that_takes_too_long_is_told),
		TEST(eviction_of_a_deleted_pod_gets_the_smaller_grace),
		TEST(eviction_shortens_a_kill_in_progress),
		TEST(rejected_pod_is_over_at_once),
		TEST(rejection_after_the_beginning_is_ignored),
		TEST(sandbox_that_does_not_stop_is_tried_again),
		TEST(deletion_of_a_finished_pod_has_no_grace),
		TEST(deletion_shortens_the_natural_end),
		TEST(foreign_conditions_open_the_gates),
		TEST(condition_is_shown_while_a_sync_waits),
		TEST(notes_become_events),
		TEST(events_for_no_container_are_ignored),
		TEST(answers_for_the_pod_that_nobody_awaits_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
