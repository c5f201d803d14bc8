/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that sees libcgroup. It finds the hierarchies of hosts that do not have them under
 * /sys/fs/cgroup; creating, limiting and removing groups is written directly (tree.c). Measured
 * with libcgroup 2.0.2 on Linux 6.18, hybrid host, two cores, microseconds:
 *
 *   cgroup_init()                                           650 .. 1500
 *   cgroup_init() again in the same process                 120 .. 150
 *   cgroup_create_cgroup(), one controller, no chown        120 .. 310   (mkdir and write: 60)
 *   looking at /sys/fs/cgroup as host.c does first           50 .. 110
 *
 * It re-reads /proc/cgroups and /proc/mounts for each process, opens each file by path, and cannot
 * be told to undo a half-built tree, to use tasks files or to hand out a directory for
 * CLONE_INTO_CGROUP. Since nothing on the usual path may cost a millisecond before the first
 * mkdir, it is asked only where the cheap look found nothing.
 */
#include "cgroups/backend.h"

#include <errno.h>
#include <libcgroup.h>
#include <string.h>

static int fail(struct mp_error *err, int r, const char *what)
{
	switch (r) {
	case ECGROUPNOTMOUNTED:
		return mp_fail_text(err, ENODEV, "%s: no cgroup hierarchy is mounted", what);
	case ECGOTHER:
		return mp_fail(err, cgroup_get_last_errno() ? cgroup_get_last_errno() : EIO, "%s",
			       what);
	default:
		return mp_fail_text(err, EIO, "%s: libcgroup: %s", what, cgroup_strerror(r));
	}
}

int mp_backend_find(mp_backend_mount_fn found, void *arg, struct mp_error *err)
{
	static const char what[] = "find the cgroup hierarchies";
	struct cgroup_mount_point mount;
	void *walk = NULL;
	int r = cgroup_init();

	if (r)
		return fail(err, r, what);
	r = cgroup_get_controller_begin(&walk, &mount);
	while (r == 0) {
		found(mount.name, mount.path, arg);
		r = cgroup_get_controller_next(&walk, &mount);
	}
	(void)cgroup_get_controller_end(&walk);
	return r == ECGEOF ? 0 : fail(err, r, what);
}
