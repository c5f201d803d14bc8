/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RESOLVE_BENEATH and not RESOLVE_IN_ROOT: a link that points out of the volume is an error, as
 * Kubernetes has it, and not silently another place inside.
 */
#include "rootfs/subpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

static int open_beneath(int volume_fd, const char *path, uint64_t flags)
{
	return mp_sys_openat2(volume_fd, path[0] ? path : ".", flags | O_CLOEXEC, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

/*
 * An absolute link may lead back into the volume when it is followed on the host (of a hostPath, say).
 * Where it leads is looked up first, and then opened without following any link at all.
 */
static int open_by_host_path(int volume_fd, const char *sub_path)
{
	char link[32], root[PATH_MAX], path[2 * PATH_MAX], real[PATH_MAX];
	size_t len;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", volume_fd);
	n = readlink(link, root, sizeof(root) - 1);
	if (n < 0)
		return -errno;
	root[n] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", root, sub_path);
	if (!realpath(path, real))
		return errno == ENOENT ? -EXDEV : -errno; /* nothing is made behind such a link */
	len = strlen(root);
	if (strncmp(real, root, len) != 0 || (real[len] != '/' && real[len] != '\0'))
		return -EXDEV;
	return mp_sys_openat2(volume_fd, real[len] ? real + len + 1 : ".", O_PATH | O_CLOEXEC, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* Makes the directory whose whole path is @path; its parent is there. */
static int make_one(int volume_fd, const char *path, mode_t mode)
{
	char parent_path[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const size_t n = slash ? (size_t)(slash - path) : 0;

	memcpy(parent_path, path, n);
	parent_path[n] = '\0';

	mp_auto_fd parent = open_beneath(volume_fd, parent_path, O_PATH | O_DIRECTORY);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;

	/* By descriptor: a path could be a symbolic link by now. */
	mp_auto_fd made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return made < 0 || fchmod(made, mode) < 0 ? -errno : 0;
}

static int make_missing(int volume_fd, const char *sub_path)
{
	char path[PATH_MAX];
	struct stat root;
	size_t len = 0;

	if (fstat(volume_fd, &root) < 0)
		return -errno;
	for (const char *at = sub_path; *at;) {
		const char *end = strchrnul(at, '/');
		const size_t n = (size_t)(end - at);

		if (n > 0) {
			if (len > 0)
				path[len++] = '/';
			memcpy(path + len, at, n);
			len += n;
			path[len] = '\0';

			mp_auto_fd fd = open_beneath(volume_fd, path, O_PATH | O_DIRECTORY);
			int r = fd;

			if (fd == -ENOENT)
				r = make_one(volume_fd, path, root.st_mode & 07777U);
			if (r < 0)
				return r;
		}
		at = *end ? end + 1 : end;
	}
	return 0;
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');

		if (end - at == 2 && at[0] == '.' && at[1] == '.')
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}

int mp_subpath_open(int volume_fd, const char *sub_path, const char *volume, const char *container,
		    int *ret_fd, struct mp_error *err)
{
	int r = 0;
	mp_auto_fd fd = -EBADF;

	if (sub_path[0] == '/' || has_dotdot(sub_path) || strlen(sub_path) >= PATH_MAX)
		r = -EINVAL;
	if (r == 0)
		r = fd = open_beneath(volume_fd, sub_path, O_PATH);
	if (r == -EXDEV)
		r = fd = open_by_host_path(volume_fd, sub_path);
	if (r == -ENOENT) {
		r = make_missing(volume_fd, sub_path);
		if (r < 0)
			return mp_fail_text(err, -r,
					    "failed to create subPath directory for volumeMount "
					    "\"%s\" of container \"%s\"",
					    volume, container);
		r = fd = open_beneath(volume_fd, sub_path, O_PATH);
	}
	if (r < 0)
		return mp_fail_text(err, -r,
				    "failed to prepare subPath for volumeMount \"%s\" of container "
				    "\"%s\"",
				    volume, container);
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}
