/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps between clone and exec. Every mp_op_*() runs in the child: raw system calls, no errno,
 * no libc state; its @arg is the struct named after it, prepared by the parent. Each returns 0 or
 * -errno.
 */
#pragma once

#include <linux/capability.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "namespaces/creds.h"
#include "namespaces/infra_proto.h"
#include "namespaces/process.h"

/** mp_op_new_session() - own session and group, not dumpable, own session keyring. @arg: unused. */
int mp_op_new_session(const void *arg);

/** mp_op_setsid() - own session and group only, for the child of a go-between. @arg: unused. */
int mp_op_setsid(const void *arg);

struct mp_op_wait {
	int fd; /* read end of a pipe: a byte to go on, end of file when there will be none */
};

/** mp_op_wait() - until the parent says so; -ECANCELED when nobody can any more. */
int mp_op_wait(const void *arg);

/** mp_op_terminal() - make standard input, a terminal, the controlling one. @arg: unused. */
int mp_op_terminal(const void *arg);

struct mp_op_tasks {
	const int *fds; /* v1 `tasks` files, or v2 `cgroup.threads` of one hierarchy each */
	size_t n_fds;
};

/** mp_op_join_cgroups() - move the calling thread, our only one, into each. */
int mp_op_join_cgroups(const void *arg);

struct mp_op_proc_write {
	int proc_fd;      /* a procfs root, checked by the parent */
	const char *path; /* "self/oom_score_adj" */
	char text[96];
	size_t len;
	bool *is_refused; /* NULL: EACCES and EPERM are errors; else they are noted there instead */
};

/** mp_op_write_proc() - write to one of our own files in /proc. */
int mp_op_write_proc(const void *arg);

struct mp_op_join {
	int pidfd;
	uint64_t flags; /* CLONE_NEW* */
};

/** mp_op_join_namespaces() - setns(2) with a pidfd, Linux 5.8. */
int mp_op_join_namespaces(const void *arg);

/** mp_op_unshare() - @arg: const uint64_t *, CLONE_NEW* flags. */
int mp_op_unshare(const void *arg);

/** mp_op_user_ns_root() - become uid and gid 0 of the user namespace just joined. @arg: unused. */
int mp_op_user_ns_root(const void *arg);

struct mp_op_keep {
	int socket;              /* to pause */
	int pidfd;               /* whose; -1: the calling process's own */
	struct mp_infra_msg msg; /* MP_INFRA_PUT with its tag */
};

/**
 * mp_op_keep() - send pause a pidfd. A pause that does not take it, being dead or frozen, is no
 * reason not to start.
 */
int mp_op_keep(const void *arg);

struct mp_op_stdio {
	int fds[3]; /* -1: /dev/null, as found in the container */
	bool is_tty;
};

/** mp_op_stdio() - put the three in their places; take the terminal. */
int mp_op_stdio(const void *arg);

struct mp_op_rlimits {
	const struct mp_rlimit *limits;
	size_t n_limits;
};

/** mp_op_rlimits() - prlimit(2) on ourselves. */
int mp_op_rlimits(const void *arg);

struct mp_op_close {
	const int *report_fd; /* both are looked at when the step runs; < 3: nothing is spared */
	const int *gate_fd;
};

/** mp_op_close_fds() - close everything above 2 but those two. */
int mp_op_close_fds(const void *arg);

struct mp_op_chdir {
	const char *path;
	bool *is_denied; /* first attempt: EACCES is noted, not reported; second: made only then */
	bool is_second;
};

/**
 * mp_op_chdir() - enter the working directory, and make sure that it is inside our root.
 *
 * Tried with all capabilities first and as the user afterwards: either may be the one that a
 * directory lets in. A path that leads out through a magic link of /proc (CVE-2024-21626) is
 * -ENOENT: the kernel then calls the directory unreachable.
 */
int mp_op_chdir(const void *arg);

/** mp_op_umask() - @arg: const mode_t *. */
int mp_op_umask(const void *arg);

/** mp_op_no_new_privs() - @arg: unused. */
int mp_op_no_new_privs(const void *arg);

struct mp_op_bounding {
	uint64_t keep;
	uint64_t known;
};

/** mp_op_bounding_set() - drop what is not kept. */
int mp_op_bounding_set(const void *arg);

struct mp_op_groups {
	const gid_t *groups;
	size_t n_groups;
};

/** mp_op_set_groups() - supplementary groups. */
int mp_op_set_groups(const void *arg);

/** mp_op_set_gid() - real, effective, saved. @arg: const gid_t *. */
int mp_op_set_gid(const void *arg);

/** mp_op_set_uid() - real, effective, saved; permitted capabilities survive. @arg: const uid_t *. */
int mp_op_set_uid(const void *arg);

/** mp_op_set_caps() - permitted, effective, inheritable, ambient. @arg: struct mp_cap_sets *. */
int mp_op_set_caps(const void *arg);

#define MP_OP_PATH_MAX 4096

struct mp_op_find {
	const char *name; /* argv[0] */
	const char *path; /* value of PATH */
	char *found;      /* MP_OP_PATH_MAX bytes, filled in the child */
};

/**
 * mp_op_find_program() - which file shall be executed.
 *
 * A name with a slash is taken as it is: -ENOENT and so on, -EISDIR, -EACCES (not executable for
 * this user). Another is searched in PATH, where an empty element is the working directory; what
 * cannot be executed is passed over, and -ENOENT means that nothing was left.
 */
int mp_op_find_program(const void *arg);

/** mp_op_unblock_signals() - @arg: unused. */
int mp_op_unblock_signals(const void *arg);

/** mp_op_seccomp() - @arg: const struct mp_seccomp_program *. */
int mp_op_seccomp(const void *arg);

struct mp_op_exec {
	const char *path;
	const char *const *argv;
	const char *const *envp;
};

/** mp_op_exec() - execve(2); returns only on failure. */
int mp_op_exec(const void *arg);

struct mp_op_exec_fd {
	int fd;
	const char *const *argv;
	const char *const *envp;
};

/** mp_op_exec_fd() - execveat(2) of the file itself. */
int mp_op_exec_fd(const void *arg);
