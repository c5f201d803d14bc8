/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exit_status.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define STAT_BYTES ((size_t)4096)

static bool ask_pidfd(int pidfd, int *ret)
{
	struct mp_pidfd_info info;

	if (mp_sys_pidfd_info(pidfd, MP_PIDFD_INFO_EXIT, &info) < 0 ||
	    !(info.mask & MP_PIDFD_INFO_EXIT))
		return false;
	*ret = info.exit_code;
	return true;
}

/* proc_pid_stat(5): state is the first field after the name, exit_code the 52nd and last. */
static bool ask_proc(int pidfd, pid_t pid, int *ret)
{
	struct mp_arena arena = { .head = NULL };
	char path[48];
	char *text = NULL;
	bool is_known = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid > 0 && mp_file_read(AT_FDCWD, path, STAT_BYTES, &arena, &text, NULL, NULL) == 0) {
		const char *state = strrchr(text, ')');
		const char *last;

		text[strcspn(text, "\n")] = '\0';
		last = strrchr(text, ' ');
		/* Still the same process after we have read it by its number? */
		is_known = state && last && state[1] == ' ' && state[2] == 'Z' &&
			   mp_sys_pidfd_send_signal(pidfd, 0) == 0;
		if (is_known)
			*ret = (int)strtol(last + 1, NULL, 10);
	}
	mp_arena_done(&arena);
	return is_known;
}

bool mp_exit_status(int pidfd, pid_t pid, int *ret)
{
	/* Reaped in between, perhaps: then the kernel knows by now. */
	return ask_pidfd(pidfd, ret) || ask_proc(pidfd, pid, ret) || ask_pidfd(pidfd, ret);
}

pid_t mp_pidfd_pid(int pidfd)
{
	struct mp_arena arena = { .head = NULL };
	char path[48];
	char *text = NULL;
	const char *at = NULL;
	pid_t pid = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (mp_file_read(AT_FDCWD, path, STAT_BYTES, &arena, &text, NULL, NULL) == 0)
		at = strstr(text, "\nPid:\t");
	if (at)
		pid = (pid_t)strtol(at + strlen("\nPid:\t"), NULL, 10);
	mp_arena_done(&arena);
	return pid > 0 ? pid : -1;
}

bool mp_pidfd_has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}
