/* SPDX-License-Identifier: Apache-2.0 */
/* The end-to-end vectors of the pod-semantics reference, appendix B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/decide.h"
#include "tests/support/fake_node.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct fake_node node;
static char text[4096];

static const struct fake_run at_once_1[] = { { .lasts = 0, .code = 1 } };

/* One main container "c" under @restart. */
static struct mp_container_spec *one_main(enum mp_restart_policy restart)
{
	(void)test_pod_init(&pod, restart);
	return test_pod_add(&pod, MP_KIND_MAIN, "c");
}

static void runs(int c, mp_nsec lasts, int code)
{
	node.c[c].n_runs = 1;
	node.c[c].runs[0] = (struct fake_run){ .lasts = lasts, .code = code };
}

static enum mp_phase phase(void)
{
	return mp_pod_status(node.pod)->phase;
}

static void expect_condition(const char *type, enum mp_truth status, const char *reason,
			     const char *message)
{
	const struct mp_condition *c = fake_condition(&node, type);

	assert_non_null(c);
	assert_int_equal(c->status, status);
	assert_string_equal(c->reason, reason);
	assert_string_equal(c->message, message);
}

static void expect_waiting(int c, const char *reason, const char *message)
{
	assert_int_equal(fake_status(&node, c)->state.kind, MP_STATE_WAITING);
	assert_string_equal(fake_status(&node, c)->state.reason, reason);
	assert_string_equal(fake_status(&node, c)->state.message, message);
}

static void expect_terminated(int c, int code, const char *reason)
{
	assert_int_equal(fake_status(&node, c)->state.kind, MP_STATE_TERMINATED);
	assert_int_equal(fake_status(&node, c)->state.terminated.exit_code, code);
	assert_string_equal(fake_status(&node, c)->state.terminated.reason, reason);
}

static void expect_last(int c, int code, const char *reason)
{
	assert_true(fake_status(&node, c)->has_last);
	assert_int_equal(fake_status(&node, c)->last.exit_code, code);
	assert_string_equal(fake_status(&node, c)->last.reason, reason);
}

static void expect_events(const char *order)
{
	assert_string_equal(fake_event_order(&node, text, sizeof(text)), order);
}

static int teardown(void **unused)
{
	(void)unused;
	fake_done(&node);
	return 0;
}

static void b1_one_shot_success(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_NEVER);
	fake_init(&node, &pod.spec);
	runs(0, AT(1), 0);
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_run(&node, 0);
	assert_int_equal(phase(), MP_PHASE_PENDING);
	expect_waiting(0, "ContainerCreating", "");
	expect_condition("Initialized", MP_COND_TRUE, "", "");
	expect_condition("PodReadyToStartContainers", MP_COND_TRUE, "", "");
	fake_post(&node, &(struct mp_event){ .type = MP_EV_IMAGE_PRESENT });
	fake_run(&node, 0);
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	expect_condition("Ready", MP_COND_TRUE, "", "");
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	expect_terminated(0, 0, "Completed");
	expect_condition("Ready", MP_COND_FALSE, "PodCompleted", "");
	expect_condition("ContainersReady", MP_COND_FALSE, "PodCompleted", "");
	expect_condition("Initialized", MP_COND_TRUE, "PodCompleted", "");
	expect_condition("PodReadyToStartContainers", MP_COND_FALSE, "", "");
	expect_condition("PodScheduled", MP_COND_TRUE, "", "");
	expect_events("Pulled Created Started");
	assert_int_equal(fake_n(&node, MP_DO_STOP_SANDBOX, -1), 1);
	assert_int_equal(fake_n(&node, MP_DO_TEAR_DOWN, -1), 1);
}

static void b2_failure_never(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_NEVER);
	fake_init(&node, &pod.spec);
	runs(0, AT(1), 3);
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	expect_terminated(0, 3, "Error");
	expect_condition("Ready", MP_COND_FALSE, "PodFailed", "");
	expect_condition("Initialized", MP_COND_TRUE, "", "");
	assert_int_equal(fake_status(&node, 0)->restart_count, 0);
}

