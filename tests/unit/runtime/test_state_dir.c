/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/state_dir.h"

static char top[64];
static struct mp_roots roots;

#define MUST(call) assert_int_not_equal(call, -1)

static int make_top(void **unused)
{
	(void)unused;
	(void)snprintf(top, sizeof(top), "/tmp/minipod-state-dir.XXXXXX");
	return mkdtemp(top) && mp_roots_init(top, &roots, NULL) == 0 ? 0 : -1;
}

static int remove_top(void **unused)
{
	(void)unused;
	return mp_tree_remove(AT_FDCWD, top, NULL);
}

static struct mp_state_dir new_pod(const char *name, const char *uid)
{
	const struct mp_pod_spec spec = {
		.meta = { .namespace_ = "default", .name = name, .uid = uid }
	};
	struct mp_state_dir dir;
	struct mp_error err = MP_ERROR_NONE;

	if (mp_state_dir_create(&roots, &spec, &dir, &err) < 0)
		fail_msg("%s", err.msg);
	return dir;
}

static void end_pod(struct mp_state_dir *dir)
{
	assert_int_equal(mp_state_dir_remove_data(dir, NULL), 0);
	assert_int_equal(mp_state_dir_remove(dir, NULL), 0);
	mp_state_dir_close(dir);
}

static bool is_there(const char *path)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", top, path);
	return access(full, F_OK) == 0;
}

static void move(const char *from, const char *to)
{
	char a[512], b[512];

	(void)snprintf(a, sizeof(a), "%s/%s", top, from);
	(void)snprintf(b, sizeof(b), "%s/%s", top, to);
	MUST(rename(a, b));
}

/* As a mount of an overlay leaves it: work/work/incompat/volatile/dirty, upper with @file. */
static void use_layer(int layer, const char *file)
{
	static const char *const dirs[] = { "upper", "work", "work/work", "work/work/incompat",
					    "work/work/incompat/volatile" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(layer, dirs[i], 0700) < 0)
			assert_int_equal(errno, EEXIST);
	if (mknodat(layer, "work/work/incompat/volatile/dirty", S_IFREG | 0600, 0) < 0)
		assert_int_equal(errno, EEXIST);
	if (file) {
		char path[64];

		(void)snprintf(path, sizeof(path), "upper/%s", file);
		MUST(mknodat(layer, path, S_IFREG | 0600, 0));
	}
}

static void the_next_pod_gets_directories_but_nothing_that_was_in_them(void **unused)
{
	(void)unused;

	struct mp_state_dir dir = new_pod("a", "uid-a");
	mp_auto_fd layer = -EBADF;

	assert_int_equal(mp_state_dir_layer(&dir, "one", &layer, NULL), 0);
	use_layer(layer, "secret");
	assert_int_equal(mp_state_dir_drop_layer(&dir, "one", NULL), 0);
	end_pod(&dir);
	assert_false(is_there("lib/pods/uid-a"));
	assert_true(is_there("lib/spare/0/spare/work"));
	assert_false(is_there("lib/spare/0/spare/upper"));

	mp_closep(&layer);
	dir = new_pod("b", "uid-b");
	assert_int_equal(mp_state_dir_layer(&dir, "two", &layer, NULL), 0);
	assert_false(is_there("lib/spare/0"));
	assert_true(is_there("lib/pods/uid-b/two/work"));
	assert_false(is_there("lib/pods/uid-b/two/upper"));
	use_layer(layer, NULL);
	assert_int_equal(mp_state_dir_drop_layer(&dir, "two", NULL), 0);
	end_pod(&dir);
	assert_true(is_there("lib/spare/0/spare/work"));
	assert_false(is_there("lib/spare/1"));
}

static void one_layer_of_a_pod_is_kept_and_the_others_go(void **unused)
{
	(void)unused;

	struct mp_state_dir dir = new_pod("a", "uid-a");
	mp_auto_fd one = -EBADF;
	mp_auto_fd two = -EBADF;

	assert_int_equal(mp_state_dir_layer(&dir, "one", &one, NULL), 0);
	assert_int_equal(mp_state_dir_layer(&dir, "two", &two, NULL), 0);
	use_layer(one, NULL);
	use_layer(two, NULL);
	assert_int_equal(mp_state_dir_drop_layer(&dir, "one", NULL), 0);
	assert_int_equal(mp_state_dir_drop_layer(&dir, "two", NULL), 0);
	assert_true(is_there("lib/pods/uid-a/spare/work"));
	assert_false(is_there("lib/pods/uid-a/one"));
	assert_false(is_there("lib/pods/uid-a/two"));
	end_pod(&dir);
}

static void what_else_a_pod_left_is_removed_and_not_kept(void **unused)
{
	(void)unused;

	struct mp_state_dir dir = new_pod("a", "uid-a");
	mp_auto_fd layer = -EBADF;

	assert_int_equal(mp_state_dir_layer(&dir, "one", &layer, NULL), 0);
	use_layer(layer, NULL);
	MUST(mkdirat(layer, "work/index", 0700)); /* not what the kernel makes for us */
	assert_int_equal(mp_state_dir_drop_layer(&dir, "one", NULL), 0);
	MUST(mkdirat(dir.lib_fd, "volumes", 0700));
	end_pod(&dir);
	assert_false(is_there("lib/pods/uid-a"));
	for (int i = 0; i < 4; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "lib/spare/%d/volumes", i);
		assert_false(is_there(path));
	}
}

static void only_so_many_spares_are_kept(void **unused)
{
	struct mp_state_dir dirs[6];
	mp_auto_fd layer = -EBADF;

	(void)unused;
	for (size_t i = 0; i < 6; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "p%zu", i);
		dirs[i] = new_pod(name, name);
		assert_int_equal(mp_state_dir_layer(&dirs[i], "one", &layer, NULL), 0);
		use_layer(layer, NULL);
		mp_closep(&layer);
	}
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(mp_state_dir_drop_layer(&dirs[i], "one", NULL), 0);
		end_pod(&dirs[i]);
	}
	assert_true(is_there("lib/spare/3"));
	assert_false(is_there("lib/spare/4"));
	assert_false(is_there("lib/pods/p5"));
}

static void a_hidden_pod_is_removed_and_its_namesake_is_not(void **unused)
{
	(void)unused;

	struct mp_state_dir old = new_pod("a", "uid-old");

	move("run/pods/default_a", "run/pods/.default_a_uid-old");

	struct mp_state_dir new = new_pod("a", "uid-new");

	end_pod(&old);
	assert_false(is_there("run/pods/.default_a_uid-old"));
	assert_true(is_there("run/pods/default_a"));
	end_pod(&new);
	assert_false(is_there("run/pods/default_a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_next_pod_gets_directories_but_nothing_that_was_in_them, make_top,
			remove_top),
		cmocka_unit_test_setup_teardown(one_layer_of_a_pod_is_kept_and_the_others_go,
						make_top, remove_top),
		cmocka_unit_test_setup_teardown(what_else_a_pod_left_is_removed_and_not_kept,
						make_top, remove_top),
		cmocka_unit_test_setup_teardown(only_so_many_spares_are_kept, make_top, remove_top),
		cmocka_unit_test_setup_teardown(a_hidden_pod_is_removed_and_its_namesake_is_not,
						make_top, remove_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
