/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The infra process of a pod (pause): it holds the namespaces that the pod's containers share, and
 * spare copies of the supervisor's fds. Created here, and found again after a supervisor's death.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "namespaces/idmap.h"
#include "runtime/base/error.h"

struct mp_infra;

/** struct mp_infra_sysctl - "net.ipv4.ip_forward" (or with slashes) and its value. */
struct mp_infra_sysctl {
	const char *name;
	const char *value;
};

#define MP_INFRA_IPS_MAX 4

/** struct mp_infra_spare - an fd that pause shall hold a copy of from its first moment. */
struct mp_infra_spare {
	const char *tag; /* under 48 bytes */
	int fd;
};

/** struct mp_infra_config - borrowed until mp_infra_create() returns. */
struct mp_infra_config {
	uint64_t unshare;     /* CLONE_NEWNET | NEWIPC | NEWUTS | NEWPID | NEWUSER as wanted */
	const char *hostname; /* set in a new UTS namespace; NULL: left alone */
	const char *ips[MP_INFRA_IPS_MAX]; /* "10.88.0.5" or "fd00::5", put on lo; with NEWNET only */
	size_t n_ips;
	const struct mp_infra_sysctl *sysctls; /* applied in order, defaults first */
	size_t n_sysctls;
	bool has_oom_score_adj;
	int oom_score_adj;           /* -998 for a pod; lowering it needs CAP_SYS_RESOURCE */
	const int *cgroup_tasks_fds; /* v1: open `tasks` files, written in order; borrowed */
	size_t n_cgroup_tasks_fds;
	int cgroup_fd;             /* v2: cgroup directory, or -1; borrowed */
	struct mp_idmap_range ids; /* with NEWUSER: the pod's block, for uids and gids alike */
	/*
	 * As mp_infra_keep(), but whenever the caller dies, either there is no pause or it has them
	 * all.
	 */
	const struct mp_infra_spare *spares;
	size_t n_spares;
};

/**
 * mp_infra_create() - start the infra process; returns while it still prepares itself.
 * @ret: owned by the caller, mp_infra_free().
 * @err: may be NULL.
 *
 * The program comes from a sealed memfd, never from a path. New namespaces are made by the child
 * itself, beside the caller, since a network namespace is most of a pod's start. lo is brought up.
 * Nothing may join it before mp_infra_wait_ready() said 0.
 *
 * Return: 0 or -errno.
 */
int mp_infra_create(const struct mp_infra_config *config, struct mp_infra **ret,
		    struct mp_error *err);

/**
 * mp_infra_wait_ready() - block until the infra process runs (typically under 2 ms after create).
 *
 * Return: 0 (also when asked again); -errno with the failed step's name: the process is gone and
 * reaped then, and mp_infra_free() is all that is left to do.
 */
int mp_infra_wait_ready(struct mp_infra *infra, struct mp_error *err);

/**
 * mp_infra_adopt() - take over the infra process of a supervisor that died.
 * @pid: as recorded; checked to be a pause before it is trusted: a process of another name or one
 *       that does not answer is -ESRCH.
 */
int mp_infra_adopt(pid_t pid, struct mp_infra **ret, struct mp_error *err);

/** mp_infra_pidfd() - borrowed; readable when the process has ended. */
int mp_infra_pidfd(const struct mp_infra *infra);

/** mp_infra_pid() - for printing. */
pid_t mp_infra_pid(const struct mp_infra *infra);

/** mp_infra_is_oom_score_adj_refused() - the wanted value needed a capability this host denies. */
bool mp_infra_is_oom_score_adj_refused(const struct mp_infra *infra);

/**
 * mp_infra_ns_fd() - open one of its namespaces.
 * @kind:   one CLONE_NEW* value.
 * @ret_fd: owned by the caller; CLOEXEC.
 */
int mp_infra_ns_fd(const struct mp_infra *infra, uint64_t kind, int *ret_fd, struct mp_error *err);

/**
 * mp_infra_socket() - where struct mp_container_config.keeper_fd sends to: a container's first
 * process gives pause a pidfd of its own. Borrowed.
 */
int mp_infra_socket(const struct mp_infra *infra);

/** mp_infra_keep() - let pause hold a copy of @fd under @tag (under 48 bytes); @fd stays ours. */
int mp_infra_keep(struct mp_infra *infra, const char *tag, int fd, struct mp_error *err);

/** mp_infra_drop() - pause closes what it kept under @tag. */
int mp_infra_drop(struct mp_infra *infra, const char *tag, struct mp_error *err);

/** struct mp_infra_kept - one fd that came back from pause. */
struct mp_infra_kept {
	char tag[48];
	int fd; /* owned by the caller; CLOEXEC */
};

/**
 * mp_infra_take_all() - copies of every fd that pause keeps (which goes on keeping them).
 * @ret:   heap array, released with free() after the fds were taken or closed.
 * @ret_n: number of entries.
 *
 * Blocks for pause's answer, 2 s at most (-ETIMEDOUT).
 */
int mp_infra_take_all(struct mp_infra *infra, struct mp_infra_kept **ret, size_t *ret_n,
		      struct mp_error *err);

/**
 * mp_infra_kill() - SIGKILL; with a pid namespace of its own, everything in there dies too. Does not
 * wait: the pidfd becomes readable. -ESRCH counts as success.
 */
int mp_infra_kill(struct mp_infra *infra, struct mp_error *err);

/**
 * mp_infra_free() - release the record. A process that is still being prepared is killed and reaped;
 * one that is ready is left running (kill it first if it shall end). NULL allowed.
 */
void mp_infra_free(struct mp_infra *infra);
