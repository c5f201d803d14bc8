/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "runtime/open_files.h"

static void more_containers_and_volumes_need_more(void **unused)
{
	const struct mp_pod_spec small = { .n_main = 1 };
	const struct mp_pod_spec large = { .n_init = 2, .n_main = 3, .n_volumes = 4 };

	(void)unused;
	assert_int_equal(mp_open_files_needed(&small), 112);
	assert_int_equal(mp_open_files_needed(&large), 96 + 5 * 16 + 4 * 2);
}

static void what_was_is_told_and_a_limit_that_suffices_stays(void **unused)
{
	struct rlimit64 before, after;
	struct mp_rlimit told;

	(void)unused;
	assert_int_equal(getrlimit64(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(mp_open_files_allow(3, 4, &told, NULL), 0);
	assert_int_equal(getrlimit64(RLIMIT_NOFILE, &after), 0);
	assert_int_equal(told.resource, RLIMIT_NOFILE);
	assert_true(told.soft == before.rlim_cur && told.hard == before.rlim_max);
	assert_true(after.rlim_cur == before.rlim_cur);
}

static void a_soft_limit_is_raised(void **unused)
{
	struct rlimit64 before, low, after;
	struct mp_rlimit told;

	(void)unused;
	assert_int_equal(getrlimit64(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 20;
	assert_int_equal(setrlimit64(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(mp_open_files_allow(30, 40, &told, NULL), 0);
	assert_int_equal(getrlimit64(RLIMIT_NOFILE, &after), 0);
	assert_true(told.soft == 20);
	assert_true(after.rlim_cur == 40 && after.rlim_max == before.rlim_max);
	assert_int_equal(setrlimit64(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_containers_and_volumes_need_more),
		cmocka_unit_test(what_was_is_told_and_a_limit_that_suffices_stays),
		cmocka_unit_test(a_soft_limit_is_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
