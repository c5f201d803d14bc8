/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this host offers cgroups: unified v2, pure v1, or hybrid (v1 controllers beside a v2
 * hierarchy). Found once per process, then shared by every pod's tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/limits.h"
#include "runtime/base/error.h"

/** enum mp_cgroup_mode - what the host was found to be. */
enum mp_cgroup_mode {
	MP_CGROUP_V2,     /* one hierarchy with all controllers */
	MP_CGROUP_V1,     /* one hierarchy per controller, no v2 mounted */
	MP_CGROUP_HYBRID, /* v1 controllers; processes also live in the v2 hierarchy */
};

/** struct mp_cgroup_host_config - where to look. Zero means: find out. */
struct mp_cgroup_host_config {
	/*
	 * The root of all pods, relative to the top of each hierarchy ("minipod", "ci/job7"): the
	 * value of --cgroup-root. NULL: "minipod", below our own cgroup where that was delegated to
	 * us (Delegate= of systemd sets the xattr), otherwise below the mount.
	 */
	const char *root;
	/* A directory of a cgroup2 mount to be used as a pure v2 host; NULL: look at the host. */
	const char *v2_at;
	bool ignore_v2; /* use v1 only, even where v2 is mounted beside it */
};

struct mp_cgroup_host;

/**
 * mp_cgroup_root_check() - whether @root can be the root of all pods, before anything is opened.
 *
 * Return: 0 or -EINVAL.
 */
int mp_cgroup_root_check(const char *root, struct mp_error *err);

/**
 * mp_cgroup_host_open() - find the hierarchies. Creates nothing.
 * @config:   borrowed until return; NULL means all defaults.
 * @ret_host: on success, owned by the caller; must outlive the cgroups opened from it.
 * @err:      may be NULL.
 *
 * Return: 0; -EINVAL for a root that is absolute or has ".."; -ENODEV when no cgroup hierarchy is
 * mounted; or -errno.
 * Source: cgroups(7), systemd's CGROUP_DELEGATION, pod-semantics 10.5 (root name configurable).
 */
int mp_cgroup_host_open(const struct mp_cgroup_host_config *config,
			struct mp_cgroup_host **ret_host, struct mp_error *err);

/** mp_cgroup_host_close() - release @host; NULL is fine. Touches no cgroup. */
void mp_cgroup_host_close(struct mp_cgroup_host *host);

enum mp_cgroup_mode mp_cgroup_host_mode(const struct mp_cgroup_host *host);

/** mp_cgroup_mode_name() - "v2", "v1", "hybrid". */
const char *mp_cgroup_mode_name(enum mp_cgroup_mode mode);

/** mp_cgroup_host_has() - whether @controller can limit anything here. */
bool mp_cgroup_host_has(const struct mp_cgroup_host *host, enum mp_cgroup_controller controller);

/**
 * mp_cgroup_host_path() - directory of the pods' root in the hierarchy of @controller, e.g.
 * "/sys/fs/cgroup/memory/minipod"; NULL when the controller is not available. Borrowed.
 */
const char *mp_cgroup_host_path(const struct mp_cgroup_host *host,
				enum mp_cgroup_controller controller);

#define MP_CGROUP_HUGE_MAX 8

/**
 * mp_cgroup_host_hugepages() - the page sizes of this machine, in bytes, ascending.
 * @sizes: room for MP_CGROUP_HUGE_MAX.
 *
 * Return: how many; 0 where the kernel has none. Source: /sys/kernel/mm/hugepages.
 */
size_t mp_cgroup_host_hugepages(uint64_t sizes[MP_CGROUP_HUGE_MAX]);

/** mp_cgroup_host_reserved() - how many huge pages of @page_bytes the administrator set aside. */
uint64_t mp_cgroup_host_reserved(uint64_t page_bytes);
