/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces and their id maps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

/** struct mp_idmap_range - ids inside..inside+count-1 are outside..outside+count-1 on the host. */
struct mp_idmap_range {
	uint32_t inside;
	uint32_t outside;
	uint32_t count; /* 0: no map */
};

/** mp_idmap_to_host() - @id as the host sees it; false when it is not mapped. */
bool mp_idmap_to_host(struct mp_idmap_range map, uint32_t id, uint32_t *ret);

/**
 * mp_idmap_write() - write the same map for uids and gids of @pid, whose user namespace is new.
 * Return: 0 or -errno. Source: user_namespaces(7).
 */
int mp_idmap_write(pid_t pid, struct mp_idmap_range map, struct mp_error *err);

/**
 * mp_idmap_userns_open() - a user namespace with @map, held by nothing but the returned fd: what
 * mount_setattr(MOUNT_ATTR_IDMAP) wants.
 * @ret_fd: owned by the caller; CLOEXEC.
 */
int mp_idmap_userns_open(struct mp_idmap_range map, int *ret_fd, struct mp_error *err);
