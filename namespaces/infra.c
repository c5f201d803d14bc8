/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that becomes pause makes the new namespaces itself with unshare(2); only a pid namespace
 * needs the clone, and a user namespace must come first to own the others. It runs beside us: a
 * network namespace takes a millisecond, in which the caller has better to do than to wait.
 */
#include "namespaces/infra.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "namespaces/child_ops.h"
#include "namespaces/creds.h"
#include "namespaces/infra_internal.h"
#include "namespaces/infra_ops.h"
#include "namespaces/infra_proto.h"
#include "namespaces/ns.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define OPS_MAX_FIXED  16
#define WHAT_SYSCTL    "set sysctl "
#define WHAT_ADDRESS   "add the pod's address "
#define EXEC_MODE_ONLY 0111

/* The program, put here by the build. */
extern const char mp_pause_image[];
extern const char mp_pause_image_end[];

struct sysctl_step {
	struct mp_op_sysctl op;
	char what[sizeof(WHAT_SYSCTL) + MP_SYSCTL_NAME_MAX];
};

/* What the child reads while it prepares itself; freed when it has executed pause. */
struct infra_prepare {
	struct mp_arena arena; /* strings and sysctl steps */
	struct mp_child_op *ops;
	size_t n_ops;
	size_t n_ops_max;
	uint64_t unshare;
	int report_fd;
	int map_fds[2]; /* owned: the child waits at [0] for the id map */
	int proc_sys_fd;
	int program_fd;
	int pause_end; /* owned */
	int netlink;   /* the child's */
	struct mp_op_wait wait_map;
	int *tasks_fds; /* numbers that are the child's copies: the caller may close its own */
	struct mp_op_tasks tasks;
	struct mp_op_hostname hostname;
	struct mp_op_netlink lo_up;
	struct mp_op_netlink addresses[MP_INFRA_IPS_MAX];
	char address_whats[MP_INFRA_IPS_MAX][sizeof(WHAT_ADDRESS) + 48];
	struct mp_op_pause_fds fds;
	struct mp_op_bounding bounding;
	struct mp_cap_sets no_caps;
	struct mp_op_exec_fd exec;
};

static void prepare_free(struct infra_prepare *prepare)
{
	if (!prepare)
		return;
	mp_closep(&prepare->map_fds[0]);
	mp_closep(&prepare->map_fds[1]);
	mp_closep(&prepare->proc_sys_fd);
	mp_closep(&prepare->program_fd);
	mp_closep(&prepare->pause_end);
	mp_arena_done(&prepare->arena);
	free(prepare);
}

static void add(struct infra_prepare *prepare, const char *what, int (*run)(const void *arg),
		const void *arg)
{
	assert(prepare->n_ops < prepare->n_ops_max);
	prepare->ops[prepare->n_ops++] = (struct mp_child_op){ what, run, arg };
}

/*
 * Sealed, so that /proc/<pid>/exe names nothing that could be overwritten (CVE-2019-5736), and not
 * readable, so that the process is undumpable from its first instruction: would_dump() in exec.
 */
