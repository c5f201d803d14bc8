/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/user_ids.h"

struct place {
	struct mp_roots roots;
	char dir[64];
};

static void place_make(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_user_ids.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(mp_roots_init(p->dir, &p->roots, NULL), 0);
}

static void place_remove(const struct place *p)
{
	assert_int_equal(mp_tree_remove(AT_FDCWD, p->dir, NULL), 0);
}

/* The run directory of a pod, opened. */
static int pod_dir(const struct place *p, const char *name)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/pods/%s", p->roots.run, name);
	assert_int_equal(mp_dir_make(AT_FDCWD, path, 0700, NULL), 0);

	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_block_is_a_multiple_of_its_size_and_stays_the_pods(void **unused)
{
	struct place p;
	uint32_t first = 0, again = 0;

	(void)unused;
	place_make(&p);
	{
		mp_auto_fd dir = pod_dir(&p, "a");
		mp_auto_fd fd = -EBADF, second = -EBADF;

		assert_int_equal(mp_user_ids_reserve(&p.roots, dir, "uid-a", &first, &fd, NULL), 0);
		assert_true(first >= 65536);
		assert_int_equal(first % 65536, 0);
		mp_closep(&fd); /* its supervisor died */
		assert_int_equal(mp_user_ids_reserve(&p.roots, dir, "uid-a", &again, &second, NULL),
				 0);
		assert_int_equal(first, again);
	}
	place_remove(&p);
}

static void pods_that_hash_alike_get_different_blocks(void **unused)
{
	struct place p;
	uint32_t a = 0, b = 0, c = 0;

	(void)unused;
	place_make(&p);
	{
		mp_auto_fd dir_a = pod_dir(&p, "a"), dir_b = pod_dir(&p, "b");
		mp_auto_fd dir_c = pod_dir(&p, "c");
		mp_auto_fd fd_a = -EBADF, fd_b = -EBADF, fd_c = -EBADF;

		assert_int_equal(mp_user_ids_reserve(&p.roots, dir_a, "same", &a, &fd_a, NULL), 0);
		assert_int_equal(mp_user_ids_reserve(&p.roots, dir_b, "same", &b, &fd_b, NULL), 0);
		mp_closep(&fd_a); /* a lives on without a supervisor: its note still counts */
		assert_int_equal(mp_user_ids_reserve(&p.roots, dir_c, "same", &c, &fd_c, NULL), 0);
		assert_true(a != b && b != c && a != c);
	}
	place_remove(&p);
}

static void a_released_block_is_free_again(void **unused)
{
	struct place p;
	uint32_t a = 0, b = 0;

	(void)unused;
	place_make(&p);
	{
		mp_auto_fd dir_a = pod_dir(&p, "a"), dir_b = pod_dir(&p, "b");
		mp_auto_fd fd_a = -EBADF, fd_b = -EBADF;

		assert_int_equal(mp_user_ids_reserve(&p.roots, dir_a, "same", &a, &fd_a, NULL), 0);
		mp_closep(&fd_a);
		mp_user_ids_release(dir_a);
		mp_user_ids_release(dir_a);
		assert_int_equal(mp_user_ids_reserve(&p.roots, dir_b, "same", &b, &fd_b, NULL), 0);
		assert_int_equal(a, b);
	}
	place_remove(&p);
}

static void a_damaged_note_is_not_guessed_at(void **unused)
{
	static const char *const notes[] = { "",          "0 65536\n",   "65537 65536\n",
					     "65536 1\n", "65536 65536", "-65536 65536\n" };
	struct mp_error err;
	struct place p;
	uint32_t first = 0;

	(void)unused;
	place_make(&p);
	for (size_t i = 0; i < MP_ARRAY_SIZE(notes); i++) {
		mp_auto_fd dir = pod_dir(&p, "a");
		mp_auto_fd fd = -EBADF;

		err = MP_ERROR_NONE;
		assert_int_equal(mp_file_replace(dir, "user-ids", notes[i], strlen(notes[i]), 0600,
						 NULL),
				 0);
		assert_int_equal(mp_user_ids_reserve(&p.roots, dir, "x", &first, &fd, &err),
				 -EINVAL);
		assert_non_null(strstr(err.msg, "user-ids"));
		assert_int_equal(fd, -EBADF);
	}
	place_remove(&p);
}

static void what_subuid_gives_away_is_passed_over(void **unused)
{
	(void)unused;
	assert_false(mp_user_ids_overlap("", 65536));
	assert_true(mp_user_ids_overlap("alice:100000:65536\n", 65536));
	assert_true(mp_user_ids_overlap("alice:100000:65536\n", 131072));
	assert_false(mp_user_ids_overlap("alice:100000:65536\n", 196608));
	assert_false(mp_user_ids_overlap("alice:1:65535\n", 65536));
	assert_true(mp_user_ids_overlap("# x\nbob:5\nroot:131071:1", 65536));
	assert_false(mp_user_ids_overlap("root:131072:0", 131072));
	assert_true(mp_user_ids_overlap("root:18446744073709551615:1\nb:131072:1", 131072));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_a_multiple_of_its_size_and_stays_the_pods),
		cmocka_unit_test(pods_that_hash_alike_get_different_blocks),
		cmocka_unit_test(a_released_block_is_free_again),
		cmocka_unit_test(a_damaged_note_is_not_guessed_at),
		cmocka_unit_test(what_subuid_gives_away_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
