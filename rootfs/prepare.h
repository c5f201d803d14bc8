/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parent side: everything a child needs to build and enter its root, as descriptors and
 * strings. The child (enter.h) only spends it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rootfs/mounts.h"
#include "runtime/base/error.h"

struct mp_rootfs;

struct mp_rootfs_config {
	int root_fd; /* borrowed: detached mount from mp_overlay_mount() */
	struct mp_mounts_config mounts;
	const char *cwd;    /* absolute; created 0755 if missing. NULL = "/" */
	int userns_fd;      /* borrowed: maps binds with is_idmapped; -EBADF = none */
	int host_mnt_ns_fd; /* borrowed: the host's mount namespace, for MP_PROPAGATION_SHARED;
			       -EBADF = there is none such */
	uid_t root_uid;     /* the host's id of the container's root; 0 without a user namespace */
	gid_t root_gid;
};

/**
 * mp_rootfs_prepare() - plan the mounts and open everything they need.
 * @cfg: borrowed until return, but its strings and descriptors until mp_rootfs_free().
 * @ret: on success, owned by the caller: mp_rootfs_free().
 *
 * The calling process must have a mount namespace of its own, made MS_SLAVE.
 *
 * Return: 0 or -errno; the sentence names the volume or path.
 * Source: open_tree(2), mount_setattr(2), fsopen(2) as documented in the kernel.
 */
int mp_rootfs_prepare(const struct mp_rootfs_config *cfg, struct mp_rootfs **ret,
		      struct mp_error *err);

/**
 * mp_rootfs_terminal() - the container's terminal, when mounts.has_tty: the first one of its own
 * devpts, which also becomes /dev/console.
 * @uid:        owner of the terminal: the host's id of the container's user.
 * @ret_master: on success, owned by the caller, CLOEXEC. Likewise @ret_slave, opened O_NOCTTY: to
 *              become 0, 1, 2 and the controlling terminal of the child.
 *
 * Call it once, between mp_rootfs_prepare() and running the steps.
 * Return: 0 or -errno. Source: pts(4), TIOCGPTPEER in ioctl_tty(2).
 */
int mp_rootfs_terminal(struct mp_rootfs *rootfs, uid_t uid, int *ret_master, int *ret_slave,
		       struct mp_error *err);

/**
 * mp_rootfs_make_proc() - make the container's /proc here, instead of by a child in its pid namespace.
 * @pid_ns_fd:   the pid namespace that it shows; borrowed.
 * @ret_is_made: whether it was made. This kernel may know no way to (before 6.17): then the child
 *               makes it, and has to be in the namespace when it runs the steps.
 *
 * Once, between mp_rootfs_prepare() and running the steps.
 * Return: 0 or -errno. Source: Documentation/filesystems/proc.rst, pidns=.
 */
int mp_rootfs_make_proc(struct mp_rootfs *rootfs, int pid_ns_fd, bool *ret_is_made,
			struct mp_error *err);

/** mp_rootfs_free() - close and free; NULL is fine. Mounts a child attached stay attached. */
void mp_rootfs_free(struct mp_rootfs *rootfs);
