/* SPDX-License-Identifier: Apache-2.0 */
/* Killing one container: sections 8.2 and 8.3 and their examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/stop.h"
#include "tests/support/pod_spec.h"

#define AT(s) mp_seconds(s)

static struct mp_stop_state state;
static struct mp_stop_seen seen;

/* Steps until nothing is to be done at @now; returns the todos, one digit each, oldest first. */
static int steps(const struct mp_stop_spec *spec, mp_nsec now)
{
	int todos = 0;

	for (int guard = 0; guard < 20; guard++) {
		const enum mp_stop_phase before = state.phase;
		const struct mp_stop_step step = mp_stop_next(spec, &seen, state, now);

		state = step.state;
		assert_true(step.wake_at == state.deadline);
		if (step.todo != MP_STOP_DO_NOTHING)
			todos = todos * 10 + (int)step.todo;
		if (step.todo == MP_STOP_DO_RUN_HOOK)
			seen.is_hook_running = true;
		if (step.todo == MP_STOP_DO_ABANDON_HOOK)
			seen.is_hook_running = false;
		if (step.todo == MP_STOP_DO_NOTHING && step.state.phase == before)
			return todos;
	}
	fail();
	return 0;
}

static void begin(void)
{
	state = (struct mp_stop_state){ .phase = MP_STOP_IDLE };
	seen = (struct mp_stop_seen){ .is_running = true };
}

static void pre_stop_takes_its_time_out_of_the_grace(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 30, .has_pre_stop = true };

	(void)unused;
	begin();
	assert_int_equal(steps(&spec, AT(0)), MP_STOP_DO_RUN_HOOK);
	assert_true(state.deadline == AT(30));
	assert_int_equal(steps(&spec, AT(11)), 0);
	seen.is_hook_running = false;
	assert_int_equal(steps(&spec, AT(12)), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(30));
	assert_int_equal(steps(&spec, AT(30) - 1), 0);
	assert_int_equal(steps(&spec, AT(30)), MP_STOP_DO_KILL);
}

static void only_whole_seconds_of_the_hook_count(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 5, .has_pre_stop = true };

	(void)unused;
	begin();
	(void)steps(&spec, AT(0));
	seen.is_hook_running = false;
	assert_int_equal(steps(&spec, AT(1) + AT(1) / 2), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(5) + AT(1) / 2);
}

static void hanging_pre_stop_leaves_the_floor(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 30, .has_pre_stop = true };

	(void)unused;
	begin();
	(void)steps(&spec, AT(0));
	assert_int_equal(steps(&spec, AT(30)), 10 * MP_STOP_DO_ABANDON_HOOK + MP_STOP_DO_SIGNAL);
	assert_int_equal(steps(&spec, AT(32) - 1), 0);
	assert_int_equal(steps(&spec, AT(32)), MP_STOP_DO_KILL);
}

static void least_grace_is_two_seconds(void **unused)
{
	const struct mp_stop_spec one = { .grace_s = 1, .has_pre_stop = true };
	const struct mp_stop_spec zero = { .grace_s = 0, .has_pre_stop = true };

	(void)unused;
	begin();
	assert_int_equal(steps(&one, AT(0)), MP_STOP_DO_RUN_HOOK);
	assert_int_equal(steps(&one, AT(1)), 10 * MP_STOP_DO_ABANDON_HOOK + MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(3));
	begin();
	assert_int_equal(steps(&zero, AT(0)), MP_STOP_DO_SIGNAL); /* no hook without grace */
	assert_true(state.deadline == AT(2));
}

static void gone_is_done(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 30, .has_pre_stop = true };

	(void)unused;
	begin();
	(void)steps(&spec, AT(0));
	seen.is_running = false;
	assert_int_equal(steps(&spec, AT(1)), MP_STOP_DO_ABANDON_HOOK);
	assert_int_equal(state.phase, MP_STOP_DONE);
	assert_int_equal(steps(&spec, AT(2)), 0);
	begin();
	(void)steps(&spec, AT(0));
	seen.is_hook_running = false;
	(void)steps(&spec, AT(1));
	seen.is_running = false;
	assert_int_equal(steps(&spec, AT(2)), 0);
	assert_int_equal(state.phase, MP_STOP_DONE);
}

static void sigkill_is_asked_for_again(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 2 };

	(void)unused;
	begin();
	(void)steps(&spec, AT(0));
	assert_int_equal(steps(&spec, AT(2)), MP_STOP_DO_KILL);
	assert_int_equal(steps(&spec, AT(3)), 0);
	assert_int_equal(steps(&spec, AT(4)), MP_STOP_DO_KILL);
	assert_int_equal(steps(&spec, AT(6)), MP_STOP_DO_KILL);
}

