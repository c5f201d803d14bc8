/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a reservation, which another version of ourselves may have written. */
#include "runtime/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void amounts_of_a_reservation_are_added(void **unused)
{
	struct mp_amounts sum = { .n = 0 };
	char cgroup[64];

	(void)unused;
	mp_amounts_add(&sum, "cpu", 500);
	mp_room_parse("cgroup burstable/pod1\ncpu 1500\nmemory 67108864\n", &sum, cgroup,
		      sizeof(cgroup));
	assert_string_equal(cgroup, "burstable/pod1");
	assert_true(mp_amounts_get(&sum, "cpu") == 2000);
	assert_true(mp_amounts_get(&sum, "memory") == 67108864);
}

static void what_is_no_amount_counts_nothing(void **unused)
{
	struct mp_amounts sum = { .n = 0 };
	char cgroup[8], text[2000];

	(void)unused;
	mp_room_parse("", &sum, cgroup, sizeof(cgroup));
	assert_string_equal(cgroup, "");
	mp_room_parse("cpu\ncpu \ncpu x\ncpu 1x\ncpu -5\n\n 7\ncpu 99999999999999999999 1\n", &sum,
		      cgroup, sizeof(cgroup));
	assert_true(mp_amounts_get(&sum, "cpu") == 0);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mp_room_parse(text, &sum, cgroup, sizeof(cgroup));
	mp_room_parse("cgroup a/long/path/to/it\ncpu 7", &sum, cgroup, sizeof(cgroup));
	assert_true(mp_amounts_get(&sum, "cpu") == 7);
	assert_int_equal(strlen(cgroup), sizeof(cgroup) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_of_a_reservation_are_added),
		cmocka_unit_test(what_is_no_amount_counts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
