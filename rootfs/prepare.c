/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "rootfs/fsctx.h"
#include "rootfs/host_mount.h"
#include "rootfs/rootfs.h"
#include "runtime/base/auto.h"

#define SHM_BYTES ((uint64_t)64 << 20)
#define TTY_GID   5 /* the group tty, in every distribution */

static int propagation_of(enum mp_propagation p)
{
	switch (p) {
	case MP_PROPAGATION_PRIVATE:
		return MS_PRIVATE;
	case MP_PROPAGATION_SLAVE:
		return MS_SLAVE;
	case MP_PROPAGATION_SHARED:
		return MS_SHARED;
	}
	return MS_PRIVATE;
}

static int clone_source(const struct mp_rootfs_config *cfg, const struct mp_bind *bind, int source,
			int *ret_fd, struct mp_error *err)
{
	if (bind->propagation == MP_PROPAGATION_SHARED && !bind->is_pod_local)
		return mp_host_mount_clone(cfg->host_mnt_ns_fd, source, ret_fd, err);

	int fd = mp_mount_clone(source, AT_RECURSIVE);

	/* Before 6.15 a detached mount cannot be copied; it can still be moved, once. */
	if (fd == -EINVAL && bind->source_fd >= 0) {
		fd = fcntl(source, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			fd = -errno;
	}
	if (fd < 0)
		return mp_fail(err, -fd, "copy the mount of the source");
	*ret_fd = fd;
	return 0;
}

/*
 * What is mounted in a volume while a copy of it is not attached yet would not get there: the kernel
 * propagates nothing to detached mounts. Such a copy is therefore made by the child, in its own copy
 * of our mount namespace, which nothing escapes. Ids can be mapped in a detached mount only; and the
 * host's peers can be copied in the host's namespace only: there the gap remains.
 */
static bool is_followed(const struct mp_rootfs_config *cfg, const struct mp_bind *bind, bool is_dir)
{
	if (!is_dir || (cfg->userns_fd >= 0 && bind->is_idmapped))
		return false;
	return bind->propagation == MP_PROPAGATION_SLAVE ||
	       (bind->propagation == MP_PROPAGATION_SHARED && bind->is_pod_local);
}

static int prepare_followed(const struct mp_bind *bind, int source, struct mp_rootfs_mount *m,
			    struct mp_error *err)
{
	struct mp_rootfs *rootfs = m->rootfs;
	char link[32], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", source);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return mp_fail(err, errno, "find the path of the source");
	path[n] = '\0';
	m->fd = fcntl(source, F_DUPFD_CLOEXEC, 3);
	if (m->fd < 0)
		return mp_fail(err, errno, "keep the source");
	m->follow = mp_arena_strdup(&rootfs->arena, path);
	if (!m->follow)
		return mp_fail(err, ENOMEM, "keep the source");
	m->propagation = (uint64_t)propagation_of(bind->propagation);
	m->is_recursive_readonly = bind->is_readonly && bind->is_recursive_readonly;
	rootfs->has_followers = true;
	return 0;
}

static int prepare_bind(const struct mp_rootfs_config *cfg, const struct mp_bind *bind,
			struct mp_rootfs_mount *m, struct mp_error *err)
{
	struct mount_attr whole = { .propagation = (__u64)propagation_of(bind->propagation) };
	struct mount_attr top = { .attr_set = m->step->attrs };
	mp_auto_fd opened = -EBADF;
	int source = bind->source_fd;
	struct stat st;
	int r;

	if (source < 0) {
		opened = open(bind->source, O_PATH | O_CLOEXEC);
		if (opened < 0)
			return mp_fail(err, errno, "open %s", bind->source);
		source = opened;
	}
	if (fstat(source, &st) < 0)
		return mp_fail(err, errno, "look at the source");
	m->is_dir = S_ISDIR(st.st_mode);
	if (bind->propagation == MP_PROPAGATION_SLAVE && !bind->is_pod_local) {
		r = mp_host_mount_check(source, false, err);
		if (r < 0)
			return r;
	}
	if (is_followed(cfg, bind, m->is_dir))
		return prepare_followed(bind, source, m, err);
	r = clone_source(cfg, bind, source, &m->fd, err);
	if (r < 0)
		return r;
	/* Mounts below it keep their owners, which nobody inside is: as CRI's own mounts do. */
	if (cfg->userns_fd >= 0 && bind->is_idmapped) {
		r = mp_mount_idmap(m->fd, cfg->userns_fd);
		if (r == -EINVAL)
			return mp_fail_text(err, EINVAL, MP_NO_IDMAP);
		if (r < 0)
			return mp_fail(err, -r, "map its ids");
	}
	if (bind->is_readonly && bind->is_recursive_readonly)
		whole.attr_set |= MOUNT_ATTR_RDONLY;
	r = mp_mount_set(m->fd, AT_RECURSIVE, &whole);
	if (r < 0)
		return mp_fail(err, -r, "set the mount's attributes");
	if ((top.attr_set & ~whole.attr_set) == 0)
		return 0;
	r = mp_mount_set(m->fd, 0, &top);
	return r < 0 ? mp_fail(err, -r, "set the mount's attributes") : 0;
}

static int prepare_cgroup_root(const struct mp_mounts_config *cfg, struct mp_rootfs_mount *m,
			       struct mp_error *err)
{
	const struct mp_fs_option options[] = { { "mode", "0755" }, { "size", "1m" } };
	const struct mount_attr attr = { .attr_set = m->step->attrs };
	char part[64];

	m->fd = mp_fs_new("tmpfs", options, MP_ARRAY_SIZE(options), 0);
	if (m->fd < 0)
		return mp_fail(err, -m->fd, "new tmpfs");
	for (size_t i = 0; i < cfg->n_cgroups; i++) {
		const char *name = cfg->cgroups[i].name;

		if (mkdirat(m->fd, name, 0755) < 0)
			return mp_fail(err, errno, "make directory %s", name);
		if (!strchr(name, ','))
			continue;
		/* "cpu,cpuacct" can be found as either. */
		for (const char *at = name; *at;) {
			const char *end = strchrnul(at, ',');

			(void)snprintf(part, sizeof(part), "%.*s", (int)(end - at), at);
			if (symlinkat(name, m->fd, part) < 0 && errno != EEXIST)
				return mp_fail(err, errno, "make link %s", part);
			at = *end ? end + 1 : end;
		}
	}

	const int r = mp_mount_set(m->fd, 0, &attr);

	return r < 0 ? mp_fail(err, -r, "make it read-only") : 0;
}

static int prepare_cgroup(const struct mp_cgroup_mount *cgroup, struct mp_rootfs_mount *m,
			  struct mp_error *err)
{
	const struct mount_attr attr = { .attr_set = m->step->attrs, .propagation = MS_PRIVATE };
	int r;

	m->fd = mp_mount_clone(cgroup->dir_fd, 0);
	if (m->fd < 0)
		return mp_fail(err, -m->fd, "copy the mount of cgroup %s", cgroup->name);
	r = mp_mount_set(m->fd, 0, &attr);
	return r < 0 ? mp_fail(err, -r, "set the mount's attributes") : 0;
}

static int new_fs(const char *type, const struct mp_fs_option *options, size_t n,
		  struct mp_rootfs_mount *m, struct mp_error *err)
{
	m->fd = mp_fs_new(type, options, n, m->step->attrs);
	return m->fd < 0 ? mp_fail(err, -m->fd, "new %s", type) : 0;
}

static int prepare_shm(const struct mp_rootfs_config *cfg, struct mp_rootfs_mount *m,
		       struct mp_error *err)
{
	const uint64_t bytes = cfg->mounts.shm_bytes > 0 ? cfg->mounts.shm_bytes : SHM_BYTES;
	char size[32], uid[16], gid[16];
	const struct mp_fs_option options[] = {
		{ "mode", "1777" }, { "size", size }, { "uid", uid }, { "gid", gid }
	};
	const bool is_mapped = cfg->root_uid != 0 || cfg->root_gid != 0;

	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
	(void)snprintf(uid, sizeof(uid), "%u", cfg->root_uid);
	(void)snprintf(gid, sizeof(gid), "%u", cfg->root_gid);
	return new_fs("tmpfs", options, is_mapped ? 4 : 2, m, err);
}

static int prepare_devpts(const struct mp_rootfs_config *cfg, struct mp_rootfs_mount *m,
			  struct mp_error *err)
{
	char gid[16];
	const struct mp_fs_option options[] = {
		{ "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", gid }
	};

	(void)snprintf(gid, sizeof(gid), "%u", cfg->root_gid + TTY_GID);
	return new_fs("devpts", options, MP_ARRAY_SIZE(options), m, err);
}

static int open_null(struct mp_rootfs *rootfs, int dev_fd, struct mp_error *err)
{
	struct stat st;

	rootfs->null_fd = openat(dev_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (rootfs->null_fd < 0 || fstat(rootfs->null_fd, &st) < 0)
		return mp_fail(err, errno, "open its null device");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return mp_fail_text(err, EINVAL, "its null device is something else");
	return 0;
}

static int prepare_mask(struct mp_rootfs *rootfs, struct mp_error *err)
{
	const struct mp_fs_option options[] = { { "mode", "0755" }, { "size", "4k" } };

	if (rootfs->mask_fd >= 0)
		return 0;
	rootfs->mask_fd = mp_fs_new("tmpfs", options, MP_ARRAY_SIZE(options),
				    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					    MOUNT_ATTR_NOEXEC);
	return rootfs->mask_fd < 0 ? mp_fail(err, -rootfs->mask_fd, "new tmpfs") : 0;
}

static bool is_dev(const struct mp_mount_step *step)
{
	return strcmp(step->target, "/dev") == 0;
}

static int prepare_one(const struct mp_rootfs_config *cfg, struct mp_rootfs *rootfs,
		       struct mp_rootfs_mount *m, struct mp_error *err)
{
	const struct mp_mounts_config *mounts = &cfg->mounts;
	int r = 0;

	m->is_dir = true;
	switch (m->step->kind) {
	case MP_MOUNT_PROC:
	case MP_MOUNT_SYSFS:
	case MP_MOUNT_MQUEUE:
	case MP_MOUNT_READONLY:
	case MP_MOUNT_KEPT:
		return 0; /* they depend on the child's namespaces */
	case MP_MOUNT_CONSOLE:
		m->is_dir = false;
		return 0;
	case MP_MOUNT_DEV:
		r = mp_prepare_dev(cfg, &m->fd, err);
		break;
	case MP_MOUNT_DEVPTS:
		return prepare_devpts(cfg, m, err);
	case MP_MOUNT_SHM:
		return prepare_shm(cfg, m, err);
	case MP_MOUNT_CGROUP_ROOT:
		return prepare_cgroup_root(mounts, m, err);
	case MP_MOUNT_CGROUP:
		return prepare_cgroup(&mounts->cgroups[m->step->index], m, err);
	case MP_MOUNT_BIND:
		r = prepare_bind(cfg, &mounts->binds[m->step->index], m, err);
		break;
	case MP_MOUNT_MASK:
		return prepare_mask(rootfs, err);
	}
	if (r == 0 && is_dev(m->step) && !mounts->is_privileged && !mounts->is_unmasked)
		r = open_null(rootfs, m->fd, err);
	return r;
}

/*
 * Files that are bound straight below our own /dev (the termination log): making their mount
 * points here saves the child the walk. A failure shows when the child looks for them.
 */
static void make_points_in_dev(const struct mp_rootfs *rootfs)
{
	int dev_fd = -EBADF;

	for (size_t i = 0; i < rootfs->n_mounts; i++) {
		const struct mp_rootfs_mount *m = &rootfs->mounts[i];
		const char *name = m->step->target + strlen("/dev/");

		if (m->step->kind == MP_MOUNT_DEV)
			dev_fd = m->fd;
		if (m->step->kind != MP_MOUNT_BIND || m->is_dir || dev_fd < 0 ||
		    !mp_starts_with(m->step->target, "/dev/") || strchr(name, '/'))
			continue;
		(void)mknodat(dev_fd, name, S_IFREG | 0644, 0);
	}
}

static int prepare_all(const struct mp_rootfs_config *cfg, struct mp_rootfs *rootfs,
		       struct mp_error *err)
{
	const struct mp_mount_step *steps = NULL;
	size_t n = 0;
	int r;

	rootfs->cwd = mp_arena_strdup(&rootfs->arena, cfg->cwd ? cfg->cwd : "/");
	rootfs->is_mask_attached =
		mp_arena_alloc(&rootfs->arena, 1, sizeof(*rootfs->is_mask_attached));
	if (!rootfs->cwd || !rootfs->is_mask_attached)
		return mp_fail(err, ENOMEM, "prepare root");
	r = mp_mounts_plan(&cfg->mounts, &rootfs->arena, &steps, &n, err);
	if (r < 0)
		return r;
	rootfs->mounts = mp_arena_alloc(&rootfs->arena, n, sizeof(*rootfs->mounts));
	if (!rootfs->mounts)
		return mp_fail(err, ENOMEM, "prepare root");
	for (size_t i = 0; i < n; i++) {
		struct mp_rootfs_mount *m = &rootfs->mounts[i];

		*m = (struct mp_rootfs_mount){ .step = &steps[i], .rootfs = rootfs, .fd = -EBADF };
		rootfs->n_mounts = i + 1;
		r = prepare_one(cfg, rootfs, m, err);
		if (r < 0)
			return mp_wrap(err, r, "%s", steps[i].what);
	}
	make_points_in_dev(rootfs);
	return mp_enter_plan(rootfs, err);
}

int mp_rootfs_prepare(const struct mp_rootfs_config *cfg, struct mp_rootfs **ret,
		      struct mp_error *err)
{
	struct mp_rootfs *rootfs = calloc(1, sizeof(*rootfs));
	int r;

	if (!rootfs)
		return mp_fail(err, ENOMEM, "prepare root");
	rootfs->root_fd = cfg->root_fd;
	rootfs->null_fd = -EBADF;
	rootfs->mask_fd = -EBADF;
	rootfs->is_root_readonly = cfg->mounts.is_root_readonly;
	r = prepare_all(cfg, rootfs, err);
	if (r < 0) {
		mp_rootfs_free(rootfs);
		return r;
	}
	*ret = rootfs;
	return 0;
}

int mp_rootfs_terminal(struct mp_rootfs *rootfs, uid_t uid, int *ret_master, int *ret_slave,
		       struct mp_error *err)
{
	const struct mp_rootfs_mount *pts = NULL;
	const int unlocked = 0;

	for (size_t i = 0; i < rootfs->n_mounts; i++)
		if (rootfs->mounts[i].step->kind == MP_MOUNT_DEVPTS)
			pts = &rootfs->mounts[i];
	if (!pts || rootfs->has_terminal)
		return mp_fail_text(err, EINVAL,
				    "the container has no terminal of its own to give");

	mp_auto_fd master = openat(pts->fd, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		return mp_fail(err, errno, "open the container's terminal");
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return mp_fail(err, errno, "unlock the container's terminal");

	mp_auto_fd slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return mp_fail(err, errno, "open the container's end of the terminal");
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return mp_fail(err, errno, "set the owner of the terminal");
	rootfs->has_terminal = true;
	*ret_master = mp_steal_fd(&master);
	*ret_slave = mp_steal_fd(&slave);
	return 0;
}

int mp_rootfs_make_proc(struct mp_rootfs *rootfs, int pid_ns_fd, bool *ret_is_made,
			struct mp_error *err)
{
	char path[32];
	const struct mp_fs_option options[] = { { "pidns", path } };
	struct mp_rootfs_mount *m = NULL;
	int fd;

	*ret_is_made = false;
	for (size_t i = 0; i < rootfs->n_mounts; i++)
		if (rootfs->mounts[i].step->kind == MP_MOUNT_PROC)
			m = &rootfs->mounts[i];
	if (!m || m->fd >= 0)
		return mp_fail_text(err, EINVAL, "the container's /proc is made already");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pid_ns_fd);
	fd = mp_fs_new("proc", options, MP_ARRAY_SIZE(options), m->step->attrs);
	if (fd == -EINVAL) /* an option that this kernel has not heard of */
		return 0;
	if (fd < 0)
		return mp_fail(err, -fd, "new proc");
	m->fd = fd;
	*ret_is_made = true;
	return 0;
}

void mp_rootfs_free(struct mp_rootfs *rootfs)
{
	if (!rootfs)
		return;
	for (size_t i = 0; i < rootfs->n_mounts; i++)
		mp_closep(&rootfs->mounts[i].fd);
	mp_closep(&rootfs->null_fd);
	mp_closep(&rootfs->mask_fd);

	struct mp_arena arena = rootfs->arena;

	free(rootfs);
	mp_arena_done(&arena);
}
