/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of the host that propagate into a container, or out of it. Parent side.
 * Source: mount_namespaces(7); pod-semantics 9.7.
 */
#pragma once

#include <stdbool.h>

#include "runtime/base/error.h"

/**
 * mp_host_mount_check() - does the mount that @fd is on propagate, as seen in the calling process's
 * mount namespace?
 * @must_share: to others too (shared); else receiving (shared or slave) is enough.
 *
 * Return: 0; -EINVAL with the sentence of the reference runtime: path "/a" is mounted on "/" but it
 * is not a shared mount; -errno.
 */
int mp_host_mount_check(int fd, bool must_share, struct mp_error *err);

/**
 * mp_host_mount_clone() - a detached copy of what @source_fd names that stays the host's peer: what
 * is mounted in the one shows in the other. The calling process's own mounts are only slaves, so the
 * copy is made in the host's namespace; nothing else happens there.
 * @host_ns_fd: borrowed: the host's mount namespace.
 * @source_fd:  borrowed: opened in the calling process's namespace; the same path of the host must
 *              be the same file.
 * @ret_fd:     on success, owned, CLOEXEC.
 *
 * Return: 0; -EINVAL when the host's mount is not shared; -ESTALE; -errno.
 */
int mp_host_mount_clone(int host_ns_fd, int source_fd, int *ret_fd, struct mp_error *err);
