/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's root: the image's layers below, a writable directory of its own above.
 * The result is a detached mount that only its descriptor names. Parent side.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"

/** enum mp_overlay_upper - where a container's own writes go. */
enum mp_overlay_upper {
	MP_OVERLAY_DISK, /* upper/ and work/ in the container's directory; mp_overlay_remove() later */
	MP_OVERLAY_NONE, /* read-only, and nothing in it is executed or a device: an image as a volume */
	MP_OVERLAY_TMPFS, /* a tmpfs that ends with the mount: nothing to remove, three times as fast */
};

struct mp_overlay_config {
	const char *const *layer_dirs; /* absolute, topmost first; at least one. Borrowed */
	size_t n_layer_dirs;
	int dir_fd; /* borrowed: the container's own directory, same file system as upper/ */
	enum mp_overlay_upper upper;
	uint64_t tmpfs_bytes; /* limit of a MP_OVERLAY_TMPFS upper; 0 = the kernel's half of memory */
	int userns_fd;        /* borrowed: id-map the layers by it (needs 5.19); -EBADF = none */
};

/**
 * mp_overlay_mount() - make upper and work directories and mount the layers.
 * @ret_fd: on success, a detached mount, owned by the caller, CLOEXEC. Closing the last
 *          descriptor of one that was never attached unmounts it.
 *
 * What an earlier life of the same container left in upper/ and work/ is removed first, so a
 * stale "volatile" mark does no harm. The calling process must have a mount namespace of its
 * own: older kernels need a mount point for a moment. Its working directory is unchanged.
 *
 * Return: 0 or -errno; -ENOENT names the missing layer.
 * Source: fsopen(2), Documentation/filesystems/overlayfs.rst ("volatile" 5.10, "lowerdir+" 6.8).
 */
int mp_overlay_mount(const struct mp_overlay_config *cfg, int *ret_fd, struct mp_error *err);

/**
 * mp_overlay_reset() - empty @dir_fd of what mp_overlay_mount() and the container put there, but for
 * "work", which holds at most what the kernel makes in it and is used by the next mount again. The
 * mount must be gone.
 *
 * Return: false when something else is left; it wants mp_overlay_remove() then.
 */
bool mp_overlay_reset(int dir_fd);

/**
 * mp_overlay_remove() - remove upper/ and work/ below @dir_fd, whatever the container put there.
 * Nothing there is fine. Call it when no process of the container is left.
 *
 * Return: 0 or -errno.
 */
int mp_overlay_remove(int dir_fd, struct mp_error *err);
