/* SPDX-License-Identifier: Apache-2.0 */
/* A supervisor that was started in a chroot. */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_mount_root_enter() - make our root directory the root of our own mount namespace.
 * @ns_fd: our mount namespace, just made by unshare(2); borrowed.
 *
 * setns(2) starts at the top of a mount namespace, not at anybody's chroot: what joins a container
 * would land on the machine's root if the container's was only put in place of a chroot. So a copy of the
 * chroot's tree is mounted over the namespace's root, and all that follows has it as "/". All mounts are
 * slaves afterwards. The working directory is "/".
 *
 * Return: 0 or -errno. Source: setns(2), pivot_root(2), open_tree(2).
 */
int mp_mount_root_enter(int ns_fd, struct mp_error *err);
