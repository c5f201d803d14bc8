/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's file system consists of, as an ordered list. Pure: configuration in,
 * steps out. Source: pod-semantics 9.3, 9.5, 9.6, 9.7.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

enum mp_propagation {
	MP_PROPAGATION_PRIVATE, /* None: rprivate */
	MP_PROPAGATION_SLAVE,   /* HostToContainer: rslave */
	MP_PROPAGATION_SHARED,  /* Bidirectional: rshared, from the host's mount namespace */
};

/** struct mp_bind - one volume or file of the host that a container sees. */
struct mp_bind {
	const char *name;   /* for messages: volume 'data', file 'etc-hosts' */
	const char *target; /* absolute path in the container */
	/*
	 * What is mounted: @source_fd when >= 0 (borrowed: a directory or file opened in the
	 * calling process's mount namespace, or a detached mount), else the path @source.
	 */
	const char *source;
	int source_fd;
	bool is_readonly;
	bool is_recursive_readonly; /* with @is_readonly: also every mount below */
	bool is_nosuid, is_nodev, is_noexec;
	bool is_idmapped;  /* through the pod's user namespace, when there is one */
	bool is_pod_local; /* propagates among the pod's mounts only: mp_volume_share() */
	enum mp_propagation propagation;
};

/** enum mp_cgroup_view - what /sys/fs/cgroup is. */
enum mp_cgroup_view {
	MP_CGROUP_VIEW_NONE,    /* left empty */
	MP_CGROUP_VIEW_UNIFIED, /* cgroups[0] is the container's directory in the v2 tree */
	MP_CGROUP_VIEW_SPLIT,   /* a tmpfs with one directory per entry of cgroups: v1 and hybrid */
};

/** struct mp_cgroup_mount - one hierarchy a container sees, rooted at its own directory. */
struct mp_cgroup_mount {
	const char *name; /* directory below /sys/fs/cgroup: "memory", "cpu,cpuacct", "unified" */
	int dir_fd;       /* borrowed: the container's cgroup directory, opened in the caller's own
			     mount namespace */
};

struct mp_mounts_config {
	bool is_privileged;    /* no masks, /sys and cgroups writable, all host devices */
	bool is_unmasked;      /* procMount: Unmasked: no masks, /proc writable */
	bool is_root_readonly; /* readOnlyRootFilesystem */
	bool has_tty;          /* /dev/console is the container's terminal: mp_rootfs_terminal() */
	enum mp_cgroup_view cgroup_view;
	const struct mp_cgroup_mount *cgroups; /* borrowed */
	size_t n_cgroups;
	const struct mp_bind *binds; /* volumes and files, in the manifest's order. Borrowed */
	size_t n_binds;
	const char *const *kept; /* directories that stay writable in a read-only root. Borrowed */
	size_t n_kept;
	const char *const *more_masks; /* further paths to hide (thermal_throttle). Borrowed */
	size_t n_more_masks;
	uint64_t shm_bytes; /* size of a /dev/shm of its own when no bind has that target; 0 = 64 MiB */
};

enum mp_mount_kind {
	MP_MOUNT_PROC,
	MP_MOUNT_SYSFS,
	MP_MOUNT_DEV,    /* tmpfs with the standard nodes, prepared by the parent */
	MP_MOUNT_DEVPTS, /* an instance of its own, prepared by the parent */
	MP_MOUNT_SHM,    /* new tmpfs */
	MP_MOUNT_MQUEUE,
	MP_MOUNT_CGROUP_ROOT, /* tmpfs with a directory per hierarchy */
	MP_MOUNT_CGROUP,      /* cgroups[index] */
	MP_MOUNT_KEPT,    /* bound on itself, and so not read-only with the root; made if need be */
	MP_MOUNT_CONSOLE, /* the first terminal of the container's devpts */
	MP_MOUNT_BIND,    /* binds[index] */
	MP_MOUNT_MASK,    /* hide the path, if it is there */
	MP_MOUNT_READONLY, /* make the path read-only, if it is there */
};

/** struct mp_mount_step - one thing to do, in order. */
struct mp_mount_step {
	enum mp_mount_kind kind;
	const char *what;   /* "mount /proc", "mount volume 'data' at /data" */
	const char *target; /* absolute, no trailing slash */
	size_t index;       /* into binds or cgroups */
	uint64_t attrs;     /* MOUNT_ATTR_* of the finished mount */
	bool is_nofollow;   /* an image whose target has a symbolic link in it is refused */
};

/**
 * mp_mounts_plan() - the steps for one container.
 * @arena:     receives the steps and their strings.
 * @ret_steps: on success.
 *
 * Targets are cleaned ("//a/../b/" is "/b", "x" is "/x"). A bind whose target is one of the
 * standard mounts replaces it, one at /dev also everything the standard has below /dev; of two
 * binds with one target the later counts. Everything is ordered by number of path components and
 * otherwise as given, standard mounts before volumes; masks and read-only paths come last.
 *
 * Return: 0; -EINVAL for a target that is the root itself; -ENAMETOOLONG; -ENOMEM.
 */
int mp_mounts_plan(const struct mp_mounts_config *cfg, struct mp_arena *arena,
		   const struct mp_mount_step **ret_steps, size_t *ret_n, struct mp_error *err);
