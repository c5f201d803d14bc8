/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a host and of a cgroup, shared by the files of this folder only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroups/host.h"
#include "cgroups/limits.h"
#include "cgroups/tree.h"
#include "runtime/base/error.h"

#define MP_HIERARCHY_MAX MP_CGROUP_N_CONTROLLERS

/** struct mp_hierarchy - one mounted cgroup file system. */
struct mp_hierarchy {
	enum mp_cgroup_version version;
	int top_fd;           /* owned, O_PATH: where the root of all pods is created */
	char *top;            /* owned: its path, for messages and xattrs */
	char *root;           /* owned: path of the root of all pods */
	unsigned controllers; /* bits of enum mp_cgroup_controller that it serves */
	dev_t dev;            /* tells hierarchies apart */
};

struct mp_cgroup_host {
	enum mp_cgroup_mode mode;
	char *root; /* owned: "minipod", relative to each top */
	struct mp_hierarchy h[MP_HIERARCHY_MAX];
	size_t n;
	int where[MP_CGROUP_N_CONTROLLERS]; /* index into h, or -1 */
};

struct mp_cgroup {
	struct mp_cgroup_host *host; /* borrowed */
	struct mp_cgroup *pod;       /* borrowed; NULL: this is a pod */
	char *path;                  /* owned: relative to the root of all pods */
	const char *name;            /* last component of path */
	int dir[MP_HIERARCHY_MAX];   /* owned, O_PATH; -EBADF where it has no directory */
	int tasks[MP_HIERARCHY_MAX]; /* owned: v1 containers */
	unsigned made;               /* bits of h: created by us, undone on failure */
	unsigned enabled;            /* bits of controllers: v2, handed down to our children */
};

#define MP_BIT(i) (1U << (unsigned)(i))

/** mp_node_new() - an object without any directory yet. @path is copied. NULL: out of memory. */
struct mp_cgroup *mp_node_new(struct mp_cgroup_host *host, struct mp_cgroup *pod, const char *path);

/** mp_node_dir() - directory of @cg in the hierarchy of @controller; -EBADF when there is none. */
int mp_node_dir(const struct mp_cgroup *cg, enum mp_cgroup_controller controller);

/** mp_node_version() - whose files the hierarchy of @controller has; the controller must be there. */
enum mp_cgroup_version mp_node_version(const struct mp_cgroup_host *host,
				       enum mp_cgroup_controller controller);

/**
 * mp_node_add() - give @cg (and its pod) a directory in the hierarchies of @controllers (bits).
 * Those that this host lacks are left out. What was made is remembered, also on failure.
 */
int mp_node_add(struct mp_cgroup *cg, unsigned controllers, struct mp_error *err);

/** mp_node_apply() - write @limits of @controllers (bits); @is_fresh as for mp_limits_settings(). */
int mp_node_apply(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits, unsigned controllers,
		  bool is_fresh, struct mp_error *err);

/**
 * mp_node_rmdir() - remove the cgroup @name of @dir_fd with everything below it.
 *
 * Return: 0, also when it was not there; -EBUSY when there is still life in it; or -errno.
 */
int mp_node_rmdir(int dir_fd, const char *name);

/** mp_node_prune_parents() - remove what is above the pod @path and empty, up to the root of all pods. */
void mp_node_prune_parents(struct mp_cgroup_host *host, size_t at, const char *path);
