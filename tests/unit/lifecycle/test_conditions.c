/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's conditions: every row of the tables in section 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/conditions.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_container_status st[8];
static struct mp_condition now_list[MP_CONDITIONS_MAX], before[MP_CONDITIONS_MAX];
static struct mp_conditions_seen seen;
static size_t n_now;

static void make(size_t n_init, size_t n_sidecar, size_t n_main)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	size_t k = 0;

	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	for (size_t i = 0; i < n_init; i++)
		(void)test_pod_add(&pod, MP_KIND_INIT, names[k++]);
	for (size_t i = 0; i < n_sidecar; i++)
		(void)test_pod_add(&pod, MP_KIND_SIDECAR, names[k++]);
	for (size_t i = 0; i < n_main; i++)
		(void)test_pod_add(&pod, MP_KIND_MAIN, names[k++]);
	memset(st, 0, sizeof(st));
	for (size_t i = 0; i < k; i++) {
		st[i].is_present = true;
		st[i].state.kind = MP_STATE_WAITING;
	}
	seen = (struct mp_conditions_seen){
		.spec = &pod.spec,
		.statuses = st,
		.is_sandbox_ready = true,
		.previous = before,
		.wall = 100,
	};
}

static const struct mp_condition *build(const char *type)
{
	n_now = mp_conditions_of(&seen, now_list);
	return mp_condition_find(now_list, n_now, type);
}

static void expect(const char *type, enum mp_truth status, const char *reason, const char *message)
{
	const struct mp_condition *c = build(type);

	assert_non_null(c);
	assert_string_equal(mp_truth_text(c->status), mp_truth_text(status));
	assert_string_equal(c->reason, reason);
	assert_string_equal(c->message, message);
}

