/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup tree of a pod: one directory for the pod, one below it per container, in every
 * hierarchy that is needed. A process enters it at birth (CLONE_INTO_CGROUP) and by writing "0"
 * to the v1 tasks files itself; it leaves by dying.
 *
 *     const struct mp_cgroup_host_config config = { 0 };
 *     mp_cgroup_host_open(&config, &host, err);
 *     mp_cgroup_open_pod(host, "burstable/pod1234", &pod_limits, &pod, err);
 *     mp_cgroup_open_container(pod, "web.0", &limits, &web, err);
 *     mp_cgroup_get_join(web, &join);        clone3(CLONE_INTO_CGROUP, .cgroup = join.dir_fd),
 *     ...                                    in the child mp_cgroup_join_first(), later _last()
 *     mp_cgroup_kill(web, err);  waitid(...);  mp_cgroup_remove(web, &state, err);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroups/host.h"
#include "cgroups/limits.h"
#include "runtime/base/error.h"

/** A pod's or a container's cgroup in all its hierarchies. Not thread safe. */
struct mp_cgroup;

/**
 * mp_cgroup_open_pod() - create a pod's cgroup with its limits, and its parents where missing.
 * @host:   must outlive the result.
 * @path:   relative to the root of all pods: "pod<uid>", "burstable/pod<uid>". Borrowed.
 * @limits: borrowed until return.
 * @ret:    on success, owned by the caller (mp_cgroup_close()).
 * @err:    may be NULL; names the file and, for a controller that is missing, the limit.
 *
 * A directory that a dead supervisor left behind is taken over. On failure nothing that was
 * created here remains. Other minipods may create and remove the shared parents meanwhile.
 *
 * Return: 0; -EOPNOTSUPP when a limit needs a controller that this host lacks; or -errno.
 * Source: cgroups(7), pod-semantics 10.5.
 */
int mp_cgroup_open_pod(struct mp_cgroup_host *host, const char *path,
		       const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
		       struct mp_error *err);

/**
 * mp_cgroup_begin_pod() - as mp_cgroup_open_pod(), but without the hierarchies of v1 that are for
 * containers alone: those that measure cpu time. Each costs 0.1 ms, and pause, which is started
 * first, is not in them.
 */
int mp_cgroup_begin_pod(struct mp_cgroup_host *host, const char *path,
			const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
			struct mp_error *err);

/**
 * mp_cgroup_complete_pod() - the rest of it, with its limits: before the first container's cgroup.
 * May be called again. What a failure leaves goes with mp_cgroup_remove().
 */
int mp_cgroup_complete_pod(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits,
			   struct mp_error *err);

/**
 * mp_cgroup_open_container() - create a container's cgroup below @pod; as mp_cgroup_open_pod().
 * @pod:  must outlive the result.
 * @name: one path component, e.g. "web.3".
 *
 * The counters of a container must start at zero: an empty directory of that name is replaced, one
 * with processes is -EBUSY.
 */
int mp_cgroup_open_container(struct mp_cgroup *pod, const char *name,
			     const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
			     struct mp_error *err);

/**
 * mp_cgroup_adopt_pod(), mp_cgroup_adopt_container() - open what already exists (recovery, exec,
 * top). Creates and writes nothing.
 *
 * Return: 0; -ENOENT when it is gone; or -errno.
 */
int mp_cgroup_adopt_pod(struct mp_cgroup_host *host, const char *path, struct mp_cgroup **ret,
			struct mp_error *err);
int mp_cgroup_adopt_container(struct mp_cgroup *pod, const char *name, struct mp_cgroup **ret,
			      struct mp_error *err);

/** mp_cgroup_close() - let go: closes descriptors, leaves the cgroup as it is. NULL is fine. */
void mp_cgroup_close(struct mp_cgroup *cg);

/** mp_cgroup_path() - "burstable/pod<uid>/web.0", relative to the root of all pods. Borrowed. */
const char *mp_cgroup_path(const struct mp_cgroup *cg);

/**
 * mp_cgroup_dir() - the directory of @cg in the hierarchy of @controller, O_PATH, borrowed;
 * -EBADF: it has none.
 */
int mp_cgroup_dir(const struct mp_cgroup *cg, enum mp_cgroup_controller controller);

/**
 * mp_cgroup_update() - write @limits over the present ones; limits that are absent are lifted.
 * When limits grow update the pod first, when they shrink the container first: v1 refuses a child
 * with more cpu than its parent.
 */
int mp_cgroup_update(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits,
		     struct mp_error *err);

/**
 * mp_cgroup_refresh_shared() - give a shared parent the cpu shares of the sum of its pods.
 * @path: "burstable", "besteffort": relative to the root of all pods.
 *
 * Each pod's cpu request is read back from an xattr on its cgroup, so that independent
 * supervisors agree without talking. To be called after a pod was opened and after one was
 * removed, off the start path. A parent that is gone is fine. Source: pod-semantics 10.5.
 */
