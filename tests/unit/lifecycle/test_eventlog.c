/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lifecycle/eventlog.h"

static struct mp_eventlog l;

static struct mp_now at(int64_t s)
{
	return (struct mp_now){ mp_seconds(s), mp_seconds(1000000 + s) };
}

static struct mp_event_counted event(const char *reason, const char *message, int c, int64_t s)
{
	return mp_eventlog_count(&l, true, reason, message, c, at(s));
}

static int setup(void **unused)
{
	(void)unused;
	mp_eventlog_init(&l, 0, 5);
	return 0;
}

static void identical_events_are_counted(void **unused)
{
	const struct mp_event_counted first = event("Unhealthy", "m", 0, 1);
	const struct mp_event_counted again = event("Unhealthy", "m", 0, 9);

	(void)unused;
	assert_int_equal(first.count, 1);
	assert_int_equal(first.slot, 5);
	assert_int_equal(again.count, 2);
	assert_int_equal(again.slot, first.slot);
	assert_true(again.first_wall == first.first_wall && first.first_wall == at(1).wall);
	assert_int_equal(event("Unhealthy", "m", 1, 9).count, 1); /* another container */
	assert_int_equal(event("Unhealthy", "n", 0, 9).count, 1);
	assert_int_equal(event("BackOff", "m", 0, 9).count, 1);
	assert_int_equal(mp_eventlog_count(&l, false, "BackOff", "m", 0, at(9)).count, 1);
	assert_int_equal(event("Unhealthy", "m", 0, 10).count, 3);
}

static void tenth_distinct_message_is_combined(void **unused)
{
	char text[16];

	(void)unused;
	for (int i = 0; i < 9; i++) {
		(void)snprintf(text, sizeof(text), "m%d", i);
		assert_false(event("R", text, 0, i).is_combined);
	}
	assert_true(event("R", "m9", 0, 10).is_combined);
	assert_int_equal(event("R", "m10", 0, 11).count, 2); /* one series for all of them */
	assert_int_equal(event("R", "m11", 1, 11).count, 3); /* of every container */
	assert_false(event("R", "m3", 0, 12).is_combined);
	assert_false(event("S", "m9", 0, 12).is_combined);
	assert_true(event("R", "m12", 0, 12 + 600).is_combined);
	assert_false(event("R", "m12", 0, 12 + 600 + 601).is_combined); /* idle: starts afresh */
}

static void too_many_are_dropped_but_counted(void **unused)
{
	struct mp_event_counted c = { 0 };

	(void)unused;
	for (int i = 0; i < MP_EVENT_BURST; i++)
		assert_false(event("R", "m", 0, 1).is_dropped);
	assert_true(event("R", "m", 0, 1).is_dropped);
	assert_false(mp_eventlog_count(&l, false, "R", "m", 0, at(1)).is_dropped);
	assert_true(event("R", "m", 0, 9).is_dropped);
	c = event("R", "m", 0, 10);
	assert_false(c.is_dropped); /* one more every 10 s */
	assert_int_equal(c.count, MP_EVENT_BURST + 3);
	assert_true(event("R", "m", 0, 10).is_dropped);
	assert_false(event("R", "m", 0, 100000).is_dropped);
	assert_int_equal(l.bucket[1].tokens, MP_EVENT_BURST - 1);
}

static void oldest_series_makes_room(void **unused)
{
	char text[16];
	uint32_t first_slot;

	(void)unused;
	first_slot = event("R0", "m", 0, 0).slot;
	for (int i = 1; i < MP_EVENT_SERIES_MAX + 1; i++) {
		(void)snprintf(text, sizeof(text), "R%d", i);
		(void)event(text, "m", 0, i);
	}
	assert_int_equal(event("R5", "m", 0, 1000).count, 2);
	assert_int_equal(event("R0", "m", 0, 1001).count, 1);
	assert_true(event("R0", "m", 0, 1001).slot > first_slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identical_events_are_counted, setup),
		cmocka_unit_test_setup(tenth_distinct_message_is_combined, setup),
		cmocka_unit_test_setup(too_many_are_dropped_but_counted, setup),
		cmocka_unit_test_setup(oldest_series_makes_room, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
