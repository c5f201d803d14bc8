/* SPDX-License-Identifier: Apache-2.0 */
/* What prepare.c makes and enter.c spends. Internal to rootfs/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/enter.h"
#include "rootfs/mounts.h"
#include "runtime/base/str.h"

/** struct mp_rootfs_mount - one step with what it needs. */
struct mp_rootfs_mount {
	const struct mp_mount_step *step; /* in the arena */
	struct mp_rootfs *rootfs;
	int fd;      /* owned: a detached mount; -EBADF = the child makes it itself */
	bool is_dir; /* what kind of mount point it needs */
	/* A directory whose mounts are to be followed: its path in the child's copy of our mount
	 * namespace. @fd is then an O_PATH descriptor of the same, to compare; NULL: as above. */
	const char *follow;
	uint64_t propagation;
	bool is_recursive_readonly;
};

struct mp_rootfs {
	struct mp_arena arena;
	int root_fd; /* borrowed */
	int null_fd; /* owned: /dev/null of the container, O_PATH, checked; hides files */
	int mask_fd; /* owned: empty read-only tmpfs; hides directories */
	bool *is_mask_attached; /* in the arena, set by the child: @mask_fd has found its place */
	bool is_root_readonly;
	bool has_followers; /* some mount has @follow: ours stay connected until it is made */
	bool has_terminal;  /* mp_rootfs_terminal() was called */
	const char *cwd;    /* in the arena */
	struct mp_rootfs_mount *mounts;
	size_t n_mounts;
	struct mp_rootfs_op *ops; /* the last is the working directory's and not counted */
	size_t n_ops;
};

/**
 * mp_prepare_dev() - a detached tmpfs for /dev: standard nodes and links, mount points.
 * @ret_fd: on success, owned.
 *
 * With mounts.is_privileged also every device node of the host's /dev.
 * Return: 0 or -errno.
 */
int mp_prepare_dev(const struct mp_rootfs_config *cfg, int *ret_fd, struct mp_error *err);

/** mp_enter_plan() - fill ops of @rootfs, whose mounts are complete. 0 or -ENOMEM. */
int mp_enter_plan(struct mp_rootfs *rootfs, struct mp_error *err);
