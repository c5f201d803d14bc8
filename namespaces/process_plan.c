/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the steps, and why:
 *  - cgroups before anything else, so that what the set-up costs is the container's;
 *  - standard files after the root: an absent one is the container's own /dev/null;
 *  - every other fd is really closed, not only marked, before a path of the container's choosing is
 *    followed: working directory, program, interpreter (CVE-2024-21626);
 *  - bounding set before ids (it needs CAP_SETPCAP), groups before gid before uid;
 *  - without no_new_privs the filter needs CAP_SYS_ADMIN, so the last capabilities go after it:
 *    only capset and prctl must pass a foreign filter then. With no_new_privs it is the last step;
 *  - the cpu cgroup after the mounts, which its quota or its weight would slow down.
 */
#include "namespaces/process_plan.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define DEFAULT_PATH      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define CAP_SYS_ADMIN_BIT (UINT64_C(1) << CAP_SYS_ADMIN)

static const char *path_of(const char *const *envp)
{
	for (; *envp; envp++)
		if (mp_starts_with(*envp, "PATH="))
			return *envp + strlen("PATH=");
	return DEFAULT_PATH;
}

/* Writes to our own attributes must reach procfs, whatever is mounted there (CVE-2019-16884). */
static int open_proc(int *ret_fd, struct mp_error *err)
{
	struct statfs fs;
	mp_auto_fd fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open /proc");
	if (fstatfs(fd, &fs) < 0)
		return mp_fail(err, errno, "look at /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return mp_fail_text(err, EINVAL, "/proc is not a proc file system");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

/*
 * A process without privilege may only open /dev/stdout, a link to its pipe, when the pipe is its
 * own. Other kinds of files (the host's terminal, /dev/null, a file) are not ours to give away.
 */
static void give_stdio(const struct mp_process_config *config)
{
	struct stat st;

	if (config->stdio_owner == 0)
		return;
	for (int i = 0; i < 3; i++) {
		if (config->stdio[i] < 0 || fstat(config->stdio[i], &st) < 0)
			continue;
		if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && config->is_tty))
			(void)!fchown(config->stdio[i], config->stdio_owner, (gid_t)-1);
	}
}

int mp_process_plan_init(struct mp_process_plan *plan, const struct mp_process_config *config,
			 size_t n_extra, struct mp_error *err)
{
	int r;

	assert(config->argv && config->argv[0] && config->envp);
	*plan = (struct mp_process_plan){
		.config = config, .proc_fd = -EBADF, .report_fd = -1, .gate_fd = -1
	};
	/* The child inherits this: it must hold from its first instant in the container's sight. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return mp_fail(err, errno, "become undumpable");
	if (config->has_oom_score_adj || config->apparmor) {
		r = open_proc(&plan->proc_fd, err);
		if (r < 0)
			return r;
	}
	plan->n_ops_max = MP_PROCESS_OPS_MAX + n_extra;
	plan->ops = calloc(plan->n_ops_max, sizeof(*plan->ops));
	if (!plan->ops) {
		mp_closep(&plan->proc_fd);
		return mp_fail(err, ENOMEM, "prepare a process");
	}
	plan->known_caps = mp_caps_known();
	give_stdio(config);
	return 0;
}

void mp_process_plan_done(struct mp_process_plan *plan)
{
	if (!plan->ops)
		return;
	mp_closep(&plan->proc_fd);
	free(plan->ops);
	plan->ops = NULL;
	plan->n_ops = 0;
}

void mp_process_plan_add(struct mp_process_plan *plan, const char *what,
			 int (*run)(const void *arg), const void *arg)
{
	assert(plan->n_ops < plan->n_ops_max);
	plan->ops[plan->n_ops++] = (struct mp_child_op){ what, run, arg };
}

static void add_oom(struct mp_process_plan *plan)
{
	const struct mp_process_config *config = plan->config;
	struct mp_op_proc_write *oom = &plan->oom;

	if (!config->has_oom_score_adj)
		return;
	oom->proc_fd = plan->proc_fd;
	oom->path = "self/oom_score_adj";
	oom->len = (size_t)snprintf(oom->text, sizeof(oom->text), "%d", config->oom_score_adj);
	oom->is_refused = &plan->is_oom_refused;
	mp_process_plan_add(plan, "set oom_score_adj", mp_op_write_proc, oom);
}

void mp_process_plan_add_early(struct mp_process_plan *plan)
{
	const struct mp_process_config *config = plan->config;

	mp_process_plan_add(plan, "start a session", mp_op_new_session, NULL);
	if (config->n_cgroup_tasks_fds > 0) {
		plan->tasks = (struct mp_op_tasks){ config->cgroup_tasks_fds,
						    config->n_cgroup_tasks_fds };
		mp_process_plan_add(plan, "join cgroups", mp_op_join_cgroups, &plan->tasks);
	}
	add_oom(plan);
	plan->cpu_tasks = (struct mp_op_tasks){ &config->cpu_tasks_fd, 1 };
}

static void add_cpu(struct mp_process_plan *plan)
{
	if (plan->config->cpu_tasks_fd < 0 || plan->has_cpu)
		return;
	plan->has_cpu = true;
	mp_process_plan_add(plan, "join the cpu cgroup", mp_op_join_cgroups, &plan->cpu_tasks);
}

void mp_process_plan_add_cgroup_ns(struct mp_process_plan *plan, const uint64_t *flags)
{
	/* The namespace's root in each hierarchy is where we are now: cgroup_namespaces(7). */
	add_cpu(plan);
	mp_process_plan_add(plan, "create a cgroup namespace", mp_op_unshare, flags);
}

