/* SPDX-License-Identifier: Apache-2.0 */
/* Room for a pod on the one machine: what it wants, whether it fits, what is said when not. */
#include "lifecycle/schedule.h"

#include "lifecycle/status.h"
#include "tests/unit/lifecycle/machine_fixture.h"

#define MI (INT64_C(1) << 20)

static struct mp_amounts amounts(int64_t cpu, int64_t memory)
{
	struct mp_amounts a = { .n = 0 };

	mp_amounts_add(&a, "cpu", cpu);
	mp_amounts_add(&a, "memory", memory);
	return a;
}

static char reason[MP_REASON_MAX], message[MP_MESSAGE_MAX];

static enum mp_fit decide(struct mp_amounts wants, struct mp_amounts capacity,
			  struct mp_amounts used, bool names_node)
{
	return mp_schedule_decide(&wants, &capacity, &used, names_node, reason, message);
}

static void what_exactly_fits_fits(void **unused)
{
	(void)unused;
	assert_int_equal(decide(amounts(500, 10 * MI), amounts(2000, 64 * MI),
				amounts(1500, 54 * MI), false),
			 MP_FIT_YES);
	assert_string_equal(message, "");
}

static void one_thousandth_too_much_does_not(void **unused)
{
	(void)unused;
	assert_int_equal(decide(amounts(501, 10 * MI), amounts(2000, 64 * MI),
				amounts(1500, 54 * MI), false),
			 MP_FIT_NO_ROOM);
	assert_string_equal(reason, "Unschedulable");
	assert_string_equal(message, "0/1 nodes are available: 1 Insufficient cpu. cpu: requested "
				     "501m, used 1500m of 2");
}

static void all_that_is_missing_is_named_in_the_schedulers_order(void **unused)
{
	struct mp_amounts wants = amounts(3000, 65 * MI);
	struct mp_amounts capacity = amounts(2000, 64 * MI);

	(void)unused;
	mp_amounts_add(&wants, "hugepages-2Mi", 2 * MI);
	mp_amounts_add(&wants, "ephemeral-storage", 7);
	mp_amounts_add(&capacity, "ephemeral-storage", 6);
	assert_int_equal(decide(wants, capacity, (struct mp_amounts){ .n = 0 }, false),
			 MP_FIT_NO_ROOM);
	assert_string_equal(
		message,
		"0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, "
		"1 Insufficient hugepages-2Mi, 1 Insufficient memory. cpu: requested 3, used 0 of 2; "
		"ephemeral-storage: requested 7, used 0 of 6; hugepages-2Mi: requested 2Mi, used 0 of "
		"0; memory: requested 65Mi, used 0 of 64Mi");
}

static void more_in_use_than_there_is_refuses_only_who_wants_of_it(void **unused)
{
	(void)unused;
	assert_int_equal(decide(amounts(0, MI), amounts(1000, 64 * MI), amounts(5000, 0), false),
			 MP_FIT_NO_ROOM);

	struct mp_amounts memory_only = { .n = 0 };

	mp_amounts_add(&memory_only, "memory", MI);
	assert_int_equal(decide(memory_only, amounts(1000, 64 * MI), amounts(5000, 0), false),
			 MP_FIT_YES);
}

static void who_names_the_node_is_refused_as_by_the_kubelet(void **unused)
{
	(void)unused;
	assert_int_equal(decide(amounts(3000, 65 * MI), amounts(2000, 64 * MI),
				amounts(100, 1 * MI), true),
			 MP_FIT_REJECTED);
	assert_string_equal(reason, "OutOfcpu");
	assert_string_equal(message,
			    "Node didn't have enough resource: cpu, requested: 3000, used: "
			    "100, capacity: 2000");
}

static void sums_do_not_overflow(void **unused)
{
	struct mp_amounts a = amounts(INT64_MAX - 1, 0);

	(void)unused;
	mp_amounts_add(&a, "cpu", 5);
	assert_true(mp_amounts_get(&a, "cpu") == INT64_MAX);
	assert_true(mp_amounts_get(&a, "gpu") == 0);
	assert_int_equal(decide(amounts(1, 0), amounts(INT64_MAX, 1), a, false), MP_FIT_NO_ROOM);
}

