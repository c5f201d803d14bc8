/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ip_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"

#define TRIES_MAX 4096U
#define PREFIX    "minipod-ip-"

static int parse_cidr(const char *cidr, uint32_t *ret_net, uint32_t *ret_hosts,
		      struct mp_error *err)
{
	char addr[16];
	const char *slash = strchr(cidr, '/');
	struct in_addr in;
	char *end;
	const long bits = slash ? strtol(slash + 1, &end, 10) : 0;

	if (!slash || (size_t)(slash - cidr) >= sizeof(addr) || *end != '\0' || bits < 8 ||
	    bits > 29)
		return mp_fail_text(err, EINVAL,
				    "address range '%s' is not like 10.88.0.0/16 (from /8 to /29)",
				    cidr);
	memcpy(addr, cidr, (size_t)(slash - cidr));
	addr[slash - cidr] = '\0';
	if (inet_pton(AF_INET, addr, &in) != 1)
		return mp_fail_text(err, EINVAL, "address range '%s' is not like 10.88.0.0/16",
				    cidr);
	*ret_hosts = 1U << (32 - (unsigned int)bits);
	*ret_net = ntohl(in.s_addr) & ~(*ret_hosts - 1);
	return 0;
}

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619U;
	return h;
}

static int take(const char *ip, int *ret_fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, PREFIX "%s", ip);
	mp_auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&name,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -errno;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_ip_range_check(const char *cidr, struct mp_error *err)
{
	uint32_t net, hosts;

	return parse_cidr(cidr, &net, &hosts, err);
}

int mp_ip_reserve(const char *cidr, const char *owner, char ret[16], int *ret_fd,
		  struct mp_error *err)
{
	uint32_t net = 0, hosts = 0;
	int r = parse_cidr(cidr, &net, &hosts, err);

	if (r < 0)
		return r;

	/* Host numbers 2 .. hosts - 2. */
	const uint32_t span = hosts - 3;
	const uint32_t first = hash(owner) % span;

	for (uint32_t i = 0; i < span && i < TRIES_MAX; i++) {
		const struct in_addr in = { htonl(net + 2 + (first + i) % span) };

		(void)inet_ntop(AF_INET, &in, ret, 16);
		r = take(ret, ret_fd);
		if (r != -EADDRINUSE)
			return r < 0 ? mp_fail(err, -r, "reserve address %s", ret) : 0;
	}
	return mp_fail_text(err, EADDRNOTAVAIL,
			    "no free address is left in %s: choose a larger range with --pod-cidr",
			    cidr);
}

int mp_ip_of(int fd, char ret[16])
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(name);
	struct in_addr in;
	char text[64];

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0 || len > sizeof(name))
		return -EINVAL;
	(void)snprintf(text, sizeof(text), "%.*s",
		       (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), name.sun_path + 1);
	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 ||
	    inet_pton(AF_INET, text + strlen(PREFIX), &in) != 1)
		return -EINVAL;
	(void)inet_ntop(AF_INET, &in, ret, 16);
	return 0;
}