static int open_program(int *ret_fd, struct mp_error *err)
{
	const size_t size = (size_t)(mp_pause_image_end - mp_pause_image);
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	mp_auto_fd fd = mp_sys_memfd_create("pause", true);

	if (fd < 0)
		return mp_fail(err, -fd, "create an executable memory file for pause");
	if (write(fd, mp_pause_image, size) != (ssize_t)size)
		return mp_fail(err, ENOSPC, "write pause");
	if (fchmod(fd, EXEC_MODE_ONLY) < 0)
		return mp_fail(err, errno, "make pause executable");
	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		return mp_fail(err, errno, "seal pause");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static int open_proc_sys(int *ret_fd, struct mp_error *err)
{
	struct statfs fs;
	mp_auto_fd fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open /proc/sys");
	if (fstatfs(fd, &fs) < 0)
		return mp_fail(err, errno, "look at /proc/sys");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return mp_fail_text(err, EINVAL, "/proc/sys is not a proc file system");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

/* "net.ipv4.conf.lo.x" or "net/ipv4/conf/eth0.1/x": the first separator tells which: sysctl(8). */
static bool sysctl_path(const char *name, char *path, size_t size)
{
	const char *first = strpbrk(name, "./");
	size_t len = strlen(name);

	if (len == 0 || len >= size)
		return false;
	memcpy(path, name, len + 1);
	if (first && *first == '/')
		return true;
	for (size_t i = 0; i < len; i++)
		path[i] = (char)(name[i] == '.' ? '/' : name[i] == '/' ? '.' : name[i]);
	return true;
}

static int add_sysctls(struct infra_prepare *prepare, const struct mp_infra_config *config,
		       struct mp_error *err)
{
	struct sysctl_step *steps;
	int r;

	if (config->n_sysctls == 0)
		return 0;
	r = open_proc_sys(&prepare->proc_sys_fd, err);
	if (r < 0)
		return r;
	steps = mp_arena_alloc(&prepare->arena, config->n_sysctls, sizeof(*steps));
	if (!steps)
		return mp_fail(err, ENOMEM, "prepare sysctls");
	for (size_t i = 0; i < config->n_sysctls; i++) {
		const struct mp_infra_sysctl *sysctl = &config->sysctls[i];

		if (!sysctl_path(sysctl->name, steps[i].op.path, sizeof(steps[i].op.path)))
			return mp_fail_text(err, EINVAL, "sysctl \"%.64s\": impossible name",
					    sysctl->name);
		steps[i].op.dir_fd = prepare->proc_sys_fd;
		steps[i].op.value = mp_arena_strdup(&prepare->arena, sysctl->value);
		if (!steps[i].op.value)
			return mp_fail(err, ENOMEM, "prepare sysctls");
		steps[i].op.len = strlen(sysctl->value);
		(void)snprintf(steps[i].what, sizeof(steps[i].what), WHAT_SYSCTL "%s",
			       sysctl->name);
		add(prepare, steps[i].what, mp_op_sysctl, &steps[i].op);
	}
	return 0;
}

static int add_network(struct infra_prepare *prepare, const struct mp_infra_config *config,
		       struct mp_error *err)
{
	if (!(config->unshare & CLONE_NEWNET))
		return 0;
	mp_netlink_lo_up(&prepare->lo_up, &prepare->netlink);
	add(prepare, "bring the loopback interface up", mp_op_netlink, &prepare->lo_up);
	for (size_t i = 0; i < config->n_ips; i++) {
		int r = mp_netlink_lo_address(&prepare->addresses[i], &prepare->netlink,
					      config->ips[i], err);

		if (r < 0)
			return r;
		(void)snprintf(prepare->address_whats[i], sizeof(prepare->address_whats[i]),
			       WHAT_ADDRESS "%s", config->ips[i]);
		add(prepare, prepare->address_whats[i], mp_op_netlink, &prepare->addresses[i]);
	}
	return 0;
}

static int add_user_ns(struct infra_prepare *prepare, const struct mp_infra_config *config,
		       struct mp_error *err)
{
	int fds[2];

	if (!(config->unshare & CLONE_NEWUSER))
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "create a pipe");
	prepare->map_fds[0] = fds[0];
	prepare->map_fds[1] = fds[1];
	prepare->wait_map.fd = fds[0];
	add(prepare, "wait for the id map", mp_op_wait, &prepare->wait_map);
	add(prepare, "become root of the user namespace", mp_op_user_ns_root, NULL);
	return 0;
}

static int add_uts(struct infra_prepare *prepare, const struct mp_infra_config *config,
		   struct mp_error *err)
{
	if (!config->hostname || !(config->unshare & CLONE_NEWUTS))
		return 0;
	prepare->hostname.name = mp_arena_strdup(&prepare->arena, config->hostname);
	if (!prepare->hostname.name)
		return mp_fail(err, ENOMEM, "prepare the host name");
	prepare->hostname.len = strlen(config->hostname);
	add(prepare, "set the host name", mp_op_hostname, &prepare->hostname);
	return 0;
}

static void add_exec(struct infra_prepare *prepare, int peer_end)
{
	static const char *const argv[] = { "pause", NULL };
	static const char *const envp[] = { NULL };

	add(prepare, "enter an empty root", mp_op_empty_root, NULL);
	prepare->fds = (struct mp_op_pause_fds){ prepare->pause_end, peer_end, prepare->program_fd,
						 &prepare->report_fd };
	add(prepare, "arrange files", mp_op_pause_fds, &prepare->fds);
	prepare->bounding.known = mp_caps_known();
	add(prepare, "drop the capability bounding set", mp_op_bounding_set, &prepare->bounding);
	add(prepare, "drop capabilities", mp_op_set_caps, &prepare->no_caps);
	prepare->exec = (struct mp_op_exec_fd){ MP_PAUSE_PROGRAM_FD, argv, envp };
	add(prepare, "execute pause", mp_op_exec_fd, &prepare->exec);
}

static int add_steps(struct infra_prepare *prepare, const struct mp_infra_config *config,
		     int peer_end, struct mp_error *err)
{
	int r;

	add(prepare, "start a session", mp_op_new_session, NULL);
	if (config->n_cgroup_tasks_fds > 0) {
		memcpy(prepare->tasks_fds, config->cgroup_tasks_fds,
		       config->n_cgroup_tasks_fds * sizeof(int));
		prepare->tasks =
			(struct mp_op_tasks){ prepare->tasks_fds, config->n_cgroup_tasks_fds };
		add(prepare, "join cgroups", mp_op_join_cgroups, &prepare->tasks);
	}
	r = add_user_ns(prepare, config, err);
	if (r < 0)
		return r;
	prepare->unshare =
		CLONE_NEWNS | (config->unshare & (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	add(prepare, "create namespaces", mp_op_unshare, &prepare->unshare);
	r = add_uts(prepare, config, err);
	if (r == 0)
		r = add_network(prepare, config, err);
	if (r == 0)
		r = add_sysctls(prepare, config, err);
	if (r == 0)
		add_exec(prepare, peer_end);
	return r;
}

static int prepare_new(const struct mp_infra_config *config, struct infra_prepare **ret,
		       struct mp_error *err)
{
	const size_t n_max = OPS_MAX_FIXED + MP_INFRA_IPS_MAX + config->n_sysctls;
	struct infra_prepare *prepare = calloc(1, sizeof(*prepare));

	if (!prepare)
		return mp_fail(err, ENOMEM, "prepare pause");
	prepare->map_fds[0] = prepare->map_fds[1] = -EBADF;
	prepare->proc_sys_fd = prepare->program_fd = prepare->pause_end = -EBADF;
	prepare->netlink = -1;
	prepare->n_ops_max = n_max;
	prepare->ops = mp_arena_alloc(&prepare->arena, n_max, sizeof(*prepare->ops));
	prepare->tasks_fds = mp_arena_alloc(&prepare->arena, config->n_cgroup_tasks_fds,
					    sizeof(*prepare->tasks_fds));
	if (!prepare->ops || !prepare->tasks_fds) {
		prepare_free(prepare);
		return mp_fail(err, ENOMEM, "prepare pause");
	}
	*ret = prepare;
	return open_program(&prepare->program_fd, err);
}

static int spawn(struct mp_infra *infra, const struct mp_infra_config *config, struct mp_error *err)
{
	struct infra_prepare *prepare = infra->prepare;
	const struct mp_child_config spec = {
		.mode = MP_CHILD_ASYNC,
		.flags = config->unshare & (CLONE_NEWPID | CLONE_NEWUSER),
		.cgroup_fd = config->cgroup_fd,
		.ops = prepare->ops,
		.n_ops = prepare->n_ops,
		.report_fd_slot = &prepare->report_fd,
	};
	int r;

	r = mp_child_spawn(&spec, &infra->child, err);
	if (r < 0)
		return r;
	infra->pid = infra->child.pid;
	/* The child has its own copies of these now. */
	mp_closep(&prepare->map_fds[0]);
	mp_closep(&prepare->pause_end);
	mp_closep(&prepare->program_fd);
	if (config->unshare & CLONE_NEWUSER) {
		r = mp_idmap_write(infra->pid, config->ids, err);
		if (r < 0)
			return r;
		if (write(prepare->map_fds[1], "", 1) != 1)
			return mp_fail(err, errno, "start pause in its user namespace");
	}
	return 0;
}

int mp_infra_create(const struct mp_infra_config *config, struct mp_infra **ret,
		    struct mp_error *err)
{
	struct mp_infra *infra;
	int fds[2];
	int r;

	assert(config->n_ips <= MP_INFRA_IPS_MAX);
	infra = calloc(1, sizeof(*infra));
	if (!infra)
		return mp_fail(err, ENOMEM, "prepare pause");
	infra->pid = -1;
	infra->pidfd = infra->socket = -EBADF;
	infra->child = MP_CHILD_NONE;
	infra->has_oom_score_adj = config->has_oom_score_adj;
	infra->oom_score_adj = config->oom_score_adj;
	r = prepare_new(config, &infra->prepare, err);
	assert(r < 0 || infra->prepare);
	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		r = mp_fail(err, errno, "create a control socket");
	if (r == 0) {
		infra->socket = fds[0];
		infra->prepare->pause_end = fds[1];
		r = add_steps(infra->prepare, config, infra->socket, err);
	}
	/* They wait in the socket: pause finds them when it begins to read. */
	for (size_t i = 0; r == 0 && i < config->n_spares; i++)
		r = mp_infra_keep(infra, config->spares[i].tag, config->spares[i].fd, err);
	if (r == 0)
		r = spawn(infra, config, err);
	if (r < 0) {
		mp_infra_free(infra);
		return mp_wrap(err, r, "start pause");
	}
	*ret = infra;
	return 0;
}

/*
 * Done from here: the child shares our memory without vfork, and a process that sets its own
 * oom_score_adj then sets that of all who share it: __set_oom_adj() in fs/proc/base.c.
 */
static int set_oom_score_adj(struct mp_infra *infra, struct mp_error *err)
{
	char path[48];
	char text[16];
	mp_auto_fd fd = -EBADF;
	int n;

	if (!infra->has_oom_score_adj)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)infra->pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return mp_fail(err, errno, "open oom_score_adj of pause");
	n = snprintf(text, sizeof(text), "%d", infra->oom_score_adj);
	if (write(fd, text, (size_t)n) >= 0)
		return 0;
	if (errno != EACCES && errno != EPERM)
		return mp_fail(err, errno, "set oom_score_adj of pause to %s", text);
	infra->is_oom_refused = true;
	return 0;
}

int mp_infra_wait_ready(struct mp_infra *infra, struct mp_error *err)
{
	enum mp_child_state state;
	struct mp_error why = MP_ERROR_NONE;
	int r;

	if (infra->is_ready)
		return 0;
	if (infra->child.pidfd < 0)
		return mp_fail_text(err, ESRCH, "pause has not been started");
	do {
		struct pollfd poll_fd = { .fd = infra->child.report_fd, .events = POLLIN };

		if (poll_fd.fd >= 0) /* MP_CHILD_WAIT: the answer is known already */
			(void)poll(&poll_fd, 1, -1);
		r = mp_child_report_read(&infra->child, &state, &why);
		if (r < 0)
			return mp_fail_text(err, -r, "start pause: %s", why.msg);
	} while (state == MP_CHILD_STARTING);
	if (state == MP_CHILD_FAILED) {
		mp_child_done(&infra->child); /* reaps it, too */
		prepare_free(infra->prepare);
		infra->prepare = NULL;
		return mp_fail_text(err, why.code, "start pause: %s", why.msg);
	}
	infra->pidfd = mp_steal_fd(&infra->child.pidfd);
	mp_child_done(&infra->child);
	prepare_free(infra->prepare);
	infra->prepare = NULL;
	infra->is_ready = true;
	return set_oom_score_adj(infra, err);
}

int mp_infra_pidfd(const struct mp_infra *infra)
{
	return infra->is_ready ? infra->pidfd : infra->child.pidfd;
}

int mp_infra_socket(const struct mp_infra *infra)
{
	return infra->socket;
}

pid_t mp_infra_pid(const struct mp_infra *infra)
{
	return infra->pid;
}

bool mp_infra_is_oom_score_adj_refused(const struct mp_infra *infra)
{
	return infra->is_oom_refused;
}

int mp_infra_ns_fd(const struct mp_infra *infra, uint64_t kind, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;
	int r = mp_ns_open(infra->pid, kind, &fd, err);

	if (r < 0)
		return r;
	/* Still the same process after we opened it by number? */
	r = mp_sys_pidfd_send_signal(mp_infra_pidfd(infra), 0);
	if (r < 0)
		return mp_fail(err, -r, "open a namespace of pause");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_infra_kill(struct mp_infra *infra, struct mp_error *err)
{
	int r = mp_sys_pidfd_send_signal(mp_infra_pidfd(infra), SIGKILL);

	if (r < 0 && r != -ESRCH)
		return mp_fail(err, -r, "kill pause");
	return 0;
}

void mp_infra_free(struct mp_infra *infra)
{
	if (!infra)
		return;
	if (!infra->is_ready && infra->child.pidfd >= 0) {
		(void)mp_sys_pidfd_send_signal(infra->child.pidfd, SIGKILL);
		(void)waitid(P_PIDFD, (id_t)infra->child.pidfd, NULL, WEXITED);
	}
	if (!infra->is_ready)
		mp_child_done(&infra->child);
	prepare_free(infra->prepare);
	mp_closep(&infra->socket);
	mp_closep(&infra->pidfd);
	free(infra);
}
