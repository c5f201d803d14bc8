/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everyday system calls in the form that steps of a child process need: raw, -errno, no errno.
 * Internal to rootfs/.
 */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/base/sys.h"

static inline void mp_raw_close(int fd)
{
	(void)mp_raw_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
}

static inline int mp_raw_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	return (int)mp_raw_syscall(__NR_openat, dirfd, (long)path, flags, (long)mode, 0, 0);
}

static inline int mp_raw_mkdirat(int dirfd, const char *path, mode_t mode)
{
	return (int)mp_raw_syscall(__NR_mkdirat, dirfd, (long)path, (long)mode, 0, 0, 0);
}

static inline long mp_raw_readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	return mp_raw_syscall(__NR_readlinkat, dirfd, (long)path, (long)buf, (long)size, 0, 0);
}

static inline int mp_raw_fchmod(int fd, mode_t mode)
{
	return (int)mp_raw_syscall(__NR_fchmod, fd, (long)mode, 0, 0, 0, 0);
}

/* fstat(2) has no errno of its own to spoil: the layout of struct stat is the kernel's. */
static inline int mp_raw_fstat(int fd, struct stat *st)
{
	return (int)mp_raw_syscall(__NR_newfstatat, fd, (long)"", (long)st, AT_EMPTY_PATH, 0, 0);
}

static inline int mp_raw_fchdir(int fd)
{
	return (int)mp_raw_syscall(__NR_fchdir, fd, 0, 0, 0, 0, 0);
}

static inline int mp_raw_pivot_root(const char *new_root, const char *put_old)
{
	return (int)mp_raw_syscall(__NR_pivot_root, (long)new_root, (long)put_old, 0, 0, 0, 0);
}

static inline int mp_raw_mount(const char *source, const char *target, unsigned long flags)
{
	return (int)mp_raw_syscall(__NR_mount, (long)source, (long)target, 0, (long)flags, 0, 0);
}

static inline int mp_raw_umount2(const char *path, int flags)
{
	return (int)mp_raw_syscall(__NR_umount2, (long)path, flags, 0, 0, 0, 0);
}
