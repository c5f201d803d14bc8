/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing images into the store from files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/image.h"

/** struct mp_image_loaded - one image that is now in the store; strings in the caller's arena. */
struct mp_image_loaded {
	const char *name; /* the first of its names, normalised; "" when it has none */
	const char *id;
	struct mp_image_loaded *next;
};

/** enum mp_image_layer_state - how far one layer is. */
enum mp_image_layer_state {
	MP_IMAGE_LAYER_PRESENT,   /* it was there already */
	MP_IMAGE_LAYER_UNPACKING, /* told again and again */
	MP_IMAGE_LAYER_DONE,
};

/** struct mp_image_progress - who wants to know how far a load is. */
struct mp_image_progress {
	/* Layer @index of @n with this diff id; @bytes of @total of its archive have been read. */
	void (*layer)(void *ctx, size_t index, size_t n, const char *diff_hex,
		      enum mp_image_layer_state state, uint64_t bytes, uint64_t total);
	void *ctx;
};

/** struct mp_image_load_options - zero-initialise what is not wanted. */
struct mp_image_load_options {
	const char *name; /* for an image that brings none; NULL: it is known by its digest only */
	const char *digest; /* also name it by this digest, which the caller has verified */
	bool is_pulled;     /* from a registry: mp_image_is_pulled() will say so of its names */
	bool keeps_devices; /* make device nodes instead of refusing them */
	const struct mp_image_progress *progress;
};

/**
 * mp_image_load() - load every image of an OCI layout (directory or tar) or of what docker save
 * wrote (plain or compressed).
 * @path:  the directory or file.
 * @options: borrowed until return.
 * @arena: receives @ret.
 * @ret:   list of the images; on failure those before the failing one are in the store.
 *
 * Digests are verified; each layer is unpacked once in a process of its own that can do nothing
 * but write into that layer. A layer is complete or absent, whenever the power fails.
 *
 * Return: 0; -EINVAL for an archive that is none, is corrupt or wants to break out (the sentence
 * names the entry); -ENOEXEC for an image of another architecture; another -errno.
 */
int mp_image_load(struct mp_image_store *store, const char *path,
		  const struct mp_image_load_options *options, struct mp_arena *arena,
		  struct mp_image_loaded **ret, struct mp_error *err);
