/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in the pod's user namespace wants its other namespaces to belong to it, or it could
 * not mount its own /proc. A mount namespace can be made after joining; a pid namespace of its own
 * is made by clone, so a go-between has to be there first: see child.c. What only the host's root
 * may do (cgroups, oom_score_adj) comes before the join; a clone inherits it.
 *
 * Into a pid namespace that others are in already a process is cloned last, by a go-between in ours:
 * whoever has CAP_SYS_PTRACE in there may trace it, and what could be found then would be our
 * privileges, or with shared memory our very self.
 */
#include "namespaces/container.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespaces/pid_ns.h"
#include "namespaces/process_plan.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define LAST_STEPS_LIMIT_MS 10000

static const uint64_t new_cgroup_ns = CLONE_NEWCGROUP;
static const uint64_t new_mount_ns = CLONE_NEWNS;

/* What the plan has gathered, for mp_child_spawn(): the first @n_outer steps are a go-between's. */
static void give_steps(struct mp_process_plan *plan, size_t n_outer, struct mp_child_config *spec)
{
	spec->outer_ops = plan->ops;
	spec->n_outer_ops = n_outer;
	spec->ops = plan->ops + n_outer;
	spec->n_ops = plan->n_ops - n_outer;
	plan->n_outer_ops = n_outer;
}

static void prepare_keep(struct mp_process_plan *plan, const struct mp_container_config *config)
{
	plan->keep = (struct mp_op_keep){ .socket = config->keeper_fd, .pidfd = -1 };
	plan->keep.msg.command = MP_INFRA_PUT;
	(void)snprintf(plan->keep.msg.tag, sizeof(plan->keep.msg.tag), "%s", config->keeper_tag);
}

static void add_root(struct mp_process_plan *plan, const struct mp_container_config *config)
{
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
	size_t n_outer = 0;
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
			n_outer = plan->n_ops;
		} else {
			spec.flags = 0;
			mp_process_plan_add(plan, "create a mount namespace", mp_op_unshare,
					    &new_mount_ns);
		}
	}
	/* By the process itself, not by a go-between. */
	if (config->keeper_tag) {
		prepare_keep(plan, config);
		mp_process_plan_add(plan, "leave a pidfd with pause", mp_op_keep, &plan->keep);
	}
	add_root(plan, config);
	give_steps(plan, n_outer, &spec);
	if (config->pid_ns == MP_PID_NS_TARGET)
		return mp_pid_ns_spawn(config->target_pidfd, &spec, child, err);
	if (config->pid_ns == MP_PID_NS_POD)
		return mp_pid_ns_spawn(config->pause_pidfd, &spec, child, err);
	return mp_child_spawn(&spec, child, err);
}

/* ---- into a pid namespace where others are, last ------------------------------------------------ */

static int wait_for(int fd, int limit_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int r;

	do {
		r = poll(&poll_fd, 1, limit_ms);
	} while (r < 0 && errno == EINTR);
	return r;
}

/* The go-between is over: let the one that it has cloned go on, and see how far it comes. */
static int follow(struct mp_process_plan *plan, const struct mp_container_config *config,
		  int open_gate, struct mp_child *child, struct mp_error *err)
{
	enum mp_child_state state = MP_CHILD_STARTING;
	bool is_cloned;
	int r;

	(void)wait_for(child->pidfd, -1);
	is_cloned = mp_child_follow(child);
	if (is_cloned) {
		/* It has done nothing yet, and will not should we die before pause knows it. */
		if (config->keeper_tag) {
			prepare_keep(plan, config);
			plan->keep.pidfd = child->pidfd;
			(void)mp_op_keep(&plan->keep);
		}
		(void)!write(open_gate, "", 1);
	}
	/* Whoever may trace it can stop it as well, and must not stop us with it. */
	(void)wait_for(child->report_fd, LAST_STEPS_LIMIT_MS);
	r = mp_child_report_read(child, &state, err);
	if (r == 0 && state == MP_CHILD_EXECED && is_cloned)
		return 0;
	if (r == 0 && state == MP_CHILD_EXECED)
		r = mp_fail_text(err, ECHILD, "its process was killed on its way");
	else if (r == 0 && state == MP_CHILD_STARTING)
		r = mp_fail_text(err, ETIMEDOUT, "its process was held up for %d s before exec",
				 LAST_STEPS_LIMIT_MS / 1000);
	else if (r == 0)
		r = -child->failed_code;
	(void)mp_sys_pidfd_send_signal(child->pidfd, SIGKILL);
	(void)waitid(P_PIDFD, (id_t)child->pidfd, NULL, WEXITED);
	mp_child_done(child);
	return r;
}

static int spawn_last(struct mp_process_plan *plan, const struct mp_container_config *config,
		      struct mp_child *child, struct mp_error *err)
{
	const bool is_pods = config->pid_ns == MP_PID_NS_POD;
	/* Before the user namespace: from in there the target could not be looked at any more. */
	const struct mp_op_join target = { config->target_pidfd, CLONE_NEWPID };
	const struct mp_op_join join = { config->pause_pidfd,
					 config->join | (is_pods ? (uint64_t)CLONE_NEWPID : 0) };
	struct mp_child_config spec = {
		.mode = MP_CHILD_FORK,
		.cgroup_fd = config->process.cgroup_fd,
		.report_fd_slot = &plan->report_fd,
	};
	mp_auto_fd gate = -EBADF;
	mp_auto_fd open_gate = -EBADF;
	int fds[2];
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "create a pipe");
	gate = fds[0];
	open_gate = fds[1];
	if (gate < 3) { /* our own standard files are closed: theirs would overwrite it */
		plan->gate_fd = fcntl(gate, F_DUPFD_CLOEXEC, 3);
		if (plan->gate_fd < 0)
			return mp_fail(err, errno, "create a pipe");
		(void)close(gate);
		gate = plan->gate_fd;
	}
	plan->gate_fd = gate;
	plan->is_split = true;
	mp_process_plan_add_early(plan);
	if (!is_pods)
		mp_process_plan_add(plan, "join the target's pid namespace", mp_op_join_namespaces,
				    &target);
	if (join.flags)
		mp_process_plan_add(plan, "join the pod's namespaces", mp_op_join_namespaces,
				    &join);
	if (config->join & CLONE_NEWUSER)
		mp_process_plan_add(plan, "become root of the user namespace", mp_op_user_ns_root,
				    NULL);
	mp_process_plan_add(plan, "create a mount namespace", mp_op_unshare, &new_mount_ns);
	add_root(plan, config);
	give_steps(plan, plan->inner_step, &spec);
	r = mp_child_spawn(&spec, child, err);
	return r < 0 ? r : follow(plan, config, open_gate, child, err);
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
	r = config->enters_pid_ns_last ? spawn_last(&plan, config, &child, err) :
					 spawn(&plan, config, &child, err);
	if (r < 0) {
		if (child.state == MP_CHILD_FAILED && child.failed_step != SIZE_MAX) {
			size_t step = child.failed_step + plan.n_outer_ops;
			bool is_exec = step + 1 == plan.n_ops;

			/* A copy of ours has kept to itself what it found. */
			mp_process_explain(is_exec && plan.found[0] ? plan.found :
								      config->process.argv[0],
					   step, plan.find_step, is_exec, child.failed_code, err);
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