static void b3_crash_loop_always(void **unused)
{
	static const int64_t starts[] = { 0, 0, 10, 30, 70, 150, 310, 610, 910 };
	static const char *const delays[] = {
		"10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"
	};

	(void)unused;
	(void)one_main(MP_RESTART_ALWAYS);
	fake_init(&node, &pod.spec);
	memcpy(node.c[0].runs, at_once_1, sizeof(at_once_1));
	node.c[0].n_runs = 1;
	for (size_t i = 0; i < 7; i++) {
		char message[200];

		fake_run(&node, AT(starts[i + 2]) - 1);
		(void)snprintf(message, sizeof(message),
			       "back-off %s restarting failed container=c pod=" POD_DESC,
			       delays[i]);
		expect_waiting(0, "CrashLoopBackOff", message);
		expect_last(0, 1, "Error");
		assert_int_equal(phase(), MP_PHASE_RUNNING);
		assert_int_equal(fake_status(&node, 0)->restart_count, i + 1);
		expect_condition("Ready", MP_COND_FALSE, "ContainersNotReady",
				 "containers with unready status: [c]");
	}
	fake_run(&node, AT(910));
	for (size_t i = 0; i < 9; i++)
		assert_true(fake_when(&node, MP_DO_START_CONTAINER, 0, i) == AT(starts[i]));
	assert_non_null(fake_event(&node, "BackOff",
				   "Back-off restarting failed container c in pod " POD_DESC));
	assert_true(fake_event(&node, "BackOff", NULL)->is_warning);
	assert_int_equal(fake_n_events(&node, "Started"), 9);
	assert_int_equal(fake_n_events(&node, "BackOff"), 8);
	/* One dead record is kept; the older ones went, logs and all. */
	assert_int_equal(fake_n(&node, MP_DO_REMOVE_RECORD, 0), 8);
}

static void b4_init_failure_never(void **unused)
{
	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_NEVER);
	(void)test_pod_add(&pod, MP_KIND_INIT, "i");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "c");
	fake_init(&node, &pod.spec);
	runs(0, AT(1), 1);
	fake_run_to_end(&node, AT(10));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_int_equal(node.c[1].n_created, 0);
	expect_waiting(1, "PodInitializing", "");
	expect_condition("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
			 "containers with incomplete status: [i]");
}

static void b4_init_failure_always(void **unused)
{
	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_INIT, "i");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "c");
	fake_init(&node, &pod.spec);
	runs(0, 0, 1);
	fake_run(&node, AT(9));
	assert_int_equal(phase(), MP_PHASE_PENDING);
	expect_waiting(0, "CrashLoopBackOff",
		       "back-off 10s restarting failed container=i pod=" POD_DESC);
	expect_last(0, 1, "Error");
	expect_condition("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
			 "containers with incomplete status: [i]");
	runs(0, AT(5), 1);
	fake_run(&node, AT(11));
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_RUNNING);
	fake_run(&node, AT(40));
	assert_int_equal(phase(), MP_PHASE_PENDING);
	assert_int_equal(node.c[1].n_created, 0);
}

enum { A, S1, B, S2, M };

static void b5_pod(void)
{
	(void)test_pod_init(&pod, MP_RESTART_NEVER);
	(void)test_pod_add(&pod, MP_KIND_INIT, "a");
	(void)test_pod_probe(test_pod_add(&pod, MP_KIND_SIDECAR, "s1"), MP_PROBE_STARTUP);
	(void)test_pod_add(&pod, MP_KIND_INIT, "b");
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "s2");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "m");
	pod.containers[S1].probes[MP_PROBE_STARTUP].period_s = 1;
	fake_init(&node, &pod.spec);
	runs(A, AT(2), 0);
	runs(B, AT(5), 0);
	runs(M, AT(20), 0);
	node.c[S1].probes[MP_PROBE_STARTUP].good_from = AT(3);
	node.c[S1].probes[MP_PROBE_STARTUP].is_since_start = true;
	pod.containers[S1].probes[MP_PROBE_STARTUP].failure_threshold = 30;
	node.c[S1].term_lasts = AT(1);
	node.c[S1].term_code = 137;
	node.c[S2].term_lasts = AT(2);
}

