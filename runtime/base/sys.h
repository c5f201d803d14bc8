/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that glibc 2.36 lacks or wraps badly, as raw calls: they return -errno, touch no
 * errno, and may run between clone and exec, also in a child that shares our memory. Each names
 * its manual page and the first kernel that has it. Probe by trying, not by version: -ENOSYS.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/types.h>

#include "runtime/base/rawsys.h"

/* Not in linux-libc-dev 6.1. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* 6.3: not executable, and sealed so */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* 6.3: executable */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* 6.3: no chmod of the x bits */
#endif
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U /* 6.8: a mount id that is never used again */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif

/* pidfd_open(2), Linux 5.3. The descriptor is CLOEXEC. */
static inline int mp_sys_pidfd_open(pid_t pid, unsigned int flags)
{
	return (int)mp_raw_syscall(__NR_pidfd_open, pid, flags, 0, 0, 0, 0);
}

/* pidfd_send_signal(2), Linux 5.1. */
static inline int mp_sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)mp_raw_syscall(__NR_pidfd_send_signal, pidfd, sig, 0, 0, 0, 0);
}

#define MP_PIDFD_GET_PID_NAMESPACE _IO(0xFF, 5)

/* ioctl_pidfd(2), Linux 6.11: the pid namespace a process is in, as a descriptor (CLOEXEC). */
static inline int mp_sys_pidfd_pid_ns(int pidfd)
{
	return (int)mp_raw_syscall(__NR_ioctl, pidfd, (long)MP_PIDFD_GET_PID_NAMESPACE, 0, 0, 0, 0);
}

/* pidfd_getfd(2), Linux 5.6. The copy is CLOEXEC. */
static inline int mp_sys_pidfd_getfd(int pidfd, int target_fd)
{
	return (int)mp_raw_syscall(__NR_pidfd_getfd, pidfd, target_fd, 0, 0, 0, 0);
}

/*
 * clone3(2), Linux 5.3 (CLONE_INTO_CGROUP 5.7), fork-like: returns twice, 0 in the child. Not for
 * CLONE_VM or an own stack: the child would return into a frame it does not have; use
 * mp_raw_clone3() there.
 */
static inline pid_t mp_sys_clone3(const struct clone_args *args)
{
	return (pid_t)mp_raw_syscall(__NR_clone3, (long)args, sizeof(*args), 0, 0, 0, 0);
}

/* close_range(2), Linux 5.9 (CLOSE_RANGE_CLOEXEC 5.11). */
static inline int mp_sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)mp_raw_syscall(__NR_close_range, first, last, flags, 0, 0, 0);
}

/*
 * openat2(2), Linux 5.6. A rename somewhere on the machine can make a scoped look-up fail with
 * EAGAIN although nothing is wrong, so that one is tried again a few times.
 */
static inline int mp_sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode,
				 uint64_t resolve)
{
	const struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
	long r = -EAGAIN;

	for (int tries = 0; r == -EAGAIN && tries < 32; tries++)
		r = mp_raw_syscall(__NR_openat2, dirfd, (long)path, (long)&how, sizeof(how), 0, 0);
	return (int)r;
}

/* open_tree(2), Linux 5.2. Flags: OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, AT_RECURSIVE, AT_EMPTY_PATH. */
static inline int mp_sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)mp_raw_syscall(__NR_open_tree, dirfd, (long)path, flags, 0, 0, 0);
}

/* move_mount(2), Linux 5.2. */
static inline int mp_sys_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to,
				    unsigned int flags)
{
	return (int)mp_raw_syscall(__NR_move_mount, from_dirfd, (long)from, to_dirfd, (long)to,
				   flags, 0);
}

/* fsopen(2), Linux 5.2. Always CLOEXEC. */
static inline int mp_sys_fsopen(const char *fs_name)
{
	return (int)mp_raw_syscall(__NR_fsopen, (long)fs_name, FSOPEN_CLOEXEC, 0, 0, 0, 0);
}

/* fsconfig(2), Linux 5.2. Read the reason of a failure from @fd itself: "e overlay: …". */
static inline int mp_sys_fsconfig(int fd, unsigned int cmd, const char *key, const void *value,
				  int aux)
{
	return (int)mp_raw_syscall(__NR_fsconfig, fd, cmd, (long)key, (long)value, aux, 0);
}

