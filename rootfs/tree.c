/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define DEPTH_MAX 64 /* descriptors held at a time; deeper marks are found on a later round */
#define ROUNDS    256

/* Returns whether a mark was taken off. */
static bool unmark(int fd)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return false;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

static bool unmark_below(int dir_fd, const char *name, int depth)
{
	const int fd = mp_sys_openat2(dir_fd, name,
				      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0,
				      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	bool did = false;
	struct stat st;

	if (fd < 0)
		return false;
	did = unmark(fd);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode) || depth == 0) {
		(void)close(fd);
		return did;
	}

	DIR *dir = fdopendir(fd);

	if (!dir) {
		(void)close(fd);
		return did;
	}
	for (const struct dirent *e; (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		/* Opening a device or a fifo could have effects; they cannot be marked anyway. */
		if (e->d_type != DT_DIR && e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
			continue;
		did |= unmark_below(dirfd(dir), e->d_name, depth - 1);
	}
	(void)closedir(dir);
	return did;
}

int mp_tree_force_remove(int dir_fd, const char *name, struct mp_error *err)
{
	int r = mp_tree_remove(dir_fd, name, err);

	for (int round = 0; (r == -EPERM || r == -EACCES) && round < ROUNDS; round++) {
		if (!unmark_below(dir_fd, name, DEPTH_MAX))
			break;
		r = mp_tree_remove(dir_fd, name, err);
	}
	if (r == 0 && err)
		*err = MP_ERROR_NONE;
	return r;
}
