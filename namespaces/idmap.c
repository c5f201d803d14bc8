/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map may be written once, in one write, by a process with CAP_SETUID (CAP_SETGID) in the parent
 * user namespace. setgroups(2) stays allowed: user_namespaces(7).
 */
#include "namespaces/idmap.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "namespaces/child.h"
#include "namespaces/ns.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

bool mp_idmap_to_host(struct mp_idmap_range map, uint32_t id, uint32_t *ret)
{
	if (id < map.inside || id - map.inside >= map.count)
		return false;
	*ret = map.outside + (id - map.inside);
	return true;
}

static int write_map(int dir_fd, const char *name, const char *text, struct mp_error *err)
{
	mp_auto_fd fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open %s of the new user namespace", name);
	if (write(fd, text, strlen(text)) < 0)
		return mp_fail(err, errno, "write %s of the new user namespace", name);
	return 0;
}

int mp_idmap_write(pid_t pid, struct mp_idmap_range map, struct mp_error *err)
{
	char path[32];
	char text[48];
	mp_auto_fd dir = -EBADF;
	int r;

	if (map.count == 0 || map.outside + map.count - 1 < map.outside ||
	    map.inside + map.count - 1 < map.inside)
		return mp_fail_text(err, EINVAL, "map ids %u.. to %u..: impossible count %u",
				    map.inside, map.outside, map.count);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mp_fail(err, errno, "open %s", path);
	(void)snprintf(text, sizeof(text), "%u %u %u\n", map.inside, map.outside, map.count);
	r = write_map(dir, "gid_map", text, err);
	if (r < 0)
		return r;
	return write_map(dir, "uid_map", text, err);
}

/* Runs in the child: nothing but be there until killed. */
static int op_wait(const void *arg)
{
	(void)arg;
	while (mp_raw_syscall(__NR_ppoll, 0, 0, 0, 0, 0, 0) <= 0)
		continue;
	return -EINTR;
}

int mp_idmap_userns_open(struct mp_idmap_range map, int *ret_fd, struct mp_error *err)
{
	static const struct mp_child_op wait_op = { "hold a user namespace", op_wait, NULL };
	const struct mp_child_config config = {
		.mode = MP_CHILD_ASYNC,
		.flags = CLONE_NEWUSER,
		.cgroup_fd = -1,
		.ops = &wait_op,
		.n_ops = 1,
	};
	struct mp_child child = MP_CHILD_NONE;
	int r;

	r = mp_child_spawn(&config, &child, err);
	if (r < 0)
		return mp_wrap(err, r, "create a user namespace");
	r = mp_idmap_write(child.pid, map, err);
	if (r == 0)
		r = mp_ns_open(child.pid, CLONE_NEWUSER, ret_fd, err);
	mp_child_done(&child); /* kills: it never reaches exec */
	return r;
}
