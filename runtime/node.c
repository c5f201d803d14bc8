/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/node.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/base/auto.h"

/* Connecting a datagram socket only looks up the route: no packet leaves. ip(7) */
static void own_address(char *buf, size_t size)
{
	const struct sockaddr_in far = { .sin_family = AF_INET,
					 .sin_port = htons(9),
					 .sin_addr.s_addr = htonl(0xc0000201U) }; /* TEST-NET-1 */
	mp_auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in own;
	socklen_t len = sizeof(own);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&far, sizeof(far)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0 ||
	    !inet_ntop(AF_INET, &own.sin_addr, buf, (socklen_t)size))
		(void)snprintf(buf, size, "127.0.0.1");
}

struct mp_node_facts mp_node_read(struct mp_node_buf *buf)
{
	struct mp_node_facts facts = { .node_name = buf->name, .host_ip = buf->ip, .host_ip6 = "" };
	struct utsname uts;
	struct sysinfo info;
	struct statvfs fs;

	(void)snprintf(buf->name, sizeof(buf->name), "%s",
		       uname(&uts) == 0 ? uts.nodename : "localhost");
	own_address(buf->ip, sizeof(buf->ip));
	facts.cpu_milli = sysconf(_SC_NPROCESSORS_ONLN) * 1000;
	if (sysinfo(&info) == 0)
		facts.memory_bytes = (int64_t)info.totalram * info.mem_unit;
	if (statvfs("/var", &fs) == 0 || statvfs("/", &fs) == 0)
		facts.ephemeral_bytes = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
	return facts;
}
