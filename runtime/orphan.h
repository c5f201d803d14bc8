/* SPDX-License-Identifier: Apache-2.0 */
/* Pods whose supervisor died: ending what is left of them. */
#pragma once

#include <stdbool.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

/**
 * mp_orphan_root() - the cgroup root a pod was started with, out of its journal.
 * @run_fd:      its run directory. Borrowed.
 * @cgroup_root: what to answer when no journal tells; NULL: the default.
 *
 * Return: memory of @arena, or @cgroup_root.
 */
const char *mp_orphan_root(int run_fd, const char *cgroup_root, struct mp_arena *arena);

/**
 * mp_orphan_end() - kill every process of the pod and remove its cgroups.
 * @uid:         the pod's.
 * @cgroup_root: as --cgroup-root; NULL: the default.
 *
 * pause and the containers die with SIGKILL (their hooks cannot run: nobody supervises them), and
 * with them their namespaces and mounts. Waits for them, 5 s at most.
 *
 * Return: 0 (also when nothing was left); -ETIMEDOUT; -errno. Source: pod-semantics section 8.4.
 */
int mp_orphan_end(const char *uid, const char *cgroup_root, struct mp_error *err);

/**
 * mp_orphan_is_alive() - does a process of the pod run? Whatever root its cgroups are below: nobody may
 * be left who knows. When /proc cannot be read, it does.
 */
bool mp_orphan_is_alive(const char *uid);
