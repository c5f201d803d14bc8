/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ip_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define TRIES_MAX 4096U

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

int mp_ip_reserve(const char *run, const char *cidr, const char *owner, char ret[16],
		  struct mp_error *err)
{
	uint32_t net = 0, hosts = 0;
	char path[PATH_MAX + 32];
	int r = parse_cidr(cidr, &net, &hosts, err);

	if (r < 0)
		return r;

	/* Host numbers 2 .. hosts - 2. */
	const uint32_t span = hosts - 3;
	const uint32_t first = hash(owner) % span;

	for (uint32_t i = 0; i < span && i < TRIES_MAX; i++) {
		const struct in_addr in = { htonl(net + 2 + (first + i) % span) };

		(void)inet_ntop(AF_INET, &in, ret, 16);
		(void)snprintf(path, sizeof(path), "%s/ips/%s", run, ret);

		mp_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				     0600);

		if (fd < 0 && errno == ENOENT) {
			(void)snprintf(path, sizeof(path), "%s/ips", run);
			r = mp_dir_make(AT_FDCWD, path, 0700, err);
			if (r < 0)
				return r;
			i--; /* the same address again; the directory is there now */
			continue;
		}
		if (fd >= 0) {
			r = mp_fd_write_all(fd, owner, strlen(owner), err);
			if (r < 0) {
				(void)unlink(path);
				return mp_wrap(err, r, "reserve address %s", ret);
			}
			return 0;
		}
		if (errno != EEXIST)
			return mp_fail(err, errno, "reserve %s", path);
	}
	return mp_fail_text(err, EADDRNOTAVAIL, "no free address is left in %s: remove what dead "
			    "pods hold with 'minipod prune', or choose a larger --pod-cidr", cidr);
}

void mp_ip_release(const char *run, const char *ip)
{
	char path[PATH_MAX + 32];

	if (!ip[0])
		return;
	(void)snprintf(path, sizeof(path), "%s/ips/%s", run, ip);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/ips", run);
	(void)rmdir(path);
}
