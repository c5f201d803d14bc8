/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

/* The directory and the mount it is reached by. */
static int same_place(int fd, bool *ret)
{
	struct statx a, b;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &a) < 0 ||
	    statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &b) < 0)
		return -errno;
	*ret = a.stx_ino == b.stx_ino && a.stx_mnt_id == b.stx_mnt_id &&
	       a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
	return 0;
}

int mp_mount_root_enter(int ns_fd, struct mp_error *err)
{
	mp_auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool is_same = false;
	int r;

	if (root < 0)
		return mp_fail(err, errno, "open the root directory");
	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return mp_fail(err, errno, "go to the root of our mount namespace");
	/* Before anything is mounted: nothing of ours may reach the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return mp_fail(err, errno, "make mounts private");
	r = same_place(root, &is_same);
	if (r < 0)
		return mp_fail(err, -r, "look at the root directory");
	if (is_same)
		return 0;

	mp_auto_fd tree = mp_sys_open_tree(
		root, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);

	if (tree < 0)
		return mp_fail(err, -tree, "copy the mounts of the chroot we are in");
	r = mp_sys_move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return mp_fail(err, -r, "mount the chroot we are in as a root");
	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return mp_fail(err, errno, "enter the chroot we were in");
	return 0;
}
