/* SPDX-License-Identifier: Apache-2.0 */
/* The pod phase: every row of the tables in section 1.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/phase.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_container_status st[8];
static bool is_terminal, is_initialized;

/* Entries by letter: i init, s sidecar, m main. */
static void make(enum mp_restart_policy restart, const char *kinds)
{
	(void)test_pod_init(&pod, restart);
	memset(st, 0, sizeof(st));
	is_terminal = false;
	is_initialized = false;
	for (; *kinds != '\0'; kinds++)
		(void)test_pod_add(&pod,
				   *kinds == 'i' ? MP_KIND_INIT :
				   *kinds == 's' ? MP_KIND_SIDECAR :
						   MP_KIND_MAIN,
				   "x");
}

static void running(int i, bool started)
{
	st[i] = (struct mp_container_status){ .is_present = true, .is_started = started };
	st[i].state.kind = MP_STATE_RUNNING;
}

static void terminated(int i, int code)
{
	st[i] = (struct mp_container_status){ .is_present = true };
	st[i].state.kind = MP_STATE_TERMINATED;
	st[i].state.terminated.exit_code = code;
}

static void waiting(int i)
{
	st[i] = (struct mp_container_status){ .is_present = true };
	st[i].state.kind = MP_STATE_WAITING;
}

static void waiting_after(int i, int code)
{
	waiting(i);
	st[i].has_last = true;
	st[i].last.exit_code = code;
}

static void no_state(int i)
{
	st[i] = (struct mp_container_status){ .is_present = true };
}

static void expect(enum mp_phase phase)
{
	const struct mp_phase_seen seen = { &pod.spec, st, is_terminal, is_initialized };

	assert_string_equal(mp_phase_text(mp_phase_of(&seen)), mp_phase_text(phase));
}

static void init_rows(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "im");
	waiting(1);
	st[0].is_present = false;
	expect(MP_PHASE_PENDING); /* missing */
	running(0, true);
	running(1, true);
	expect(MP_PHASE_PENDING); /* running: beats running mains */
	no_state(0);
	expect(MP_PHASE_PENDING);
	waiting(0);
	expect(MP_PHASE_PENDING);
	terminated(0, 0);
	expect(MP_PHASE_RUNNING);
	waiting_after(0, 0);
	expect(MP_PHASE_RUNNING);
	terminated(0, 1);
	expect(MP_PHASE_FAILED);
	waiting_after(0, 1);
	expect(MP_PHASE_FAILED);
	pod.spec.restart = MP_RESTART_ON_FAILURE;
	expect(MP_PHASE_RUNNING); /* not pending: it will be started again */
}

static void oom_killed_init_container_has_failed_with_code_0(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "im");
	waiting(1);
	terminated(0, 0);
	strcpy(st[0].state.terminated.reason, "OOMKilled");
	expect(MP_PHASE_FAILED);
	waiting_after(0, 0);
	strcpy(st[0].last.reason, "OOMKilled");
	expect(MP_PHASE_FAILED);
}

static void sidecar_rows(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "sm");
	terminated(1, 0);
	st[0].is_present = false;
	expect(MP_PHASE_PENDING); /* unknown */
	running(0, true);
	expect(MP_PHASE_RUNNING); /* keeps the pod running after its mains */
	running(0, false);
	expect(MP_PHASE_PENDING); /* not started */
	is_initialized = true;
	expect(MP_PHASE_RUNNING);
	terminated(0, 7);
	expect(MP_PHASE_SUCCEEDED); /* exit codes never matter */
	waiting_after(0, 7);
	expect(MP_PHASE_SUCCEEDED);
	waiting(0);
	expect(MP_PHASE_PENDING); /* waiting counts even when initialized */
	no_state(0);
	expect(MP_PHASE_PENDING);
	is_initialized = false;
	expect(MP_PHASE_PENDING);
}

static void main_rows(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	expect(MP_PHASE_PENDING); /* missing */
	no_state(0);
	expect(MP_PHASE_PENDING);
	waiting(0);
	expect(MP_PHASE_PENDING);
	running(0, true);
	expect(MP_PHASE_RUNNING);
	terminated(0, 0);
	expect(MP_PHASE_SUCCEEDED);
	terminated(0, 1);
	expect(MP_PHASE_FAILED);
	waiting_after(0, 0);
	expect(MP_PHASE_FAILED); /* never counts as succeeded */
	waiting_after(0, 1);
	expect(MP_PHASE_FAILED);
	pod.spec.restart = MP_RESTART_ALWAYS;
	expect(MP_PHASE_RUNNING);
}

