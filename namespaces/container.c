/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in the pod's user namespace wants its other namespaces to belong to it, or it could
 * not mount its own /proc. A mount namespace can be made after joining; a pid namespace of its own
 * is made by clone, so a go-between has to be there first: see child.c. What only the host's root
 * may do (cgroups, oom_score_adj) comes before the join; a clone inherits it.
 */
#include "namespaces/container.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "namespaces/pid_ns.h"
#include "namespaces/process_plan.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

static const uint64_t new_cgroup_ns = CLONE_NEWCGROUP;
static const uint64_t new_mount_ns = CLONE_NEWNS;

static void add_rest(struct mp_process_plan *plan, const struct mp_container_config *config)
{
	/* By the process itself, not by a go-between. */
	if (config->keeper_tag) {
		plan->keep_self = (struct mp_op_keep_self){ .socket = config->keeper_fd };
		plan->keep_self.msg.command = MP_INFRA_PUT;
		(void)snprintf(plan->keep_self.msg.tag, sizeof(plan->keep_self.msg.tag), "%s",
			       config->keeper_tag);
		mp_process_plan_add(plan, "leave a pidfd with pause", mp_op_keep_self,
				    &plan->keep_self);
	}
	for (size_t i = 0; i < config->n_enter_root; i++)
		mp_process_plan_add(plan, config->enter_root[i].what, config->enter_root[i].run,
				    config->enter_root[i].arg);
	if (config->has_cgroup_ns)
		mp_process_plan_add_cgroup_ns(plan, &new_cgroup_ns);
	mp_process_plan_add_late(plan);
}

static int spawn(struct mp_process_plan *plan, const struct mp_container_config *config,
		 struct mp_child *child, struct mp_error *err)
{
	/* All in one call: from inside the user namespace pause could not be looked at any more. */
	const struct mp_op_join join = { config->pause_pidfd, config->join };
	const bool has_user_ns = (config->join & CLONE_NEWUSER) != 0;
	struct mp_child_config spec = {
		.mode = MP_CHILD_WAIT,
		.flags = CLONE_NEWNS,
		.cgroup_fd = config->process.cgroup_fd,
		.report_fd_slot = &plan->report_fd,
	};

	if (config->pid_ns == MP_PID_NS_OWN)
		spec.flags |= CLONE_NEWPID;
	mp_process_plan_add_early(plan);
	if (config->join)
		mp_process_plan_add(plan, "join the pod's namespaces", mp_op_join_namespaces,
				    &join);
	if (has_user_ns) {
		mp_process_plan_add(plan, "become root of the user namespace", mp_op_user_ns_root,
				    NULL);
		if (config->pid_ns == MP_PID_NS_OWN) {
			spec.n_outer_ops = plan->n_ops;
		} else {
			spec.flags = 0;
			mp_process_plan_add(plan, "create a mount namespace", mp_op_unshare,
					    &new_mount_ns);
		}
	}
	add_rest(plan, config);
	spec.outer_ops = plan->ops;
	spec.ops = plan->ops + spec.n_outer_ops;
	spec.n_ops = plan->n_ops - spec.n_outer_ops;
	plan->n_outer_ops = spec.n_outer_ops;
	if (config->pid_ns == MP_PID_NS_TARGET)
		return mp_pid_ns_spawn(config->target_pidfd, &spec, child, err);
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
			size_t step = child.failed_step + plan.n_outer_ops;
			bool is_exec = step + 1 == plan.n_ops;

			mp_process_explain(is_exec ? plan.found : config->process.argv[0], step,
					   plan.find_step, is_exec, child.failed_code, err);
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