static void sidecar_waits_for_its_turn(void **unused)
{
	const struct mp_stop_spec spec = { .grace_s = 10, .is_ordered = true };

	(void)unused;
	begin();
	assert_int_equal(steps(&spec, AT(0)), 0);
	assert_int_equal(state.phase, MP_STOP_TURN);
	assert_int_equal(steps(&spec, AT(4)), 0);
	seen.may_stop = true;
	assert_int_equal(steps(&spec, AT(4)), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(10));
	begin(); /* never its turn: the grace period runs out */
	(void)steps(&spec, AT(0));
	assert_int_equal(steps(&spec, AT(10)), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(12));
}

static void hook_and_turn_share_one_grace(void **unused)
{
	const struct mp_stop_spec spec = { 10, true, true };

	(void)unused;
	begin();
	(void)steps(&spec, AT(0));
	seen.is_hook_running = false;
	assert_int_equal(steps(&spec, AT(4)), 0);
	assert_true(state.deadline == AT(10));
	seen.may_stop = true;
	assert_int_equal(steps(&spec, AT(7)), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(10));
}

static void shortened_in_each_phase(void **unused)
{
	const struct mp_stop_spec spec = { 30, true, true };

	(void)unused;
	begin();
	state = mp_stop_shorten(state, 1, AT(0));
	assert_int_equal(state.phase, MP_STOP_IDLE);
	(void)steps(&spec, AT(0));
	state = mp_stop_shorten(state, 60, AT(5)); /* longer: no effect */
	assert_true(state.deadline == AT(30));
	state = mp_stop_shorten(state, 5, AT(10));
	assert_true(state.deadline == AT(15));
	assert_int_equal(steps(&spec, AT(14)), 0);
	seen.is_hook_running = false;
	assert_int_equal(steps(&spec, AT(14)), 0); /* waits for its turn, 1 s left */
	state = mp_stop_shorten(state, 0, AT(14));
	assert_int_equal(steps(&spec, AT(14)), MP_STOP_DO_SIGNAL);
	assert_true(state.deadline == AT(16));
	state.deadline = AT(40);
	state = mp_stop_shorten(state, 5, AT(14));
	assert_true(state.deadline == AT(19));
	state = mp_stop_shorten(state, 0, AT(15)); /* not below the floor */
	assert_true(state.deadline == AT(17));
	(void)steps(&spec, AT(17));
	assert_int_equal(state.phase, MP_STOP_KILL);
	state = mp_stop_shorten(state, 0, AT(17));
	assert_true(state.deadline == AT(19));
	seen.is_running = false;
	(void)steps(&spec, AT(18));
	state = mp_stop_shorten(state, 0, AT(18));
	assert_int_equal(state.phase, MP_STOP_DONE);
}

static void turns_come_in_reverse_order_after_the_mains(void **unused)
{
	static struct test_pod pod;
	bool alive[6] = { true, true, true, true, true, true };

	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_INIT, "i");     /* 0 */
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "s1"); /* 1 */
	(void)test_pod_add(&pod, MP_KIND_INIT, "j");     /* 2 */
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "s2"); /* 3 */
	(void)test_pod_add(&pod, MP_KIND_MAIN, "m");     /* 4 */
	(void)test_pod_add(&pod, MP_KIND_MAIN, "n");     /* 5 */
	assert_true(mp_stop_may_stop(&pod.spec, alive, 0));
	assert_true(mp_stop_may_stop(&pod.spec, alive, 4));
	assert_false(mp_stop_may_stop(&pod.spec, alive, 3));
	alive[4] = false;
	assert_false(mp_stop_may_stop(&pod.spec, alive, 3));
	alive[5] = false;
	assert_true(mp_stop_may_stop(&pod.spec, alive, 3));
	assert_false(mp_stop_may_stop(&pod.spec, alive, 1));
	alive[3] = false;
	assert_true(mp_stop_may_stop(&pod.spec, alive, 1)); /* plain init entries do not count */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pre_stop_takes_its_time_out_of_the_grace),
		cmocka_unit_test(only_whole_seconds_of_the_hook_count),
		cmocka_unit_test(hanging_pre_stop_leaves_the_floor),
		cmocka_unit_test(least_grace_is_two_seconds),
		cmocka_unit_test(gone_is_done),
		cmocka_unit_test(sigkill_is_asked_for_again),
		cmocka_unit_test(sidecar_waits_for_its_turn),
		cmocka_unit_test(hook_and_turn_share_one_grace),
		cmocka_unit_test(shortened_in_each_phase),
		cmocka_unit_test(turns_come_in_reverse_order_after_the_mains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
