/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child side: the steps that build a container's root and make it "/". They use raw system
 * calls only, so they may run in a child that shares its parent's memory. They need some
 * 16 KiB of stack.
 */
#pragma once

#include <stddef.h>

#include "rootfs/prepare.h"

/** struct mp_rootfs_op - one step; the same shape as the steps of a child process. */
struct mp_rootfs_op {
	const char *what;            /* "mount /proc"; lives as long as the struct mp_rootfs */
	int (*run)(const void *arg); /* Runs in the child. 0 or -errno */
	const void *arg;             /* borrowed from the struct mp_rootfs */
};

/**
 * mp_rootfs_ops() - the steps from a fresh mount namespace to a finished root.
 * @ret_n: number of steps.
 *
 * To be run in order, in a process that is in its new mount, pid, network and ipc namespaces,
 * and still has CAP_SYS_ADMIN over its mount namespace. They attach the root, mount
 * everything, pivot, drop the old root, create the working directory, apply read-only.
 * They can run once: what was prepared moves into that namespace.
 * The working directory is then "/". No descriptor stays open that was not open before.
 *
 * Return: borrowed from @rootfs.
 */
const struct mp_rootfs_op *mp_rootfs_ops(const struct mp_rootfs *rootfs, size_t *ret_n);

/**
 * mp_enter_cwd() - change to @path inside the caller's root without magic links, so that it cannot
 * name a leaked descriptor. For processes that join a container. Runs in the child.
 * @path: const char *, absolute.
 *
 * Return: 0 or -errno.
 */
int mp_enter_cwd(const void *path);

/**
 * mp_rootfs_cwd_op() - the step "enter working directory", to be run after the others, before
 * or after the ids are set: mp_enter_cwd() of struct mp_rootfs_config.cwd.
 */
const struct mp_rootfs_op *mp_rootfs_cwd_op(const struct mp_rootfs *rootfs);
