/* SPDX-License-Identifier: Apache-2.0 */
/* Two readings of a cgroup become rates and texts. */
#include "runtime/usage_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct mp_usage_sample half_a_second_of(uint64_t cpu_us)
{
	return (struct mp_usage_sample){
		.has_first = true,
		.has_second = true,
		.first = { .has_cpu = true, .cpu_us = 1000000 },
		.second = { .has_cpu = true, .cpu_us = 1000000 + cpu_us },
		.between = 500 * MP_NSEC_PER_MS,
	};
}

static void cpu_is_what_was_used_between_the_readings(void **unused)
{
	struct mp_usage_sample s = half_a_second_of(50000);

	(void)unused;
	assert_int_equal(mp_usage_cpu_milli(&s), 100);
	s = half_a_second_of(1);
	assert_int_equal(mp_usage_cpu_milli(&s), 1); /* something is not nothing */
	s = half_a_second_of(0);
	assert_int_equal(mp_usage_cpu_milli(&s), 0);
	s.second.cpu_us = 5; /* another container's counter */
	assert_int_equal(mp_usage_cpu_milli(&s), 0);
	s = half_a_second_of(50000);
	s.between = 0;
	assert_int_equal(mp_usage_cpu_milli(&s), 0);
}

static void throttling_is_a_part_of_the_periods(void **unused)
{
	struct mp_usage_sample s = half_a_second_of(0);

	(void)unused;
	assert_int_equal(mp_usage_throttled_percent(&s), 0);
	s.first.periods = 100;
	s.first.throttled_periods = 100;
	s.second.periods = 105;
	s.second.throttled_periods = 101;
	assert_int_equal(mp_usage_throttled_percent(&s), 20);
	s.second.periods = 100; /* nothing ran meanwhile: since the beginning */
	s.second.throttled_periods = 100;
	assert_int_equal(mp_usage_throttled_percent(&s), 100);
}

static void what_cannot_be_told_is_a_dash(void **unused)
{
	struct mp_usage_sample s = { .has_first = false };
	char cells[MP_USAGE_CELLS][MP_USAGE_CELL_MAX];

	(void)unused;
	mp_usage_cells(&s, cells);
	for (size_t i = 0; i < MP_USAGE_CELLS; i++)
		assert_string_equal(cells[i], "-");
	s.has_second = true;
	mp_usage_cells(&s, cells);
	assert_string_equal(cells[0], "-");
	assert_string_equal(cells[7], "-/-/-");
}

static void cells_have_the_units_of_kubectl(void **unused)
{
	struct mp_usage_sample s = half_a_second_of(50000);
	char cells[MP_USAGE_CELLS][MP_USAGE_CELL_MAX];

	(void)unused;
	s.second.cpu_limit_milli = 250;
	s.second.has_throttling = true;
	s.second.has_memory = true;
	s.second.working_set_bytes = (3U << 20) + 1;
	s.second.memory_max_bytes = 64U << 20;
	s.second.has_pids = true;
	s.second.pids = 7;
	s.second.oom_kills = 2;
	s.has_pressure[MP_CGROUP_PRESSURE_MEMORY] = true;
	s.pressure[MP_CGROUP_PRESSURE_MEMORY].some.avg10 = 1205;
	mp_usage_cells(&s, cells);
	assert_string_equal(cells[0], "100m");
	assert_string_equal(cells[1], "250m");
	assert_string_equal(cells[2], "0%");
	assert_string_equal(cells[3], "4Mi");
	assert_string_equal(cells[4], "64Mi");
	assert_string_equal(cells[5], "7");
	assert_string_equal(cells[6], "2");
	assert_string_equal(cells[7], "-/12.05%/-");
	assert_string_equal(cells[8], "1.050s");
}

static void an_object_leaves_out_what_is_not_known(void **unused)
{
	struct mp_usage_sample s = half_a_second_of(50000);
	struct mp_json w;

	(void)unused;
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_usage_json(&w, &s);
	mp_json_object_end(&w);
	assert_string_equal(mp_json_finish(&w, NULL, NULL),
			    "{\"cpu\":{\"usageMillicores\":100,\"usedMicroseconds\":1050000},"
			    "\"pressure\":{}}");
	mp_json_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_is_what_was_used_between_the_readings),
		cmocka_unit_test(throttling_is_a_part_of_the_periods),
		cmocka_unit_test(what_cannot_be_told_is_a_dash),
		cmocka_unit_test(cells_have_the_units_of_kubectl),
		cmocka_unit_test(an_object_leaves_out_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