static void b5_sidecar_order(void **unused)
{
	(void)unused;
	b5_pod();
	fake_run_to_end(&node, AT(100));
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, A, 0) == 0);
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, S1, 0) == AT(2));
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, B, 0) == AT(5));
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, S2, 0) == AT(10));
	/* Running is enough, but M gives S2 a head start; so all that follows is later by that. */
	const mp_nsec m = AT(10) + MP_HEAD_START;

	assert_true(fake_when(&node, MP_DO_START_CONTAINER, M, 0) == m);
	/* M ends at 30: S2 stops, then S1, then the sandbox. */
	assert_true(fake_when(&node, MP_DO_SIGNAL, S2, 0) == m + AT(20));
	assert_true(fake_when(&node, MP_DO_SIGNAL, S1, 0) == m + AT(22));
	assert_true(fake_when(&node, MP_DO_STOP_SANDBOX, -1, 0) == m + AT(23));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	expect_terminated(S1, 137, "Error");
	assert_int_equal(node.c[A].n_started, 1);
	assert_int_equal(node.c[B].n_started, 1);
}

static void b5_sidecar_crash_leaves_the_init_container_alone(void **unused)
{
	(void)unused;
	b5_pod();
	fake_run(&node, AT(6));
	fake_exit(&node, S1, 1);
	fake_run(&node, AT(6)); /* first crash: at once */
	assert_int_equal(node.c[S1].n_started, 2);
	fake_run(&node, AT(7));
	fake_exit(&node, S1, 1);
	fake_run(&node, AT(8)); /* second: back-off */
	assert_int_equal(node.c[S1].n_started, 2);
	expect_waiting(S1, "CrashLoopBackOff",
		       "back-off 10s restarting failed container=s1 pod=" POD_DESC);
	assert_true(node.c[B].is_alive);
	fake_run(&node, AT(11)); /* B is done; S2 and M do not wait for S1 */
	assert_true(node.c[S2].is_alive);
	assert_int_equal(node.c[B].n_started, 1);
	fake_run(&node, AT(17));
	assert_int_equal(node.c[S1].n_started, 3);
}

static void b6_liveness(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	test_pod_probe(c, MP_PROBE_LIVENESS)->period_s = 1;
	pod.spec.grace_s.v = 5;
	fake_init(&node, &pod.spec);
	node.c[0].ignores_term = true;
	node.c[0].probes[MP_PROBE_LIVENESS].bad = MP_PROBE_FAILURE;
	node.c[0].probes[MP_PROBE_LIVENESS].good_from = FAKE_NEVER;
	node.c[0].probes[MP_PROBE_LIVENESS].output = "bad";
	fake_run(&node, AT(8) - 1);
	expect_events("Pulled Created Started Unhealthy Killing");
	assert_int_equal(fake_n_events(&node, "Unhealthy"), 3);
	assert_non_null(fake_event(&node, "Unhealthy", "Liveness probe failed: bad"));
	assert_non_null(fake_event(&node, "Killing",
				   "Container c failed liveness probe, will be restarted"));
	assert_true(fake_when(&node, MP_DO_SIGNAL, 0, 0) == AT(3));
	fake_run(&node, AT(8));
	assert_true(fake_when(&node, MP_DO_KILL, 0, 0) == AT(8));
	assert_true(fake_when(&node, MP_DO_START_CONTAINER, 0, 1) == AT(8));
	assert_int_equal(fake_status(&node, 0)->restart_count, 1);
	expect_last(0, 137, "Error");
	assert_null(fake_event(&node, "BackOff", NULL));
}

static void b7_readiness_gate_through_startup(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	test_pod_probe(c, MP_PROBE_STARTUP)->period_s = 1;
	c->probes[MP_PROBE_STARTUP].failure_threshold = 30;
	test_pod_probe(c, MP_PROBE_READINESS)->period_s = 1;
	fake_init(&node, &pod.spec);
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(5);
	fake_run(&node, AT(5) - 1);
	assert_false(fake_status(&node, 0)->is_started);
	assert_false(fake_status(&node, 0)->is_ready);
	for (size_t i = 0; i < node.n_log; i++)
		assert_false(node.log[i].type == MP_DO_RUN_PROBE &&
			     node.log[i].kind == MP_PROBE_READINESS);
	fake_run(&node, AT(5));
	assert_true(fake_status(&node, 0)->is_started);
	assert_true(fake_status(&node, 0)->is_ready);
	expect_condition("Ready", MP_COND_TRUE, "", "");
}

static void b8_termination(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->lifecycle.has_pre_stop = true;
	fake_init(&node, &pod.spec);
	node.c[0].pre_stop.lasts = AT(5);
	node.c[0].term_lasts = AT(2);
	fake_run(&node, AT(100));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(200));
	assert_true(fake_when(&node, MP_DO_RUN_HOOK, 0, 0) == AT(100));
	assert_true(fake_when(&node, MP_DO_SIGNAL, 0, 0) == AT(105));
	assert_true(fake_when(&node, MP_DO_STOP_SANDBOX, -1, 0) == AT(107));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	assert_non_null(fake_event(&node, "Killing", "Stopping container c"));
	assert_null(fake_event(&node, "FailedPreStopHook", NULL));
	assert_int_equal(node.c[0].n_kill, 0);
}

