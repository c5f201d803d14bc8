/* SPDX-License-Identifier: Apache-2.0 */
/* What simulation testing found, each as the smallest pod that shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/machine.h"
#include "tests/support/fake_node.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct fake_node node;

static struct mp_container_spec *one_main(enum mp_restart_policy restart)
{
	(void)test_pod_init(&pod, restart);
	return test_pod_add(&pod, MP_KIND_MAIN, "c");
}

/* The kill of its old instance exits 0: that is no completion (4.1). */
static void a_container_killed_with_its_sandbox_is_started_in_the_next(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_ON_FAILURE);
	fake_init(&node, &pod.spec);
	fake_run(&node, AT(20));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_run(&node, AT(40));
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 0), 2);
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, 0), 1);
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_RUNNING);
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_RUNNING);
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(100));
	fake_done(&node);
}

/* A probe error is retried in the instance it is about (7.3). */
static void a_late_probe_error_is_not_retried_in_the_next_instance(void **unused)
{
	(void)unused;
	(void)test_pod_probe(one_main(MP_RESTART_ALWAYS), MP_PROBE_READINESS);
	fake_init(&node, &pod.spec);
	node.is_manual[MP_DO_RUN_PROBE] = true;
	fake_run(&node, AT(5));
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), 1);
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_exit(&node, 0, 1);
	fake_run(&node, AT(6));
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 0), 2);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_PROBE_DONE,
					     .container = 0,
					     .probe = { .kind = MP_PROBE_READINESS,
							.outcome = MP_PROBE_ERROR,
							.output = "gone" } });
	fake_run(&node, AT(7));
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), 1);
	fake_done(&node);
}

/* Nothing is left to abandon of an execution that has answered. */
static void an_answered_probe_is_not_abandoned(void **unused)
{
	(void)unused;
	(void)test_pod_probe(one_main(MP_RESTART_ALWAYS), MP_PROBE_LIVENESS);
	fake_init(&node, &pod.spec);
	node.is_manual[MP_DO_RUN_PROBE] = true;
	fake_run(&node, AT(15));
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), 1);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_PROBE_DONE,
					     .container = 0,
					     .probe = { .kind = MP_PROBE_LIVENESS,
							.outcome = MP_PROBE_FAILURE,
							.output = "" } });
	fake_delete(&node, 1);
	fake_run(&node, AT(15));
	assert_int_equal(fake_n(&node, MP_DO_ABANDON_PROBE, 0), 0);
	fake_run_to_end(&node, AT(100));
	fake_done(&node);
}

/* What was shown of an instance says nothing about the one after it (14). */
static void nothing_is_carried_over_to_an_instance_that_was_never_shown(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	test_pod_probe(c, MP_PROBE_STARTUP)->period_s = 1;
	test_pod_probe(c, MP_PROBE_LIVENESS)->period_s = 1;
	c->lifecycle.has_post_start = true;
	fake_init(&node, &pod.spec);
	node.c[0].probes[MP_PROBE_LIVENESS].good_until = AT(15);
	fake_run(&node, AT(10));
	assert_true(fake_status(&node, 0)->is_started);
	/* Killed and started in one sync: until the hook is over, the old instance is shown. */
	node.c[0].post_start.lasts = FAKE_NEVER;
	node.c[0].probes[MP_PROBE_STARTUP].bad = MP_PROBE_ERROR;
	node.c[0].probes[MP_PROBE_STARTUP].good_from = AT(1000);
	fake_run(&node, AT(50));
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 0), 2);
	assert_true(fake_status(&node, 0)->is_started);
	fake_recover(&node);
	fake_run(&node, AT(60));
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_RUNNING);
	assert_false(fake_status(&node, 0)->is_started);
	fake_done(&node);
}

/* A sandbox that cannot be stopped: what ended before it is shown meanwhile (8.1). */
static void what_ended_is_shown_while_the_sandbox_cannot_be_stopped(void **unused)
{
	(void)unused;
	(void)one_main(MP_RESTART_ALWAYS);
	fake_init(&node, &pod.spec);
	node.stop_error = "simulated";
	node.good_from = AT(40);
	fake_run(&node, AT(20));
	fake_delete(&node, 5);
	fake_run(&node, AT(22));
	assert_non_null(fake_event(&node, "FailedKillPod", NULL));
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_TERMINATED);
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_RUNNING);
	fake_run_to_end(&node, AT(100));
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_SUCCEEDED);
	fake_done(&node);
}

/* What a rule starts again is no container that is done (4.1). */
static void a_success_that_a_rule_restarts_gets_a_new_sandbox(void **unused)
{
	static const int64_t codes[] = { 0 };
	static const struct mp_restart_rule rule = {
		.action = MP_RULE_RESTART,
		.has_exit_codes = true,
		.operator_ = MP_OPERATOR_IN,
		.values = codes,
		.n_values = 1,
	};
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->restart = MP_RESTART_ON_FAILURE;
	c->rules = &rule;
	c->n_rules = 1;
	fake_init(&node, &pod.spec);
	fake_run(&node, AT(20));
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	fake_exit(&node, 0, 0);
	fake_run(&node, AT(40));
	assert_int_equal(fake_n(&node, MP_DO_CREATE_SANDBOX, -1), 2);
	assert_int_equal(fake_status(&node, 0)->state.kind, MP_STATE_RUNNING);
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(100));
	fake_done(&node);
}