static void crash_looping_pod_is_running(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	waiting_after(0, 1);
	waiting_after(1, 1);
	expect(MP_PHASE_RUNNING);
}

static void never_started_container_keeps_the_pod_pending(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	running(0, true);
	waiting(1);
	expect(MP_PHASE_PENDING);
}

static void one_finished_and_one_running_is_running(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "mm");
	terminated(0, 0);
	running(1, true);
	expect(MP_PHASE_RUNNING);
	pod.spec.restart = MP_RESTART_NEVER;
	expect(MP_PHASE_RUNNING);
}

static void missing_main_beside_a_running_one_is_pending(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	running(0, true);
	expect(MP_PHASE_PENDING);
}

static void ends_by_exit_codes(void **unused)
{
	(void)unused;
	make(MP_RESTART_ON_FAILURE, "mm");
	terminated(0, 0);
	terminated(1, 0);
	expect(MP_PHASE_SUCCEEDED);
	terminated(1, 1);
	expect(MP_PHASE_RUNNING);
	pod.spec.restart = MP_RESTART_NEVER;
	expect(MP_PHASE_FAILED);
	pod.spec.restart = MP_RESTART_ALWAYS;
	terminated(1, 0);
	expect(MP_PHASE_RUNNING); /* never terminal by itself */
}

static void deleted_always_pod_ends_by_its_exit_codes(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	is_terminal = true;
	terminated(0, 0);
	terminated(1, 0);
	expect(MP_PHASE_SUCCEEDED);
	terminated(1, 143);
	expect(MP_PHASE_FAILED);
}

static void container_policy_overrides_the_pod(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].restart = MP_RESTART_NEVER;
	terminated(0, 3);
	expect(MP_PHASE_FAILED);
}

static void pod_that_starts_over_has_not_ended(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	waiting_after(0, 137);
	expect(MP_PHASE_FAILED);
	strcpy(st[0].last.reason, "RestartingAllContainers");
	expect(MP_PHASE_RUNNING);
	make(MP_RESTART_NEVER, "im");
	waiting_after(0, 137);
	strcpy(st[0].last.reason, "RestartingAllContainers");
	waiting(1);
	expect(MP_PHASE_PENDING);
}

static void nothing_to_run_is_pending(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "i");
	terminated(0, 0);
	expect(MP_PHASE_PENDING);
}

static void names_and_finality(void **unused)
{
	(void)unused;
	assert_string_equal(mp_phase_text(MP_PHASE_PENDING), "Pending");
	assert_string_equal(mp_phase_text(MP_PHASE_RUNNING), "Running");
	assert_string_equal(mp_phase_text(MP_PHASE_SUCCEEDED), "Succeeded");
	assert_string_equal(mp_phase_text(MP_PHASE_FAILED), "Failed");
	assert_false(mp_phase_is_final(MP_PHASE_PENDING));
	assert_false(mp_phase_is_final(MP_PHASE_RUNNING));
	assert_true(mp_phase_is_final(MP_PHASE_SUCCEEDED));
	assert_true(mp_phase_is_final(MP_PHASE_FAILED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_rows),
		cmocka_unit_test(oom_killed_init_container_has_failed_with_code_0),
		cmocka_unit_test(sidecar_rows),
		cmocka_unit_test(main_rows),
		cmocka_unit_test(crash_looping_pod_is_running),
		cmocka_unit_test(never_started_container_keeps_the_pod_pending),
		cmocka_unit_test(one_finished_and_one_running_is_running),
		cmocka_unit_test(missing_main_beside_a_running_one_is_pending),
		cmocka_unit_test(ends_by_exit_codes),
		cmocka_unit_test(deleted_always_pod_ends_by_its_exit_codes),
		cmocka_unit_test(container_policy_overrides_the_pod),
		cmocka_unit_test(pod_that_starts_over_has_not_ended),
		cmocka_unit_test(nothing_to_run_is_pending),
		cmocka_unit_test(names_and_finality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
