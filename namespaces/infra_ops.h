/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that only the infra process takes. Each runs in the child; see child_ops.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"

#define MP_SYSCTL_NAME_MAX 128

struct mp_op_sysctl {
	int dir_fd;                    /* /proc/sys, checked to be procfs */
	char path[MP_SYSCTL_NAME_MAX]; /* "net/ipv4/ip_forward" */
	const char *value;
	size_t len;
};

/** mp_op_sysctl() - write one, without following links or mounts. */
int mp_op_sysctl(const void *arg);

struct mp_op_hostname {
	const char *name;
	size_t len;
};

/** mp_op_hostname() - sethostname(2). */
int mp_op_hostname(const void *arg);

struct mp_op_netlink {
	int *socket; /* shared by the steps; opened by the first, -1 before */
	struct {
		uint32_t len;
		uint16_t type;
		uint16_t flags;
		uint32_t seq;
		uint32_t port;
		unsigned char payload[80];
	} request; /* one struct nlmsghdr and what follows */
};

/** mp_op_netlink() - send one rtnetlink request and wait for its acknowledgement. */
int mp_op_netlink(const void *arg);

/** mp_netlink_lo_up() - prepare "bring lo up": the first interface of a new namespace. */
void mp_netlink_lo_up(struct mp_op_netlink *op, int *socket);

/**
 * mp_netlink_lo_address() - prepare "add @ip to lo" (/32 or /128).
 * Return: 0, or -EINVAL when @ip is no address.
 */
int mp_netlink_lo_address(struct mp_op_netlink *op, int *socket, const char *ip,
			  struct mp_error *err);

/** mp_op_empty_root() - an empty, read-only root, and no other mount left. @arg: unused. */
int mp_op_empty_root(const void *arg);

struct mp_op_pause_fds {
	int pause_end;
	int peer_end;
	int program;
	const int *report_fd;
};

#define MP_PAUSE_PROGRAM_FD 2 /* where mp_op_pause_fds() puts the program, close on exec */

/** mp_op_pause_fds() - control socket to its place, everything else closed. */
int mp_op_pause_fds(const void *arg);
