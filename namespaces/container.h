/* SPDX-License-Identifier: Apache-2.0 */
/* A container's first process: cloned, joined to the pod, put into its root, stripped, executed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "namespaces/child.h"
#include "namespaces/process.h"
#include "runtime/base/error.h"

/** enum mp_pid_ns - which pid namespace a container is in. */
enum mp_pid_ns {
	MP_PID_NS_OWN,    /* a new one; the process is its PID 1 */
	MP_PID_NS_POD,    /* pause's: shareProcessNamespace */
	MP_PID_NS_HOST,   /* the supervisor's: hostPID */
	MP_PID_NS_TARGET, /* that of another container */
};

/** struct mp_container_config - everything is borrowed until mp_container_start() returns. */
struct mp_container_config {
	struct mp_process_config process;
	int pause_pidfd; /* a ready infra process, or -1 when nothing is joined */
	uint64_t join;   /* CLONE_NEWNET | NEWIPC | NEWUTS | NEWUSER: those of pause to join */
	enum mp_pid_ns pid_ns;
	int target_pidfd; /* of MP_PID_NS_TARGET: its first process */
	/*
	 * Of MP_PID_NS_POD and MP_PID_NS_TARGET: the process is cloned into that namespace, where others may
	 * trace it, only when it has nothing any more that they have not. So no step of @enter_root can
	 * depend on being in there, as a new procfs does.
	 */
	bool enters_pid_ns_last;
	/*
	 * The process gives pause a pidfd of itself under this tag (mp_infra_take_all()), so that
	 * however early its parent dies, somebody can tell later how it ended. NULL: it does not.
	 */
	const char *keeper_tag;
	int keeper_fd;      /* mp_infra_socket() */
	bool has_cgroup_ns; /* a new cgroup namespace, made after joining the cgroups */
	/*
	 * Steps that build the container's root and make it the process's own, given by whoever knows
	 * about mounts. They run in the new mount, pid and cgroup namespace, after the pod's namespaces
	 * were joined, with all capabilities, the supervisor's fds still open, before ids change.
	 */
	const struct mp_child_op *enter_root;
	size_t n_enter_root;
};

/** struct mp_container_result - a started container. */
struct mp_container_result {
	pid_t pid;                     /* for printing */
	int pidfd;                     /* owned by the caller; CLOEXEC */
	bool is_oom_score_adj_refused; /* the value needed a capability this host denies */
};

/**
 * mp_container_start() - start a container's first process as a child of this process.
 *
 * Synchronous: on return it has been executed, or it is gone and reaped.
 *
 * @err: the failed step ("enter rootfs: mount /data: ..."), or what the user knows about the program:
 *       `exec: "foo": executable file not found in $PATH`,
 *       `exec: "/x": stat /x: no such file or directory`, `exec: "/x": permission denied`,
 *       `exec /x: exec format error`.
 *
 * Return: 0 or -errno.
 */
int mp_container_start(const struct mp_container_config *config, struct mp_container_result *ret,
		       struct mp_error *err);
