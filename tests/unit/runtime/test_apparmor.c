/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/apparmor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/admission.h"

static void a_profile_is_found_by_its_whole_name(void **unused)
{
	static const char list[] = "/usr/sbin/ntpd (enforce)\nminipod-default (enforce)\n"
				   "two words (complain)\nlast (unconfined)";

	(void)unused;
	assert_true(mp_apparmor_list_has(list, "minipod-default"));
	assert_true(mp_apparmor_list_has(list, "/usr/sbin/ntpd"));
	assert_true(mp_apparmor_list_has(list, "two words"));
	assert_true(mp_apparmor_list_has(list, "last"));
	assert_false(mp_apparmor_list_has(list, "two"));
	assert_false(mp_apparmor_list_has(list, "minipod"));
	assert_false(mp_apparmor_list_has(list, "minipod-default "));
	assert_false(mp_apparmor_list_has(list, ""));
	assert_false(mp_apparmor_list_has("", "last"));
	assert_false(mp_apparmor_list_has("last", "last"));
}

static void a_kernels_version_is_its_first_two_numbers(void **unused)
{
	(void)unused;
	assert_int_equal(mp_kernel_version("6.18.44-fc"), 6U << 16 | 18U);
	assert_int_equal(mp_kernel_version("5.10"), 5U << 16 | 10U);
	assert_int_equal(mp_kernel_version("5.4-rc1"), 5U << 16 | 4U);
	assert_int_equal(mp_kernel_version("five"), 0);
	assert_int_equal(mp_kernel_version("6"), 0);
	assert_int_equal(mp_kernel_version("70000.1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_found_by_its_whole_name),
		cmocka_unit_test(a_kernels_version_is_its_first_two_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
