/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of namespaces/: start a container, read what it says, count what is open. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "namespaces/container.h"
#include "namespaces/exec.h"
#include "namespaces/infra.h"
#include "namespaces/ns.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"
#include "tests/support/strict.h"

#define POD_JOIN (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define LIMIT_MS 5000

static inline void need_root(void)
{
	if (geteuid() == 0)
		return;
	fprintf(stderr, "skipped: needs root\n");
	exit(tests_are_strict() ? 1 : 77);
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

/* No child of ours, running or unreaped. */
static inline void assert_no_children(void)
{
	siginfo_t info;

	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
	assert_int_equal(errno, ECHILD);
}

static inline bool wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, LIMIT_MS) == 1;
}

/* Exit code, or 1000 + signal. */
static inline int reap(int pidfd)
{
	siginfo_t info = { .si_code = 0 };

	if (!wait_readable(pidfd)) {
		(void)mp_sys_pidfd_send_signal(pidfd, SIGKILL);
		fail_msg("process did not end within %d ms", LIMIT_MS);
	}
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	return info.si_code == CLD_EXITED ? info.si_status : 1000 + info.si_status;
}

/* Runs in the child: a /proc of the new pid namespace, as a container has one. */
static inline int op_fresh_proc(const void *arg)
{
	long r;

	(void)arg;
	r = mp_raw_syscall(__NR_mount, 0, (long)"/", 0, MS_REC | MS_PRIVATE, 0, 0);
	if (r < 0)
		return (int)r;
	return (int)mp_raw_syscall(__NR_mount, (long)"proc", (long)"/proc", (long)"proc",
				   MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, 0);
}

static const struct mp_child_op fresh_proc[] = { { "mount /proc", op_fresh_proc, NULL } };
static const char *const plain_env[] = { "PATH=/bin:/usr/bin:/sbin:/usr/sbin", "X=1", NULL };

static inline struct mp_infra_config pod_config(void)
{
	return (struct mp_infra_config){ .unshare = POD_JOIN,
					 .hostname = "web",
					 .ips = { "10.88.0.7" },
					 .n_ips = 1,
					 .cgroup_fd = -1 };
}

static inline struct mp_infra *start_pod(const struct mp_infra_config *config)
{
	struct mp_infra *infra = NULL;
	struct mp_error err = MP_ERROR_NONE;

	if (mp_infra_create(config, &infra, &err) < 0 || mp_infra_wait_ready(infra, &err) < 0)
		fail_msg("%s", err.msg);
	return infra;
}

static inline void end_pod(struct mp_infra *infra)
{
	assert_int_equal(mp_infra_kill(infra, NULL), 0);
	(void)reap(mp_infra_pidfd(infra));
	mp_infra_free(infra);
}

static inline struct mp_container_config container_config(const struct mp_infra *infra,
							  const char *const *argv)
{
	struct mp_container_config c = { .process = MP_PROCESS_NONE,
					 .pause_pidfd = -1,
					 .has_cgroup_ns = true,
					 .enter_root = fresh_proc,
					 .n_enter_root = 1 };

	c.process.argv = argv;
	c.process.envp = plain_env;
	c.process.caps = mp_caps_sets(mp_caps_default(), mp_caps_available());
	if (infra) {
		c.pause_pidfd = mp_infra_pidfd(infra);
		c.join = POD_JOIN;
	}
	return c;
}

static inline void read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && wait_readable(fd)) {
		ssize_t r = read(fd, buf + n, size - 1 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	buf[n] = '\0';
}

/* Run to its end; its standard output and error in @out. */
static inline int run_container(struct mp_container_config *config, char *out, size_t size)
{
	struct mp_container_result result;
	struct mp_error err = MP_ERROR_NONE;
	int fds[2];
	int code;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	config->process.stdio[1] = fds[1];
	config->process.stdio[2] = fds[1];
	if (mp_container_start(config, &result, &err) < 0)
		fail_msg("%s", err.msg);
	(void)close(fds[1]);
	read_all(fds[0], out, size);
	(void)close(fds[0]);
	code = reap(result.pidfd);
	(void)close(result.pidfd);
	return code;
}
