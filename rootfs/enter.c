/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mount point is found below the root's descriptor at the moment it is used, after the
 * mounts before it are in place, and what is mounted on it is named by descriptor too: no path of
 * the image is ever interpreted outside the image. The standard mount points must not be behind
 * symbolic links at all, so that what looks like /proc is /proc.
 *
 * The root is attached over "/" of the new mount namespace, which needs no directory anywhere;
 * pivot_root(".", ".") then puts the old root on top of it, from where it is unmounted.
 */
#include "rootfs/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "rootfs/fsctx.h"
#include "rootfs/resolve.h"
#include "rootfs/rootfs.h"

#define DIR_MODE 0755

/* A mount that still propagated could take the host's own mounts along when we unmount. */
static int isolate(const void *arg)
{
	const struct mount_attr attr = { .propagation = MS_PRIVATE };

	(void)arg;
	return mp_sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr);
}

static int attach_root(const void *arg)
{
	const struct mp_rootfs *rootfs = arg;

	return mp_sys_move_mount(rootfs->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
}

static int attach(const struct mp_rootfs_mount *m, int mount_fd)
{
	const int target = mp_resolve_make(m->rootfs->root_fd, m->step->target,
					   m->is_dir ? MP_RESOLVE_MAKE_DIR : MP_RESOLVE_MAKE_FILE,
					   DIR_MODE, m->step->is_nofollow);

	if (target < 0)
		return target;

	int r = mp_mount_attach(mount_fd, target);
	struct stat st = { .st_mode = 0 };

	/* The kernel's word for a directory over a file, and for much else. */
	if (r == -EINVAL && mp_raw_fstat(target, &st) == 0 && S_ISDIR(st.st_mode) != m->is_dir)
		r = m->is_dir ? -ENOTDIR : -EISDIR;
	mp_raw_close(target);
	return r;
}

static int attach_prepared(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;

	return attach(m, m->fd);
}

/* Does the mount at the target show what was checked? */
static bool is_same(int a, int b)
{
	struct stat x = { .st_ino = 0 }, y = { .st_ino = 0 };

	return mp_raw_fstat(a, &x) == 0 && mp_raw_fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Bound in one step, so that nothing mounted there meanwhile is missed; see prepare.c. */
static int attach_followed(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;
	struct mount_attr whole = { .propagation = m->propagation };
	const struct mount_attr top = { .attr_set = m->step->attrs };
	const int target = mp_resolve_make(m->rootfs->root_fd, m->step->target, MP_RESOLVE_MAKE_DIR,
					   DIR_MODE, m->step->is_nofollow);
	int r = target < 0 ? target : mp_raw_fchdir(target);

	if (r >= 0)
		r = mp_raw_mount(m->follow, ".", MS_BIND | MS_REC);
	if (target >= 0)
		mp_raw_close(target);
	if (r < 0)
		return r;

	const int made = mp_resolve_open(m->rootfs->root_fd, m->step->target, O_PATH, 0);

	if (made < 0)
		return made;
	if (m->is_recursive_readonly)
		whole.attr_set = MOUNT_ATTR_RDONLY;
	r = is_same(made, m->fd) ? mp_mount_set(made, AT_RECURSIVE, &whole) : -ESTALE;
	if (r >= 0 && top.attr_set != 0)
		r = mp_mount_set(made, 0, &top);
	mp_raw_close(made);
	return r;
}

static int attach_new(const struct mp_rootfs_mount *m, const char *type)
{
	const int fd = mp_fs_new(type, NULL, 0, m->step->attrs);

	if (fd < 0)
		return fd;

	const int r = attach(m, fd);

	mp_raw_close(fd);
	return r;
}

static int mount_proc(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;

	return m->fd >= 0 ? attach(m, m->fd) : attach_new(m, "proc");
}

static int mount_sysfs(const void *arg)
{
	return attach_new(arg, "sysfs");
}

static int mount_mqueue(const void *arg)
{
	return attach_new(arg, "mqueue");
}

static int mount_console(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;
	const int pts =
		mp_resolve_open(m->rootfs->root_fd, "/dev/pts/0", O_PATH, RESOLVE_NO_SYMLINKS);

	if (pts < 0)
		return pts;

	const int fd = mp_mount_clone(pts, 0);
	int r = fd;

	if (fd >= 0) {
		r = attach(m, fd);
		mp_raw_close(fd);
	}
	mp_raw_close(pts);
	return r;
}

/* What is to be hidden or protected, if it is there. */
static int open_existing(const struct mp_rootfs_mount *m)
{
	const int fd =
		mp_resolve_open(m->rootfs->root_fd, m->step->target, O_PATH, RESOLVE_NO_SYMLINKS);

	return fd == -ENOTDIR ? -ENOENT : fd;
}

/*
 * The mask itself covers the first directory, copies of it the others: before 6.15 a detached mount
 * cannot be copied, and closing one that was never attached waits for an RCU grace period.
 */
static int hide_dir(const struct mp_rootfs *rootfs, int target)
{
	int r, copy;

	if (!*rootfs->is_mask_attached) {
		r = mp_mount_attach(rootfs->mask_fd, target);
		*rootfs->is_mask_attached = r >= 0;
		return r;
	}
	copy = mp_mount_clone(rootfs->mask_fd, 0);
	if (copy < 0)
		return copy;
	r = mp_mount_attach(copy, target);
	mp_raw_close(copy);
	return r;
}

static int hide_file(const struct mp_rootfs *rootfs, int target)
{
	/* Not for the device, which may be written to either way, but for its owner and mode. */
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						     MOUNT_ATTR_NOEXEC };
	const int copy = mp_mount_clone(rootfs->null_fd, 0);

	if (copy < 0)
		return copy;

	int r = mp_mount_set(copy, 0, &attr);

	if (r >= 0)
		r = mp_mount_attach(copy, target);
	mp_raw_close(copy);
	return r;
}

static int hide(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;
	const int target = open_existing(m);
	struct stat st = { .st_mode = 0 };
	int r;

	if (target < 0)
		return target == -ENOENT ? 0 : target;
	r = mp_raw_fstat(target, &st);
	if (r >= 0)
		r = S_ISDIR(st.st_mode) ? hide_dir(m->rootfs, target) :
					  hide_file(m->rootfs, target);
	mp_raw_close(target);
	return r;
}

static int protect(const void *arg)
{
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const struct mp_rootfs_mount *m = arg;
	const int target = open_existing(m);

	if (target < 0)
		return target == -ENOENT ? 0 : target;

	const int copy = mp_mount_clone(target, AT_RECURSIVE);
	int r = copy;

	if (copy >= 0) {
		r = mp_mount_set(copy, AT_RECURSIVE, &attr);
		if (r >= 0)
			r = mp_mount_attach(copy, target);
		mp_raw_close(copy);
	}
	mp_raw_close(target);
	return r;
}

static int keep_writable(const void *arg)
{
	const struct mp_rootfs_mount *m = arg;
	const int target = mp_resolve_make(m->rootfs->root_fd, m->step->target, MP_RESOLVE_MAKE_DIR,
					   DIR_MODE, false);

	if (target < 0)
		return target;

	const int copy = mp_mount_clone(target, 0);
	int r = copy;

	if (copy >= 0) {
		r = mp_mount_attach(copy, target);
		mp_raw_close(copy);
	}
	mp_raw_close(target);
	return r;
}

static int make_cwd(const void *arg)
{
	const struct mp_rootfs *rootfs = arg;
	const int fd =
		mp_resolve_make(rootfs->root_fd, rootfs->cwd, MP_RESOLVE_MAKE_DIR, DIR_MODE, false);

	if (fd < 0)
		return fd;
	mp_raw_close(fd);
	return 0;
}

static int pivot(const void *arg)
{
	const struct mp_rootfs *rootfs = arg;
	int r = mp_raw_fchdir(rootfs->root_fd);

	if (r >= 0)
		r = mp_raw_pivot_root(".", ".");
	return r;
}

/* The old root is still connected: with nobody, before anything in it is unmounted. */
static int pivot_and_isolate(const void *arg)
{
	const struct mount_attr attr = { .propagation = MS_PRIVATE };
	const int old = mp_raw_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	int r;

	if (old < 0)
		return old;
	r = pivot(arg);
	if (r >= 0)
		r = mp_mount_set(old, AT_RECURSIVE, &attr);
	mp_raw_close(old);
	return r;
}

static int drop_old_root(const void *arg)
{
	const struct mp_rootfs *rootfs = arg;
	int r = mp_raw_umount2(".", MNT_DETACH);

	if (r >= 0)
		r = mp_raw_fchdir(rootfs->root_fd);
	return r;
}

static int make_readonly(const void *arg)
{
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const struct mp_rootfs *rootfs = arg;

	return mp_mount_set(rootfs->root_fd, 0, &attr);
}

int mp_enter_cwd(const void *path)
{
	const int root = mp_raw_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	if (root < 0)
		return root;

	const int fd = mp_resolve_open(root, path, O_PATH | O_DIRECTORY, 0);
	int r = fd;

	if (fd >= 0) {
		r = mp_raw_fchdir(fd);
		mp_raw_close(fd);
	}
	mp_raw_close(root);
	return r;
}

static int (*runner(enum mp_mount_kind kind))(const void *)
{
	switch (kind) {
	case MP_MOUNT_PROC:
		return mount_proc;
	case MP_MOUNT_SYSFS:
		return mount_sysfs;
	case MP_MOUNT_MQUEUE:
		return mount_mqueue;
	case MP_MOUNT_CONSOLE:
		return mount_console;
	case MP_MOUNT_MASK:
		return hide;
	case MP_MOUNT_READONLY:
		return protect;
	case MP_MOUNT_KEPT:
		return keep_writable;
	case MP_MOUNT_DEV:
	case MP_MOUNT_DEVPTS:
	case MP_MOUNT_SHM:
	case MP_MOUNT_CGROUP_ROOT:
	case MP_MOUNT_CGROUP:
	case MP_MOUNT_BIND:
		return attach_prepared;
	}
	return attach_prepared;
}

int mp_enter_plan(struct mp_rootfs *rootfs, struct mp_error *err)
{
	struct mp_rootfs_op *ops =
		mp_arena_alloc(&rootfs->arena, rootfs->n_mounts + 7, sizeof(*ops));
	size_t n = 0;

	if (!ops)
		return mp_fail(err, ENOMEM, "plan the root's steps");
	if (!rootfs->has_followers)
		ops[n++] = (struct mp_rootfs_op){ "isolate mounts", isolate, rootfs };
	ops[n++] = (struct mp_rootfs_op){ "attach root", attach_root, rootfs };
	for (size_t i = 0; i < rootfs->n_mounts; i++) {
		const struct mp_rootfs_mount *m = &rootfs->mounts[i];

		ops[n++] = (struct mp_rootfs_op){
			m->step->what, m->follow ? attach_followed : runner(m->step->kind), m
		};
	}
	ops[n++] = (struct mp_rootfs_op){ "make working directory", make_cwd, rootfs };
	ops[n++] =
		(struct mp_rootfs_op){ "pivot root",
				       rootfs->has_followers ? pivot_and_isolate : pivot, rootfs };
	ops[n++] = (struct mp_rootfs_op){ "drop old root", drop_old_root, rootfs };
	if (rootfs->is_root_readonly)
		ops[n++] = (struct mp_rootfs_op){ "make root read-only", make_readonly, rootfs };
	ops[n] = (struct mp_rootfs_op){ "enter working directory", mp_enter_cwd, rootfs->cwd };
	rootfs->ops = ops;
	rootfs->n_ops = n;
	return 0;
}

const struct mp_rootfs_op *mp_rootfs_ops(const struct mp_rootfs *rootfs, size_t *ret_n)
{
	*ret_n = rootfs->n_ops;
	return rootfs->ops;
}

const struct mp_rootfs_op *mp_rootfs_cwd_op(const struct mp_rootfs *rootfs)
{
	return &rootfs->ops[rootfs->n_ops];
}
