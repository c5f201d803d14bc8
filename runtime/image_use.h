/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods use an image: what the image store asks before it removes anything. */
#pragma once

#include "rootfs/image_list.h"
#include "runtime/state_dir.h"

/**
 * mp_image_used() - an mp_image_users.is_used; its ctx is the struct mp_roots of the pods.
 *
 * A pod uses the images that its manifest names, and those that its status or journal tells of: a
 * name may have moved on since its containers were started. A pod that has ended counts until it is
 * deleted. When pods cannot be read, the image counts as used.
 */
bool mp_image_used(void *ctx, const struct mp_image_entry *entry, char *who, size_t size);
