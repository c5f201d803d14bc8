/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void failure_says_what_was_done_and_why_it_failed(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_fail(&err, EACCES, "open %s", "tasks"), -EACCES);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.msg, "open tasks: Permission denied");
}

static void failure_with_an_errno_nobody_knows_is_still_a_sentence(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_fail(&err, 4095, "read"), -4095);
	assert_string_equal(err.msg, "read: Unknown error");
}

static void text_failure_stands_alone(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_fail_text(&err, EINVAL, "pod.json is %s", "empty"), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, "pod.json is empty");
}

static void wrapping_puts_the_general_before_the_particular(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	int r = mp_fail(&err, EACCES, "open tasks");

	r = mp_wrap(&err, r, "start container '%s'", "web");
	assert_int_equal(r, -EACCES);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.msg, "start container 'web': open tasks: Permission denied");
}

static void wrapping_keeps_the_code_of_the_first_failure(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	(void)mp_fail(&err, ENOENT, "open");
	assert_int_equal(mp_wrap(&err, -EIO, "outer"), -EIO);
	assert_int_equal(err.code, ENOENT);
}

static void nobody_needs_to_want_the_record(void **unused)
{
	(void)unused;
	assert_int_equal(mp_fail(NULL, EIO, "x"), -EIO);
	assert_int_equal(mp_fail_text(NULL, EIO, "x"), -EIO);
	assert_int_equal(mp_wrap(NULL, -EIO, "x"), -EIO);
}

static void assert_is_cut(const struct mp_error *err)
{
	const size_t len = strnlen(err->msg, sizeof(err->msg));

	assert_true(len < sizeof(err->msg));
	assert_true(len > sizeof(err->msg) - 8);
	assert_string_equal(err->msg + len - 3, "...");
}

static void text_that_does_not_fit_ends_in_dots(void **unused)
{
	(void)unused;
	char big[3 * MP_ERROR_MSG_MAX];
	struct mp_error err = MP_ERROR_NONE;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)mp_fail(&err, EIO, "%s", big);
	assert_is_cut(&err);
	(void)mp_fail_text(&err, EIO, "%s", big);
	assert_is_cut(&err);
	(void)mp_wrap(&err, -EIO, "%s", big);
	assert_is_cut(&err);
}

static void text_that_just_fits_is_not_cut(void **unused)
{
	(void)unused;
	char exact[MP_ERROR_MSG_MAX];
	struct mp_error err = MP_ERROR_NONE;

	memset(exact, 'x', sizeof(exact) - 1);
	exact[sizeof(exact) - 1] = '\0';
	(void)mp_fail_text(&err, EIO, "%s", exact);
	assert_string_equal(err.msg, exact);
}

static void cut_never_leaves_half_a_character(void **unused)
{
	(void)unused;
	/* Each length in turn, so that the cut meets every position within the 3-byte sign. */
	for (size_t pad = 0; pad < 3; pad++) {
		char big[2 * MP_ERROR_MSG_MAX];
		struct mp_error err = MP_ERROR_NONE;
		size_t at = 0;

		memset(big, 'x', pad);
		for (at = pad; at + 3 < sizeof(big); at += 3)
			memcpy(big + at, "\xe2\x82\xac", 3);
		big[at] = '\0';
		(void)mp_fail_text(&err, EIO, "%s", big);
		assert_is_cut(&err);

		const size_t body = strlen(err.msg) - 3;

		assert_int_equal((body - pad) % 3, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failure_says_what_was_done_and_why_it_failed),
		cmocka_unit_test(failure_with_an_errno_nobody_knows_is_still_a_sentence),
		cmocka_unit_test(text_failure_stands_alone),
		cmocka_unit_test(wrapping_puts_the_general_before_the_particular),
		cmocka_unit_test(wrapping_keeps_the_code_of_the_first_failure),
		cmocka_unit_test(nobody_needs_to_want_the_record),
		cmocka_unit_test(text_that_does_not_fit_ends_in_dots),
		cmocka_unit_test(text_that_just_fits_is_not_cut),
		cmocka_unit_test(cut_never_leaves_half_a_character),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
