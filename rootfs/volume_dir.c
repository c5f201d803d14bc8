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

static bool is_mount_root(int fd)
{
	struct statx sx = { .stx_mask = 0 };

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &sx) == 0 &&
	       (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

struct tmpfs {
	uint64_t size_bytes;
	mode_t mode;
};

static int new_tmpfs(const void *ctx)
{
	const struct tmpfs *tmpfs = ctx;
	char size[32], bits[16];
	struct mp_fs_option options[3] = { { "mode", bits } };
	size_t n = 1;

	(void)snprintf(bits, sizeof(bits), "%o", (unsigned int)tmpfs->mode);
	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)tmpfs->size_bytes);
	if (tmpfs->size_bytes > 0)
		options[n++] = (struct mp_fs_option){ "size", size };
	options[n++] = (struct mp_fs_option){ "noswap", NULL };

	int fd = mp_fs_new("tmpfs", options, n, 0);

	if (fd == -EINVAL) /* noswap: 6.4 */
		fd = mp_fs_new("tmpfs", options, n - 1, 0);
	return fd;
}

/* A mount of its own on the volume's directory; what is there from before stays. */
static int mount_once(int parent_fd, const char *name, int (*make)(const void *ctx),
		      const void *ctx, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;

	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return mp_fail(err, errno, "make volume %s", name);

	int r = open_dir(parent_fd, name, &fd, err);

	if (r < 0)
		return r;
	if (!is_mount_root(fd)) {
		mp_auto_fd mount = make(ctx);

		if (mount < 0)
			return mp_fail(err, -mount, "new file system for volume %s", name);
		r = mp_mount_attach(mount, fd);
		if (r < 0)
			return mp_fail(err, -r, "mount volume %s", name);
		mp_closep(&fd);
		r = open_dir(parent_fd, name, &fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_volume_tmpfs(int parent_fd, const char *name, uint64_t size_bytes, mode_t mode, int *ret_fd,
		    struct mp_error *err)
{
	const struct tmpfs tmpfs = { size_bytes, mode };

	return mount_once(parent_fd, name, new_tmpfs, &tmpfs, ret_fd, err);
}

static int new_hugetlbfs(const void *ctx)
{
	const struct mp_fs_option options[] = { { "mode", "0777" }, { "pagesize", ctx } };

	return mp_fs_new("hugetlbfs", options, 2, 0);
}

int mp_volume_hugetlbfs(int parent_fd, const char *name, const char *page_size, int *ret_fd,
			struct mp_error *err)
{
	struct mp_error why = MP_ERROR_NONE;
	const int r = mount_once(parent_fd, name, new_hugetlbfs, page_size, ret_fd, &why);

	if (r == -EINVAL || r == -ENODEV)
		return mp_fail_text(err, -r, "this machine has no huge pages of %s", page_size);
	if (r < 0 && err)
		*err = why;
	return r;
}

static int copy_private(const void *ctx)
{
	const struct mount_attr attr = { .propagation = MS_PRIVATE };
	const int copy = mp_mount_clone(*(const int *)ctx, 0);
	const int r = copy < 0 ? copy : mp_mount_set(copy, 0, &attr);

	if (r < 0 && copy >= 0)
		(void)close(copy);
	return r < 0 ? r : copy;
}

int mp_volume_share(int parent_fd, const char *name, int *fd, struct mp_error *err)
{
	const struct mount_attr attr = { .propagation = MS_SHARED };
	int mount = -EBADF;
	int r = mount_once(parent_fd, name, copy_private, fd, &mount, err);

	if (r < 0)
		return r;
	mp_closep(fd);
	*fd = mount;
	r = mp_mount_set(mount, 0, &attr);
	return r < 0 ? mp_fail(err, -r, "share the mounts of volume %s", name) : 0;
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