static void b9_pre_stop_too_slow(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->lifecycle.has_pre_stop = true;
	pod.spec.grace_s.v = 3;
	fake_init(&node, &pod.spec);
	node.c[0].pre_stop.lasts = AT(60);
	node.c[0].ignores_term = true;
	fake_run(&node, AT(100));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(200));
	assert_true(fake_when(&node, MP_DO_ABANDON_HOOK, 0, 0) == AT(103));
	assert_true(fake_when(&node, MP_DO_SIGNAL, 0, 0) == AT(103));
	assert_true(fake_when(&node, MP_DO_KILL, 0, 0) == AT(105));
	expect_terminated(0, 137, "Error");
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_null(fake_event(&node, "FailedPreStopHook", NULL));
}

static void b10_deadline(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_ALWAYS);
	pod.spec.active_deadline_s = (struct mp_opt_int){ 5, true };
	fake_init(&node, &pod.spec);
	node.c[0].term_lasts = AT(2);
	node.c[0].term_code = -1;
	fake_run(&node, AT(5) - 1);
	assert_null(fake_event(&node, "DeadlineExceeded", NULL));
	fake_run(&node, AT(6));
	assert_int_equal(phase(), MP_PHASE_RUNNING); /* not Failed while a process lives */
	assert_string_equal(mp_pod_status(node.pod)->reason, "");
	assert_true(fake_event(&node, "DeadlineExceeded", NULL)->at == AT(5));
	assert_false(fake_event(&node, "DeadlineExceeded", NULL)->is_warning);
	fake_run_to_end(&node, AT(20));
	assert_int_equal(phase(), MP_PHASE_FAILED);
	assert_string_equal(mp_pod_status(node.pod)->reason, "DeadlineExceeded");
	assert_string_equal(mp_pod_status(node.pod)->message,
			    "Pod was active on the node longer than the specified deadline");
	expect_terminated(0, 143, "Error");
	expect_events("Pulled Created Started DeadlineExceeded Killing");
}

static void b11_post_start_fails(void **unused)
{
	static const char message[] =
		"Exec lifecycle hook ([false]) for Container \"c\" in Pod \"" POD_DESC
		"\" failed - error: command 'false' exited with 1: , message: \"\"";
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->lifecycle.has_post_start = true;
	fake_init(&node, &pod.spec);
	node.c[0].post_start.error = message;
	node.c[0].term_lasts = AT(1);
	node.is_manual[MP_DO_PULL_IMAGE] = true;
	fake_run(&node, MP_HEAD_START);
	expect_events("Pulled Created Started FailedPostStartHook Killing");
	assert_non_null(fake_event(&node, "FailedPostStartHook", "PostStartHook failed"));
	assert_non_null(fake_event(&node, "Killing", "FailedPostStartHook"));
	expect_waiting(0, "ContainerCreating", ""); /* running is not shown while it blocks */
	node.is_manual[MP_DO_CHECK_IMAGE] = true;
	fake_run(&node, AT(1) + MP_HEAD_START);
	expect_waiting(0, "PostStartHookError", message);
	expect_last(0, 0, "Completed");
	node.is_manual[MP_DO_CHECK_IMAGE] = false;
	fake_say(&node, MP_EV_IMAGE_PRESENT, 0);
	fake_run(&node, AT(3));
	expect_waiting(0, "CrashLoopBackOff",
		       "back-off 10s restarting failed container=c pod=" POD_DESC);
}

static void b12_missing_binary(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_ALWAYS);
	fake_init(&node, &pod.spec);
	node.c[0].start_error = "exec: \"nope\": no such file";
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, 0);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_START_FAILED,
					     .text.message = node.c[0].start_error });
	fake_run(&node, AT(0)); /* the second start is asked for: what is shown is the first */
	expect_waiting(0, "RunContainerError", node.c[0].start_error);
	expect_last(0, 128, "StartError");
	assert_int_equal(fake_status(&node, 0)->last.started_wall, 0);
	expect_events("Pulled Created Failed");
	assert_non_null(fake_event(&node, "Failed", "Error: exec: \"nope\": no such file"));
	node.is_manual[MP_DO_START_CONTAINER] = false;
	fake_post(&node, &(struct mp_event){ .type = MP_EV_START_FAILED,
					     .text.message = node.c[0].start_error });
	fake_run(&node, AT(1));
	expect_waiting(0, "CrashLoopBackOff",
		       "back-off 10s restarting failed container=c pod=" POD_DESC);
	expect_last(0, 128, "StartError");
	assert_int_equal(phase(), MP_PHASE_RUNNING);
}