static void add_files(struct mp_process_plan *plan)
{
	const struct mp_process_config *config = plan->config;

	plan->stdio =
		(struct mp_op_stdio){ { config->stdio[0], config->stdio[1], config->stdio[2] },
				      config->is_tty && !plan->is_split };
	mp_process_plan_add(plan, "open standard files", mp_op_stdio, &plan->stdio);
	if (config->apparmor) {
		struct mp_op_proc_write *w = &plan->apparmor;

		w->proc_fd = plan->proc_fd;
		w->path = "self/attr/apparmor/exec";
		w->len = (size_t)snprintf(w->text, sizeof(w->text), "exec %s", config->apparmor);
		if (w->len >= sizeof(w->text))
			w->len =
				sizeof(w->text) - 1; /* no profile has such a name: refused there */
		mp_process_plan_add(plan, "set AppArmor profile", mp_op_write_proc, w);
	}
	add_cpu(plan);
	plan->close = (struct mp_op_close){ &plan->report_fd, &plan->gate_fd };
	mp_process_plan_add(plan, "close other files", mp_op_close_fds, &plan->close);
	/* Only now: the limit of open files may be below what we have open. */
	if (config->n_rlimits > 0) {
		plan->rlimits = (struct mp_op_rlimits){ config->rlimits, config->n_rlimits };
		mp_process_plan_add(plan, "set resource limits", mp_op_rlimits, &plan->rlimits);
	}
	mp_process_plan_add(plan, "set umask", mp_op_umask, &config->umask);
	(void)snprintf(plan->cwd_what, sizeof(plan->cwd_what), "change to working directory \"%s\"",
		       config->cwd ? config->cwd : "/");
	plan->cwd = (struct mp_op_chdir){ config->cwd ? config->cwd : "/", &plan->is_cwd_denied,
					  false };
	plan->cwd_again = plan->cwd;
	plan->cwd_again.is_second = true;
	mp_process_plan_add(plan, plan->cwd_what, mp_op_chdir, &plan->cwd);
}

static void add_ids(struct mp_process_plan *plan)
{
	const struct mp_process_config *config = plan->config;

	if (config->has_no_new_privs)
		mp_process_plan_add(plan, "set no_new_privs", mp_op_no_new_privs, NULL);
	plan->bounding = (struct mp_op_bounding){ config->caps.bounding, plan->known_caps };
	mp_process_plan_add(plan, "limit the capability bounding set", mp_op_bounding_set,
			    &plan->bounding);
	plan->groups = (struct mp_op_groups){ config->groups, config->n_groups };
	mp_process_plan_add(plan, "set supplementary groups", mp_op_set_groups, &plan->groups);
	mp_process_plan_add(plan, "set group id", mp_op_set_gid, &config->gid);
	mp_process_plan_add(plan, "set user id", mp_op_set_uid, &config->uid);
}

