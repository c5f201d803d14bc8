/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/cli.h"

static int use_dev_null(void)
{
	mp_auto_fd fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i <= 2 && fd >= 0; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	return fd < 0 ? -errno : 0;
}

static _Noreturn void supervise_detached(struct mp_supervisor_config *config,
					 struct mp_startup *startup)
{
	struct mp_error err = MP_ERROR_NONE;
	int code = MP_EXIT_OURS, r = 0;

	if (setsid() < 0)
		r = mp_fail(&err, errno, "make a session");
	else if (chdir("/") < 0)
		r = mp_fail(&err, errno, "go to /");
	else if (use_dev_null() < 0)
		r = mp_fail(&err, ENXIO, "open /dev/null");
	config->startup = startup;
	if (r == 0)
		r = mp_supervisor_run(config, &code, &err);
	if (r < 0)
		mp_startup_tell(startup, MP_EXIT_OURS, err.msg);
	_exit(r < 0 ? MP_EXIT_OURS : code);
}

int mp_background_begin(struct mp_supervisor_config *config, enum mp_start_goal goal,
			struct mp_background *ret, struct mp_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "pipe to the supervisor");
	(void)fflush(NULL);
	ret->pid = fork();
	if (ret->pid < 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return mp_fail(err, errno, "fork the supervisor");
	}
	if (ret->pid == 0) {
		struct mp_startup startup = { .fd = ends[1], .goal = goal };

		(void)close(ends[0]);
		supervise_detached(config, &startup);
	}
	(void)close(ends[1]);
	ret->fd = ends[0];
	return 0;
}

int mp_background_wait(struct mp_background *background, int timeout_ms, int *ret_code, char *text,
		       size_t size)
{
	const int r = mp_startup_wait(background->fd, timeout_ms, ret_code, text, size);

	mp_closep(&background->fd);
	if (r == 0 && *ret_code == MP_EXIT_OURS)
		(void)waitpid(background->pid, NULL, 0); /* it takes away what it made */
	return r;
}
