/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/pid_ns.h"

#include <assert.h>
#include <sched.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

int mp_pid_ns_spawn(int pidfd, const struct mp_child_config *config, struct mp_child *ret,
		    struct mp_error *err)
{
	mp_auto_fd self = mp_sys_pidfd_open(getpid(), 0);
	int back;
	int r;

	/* A go-between would learn its sibling's pid as it is in there, which is not ours. */
	assert(config->n_outer_ops == 0);
	if (self < 0)
		return mp_fail(err, -self, "open our own pidfd");
	if (setns(pidfd, CLONE_NEWPID) < 0)
		return mp_fail(err, errno, "join the pid namespace");
	r = mp_child_spawn(config, ret, err);
	back = setns(self, CLONE_NEWPID);
	assert(back == 0); /* every later child would be born in there */
	return r;
}
