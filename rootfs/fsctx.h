/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a file system with the new mount calls: open a context, set options, get a detached
 * mount. Everything Runs in the child too: raw system calls, -errno. Internal to rootfs/.
 * Source: fsopen(2), fsconfig(2), fsmount(2), 5.2.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rootfs/raw.h"
#include "runtime/base/sys.h"

/** struct mp_fs_option - "key" or "key=value". */
struct mp_fs_option {
	const char *key;
	const char *value; /* NULL: a flag */
};

/**
 * mp_fs_new() - a new detached mount.
 * @type:  file system type.
 * @attrs: MOUNT_ATTR_* of the mount.
 *
 * Return: its descriptor (CLOEXEC), or -errno.
 */
int mp_fs_new(const char *type, const struct mp_fs_option *options, size_t n, uint64_t attrs);

/**
 * mp_fs_reason() - the kernel's own words about the last failure on context @fd, without prefix.
 *
 * Return: @buf, "" when it said nothing.
 */
const char *mp_fs_reason(int fd, char *buf, size_t size);

/** mp_mount_attach() - move detached mount @mount_fd onto what @target_fd names. 0 or -errno. */
static inline int mp_mount_attach(int mount_fd, int target_fd)
{
	return mp_sys_move_mount(mount_fd, "", target_fd, "",
				 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/** mp_mount_clone() - a detached copy of what @fd names. A descriptor (CLOEXEC) or -errno. */
static inline int mp_mount_clone(int fd, unsigned int flags)
{
	return mp_sys_open_tree(fd, "",
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
}

/** MP_NO_IDMAP - what to say when mp_mount_idmap() answers -EINVAL. */
#define MP_NO_IDMAP                                                                            \
	"this kernel cannot map the ids of its file system, as hostUsers: false needs (tmpfs " \
	"since Linux 6.3): set hostUsers: true or use another file system"

/** mp_mount_set() - change attributes of the mount @fd. 0 or -errno. */
static inline int mp_mount_set(int fd, unsigned int flags, const struct mount_attr *attr)
{
	return mp_sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, attr);
}

/**
 * mp_mount_idmap() - show the owners in the mount @fd, and in it alone, as user namespace
 * @userns_fd has them: ids 0.. on disk are 0.. inside. Only for a mount that was not attached yet.
 *
 * Return: 0; -EINVAL when the file system cannot do that (MP_NO_IDMAP); -errno.
 * Source: mount_setattr(2), MOUNT_ATTR_IDMAP.
 */
static inline int mp_mount_idmap(int fd, int userns_fd)
{
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
					 .userns_fd = (__u64)userns_fd };

	return mp_mount_set(fd, 0, &attr);
}
