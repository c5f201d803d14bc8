/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at every file of a tree that may be deep, wide or hostile. Internal to rootfs/. */
#pragma once

#include <sys/stat.h>

/**
 * mp_walk() - call @visit for the directory itself (name ".") and everything below it.
 * @dir_fd: borrowed.
 * @visit:  dir_fd and name of the entry, and what it is; links are not followed. A negative
 *          value ends the walk and is returned.
 *
 * Other mounts are not entered. A bounded number of descriptors is held whatever the depth; an
 * entry that vanishes meanwhile is passed over.
 *
 * Return: 0 or -errno.
 */
int mp_walk(int dir_fd,
	    int (*visit)(void *ctx, int dir_fd, const char *name, const struct stat *st),
	    void *ctx);
