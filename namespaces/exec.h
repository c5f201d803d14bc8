/* SPDX-License-Identifier: Apache-2.0 */
/* A process that joins a running container: probes, hooks, exec. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "namespaces/child.h"
#include "namespaces/process.h"
#include "runtime/base/error.h"

/** struct mp_exec_config - borrowed until mp_exec_spawn() returns. */
struct mp_exec_config {
	struct mp_process_config process;
	int container_pidfd; /* its first process, alive */
	bool has_pid_ns;     /* false: the container is in the supervisor's own pid namespace */
	bool has_user_ns;    /* the container is in a user namespace of its own */
};

/** struct mp_exec - a joining process. Zero-initialise with MP_EXEC_NONE. */
struct mp_exec {
	struct mp_child child; /* .pidfd to wait for, .report_fd for the loop, .pid its group */
	size_t find_step;      /* which step looks for the program */
	size_t exec_step;      /* which one executes it */
	char name[256];        /* argv[0], for the message; cut if longer */
};

#define MP_EXEC_NONE ((struct mp_exec){ .child = MP_CHILD_NONE })

/**
 * mp_exec_spawn() - start a process in a running container; returns at once.
 *
 * It leads a session and process group of its own: mp_child_kill_group() ends all of it.
 *
 * @ret: written on success; mp_exec_done().
 *
 * Return: 0 or -errno (-ESRCH: the container's first process has ended).
 */
int mp_exec_spawn(const struct mp_exec_config *config, struct mp_exec *ret, struct mp_error *err);

/**
 * mp_exec_report_read() - mp_child_report_read() with the sentences of mp_container_start(). When it
 * says MP_CHILD_FAILED the process still has to be reaped by its pidfd.
 */
int mp_exec_report_read(struct mp_exec *exec, enum mp_child_state *ret_state, struct mp_error *err);

/** mp_exec_done() - close the fds; the process itself is the caller's to kill and reap. */
void mp_exec_done(struct mp_exec *exec);
