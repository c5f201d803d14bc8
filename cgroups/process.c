/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of a cgroup: how they get in, and how all of them get out.
 *
 * A new process is born in its v2 cgroup (CLONE_INTO_CGROUP) and writes "0" to the v1 tasks files
 * itself. Writing to cgroup.procs instead waits for an RCU grace period: 10 ms for the first
 * process, against 15-40 us (measured, Linux 6.18).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/node.h"
#include "cgroups/parse.h"
#include "cgroups/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define PROCS_MAX   (64UL << 20) /* four million pids: pid_max */
#define KILL_ROUNDS 16

void mp_cgroup_get_join(const struct mp_cgroup *cg, struct mp_cgroup_join *ret)
{
	*ret = (struct mp_cgroup_join){ .dir_fd = mp_node_dir(cg, MP_CGROUP_UNIFIED),
					.cpu_tasks = -EBADF };

	int cpu = cg->host->where[MP_CGROUP_CPU];

	for (size_t i = 0; i < cg->host->n; i++) {
		if (cg->tasks[i] < 0)
			continue;
		if ((int)i == cpu)
			ret->cpu_tasks = cg->tasks[i];
		else
			ret->tasks[ret->n_tasks++] = cg->tasks[i];
	}
}

static int enter(int tasks_fd)
{
	for (;;) {
		if (write(tasks_fd, "0", 1) == 1)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

int mp_cgroup_join_first(const struct mp_cgroup_join *join)
{
	for (size_t i = 0; i < join->n_tasks; i++) {
		int r = enter(join->tasks[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int mp_cgroup_join_last(const struct mp_cgroup_join *join)
{
	return join->cpu_tasks < 0 ? 0 : enter(join->cpu_tasks);
}

struct pids {
	pid_t *at;
	size_t max, n;
};

static int add_pids(int dir_fd, const char *name, void *arg)
{
	struct pids *pids = arg;
	mp_auto_fd fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mp_auto_free char *text = NULL;
	int pid;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;

	int r = mp_cgfile_read_all(fd, "cgroup.procs", PROCS_MAX, &text);

	/* A threaded v2 child refuses with EOPNOTSUPP; its processes are listed above it. */
	if (r < 0 && r != -EOPNOTSUPP && r != -ENODEV && r != -ENOENT)
		return r;
	if (r == 0) {
		for (const char *at = text; mp_parse_pid(&at, &pid); pids->n++) {
			if (pids->n < pids->max)
				pids->at[pids->n] = pid;
		}
	}
	r = mp_dir_each(fd, ".", add_pids, pids);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* A hierarchy that every process of @cg is in: v2 where there is one. */
static int main_dir(const struct mp_cgroup *cg)
{
	static const enum mp_cgroup_controller all[] = { MP_CGROUP_UNIFIED, MP_CGROUP_MEMORY,
							 MP_CGROUP_PIDS, MP_CGROUP_CPU };
	int fd = -EBADF;

	for (size_t i = 0; i < MP_ARRAY_SIZE(all) && fd < 0; i++)
		fd = mp_node_dir(cg, all[i]);
	for (size_t i = 0; i < cg->host->n && fd < 0; i++)
		fd = cg->dir[i];
	return fd;
}

int mp_cgroup_pids(const struct mp_cgroup *cg, pid_t *pids, size_t max, size_t *ret_n,
		   struct mp_error *err)
{
	struct pids found = { .at = pids, .max = max };
	int r = add_pids(main_dir(cg), ".", &found);

	if (r < 0)
		return mp_fail(err, -r, "list the processes of %s", cg->path);
	*ret_n = found.n;
	return 0;
}

bool mp_cgroup_is_empty(const struct mp_cgroup *cg)
{
	int fd = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	char text[256];
	uint64_t populated;
	size_t n = 0;

	if (fd >= 0) {
		int r = mp_cgfile_read(fd, "cgroup.events", text, sizeof(text));

		if (r == -ENOENT || r == -ENODEV)
			return true;
		return r >= 0 && mp_parse_keyed(text, "populated", &populated) && populated == 0;
	}
	return mp_cgroup_pids(cg, NULL, 0, &n, NULL) == 0 && n == 0;
}

/* -EOPNOTSUPP: there is nothing to freeze with. */
static int freeze(const struct mp_cgroup *cg, bool is_frozen)
{
	int fd = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	int r = -EOPNOTSUPP;

	if (fd >= 0)
		r = mp_cgfile_write(fd, "cgroup.freeze", is_frozen ? "1" : "0");
	else if ((fd = mp_node_dir(cg, MP_CGROUP_FREEZER)) >= 0)
		r = mp_cgfile_write(fd, "freezer.state", is_frozen ? "FROZEN" : "THAWED");
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

int mp_cgroup_freeze(struct mp_cgroup *cg, bool is_frozen, struct mp_error *err)
{
	int r = freeze(cg, is_frozen);

	if (r < 0)
		return mp_fail(err, -r, "%s cgroup %s", is_frozen ? "freeze" : "thaw", cg->path);
	return 0;
}

/* @n: how many there were just now; afterwards, how many there are. */
static int signal_some(const struct mp_cgroup *cg, size_t *n)
{
	size_t room = *n + 64;
	pid_t *pids = calloc(room, sizeof(*pids));
	int r;

	if (!pids)
		return -ENOMEM;
	r = mp_cgroup_pids(cg, pids, room, n, NULL);
	for (size_t i = 0; r == 0 && i < *n && i < room; i++)
		(void)kill(pids[i], SIGKILL); /* ESRCH: it was faster */
	free(pids);
	return r;
}

/*
 * Signal everybody until a round finds nobody new. Frozen processes cannot fork, and those that
 * were still on their way into the freezer show up in the next round. A pid that is reused between
 * reading and signalling would need its process to die there: frozen ones cannot either.
 */
static int signal_all(const struct mp_cgroup *cg)
{
	size_t before = SIZE_MAX;

	for (int round = 0; round < KILL_ROUNDS; round++) {
		size_t n = 0;
		int r = mp_cgroup_pids(cg, NULL, 0, &n, NULL);

		if (r < 0 || n == 0 || n == before)
			return r;
		r = signal_some(cg, &n);
		if (r < 0)
			return r;
		before = n;
	}
	return 0;
}

/* Failures do not matter: then the kill takes longer. */
static void lift_cpu_limit(struct mp_cgroup *cg)
{
	const int fd = mp_node_dir(cg, MP_CGROUP_CPU);

	if (fd < 0)
		return;
	if (mp_node_version(cg->host, MP_CGROUP_CPU) == MP_CGROUP_FILES_V2)
		(void)mp_cgfile_write(fd, "cpu.max", "max");
	else
		(void)mp_cgfile_write(fd, "cpu.cfs_quota_us", "-1");
}

int mp_cgroup_kill(struct mp_cgroup *cg, struct mp_error *err)
{
	int fd = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	int r = -ENOENT;

	/* An empty cgroup may still be used again, one that was killed may not: see the header. */
	if (mp_cgroup_is_empty(cg))
		return 0;
	lift_cpu_limit(cg);
	if (fd >= 0)
		r = mp_cgfile_write(fd, "cgroup.kill", "1");
	if (r == -ENODEV)
		return 0;
	if (r == -ENOENT) { /* before Linux 5.14, or pure v1 */
		bool is_frozen = freeze(cg, true) == 0;

		r = signal_all(cg);
		if (is_frozen)
			(void)freeze(cg, false);
	}
	if (r < 0)
		return mp_fail(err, -r, "kill the processes of cgroup %s", cg->path);
	return 0;
}
