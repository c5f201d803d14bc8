/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The go-between: a container in the pod's user namespace wants its pid and mount namespaces to
 * belong to that user namespace, or it could not mount its own /proc. See child.c.
 */
#include "namespaces/container.h"

#include <assert.h>
#include <sched.h>
#include <sys/wait.h>

#include "namespaces/pid_ns.h"
#include "namespaces/process_plan.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

static const uint64_t new_cgroup_ns = CLONE_NEWCGROUP;

struct join_args {
	struct mp_op_join user;
	struct mp_op_join rest;
};

static void add_steps(struct mp_process_plan *plan, const struct mp_container_config *config,
		      struct join_args *join)
{
	mp_process_plan_add_early(plan);
	join->rest =
		(struct mp_op_join){ config->pause_pidfd, config->join & ~(uint64_t)CLONE_NEWUSER };
	if (join->rest.flags)
		mp_process_plan_add(plan, "join the pod's namespaces", mp_op_join_namespaces,
				    &join->rest);
	if (config->has_cgroup_ns)
		mp_process_plan_add_cgroup_ns(plan, &new_cgroup_ns);
	for (size_t i = 0; i < config->n_enter_root; i++)
		mp_process_plan_add(plan, config->enter_root[i].what, config->enter_root[i].run,
				    config->enter_root[i].arg);
	mp_process_plan_add_late(plan);
}

static int spawn(struct mp_process_plan *plan, const struct mp_container_config *config,
		 struct mp_child *child, struct mp_error *err)
{
	struct join_args join = { .user = { config->pause_pidfd, CLONE_NEWUSER } };
	const struct mp_child_op outer[] = {
		{ "join the pod's user namespace", mp_op_join_namespaces, &join.user },
		{ "become root of the user namespace", mp_op_user_ns_root, NULL },
	};
	struct mp_child_config spec = {
		.mode = MP_CHILD_WAIT,
		.flags = CLONE_NEWNS,
		.cgroup_fd = config->process.cgroup_fd,
		.report_fd_slot = &plan->report_fd,
	};

	if (config->pid_ns == MP_PID_NS_OWN)
		spec.flags |= CLONE_NEWPID;
	if (config->join & CLONE_NEWUSER) {
		spec.outer_ops = outer;
		spec.n_outer_ops = MP_ARRAY_SIZE(outer);
	}
	add_steps(plan, config, &join);
	spec.ops = plan->ops;
	spec.n_ops = plan->n_ops;
	if (config->pid_ns == MP_PID_NS_POD)
		return mp_pid_ns_spawn(config->pause_pidfd, &spec, child, err);
	return mp_child_spawn(&spec, child, err);
}

int mp_container_start(const struct mp_container_config *config, struct mp_container_result *ret,
		       struct mp_error *err)
{
	struct mp_process_plan plan;
	struct mp_child child = MP_CHILD_NONE;
	int r;

	assert(!(config->join & CLONE_NEWPID)); /* that is what pid_ns says */
	r = mp_process_plan_init(&plan, &config->process, config->n_enter_root, err);
	if (r < 0)
		return r;
	r = spawn(&plan, config, &child, err);
	if (r < 0) {
		if (child.state == MP_CHILD_FAILED && child.failed_step != SIZE_MAX) {
			bool is_exec = child.failed_step + 1 == plan.n_ops;

			mp_process_explain(is_exec ? plan.found : config->process.argv[0],
					   child.failed_step, plan.find_step, is_exec,
					   child.failed_code, err);
		}
	} else {
		*ret = (struct mp_container_result){
			.pid = child.pid,
			.pidfd = mp_steal_fd(&child.pidfd),
			.is_oom_score_adj_refused = plan.is_oom_refused,
		};
	}
	mp_process_plan_done(&plan);
	return r;
}