/* A container whose record went so that the whole pod starts over is not done (4.5). */
static void what_starts_over_is_shown_waiting_with_one_restart_more(void **unused)
{
	static const int64_t codes[] = { 42 };
	static const struct mp_restart_rule rule = {
		.action = MP_RULE_RESTART_ALL,
		.has_exit_codes = true,
		.operator_ = MP_OPERATOR_IN,
		.values = codes,
		.n_values = 1,
	};
	struct mp_container_spec *c;

	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_NEVER);
	(void)test_pod_add(&pod, MP_KIND_INIT, "i");
	c = test_pod_add(&pod, MP_KIND_MAIN, "c");
	c->restart = MP_RESTART_NEVER;
	c->rules = &rule;
	c->n_rules = 1;
	fake_init(&node, &pod.spec);
	node.c[0].n_runs = 1;
	node.c[0].runs[0] = (struct fake_run){ .lasts = AT(1) };
	fake_run(&node, AT(20));
	node.c[0].create_error = "not now";
	node.c[0].create_good_from = AT(1000);
	fake_exit(&node, 1, 42);
	fake_run(&node, AT(25));
	assert_int_equal(fake_status(&node, 1)->state.kind, MP_STATE_WAITING);
	assert_string_equal(fake_status(&node, 1)->state.reason, "PodInitializing");
	assert_string_equal(fake_status(&node, 1)->last.reason, "RestartingAllContainers");
	assert_int_equal(fake_status(&node, 1)->last.exit_code, 137);
	assert_int_equal(fake_status(&node, 1)->restart_count, 1);
	assert_int_equal(fake_status(&node, 0)->restart_count, 1);
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_PENDING);
	fake_delete(&node, 1);
	fake_run_to_end(&node, AT(100));
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_FAILED);
	fake_done(&node);
}

/* An eviction's second is all there is, also for a kill that a sync begins after it (8.2). */
static void a_kill_begun_after_an_eviction_gets_its_grace(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->lifecycle.has_post_start = true;
	fake_init(&node, &pod.spec);
	node.c[0].post_start = (struct fake_hook){ .lasts = AT(20), .error = "bad" };
	node.c[0].ignores_term = true;
	fake_post_at(&node, AT(20),
		     &(struct mp_event){
			     .type = MP_EV_EVICT, .container = -1, .text.message = "too much" });
	fake_run_to_end(&node, AT(100));
	/* The hook ends with its head start after the eviction; its kill has the eviction's second. */
	assert_int_equal(fake_when(&node, MP_DO_SIGNAL, 0, 0), AT(20) + MP_HEAD_START);
	assert_int_equal(fake_when(&node, MP_DO_KILL, 0, 0), AT(22) + MP_HEAD_START);
	fake_done(&node);
}

static void a_kill_begun_after_a_deletion_gets_its_grace(void **unused)
{
	struct mp_container_spec *c = one_main(MP_RESTART_ALWAYS);

	(void)unused;
	c->lifecycle.has_post_start = true;
	fake_init(&node, &pod.spec);
	node.c[0].post_start = (struct fake_hook){ .lasts = AT(20), .error = "bad" };
	node.c[0].ignores_term = true;
	fake_post_at(&node, AT(20),
		     &(struct mp_event){ .type = MP_EV_DELETE,
					 .container = -1,
					 .remove.grace_s = { 4, true } });
	fake_run_to_end(&node, AT(100));
	assert_int_equal(fake_when(&node, MP_DO_SIGNAL, 0, 0), AT(20) + MP_HEAD_START);
	assert_int_equal(fake_when(&node, MP_DO_KILL, 0, 0), AT(24) + MP_HEAD_START);
	fake_done(&node);
}

/* Whatever ends a pod ends liveness, not only its deletion (8.1). */
static void liveness_is_not_asked_after_the_deadline(void **unused)
{
	(void)unused;
	test_pod_probe(one_main(MP_RESTART_ALWAYS), MP_PROBE_LIVENESS)->period_s = 1;
	pod.spec.active_deadline_s = (struct mp_opt_int){ 5, true };
	fake_init(&node, &pod.spec);
	node.c[0].ignores_term = true;
	fake_run_to_end(&node, AT(100));
	assert_int_equal(fake_when(&node, MP_DO_KILL, 0, 0), AT(35));
	for (size_t i = 0; i < node.n_log; i++)
		assert_false(node.log[i].type == MP_DO_RUN_PROBE && node.log[i].at > AT(5));
	fake_done(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_killed_with_its_sandbox_is_started_in_the_next),
		cmocka_unit_test(a_late_probe_error_is_not_retried_in_the_next_instance),
		cmocka_unit_test(an_answered_probe_is_not_abandoned),
		cmocka_unit_test(nothing_is_carried_over_to_an_instance_that_was_never_shown),
		cmocka_unit_test(what_ended_is_shown_while_the_sandbox_cannot_be_stopped),
		cmocka_unit_test(a_success_that_a_rule_restarts_gets_a_new_sandbox),
		cmocka_unit_test(what_starts_over_is_shown_waiting_with_one_restart_more),
		cmocka_unit_test(a_kill_begun_after_an_eviction_gets_its_grace),
		cmocka_unit_test(a_kill_begun_after_a_deletion_gets_its_grace),
		cmocka_unit_test(liveness_is_not_asked_after_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
