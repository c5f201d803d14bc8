/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything here runs between clone and exec, often in memory shared with the parent. Locals may
 * be initialised by a compiler-made memset or memcpy, which is the only libc that is touched.
 */
#include "namespaces/child_ops.h"

#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/sys.h"

#ifndef TIOCSCTTY
#error "TIOCSCTTY comes with sys/ioctl.h"
#endif

#define CAP_BIT(c) (UINT64_C(1) << (c))

static int sys_prctl(long option, long a, long b, long c)
{
	return (int)mp_raw_syscall(__NR_prctl, option, a, b, c, 0, 0);
}

static void sys_close(int fd)
{
	(void)mp_raw_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
}

int mp_op_new_session(const void *arg)
{
	int r;

	(void)arg;
	r = (int)mp_raw_syscall(__NR_setsid, 0, 0, 0, 0, 0, 0);
	/* EPERM: already a leader, which a fresh child is not; a PID 1 may be taken for one. */
	if (r < 0 && r != -EPERM)
		return r;
	/* Nobody we are about to join may attach to us or look into our /proc: ptrace(2). */
	r = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0);
	if (r < 0)
		return r;
	/* A session keyring is inherited, and namespaced by nothing: keyrings(7). */
	r = (int)mp_raw_syscall(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0, 0);
	return r < 0 && r != -ENOSYS ? r : 0;
}

int mp_op_setsid(const void *arg)
{
	const int r = (int)mp_raw_syscall(__NR_setsid, 0, 0, 0, 0, 0, 0);

	(void)arg;
	return r < 0 && r != -EPERM ? r : 0;
}

int mp_op_wait(const void *arg)
{
	const struct mp_op_wait *wait = arg;
	char byte;
	long r;

	do {
		r = mp_raw_syscall(__NR_read, wait->fd, (long)&byte, 1, 0, 0, 0);
	} while (r == -EINTR);
	if (r < 0)
		return (int)r;
	return r == 1 ? 0 : -ECANCELED;
}

int mp_op_terminal(const void *arg)
{
	(void)arg;
	return (int)mp_raw_syscall(__NR_ioctl, 0, TIOCSCTTY, 0, 0, 0, 0);
}

int mp_op_join_cgroups(const void *arg)
{
	const struct mp_op_tasks *tasks = arg;

	for (size_t i = 0; i < tasks->n_fds; i++) {
		/* "0" is the writer itself. cgroup.procs would wait for an RCU grace period. */
		long r = mp_raw_syscall(__NR_write, tasks->fds[i], (long)"0", 1, 0, 0, 0);

		if (r < 0)
			return (int)r;
	}
	return 0;
}

int mp_op_write_proc(const void *arg)
{
	const struct mp_op_proc_write *w = arg;
	int fd = mp_sys_openat2(w->proc_fd, w->path, O_WRONLY | O_CLOEXEC, 0,
				RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	long r;

	if (fd < 0)
		return fd;
	r = mp_raw_syscall(__NR_write, fd, (long)w->text, (long)w->len, 0, 0, 0);
	sys_close(fd);
	if ((r == -EACCES || r == -EPERM) && w->is_refused) {
		*w->is_refused = true;
		return 0;
	}
	return r < 0 ? (int)r : 0;
}

int mp_op_join_namespaces(const void *arg)
{
	const struct mp_op_join *join = arg;

	return (int)mp_raw_syscall(__NR_setns, join->pidfd, (long)join->flags, 0, 0, 0, 0);
}

int mp_op_unshare(const void *arg)
{
	const uint64_t *flags = arg;

	return (int)mp_raw_syscall(__NR_unshare, (long)*flags, 0, 0, 0, 0, 0);
}

int mp_op_user_ns_root(const void *arg)
{
	int r;

	(void)arg;
	r = (int)mp_raw_syscall(__NR_setgroups, 0, 0, 0, 0, 0, 0);
	if (r < 0)
		return r;
	r = (int)mp_raw_syscall(__NR_setresgid, 0, 0, 0, 0, 0, 0);
	if (r < 0)
		return r;
	return (int)mp_raw_syscall(__NR_setresuid, 0, 0, 0, 0, 0, 0);
}

int mp_op_keep(const void *arg)
{
	const struct mp_op_keep *keep = arg;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct mp_infra_msg msg = keep->msg;
	struct iovec iov = { .iov_base = &msg, .iov_len = sizeof(msg) };
	struct msghdr header = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	int pidfd = keep->pidfd;

	if (pidfd < 0)
		pidfd = mp_sys_pidfd_open((pid_t)mp_raw_syscall(__NR_getpid, 0, 0, 0, 0, 0, 0), 0);
	if (pidfd < 0)
		return 0;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &pidfd, sizeof(pidfd));
	(void)mp_raw_syscall(__NR_sendmsg, keep->socket, (long)&header, MSG_DONTWAIT | MSG_NOSIGNAL,
			     0, 0, 0);
	if (pidfd != keep->pidfd)
		sys_close(pidfd);
	return 0;
}

