/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cgroup tests share: a private root, hosts looked at in three ways (as it is, v1 only, v2
 * only), processes born inside a cgroup, and the check that nothing is left.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* wants the four above first */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/tree.h"
#include "runtime/base/auto.h"
#include "tests/support/strict.h"

#define PATIENCE_MS 10000

enum view { AS_IT_IS, V1_ONLY, V2_ONLY };

static struct mp_cgroup_host *host;
static char root_name[64];
static struct mp_error err; /* of the last call that took it */

static inline const char *v2_place(void)
{
	return access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup/unified" :
									  "/sys/fs/cgroup";
}

/* A pid alone is not unique: tests may run in pid namespaces side by side. */
static inline void name_root(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(root_name, sizeof(root_name), "minipod-test-%d-%llx", (int)getpid(),
		       (unsigned long long)now.tv_sec * 1000000000U + (unsigned long)now.tv_nsec);
}

/* false: this host has no such view; the group is then skipped. */
static inline bool open_view(enum view view)
{
	struct mp_cgroup_host_config config = { .root = root_name };

	name_root();
	if (view == V1_ONLY)
		config.ignore_v2 = true;
	if (view == V2_ONLY)
		config.v2_at = v2_place();

	int r = mp_cgroup_host_open(&config, &host, &err);

	if (r == -ENODEV)
		return false;
	if (r < 0)
		fail_msg("%s", err.msg);
	return true;
}

static inline bool has(enum mp_cgroup_controller controller)
{
	return mp_cgroup_host_has(host, controller);
}

static inline void check_nothing_left(void)
{
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		const char *path = mp_cgroup_host_path(host, (enum mp_cgroup_controller)c);

		if (path && access(path, F_OK) == 0)
			fail_msg("%s is left behind", path);
	}
}

static inline int nothing_left(void **unused)
{
	(void)unused;
	check_nothing_left();
	return 0;
}

static inline int close_view(void **unused)
{
	(void)unused;
	mp_cgroup_host_close(host);
	host = NULL;
	return 0;
}

#define OK(call)                                            \
	do {                                                \
		err = MP_ERROR_NONE;                        \
		if ((call) < 0)                             \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

static inline struct mp_cgroup *new_pod(const char *path, const struct mp_cgroup_limits *limits)
{
	static const struct mp_cgroup_limits none = { .level = MP_CGROUP_LEVEL_POD };
	struct mp_cgroup *pod = NULL;

	OK(mp_cgroup_open_pod(host, path, limits ? limits : &none, &pod, &err));
	return pod;
}

static inline struct mp_cgroup *new_container(struct mp_cgroup *pod, const char *name,
					      const struct mp_cgroup_limits *limits)
{
	static const struct mp_cgroup_limits none = { .level = MP_CGROUP_LEVEL_CONTAINER };
	struct mp_cgroup *cg = NULL;

	OK(mp_cgroup_open_container(pod, name, limits ? limits : &none, &cg, &err));
	return cg;
}

static inline void sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

static inline void remove_now(struct mp_cgroup *cg)
{
	enum mp_cgroup_state state = MP_CGROUP_BUSY;

	for (int ms = 0; ms < PATIENCE_MS && state == MP_CGROUP_BUSY; ms++) {
		OK(mp_cgroup_remove(cg, &state, &err));
		if (state == MP_CGROUP_BUSY)
			sleep_ms(1);
	}
	if (state != MP_CGROUP_GONE)
		fail_msg("%s is still busy after %d ms", mp_cgroup_path(cg), PATIENCE_MS);
	mp_cgroup_close(cg);
}

static inline void wait_until_empty(struct mp_cgroup *cg)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (mp_cgroup_is_empty(cg))
			return;
		sleep_ms(1);
	}
	fail_msg("%s is not empty after %d ms", mp_cgroup_path(cg), PATIENCE_MS);
}

typedef int (*child_fn)(void *arg); /* the exit code */

/* A process born in @cg. The caller reaps it. */
static inline pid_t spawn_in(struct mp_cgroup *cg, child_fn fn, void *arg)
{
	struct mp_cgroup_join join;
	struct clone_args args = { .exit_signal = SIGCHLD };

	mp_cgroup_get_join(cg, &join);
	if (join.dir_fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)join.dir_fd;
	}

	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		if (mp_cgroup_join_first(&join) < 0 || mp_cgroup_join_last(&join) < 0)
			_exit(99);
		_exit(fn(arg));
	}
	if (pid < 0)
		fail_msg("clone3: %s", strerror(errno));
	return (pid_t)pid;
}

static inline int reap(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		fail_msg("waitpid: %s", strerror(errno));
	return status;
}

static inline int exit_code_in(struct mp_cgroup *cg, child_fn fn, void *arg)
{
	int status = reap(spawn_in(cg, fn, arg));

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

_Noreturn static inline int sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		(void)pause();
}

/* Tells the parent through the pipe end in @arg that it got here, then sleeps. */
static inline int say_and_sleep(void *arg)
{
	const int *fd = arg;

	(void)!write(*fd, "x", 1);
	return sleep_for_ever(NULL);
}

static inline pid_t sleeper_in(struct mp_cgroup *cg)
{
	int fds[2];
	char c;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);

	pid_t pid = spawn_in(cg, say_and_sleep, &fds[1]);

	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1); /* it has joined everything */
	(void)close(fds[0]);
	return pid;
}

/* Content of a control file of @cg, without the newline. */
static inline const char *file_of(struct mp_cgroup *cg, enum mp_cgroup_controller controller,
				  const char *file)
{
	static char text[512];
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", mp_cgroup_host_path(host, controller),
		       mp_cgroup_path(cg), file);

	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s: %s", path, strerror(errno));
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static inline bool is_v2_file(enum mp_cgroup_controller controller)
{
	return mp_cgroup_host_mode(host) == MP_CGROUP_V2 ||
	       (controller == MP_CGROUP_HUGETLB &&
		strstr(mp_cgroup_host_path(host, controller), "unified"));
}

static inline int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Runs @tests once per view of this host; the name of the group says which. */
#define RUN_IN_ALL_VIEWS(tests) run_views(tests, sizeof(tests) / sizeof((tests)[0]))

static inline int run_views(const struct CMUnitTest *tests, size_t n)
{
	static const char *const names[] = { "host as it is", "v1 only", "v2 only" };
	int failed = 0;

	if (geteuid() != 0) {
		(void)fprintf(stderr, "skipped: needs root\n");
		return tests_are_strict() ? 1 : 77;
	}
	for (int view = AS_IT_IS; view <= V2_ONLY; view++) {
		if (!open_view((enum view)view)) {
			(void)fprintf(stderr, "%s: this host has no such hierarchy\n", names[view]);
			continue;
		}
		(void)fprintf(stderr, "== %s (%s)\n", names[view],
			      mp_cgroup_mode_name(mp_cgroup_host_mode(host)));
		failed += _cmocka_run_group_tests(names[view], tests, n, NULL, close_view);
	}
	return failed;
}