int mp_cgroup_refresh_shared(struct mp_cgroup_host *host, const char *path, struct mp_error *err);

#define MP_CGROUP_JOIN_MAX MP_CGROUP_N_CONTROLLERS

/** struct mp_cgroup_join - what a new process needs to get in. All descriptors are borrowed. */
struct mp_cgroup_join {
	int dir_fd; /* for CLONE_INTO_CGROUP on v2 and hybrid; -EBADF on pure v1 */
	int tasks[MP_CGROUP_JOIN_MAX]; /* v1 tasks files but cpu's: write "0"; none on v2 */
	size_t n_tasks;
	int cpu_tasks; /* v1 cpu's: write "0" just before exec, a tight quota slows the set-up; or -EBADF */
};

/** mp_cgroup_get_join() - descriptors stay valid until @cg is closed. */
void mp_cgroup_get_join(const struct mp_cgroup *cg, struct mp_cgroup_join *ret);

/**
 * mp_cgroup_join_first() - move the calling thread into every v1 hierarchy but cpu.
 * mp_cgroup_join_last() - and into cpu's.
 *
 * Runs in the child (async-signal-safe), which has one thread: `tasks` moves one thread without
 * the RCU grace period that `cgroup.procs` waits for. unshare(CLONE_NEWCGROUP) comes after _last().
 *
 * Return: 0 or -errno.
 */
int mp_cgroup_join_first(const struct mp_cgroup_join *join);
int mp_cgroup_join_last(const struct mp_cgroup_join *join);

/**
 * mp_cgroup_kill() - SIGKILL to every process in @cg and below; never blocks.
 *
 * One write where cgroup.kill exists. Otherwise the tree is frozen, every process signalled, and
 * thawed, so that a fork bomb cannot outrun us; call again while mp_cgroup_is_empty() says no.
 *
 * The cpu limit of @cg is lifted first: dying takes processor time, and a fork bomb under a tight
 * quota was seen to take minutes.
 *
 * Does nothing to an empty cgroup. One that was killed takes no newcomer by CLONE_INTO_CGROUP: on
 * Linux 6.18 the child is dead at birth (seen; the kernel's kill_seq of the target differs from that
 * of the cloning process's own cgroup). So start nothing in @cg afterwards, open a new one.
 *
 * Return: 0 (also when there was nobody, or the cgroup is gone), or -errno.
 */
int mp_cgroup_kill(struct mp_cgroup *cg, struct mp_error *err);

/**
 * mp_cgroup_freeze() - stop every process in @cg and below, or let them go on.
 *
 * Return: 0 when asked for (freezing takes effect soon after); -EOPNOTSUPP without freezer; -errno.
 */
int mp_cgroup_freeze(struct mp_cgroup *cg, bool is_frozen, struct mp_error *err);

/**
 * mp_cgroup_pids() - the processes in @cg and below.
 * @pids:  room for @max.
 * @ret_n: how many there are, which may be more than were stored.
 */
int mp_cgroup_pids(const struct mp_cgroup *cg, pid_t *pids, size_t max, size_t *ret_n,
		   struct mp_error *err);

/** mp_cgroup_is_empty() - no live process in @cg or below; true when it is gone. Zombies do not count. */
bool mp_cgroup_is_empty(const struct mp_cgroup *cg);

/** enum mp_cgroup_state - what mp_cgroup_remove() found. */
enum mp_cgroup_state {
	MP_CGROUP_GONE, /* no directory of it is left */
	MP_CGROUP_BUSY, /* somebody still lives or dies in there: try again when something exited */
};

/**
 * mp_cgroup_remove() - rmdir @cg and everything below it in every hierarchy; never blocks.
 * @ret_state: how it ended; untouched on failure.
 *
 * Removing a pod also removes the shared parents and the root of all pods when they became empty.
 * May be called again, also when it is gone already. @cg still wants mp_cgroup_close().
 */
int mp_cgroup_remove(struct mp_cgroup *cg, enum mp_cgroup_state *ret_state, struct mp_error *err);

/** mp_cgroup_visit_fn - @path is relative to the root of all pods; non-zero ends the walk. */
typedef int (*mp_cgroup_visit_fn)(const char *path, void *arg);

/**
 * mp_cgroup_walk() - visit every cgroup below the root of all pods, children before parents.
 *
 * The same path may be visited once per hierarchy. What disappears meanwhile is skipped.
 * Return: 0, the visitor's non-zero answer, or -errno.
 */
int mp_cgroup_walk(struct mp_cgroup_host *host, mp_cgroup_visit_fn visit, void *arg,
		   struct mp_error *err);
