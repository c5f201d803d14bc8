/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block of user and group ids that a pod with a user namespace of its own has on the host:
 * 65536 of them, beginning at a multiple of 65536, no two pods the same. Section 9.5.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/state_dir.h"

#define MP_USER_IDS_COUNT UINT32_C(65536)

/**
 * mp_user_ids_reserve() - the pod's block: the one it has already, else a free one.
 * @roots:     whose pods are looked at.
 * @run_fd:    borrowed: the pod's run directory, where the block is noted in "user-ids".
 * @owner:     the pod's uid; decides where the search begins.
 * @ret_first: the host's id of the pod's root.
 * @ret_fd:    holds the reservation against pods of other roots; owned by the caller, CLOEXEC.
 *
 * Blocks of which /etc/subuid or /etc/subgid gives anything to a user are passed over.
 *
 * Return: 0; -EADDRNOTAVAIL when none is left; -EINVAL for a damaged note; -errno.
 */
int mp_user_ids_reserve(const struct mp_roots *roots, int run_fd, const char *owner,
			uint32_t *ret_first, int *ret_fd, struct mp_error *err);

/** mp_user_ids_release() - take the note away; nothing there is fine. */
void mp_user_ids_release(int run_fd);

/** mp_user_ids_overlap() - does a line of subuid(5) text touch the block at @first? Pure. */
bool mp_user_ids_overlap(const char *subids, uint32_t first);
