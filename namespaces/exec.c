/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining a running container. The joining process is a copy of ours, as root and with all our
 * capabilities, visible to the container's processes from the moment it is in their pid namespace:
 * it is not dumpable before that (CVE-2016-9962, CVE-2019-5736), and nothing of ours but 0 to 2 and
 * a pipe's end is open when a path of the container's is followed. Since a container with
 * CAP_SYS_PTRACE may trace what is not dumpable, too, most of the way is gone by a go-between that is
 * in our own pid namespace; what it clones into the container's has the container's privileges, no
 * file and no memory of ours (but a copy).
 */
#include "namespaces/exec.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "namespaces/process_plan.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define JOIN_FLAGS (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static int spawn(struct mp_process_plan *plan, const struct mp_exec_config *config,
		 struct mp_child *child, struct mp_error *err)
{
	const struct mp_op_join join = {
		config->container_pidfd,
		JOIN_FLAGS | (config->has_user_ns ? (uint64_t)CLONE_NEWUSER : 0) |
			(config->has_pid_ns ? (uint64_t)CLONE_NEWPID : 0),
	};
	struct mp_child_config spec = {
		.mode = MP_CHILD_FORK,
		.cgroup_fd = config->process.cgroup_fd,
		.report_fd_slot = &plan->report_fd,
	};

	plan->is_split = config->has_pid_ns;
	mp_process_plan_add_early(plan);
	mp_process_plan_add(plan, "join the container's namespaces", mp_op_join_namespaces, &join);
	if (config->has_user_ns)
		mp_process_plan_add(plan, "become root of the user namespace", mp_op_user_ns_root,
				    NULL);
	mp_process_plan_add_late(plan);
	if (plan->is_split) {
		spec.outer_ops = plan->ops;
		spec.n_outer_ops = plan->inner_step;
	}
	spec.ops = plan->ops + spec.n_outer_ops;
	spec.n_ops = plan->n_ops - spec.n_outer_ops;
	plan->n_outer_ops = spec.n_outer_ops;
	return mp_child_spawn(&spec, child, err);
}

int mp_exec_spawn(const struct mp_exec_config *config, struct mp_exec *ret, struct mp_error *err)
{
	struct mp_process_plan plan;
	struct mp_exec exec = MP_EXEC_NONE;
	int r;

	r = mp_sys_pidfd_send_signal(config->container_pidfd, 0);
	if (r < 0)
		return mp_fail(err, -r, "join the container's namespaces");
	r = mp_process_plan_init(&plan, &config->process, 0, err);
	if (r < 0)
		return r;
	r = spawn(&plan, config, &exec.child, err);
	if (r == 0) {
		exec.find_step = plan.find_step - plan.n_outer_ops;
		exec.exec_step = plan.n_ops - plan.n_outer_ops - 1;
		(void)snprintf(exec.name, sizeof(exec.name), "%s", config->process.argv[0]);
		*ret = exec;
	}
	mp_process_plan_done(&plan);
	return r;
}

int mp_exec_report_read(struct mp_exec *exec, enum mp_child_state *ret_state, struct mp_error *err)
{
	int r = mp_child_report_read(&exec->child, ret_state, err);

	if (r == 0 && *ret_state == MP_CHILD_FAILED)
		mp_process_explain(exec->name, exec->child.failed_step, exec->find_step,
				   exec->child.failed_step == exec->exec_step,
				   exec->child.failed_code, err);
	return r;
}

void mp_exec_done(struct mp_exec *exec)
{
	mp_child_done(&exec->child);
}
