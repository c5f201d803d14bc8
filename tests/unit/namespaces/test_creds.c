/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/creds.h"

#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

#define BIT(c) (UINT64_C(1) << (c))
#define KNOWN  ((UINT64_C(1) << 41) - 1)

static uint64_t merge(const char *const *add, size_t n_add, const char *const *drop, size_t n_drop)
{
	uint64_t caps = 0;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(
		mp_caps_merge(mp_caps_default(), add, n_add, drop, n_drop, KNOWN, &caps, &err), 0);
	return caps;
}

static void default_set_is_what_other_runtimes_give(void **unused)
{
	(void)unused;
	assert_true(mp_caps_default() == 0xa80425fb);
}

static void names_are_taken_with_and_without_prefix_in_any_case(void **unused)
{
	static const char *const same[] = { "NET_ADMIN", "CAP_NET_ADMIN", "net_admin",
					    "cap_Net_Admin" };
	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(same); i++) {
		unsigned int cap = 99;

		assert_int_equal(mp_cap_parse(same[i], &cap, NULL), 0);
		assert_int_equal(cap, CAP_NET_ADMIN);
	}
}

static void every_name_is_found_again_by_its_number(void **unused)
{
	(void)unused;
	for (unsigned int cap = 0; cap <= CAP_CHECKPOINT_RESTORE; cap++) {
		char name[32];
		unsigned int back = 99;

		assert_int_equal(mp_cap_parse(mp_cap_name(cap, name), &back, NULL), 0);
		assert_int_equal(back, cap);
	}
}

static void misspelt_name_is_refused_with_the_near_one(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	unsigned int cap;

	(void)unused;
	assert_int_equal(mp_cap_parse("NET_ADMON", &cap, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "unknown capability \"NET_ADMON\", did you mean \"NET_ADMIN\"?");
}

static void what_is_no_name_is_refused(void **unused)
{
	static const char *const bad[] = { "",
					   "CAP_",
					   "12",
					   "cap_12",
					   "NET_ADMIN,",
					   "CHOWN=ep",
					   "KILL ",
					   ("a_very_long_word_that_is_no_capability_at_all_"
					    "and_does_not_fit_into_any_buffer_either") };
	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(bad); i++) {
		unsigned int cap;

		assert_int_equal(mp_cap_parse(bad[i], &cap, NULL), -EINVAL);
	}
}

static void adding_all_gives_all_and_single_drops_still_count(void **unused)
{
	static const char *const add[] = { "all" };
	static const char *const drop[] = { "SYS_ADMIN" };

	(void)unused;
	assert_true(merge(add, 1, NULL, 0) == KNOWN);
	assert_true(merge(add, 1, drop, 1) == (KNOWN & ~BIT(CAP_SYS_ADMIN)));
}

static void dropping_all_leaves_only_what_is_added_by_name(void **unused)
{
	static const char *const add[] = { "NET_BIND_SERVICE", "ALL" };
	static const char *const drop[] = { "ALL" };

	(void)unused;
	assert_true(merge(NULL, 0, drop, 1) == 0);
	assert_true(merge(add, 1, drop, 1) == BIT(CAP_NET_BIND_SERVICE));
	assert_true(merge(add, 2, drop, 1) == BIT(CAP_NET_BIND_SERVICE));
}

static void a_name_both_added_and_dropped_is_dropped(void **unused)
{
	static const char *const both[] = { "SYS_TIME" };

	(void)unused;
	assert_true(merge(both, 1, both, 1) == mp_caps_default());
}

static void unknown_name_in_either_list_is_an_error(void **unused)
{
	static const char *const bad[] = { "SYS_TIMEX" };
	uint64_t caps = 7;

	(void)unused;
	assert_int_equal(mp_caps_merge(0, bad, 1, NULL, 0, KNOWN, &caps, NULL), -EINVAL);
	assert_int_equal(mp_caps_merge(0, NULL, 0, bad, 1, KNOWN, &caps, NULL), -EINVAL);
	assert_true(caps == 7);
}

static void inheritable_and_ambient_stay_empty(void **unused)
{
	const struct mp_cap_sets sets = mp_caps_sets(KNOWN, KNOWN & ~BIT(CAP_SYS_RESOURCE));

	(void)unused;
	assert_true(sets.bounding == (KNOWN & ~BIT(CAP_SYS_RESOURCE)));
	assert_true(sets.permitted == sets.bounding && sets.effective == sets.bounding);
	assert_true(sets.inheritable == 0 && sets.ambient == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_set_is_what_other_runtimes_give),
		cmocka_unit_test(names_are_taken_with_and_without_prefix_in_any_case),
		cmocka_unit_test(every_name_is_found_again_by_its_number),
		cmocka_unit_test(misspelt_name_is_refused_with_the_near_one),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(adding_all_gives_all_and_single_drops_still_count),
		cmocka_unit_test(dropping_all_leaves_only_what_is_added_by_name),
		cmocka_unit_test(a_name_both_added_and_dropped_is_dropped),
		cmocka_unit_test(unknown_name_in_either_list_is_an_error),
		cmocka_unit_test(inheritable_and_ambient_stay_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
