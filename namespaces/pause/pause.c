/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause: the infra process of a pod. It holds namespaces by being there, reaps orphans when it is
 * PID 1 of the pod's pid namespace, and keeps fds for its supervisor (namespaces/infra_proto.h).
 *
 * No libc, no heap, nothing to configure: the executable is a page, its data a few. It starts with
 * every signal blocked, and ignores all but two. Ignoring SIGCHLD is what reaps: the kernel then
 * collects every child that ends, orphans of the whole pid namespace included, without waking us
 * (wait(2), do_notify_parent() in kernel/signal.c). SIGTERM or SIGINT ends it only when it was
 * sent from outside its pid namespace (sender pid 0) or when there is no such border; inside, the
 * namespace's PID 1 is nobody's to end. SIGKILL from outside always does. The supervisor's death is
 * nothing to it.
 */
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/signalfd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespaces/infra_proto.h"
#include "runtime/base/rawsys.h"

#define SIG_INT     2
#define SIG_TERM    15
#define SIG_SETMASK 2

#define BIT(sig)            (UINT64_C(1) << ((sig)-1))
#define SOL_SOCKET_LEVEL    1 /* SOL_SOCKET */
#define SCM_RIGHTS_TYPE     1 /* SCM_RIGHTS */
#define MSG_DONTWAIT_FLAG   0x40
#define MSG_CLOEXEC_FLAG    0x40000000 /* MSG_CMSG_CLOEXEC */
#define SFD_CLOEXEC_FLAG    02000000
#define SFD_NONBLOCK_FLAG   00004000
#define KERNEL_SIGSET_BYTES 8

/* <sys/socket.h> as the kernel has it. */
struct iovec {
	void *base;
	size_t len;
};

struct msghdr {
	void *name;
	int name_len;
	struct iovec *iov;
	size_t n_iov;
	void *control;
	size_t control_len;
	unsigned int flags;
};

struct cmsghdr {
	size_t len;
	int level;
	int type;
};

struct kept {
	int fd; /* -1: free */
	char tag[MP_INFRA_TAG_MAX];
};

static struct kept kept[MP_INFRA_KEPT_MAX]; /* pages beyond the used entries do not exist */
static unsigned int n_kept;                 /* entries ever used; holes have fd -1 */
static int n_refused;
static bool is_init;

/* The compiler turns loops and copies into these, also without a libc. */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

void *memset(void *to, int byte, size_t n)
{
	volatile unsigned char *p = to; /* volatile, or this loop becomes a call of itself */

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	volatile unsigned char *p = to;
	const unsigned char *q = from;

	for (size_t i = 0; i < n; i++)
		p[i] = q[i];
	return to;
}

static void sys_close(int fd)
{
	(void)mp_raw_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
}

static _Noreturn void sys_exit(int code)
{
	for (;;)
		(void)mp_raw_syscall(__NR_exit_group, code, 0, 0, 0, 0, 0);
}

static bool is_tag(const char *a, const char *b)
{
	for (unsigned int i = 0; i < MP_INFRA_TAG_MAX; i++) {
		if (a[i] != b[i])
			return false;
		if (a[i] == '\0')
			return true;
	}
	return true;
}

static struct kept *find_kept(const char *tag)
{
	for (unsigned int i = 0; i < n_kept; i++)
		if (kept[i].fd >= 0 && is_tag(kept[i].tag, tag))
			return &kept[i];
	return NULL;
}

static struct kept *free_slot(void)
{
	for (unsigned int i = 0; i < n_kept; i++)
		if (kept[i].fd < 0)
			return &kept[i];
	return n_kept < MP_INFRA_KEPT_MAX ? &kept[n_kept++] : NULL;
}

static void keep(const char *tag, int fd)
{
	struct kept *slot = find_kept(tag);

	if (slot) {
		sys_close(slot->fd);
	} else {
		slot = free_slot();
		if (!slot) {
			sys_close(fd);
			n_refused++;
			return;
		}
		memcpy(slot->tag, tag, sizeof(slot->tag));
	}
	slot->fd = fd;
}

static void drop(const char *tag)
{
	struct kept *slot = find_kept(tag);

	if (!slot)
		return;
	sys_close(slot->fd);
	slot->fd = -1;
}

/* A supervisor that does not read does not matter: then the answer is lost, and it asks again. */
static void say(struct mp_infra_msg *msg)
{
	struct iovec iov = { msg, sizeof(*msg) };
	struct msghdr header = { .iov = &iov, .n_iov = 1 };
	struct {
		int fd;
		short events;
		short revents;
	} room = { MP_INFRA_FD_PAUSE, POLLOUT, 0 };
	int64_t wait[2] = { 1, 0 }; /* a second for the reader to make room */

	(void)mp_raw_syscall(__NR_ppoll, (long)&room, 1, (long)wait, 0, 0, 0);
	(void)mp_raw_syscall(__NR_sendmsg, MP_INFRA_FD_PAUSE, (long)&header, MSG_DONTWAIT_FLAG, 0,
			     0, 0);
}

