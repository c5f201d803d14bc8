/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is checked is what is handed out: the descriptor is opened first and looked at, not the
 * path again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/volumes.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

static int make_file(const char *path, struct mp_error *err)
{
	mp_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno == EEXIST ? 0 : mp_fail(err, errno, "create %s", path);
	return fchmod(fd, 0644) < 0 ? mp_fail(err, errno, "create %s", path) : 0;
}

/* What the mode must be, in the words of the message; NULL = anything. */
static const char *wanted(enum mp_host_path_type type, mode_t mode)
{
	switch (type) {
	case MP_HOST_PATH_ANY:
		return NULL;
	case MP_HOST_PATH_DIRECTORY_OR_CREATE:
	case MP_HOST_PATH_DIRECTORY:
		return S_ISDIR(mode) ? NULL : "a directory";
	case MP_HOST_PATH_FILE_OR_CREATE:
	case MP_HOST_PATH_FILE:
		return S_ISREG(mode) ? NULL : "a file";
	case MP_HOST_PATH_SOCKET:
		return S_ISSOCK(mode) ? NULL : "a socket file";
	case MP_HOST_PATH_CHAR_DEVICE:
		return S_ISCHR(mode) ? NULL : "a character device";
	case MP_HOST_PATH_BLOCK_DEVICE:
		return S_ISBLK(mode) ? NULL : "a block device";
	}
	return NULL;
}

static int make(const char *path, enum mp_host_path_type type, struct mp_error *err)
{
	if (type == MP_HOST_PATH_FILE_OR_CREATE)
		return make_file(path, err);
	return mp_dir_make(AT_FDCWD, path, 0755, err);
}

static bool is_made(enum mp_host_path_type type)
{
	return type == MP_HOST_PATH_ANY || type == MP_HOST_PATH_DIRECTORY_OR_CREATE ||
	       type == MP_HOST_PATH_FILE_OR_CREATE;
}

int mp_volume_host_path(const char *path, enum mp_host_path_type type, int *ret_fd,
			struct mp_error *err)
{
	mp_auto_fd fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st = { .st_mode = 0 };

	if (fd < 0 && errno == ENOENT && is_made(type)) {
		int r = make(path, type, err);

		if (r < 0)
			return r;
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (fd < 0 && (errno != ENOENT || is_made(type)))
		return mp_fail(err, errno, "open %s", path);
	if (fd >= 0 && fstat(fd, &st) < 0)
		return mp_fail(err, errno, "look at %s", path);

	const char *want = wanted(type, st.st_mode);

	if (want)
		return mp_fail_text(err, fd < 0 ? ENOENT : EINVAL,
				    "hostPath type check failed: %s is not %s", path, want);
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}
