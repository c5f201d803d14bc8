/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define SELF  "/proc/self/exe"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Both kinds are as they should be already: the mount's flag, or the seals. */
static bool is_sealed(void)
{
	struct statvfs fs;
	mp_auto_fd fd = open(SELF, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	return fcntl(fd, F_GET_SEALS) >= SEALS;
}

/* A mount of the file alone, read-only; it belongs to no namespace, so nobody can change it. */
static int open_mount(int *ret_fd)
{
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	mp_auto_fd fd = mp_sys_open_tree(AT_FDCWD, SELF, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int r;

	if (fd < 0)
		return fd;
	r = mp_sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr);
	if (r == 0)
		*ret_fd = mp_steal_fd(&fd);
	return r;
}

static int open_copy(int *ret_fd)
{
	mp_auto_fd from = open(SELF, O_RDONLY | O_CLOEXEC);
	mp_auto_fd to = mp_sys_memfd_create("minipod", true);
	struct stat st;
	off_t left;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return from < 0 ? -errno : to < 0 ? to : -errno;
	for (left = st.st_size; left > 0;) {
		const ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		left -= n;
	}
	if (fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret_fd = mp_steal_fd(&to);
	return 0;
}

int mp_seal_self(char **argv, struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;
	int r;

	if (is_sealed()) {
		/* Else it is the number of the descriptor we came from. */
		(void)prctl(PR_SET_NAME, "minipod");
		return 0;
	}
	r = open_mount(&fd);
	if (r < 0)
		r = open_copy(&fd);
	if (r < 0)
		return mp_fail(err, -r, "make a protected copy of our own program");
	(void)execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return mp_fail(err, errno, "execute our own program again");
}