int mp_op_stdio(const void *arg)
{
	const struct mp_op_stdio *io = arg;
	int from[3];
	long r;

	/* First all of them above 2, so that no dup3 overwrites a source still needed. */
	for (int i = 0; i < 3; i++) {
		if (io->fds[i] >= 0) {
			r = mp_raw_syscall(__NR_fcntl, io->fds[i], F_DUPFD_CLOEXEC, 3, 0, 0, 0);
		} else {
			int fd = (int)mp_raw_syscall(__NR_openat, AT_FDCWD, (long)"/dev/null",
						     O_RDWR | O_CLOEXEC | O_NOCTTY, 0, 0, 0);

			if (fd < 0)
				return fd;
			r = mp_raw_syscall(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
			sys_close(fd);
		}
		if (r < 0)
			return (int)r;
		from[i] = (int)r;
	}
	for (int i = 0; i < 3; i++) {
		r = mp_raw_syscall(__NR_dup3, from[i], i, 0, 0, 0, 0);
		if (r < 0)
			return (int)r;
	}
	if (!io->is_tty)
		return 0;
	return (int)mp_raw_syscall(__NR_ioctl, 0, TIOCSCTTY, 0, 0, 0, 0);
}

int mp_op_rlimits(const void *arg)
{
	const struct mp_op_rlimits *set = arg;

	for (size_t i = 0; i < set->n_limits; i++) {
		const struct mp_rlimit *limit = &set->limits[i];
		const uint64_t pair[2] = { limit->soft, limit->hard }; /* struct rlimit64 */
		long r = mp_raw_syscall(__NR_prlimit64, 0, limit->resource, (long)pair, 0, 0, 0);

		if (r < 0)
			return (int)r;
	}
	return 0;
}

/* From *@from to the one below @spare, if there is such a one to spare; go on behind it. */
static int close_up_to(unsigned int *from, int spare)
{
	int r = 0;

	if (spare < (int)*from)
		return 0;
	if (spare > (int)*from)
		r = mp_sys_close_range(*from, (unsigned int)spare - 1, 0);
	*from = (unsigned int)spare + 1;
	return r;
}

int mp_op_close_fds(const void *arg)
{
	const struct mp_op_close *close = arg;
	int low = *close->report_fd;
	int high = *close->gate_fd;
	unsigned int from = 3;
	int r;

	if (low > high) {
		low = *close->gate_fd;
		high = *close->report_fd;
	}
	r = close_up_to(&from, low);
	if (r == 0)
		r = close_up_to(&from, high);
	return r < 0 ? r : mp_sys_close_range(from, ~0U, 0);
}

int mp_op_chdir(const void *arg)
{
	const struct mp_op_chdir *cd = arg;
	char where[MP_OP_PATH_MAX];
	long r;

	where[0] = '\0';
	if (cd->is_second && !*cd->is_denied)
		return 0;
	r = mp_raw_syscall(__NR_chdir, (long)cd->path, 0, 0, 0, 0, 0);
	if (r == -EACCES && !cd->is_second) {
		*cd->is_denied = true;
		return 0;
	}
	if (r < 0)
		return (int)r;
	r = mp_raw_syscall(__NR_getcwd, (long)where, sizeof(where), 0, 0, 0, 0);
	if (r == -ERANGE || r == -ENAMETOOLONG)
		return 0; /* so deep that its name does not fit: but it has one, below our root */
	if (r < 0)
		return (int)r;
	return where[0] == '/' ? 0 : -ENOENT; /* "(unreachable)/..." otherwise: getcwd(2) */
}

int mp_op_umask(const void *arg)
{
	const mode_t *mask = arg;

	(void)mp_raw_syscall(__NR_umask, (long)*mask, 0, 0, 0, 0, 0);
	return 0;
}

int mp_op_no_new_privs(const void *arg)
{
	(void)arg;
	return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0);
}

