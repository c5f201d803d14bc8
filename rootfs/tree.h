/* SPDX-License-Identifier: Apache-2.0 */
/* Removing trees that a privileged container may have tried to keep. Internal to rootfs/. */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_tree_force_remove() - mp_tree_remove(), and if something could not be removed for want of
 * permission, take off immutable and append-only marks and try once more.
 *
 * Return: 0 or -errno.
 */
int mp_tree_force_remove(int dir_fd, const char *name, struct mp_error *err);