static void b12_missing_binary_never(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_NEVER);
	fake_init(&node, &pod.spec);
	node.c[0].start_error = "no such file";
	fake_run_to_end(&node, AT(1));
	expect_terminated(0, 128, "StartError");
	assert_string_equal(fake_status(&node, 0)->state.terminated.message, "no such file");
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void b13_missing_config_map_key(void **unused)
{
	mp_nsec first, second;

	(void)unused;
	(void)one_main(MP_RESTART_ALWAYS);
	fake_init(&node, &pod.spec);
	node.c[0].create_reason = "CreateContainerConfigError";
	node.c[0].create_error = "couldn't find key k in ConfigMap ns/cm";
	node.c[0].create_good_from = AT(20);
	fake_run(&node, AT(1));
	expect_waiting(0, "CreateContainerConfigError", node.c[0].create_error);
	assert_int_equal(phase(), MP_PHASE_PENDING);
	assert_non_null(
		fake_event(&node, "Failed", "Error: couldn't find key k in ConfigMap ns/cm"));
	fake_run(&node, AT(60));
	first = fake_when(&node, MP_DO_CREATE_CONTAINER, 0, 0);
	second = fake_when(&node, MP_DO_CREATE_CONTAINER, 0, 1);
	assert_true(second - first >= AT(10) && second - first <= AT(15));
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_RUNNING);
	assert_int_equal(fake_status(&node, 0)->restart_count, 0);
}

static void b14_pause_killed_always(void **unused)
{
	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_INIT, "i");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "c");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "d");
	fake_init(&node, &pod.spec);
	runs(0, AT(1), 0);
	fake_run(&node, AT(50));
	assert_int_equal(fake_status(&node, 1)->state.kind, MP_STATE_RUNNING);
	node.is_sandbox_up = false;
	node.ip = "10.1.0.8";
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(50));
	assert_non_null(fake_event(&node, "SandboxChanged",
				   "Pod sandbox changed, it will be killed and re-created."));
	assert_int_equal(fake_n_events(&node, "Killing"), 2);
	assert_int_equal(node.log[node.n_log - 1].at, AT(50));
	fake_run(&node, AT(52));
	assert_int_equal(node.c[0].n_started, 2);
	assert_int_equal(fake_status(&node, 0)->restart_count, 1);
	assert_int_equal(fake_status(&node, 1)->restart_count, 1);
	assert_int_equal(fake_status(&node, 2)->restart_count, 1);
	assert_int_equal(fake_status(&node, 1)->state.kind, MP_STATE_RUNNING);
	assert_string_equal(mp_pod_status(node.pod)->pod_ip, "10.1.0.8");
	assert_null(fake_event(&node, "BackOff", NULL));
}

static void b14_pause_killed_never(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_NEVER);
	fake_init(&node, &pod.spec);
	node.c[0].term_code = -1;
	fake_run(&node, AT(50));
	node.is_sandbox_up = false;
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 1);
	assert_int_equal(phase(), MP_PHASE_FAILED);
	expect_terminated(0, 143, "Error");
	assert_null(fake_event(&node, "SandboxChanged", NULL));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(b1_one_shot_success),
		TEST(b2_failure_never),
		TEST(b3_crash_loop_always),
		TEST(b4_init_failure_never),
		TEST(b4_init_failure_always),
		TEST(b5_sidecar_order),
		TEST(b5_sidecar_crash_leaves_the_init_container_alone),
		TEST(b6_liveness),
		TEST(b7_readiness_gate_through_startup),
		TEST(b8_termination),
		TEST(b9_pre_stop_too_slow),
		TEST(b10_deadline),
		TEST(b11_post_start_fails),
		TEST(b12_missing_binary),
		TEST(b12_missing_binary_never),
		TEST(b13_missing_config_map_key),
		TEST(b14_pause_killed_always),
		TEST(b14_pause_killed_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
