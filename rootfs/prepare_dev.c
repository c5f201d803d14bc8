/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent fills /dev before the container exists: nobody else can reach the tmpfs meanwhile,
 * and it may make device nodes also where the container has a user namespace and may not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "rootfs/fsctx.h"
#include "rootfs/rootfs.h"
#include "runtime/base/auto.h"

#define HOST_DEPTH_MAX 8

struct owner {
	uid_t uid;
	gid_t gid;
};

static int own(int dir_fd, const char *name, struct owner owner)
{
	if (owner.uid == 0 && owner.gid == 0)
		return 0;
	return fchownat(dir_fd, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_node(int dir_fd, const char *name, mode_t mode, dev_t dev, struct owner owner)
{
	if (mknodat(dir_fd, name, mode, dev) < 0)
		return errno == EEXIST ? 0 : -errno;
	return own(dir_fd, name, owner);
}

static int fill(int dir_fd, const struct mp_rootfs_config *cfg, struct owner owner,
		struct mp_error *err)
{
	static const struct {
		const char *name;
		unsigned int major, minor;
	} nodes[] = {
		{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
		{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
	};
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "ptmx", "pts/ptmx" },          { "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },  { "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },
	};
	static const char *const dirs[] = { "pts", "shm", "mqueue" };
	int r = 0;

	for (size_t i = 0; i < MP_ARRAY_SIZE(nodes) && r == 0; i++) {
		r = make_node(dir_fd, nodes[i].name, S_IFCHR | 0666,
			      makedev(nodes[i].major, nodes[i].minor), owner);
		if (r < 0)
			return mp_fail(err, -r, "make /dev/%s", nodes[i].name);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(links); i++) {
		if (symlinkat(links[i].target, dir_fd, links[i].name) < 0 ||
		    own(dir_fd, links[i].name, owner) < 0)
			return mp_fail(err, errno, "make /dev/%s", links[i].name);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(dirs); i++) {
		if (mkdirat(dir_fd, dirs[i], 0755) < 0 || own(dir_fd, dirs[i], owner) < 0)
			return mp_fail(err, errno, "make /dev/%s", dirs[i]);
	}
	/* Mount points for what the plan puts straight below /dev: the child finds them there. */
	if (cfg->mounts.has_tty) {
		r = make_node(dir_fd, "console", S_IFREG | 0600, 0, owner);
		if (r < 0)
			return mp_fail(err, -r, "make /dev/console");
	}
	return 0;
}

/* Directories of the host's /dev that are file systems of their own or nobody's devices. */
static bool is_left_out(const char *name)
{
	static const char *const names[] = { "pts",   "shm",         "fd",      "mqueue", ".lxc",
					     ".udev", ".lxd-mounts", "console", "ptmx" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int copy_node(int from_fd, int to_fd, const char *name, const struct stat *st,
		     struct mp_error *err)
{
	if (mknodat(to_fd, name, st->st_mode, st->st_rdev) < 0) {
		if (errno == EEXIST)
			return 0;
		return mp_fail(err, errno, "copy device %s of the host", name);
	}
	(void)from_fd;
	if (fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return mp_fail(err, errno, "copy device %s of the host", name);
	return 0;
}

static int copy_host_devices(int from_fd, int to_fd, int depth, struct mp_error *err)
{
	const int dup_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = dup_fd < 0 ? NULL : fdopendir(dup_fd);
	int r = 0;

	if (!dir) {
		r = mp_fail(err, errno, "read the host's /dev");
		if (dup_fd >= 0)
			(void)close(dup_fd);
		return r;
	}
	for (const struct dirent *e; r == 0 && (e = readdir(dir));) {
		struct stat st;

		if (e->d_name[0] == '.' && (!e->d_name[1] || strcmp(e->d_name, "..") == 0))
			continue;
		if (is_left_out(e->d_name) ||
		    fstatat(from_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
			r = copy_node(from_fd, to_fd, e->d_name, &st, err);
		} else if (S_ISDIR(st.st_mode) && depth > 0) {
			mp_auto_fd from = openat(from_fd, e->d_name,
						 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			mp_auto_fd to = -EBADF;

			if (from < 0)
				continue;
			if (mkdirat(to_fd, e->d_name, 0755) < 0 && errno != EEXIST)
				r = mp_fail(err, errno, "copy device directory %s", e->d_name);
			if (r == 0)
				to = openat(to_fd, e->d_name,
					    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (r == 0 && to < 0)
				r = mp_fail(err, errno, "copy device directory %s", e->d_name);
			if (r == 0)
				r = copy_host_devices(from, to, depth - 1, err);
		}
	}
	(void)closedir(dir);
	return r;
}

int mp_prepare_dev(const struct mp_rootfs_config *cfg, int *ret_fd, struct mp_error *err)
{
	const struct owner owner = { cfg->root_uid, cfg->root_gid };
	const struct mp_fs_option options[] = { { "mode", "0755" }, { "size", "65536k" } };
	mp_auto_fd fd = mp_fs_new("tmpfs", options, MP_ARRAY_SIZE(options),
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);

	if (fd < 0)
		return mp_fail(err, -fd, "mount tmpfs for /dev");

	const mode_t mask = umask(0);
	int r = own(fd, ".", owner);

	if (r < 0)
		r = mp_fail(err, -r, "set owner of /dev");
	else
		r = fill(fd, cfg, owner, err);
	if (r == 0 && cfg->mounts.is_privileged) {
		mp_auto_fd host = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (host < 0)
			r = mp_fail(err, errno, "open the host's /dev");
		else
			r = copy_host_devices(host, fd, HOST_DEPTH_MAX, err);
	}
	(void)umask(mask);
	if (r == 0)
		*ret_fd = mp_steal_fd(&fd);
	return r;
}