static void published_in_order(void **unused)
{
	static const char *const order[] = { "example.com/x",   "PodReadyToStartContainers",
					     "Initialized",     "Ready",
					     "ContainersReady", "PodScheduled" };
	const struct mp_condition foreign = { .type = "example.com/x", .status = MP_COND_TRUE };

	(void)unused;
	make(0, 0, 1);
	seen.foreign = &foreign;
	seen.n_foreign = 1;
	(void)build("Ready");
	assert_int_equal(n_now, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(now_list[i].type, order[i]);
}

static void scheduled_and_sandbox(void **unused)
{
	(void)unused;
	make(0, 0, 1);
	expect("PodScheduled", MP_COND_TRUE, "", "");
	expect("PodReadyToStartContainers", MP_COND_TRUE, "", "");
	seen.is_sandbox_ready = false;
	expect("PodReadyToStartContainers", MP_COND_FALSE, "", "");
}

static void initialized_rows(void **unused)
{
	(void)unused;
	make(0, 0, 1);
	expect("Initialized", MP_COND_TRUE, "", ""); /* no init containers: from the first */
	make(1, 1, 1);
	st[0].is_present = st[1].is_present = st[2].is_present = false;
	expect("Initialized", MP_COND_FALSE, "UnknownContainerStatuses", "");
	make(1, 1, 1);
	st[0].is_present = false;
	expect("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
	       "containers with unknown status: [a], containers with incomplete status: [b]");
	st[0].is_present = true;
	expect("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
	       "containers with incomplete status: [a b]");
	st[0].is_ready = true;
	expect("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
	       "containers with incomplete status: [b]");
	st[1].is_started = true; /* a sidecar: started counts, not ready */
	expect("Initialized", MP_COND_TRUE, "", "");
	st[1].is_started = false;
	st[2].state.kind = MP_STATE_RUNNING;
	expect("Initialized", MP_COND_TRUE, "", "");
	st[2].state.kind = MP_STATE_TERMINATED;
	expect("Initialized", MP_COND_TRUE, "", "");
	seen.phase = MP_PHASE_SUCCEEDED;
	expect("Initialized", MP_COND_TRUE, "PodCompleted", "");
	st[0].is_present = false;
	expect("Initialized", MP_COND_TRUE, "", ""); /* not every entry has a status */
}

static void initialized_is_not_turned_back(void **unused)
{
	(void)unused;
	make(1, 0, 1);
	before[0] = (struct mp_condition){ .type = "Initialized", .status = MP_COND_TRUE };
	seen.n_previous = 1;
	expect("Initialized", MP_COND_TRUE, "", "");
	before[0].status = MP_COND_FALSE;
	expect("Initialized", MP_COND_FALSE, "ContainersNotInitialized",
	       "containers with incomplete status: [a]");
}

static void containers_ready_rows(void **unused)
{
	(void)unused;
	make(1, 1, 2);
	expect("ContainersReady", MP_COND_FALSE, "ContainersNotReady",
	       "containers with unready status: [b c d]"); /* init containers do not count */
	st[2].is_present = false;
	expect("ContainersReady", MP_COND_FALSE, "ContainersNotReady",
	       "containers with unknown status: [c], containers with unready status: [b d]");
	st[2].is_present = true;
	st[1].is_ready = st[2].is_ready = st[3].is_ready = true;
	expect("ContainersReady", MP_COND_TRUE, "", "");
	seen.phase = MP_PHASE_SUCCEEDED;
	expect("ContainersReady", MP_COND_FALSE, "PodCompleted", "");
	st[3].is_present = false;
	expect("ContainersReady", MP_COND_FALSE, "ContainersNotReady",
	       "containers with unknown status: [d]");
	seen.phase = MP_PHASE_FAILED;
	expect("ContainersReady", MP_COND_FALSE, "PodFailed", "");
	memset(st, 0, sizeof(st));
	expect("ContainersReady", MP_COND_FALSE, "UnknownContainerStatuses", "");
	expect("Ready", MP_COND_FALSE, "UnknownContainerStatuses", "");
}

static void ready_copies_an_unready_pod(void **unused)
{
	(void)unused;
	make(0, 0, 1);
	expect("Ready", MP_COND_FALSE, "ContainersNotReady", "containers with unready status: [a]");
	st[0].is_ready = true;
	expect("Ready", MP_COND_TRUE, "", "");
}

static void readiness_gates(void **unused)
{
	static const char *const gates[] = { "x/one", "x/two" };
	struct mp_condition foreign[2] = { { .type = "x/two", .status = MP_COND_UNKNOWN },
					   { .type = "x/one", .status = MP_COND_TRUE } };

	(void)unused;
	make(0, 0, 1);
	st[0].is_ready = true;
	pod.spec.readiness_gates = gates;
	pod.spec.n_readiness_gates = 2;
	seen.foreign = foreign;
	seen.n_foreign = 1;
	expect("Ready", MP_COND_FALSE, "ReadinessGatesNotReady",
	       "corresponding condition of pod readiness gate \"x/one\" does not exist., "
	       "the status of pod readiness gate \"x/two\" is not \"True\", but Unknown");
	expect("ContainersReady", MP_COND_TRUE, "", "");
	foreign[0].status = MP_COND_FALSE;
	seen.n_foreign = 2;
	expect("Ready", MP_COND_FALSE, "ReadinessGatesNotReady",
	       "the status of pod readiness gate \"x/two\" is not \"True\", but False");
	foreign[0].status = MP_COND_TRUE;
	expect("Ready", MP_COND_TRUE, "", "");
}

static void transition_time_follows_the_status_only(void **unused)
{
	(void)unused;
	make(0, 0, 2);
	n_now = mp_conditions_of(&seen, before);
	assert_true(mp_condition_find(before, n_now, "Ready")->transition_wall == 100);
	seen.n_previous = n_now;
	seen.wall = 200;
	st[0].is_ready = true; /* the message changes, the status does not */
	assert_true(build("Ready")->transition_wall == 100);
	assert_string_equal(build("Ready")->message, "containers with unready status: [b]");
	st[1].is_ready = true;
	assert_true(build("Ready")->transition_wall == 200);
	assert_true(build("PodScheduled")->transition_wall == 100);
}

static void rejected_pod_is_only_scheduled(void **unused)
{
	(void)unused;
	make(0, 0, 1);
	seen.is_rejected = true;
	expect("PodScheduled", MP_COND_TRUE, "", "");
	assert_int_equal(n_now, 1);
}

static void restart_of_all_containers(void **unused)
{
	(void)unused;
	make(0, 0, 1);
	assert_null(build("AllContainersRestarting"));
	seen.restart_all = MP_RESTART_ALL_RUNNING;
	expect("AllContainersRestarting", MP_COND_TRUE, "RestartAllContainersStarted",
	       "container exited with restart policy rule");
	seen.restart_all = MP_RESTART_ALL_DONE;
	expect("AllContainersRestarting", MP_COND_FALSE, "", "");
}

static void own_types_and_differences(void **unused)
{
	struct mp_condition a = { .type = "T", .reason = "R" }, b = a;

	(void)unused;
	assert_true(mp_condition_is_own("Ready"));
	assert_false(mp_condition_is_own("Readyy"));
	assert_true(mp_condition_equal(&a, &b));
	b.message[0] = 'x';
	assert_false(mp_condition_equal(&a, &b));
	b = a;
	b.status = MP_COND_TRUE;
	assert_false(mp_condition_equal(&a, &b));
	b = a;
	b.transition_wall = 1;
	assert_false(mp_condition_equal(&a, &b));
	b = a;
	b.type[0] = 'U';
	assert_false(mp_condition_equal(&a, &b));
	b = a;
	b.reason[0] = 'U';
	assert_false(mp_condition_equal(&a, &b));
}

static void more_foreign_ones_than_fit_are_left_out(void **unused)
{
	static struct mp_condition many[MP_CONDITIONS_MAX];

	(void)unused;
	make(0, 0, 1);
	seen.foreign = many;
	seen.n_foreign = MP_CONDITIONS_MAX;
	expect("PodScheduled", MP_COND_TRUE, "", "");
	assert_int_equal(n_now, MP_CONDITIONS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_in_order),
		cmocka_unit_test(scheduled_and_sandbox),
		cmocka_unit_test(initialized_rows),
		cmocka_unit_test(initialized_is_not_turned_back),
		cmocka_unit_test(containers_ready_rows),
		cmocka_unit_test(ready_copies_an_unready_pod),
		cmocka_unit_test(readiness_gates),
		cmocka_unit_test(transition_time_follows_the_status_only),
		cmocka_unit_test(rejected_pod_is_only_scheduled),
		cmocka_unit_test(restart_of_all_containers),
		cmocka_unit_test(own_types_and_differences),
		cmocka_unit_test(more_foreign_ones_than_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