int mp_op_bounding_set(const void *arg)
{
	const struct mp_op_bounding *set = arg;

	for (int cap = 0; cap < 64; cap++) {
		int r;

		if (!(set->known & CAP_BIT(cap)) || (set->keep & CAP_BIT(cap)))
			continue;
		r = sys_prctl(PR_CAPBSET_DROP, cap, 0, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int mp_op_set_groups(const void *arg)
{
	const struct mp_op_groups *set = arg;

	return (int)mp_raw_syscall(__NR_setgroups, (long)set->n_groups, (long)set->groups, 0, 0, 0,
				   0);
}

int mp_op_set_gid(const void *arg)
{
	const gid_t *gid = arg;

	return (int)mp_raw_syscall(__NR_setresgid, (long)*gid, (long)*gid, (long)*gid, 0, 0, 0);
}

int mp_op_set_uid(const void *arg)
{
	const uid_t *uid = arg;
	int r = sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0); /* exec clears it again */

	if (r < 0)
		return r;
	return (int)mp_raw_syscall(__NR_setresuid, (long)*uid, (long)*uid, (long)*uid, 0, 0, 0);
}

int mp_op_set_caps(const void *arg)
{
	const struct mp_cap_sets *sets = arg;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	long r;

	for (int i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	r = mp_raw_syscall(__NR_capset, (long)&header, (long)data, 0, 0, 0, 0);
	if (r < 0)
		return (int)r;
	r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
	if (r < 0)
		return (int)r;
	for (int cap = 0; cap < 64; cap++) {
		if (!(sets->ambient & CAP_BIT(cap)))
			continue;
		r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0);
		if (r < 0)
			return (int)r;
	}
	return 0;
}

/* May this user execute @path? 0 or -errno. */
static int check_program(const char *path)
{
	struct statx sx = { .stx_mode = 0 };
	long r = mp_raw_syscall(__NR_statx, AT_FDCWD, (long)path, 0, STATX_TYPE, (long)&sx, 0);

	if (r < 0)
		return (int)r;
	if ((sx.stx_mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	return (int)mp_raw_syscall(__NR_faccessat, AT_FDCWD, (long)path, X_OK, 0, 0, 0);
}

/* @dir of @dir_len bytes, a slash, @name; false when it does not fit. */
static bool join_path(char *to, const char *dir, size_t dir_len, const char *name)
{
	size_t n = 0;

	if (dir_len == 0) {
		dir = ".";
		dir_len = 1;
	}
	if (dir_len >= MP_OP_PATH_MAX - 1)
		return false;
	for (; n < dir_len; n++)
		to[n] = dir[n];
	to[n++] = '/';
	for (size_t i = 0; name[i] != '\0'; i++) {
		if (n >= MP_OP_PATH_MAX - 1)
			return false;
		to[n++] = name[i];
	}
	to[n] = '\0';
	return true;
}

static bool has_slash(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '/')
			return true;
	return false;
}

int mp_op_find_program(const void *arg)
{
	const struct mp_op_find *find = arg;
	const char *dir = find->path;

	if (find->name[0] == '\0')
		return -ENOENT;
	if (has_slash(find->name)) {
		size_t n = 0;

		for (; find->name[n] != '\0'; n++) {
			if (n == MP_OP_PATH_MAX - 1)
				return -ENAMETOOLONG;
			find->found[n] = find->name[n];
		}
		find->found[n] = '\0';
		return check_program(find->found);
	}
	for (;;) {
		size_t len = 0;

		while (dir[len] != '\0' && dir[len] != ':')
			len++;
		if (join_path(find->found, dir, len, find->name) && check_program(find->found) == 0)
			return 0;
		if (dir[len] == '\0')
			return -ENOENT;
		dir += len + 1;
	}
}

int mp_op_unblock_signals(const void *arg)
{
	const uint64_t none = 0;

	(void)arg;
	return (int)mp_raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof(none),
				   0, 0);
}

int mp_op_seccomp(const void *arg)
{
	const struct mp_seccomp_program *program = arg;
	struct {
		unsigned short len;
		const struct sock_filter *filter;
	} fprog = { program->n_insns, program->insns }; /* struct sock_fprog, but const */

	return (int)mp_raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, program->flags,
				   (long)&fprog, 0, 0, 0);
}

int mp_op_exec(const void *arg)
{
	const struct mp_op_exec *exec = arg;

	return (int)mp_raw_syscall(__NR_execve, (long)exec->path, (long)exec->argv,
				   (long)exec->envp, 0, 0, 0);
}

int mp_op_exec_fd(const void *arg)
{
	const struct mp_op_exec_fd *exec = arg;

	return (int)mp_raw_syscall(__NR_execveat, exec->fd, (long)"", (long)exec->argv,
				   (long)exec->envp, AT_EMPTY_PATH, 0);
}
