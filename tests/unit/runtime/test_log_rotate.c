/* SPDX-License-Identifier: Apache-2.0 */
/* Section 13.3: which files beside a log stay, are compressed, are removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
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

static void touch(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_next(struct mp_log_follow *f, int *fd, const char *text)
{
	char buf[16];

	assert_int_equal(mp_log_follow_next(f, fd, 0, NULL), 1);
	assert_int_equal(read(*fd, buf, sizeof(buf)), (int)strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

/* Who came before the first line gets it, also when its file is rotated before it is looked for. */
static void reader_of_a_log_to_come_begins_with_its_first_file(void **unused)
{
	char dir[] = "/tmp/minipod-test-XXXXXX", path[128];
	struct mp_log_follow f = { .unzip = 0 };
	int fd = -EBADF;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(f.path, sizeof(f.path), "%s/c/0.log", dir);
	mp_log_follow_begin(&f);
	assert_int_equal(mp_log_follow_next(&f, &fd, 0, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/c", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mp_log_follow_next(&f, &fd, 0, NULL), 0);
	assert_true(fd < 0);
	touch(path, "0.log.20240101-000001", "first");
	touch(path, "0.log.20240101-000002", "second");
	touch(path, "0.log", "third");
	expect_next(&f, &fd, "first");
	expect_next(&f, &fd, "second");
	expect_next(&f, &fd, "third");
	assert_int_equal(mp_log_follow_next(&f, &fd, 0, NULL), 0);
	(void)close(fd);

	/* Between a rotation and the new file: what was there is not to come. */
	fd = -EBADF;
	assert_int_equal(unlinkat(AT_FDCWD, f.path, 0), 0);
	mp_log_follow_begin(&f);
	assert_int_equal(mp_log_follow_next(&f, &fd, 0, NULL), 0);
	touch(path, "0.log", "fourth");
	expect_next(&f, &fd, "fourth");
	(void)close(fd);
	assert_int_equal(mp_tree_remove(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_newest_are_compressed),
		cmocka_unit_test(the_oldest_are_removed),
		cmocka_unit_test(leftovers_of_a_compression_go),
		cmocka_unit_test(files_of_others_stay),
		cmocka_unit_test(reader_goes_on_with_the_file_after_its_own),
		cmocka_unit_test(reader_of_a_log_to_come_begins_with_its_first_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
