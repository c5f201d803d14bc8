/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net_socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "namespaces/ns.h"
#include "runtime/base/auto.h"
#include "runtime/supervisor.h"

#define HOSTS_BYTES 65536 /* of /etc/hosts; the rest is not looked at */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

char *mp_net_hosts_find(const char *text, size_t len, const char *name,
			char buf[MP_NET_ERROR_TEXT_MAX])
{
	const size_t name_len = strlen(name);
	const char *const end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *stop = eol ? eol : end;
		const char *comment = memchr(text, '#', (size_t)(stop - text));
		const char *first = NULL;
		size_t first_len = 0;

		stop = comment ? comment : stop;
		while (text < stop) {
			const char *word = text;

			while (text < stop && !isspace((unsigned char)*text))
				text++;

			const size_t n = (size_t)(text - word);

			if (first && n > 0 && n == name_len && strncasecmp(word, name, n) == 0 &&
			    first_len < MP_NET_ERROR_TEXT_MAX) {
				memcpy(buf, first, first_len);
				buf[first_len] = '\0';
				return buf;
			}
			if (!first && n > 0) {
				first = word;
				first_len = n;
			}
			text += text < stop;
		}
		text = eol ? eol + 1 : end;
	}
	return NULL;
}

static bool parse_address(const char *host, int port, union address *ret, socklen_t *ret_len)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v6);
		return true;
	}
	return false;
}

static bool find_name(const char *name, char buf[MP_NET_ERROR_TEXT_MAX])
{
	static char text[HOSTS_BYTES];
	mp_auto_fd fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	return n > 0 && mp_net_hosts_find(text, (size_t)n, name, buf);
}

static int resolve(const char *host, int port, union address *ret, socklen_t *ret_len,
		   struct mp_error *err)
{
	char found[MP_NET_ERROR_TEXT_MAX];

	if (parse_address(host, port, ret, ret_len))
		return 0;
	if (strcasecmp(host, "localhost") == 0 && parse_address("127.0.0.1", port, ret, ret_len))
		return 0;
	if (find_name(host, found) && parse_address(found, port, ret, ret_len))
		return 0;
	return mp_fail_text(err, ENOENT, "lookup %s: no such host", host);
}

static int open_socket(int family, int *ret_fd)
{
	const int seconds = 1;
	const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof(seconds));
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
	socklen_t len = 0;
	int fd = -EBADF;
	int r = resolve(host, port, &address, &len, err);

	if (r == 0)
		r = open_in_pod(sv, address.any.sa_family, &fd, err);
	if (r < 0)
		return r;
	if (connect(fd, &address.any, len) < 0 && errno != EINPROGRESS) {
		r = mp_fail(err, errno, "connect");
		mp_net_close(&fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

void mp_net_close(int *fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const unsigned int milliseconds = 1000;
	int unacknowledged = 0;

	if (*fd < 0)
		return;
	if (ioctl(*fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0)
		(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)setsockopt(*fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
	mp_closep(fd);
}

char *mp_net_source_text(int fd, char buf[MP_NET_ERROR_TEXT_MAX])
{
	union address address;
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN];

	buf[0] = '\0';
	memset(&address, 0, sizeof(address));
	if (getsockname(fd, &address.any, &len) < 0)
		return buf;
	if (address.any.sa_family == AF_INET &&
	    inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text)))
		(void)snprintf(buf, MP_NET_ERROR_TEXT_MAX, "%s:%u", text,
			       (unsigned int)ntohs(address.v4.sin_port));
	else if (address.any.sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text)))
		(void)snprintf(buf, MP_NET_ERROR_TEXT_MAX, "[%s]:%u", text,
			       (unsigned int)ntohs(address.v6.sin6_port));
	return buf;
}

char *mp_net_error_text(int code, char buf[MP_NET_ERROR_TEXT_MAX])
{
	const char *text = strerrordesc_np(code);

	(void)snprintf(buf, MP_NET_ERROR_TEXT_MAX, "%s", text ? text : "unknown error");
	for (char *at = buf; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return buf;
}
