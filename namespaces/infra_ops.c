/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/infra_ops.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "namespaces/infra_proto.h"
#include "runtime/base/sys.h"

#define LO_INDEX 1 /* loopback is the first interface that a network namespace gets */

int mp_op_sysctl(const void *arg)
{
	const struct mp_op_sysctl *set = arg;
	int fd = mp_sys_openat2(set->dir_fd, set->path, O_WRONLY | O_CLOEXEC, 0,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	long r;

	if (fd < 0)
		return fd;
	r = mp_raw_syscall(__NR_write, fd, (long)set->value, (long)set->len, 0, 0, 0);
	(void)mp_raw_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
	return r < 0 ? (int)r : 0;
}

int mp_op_hostname(const void *arg)
{
	const struct mp_op_hostname *set = arg;

	return (int)mp_raw_syscall(__NR_sethostname, (long)set->name, (long)set->len, 0, 0, 0, 0);
}

/* rtnetlink answers within the send: one datagram, an NLMSG_ERROR whose error may be 0. */
static int read_ack(int fd)
{
	struct {
		struct nlmsghdr header;
		int32_t error;
		unsigned char rest[512];
	} ack = { .error = 0 };
	long n = mp_raw_syscall(__NR_recvfrom, fd, (long)&ack, sizeof(ack), 0, 0, 0);

	if (n < 0)
		return (int)n;
	if (n < (long)(sizeof(ack.header) + sizeof(ack.error)) ||
	    ack.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ack.error;
}

int mp_op_netlink(const void *arg)
{
	const struct mp_op_netlink *op = arg;
	long r;

	if (*op->socket < 0) {
		r = mp_raw_syscall(__NR_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE,
				   0, 0, 0);
		if (r < 0)
			return (int)r;
		*op->socket = (int)r;
	}
	r = mp_raw_syscall(__NR_sendto, *op->socket, (long)&op->request, op->request.len, 0, 0, 0);
	if (r < 0)
		return (int)r;
	return read_ack(*op->socket);
}

static void start_request(struct mp_op_netlink *op, int *socket, uint16_t type, uint16_t flags)
{
	memset(op, 0, sizeof(*op));
	op->socket = socket;
	op->request.len = NLMSG_LENGTH(0);
	op->request.type = type;
	op->request.flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void append(struct mp_op_netlink *op, const void *data, size_t len)
{
	memcpy(op->request.payload + (op->request.len - NLMSG_LENGTH(0)), data, len);
	op->request.len += (uint32_t)NLMSG_ALIGN(len);
}

static void append_attr(struct mp_op_netlink *op, unsigned short type, const void *data, size_t len)
{
	const struct rtattr attr = { .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(len) };

	append(op, &attr, sizeof(attr));
	append(op, data, len);
}

void mp_netlink_lo_up(struct mp_op_netlink *op, int *socket)
{
	const struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = LO_INDEX,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};

	start_request(op, socket, RTM_NEWLINK, 0);
	append(op, &link, sizeof(link));
}

int mp_netlink_lo_address(struct mp_op_netlink *op, int *socket, const char *ip,
			  struct mp_error *err)
{
	struct ifaddrmsg msg = { .ifa_scope = RT_SCOPE_UNIVERSE, .ifa_index = LO_INDEX };
	const uint32_t flags = IFA_F_PERMANENT | IFA_F_NODAD; /* usable at once */
	unsigned char address[16];
	size_t len;

	if (inet_pton(AF_INET, ip, address) == 1) {
		msg.ifa_family = AF_INET;
		len = 4;
	} else if (inet_pton(AF_INET6, ip, address) == 1) {
		msg.ifa_family = AF_INET6;
		len = 16;
	} else {
		return mp_fail_text(err, EINVAL, "\"%s\" is not an IP address", ip);
	}
	msg.ifa_prefixlen = (unsigned char)(len * 8);
	start_request(op, socket, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	append(op, &msg, sizeof(msg));
	append_attr(op, IFA_LOCAL, address, len);
	append_attr(op, IFA_ADDRESS, address, len);
	if (msg.ifa_family == AF_INET6)
		append_attr(op, IFA_FLAGS, &flags, sizeof(flags));
	return 0;
}

/* A read-only tmpfs for nothing but to be empty; -errno or the mount's fd. */
static int empty_mount(void)
{
	int fs = mp_sys_fsopen("tmpfs");
	int r;

	if (fs < 0)
		return fs;
	r = mp_sys_fsconfig(fs, FSCONFIG_SET_STRING, "size", "4096", 0);
	if (r == 0)
		r = mp_sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == 0)
		r = mp_sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					       MOUNT_ATTR_NOEXEC);
	(void)mp_raw_syscall(__NR_close, fs, 0, 0, 0, 0, 0);
	return r;
}

int mp_op_empty_root(const void *arg)
{
	long r;
	int mount;

	(void)arg;
	/* Or taking the host's mounts out of our namespace would take them out of the host's. */
	r = mp_raw_syscall(__NR_mount, 0, (long)"/", 0, MS_REC | MS_PRIVATE, 0, 0);
	if (r < 0)
		return (int)r;
	mount = empty_mount();
	if (mount < 0)
		return mount;
	r = mp_sys_move_mount(mount, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return (int)r;
	r = mp_raw_syscall(__NR_fchdir, mount, 0, 0, 0, 0, 0);
	if (r < 0)
		return (int)r;
	/* The old root ends up on top of the new one, at ".", and goes: pivot_root(2). */
	r = mp_raw_syscall(__NR_pivot_root, (long)".", (long)".", 0, 0, 0, 0);
	if (r == 0)
		r = mp_raw_syscall(__NR_umount2, (long)".", MNT_DETACH, 0, 0, 0, 0);
	else if (r == -EINVAL)
		/* The kernel's first root cannot be pivoted away; it stays, covered by ours. */
		r = mp_raw_syscall(__NR_chroot, (long)".", 0, 0, 0, 0, 0);
	if (r < 0)
		return (int)r;
	return (int)mp_raw_syscall(__NR_chdir, (long)"/", 0, 0, 0, 0, 0);
}

static int place(int from, int to, int flags)
{
	return (int)mp_raw_syscall(__NR_dup3, from, to, flags, 0, 0, 0);
}

int mp_op_pause_fds(const void *arg)
{
	const struct mp_op_pause_fds *fds = arg;
	int above[3];
	const int from[3] = { fds->pause_end, fds->peer_end, fds->program };
	int r;

	for (int i = 0; i < 3; i++) {
		above[i] = (int)mp_raw_syscall(__NR_fcntl, from[i], F_DUPFD_CLOEXEC, 3, 0, 0, 0);
		if (above[i] < 0)
			return above[i];
	}
	r = place(above[0], MP_INFRA_FD_PAUSE, 0);
	if (r >= 0)
		r = place(above[1], MP_INFRA_FD_PEER, 0);
	if (r >= 0)
		r = place(above[2], MP_PAUSE_PROGRAM_FD, O_CLOEXEC);
	if (r < 0)
		return r;
	if (*fds->report_fd <= MP_PAUSE_PROGRAM_FD) /* -1: there is none */
		return mp_sys_close_range(MP_PAUSE_PROGRAM_FD + 1, ~0U, 0);
	if (*fds->report_fd > MP_PAUSE_PROGRAM_FD + 1) {
		r = mp_sys_close_range(MP_PAUSE_PROGRAM_FD + 1, (unsigned int)*fds->report_fd - 1,
				       0);
		if (r < 0)
			return r;
	}
	return mp_sys_close_range((unsigned int)*fds->report_fd + 1, ~0U, 0);
}