/* fsmount(2), Linux 5.2. @attrs: MOUNT_ATTR_*. Always CLOEXEC. */
static inline int mp_sys_fsmount(int fd, unsigned int attrs)
{
	return (int)mp_raw_syscall(__NR_fsmount, fd, FSMOUNT_CLOEXEC, attrs, 0, 0, 0);
}

/* mount_setattr(2), Linux 5.12. @flags: AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW. */
static inline int mp_sys_mount_setattr(int dirfd, const char *path, unsigned int flags,
				       const struct mount_attr *attr)
{
	return (int)mp_raw_syscall(__NR_mount_setattr, dirfd, (long)path, flags, (long)attr,
				   sizeof(*attr), 0);
}

/* execveat(2), Linux 3.19. Returns only on failure. */
static inline int mp_sys_execveat(int dirfd, const char *path, char *const argv[],
				  char *const envp[], int flags)
{
	return (int)mp_raw_syscall(__NR_execveat, dirfd, (long)path, (long)argv, (long)envp, flags,
				   0);
}

/*
 * memfd_create(2), Linux 3.17, CLOEXEC and sealable. Since 6.3 a memfd should say whether it may
 * be executed, or the sysctl vm.memfd_noexec decides; older kernels know no such flags (EINVAL).
 */
static inline int mp_sys_memfd_create(const char *name, bool is_executable)
{
	const unsigned int base = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	const unsigned int exec = is_executable ? MFD_EXEC : MFD_NOEXEC_SEAL;
	long r = mp_raw_syscall(__NR_memfd_create, (long)name, base | exec, 0, 0, 0, 0);

	if (r == -EINVAL)
		r = mp_raw_syscall(__NR_memfd_create, (long)name, base, 0, 0, 0, 0);
	return (int)r;
}

/*
 * statx(2), Linux 4.11: the id of the mount @path is on; unique for all time since 6.8, as in
 * mountinfo and reused since 5.8. @is_unique (may be NULL) says which. -ENODATA before 5.8.
 */
static inline int mp_sys_mount_id(int dirfd, const char *path, int flags, uint64_t *ret_id,
				  bool *ret_is_unique)
{
	struct statx sx = { .stx_mask = 0 };
	long r = mp_raw_syscall(__NR_statx, dirfd, (long)path, flags,
				STATX_MNT_ID | STATX_MNT_ID_UNIQUE, (long)&sx, 0);

	if (r < 0)
		return (int)r;
	if (!(sx.stx_mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)))
		return -ENODATA;
	*ret_id = sx.stx_mnt_id;
	if (ret_is_unique)
		*ret_is_unique = (sx.stx_mask & STATX_MNT_ID_UNIQUE) != 0;
	return 0;
}

/*
 * ioctl_pidfd(2) PIDFD_GET_INFO, Linux 6.13: the first published form of struct pidfd_info, 64
 * bytes. Exit information is there since 6.15, once the process has been reaped, for as long as
 * a pidfd opened before is kept.
 */
#define MP_PIDFD_INFO_PID      (UINT64_C(1) << 0)
#define MP_PIDFD_INFO_CREDS    (UINT64_C(1) << 1)
#define MP_PIDFD_INFO_CGROUPID (UINT64_C(1) << 2)
#define MP_PIDFD_INFO_EXIT     (UINT64_C(1) << 3)

struct mp_pidfd_info {
	uint64_t mask; /* in: what is wanted; out: what is there */
	uint64_t cgroup_id;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code; /* a wait status, as in waitpid(2): WIFEXITED()… */
};
_Static_assert(sizeof(struct mp_pidfd_info) == 64, "PIDFD_INFO_SIZE_VER0");

#define MP_PIDFD_GET_INFO _IOWR(0xFF, 11, struct mp_pidfd_info)

/* 0, or -ENOTTY / -EINVAL on kernels without it, -ESRCH for a reaped process before 6.15. */
static inline int mp_sys_pidfd_info(int pidfd, uint64_t mask, struct mp_pidfd_info *ret)
{
	*ret = (struct mp_pidfd_info){ .mask = mask };
	return (int)mp_raw_syscall(__NR_ioctl, pidfd, (long)MP_PIDFD_GET_INFO, (long)ret, 0, 0, 0);
}
