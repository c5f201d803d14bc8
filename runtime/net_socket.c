/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net_socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "namespaces/ns.h"
#include "runtime/supervisor.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Addresses, and the one name that needs no resolver: a lookup could block the loop. */
static int parse(const char *host, int port, union address *ret, socklen_t *ret_len)
{
	memset(ret, 0, sizeof(*ret));
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v6);
		return 0;
	}
	return -EINVAL;
}

static int open_socket(int family, int *ret_fd)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 1 };
	const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	*ret_fd = fd;
	return 0;
}

/* The socket belongs to the namespace it is made in; the connection may be begun anywhere. */
static int open_in_pod(struct mp_supervisor *sv, int family, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd own = -EBADF;
	int r;

	if (sv->spec->host_network) {
		r = open_socket(family, ret_fd);
		return r < 0 ? mp_fail(err, -r, "socket") : 0;
	}
	if (!sv->infra)
		return mp_fail_text(err, ENOTCONN, "the pod's sandbox is gone");
	r = mp_ns_open(0, CLONE_NEWNET, &own, err);
	if (r < 0)
		return r;
	if (setns(mp_infra_pidfd(sv->infra), CLONE_NEWNET) < 0)
		return mp_fail(err, errno, "enter the pod's network");
	r = open_socket(family, ret_fd);
	/* Staying in the pod's network would make every later step wrong: that is our mistake. */
	if (setns(own, CLONE_NEWNET) < 0)
		abort();
	return r < 0 ? mp_fail(err, -r, "socket") : 0;
}

int mp_net_connect(struct mp_supervisor *sv, const char *host, int port, int *ret_fd,
		   struct mp_error *err)
{
	union address address;
	socklen_t len;
	mp_auto_fd fd = -EBADF;
	int r = parse(host, port, &address, &len);

	if (r < 0)
		return mp_fail_text(err, EINVAL, "lookup %s: no such host", host);
	r = open_in_pod(sv, address.any.sa_family, &fd, err);
	if (r < 0)
		return r;
	if (connect(fd, &address.any, len) < 0 && errno != EINPROGRESS)
		return mp_fail(err, errno, "connect");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

char *mp_net_error_text(int code, char buf[64])
{
	const char *text = strerrordesc_np(code);

	(void)snprintf(buf, 64, "%s", text ? text : "unknown error");
	for (char *at = buf; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return buf;
}
