/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/fsctx.h"

#include <string.h>

int mp_fs_new(const char *type, const struct mp_fs_option *options, size_t n, uint64_t attrs)
{
	const int fd = mp_sys_fsopen(type);
	int r;

	if (fd < 0)
		return fd;
	/* Otherwise mountinfo shows "none" as the source. */
	r = mp_sys_fsconfig(fd, FSCONFIG_SET_STRING, "source", type, 0);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = mp_sys_fsconfig(fd, options[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
				    options[i].key, options[i].value, 0);
	if (r >= 0)
		r = mp_sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r >= 0)
		r = mp_sys_fsmount(fd, (unsigned int)attrs);
	mp_raw_close(fd);
	return r;
}

const char *mp_fs_reason(int fd, char *buf, size_t size)
{
	const long n = mp_raw_syscall(__NR_read, fd, (long)buf, (long)size - 1, 0, 0, 0);

	if (n <= 0) {
		buf[0] = '\0';
		return buf;
	}
	buf[n] = '\0';
	if (buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return n > 2 && buf[1] == ' ' ? buf + 2 : buf; /* "e overlay: …" */
}
