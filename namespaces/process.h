/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process is at the moment of exec: ids, capabilities, filter, limits, files, program. Shared
 * by a container's first process and by those that join it later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "namespaces/creds.h"
#include "namespaces/seccomp.h"

/** struct mp_rlimit - one resource limit, RLIMIT_* of getrlimit(2). */
struct mp_rlimit {
	int resource;
	uint64_t soft; /* RLIM64_INFINITY = ~0 */
	uint64_t hard;
};

/** struct mp_process_config - everything is borrowed until the spawn function returned. */
struct mp_process_config {
	const char *const
		*argv; /* NULL-terminated, at least one; argv[0] is searched in PATH of envp */
	const char *const *envp; /* NULL-terminated */
	const char *cwd;         /* absolute, in the container's root; NULL: "/" */
	uid_t uid;               /* as the container sees it */
	gid_t gid;
	const gid_t *groups; /* supplementary */
	size_t n_groups;
	struct mp_cap_sets caps;
	bool has_no_new_privs;
	const struct mp_seccomp_program *seccomp; /* NULL: unconfined */
	bool seccomp_lets_fork; /* the filter allows clone(2) without new namespaces */
	const char *apparmor;   /* profile to change to on exec, or NULL */
	const struct mp_rlimit *rlimits;
	size_t n_rlimits;
	mode_t umask; /* usually 0022 */
	bool has_oom_score_adj;
	int oom_score_adj;
	/*
	 * stdin, stdout, stderr; -1: /dev/null of the container. With is_tty the same terminal fd thrice:
	 * it becomes the controlling one. Pipes and terminals are given to @stdio_owner before the
	 * start, so that a process without privilege may open /dev/stdout.
	 */
	int stdio[3];
	bool is_tty;
	uid_t stdio_owner; /* host-side id of @uid: @uid itself without a user namespace */
	/*
	 * cgroups. v2: cgroup_fd, a directory, or -1. v1: open `tasks` files, written in order before
	 * anything is built. The cpu hierarchy's may be given apart as cpu_tasks_fd (-1: none), since a
	 * tight quota or a small weight slows the set-up: it is joined after the mounts, and before a
	 * cgroup namespace is made.
	 */
	int cgroup_fd;
	const int *cgroup_tasks_fds;
	size_t n_cgroup_tasks_fds;
	int cpu_tasks_fd;
};

/** MP_PROCESS_NONE - a config whose fds are all absent; set the rest by name. */
#define MP_PROCESS_NONE              \
	((struct mp_process_config){ \
		.umask = 0022, .stdio = { -1, -1, -1 }, .cgroup_fd = -1, .cpu_tasks_fd = -1 })
