/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing images into the store from files. */
#pragma once

#include <stddef.h>

#include "rootfs/image.h"

/** struct mp_image_loaded - one image that is now in the store; strings in the caller's arena. */
struct mp_image_loaded {
	const char *name; /* the first of its names, normalised; "" when it has none */
	const char *id;
	struct mp_image_loaded *next;
};

/**
 * mp_image_load() - load every image of an OCI layout (directory or tar) or of what docker save
 * wrote (plain or compressed).
 * @path:  the directory or file.
 * @name:  name for an image that brings none; NULL = then it is only known by its digest.
 * @arena: receives @ret.
 * @ret:   list of the images; on failure those before the failing one are in the store.
 *
 * Digests are verified; each layer is unpacked once in a process of its own that can do nothing
 * but write into that layer. A layer is complete or absent, whenever the power fails.
 *
 * Return: 0; -EINVAL for an archive that is none, is corrupt or wants to break out (the sentence
 * names the entry); -ENOEXEC for an image of another architecture; another -errno.
 */
int mp_image_load(struct mp_image_store *store, const char *path, const char *name,
		  struct mp_arena *arena, struct mp_image_loaded **ret, struct mp_error *err);
