/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir_name[64];

static void other_file_systems_below_a_tree_are_left_alone(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	char mounted[96], precious[128], sibling[96];

	(void)snprintf(mounted, sizeof(mounted), "%s/tree/a/mounted", dir_name);
	(void)snprintf(precious, sizeof(precious), "%s/precious", mounted);
	(void)snprintf(sibling, sizeof(sibling), "%s/tree/sibling", dir_name);
	assert_int_equal(mp_dir_make(AT_FDCWD, mounted, 0700, NULL), 0);
	assert_int_equal(mp_dir_make(AT_FDCWD, sibling, 0700, NULL), 0);
	assert_int_equal(mount("tmpfs", mounted, "tmpfs", 0, NULL), 0);
	assert_int_equal(mkdir(precious, 0700), 0);

	mp_auto_fd dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(mp_tree_remove(dir, "tree", &err), -EXDEV);
	assert_string_equal(err.msg, "remove tree: 'mounted': Invalid cross-device link");
	assert_int_equal(access(precious, F_OK), 0);
	assert_int_equal(access(sibling, F_OK), -1); /* the rest is gone */
	assert_int_equal(umount2(mounted, MNT_DETACH), 0);
	assert_int_equal(mp_tree_remove(dir, "tree", &err), 0);
}

/* The same through a bind mount of the same file system, where device numbers say nothing. */
static void a_bind_mount_below_a_tree_is_left_alone(void **unused)
{
	(void)unused;
	char source[96], file[128], target[96];

	(void)snprintf(source, sizeof(source), "%s/host", dir_name);
	(void)snprintf(file, sizeof(file), "%s/host/precious", dir_name);
	(void)snprintf(target, sizeof(target), "%s/tree/bound", dir_name);
	assert_int_equal(mp_dir_make(AT_FDCWD, file, 0700, NULL), 0);
	assert_int_equal(mp_dir_make(AT_FDCWD, target, 0700, NULL), 0);
	assert_int_equal(mount(source, target, NULL, MS_BIND, NULL), 0);

	mp_auto_fd dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(mp_tree_remove(dir, "tree", NULL), -EXDEV);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(umount2(target, MNT_DETACH), 0);
	assert_int_equal(mp_tree_remove(dir, "tree", NULL), 0);
	assert_int_equal(access(file, F_OK), 0);
}

static void what_cannot_be_removed_does_not_keep_the_rest(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	char stuck[96], other[96];

	(void)snprintf(stuck, sizeof(stuck), "%s/tree/a/stuck", dir_name);
	(void)snprintf(other, sizeof(other), "%s/tree/b/c", dir_name);
	assert_int_equal(mp_dir_make(AT_FDCWD, stuck, 0700, NULL), 0);
	assert_int_equal(mp_dir_make(AT_FDCWD, other, 0700, NULL), 0);
	assert_int_equal(mount(stuck, stuck, NULL, MS_BIND, NULL), 0);

	mp_auto_fd dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(mp_tree_remove(dir, "tree", &err), -EXDEV);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(umount2(stuck, MNT_DETACH), 0);
	assert_int_equal(mp_tree_remove(dir, "tree", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_file_systems_below_a_tree_are_left_alone),
		cmocka_unit_test(a_bind_mount_below_a_tree_is_left_alone),
		cmocka_unit_test(what_cannot_be_removed_does_not_keep_the_rest),
	};

	/* Mounts of these tests are seen by nobody else and end with this process. */
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		(void)fprintf(stderr, "skipped: needs root and a mount namespace\n");
		return 77;
	}
	(void)snprintf(dir_name, sizeof(dir_name), "/tmp/minipod-test-tree-XXXXXX");
	if (!mkdtemp(dir_name))
		return 1;

	const int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return mp_tree_remove(AT_FDCWD, dir_name, NULL) < 0 ? 1 : failed;
}
