/* SPDX-License-Identifier: Apache-2.0 */
/* Section 13.3: which files beside a log stay, are compressed, are removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/log_follow.h"
#include "runtime/log_rotate.h"

#define N_MAX 16

static void expect(const char *const *names, const char *answers, size_t keep, bool is_zipping)
{
	enum mp_log_fate fates[N_MAX];
	const size_t n = strlen(answers);

	mp_log_fates(names, n, "0.log", keep, is_zipping, fates);
	for (size_t i = 0; i < n; i++) {
		const char got = fates[i] == MP_LOG_STAYS  ? 's' :
				 fates[i] == MP_LOG_REMOVE ? 'r' :
							     'c';

		if (got != answers[i])
			fail_msg("%s: '%c', expected '%c'", names[i], got, answers[i]);
	}
}

static void all_but_the_newest_are_compressed(void **unused)
{
	static const char *const names[] = {
		"0.log",
		"0.log.20240101-000001.gz",
		"0.log.20240101-000002",
		"0.log.20240101-000003",
	};

	(void)unused;
	expect(names, "sscs", 4, false);
}

static void the_oldest_are_removed(void **unused)
{
	static const char *const names[] = {
		"0.log",
		"0.log.20240101-000001.gz",
		"0.log.20240101-000002.gz",
		"0.log.20240101-000003",
		"0.log.20240101-000004",
	};

	(void)unused;
	expect(names, "srscs", 3, false);
	expect(names, "srrrr", 0, false);
}

static void leftovers_of_a_compression_go(void **unused)
{
	static const char *const names[] = {
		"0.log",
		"0.log.20240101-000001",
		"0.log.20240101-000001.gz",
		"0.log.20240101-000002",
		"0.log.20240101-000002.gz.tmp",
		"0.log.20240101-000003",
	};

	(void)unused;
	expect(names, "srscrs", 4, false);
	expect(names, "srscss", 4, true); /* it is being written */
}

static void files_of_others_stay(void **unused)
{
	static const char *const names[] = {
		"0.log", "0.log.20240101-00000", "0.log.backup", "0.log2.20240101-000001", "1.log",
	};

	(void)unused;
	expect(names, "sssss", 0, false);
}

static void reader_goes_on_with_the_file_after_its_own(void **unused)
{
	static const char *const names[] = {
		"0.log",
		"0.log.20240101-000001.gz",
		"0.log.20240101-000002",
		"0.log.20240101-000002.gz.tmp",
		"0.log.20240101-000003",
		"10.log.20240101-000009",
	};
	const size_t n = MP_ARRAY_SIZE(names);

	(void)unused;
	assert_string_equal(mp_log_follow_after(names, n, "0.log", "0.log.20231231-235959"),
			    names[1]);
	assert_string_equal(mp_log_follow_after(names, n, "0.log", names[1]), names[2]);
	assert_string_equal(mp_log_follow_after(names, n, "0.log", names[2]), names[4]);
	/* Compressed since it was opened: the same file. */
	assert_string_equal(mp_log_follow_after(names, n, "0.log", "0.log.20240101-000001"),
			    names[2]);
	assert_null(mp_log_follow_after(names, n, "0.log", names[4]));
	assert_null(mp_log_follow_after(names, 1, "0.log", "0.log.20240101-000001"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_newest_are_compressed),
		cmocka_unit_test(the_oldest_are_removed),
		cmocka_unit_test(leftovers_of_a_compression_go),
		cmocka_unit_test(files_of_others_stay),
		cmocka_unit_test(reader_goes_on_with_the_file_after_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
