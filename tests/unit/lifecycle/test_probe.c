/* SPDX-License-Identifier: Apache-2.0 */
/* One probe worker: the steps of section 7.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/probe.h"

#define AT(s) mp_seconds(s)

static struct mp_probe_spec spec;
static struct mp_probe_seen seen;
static struct mp_probe_worker w;

static int setup(void **unused)
{
	(void)unused;
	spec = (struct mp_probe_spec){
		.is_set = true, .period_s = 10, .success_threshold = 1, .failure_threshold = 3
	};
	seen = (struct mp_probe_seen){ .has_status = true, .id = "c1", .is_running = true };
	w = mp_probe_new(0);
	return 0;
}

static enum mp_probe_todo ask(enum mp_probe_kind kind, mp_nsec now)
{
	const struct mp_probe_step step = mp_probe_round(&spec, kind, w, &seen, now);

	w = step.worker;
	return step.todo;
}

static void answered(enum mp_probe_kind kind, bool is_success)
{
	w = mp_probe_answer(&spec, kind, w, is_success);
	assert_int_equal(w.tries, 0);
}

static void nothing_before_there_is_a_status(void **unused)
{
	(void)unused;
	seen.has_status = false;
	assert_int_equal(ask(MP_PROBE_LIVENESS, 0), MP_PROBE_DO_NOTHING);
	seen.has_status = true;
	seen.id = "";
	assert_int_equal(ask(MP_PROBE_LIVENESS, 0), MP_PROBE_DO_NOTHING);
	assert_false(w.has_result);
}

static void ends_with_the_pod(void **unused)
{
	(void)unused;
	seen.is_phase_final = true;
	(void)ask(MP_PROBE_LIVENESS, 0);
	assert_true(w.is_ended);
	assert_false(mp_probe_is_due(&w, AT(100)));
}

static void initial_results_by_kind(void **unused)
{
	(void)unused;
	seen.is_started = true;
	(void)ask(MP_PROBE_LIVENESS, 0);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
	assert_int_equal(mp_probe_known(&w, "c0"), MP_KNOWN_NOTHING);
	w = mp_probe_new(0);
	(void)ask(MP_PROBE_READINESS, 0);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
	w = mp_probe_new(0);
	(void)ask(MP_PROBE_STARTUP, 0);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_NOTHING);
	w = mp_probe_new(0);
	seen.is_carried = true; /* after a recovery there is none */
	(void)ask(MP_PROBE_LIVENESS, 0);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_NOTHING);
}

static void container_that_does_not_run_has_failed(void **unused)
{
	(void)unused;
	seen.is_running = false;
	assert_int_equal(ask(MP_PROBE_READINESS, 0), MP_PROBE_DO_NOTHING);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
	assert_false(w.is_ended);
	seen.is_gone_for_good = true;
	(void)ask(MP_PROBE_READINESS, 0);
	assert_true(w.is_ended);
}

static void deletion_ends_liveness_and_startup_only(void **unused)
{
	(void)unused;
	seen.is_deleting = true;
	seen.is_started = true;
	(void)ask(MP_PROBE_LIVENESS, 0);
	assert_true(w.is_ended);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
	w = mp_probe_new(0);
	(void)ask(MP_PROBE_STARTUP, 0);
	assert_true(w.is_ended);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_NOTHING); /* not started by that */
	w = mp_probe_new(0);
	assert_int_equal(ask(MP_PROBE_READINESS, 0), MP_PROBE_DO_EXECUTE);
}

static void initial_delay_counts_from_the_container_start(void **unused)
{
	(void)unused;
	spec.initial_delay_s = 5;
	seen.is_started = true;
	seen.started_at = AT(3);
	assert_int_equal(ask(MP_PROBE_LIVENESS, AT(8) - 1), MP_PROBE_DO_NOTHING);
	assert_int_equal(ask(MP_PROBE_LIVENESS, AT(8)), MP_PROBE_DO_EXECUTE);
}

static void startup_gates_the_others(void **unused)
{
	(void)unused;
	assert_int_equal(ask(MP_PROBE_READINESS, 0), MP_PROBE_DO_NOTHING);
	assert_int_equal(ask(MP_PROBE_LIVENESS, 0), MP_PROBE_DO_NOTHING);
	assert_int_equal(ask(MP_PROBE_STARTUP, 0), MP_PROBE_DO_EXECUTE);
	w.tries = 0;
	seen.is_started = true;
	assert_int_equal(ask(MP_PROBE_STARTUP, 0), MP_PROBE_DO_NOTHING);
	assert_int_equal(ask(MP_PROBE_READINESS, 0), MP_PROBE_DO_EXECUTE);
}

static void liveness_holds_after_its_failure(void **unused)
{
	(void)unused;
	seen.is_started = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mp_probe_known(&w, "c1"),
				 i == 0 ? MP_KNOWN_NOTHING : MP_KNOWN_SUCCESS);
		assert_int_equal(ask(MP_PROBE_LIVENESS, AT((int64_t)10 * i)), MP_PROBE_DO_EXECUTE);
		answered(MP_PROBE_LIVENESS, false);
	}
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
	assert_true(w.is_on_hold);
	assert_int_equal(w.run, 0);
	assert_int_equal(ask(MP_PROBE_LIVENESS, AT(40)), MP_PROBE_DO_NOTHING);
	seen.id = "c2"; /* a new container leaves the hold */
	assert_int_equal(ask(MP_PROBE_LIVENESS, AT(50)), MP_PROBE_DO_EXECUTE);
	assert_int_equal(mp_probe_known(&w, "c2"), MP_KNOWN_SUCCESS);
}