static void more_resources_than_there_is_place_for_are_left_out(void **unused)
{
	struct mp_amounts a = { .n = 0 };
	char name[32];

	(void)unused;
	for (int i = 0; i < MP_AMOUNTS_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "hugepages-%d", i);
		mp_amounts_add(&a, name, 1);
	}
	assert_int_equal(a.n, MP_AMOUNTS_MAX);
}

/* ---- the machine ------------------------------------------------------------------------------ */

static void apply(enum mp_event_type type, const char *text)
{
	const struct mp_event ev = { .type = type, .container = -1, .text = { "", text } };

	fake_post(&node, &ev);
}

static void nothing_begins_before_there_is_room(void **unused)
{
	const struct mp_pod_status *s;

	(void)unused;
	make(MP_RESTART_NEVER, "im");
	runs(0, AT(1), 0);
	runs(1, AT(1), 0);
	apply(MP_EV_UNSCHEDULABLE, "no cpu");
	fake_run(&node, AT(100));
	s = mp_pod_status(node.pod);
	assert_int_equal(s->phase, MP_PHASE_PENDING);
	assert_int_equal(s->n_conditions, 1);
	assert_string_equal(fake_condition(&node, "PodScheduled")->reason, "Unschedulable");
	assert_string_equal(fake_condition(&node, "PodScheduled")->message, "no cpu");
	assert_true(s->start_wall == 0);
	assert_false(s->containers[0].is_present || s->containers[1].is_present);

	apply(MP_EV_SCHEDULED, NULL);
	fake_run_to_end(&node, AT(200));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
	assert_int_equal(fake_condition(&node, "PodScheduled")->status, MP_COND_TRUE);
	assert_string_equal(fake_condition(&node, "PodScheduled")->reason, "");
	assert_true(mp_pod_status(node.pod)->start_wall != 0);
}

static void the_deadline_begins_with_the_room(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.spec.active_deadline_s = (struct mp_opt_int){ .v = 10, .is_set = true };
	runs(0, AT(5), 0);
	apply(MP_EV_UNSCHEDULABLE, "no cpu");
	fake_run(&node, AT(50));
	apply(MP_EV_SCHEDULED, NULL);
	fake_run_to_end(&node, AT(200));
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void deleting_a_pod_without_room_takes_nothing_down(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	apply(MP_EV_UNSCHEDULABLE, "no cpu");
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(6));
	assert_true(mp_pod_is_finished(node.pod));
	assert_int_equal(phase(), MP_PHASE_PENDING);
}

static void a_pod_that_has_begun_keeps_its_place(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(5));
	apply(MP_EV_UNSCHEDULABLE, "no cpu");
	fake_run(&node, AT(6));
	assert_int_equal(phase(), MP_PHASE_RUNNING);
	assert_int_equal(fake_condition(&node, "PodScheduled")->status, MP_COND_TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_exactly_fits_fits),
		cmocka_unit_test(one_thousandth_too_much_does_not),
		cmocka_unit_test(all_that_is_missing_is_named_in_the_schedulers_order),
		cmocka_unit_test(more_in_use_than_there_is_refuses_only_who_wants_of_it),
		cmocka_unit_test(who_names_the_node_is_refused_as_by_the_kubelet),
		cmocka_unit_test(sums_do_not_overflow),
		cmocka_unit_test(more_resources_than_there_is_place_for_are_left_out),
		cmocka_unit_test_teardown(nothing_begins_before_there_is_room, done),
		cmocka_unit_test_teardown(the_deadline_begins_with_the_room, done),
		cmocka_unit_test_teardown(deleting_a_pod_without_room_takes_nothing_down, done),
		cmocka_unit_test_teardown(a_pod_that_has_begun_keeps_its_place, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