static void list(uint32_t seq)
{
	struct mp_infra_msg msg = { .seq = seq };
	uint32_t count = 0;

	msg.command = MP_INFRA_ENTRY;
	for (unsigned int i = 0; i < n_kept; i++) {
		if (kept[i].fd < 0)
			continue;
		msg.fd = kept[i].fd;
		memcpy(msg.tag, kept[i].tag, sizeof(msg.tag));
		say(&msg);
		count++;
	}
	msg.command = MP_INFRA_END;
	msg.fd = n_refused;
	msg.count = count;
	msg.tag[0] = '\0';
	say(&msg);
}

/* The fds of a control message: the first is returned, more than one is not in the protocol. */
static int received_fd(const struct msghdr *header, const char *control)
{
	struct cmsghdr cmsg;
	size_t n;
	int fd = -1;

	if (header->control_len < sizeof(cmsg) + sizeof(int))
		return -1;
	memcpy(&cmsg, control, sizeof(cmsg));
	if (cmsg.level != SOL_SOCKET_LEVEL || cmsg.type != SCM_RIGHTS_TYPE)
		return -1;
	n = (cmsg.len - sizeof(cmsg)) / sizeof(int);
	for (size_t i = 0; i < n && (i + 1) * sizeof(int) + sizeof(cmsg) <= header->control_len;
	     i++) {
		int one;

		memcpy(&one, control + sizeof(cmsg) + i * sizeof(int), sizeof(one));
		if (fd < 0)
			fd = one;
		else
			sys_close(one);
	}
	return fd;
}

static void serve(void)
{
	for (;;) {
		struct mp_infra_msg msg = { .command = 0 };
		char control[sizeof(struct cmsghdr) + 2 * sizeof(int)];
		struct iovec iov = { &msg, sizeof(msg) };
		struct msghdr header = {
			.iov = &iov, .n_iov = 1, .control = control, .control_len = sizeof(control)
		};
		long n = mp_raw_syscall(__NR_recvmsg, MP_INFRA_FD_PAUSE, (long)&header,
					MSG_DONTWAIT_FLAG | MSG_CLOEXEC_FLAG, 0, 0, 0);
		int fd;

		if (n < 0)
			return;
		fd = received_fd(&header, control);
		msg.tag[MP_INFRA_TAG_MAX - 1] = '\0';
		if (n == (long)sizeof(msg) && msg.command == MP_INFRA_PUT && fd >= 0) {
			keep(msg.tag, fd);
			continue;
		}
		if (fd >= 0)
			sys_close(fd);
		if (n != (long)sizeof(msg))
			continue;
		if (msg.command == MP_INFRA_DROP)
			drop(msg.tag);
		else if (msg.command == MP_INFRA_LIST)
			list(msg.seq);
	}
}

static void take_signals(int signal_fd)
{
	struct signalfd_siginfo info = { .ssi_signo = 0 };

	while (mp_raw_syscall(__NR_read, signal_fd, (long)&info, sizeof(info), 0, 0, 0) ==
	       (long)sizeof(info)) {
		bool is_end = info.ssi_signo == SIG_TERM || info.ssi_signo == SIG_INT;

		if (is_end && (!is_init || info.ssi_pid == 0))
			sys_exit(0);
	}
}

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define ALLOW(name)                                             \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* What the rest of its life needs. Whoever took this process over could do nothing else. */
static void confine(void)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(ppoll),
		ALLOW(read),
		ALLOW(recvmsg),
		ALLOW(sendmsg),
		ALLOW(close),
		ALLOW(exit_group),
		ALLOW(restart_syscall),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct {
		unsigned short len;
		const struct sock_filter *filter;
	} program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (mp_raw_syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0) < 0)
		return;
	(void)mp_raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0, 0);
}

__attribute__((used)) _Noreturn void pause_main(void);

_Noreturn void pause_main(void)
{
	const uint64_t wanted = BIT(SIG_TERM) | BIT(SIG_INT);
	const uint64_t ignore[4] = { 1, 0, 0, 0 }; /* the kernel's struct sigaction: SIG_IGN */
	struct {
		int fd;
		short events;
		short revents;
	} polls[2] = { { MP_INFRA_FD_PAUSE, POLLIN, 0 }, { -1, POLLIN, 0 } };

	(void)mp_raw_syscall(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0);
	(void)mp_raw_syscall(__NR_prctl, PR_SET_NAME, (long)"pause", 0, 0, 0, 0);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIG_TERM && sig != SIG_INT)
			(void)mp_raw_syscall(__NR_rt_sigaction, sig, (long)ignore, 0,
					     KERNEL_SIGSET_BYTES, 0, 0);
	(void)mp_raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, (long)&wanted, 0,
			     KERNEL_SIGSET_BYTES, 0, 0);
	is_init = mp_raw_syscall(__NR_getpid, 0, 0, 0, 0, 0, 0) == 1;
	polls[1].fd = (int)mp_raw_syscall(__NR_signalfd4, -1, (long)&wanted, KERNEL_SIGSET_BYTES,
					  SFD_CLOEXEC_FLAG | SFD_NONBLOCK_FLAG, 0, 0);
	confine();
	for (;;) {
		if (mp_raw_syscall(__NR_ppoll, (long)polls, 2, 0, 0, 0, 0) < 0)
			continue;
		if (polls[1].revents)
			take_signals(polls[1].fd);
		if (polls[0].revents)
			serve();
	}
}

/* The kernel jumps here with an aligned stack and nothing to return to. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall pause_main\n\tud2\n");
#else
__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x30, xzr\n\tbl pause_main\n\tbrk 1\n");
#endif
