/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a process config to steps: pure but for looking up /proc and the environment's PATH, so
 * that the order can be tested as data. Used by container.c and exec.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespaces/child.h"
#include "namespaces/child_ops.h"
#include "namespaces/process.h"
#include "runtime/base/error.h"

#define MP_PROCESS_OPS_MAX 44 /* more than early, context and late steps together */

/** struct mp_process_plan - the steps' arguments. Must not move once steps were added. */
struct mp_process_plan {
	const struct mp_process_config *config; /* borrowed */
	struct mp_child_op *ops;                /* owned; mp_process_plan_done() */
	size_t n_ops;
	size_t n_ops_max;
	size_t n_outer_ops; /* the first steps, run by a go-between */
	size_t find_step;   /* index of the step that looks for the program */
	/*
	 * Set before steps are added: the last of them are for a process that a go-between clones into a
	 * pid namespace where others may look at it. It has no privilege left by then.
	 */
	bool is_split;
	size_t inner_step; /* the first of those */
	int proc_fd;       /* owned */
	int report_fd;     /* what mp_child_config.report_fd_slot points at */
	int gate_fd;       /* borrowed: where the cloned one waits to be let on; -1: it does not */
	bool is_oom_refused;
	bool is_cwd_denied;
	uint64_t known_caps;
	struct mp_cap_sets first_caps; /* while CAP_SYS_ADMIN is needed for the filter */
	char cwd_what[MP_CHILD_WHAT_MAX];
	struct mp_op_tasks tasks;
	struct mp_op_tasks cpu_tasks;
	bool has_cpu; /* the step that joins the cpu cgroup is there */
	struct mp_op_proc_write oom;
	struct mp_op_proc_write apparmor;
	struct mp_op_stdio stdio;
	struct mp_op_rlimits rlimits;
	struct mp_op_chdir cwd;
	struct mp_op_chdir cwd_again;
	struct mp_op_bounding bounding;
	struct mp_op_groups groups;
	struct mp_op_find find;
	struct mp_op_exec exec;
	struct mp_op_keep keep;
	struct mp_op_close close;
	struct mp_op_wait gate;
	char found[MP_OP_PATH_MAX];
};

/**
 * mp_process_plan_init() - prepare; no step yet.
 * @n_extra: steps that the caller will add beside ours.
 *
 * Return: 0, -ENOMEM, or why /proc cannot be used. Also gives pipes and the terminal among the
 * stdio fds to their owner. mp_process_plan_done() after success.
 */
int mp_process_plan_init(struct mp_process_plan *plan, const struct mp_process_config *config,
			 size_t n_extra, struct mp_error *err);

/** mp_process_plan_add() - append one step. */
void mp_process_plan_add(struct mp_process_plan *plan, const char *what,
			 int (*run)(const void *arg), const void *arg);

/** mp_process_plan_add_early() - session, cgroups, oom score: before anything is joined. */
void mp_process_plan_add_early(struct mp_process_plan *plan);

/**
 * mp_process_plan_add_cgroup_ns() - a new cgroup namespace; first into the cpu cgroup, which is its root.
 * @flags: where CLONE_NEWCGROUP stands.
 */
void mp_process_plan_add_cgroup_ns(struct mp_process_plan *plan, const uint64_t *flags);

/** mp_process_plan_add_late() - from standard files to exec: inside the container's root. */
void mp_process_plan_add_late(struct mp_process_plan *plan);

/** mp_process_plan_done() - may be called on a zeroed plan, and again. */
void mp_process_plan_done(struct mp_process_plan *plan);

/**
 * mp_process_explain() - put the sentence users know from runc into @err, when the step that failed
 * was to find or to execute the program. Other steps' sentences stay.
 * @name:  argv[0], or the file that was found.
 * @step:  the failed step; @find_step: the one that looks for the program.
 * @is_exec: the failed step was the last one.
 */
void mp_process_explain(const char *name, size_t step, size_t find_step, bool is_exec, int code,
			struct mp_error *err);