static void counters_survive_a_restart(void **unused)
{
	(void)unused;
	seen.is_started = true;
	for (int i = 0; i < 2; i++) {
		(void)ask(MP_PROBE_LIVENESS, AT(i));
		answered(MP_PROBE_LIVENESS, false);
	}
	seen.id = "c2";
	(void)ask(MP_PROBE_LIVENESS, AT(3));
	answered(MP_PROBE_LIVENESS, false); /* the third in a row */
	assert_int_equal(mp_probe_known(&w, "c2"), MP_KNOWN_FAILURE);
}

static void readiness_never_holds(void **unused)
{
	(void)unused;
	seen.is_started = true;
	spec.success_threshold = 2;
	(void)ask(MP_PROBE_READINESS, 0);
	answered(MP_PROBE_READINESS, true);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
	answered(MP_PROBE_READINESS, true);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
	for (int i = 0; i < 2; i++)
		answered(MP_PROBE_READINESS, false);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
	answered(MP_PROBE_READINESS, false);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
	assert_false(w.is_on_hold);
	answered(MP_PROBE_READINESS, true);
	answered(MP_PROBE_READINESS, true);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
}

static void startup_holds_after_any_result(void **unused)
{
	(void)unused;
	(void)ask(MP_PROBE_STARTUP, 0);
	answered(MP_PROBE_STARTUP, true);
	assert_true(w.is_on_hold);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_SUCCESS);
	w = mp_probe_new(0);
	spec.failure_threshold = 1;
	(void)ask(MP_PROBE_STARTUP, 0);
	answered(MP_PROBE_STARTUP, false);
	assert_true(w.is_on_hold);
	assert_int_equal(mp_probe_known(&w, "c1"), MP_KNOWN_FAILURE);
}

static void ticks_keep_their_cadence(void **unused)
{
	(void)unused;
	assert_true(mp_probe_is_due(&w, 0));
	w = mp_probe_tick(&spec, w, 0);
	assert_true(w.next_tick == AT(10));
	assert_false(mp_probe_is_due(&w, AT(10) - 1));
	w = mp_probe_tick(&spec, w, AT(34)); /* a slow round queues no ticks */
	assert_true(w.next_tick == AT(40));
	w.is_triggered = true;
	assert_true(mp_probe_is_due(&w, AT(35)));
	w.tries = 1;
	assert_false(mp_probe_is_due(&w, AT(35))); /* one round at a time */
	w.tries = 0;
	w = mp_probe_tick(&spec, w, AT(35));
	assert_true(w.next_tick == AT(45)); /* a trigger restarts the period */
	assert_false(w.is_triggered);
	spec.period_s = 0;
	w = mp_probe_tick(&spec, w, AT(45));
	assert_true(w.next_tick == AT(55));
}

static void no_wake_up_for_a_tick_without_effect(void **unused)
{
	mp_nsec wake;

	(void)unused;
	seen.id = "";
	w = mp_probe_doze(&spec, MP_PROBE_LIVENESS, w, &seen, &wake);
	assert_true(wake == MP_NSEC_NEVER && w.is_dormant);
	w = mp_probe_resume(&spec, w, AT(33));
	assert_true(w.next_tick == AT(40) && !w.is_dormant);
	seen.id = "c1";
	seen.is_started = true;
	seen.started_at = AT(33);
	spec.initial_delay_s = 25;
	w = mp_probe_doze(&spec, MP_PROBE_LIVENESS, w, &seen, &wake);
	assert_true(wake == AT(40)); /* it will see a new container */
	w = mp_probe_tick(&spec, w, AT(40));
	(void)ask(MP_PROBE_LIVENESS, AT(40));
	w = mp_probe_doze(&spec, MP_PROBE_LIVENESS, w, &seen, &wake);
	assert_true(wake == AT(60)); /* the first tick after the delay */
	w.is_on_hold = true;
	w = mp_probe_doze(&spec, MP_PROBE_LIVENESS, w, &seen, &wake);
	assert_true(wake == MP_NSEC_NEVER);
	w.tries = 1;
	w = mp_probe_doze(&spec, MP_PROBE_LIVENESS, w, &seen, &wake);
	assert_true(wake == MP_NSEC_NEVER && !w.is_dormant);
}

static void kinds_have_names(void **unused)
{
	(void)unused;
	assert_string_equal(mp_probe_kind_text(MP_PROBE_STARTUP), "Startup");
	assert_string_equal(mp_probe_kind_text(MP_PROBE_READINESS), "Readiness");
	assert_string_equal(mp_probe_kind_text(MP_PROBE_LIVENESS), "Liveness");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_before_there_is_a_status, setup),
		cmocka_unit_test_setup(ends_with_the_pod, setup),
		cmocka_unit_test_setup(initial_results_by_kind, setup),
		cmocka_unit_test_setup(container_that_does_not_run_has_failed, setup),
		cmocka_unit_test_setup(deletion_ends_liveness_and_startup_only, setup),
		cmocka_unit_test_setup(initial_delay_counts_from_the_container_start, setup),
		cmocka_unit_test_setup(startup_gates_the_others, setup),
		cmocka_unit_test_setup(liveness_holds_after_its_failure, setup),
		cmocka_unit_test_setup(counters_survive_a_restart, setup),
		cmocka_unit_test_setup(readiness_never_holds, setup),
		cmocka_unit_test_setup(startup_holds_after_any_result, setup),
		cmocka_unit_test_setup(ticks_keep_their_cadence, setup),
		cmocka_unit_test_setup(no_wake_up_for_a_tick_without_effect, setup),
		cmocka_unit_test_setup(kinds_have_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
