/* SPDX-License-Identifier: Apache-2.0 */
/* libcgroup, and nothing of it beyond this header: where is which controller mounted? */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/error.h"

/** mp_backend_mount_fn - @controller "" is a v2 hierarchy. Strings are borrowed. */
typedef void (*mp_backend_mount_fn)(const char *controller, const char *mount_point, void *arg);

/**
 * mp_backend_find() - report every controller of this host with its mount point.
 *
 * Return: 0; -ENODEV when no controller is mounted anywhere; or -errno, err carrying libcgroup's
 * own sentence. Source: cgroup_init(3), cgroup_get_controller_begin(3).
 */
int mp_backend_find(mp_backend_mount_fn found, void *arg, struct mp_error *err);
