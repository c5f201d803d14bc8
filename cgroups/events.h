/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel reports about a cgroup by itself: OOM kills, and that it became empty. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "cgroups/tree.h"
#include "runtime/base/error.h"

/**
 * mp_cgroup_oom_kills() - how many processes of @cg, or below, the OOM killer has killed.
 * @ret_kills: 0 where there is no memory controller.
 *
 * Three system calls; to be asked after a container's exit and before its cgroup is removed. A
 * process killed because of the pod's limit counts in its own container.
 * Source: memory.events oom_kill (v2), memory.oom_control oom_kill (v1, Linux 4.13); 3.3.
 */
int mp_cgroup_oom_kills(const struct mp_cgroup *cg, uint64_t *ret_kills, struct mp_error *err);

/** struct mp_cgroup_watch - a descriptor for epoll. */
struct mp_cgroup_watch {
	int fd;          /* owned by who called the open function; CLOEXEC */
	uint32_t events; /* what to ask epoll for: EPOLLIN or EPOLLPRI; EPOLLERR comes with the latter */
	bool is_eventfd; /* for mp_cgroup_watch_drain() */
};

#define MP_CGROUP_WATCH_NONE ((struct mp_cgroup_watch){ .fd = -EBADF })

/**
 * mp_cgroup_watch_oom() - becomes ready when an OOM event happens in @cg; then read the count.
 *
 * Return: 0; -EOPNOTSUPP without memory controller; or -errno.
 * Source: memory.events is pollable (v2); cgroup.event_control with an eventfd (v1).
 */
int mp_cgroup_watch_oom(const struct mp_cgroup *cg, struct mp_cgroup_watch *ret,
			struct mp_error *err);

/**
 * mp_cgroup_watch_empty() - becomes ready when @cg changes between populated and empty; then ask
 * mp_cgroup_is_empty().
 *
 * Return: 0; -EOPNOTSUPP on pure v1, which reports nothing; or -errno.
 */
int mp_cgroup_watch_empty(const struct mp_cgroup *cg, struct mp_cgroup_watch *ret,
			  struct mp_error *err);

/** mp_cgroup_watch_drain() - to be called for each readiness, before looking; re-arms the watch. */
void mp_cgroup_watch_drain(const struct mp_cgroup_watch *watch);

/** mp_cgroup_watch_done() - close it; remove it from epoll first. May be called again. */
void mp_cgroup_watch_done(struct mp_cgroup_watch *watch);