static void add_filter(struct mp_process_plan *plan, bool needs_last_caps)
{
	const struct mp_process_config *config = plan->config;

	mp_process_plan_add(plan, "load the seccomp filter", mp_op_seccomp, config->seccomp);
	if (needs_last_caps &&
	    !(config->caps.permitted & config->caps.effective & CAP_SYS_ADMIN_BIT))
		mp_process_plan_add(plan, "set capabilities", mp_op_set_caps, &config->caps);
}

void mp_process_plan_add_late(struct mp_process_plan *plan)
{
	const struct mp_process_config *config = plan->config;
	bool is_filter_first = config->seccomp && !config->has_no_new_privs;
	bool is_filter_early;

	add_files(plan);
	add_ids(plan);
	plan->first_caps = config->caps;
	if (is_filter_first) {
		plan->first_caps.permitted |= CAP_SYS_ADMIN_BIT;
		plan->first_caps.effective |= CAP_SYS_ADMIN_BIT;
	}
	mp_process_plan_add(plan, "set capabilities", mp_op_set_caps, &plan->first_caps);
	mp_process_plan_add(plan, plan->cwd_what, mp_op_chdir, &plan->cwd_again);
	/* No capability for the filter's sake while others can look on, where that is possible. */
	is_filter_early = plan->is_split && is_filter_first && config->seccomp_lets_fork;
	if (is_filter_early)
		add_filter(plan, true);
	plan->inner_step = plan->n_ops;
	if (plan->is_split) {
		plan->gate = (struct mp_op_wait){ plan->gate_fd };
		if (plan->gate_fd >= 0)
			mp_process_plan_add(plan, "wait to be let on", mp_op_wait, &plan->gate);
		mp_process_plan_add(plan, "start a session", mp_op_setsid, NULL);
		if (config->is_tty)
			mp_process_plan_add(plan, "take the terminal", mp_op_terminal, NULL);
	}
	plan->find = (struct mp_op_find){ config->argv[0], path_of(config->envp), plan->found };
	plan->find_step = plan->n_ops;
	mp_process_plan_add(plan, "find the program", mp_op_find_program, &plan->find);
	mp_process_plan_add(plan, "unblock signals", mp_op_unblock_signals, NULL);
	if (config->seccomp && !is_filter_early)
		add_filter(plan, is_filter_first);
	plan->exec = (struct mp_op_exec){ plan->found, config->argv, config->envp };
	mp_process_plan_add(plan, "execute the program", mp_op_exec, &plan->exec);
}

/* An errno in Go's words, which is what users of other runtimes have read before. */
static const char *go_error(int code, char *buf, size_t size)
{
	switch (code) {
	case EISDIR:
		return "is a directory";
	case ENOEXEC:
		return "exec format error";
	case ENAMETOOLONG:
		return "file name too long";
	case ELOOP:
		return "too many levels of symbolic links";
	}
	(void)snprintf(buf, size, "%s", strerror(code));
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

void mp_process_explain(const char *name, size_t step, size_t find_step, bool is_exec, int code,
			struct mp_error *err)
{
	char buf[128];

	if (is_exec)
		(void)mp_fail_text(err, code, "exec %s: %s", name,
				   go_error(code, buf, sizeof(buf)));
	else if (step != find_step)
		return;
	else if (code == ENOENT && !strchr(name, '/'))
		(void)mp_fail_text(err, code, "exec: \"%s\": executable file not found in $PATH",
				   name);
	else if (code == EACCES || code == EISDIR)
		(void)mp_fail_text(err, code, "exec: \"%s\": %s", name,
				   go_error(code, buf, sizeof(buf)));
	else
		(void)mp_fail_text(err, code, "exec: \"%s\": stat %s: %s", name, name,
				   go_error(code, buf, sizeof(buf)));
}
