/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MS(n) ((n)*MP_NSEC_PER_MS)
#define S(n)  ((n)*MP_NSEC_PER_S)

static void sums_saturate_instead_of_wrapping(void **unused)
{
	(void)unused;
	assert_true(mp_nsec_add(1, 2) == 3);
	assert_true(mp_nsec_add(S(5), -S(2)) == S(3));
	assert_true(mp_nsec_add(INT64_MAX - 1, 5) == MP_NSEC_NEVER);
	assert_true(mp_nsec_add(INT64_MIN + 1, -5) == INT64_MIN);
}

static void never_absorbs_whatever_is_added(void **unused)
{
	(void)unused;
	assert_true(mp_nsec_add(MP_NSEC_NEVER, -S(10)) == MP_NSEC_NEVER);
	assert_true(mp_nsec_add(-S(10), MP_NSEC_NEVER) == MP_NSEC_NEVER);
	assert_true(mp_nsec_min(MP_NSEC_NEVER, S(1)) == S(1));
	assert_true(mp_nsec_min(S(1), MP_NSEC_NEVER) == S(1));
}

static void seconds_saturate_in_both_directions(void **unused)
{
	(void)unused;
	assert_true(mp_seconds(30) == S(30));
	assert_true(mp_seconds(-1) == -S(1));
	assert_true(mp_seconds(INT64_MAX) == MP_NSEC_NEVER);
	assert_true(mp_seconds(INT64_MIN) == INT64_MIN);
}

static void time_is_rfc3339_in_utc_with_the_fraction_dropped(void **unused)
{
	(void)unused;
	char buf[MP_TIME_TEXT_MAX];

	assert_string_equal(mp_time_rfc3339(0, buf), "1970-01-01T00:00:00Z");
	assert_string_equal(mp_time_rfc3339(S(1704164645) + 999999999, buf),
			    "2024-01-02T03:04:05Z");
}

static void leap_days_and_century_rules_hold(void **unused)
{
	(void)unused;
	char buf[MP_TIME_TEXT_MAX];

	assert_string_equal(mp_time_rfc3339(S(951782400), buf), "2000-02-29T00:00:00Z");
	assert_string_equal(mp_time_rfc3339(S(1709164800), buf), "2024-02-29T00:00:00Z");
	assert_string_equal(mp_time_rfc3339(S(INT64_C(4107542400)), buf), "2100-03-01T00:00:00Z");
	assert_string_equal(mp_time_rfc3339(S(1735689599), buf), "2024-12-31T23:59:59Z");
}

static void times_before_the_epoch_count_backwards(void **unused)
{
	(void)unused;
	char buf[MP_TIME_TEXT_MAX];

	assert_string_equal(mp_time_rfc3339_nano(-1, buf), "1969-12-31T23:59:59.999999999Z");
	assert_string_equal(mp_time_rfc3339(-S(86400), buf), "1969-12-31T00:00:00Z");
}

static void fractions_have_a_fixed_number_of_digits(void **unused)
{
	(void)unused;
	char buf[MP_TIME_TEXT_MAX];

	assert_string_equal(mp_time_rfc3339_micro(1234567, buf), "1970-01-01T00:00:00.001234Z");
	assert_string_equal(mp_time_rfc3339_nano(1234567, buf), "1970-01-01T00:00:00.001234567Z");
	assert_string_equal(mp_time_rfc3339_micro(0, buf), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(mp_time_rfc3339_nano(0, buf), "1970-01-01T00:00:00.000000000Z");
}

static void calendar_agrees_with_the_c_library(void **unused)
{
	(void)unused;
	/* A step with no small common divisor with a day visits every hour and every month. */
	for (int64_t t = -S(INT64_C(9000000000)); t < S(INT64_C(9000000000)); t += S(7654321)) {
		char ours[MP_TIME_TEXT_MAX];
		char theirs[MP_TIME_TEXT_MAX];
		time_t secs = t / MP_NSEC_PER_S;
		struct tm tm;

		assert_non_null(gmtime_r(&secs, &tm));
		assert_true(strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		assert_string_equal(mp_time_rfc3339(t, ours), theirs);
	}
}

static void ends_of_time_fit_the_buffer(void **unused)
{
	(void)unused;
	char buf[MP_TIME_TEXT_MAX];

	assert_string_equal(mp_time_rfc3339_nano(INT64_MAX, buf), "2262-04-11T23:47:16.854775807Z");
	assert_string_equal(mp_time_rfc3339_nano(INT64_MIN, buf), "1677-09-21T00:12:43.145224192Z");
}

struct duration_case {
	mp_nsec span;
	const char *text;
};

static void durations_read_as_go_prints_them(void **unused)
{
	(void)unused;
	static const struct duration_case cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 1000, "1\xc2\xb5s" },
		{ 1500, "1.5\xc2\xb5s" },
		{ 999999, "999.999\xc2\xb5s" },
		{ MS(1), "1ms" },
		{ MS(250), "250ms" },
		{ 1000001, "1.000001ms" },
		{ 999999999, "999.999999ms" },
		{ S(1), "1s" },
		{ MS(1500), "1.5s" },
		{ S(1) + 1, "1.000000001s" },
		{ S(10), "10s" },
		{ S(59), "59s" },
		{ S(60), "1m0s" },
		{ S(80), "1m20s" },
		{ S(160), "2m40s" },
		{ S(300), "5m0s" },
		{ S(3600), "1h0m0s" },
		{ S(3661) + MS(100), "1h1m1.1s" },
		{ S(360000), "100h0m0s" },
		{ -MS(1500), "-1.5s" },
		{ -1, "-1ns" },
		{ INT64_MAX, "2562047h47m16.854775807s" },
		{ INT64_MIN, "-2562047h47m16.854775808s" },
	};
	char buf[MP_TIME_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(mp_duration_text(cases[i].span, buf), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_saturate_instead_of_wrapping),
		cmocka_unit_test(never_absorbs_whatever_is_added),
		cmocka_unit_test(seconds_saturate_in_both_directions),
		cmocka_unit_test(time_is_rfc3339_in_utc_with_the_fraction_dropped),
		cmocka_unit_test(leap_days_and_century_rules_hold),
		cmocka_unit_test(times_before_the_epoch_count_backwards),
		cmocka_unit_test(fractions_have_a_fixed_number_of_digits),
		cmocka_unit_test(calendar_agrees_with_the_c_library),
		cmocka_unit_test(ends_of_time_fit_the_buffer),
		cmocka_unit_test(durations_read_as_go_prints_them),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
