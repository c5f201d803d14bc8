/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "rootfs/fsctx.h"
#include "rootfs/resolve.h"
#include "rootfs/tree.h"
#include "rootfs/volumes.h"
#include "runtime/base/auto.h"

static int open_dir(int parent_fd, const char *name, int *ret_fd, struct mp_error *err)
{
	const int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open volume %s", name);
	*ret_fd = fd;
	return 0;
}

int mp_volume_dir(int parent_fd, const char *name, int *ret_fd, struct mp_error *err)
{
	const bool is_new = mkdirat(parent_fd, name, 0700) == 0;
	mp_auto_fd fd = -EBADF;

	if (!is_new && errno != EEXIST)
		return mp_fail(err, errno, "make volume %s", name);

	int r = open_dir(parent_fd, name, &fd, err);

	if (r < 0)
		return r;
	/* Only a new one: fsGroup may have changed an old one since. */
	if (is_new && fchmod(fd, 0777) < 0)
		return mp_fail(err, errno, "set mode of volume %s", name);
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static int new_tmpfs(uint64_t size_bytes, mode_t mode)
{
	char size[32], bits[16];
	struct mp_fs_option options[3] = { { "mode", bits } };
	size_t n = 1;

	(void)snprintf(bits, sizeof(bits), "%o", (unsigned int)mode);
	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)size_bytes);
	if (size_bytes > 0)
		options[n++] = (struct mp_fs_option){ "size", size };
	options[n++] = (struct mp_fs_option){ "noswap", NULL };

	int fd = mp_fs_new("tmpfs", options, n, 0);

	if (fd == -EINVAL) /* noswap: 6.4 */
		fd = mp_fs_new("tmpfs", options, n - 1, 0);
	return fd;
}

int mp_volume_tmpfs(int parent_fd, const char *name, uint64_t size_bytes, mode_t mode, int *ret_fd,
		    struct mp_error *err)
{
	struct stat parent, here;
	mp_auto_fd fd = -EBADF;

	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return mp_fail(err, errno, "make volume %s", name);

	int r = open_dir(parent_fd, name, &fd, err);

	if (r < 0)
		return r;
	if (fstat(parent_fd, &parent) < 0 || fstat(fd, &here) < 0)
		return mp_fail(err, errno, "look at volume %s", name);
	if (parent.st_dev == here.st_dev) {
		mp_auto_fd tmpfs = new_tmpfs(size_bytes, mode);

		if (tmpfs < 0)
			return mp_fail(err, -tmpfs, "new tmpfs for volume %s", name);
		r = mp_mount_attach(tmpfs, fd);
		if (r < 0)
			return mp_fail(err, -r, "mount tmpfs of volume %s", name);
		mp_closep(&fd);
		r = open_dir(parent_fd, name, &fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_volume_subdir(int dir_fd, const char *path, struct mp_error *err)
{
	mp_auto_fd fd = mp_resolve_make(dir_fd, path, MP_RESOLVE_MAKE_DIR, 0755, false);

	return fd < 0 ? mp_fail(err, -fd, "make mount point %s in the volume", path) : 0;
}

int mp_volume_remove(int parent_fd, const char *name, struct mp_error *err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent_fd, name);
	/* Mounts stack; each round takes the topmost. Not a mount point: EINVAL ends it. */
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return mp_tree_force_remove(parent_fd, name, err);
}
