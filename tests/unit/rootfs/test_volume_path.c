/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/volume_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void refuse(const char *path, const char *why)
{
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_volume_path_check(path, &err), -22);
	assert_string_equal(err.msg, why);
}

static void plain_relative_paths_are_fine(void **unused)
{
	static const char *const paths[] = { "key",   "a.b",     ".hidden", "dir/key",
					     "a/..b", "a/b/c..", "x/...y" };

	(void)unused;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(mp_volume_path_check(paths[i], NULL), 0);
}

static void paths_that_could_leave_or_collide_are_refused(void **unused)
{
	(void)unused;
	refuse("/etc/passwd", "invalid path: must be relative path: /etc/passwd");
	refuse("..", "invalid path: must not contain '..': ..");
	refuse("../x", "invalid path: must not contain '..': ../x");
	refuse("a/../b", "invalid path: must not contain '..': a/../b");
	refuse("a/..", "invalid path: must not contain '..': a/..");
	refuse("..data", "invalid path: must not start with '..': ..data");
	refuse("..x/y", "invalid path: must not start with '..': ..x/y");
	refuse("", "invalid path: must not be empty");
	refuse("a//b", "invalid path: not a plain path: a//b");
	refuse("./a", "invalid path: not a plain path: ./a");
	refuse("a/", "invalid path: not a plain path: a/");
}

static void lengths_are_limited(void **unused)
{
	static char path[5000];

	(void)unused;
	memset(path, 'x', 255);
	assert_int_equal(mp_volume_path_check(path, NULL), 0);
	path[255] = 'x';
	refuse(path, "invalid path: filenames must be less than or equal to 255 characters");
	for (size_t i = 0; i < 4998; i++)
		path[i] = i % 2 ? '/' : 'x';
	refuse(path, "invalid path: must be less than or equal to 4096 characters");
}

static void the_top_is_the_first_element(void **unused)
{
	char top[NAME_MAX + 1];

	(void)unused;
	assert_string_equal(mp_volume_path_top("a/b/c", top), "a");
	assert_string_equal(mp_volume_path_top("key", top), "key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_relative_paths_are_fine),
		cmocka_unit_test(paths_that_could_leave_or_collide_are_refused),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(the_top_is_the_first_element),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
